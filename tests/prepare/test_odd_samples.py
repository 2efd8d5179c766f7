"""A sample that says nothing, or stands on another scale than the others, is named; honest differences are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.prepare.odd_samples import find_odd_samples
from sidemine.sources.scales import Scale

NAMES = [f"S{n}" for n in range(8)]


def _logs(seed: int = 1, n_genes: int = 400, spread: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(7, 2, (n_genes, 1)).clip(1) + rng.normal(0, spread, (n_genes, len(NAMES)))


def _counts(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(2 ** _logs(seed)).astype(float)


def _found(values: np.ndarray, scale: Scale) -> str:
    problem = find_odd_samples(values, NAMES, scale, "dataset d")
    return problem.where if problem else ""


def _with(values: np.ndarray, column: int, cells: object) -> np.ndarray:
    changed = values.copy()
    changed[:, column] = cells
    return changed


@pytest.mark.parametrize(
    ("scale", "cells", "why"),
    [
        ("counts", 0.0, "every value is 0"),
        ("log2", 5.0, "every value is 5"),
        ("log2", np.nan, "no value at all"),
        ("tpm", 0.0, "every value is 0"),
    ],
)
def test_samples_that_say_nothing(scale: Scale, cells: float, why: str) -> None:
    values = _logs() if scale == "log2" else _counts()
    assert _found(_with(values, 3, cells), scale) == f"dataset d: S3 ({why})"


def test_a_sample_without_most_values_leaves_no_gene_to_test() -> None:
    values = _logs()
    values[20:, 5] = np.nan
    assert "S5 (no value in 95% of the rows)" in _found(values, "log2")


@pytest.mark.parametrize("scale", ["counts", "linear", "normalised_counts"])
def test_one_sample_left_as_logarithms(scale: Scale) -> None:
    values = _counts()
    assert "S2 (values up to" in _found(_with(values, 2, np.log2(values[:, 2] + 1)), scale)


@pytest.mark.parametrize("scale", ["log2", "ln"])
def test_one_sample_not_logged(scale: Scale) -> None:
    values = _logs()
    assert "S7 (values such as" in _found(_with(values, 7, 2 ** values[:, 7]), scale)


@pytest.mark.parametrize("factor", [np.log(2), np.log10(2)])
def test_half_of_the_samples_with_another_base(factor: float) -> None:
    values = _logs()
    values[:, 4:] *= factor
    found = _found(values, "log2")
    assert all(name in found for name in NAMES[4:])
    assert not any(f"{name} (" in found for name in NAMES[:4])


@given(st.integers(0, 10_000), st.floats(0.02, 1))
def test_small_libraries_and_noisy_samples_are_not_odd(seed: int, depth: float) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2 ** _logs(seed) * np.array([1, depth, 1, 1, 1, 1, 1, 1])).astype(float)
    assert _found(counts, "counts") == ""
    noisy = _logs(seed)
    noisy[:, 1] += rng.normal(0.4, 1, len(noisy))
    assert _found(noisy, "log2") == ""


def test_few_rows_show_no_distribution() -> None:
    assert _found(_with(_logs(n_genes=10), 1, 5.0), "log2") == ""
    assert "S1" in _found(_with(_counts()[:10], 1, 0.0), "counts")


def test_it_makes_the_dataset_untestable(tmp_path: Path) -> None:
    """An empty column of a series matrix is no third sample of its group, and a library without reads no library."""
    import json

    import pandas as pd

    from sidemine.prepare.dataset import prepare_dataset
    from sidemine.prepare.gene_table import GeneTable
    from sidemine.prepare.metadata import read_samples
    from sidemine.study.rows import Dataset

    row = Dataset.model_validate(
        {"dataset": "d", "accession": "GSE1", "layout": "table", "file": "x", "identifiers": "symbol", "scale": "counts",
         "tissue": "blood", "licence": "open"}
    )  # fmt: skip
    genes = [f"G{n}" for n in range(400)]
    table = pd.DataFrame(_with(_counts(), 6, 0.0).astype(int), index=genes, columns=NAMES)
    table.to_csv(tmp_path / "v.tsv", sep="\t", index_label="gene")
    known = GeneTable(pd.DataFrame({"entrez": "", "ensembl": ""}, index=pd.Index(genes, name="gene")), [], [])
    files = {"values": tmp_path / "v.tsv"}
    adata, _ = prepare_dataset(row, files, read_samples(row, files, {}, []), known)
    assert "S6 (every value is 0)" in json.loads(adata.uns["sidemine"])["problem"]["where"]
