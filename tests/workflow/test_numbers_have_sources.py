"""Every number that a figure draws stands in the result file that the page names under it."""

from __future__ import annotations

import gzip
import re
import shutil
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidemine.report.packing import unpack

pytestmark = pytest.mark.workflow

NUMERAL = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
DRAWN_ONLY = {"jitter", "rank", "row", "order", "place", "x", "x2", "y"}
"""Places on the paper, which are no results: the spread of points, the order of variants, rows and columns."""


DERIVED = {
    ("genetics", "z"): "the z-value of a gene's p",
    ("genetics", "end"): "where a bar ends",
    ("line", "ci_low"): "effect − 1.96 standard errors of a gene",
    ("line", "ci_high"): "effect + 1.96 standard errors of a gene",
    ("line", "effect"): "read off a column of the published table",
    ("mirna", "value"): "a share of targets",
    ("promoter", "ci_low"): "limits of a share",
    ("promoter", "ci_high"): "limits of a share",
    ("compound", "strength"): "−log10 p",
    ("forest", "weight"): "per cent of all inverse variances",
    ("forest", "area"): "of a mark, by the weight of its dataset",
    ("scores", "score"): "the set's score of a sample, from its expression.h5ad",
}
"""Numbers that a figure computes from those of its file, by kind of figure and column, and how."""
IN_PER_CENT = {("calibration", column) for column in ("rate", "ci_low", "ci_high")}
"""Numbers that are drawn as per cent of the shares that their file holds."""


def figures_of(page: Path) -> tuple[dict[str, object], dict[str, str]]:
    """Return the figures that stand in the page with their data, and the file that each names."""
    blocks = dict(re.findall(r'<script type="application/octet-stream" id="([^"]+)">([^<]*)', page.read_text()))
    content, sources = unpack(blocks["data-page"]), unpack(blocks["data-sources"])
    assert isinstance(content, dict)
    assert isinstance(sources, dict)
    return content["figures"], sources


def drawn(part: object, key: str = "") -> Iterator[tuple[str, float]]:
    """Give the numbers in the data of a specification, with the column that each stands in."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "datasets" or (name == "values" and isinstance(value, list)):
                yield from numbers(value, key)
            else:
                yield from drawn(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from drawn(value, key)


def numbers(part: object, key: str) -> Iterator[tuple[str, float]]:
    if isinstance(part, dict):
        for name, value in part.items():
            yield from numbers(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from numbers(value, key)
    elif isinstance(part, int | float) and not isinstance(part, bool):
        yield key, abs(float(part))


def cells_of(place: Path) -> list[float]:
    """Return all numbers of a result file and its record of the same name, or of the files in a folder, without their signs."""
    files = (
        [*place.parent.glob(f"{place.stem}.*")] if place.is_file() else [*place.rglob("*.tsv*"), *place.rglob("*.json")]
    )
    found: set[float] = set()
    for file in files:
        text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        found |= {abs(float(numeral)) for numeral in NUMERAL.findall(text.decode())}
    return sorted(found)


def stands_in(cells: list[float], value: float) -> bool:
    """Whether a cell holds the number, to four significant digits: tables keep fewer digits than records."""
    near = 5e-4 * value + 1e-12
    place = bisect_left(cells, value - near)
    return place < len(cells) and cells[place] <= value + near


def numbers_without_source(results: Path, page: Path) -> tuple[int, list[str]]:
    """Return how many numbers the figures draw, and those that their named file does not hold."""
    figures, sources = figures_of(page)
    known: dict[str, list[float]] = {}
    count, lost = 0, []
    for name, spec in figures.items():
        source = sources.get(name, "")
        if not source or not (results / source).exists():
            lost.append(f"{name}: names no file of the results ({source!r})")
            continue
        cells = known.setdefault(source, cells_of(results / source))
        for key, value in drawn(spec):
            if key in DRAWN_ONLY or (name.split("-")[0], key) in DERIVED:
                continue
            count += 1
            if not stands_in(cells, value / 100 if (name.split("-")[0], key) in IN_PER_CENT else value):
                lost.append(f"{name}: {key} {value} is not in {source}")
    return count, lost


def test_every_number_that_is_drawn_has_a_source_cell(finished, tmp_path):
    """Figures name their files, and draw what stands there; what a file no longer holds is missed."""
    results = finished.results()
    count, lost = numbers_without_source(results, results / "report.html")
    assert lost == []
    assert count > 100
    other = tmp_path / "results"
    shutil.copytree(results, other, ignore=shutil.ignore_patterns("*.h5ad", "provenance"))
    (other / "verdicts.json").write_text("{}")
    _, missed = numbers_without_source(other, results / "report.html")
    assert any(line.startswith("forest-") and "effect" in line for line in missed)
