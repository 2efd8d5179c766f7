"""What a row of miRNAs may declare in `lines.tsv`."""

from __future__ import annotations

from sidemine.lines.layer import Format, Layer

LAYER = Layer(
    word="mirna",
    title="miRNA",
    meaning="whether the miRNAs that a disease moves target the set more than their number of known targets predicts",
    formats={
        "mirna_table": Format(
            "a table of miRNAs: names or MIMAT accessions",
            needed_files={
                "targets": "pairs of miRNA and target gene: miRTarBase's table, or one with two columns",
                "aliases": "miRBase's aliases.txt: all names of each accession",
            },
            further_files={
                "families": "seed families: TargetScan's miR_Family_Info.txt, or a table with two columns",
                "mature": "miRBase's mature.fa: families by seed (nucleotides 2–8)",
            },
            needed_columns={"mirna": "name or accession"},
            further_columns={
                "label": "up, down, listed or none",
                "p_value": "p-value, adjusted or not: at most .05 is listed",
                "effect": "a number whose sign says up or down",
                "target_mirna": "in targets: the miRNA",
                "target_gene": "in targets: the gene",
                "family": "in families: the family",
                "family_mirna": "in families: the miRNA",
            },
        )
    },
    directions=("up", "down", "listed"),
    opposite=False,
    kinds=("cohort",),
    unit="labels per SD of the target score",
    cap="indirect: known targets follow what has been studied, and a target need not answer to its miRNA",
)
