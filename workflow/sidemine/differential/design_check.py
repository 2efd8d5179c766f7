"""All contrasts checked against their samples before anything is fitted, all problems at once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from sidemine.differential.groups import design_contrast, match_groups, raise_mismatch
from sidemine.differential.record import DesignCheck
from sidemine.errors import Problem, StudyError, Untestable

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.projections import ContrastToFit

log = logging.getLogger(__name__)


def check_designs(
    contrasts: Iterable[ContrastToFit],
    samples: Mapping[str, pd.DataFrame],
    *,
    min_group_size: int,
    on_untestable: str,
    mismatches: Mapping[str, list[Problem]] | None = None,
    verified_contrasts: Collection[str] = (),
    verified_datasets: Collection[str] = (),
) -> dict[str, DesignCheck]:
    """Check the groups and the design of every contrast.

    A selector that matches nothing stops everything in a row that is `verified`. In an unverified row, and for a fact
    about one dataset (a group below the minimum, a covariate that is missing, a design that is not of full rank), only
    the contrasts concerned are `not testable`.

    Parameters
    ----------
    contrasts
        The study's contrasts.
    samples
        Sample tables by dataset.
    min_group_size
        Fewest independent units per group.
    on_untestable
        `stop` turns every contrast that cannot be tested into an error; `continue` does not.
    mismatches
        By dataset: why nothing of it can be tested, as `prepare.metadata.read_or_explain_samples` tells it.
    verified_contrasts, verified_datasets
        Ids of the rows whose status is `verified`.

    Returns
    -------
    dict
        Per contrast.

    Raises
    ------
    StudyError
        When selectors of verified rows match nothing, or, with `stop`, when a contrast cannot be tested.
    """
    mismatches = mismatches or {}
    errors = [problem for name in verified_datasets for problem in mismatches.get(name, [])]
    findings: dict[str, DesignCheck] = {}
    for contrast in contrasts:
        try:
            if told := mismatches.get(contrast.dataset):
                raise Untestable(told)
            groups, unmatched = match_groups(contrast, samples[contrast.dataset])
            raise_mismatch(unmatched, verified=contrast.contrast in verified_contrasts)
            design_contrast(contrast, groups, min_group_size)
            findings[contrast.contrast] = DesignCheck(True, [])
        except StudyError as error:
            errors += error.problems
        except Untestable as finding:
            log.warning("contrast %s is not testable: %s", contrast.contrast, finding)
            findings[contrast.contrast] = DesignCheck(False, list(finding.problems))
            if on_untestable == "stop":
                errors += [
                    problem.within(f"contrasts.tsv, contrast {contrast.contrast}") for problem in finding.problems
                ]
    if errors:
        raise StudyError(errors)
    return findings
