"""The columns of `set_tests.tsv` (one contrast) and `enrichment.tsv` (with false discovery rates).

Every signed number is target minus reference; positive means higher in the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sidemine.tables import Column, TableSpec, empty_table

if TYPE_CHECKING:
    import pandas as pd

_SET_TEST_COLUMNS = (
    Column("gene_set", "text", "Id of the gene set."),
    Column("family", "text", "target, member, confounder, comparator or negative_control."),
    Column("test", "text", "Name of a test of `enrichment/registry.py`, for example fry, camera, rotation or prerank."),
    Column("role", "text", "verdict: may enter a verdict. descriptive: never does."),
    Column("n_in_set", "integer", "Genes in the set as published, after mapping to approved symbols."),
    Column("n_measured", "integer", "Genes of the set among the tested genes of this contrast."),
    Column(
        "effect",
        "number",
        "Contrast of the per-sample signed, weight-normalised mean log2 expression of the measured genes.",
        may_be_empty=True,
    ),
    Column("effect_se", "number", "Standard error of effect.", may_be_empty=True),
    Column("ci_low", "number", "Lower limit of the 95 % confidence interval of effect.", may_be_empty=True),
    Column("ci_high", "number", "Upper limit of the 95 % confidence interval of effect.", may_be_empty=True),
    Column("effect_scale", "text", "Unit of effect, for example log2."),
    Column("direction", "text", "up, down or none: the sign of target minus reference."),
    Column("statistic", "number", "Test statistic; signed where the test is.", may_be_empty=True),
    Column(
        "p_value",
        "number",
        "Two-sided p-value (one-sided for over-representation); never 0. Of prerank, 1e-06 means at most that.",
        may_be_empty=True,
    ),
    Column("n_permutations", "integer", "Permutations or rotations behind p; 0 for a closed form."),
    Column("inter_gene_correlation", "number", "Estimated mean correlation within the set.", may_be_empty=True),
    Column("universe_size", "integer", "Genes tested in this contrast."),
    Column("seed", "integer", "Seed of the permutations; 0 where nothing is random."),
    Column("set_version", "text", "Release of the gene set's library."),
)

SET_TESTS = TableSpec("set_tests.tsv", _SET_TEST_COLUMNS)

ENRICHMENT = TableSpec(
    "enrichment.tsv",
    (
        *_SET_TEST_COLUMNS,
        Column(
            "q_value",
            "number",
            "Benjamini–Hochberg over one family of sets × the contrasts of one role, per test.",
            may_be_empty=True,
        ),
        Column("family_size", "integer", "Number of p-values in that Benjamini–Hochberg family."),
    ),
)


def join_set_tests(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several tables of `SET_TESTS` in one, sorted by test, family and set."""
    import pandas as pd

    filled = [table for table in tables if len(table)]
    if not filled:
        return empty_table(SET_TESTS)
    together = pd.concat(filled, ignore_index=True)
    return together.sort_values(["test", "family", "gene_set"], kind="stable", ignore_index=True)[SET_TESTS.names]
