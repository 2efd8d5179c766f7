"""What a data set says of the mix of cells in its samples: a panel of cell markers, or why none is needed.

Column `composition` of datasets.tsv names a shipped panel, a marker file of the study, or a reason. Nothing is guessed from
the words of `tissue`. Populations of the shipped tissue panel are those of MCP-counter (Becht et al. 2016, doi
10.1186/s13059-016-1070-5) and of textbooks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from sidemine.errors import Problem, StudyError
from sidemine.places import RESOURCES
from sidemine.study.closed_model import ClosedModel
from sidemine.study.hints import did_you_mean
from sidemine.study.identifiers import Identifier
from sidemine.study.panels import Symbol
from sidemine.study.paths import expand_path, is_url
from sidemine.study.reach import outside_problems
from sidemine.study.sheets import Sheet, read_sheet

SHIPPED_PANELS = ("blood", "tissue")
"""The panels that lie in `resources/`: six cell types of blood, and the cell types of tissues in general."""
NOT_NEEDED = "not_needed"
FEWEST_MARKERS = 4
"""Measured markers below which a cell type has no proxy."""
MOST_MARKERS = 40
"""Markers beyond which a list is no list of markers but a signature."""
ALLOWED = (
    "blood or tissue (the shipped panels), the path of a marker file (a TSV with the columns cell_type, gene and source), or "
    "not_needed: and a reason in words (sorted cells, a cell line)"
)

LABEL_COLUMN = "marker_label"
"""Column of the cells that labels by markers stand in, for selectors."""
_LABELS = re.compile(r"markers\s*:\s*(.*)", re.IGNORECASE)
LABELS = RESOURCES / "labels"
"""Where the panels of markers for single cells lie."""
LABEL_PANELS = ("blood",)
"""Those panels."""

Panels = Mapping[str, Mapping[str, list[str]]]
"""Marker genes by panel and cell type."""


class MarkerRow(ClosedModel):
    """One row of a marker file: a gene that is high in one cell type and low in the others of the tissue."""

    cell_type: Identifier = Field(description="Cell type: one word; it names the covariate on the page.")
    gene: Symbol = Field(description="Approved symbol of a marker gene.")
    source: str = Field(default="", description="Where this is known from: a publication, or textbook.")


@dataclass(frozen=True)
class Composition:
    """What a cell of column `composition` says.

    Attributes
    ----------
    panel
        A shipped panel, or the path of a marker file as the sheet gives it; empty: none is declared.
    not_needed
        Why the mix of cells needs no adjustment, in words; empty: nobody says so.
    """

    panel: str = ""
    not_needed: str = ""

    @property
    def own_file(self) -> str:
        """The study's own marker file; empty for a shipped panel."""
        return "" if self.panel in SHIPPED_PANELS else self.panel


def parse_composition(text: str) -> Composition:
    """Return what a cell says.

    Raises
    ------
    ValueError
        Saying what is wrong with it.

    Examples
    --------
    >>> parse_composition("blood")
    Composition(panel='blood', not_needed='')
    >>> parse_composition("not_needed: a cell line").not_needed
    'a cell line'
    >>> parse_composition("markers/synovium.tsv").own_file
    'markers/synovium.tsv'
    """
    word, _, reason = (part.strip() for part in text.strip().partition(":"))
    lower = text.strip().lower()
    if lower in {"", "no"}:  # `no` and `yes`: the words of earlier sheets
        return Composition()
    if lower in {"yes", *SHIPPED_PANELS}:
        return Composition("blood" if lower == "yes" else lower)
    if word.lower() == NOT_NEEDED:
        if len(re.findall(r"[^\W\d_]", reason)) < 3:
            raise ValueError("not_needed gives no reason")
        return Composition(not_needed=reason)
    if is_url(text):
        raise ValueError("composition names an address: a marker file lies in the study's folder")
    if re.search(r"[/\\]|\.\w+$", text):
        return Composition(text.strip())
    raise ValueError("composition names neither a panel, nor a marker file, nor a reason")


def label_panel(cell_type: str) -> str:
    """Return the panel that a cell of column `cell_type` has the cells labelled by; empty: it names a column.

    Examples
    --------
    >>> label_panel("markers:blood"), label_panel("cluster")
    ('blood', '')
    """
    match = _LABELS.fullmatch(cell_type.strip())
    return match[1].strip() if match else ""


def label_column(cell_type: str) -> str:
    """Return the column of the cells that holds their types; empty: they are not told apart.

    Examples
    --------
    >>> label_column("markers:blood"), label_column("cluster")
    ('marker_label', 'cluster')
    """
    return LABEL_COLUMN if _LABELS.fullmatch(cell_type.strip()) else cell_type


def label_problem(text: str, where: str) -> list[Problem]:
    """Return what is wrong with a cell of column `cell_type`."""
    panel = label_panel(text)
    if label_column(text) != LABEL_COLUMN or panel in LABEL_PANELS or re.search(r"[/\\]|\.\w+$", panel):
        return []
    allowed = f"the name of a column; or markers: and a panel ({', '.join(LABEL_PANELS)}) or the path of a marker file"
    step = did_you_mean(panel, LABEL_PANELS) + "Write, for example: markers:blood."
    return [Problem("cell_type names no panel of markers", f"{where}, column cell_type, value {text!r}", allowed, step)]


def shipped_labels(panel: str, folder: Path) -> dict[str, list[str]]:
    """Return the markers of a shipped panel for single cells by cell type; `folder`: where the panels lie."""
    from sidemine.text.delimited import read_delimited

    table = read_delimited(folder / f"{panel}.tsv", separator="\t")
    labels: dict[str, list[str]] = {}
    for kind, gene in zip(table.cells("cell_type"), table.cells("gene"), strict=True):
        labels.setdefault(kind, []).append(gene)
    return labels


def composition_problem(text: str, where: str) -> list[Problem]:
    """Return what is wrong with a cell of column `composition`."""
    try:
        parse_composition(text)
    except ValueError as error:
        step = "Write, for example: not_needed: a cell line."
        if NOT_NEEDED not in text.lower():
            step = did_you_mean(text, [*SHIPPED_PANELS, NOT_NEEDED]) + "Write one of these; leave it empty if unknown."
        return [Problem(str(error), f"{where}, column composition, value {text!r}", ALLOWED, step)]
    return []


def undeclared_words(dataset: str) -> str:
    """Return why a cohort in a data set without a declaration is capped, and what to add: one clause."""
    return (
        f"the tissue of data set {dataset} has no declared cell markers: add composition to its row of datasets.tsv "
        "(blood; tissue; the path of a marker file; or not_needed: and the reason)"
    )


def read_marker_files(
    named: Iterable[tuple[str, str]], folder: Path, problems: list[Problem], within: Sequence[Path] | None = None
) -> dict[str, Sheet[MarkerRow]]:
    """Read the marker files of a study; append everything that is wrong to `problems`.

    Parameters
    ----------
    named
        Each cell that names a file, with its place in datasets.tsv.
    folder
        Folder of the config file.
    problems
        Is appended to.
    within
        Folders outside of which none is opened; None: any may be.

    Returns
    -------
    dict of str to Sheet
        By the path as it is declared; files that cannot be found are left out.
    """
    sheets: dict[str, Sheet[MarkerRow]] = {}
    for text, where in named:
        if text in sheets:
            continue
        place = f"{where}, column composition, value {text!r}"
        try:
            path = expand_path(text, folder)
        except StudyError as error:
            problems += [Problem(problem.what, place, problem.allowed, problem.next_step) for problem in error.problems]
            continue
        outside = [] if within is None else outside_problems([(path, place, "read")], within)
        if outside:
            problems += outside
            continue
        if not path.is_file():
            problems.append(
                Problem(
                    "a marker file of the study is a folder"
                    if path.is_dir()
                    else "a marker file of the study does not exist",
                    f"{place}: {path}",
                    f"{ALLOWED}; relative paths count from {folder}",
                    did_you_mean(text, SHIPPED_PANELS) + "Correct the path, or put the file there.",
                )
            )
            continue
        sheets[text] = read_sheet(path, MarkerRow, "gene", problems)
        problems += _problems_of(sheets[text])
    return sheets


def _problems_of(sheet: Sheet[MarkerRow]) -> list[Problem]:
    """Return genes that stand twice, and cell types with too few or too many markers."""
    problems = []
    if not sheet.ids:
        problems.append(
            Problem(
                "a marker file has no markers",
                f"{sheet.path}: it has a header and no row",
                f"one row per marker gene, {FEWEST_MARKERS} to {MOST_MARKERS} of each cell type",
                "Add the markers, or leave composition empty.",
            )
        )
    first: dict[str, tuple[str, str]] = {}
    for row in sheet.rows:
        gene, cell = row.model.gene, row.model.cell_type
        if gene.upper() in first:
            other, place = first[gene.upper()]
            problems.append(
                Problem(
                    f"gene {gene} is a marker of {cell} twice"
                    if other == cell
                    else f"gene {gene} is a marker of two cell types, {other} and {cell}",
                    f"{row.where}, column gene, value {gene!r}; first: {place}",
                    "each gene once: a marker tells one cell type from the others",
                    "Delete one of the rows.",
                )
            )
        first.setdefault(gene.upper(), (cell, row.where))
    for cell, number in Counter(row.model.cell_type for row in sheet.rows).items():
        if not FEWEST_MARKERS <= number <= MOST_MARKERS:
            problems.append(
                Problem(
                    f"cell type {cell} has {number} marker{'s' * (number > 1)}",
                    f"{sheet.path}, column cell_type, value {cell!r}",
                    f"{FEWEST_MARKERS} to {MOST_MARKERS} markers of each cell type",
                    "Add markers, or leave the cell type out."
                    if number < FEWEST_MARKERS
                    else "Keep the most specific ones.",
                )
            )
    return problems


def markers_of(sheet: Sheet[MarkerRow]) -> dict[str, list[str]]:
    """Return the genes of a marker file by cell type."""
    genes: dict[str, list[str]] = {}
    for row in sheet.rows:
        genes.setdefault(row.model.cell_type, []).append(row.model.gene)
    return {cell: sorted(genes_of_cell) for cell, genes_of_cell in sorted(genes.items())}
