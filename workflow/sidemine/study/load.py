"""Load a study: its config and sheets, checked whole before any work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidemine.errors import Problem, StudyError
from sidemine.records import as_json
from sidemine.study.check_hypotheses import check_questions
from sidemine.study.check_rows import check_layout
from sidemine.study.config_file import PLACES, check_config, hypothesis_ids, read_config, salvage
from sidemine.study.context import ConsideredDataset
from sidemine.study.draft import Draft
from sidemine.study.markers import (
    LABEL_PANELS,
    LABELS,
    composition_problem,
    label_panel,
    label_problem,
    markers_of,
    read_marker_files,
    shipped_labels,
)
from sidemine.study.models import StudyConfig, to_plain
from sidemine.study.paths import expand_path
from sidemine.study.pathways import PathwayDrawing, read_drawings
from sidemine.study.rows import Contrast, Dataset, GeneSetRow, LineRow, PublishedTable
from sidemine.study.sheets import CheckCells, Model, Sheet, read_sheet
from sidemine.study.validate import cross_check

# Where files lie, and what a report shows beside the evidence, does not change what a study asks: these keys stay out
# of its digest.
_BESIDE = ("mirror", "results", "downloads", "lock", "planted", "context", "considered", "pathways")


@dataclass(frozen=True)
class Study:
    """A study whose own files are right.

    Attributes
    ----------
    config
        `config.yaml`, defaults filled in, overrides merged.
    datasets, contrasts, published_tables, lines
        Rows of the sheets by their id, in the order of the sheets.
    gene_set_rows
        Rows of the gene set sheet, opt-in sets included.
    considered
        Rows of the sheet of data sets that were considered and not taken.
    drawings
        The drawings of pathways, as they were read.
    own_markers
        The study's own marker files: genes by cell type, by the path that `datasets.tsv` gives.
    folder
        Folder of the config file; paths in the study count from here.
    digest
        SHA-256 of the resolved content: settings, hypotheses and sheets, without the places where files lie.
    """

    config: StudyConfig
    datasets: dict[str, Dataset]
    contrasts: dict[str, Contrast]
    gene_set_rows: tuple[GeneSetRow, ...]
    published_tables: dict[str, PublishedTable]
    lines: dict[str, LineRow]
    considered: tuple[ConsideredDataset, ...]
    drawings: tuple[PathwayDrawing, ...]
    own_markers: dict[str, dict[str, list[str]]]
    folder: Path
    digest: str

    @property
    def config_dir(self) -> Path:
        """Folder of the config file."""
        return self.folder

    @property
    def used_gene_sets(self) -> tuple[GeneSetRow, ...]:
        """Rows of the gene set sheet without the opt-in sets that nobody opted in to."""
        return tuple(row for row in self.gene_set_rows if not row.opt_in or row.gene_set in self.config.settings.opt_in)

    @property
    def line_places(self) -> list[str]:
        """Where the results of each line of evidence that is run lie: its layer and its id."""
        return [f"{row.layer}/{name}" for name, row in self.lines.items() if row.runs]

    @property
    def results_dir(self) -> Path:
        """Folder of this study's results, counted from the working directory as in all Snakemake workflows."""
        return Path(self.config.results) / self.config.study.id

    @property
    def downloads_dir(self) -> Path:
        """Folder of this study's retrieved inputs, counted from the working directory."""
        return Path(self.config.downloads) / self.config.study.id

    @property
    def lock(self) -> Path:
        """Lock of the inputs."""
        return expand_path(self.config.lock, self.folder)

    @property
    def mirror(self) -> Path | None:
        """Folder that stands for the network, or None."""
        return expand_path(self.config.mirror, self.folder) if self.config.mirror else None

    @property
    def planted(self) -> Path | None:
        """Simulated studies: the file that says what was planted. Otherwise None."""
        return expand_path(self.config.planted, self.folder) if self.config.planted else None

    def labels_by(self, cell_type: str) -> dict[str, list[str]]:
        """Return the markers that label cells, by type, as column cell_type names them; none where it names a column."""
        panel = label_panel(cell_type)
        known = self.own_markers.get(panel)
        return known if known is not None else shipped_labels(panel, LABELS) if panel else {}

    def to_json(self) -> dict[str, Any]:
        """Return the content of `study.json`: config, rows of all sheets, and the digest."""
        considered = [to_plain(row) for row in self.considered]
        drawings = [as_json(drawing) for drawing in self.drawings]
        return {**self._content(), "considered": considered, "drawings": drawings, "config_digest": self.digest}

    def _content(self) -> dict[str, Any]:
        return _content(
            self.config,
            list(self.datasets.values()),
            list(self.contrasts.values()),
            list(self.gene_set_rows),
            list(self.published_tables.values()),
            list(self.lines.values()),
            self.own_markers,
        )


def load_study(
    config_path: Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    check_files: bool = True,
    within: Sequence[Path] | None = None,
) -> Study:
    """Read and check a whole study.

    Parameters
    ----------
    config_path
        The config file; its sheets are looked for beside it.
    overrides
        Values that replace those of the file, key by key, as given on the command line.
    check_files
        Whether local files and the mirror folder must exist already.
    within
        Folders outside of which no file that a sheet names is opened (`reach.reach_of`); None: the user vouches for all.

    Raises
    ------
    StudyError
        With everything that is wrong, at once.
    """
    config_path = Path(config_path)
    folder = config_path.parent
    problems: list[Problem] = []
    raw = read_config(config_path, overrides, problems)
    if not raw:
        raise StudyError(problems)
    config = check_config(raw, config_path, problems)
    sheet = _sheet(raw, "datasets", Dataset, "dataset", folder, problems, check_layout)
    markers = read_marker_files(_own_marker_files(sheet), folder, problems, within)
    drawings = read_drawings(config.pathways, config_path, problems, within) if config else []
    draft = Draft(
        config_path=config_path,
        config=config or salvage(raw),
        hypothesis_ids=hypothesis_ids(raw),
        datasets=sheet,
        contrasts=_sheet(raw, "contrasts", Contrast, "contrast", folder, problems),
        gene_sets=_sheet(raw, "gene_sets", GeneSetRow, "gene_set", folder, problems),
        published_tables=_sheet(raw, "published_tables", PublishedTable, "table", folder, problems),
        lines=_sheet(raw, "lines", LineRow, "line", folder, problems),
        considered=_sheet(raw, "considered", ConsideredDataset, "name", folder, problems),
    )
    problems += check_questions(config.hypotheses, str(config_path)) if config else []
    problems += cross_check(draft, check_files=check_files)
    if problems or config is None:
        raise StudyError(problems)
    datasets = [row.model for row in draft.datasets.rows]
    contrasts = [row.model for row in draft.contrasts.rows]
    gene_sets = [row.model for row in draft.gene_sets.rows]
    tables = [row.model for row in draft.published_tables.rows]
    lines = [row.model for row in draft.lines.rows]
    own_markers = {name: markers_of(rows) for name, rows in sorted(markers.items())}
    return Study(
        config=config,
        datasets={row.dataset: row for row in datasets},
        contrasts={row.contrast: row for row in contrasts},
        gene_set_rows=tuple(gene_sets),
        published_tables={row.table: row for row in tables},
        lines={row.line: row for row in lines},
        considered=tuple(row.model for row in draft.considered.rows),
        drawings=tuple(drawings),
        own_markers=own_markers,
        folder=folder,
        digest=digest_of_content(_content(config, datasets, contrasts, gene_sets, tables, lines, own_markers)),
    )


def _own_marker_files(datasets: Sheet[Dataset]) -> list[tuple[str, str]]:
    """Return each marker file that a data set names, with its place; cells that cannot be read are told elsewhere."""
    readable = [row for row in datasets.rows if not composition_problem(row.model.composition, row.where)]
    named = [(row.model.cells.own_file, row.where) for row in readable if row.model.cells.own_file]
    labels = [(label_panel(row.model.cell_type), row) for row in datasets.rows]
    return named + [
        (panel, row.where)
        for panel, row in labels
        if panel and panel not in LABEL_PANELS and not label_problem(row.model.cell_type, row.where)
    ]


def _sheet(
    raw: Mapping[str, Any],
    name: str,
    model: type[Model],
    key: str,
    folder: Path,
    problems: list[Problem],
    check_cells: CheckCells | None = None,
) -> Sheet[Model]:
    file = raw.get(name, StudyConfig.model_fields[name].default)
    if not isinstance(file, str) or not file.strip():
        return Sheet(folder, (), frozenset())
    return read_sheet(folder / file.strip(), model, key, problems, check_cells, PLACES)


def _content(
    config: StudyConfig,
    datasets: list[Dataset],
    contrasts: list[Contrast],
    gene_sets: list[GeneSetRow],
    tables: list[PublishedTable],
    lines: list[LineRow],
    own_markers: dict[str, dict[str, list[str]]],
) -> dict[str, Any]:
    return {
        "config": to_plain(config),
        "datasets": [to_plain(row) for row in datasets],
        "contrasts": [to_plain(row) for row in contrasts],
        "gene_sets": [to_plain(row) for row in gene_sets],
        "published_tables": [to_plain(row) for row in tables],
        "lines": [to_plain(row) for row in lines],
        "own_markers": own_markers,
    }


def digest_of_content(content: Mapping[str, Any]) -> str:
    """Return the digest of a study, given as the content of `study.json`: config, rows of five sheets, own markers."""
    asked = {key: value for key, value in content["config"].items() if key not in _BESIDE}
    sheets = ("datasets", "contrasts", "gene_sets", "published_tables", "lines", "own_markers")
    text = json.dumps(
        {"config": asked, **{name: content[name] for name in sheets}},
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
