"""What `lines.tsv` may say of a table of gene statistics without samples: the layers `protein` and `mrna_table`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidemine.lines.layer import Format, Layer

ROLES = {
    "gene": "gene symbols; default, where uniprot is not given either: the first column",
    "uniprot": "UniProt accessions; isoforms (P12345-2) and complexes (P1;P2) too",
    "effect": "difference, target minus reference, 0 meaning none: log2 fold change, NPX, log odds ratio",
    "se": "its standard error",
    "t": "t statistic, with the sign of the effect",
    "z": "normal deviate, with the sign of the effect",
    "p": "two-sided p-value",
    "adjusted_p": "p adjusted for all rows: tells whether rows are missing",
    "n": "samples, both groups together",
}
"""What a header may hold. Of numbers one of: z; p with t or effect; t; effect with se."""


@dataclass(frozen=True)
class AssayPanel:
    """An assay of proteins: its name, and how many assays (aptamers) of human proteins it has, between two releases."""

    name: str
    fewest: int
    most: int


PANELS: Mapping[str, AssayPanel] = {
    "olink_target_96": AssayPanel("Olink Target 96", 88, 96),
    "olink_explore_384": AssayPanel("Olink Explore 384", 360, 384),
    "olink_explore_1536": AssayPanel("Olink Explore 1536", 1_430, 1_536),
    "olink_explore_3072": AssayPanel("Olink Explore 3072", 2_860, 3_072),
    "olink_explore_ht": AssayPanel("Olink Explore HT", 5_200, 5_440),
    "somascan_5k": AssayPanel("SomaScan 5k", 4_700, 5_300),
    "somascan_7k": AssayPanel("SomaScan 7k", 7_000, 7_600),
    "somascan_11k": AssayPanel("SomaScan 11k", 10_500, 11_100),
}
"""By the word of the format. Numbers as the makers give them, from one release to the next."""

_REFERENCE = {
    "reference": "expression, genes × samples by symbol, of other samples: how the genes of the set correlate. Default: the "
    "fits of the study's own cohorts"
}


def _format(meaning: str) -> Format:
    return Format(meaning=meaning, further_files=_REFERENCE, further_columns=ROLES)


_CAP = "a table without samples does not tell how its genes correlate: that is taken from other samples"

PROTEIN = Layer(
    word="protein",
    title="Protein",
    meaning="is the set higher or lower in proteins than the rest of the panel, by a complete table of results",
    formats={
        "table": _format("table of results, any assay (mass spectrometry, immunoassays)"),
        **{word: _format(f"table of results of {panel.name}") for word, panel in PANELS.items()},
    },
    directions=("up", "down"),
    opposite=True,
    kinds=("cohort", "experiment"),
    unit="mean z of the set minus that of the rest of the panel",
    cap=_CAP,
)
MRNA_TABLE = Layer(
    word="mrna_table",
    title="Expression, published table",
    meaning="is the set higher or lower than the other genes of a complete table of differential expression",
    formats={"table": _format("table of results with all genes that were tested")},
    directions=("up", "down"),
    opposite=True,
    kinds=("cohort", "experiment"),
    unit="mean z of the set minus that of the table's other genes",
    cap=_CAP,
)
LAYERS_OF_TABLES: Mapping[str, Layer] = {layer.word: layer for layer in (PROTEIN, MRNA_TABLE)}
