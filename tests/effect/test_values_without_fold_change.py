"""z-scores and fractions have no fold change: cohorts keep their standardised effect, experiments are not testable."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from contrast_to_fit import to_fit

from sidemine.differential.contrast import fit_declared_contrast
from sidemine.differential.contrast_fit import load_fit, save_fit
from sidemine.differential.differential_table import read_differential, write_differential
from sidemine.differential.record import read_design
from sidemine.effect.measure import ContrastResults, measure_hypothesis
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.enrichment.set_tests import run_set_tests
from sidemine.prepare.expression_store import read_expression, store_provenance, write_expression
from sidemine.prepare.log_expression import log2_expression
from sidemine.prepare.record import made_in_process
from sidemine.records import write_record
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.rows import Contrast, Dataset
from sidemine.tables import read_table, write_table

N_GENES, N_SAMPLES = 300, 24
GENES = [f"G{row}" for row in range(N_GENES)]
SETS = pd.DataFrame(
    {
        "gene_set": "S",
        "family": "target",
        "gene": GENES[:20],
        "weight": 1.0,
        "version": "1",
        "licence": "x",
        "source": "x",
    }
)


def log2_values() -> np.ndarray:
    """Samples × genes: the set's genes are higher in the second half."""
    rng = np.random.default_rng(5)
    values = rng.normal(8, 1, N_GENES) + rng.normal(0, 0.5, (N_SAMPLES, N_GENES))
    values[N_SAMPLES // 2 :, :20] += 0.6
    return values


def written(folder: Path, scale: str, values: np.ndarray, kind: str) -> tuple[ContrastResults, Hypothesis]:
    """Run one contrast as the rules do, from the prepared dataset to its files."""
    names = [f"s{row}" for row in range(N_SAMPLES)]
    arms = ["healthy"] * (N_SAMPLES // 2) + ["sick"] * (N_SAMPLES // 2)
    obs = pd.DataFrame({"unit": names, "arm": arms}, index=names, dtype=object)
    var = pd.DataFrame({"entrez": "", "ensembl": ""}, index=GENES, dtype=object)
    made = ad.AnnData(obs=obs, var=var)
    made.layers[scale] = values
    store_provenance(made, made_in_process("d", scale))
    write_expression(made, folder / "expression.h5ad")
    contrast = Contrast(
        contrast="c", dataset="d", role="disease", target="arm = sick", reference="arm = healthy", target_label="sick",
        reference_label="healthy",
    )  # fmt: skip
    outcome = fit_declared_contrast(
        read_expression(folder / "expression.h5ad"),
        to_fit(contrast),
        min_group_size=3,
        on_untestable="continue",
    )
    save_fit(outcome.fit, folder / "fit.npz")
    write_record(outcome.design, folder / "design.json")
    write_differential(outcome.table, folder / "differential.tsv.gz", outcome.unit)
    fit = load_fit(folder / "fit.npz")
    tests = run_set_tests(fit, None if fit is None else build_membership(SETS, fit.genes), rotations=199, seed=1)
    write_table(tests, folder / "set_tests.tsv", SET_TESTS)
    samples = pd.DataFrame({"sample": names, "unit": names, "fate": "used"})
    dataset = Dataset(
        dataset="d", accession="GSE1", layout="table", file="x", identifiers="symbol", scale=scale, tissue="blood",
        licence="none",
    )  # fmt: skip
    primary = {"set": "S", "contrasts": ["c"], "direction": "up", "margin": 0.4}
    declared = Hypothesis.model_validate(
        {"id": "h", "question": "Are the genes of the set higher?", "kind": kind, "primary": primary}
    )
    results = ContrastResults(
        contrast.contrast,
        dataset,
        load_fit(folder / "fit.npz"),
        read_design(folder / "design.json"),
        read_table(folder / "set_tests.tsv", SET_TESTS),
        samples,
    )
    return results, declared


def on_scale(scale: str) -> np.ndarray:
    values = log2_values()
    if scale == "z_score":
        return (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    return 1 / (1 + np.exp(8 - values)) if scale == "fraction" else values


@pytest.mark.parametrize("scale", ["log2", "z_score", "fraction"])
def test_cohorts_have_a_standardised_effect_on_every_scale(tmp_path: Path, scale: str) -> None:
    """Hedges g does not ask for a unit: a linear change per gene, as z-scores are, leaves it alone."""
    entry, declared = written(tmp_path, scale, on_scale(scale), "cohort")
    (row,) = measure_hypothesis(declared, [entry], SETS, {}).contrasts
    assert row.testable
    assert row.effect_unit == "Hedges g"
    assert row.effect is not None
    assert row.ci_low is not None
    assert row.ci_low > 0.5
    assert (row.set_log2_fold_change is not None) == (scale == "log2")
    if scale == "z_score":
        (tmp_path / "as_log2").mkdir()
        same, _ = written(tmp_path / "as_log2", "log2", on_scale("log2"), "cohort")
        (other,) = measure_hypothesis(declared, [same], SETS, {}).contrasts
        assert row.effect == pytest.approx(other.effect, rel=1e-8)


@pytest.mark.parametrize("scale", ["z_score", "fraction"])
def test_experiments_without_fold_change_are_not_testable(tmp_path: Path, scale: str) -> None:
    """Their effect is a log2 fold change, which these values do not have; all four parts say so."""
    entry, declared = written(tmp_path, scale, on_scale(scale), "experiment")
    found = measure_hypothesis(declared, [entry], SETS, {})
    (row,) = found.contrasts
    assert not row.testable
    assert row.problem is not None
    assert "have no fold change" in row.problem.what
    assert f"scale {scale}" in row.problem.where
    assert found.pooled is None or found.pooled.k == 0


@pytest.mark.parametrize("scale", ["log2", "z_score"])
def test_no_table_calls_a_difference_a_fold_change(tmp_path: Path, scale: str) -> None:
    """The file's column, the unit in design.json and that of the set tests say what the numbers are."""
    written(tmp_path, scale, on_scale(scale), "cohort")
    header = pd.read_csv(tmp_path / "differential.tsv.gz", sep="\t", nrows=0).columns
    assert ("log2_fold_change" in header, "difference" in header) == (scale == "log2", scale != "log2")
    table = read_differential(tmp_path / "differential.tsv.gz").set_index("gene")
    expected = on_scale(scale)[N_SAMPLES // 2 :].mean(axis=0) - on_scale(scale)[: N_SAMPLES // 2].mean(axis=0)
    np.testing.assert_allclose(table.loc[GENES, "log2_fold_change"], expected, atol=1e-8)
    unit = json.loads((tmp_path / "design.json").read_text())["fit"]["unit"]
    assert unit == ("log2 fold change" if scale == "log2" else "difference in z-scores")
    scales = set(pd.read_csv(tmp_path / "set_tests.tsv", sep="\t")["effect_scale"])
    assert scales == {"log2" if scale == "log2" else "difference in z-scores"}
    shown = read_expression(tmp_path / "expression.h5ad")
    np.testing.assert_allclose(log2_expression(shown), on_scale(scale))
    assert list(shown.var_names) == GENES
