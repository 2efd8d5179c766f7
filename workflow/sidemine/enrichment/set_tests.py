"""The set tests of one contrast: those whose null is that of the samples, and those that only describe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.enrichment.camera import inter_gene_correlation
from sidemine.enrichment.registry import GENE_TESTS, SAMPLE_TESTS
from sidemine.enrichment.set_effect import set_effects
from sidemine.enrichment.set_membership import SetMembership
from sidemine.enrichment.set_test import SampleSettings, SetTest
from sidemine.enrichment.set_test_table import SET_TESTS, join_set_tests
from sidemine.enrichment.unit_errors import p_of_blocks_over_others, p_of_units
from sidemine.study.specifications import GeneSettings
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit


def run_set_tests(
    fit: ContrastFit | None,
    membership: SetMembership | None,
    *,
    rotations: int,
    seed: int,
    tests: Sequence[SetTest[SampleSettings]] = SAMPLE_TESTS,
) -> pd.DataFrame:
    """Test all gene sets in one contrast by the tests whose null is that of the samples.

    Parameters
    ----------
    fit, membership
        The fitted contrast and the sets among its genes; None when it cannot be tested.
    rotations, seed
        Random rotations of the rotation tests, and their seed.
    tests
        Which of the tests; all by default.

    Returns
    -------
    pandas.DataFrame
        Rows of `SET_TESTS`, sorted by test, family and set; empty and typed without a fit. All tests of a set share
        one `effect` (log2, target minus reference; see `set_effect.set_effects`) and one estimated correlation. No p is
        smaller than with errors by unit (`unit_errors`).
    """
    if fit is None or membership is None:
        return empty_table(SET_TESTS)
    effects = set_effects(fit, membership)
    shared = _shared_columns(fit, membership).assign(
        **{column: effects[column].to_numpy() for column in ("effect", "effect_se", "ci_low", "ci_high")},
        effect_scale="log2" if fit.has_fold_change else fit.unit,
        inter_gene_correlation=inter_gene_correlation(fit, membership),
    )
    settings = SampleSettings(rotations, seed)
    rows = join_set_tests([test.rows(fit, membership, settings, shared) for test in tests])
    rows["p_value"] = np.fmax(rows["p_value"], _least_p(fit, membership, rows, tests))
    return rows


def _least_p(
    fit: ContrastFit, membership: SetMembership, rows: pd.DataFrame, tests: Sequence[SetTest[SampleSettings]]
) -> NDArray[np.float64]:
    competitive = {one.name for test in tests for one in test.statistics if one.competitive}
    own, over_others = (
        dict(zip(membership.gene_sets, p_of(fit, membership), strict=True))
        for p_of in (p_of_units, p_of_blocks_over_others)
    )
    return np.array(
        [
            (over_others if test in competitive else own)[name]
            for test, name in zip(rows["test"], rows["gene_set"], strict=True)
        ]
    )


def describe_gene_sets(
    fit: ContrastFit | None, membership: SetMembership | None, settings: GeneSettings
) -> pd.DataFrame:
    """Describe all gene sets in one contrast by the tests that take genes as independent.

    Parameters
    ----------
    fit, membership
        As in `run_set_tests`.
    settings
        Size of sets, limit of the listed genes, permutations and seed.

    Returns
    -------
    pandas.DataFrame
        Rows of `SET_TESTS`, role descriptive, sorted by test, family and set; empty and typed without a fit. `effect`
        and its scale are those of the test.
    """
    if fit is None or membership is None:
        return empty_table(SET_TESTS)
    shared = _shared_columns(fit, membership)
    return join_set_tests([test.rows(fit, membership, settings, shared) for test in GENE_TESTS])


def _shared_columns(fit: ContrastFit, membership: SetMembership) -> pd.DataFrame:
    """Return what all tests of a set have in common, one row per set; a test may give its own in its place."""
    import pandas as pd

    return pd.DataFrame(
        {
            "gene_set": np.array(membership.gene_sets, dtype=object),
            "family": np.array(membership.families, dtype=object),
            "n_in_set": membership.n_in_set,
            "n_measured": membership.n_measured,
            **dict.fromkeys(("effect", "effect_se", "ci_low", "ci_high", "inter_gene_correlation"), np.nan),
            "effect_scale": "none",
            "n_permutations": 0,
            "universe_size": len(fit.genes),
            "set_version": np.array(membership.versions, dtype=object),
        },
        index=membership.gene_sets,
    )
