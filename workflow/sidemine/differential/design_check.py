"""All contrasts checked against their samples before anything is fitted, all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sidemine.differential.groups import design_contrast, select_groups
from sidemine.errors import Problem, StudyError, Untestable

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.study.models import Contrast


def check_designs(
    contrasts: Iterable[Contrast], samples: Mapping[str, pd.DataFrame], *, min_group_size: int, on_untestable: str
) -> dict[str, Any]:
    """Check the groups and the design of every contrast.

    A selector that matches nothing stops everything. A fact about one dataset (a group below the minimum, a covariate
    that is missing, a design that is not of full rank) makes only its own contrasts `not testable`.

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

    Returns
    -------
    dict
        Per contrast: whether it can be tested and, if not, the problems.

    Raises
    ------
    StudyError
        When selectors match nothing, or, with `stop`, when a contrast cannot be tested.
    """
    errors: list[Problem] = []
    findings: dict[str, Any] = {}
    for contrast in contrasts:
        try:
            groups = select_groups(contrast, samples[contrast.dataset])
        except StudyError as error:
            errors += error.problems
            continue
        try:
            design_contrast(contrast, groups, min_group_size)
            findings[contrast.contrast] = {"testable": True, "problems": []}
        except Untestable as finding:
            findings[contrast.contrast] = {
                "testable": False,
                "problems": [problem.to_dict() for problem in finding.problems],
            }
            if on_untestable == "stop":
                errors += [
                    problem.within(f"contrasts.tsv, contrast {contrast.contrast}") for problem in finding.problems
                ]
    if errors:
        raise StudyError(errors)
    return findings
