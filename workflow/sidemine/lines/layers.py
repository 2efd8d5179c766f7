"""The layers of evidence that a study may declare in `lines.tsv`, in the order of the page."""

from __future__ import annotations

from sidemine.lines.complete_table.config import MRNA_TABLE, PROTEIN
from sidemine.lines.genetics import config as genetics
from sidemine.lines.layer import Layer
from sidemine.lines.mirna import config as mirna
from sidemine.lines.perturbation import config as perturbation
from sidemine.lines.promoter import config as promoter

_LAYERS: tuple[Layer, ...] = (
    genetics.LAYER,
    PROTEIN,
    MRNA_TABLE,
    mirna.LAYER,
    promoter.LAYER,
    perturbation.LAYER,
)

LAYERS: dict[str, Layer] = {layer.word: layer for layer in _LAYERS}
"""By their word. A new one is a room beside the others, and an entry here and in `lines/registry.py`."""

EXPRESSION = "expression"
"""The word of the hypothesis' own contrasts: the first line of every study."""
