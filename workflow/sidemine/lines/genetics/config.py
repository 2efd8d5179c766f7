"""What a row of genetics may declare in `lines.tsv`."""

from __future__ import annotations

from sidemine.lines.layer import Format, Layer

_LOCATIONS = "where genes lie, as NCBI37.3.gene.loc: gene, chromosome, start, stop, strand, symbol"
_RAW = "MAGMA's .genes.raw of the same analysis: correlations of neighbouring genes"

LAYER = Layer(
    word="genetics",
    title="Genetics",
    meaning="whether the genes of a set are associated with a trait in a genome-wide study more than other genes are",
    formats={
        "magma_genes_out": Format("MAGMA's .genes.out", further_files={"genes_raw": _RAW}),
        "magma_genes_raw": Format("MAGMA's .genes.raw alone", form="any"),
        "gene_p_values": Format(
            "a table of p-values of genes",
            further_files={"gene_locations": _LOCATIONS},
            needed_columns={"gene": "symbol, Entrez or Ensembl id", "p_value": "p-value"},
            further_columns={
                "chromosome": "chromosome",
                "start": "first base",
                "stop": "last base",
                "n_snps": "number of SNPs",
                "n": "number of people",
            },
        ),
        "summary_statistics": Format(
            "a table of SNPs",
            needed_files={"gene_locations": _LOCATIONS},
            needed_columns={
                "chromosome": "chromosome",
                "position": "base, in the assembly of gene_locations",
                "p_value": "p-value",
            },
            further_columns={
                "effect_allele": "one allele",
                "other_allele": "the other allele: with both, SNPs at one position are told apart",
                "n": "number of people",
                "window_kb": "no header but kilobases before/behind a gene; without it 35/10",
            },
        ),
    },
    directions=("associated",),
    opposite=False,
    kinds=("cohort",),
    unit="z of genes",
)
