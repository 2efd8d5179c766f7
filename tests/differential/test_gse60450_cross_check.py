"""Cross-check: a table that somebody else's limma 3.66 (another machine, another release) made of mouse counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pylimma import voom

from sidemine.differential.design import build_design
from sidemine.differential.empirical_bayes import squeeze_variances
from sidemine.differential.fit import fit_contrast
from sidemine.differential.linear_model import effect_space
from sidemine.stats.tails import two_sided_p


@pytest.fixture(scope="module")
def folder(real_files: Path) -> Path:
    return real_files / "data/reference_results/limma_gse60450"


@pytest.mark.real_files
def test_gse60450_core_equals_a_published_limma_table(folder: Path) -> None:
    """The model core reproduces the table, on its terms: all genes, raw library sizes, the newer adaptive span."""
    counts, table, is_luminal = read(folder)
    matrix = np.column_stack([np.ones(12), is_luminal])
    observed = voom(counts.to_numpy(dtype=float), matrix, adaptive_span=True)
    space = effect_space(observed["E"], matrix, observation_weights=observed["weights"])
    moderated = squeeze_variances(space.variances, space.residual_df)
    t = space.coefficients / (space.stdev_unscaled * np.sqrt(moderated.posterior))
    df = np.minimum(space.residual_df + moderated.prior_df, len(counts) * space.residual_df)
    order = counts.index.get_indexer(table.index)
    # The stored table was made by another limma release on another processor.
    assert np.abs(space.coefficients[order] - table["logFC"]).max() < 1e-6
    np.testing.assert_allclose(two_sided_p(t, df)[order], table["P.Value"], rtol=1e-4)


@pytest.mark.real_files
def test_gse60450_pipeline_tells_the_same_story(folder: Path) -> None:
    """With our filter, TMM and span the strong genes keep their sign."""
    counts, table, is_luminal = read(folder)
    samples = pd.DataFrame({"unit": counts.columns}, index=counts.columns)
    fit = fit_contrast(
        counts.to_numpy(), list(counts.index), build_design(samples, is_luminal, ~is_luminal), layer="counts"
    )
    theirs = table.loc[fit.genes]
    strong = (theirs["adj.P.Val"] < 1e-3).to_numpy()
    assert strong.sum() > 1000
    # Milk proteins fill the lactating libraries, so TMM moves every fold change by a constant and p-values with it.
    assert (np.sign(fit.log2_fold_change[strong]) == np.sign(theirs["logFC"][strong])).mean() > 0.99


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    counts = pd.read_csv(folder / "gse60450_counts.csv.gz", index_col=0)
    counts.index = counts.index.astype(str)
    table = pd.read_csv(folder / "gse60450_toptable.csv.gz", dtype={"GeneID": str}).set_index("GeneID")
    targets = pd.read_csv(folder / "gse60450_targets.csv.gz", index_col=0).loc[counts.columns]
    return counts, table, (targets["immunophenotype"] == "luminal").to_numpy()
