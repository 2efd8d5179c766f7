"""`sidemine inspect` says what a deposit is and what its row of datasets.tsv would be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from deposits import SYMBOLS, tenx_h5, triplet, write_members

from sidemine.cli import main

pytestmark = pytest.mark.usefixtures("forked_readers")

COUNTS = np.random.default_rng(4).integers(1, 9, (12, len(SYMBOLS)))
MINIML = '<MINiML><Sample iid="GSM1"><Title>one</Title></Sample></MINiML>'


def _workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    for cells in (["gene", "s1", "s2"], ["ENSG00000115415", 5, 6], ["ENSG00000125347", 7, 8]):
        book.active.append(cells)
    book.save(folder / "v.xlsx")
    return folder / "v.xlsx"


def _ncbi(folder: Path) -> Path:
    (folder / "c.tsv").write_text("GeneID\tGSM1\tGSM2\n6772\t5\t6\n3659\t7\t8\n")
    return folder / "c.tsv"


CASES: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "10x folder": (
        lambda folder: write_members(
            folder / "x", {f"S{n}/{k}": v for n in (1, 2) for k, v in triplet(COUNTS).items()}
        ),
        "samples:   2 (S1, S2)",
        "layout: tenx",
    ),
    "10x h5": (lambda folder: tenx_h5(folder / "x.h5", COUNTS), "12 cells × 20 genes", "layout: tenx"),
    "counts in zip": (
        lambda folder: write_members(folder / "x.zip", {f"GSM{n}_a.txt": "STAT1\t5\nIRF1\t6\n" for n in (1, 2)}),
        "one file per sample",
        "layout: archive, identifiers: symbol",
    ),
    "spreadsheet": (_workbook, "sheet 'Sheet'", "layout: table, identifiers: ensembl"),
    "counts of NCBI": (_ncbi, "samples:   2", "layout: ncbi_counts, identifiers: entrez"),
    "MINiML": (lambda folder: write_members(folder / "f.tgz", {"G_family.xml": MINIML}), "(MINiML)", "metadata: f.tgz"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_kind_and_row(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write, words, sheet_row = CASES[name]
    assert main(["inspect", str(write(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert words in out
    assert f"datasets.tsv: {sheet_row}" in out
    assert "composition: no file says it; blood or tissue (the shipped panels)" in out
