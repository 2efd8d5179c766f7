"""What could be read of a study, before its parts are compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sidemine.study.context import ConsideredDataset
from sidemine.study.models import StudyConfig
from sidemine.study.rows import Contrast, Dataset, GeneSetRow, LineRow, PublishedTable
from sidemine.study.sheets import Sheet


@dataclass(frozen=True)
class Draft:
    """What could be read of a study, faulty parts left out."""

    config_path: Path
    config: StudyConfig
    hypothesis_ids: Collection[str]
    """Of all hypotheses, also of those that are wrong in themselves."""
    datasets: Sheet[Dataset]
    contrasts: Sheet[Contrast]
    gene_sets: Sheet[GeneSetRow]
    published_tables: Sheet[PublishedTable]
    lines: Sheet[LineRow]
    considered: Sheet[ConsideredDataset]
