"""What a row of promoters or binding may declare in `lines.tsv`."""

from __future__ import annotations

from sidemine.lines.layer import Format, Layer

LAYER = Layer(
    word="promoter",
    title="Promoter and binding",
    meaning="whether genes that a factor binds, or whose promoters hold its motif, move more than others of the same expression",
    formats={
        "chip_targets": Format(
            "GMT of target sets from ChIP; set names one of them, as gene_sets.tsv declares it from this file",
            form="gmt",
        ),
        "fasta": Format(
            "FASTA of promoters, one per gene, headers of gene symbols",
            form="any",
            needed_files={"motifs": "matrices in JASPAR's format"},
            needed_columns={"family": "no header but GAS (STAT1/3/4/5/6) or ISRE (IRFs, PRDM1, STAT1::STAT2)"},
        ),
    },
    directions=("up", "down"),
    opposite=True,
    kinds=("cohort", "experiment"),
    unit="normal deviates of genes, site against none",
    own_data=False,
    cap="derived from the expression data of the answer itself: no line of its own",
)
