"""`study.json`: the study as it was resolved, for every reader of results."""

from __future__ import annotations

from dataclasses import dataclass

from sidemine.study.context import ConsideredDataset
from sidemine.study.models import StudyConfig
from sidemine.study.pathways import PathwayDrawing
from sidemine.study.rows import Contrast, Dataset, GeneSetRow, LineRow, PublishedTable


@dataclass(frozen=True)
class StudyDescription:
    """What was asked, with defaults filled in.

    Attributes
    ----------
    config
        `config.yaml`, overrides merged.
    datasets, contrasts, gene_sets, published_tables, lines, considered
        Rows of the sheets, in their order.
    own_markers
        Cell markers of the user's own files, by panel and cell; empty where the study names none.
    config_digest
        SHA-256 of all that the study asks (`study.load.digest_of_content`).
    specifications
        Per rule and job: the digest of what the job uses of the study.
    drawings
        Drawings of pathways, as they were read.
    """

    config: StudyConfig
    datasets: list[Dataset]
    contrasts: list[Contrast]
    gene_sets: list[GeneSetRow]
    published_tables: list[PublishedTable]
    lines: list[LineRow]
    considered: list[ConsideredDataset]
    own_markers: dict[str, dict[str, list[str]]]
    config_digest: str
    specifications: dict[str, dict[str, str]]
    drawings: list[PathwayDrawing]
