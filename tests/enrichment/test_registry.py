"""What set tests declare of themselves holds, and tables, page and references have no other source for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.registry import GENE_TESTS, SAMPLE_TESTS, papers, statistics
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.enrichment.set_tests import describe_gene_sets, run_set_tests
from sidemine.report.references import REFERENCES
from sidemine.study.models import Settings
from sidemine.study.specifications import GeneSettings
from sidemine.tables import check_table

GENES = [f"G{number:03d}" for number in range(120)]
SETS = pd.DataFrame(
    [("PLAIN", gene, 1.0) for gene in GENES[:20]]
    + [("SIGNED", gene, -1.0 if row % 2 else 1.0) for row, gene in enumerate(GENES[30:50])]
    + [("FAR", f"X{number}", 1.0) for number in range(9)],
    columns=["gene_set", "gene", "weight"],
).assign(family="target", version="1", source="x")[GENE_SETS.names]

SETTINGS = GeneSettings(min_set_size=5, over_representation_fdr=0.05, prerank_permutations=100, seed=3)


def _fit():
    names = [f"S{number}" for number in range(12)]
    is_target = np.arange(12) < 6
    design = build_design(pd.DataFrame(index=names), is_target, ~is_target)
    values = np.random.default_rng(1).normal(8, 1, (120, 12))
    values[:20, :6] += 1.5
    return fit_contrast(values, GENES, design, trend=False)


def test_tables_hold_what_is_registered_and_nothing_else():
    fit = _fit()
    membership = build_membership(SETS, fit.genes)
    tested = run_set_tests(fit, membership, rotations=99, seed=3)
    described = describe_gene_sets(fit, membership, SETTINGS)
    for table, tests in ((tested, SAMPLE_TESTS), (described, GENE_TESTS)):
        check_table(table, SET_TESTS, "tests")
        roles = {one.name: one.role for test in tests for one in test.statistics}
        assert dict(zip(table["test"], table["role"], strict=True)) == roles
        assert set(table["gene_set"]) == {"PLAIN", "SIGNED"}
        assert list(table["test"]) == sorted(table["test"])
    rotations = tested["test"].str.startswith("rotation")
    assert set(tested.loc[rotations, "seed"]) == {3}
    assert set(tested.loc[~rotations, "seed"]) == {0}
    assert tested.groupby("gene_set")["effect"].nunique().eq(1).all()


@pytest.mark.parametrize(
    "changed",
    [{"min_set_size": 45}, {"over_representation_fdr": 0.9999}, {"prerank_permutations": 150}, {"seed": 4}],
    ids=lambda changed: next(iter(changed)),
)
def test_each_setting_reaches_the_test_that_it_is_for(changed):
    """None is left at a value of its own."""
    fit = _fit()
    membership = build_membership(SETS, fit.genes)
    plain, other = (
        describe_gene_sets(fit, membership, settings) for settings in (SETTINGS, SETTINGS.model_copy(update=changed))
    )
    # The column of the seed tells what was asked.
    assert not plain.drop(columns="seed").equals(other.drop(columns="seed"))


def test_without_a_fit_the_tables_are_empty_and_typed():
    tested = run_set_tests(None, None, rotations=99, seed=3)
    described = describe_gene_sets(None, None, SETTINGS)
    for table in (tested, described):
        check_table(table, SET_TESTS, "tests")
        assert len(table) == 0


def test_tests_that_take_genes_as_independent_only_describe():
    assert {one.role for test in GENE_TESTS for one in test.statistics} == {"descriptive"}


def test_names_and_labels_are_unique():
    given = statistics()
    assert len({one.name for one in given}) == len({one.label for one in given}) == len(given)


def test_words_need_only_settings_of_a_study():
    settings = {name: field.default for name, field in Settings.model_fields.items()}
    for test in (*SAMPLE_TESTS, *GENE_TESTS):
        words = test.words.format_map(settings)
        assert words.endswith(".")
        assert "{" not in words


def test_papers_stand_among_the_references_once_and_in_order():
    listed = [paper for paper in REFERENCES if paper in papers()]
    assert listed == papers()
