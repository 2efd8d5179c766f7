"""What a row of a perturbation library may declare in `lines.tsv`."""

from __future__ import annotations

from sidemine.lines.layer import Format, Layer

LAYER = Layer(
    word="perturbation",
    title="Perturbation library",
    meaning="where a drug stands among all signatures of a library on the set, if its positive control shows that the library sees it",
    formats={
        "signatures": Format(
            "TSV of consensus z-scores, perturbations × genes",
            needed_columns={
                "perturbation": "no header but the name of its row",
                "identifiers": "no header but what the header holds: symbol or entrez",
                "control_set": "no header but the set of gene_sets.tsv that the perturbation is known to move",
                "control_expected": "no header but its direction: up or down",
            },
            further_columns={"exclude": "no header but rows of its own class, divided by semicolons"},
        )
    },
    directions=("up", "down"),
    opposite=True,
    kinds=("cohort", "experiment"),
    unit="percentile among signatures",
    cap="indirect: cells in a dish, no patients, read by a list of genes: a place among signatures is described, never tested",
)
