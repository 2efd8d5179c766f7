"""Words of headers: which stand over the names of rows, over descriptions, over statistics; none stands over a sample."""

from __future__ import annotations

import re

# fmt: off
IDENTIFIER_WORDS = frozenset({
    "accession", "affyid", "ensembl", "ensemblgeneid", "ensemblid", "ensg", "ensgene", "ensid", "entrez",
    "entrezgene", "entrezgeneid", "entrezid", "externalgenename", "feature", "featureid", "gene", "geneid",
    "geneids", "genename", "genenames", "genes", "genesymbol", "genesymbols", "hgnc", "hgncid", "hgncsymbol", "id", "identifier",
    "idref", "ilmngene", "locus", "locustag", "mirna", "name", "orf", "probe", "probeid", "probename", "probeset", "probesetid",
    "protein", "proteinid", "refseq", "rowname", "rownames", "symbol", "symbols", "targetid", "trackingid", "transcript",
    "transcriptid", "transcriptids", "tssid", "uniprot",
})
"""Header words, of letters and digits only and in lower case, that stand over the names of rows."""

ANNOTATION_WORDS = IDENTIFIER_WORDS | {
    "biotype", "chr", "chrom", "chromosome", "description", "cdsend", "cdsstart", "classcode", "effectivelength",
    "end", "exoncount", "exonnumber", "exons", "gc", "gccontent", "genebiotype", "genedescription",
    "genelength", "genetype", "geneversion", "length",
    "numexons", "percentgc", "transcriptlength", "txend", "txlen", "txlength", "txstart", "seqname", "start", "stop", "strand", "type", "width",
}
"""Header words that describe genes and never stand over a sample."""

STATISTIC_WORDS = frozenset({
    "abscall", "adjpval", "adjpvalue", "adjustedpvalue", "aveexpr", "avgnbeads", "b", "basemean", "beadstderr", "beadstdev",
    "bonferroni", "cv", "detection", "detectioncall", "detectionpval", "detectionpvalue", "f", "fc", "fdr", "foldchange", "lfcse",
    "log10pvalue", "log2fc", "log2foldchange", "logcpm", "logfc", "logfoldchange", "lr", "max", "mean", "median", "min",
    "average", "padj", "pval", "pvalue", "qval", "ratio",
    "qvalue", "sd", "se", "sem", "stat", "stddev", "stderr", "stdev", "svalue", "t", "zscore",
})
"""Header words of results of tests and of measurement errors, which are no samples either."""
SHORT_STATISTICS = frozenset({
    "average", "b", "cv", "f", "fc", "lr", "max", "mean", "median", "min", "ratio", "sd", "se", "sem", "stat", "t",
})
"""Those of them that fit many things: statistics only beside one of an unmistakable name."""
# fmt: on


def plain_word(name: str) -> str:
    """Return a header cell as a word of letters and digits, in lower case, as the lists of words hold it.

    >>> plain_word("Gene_ID"), plain_word("adj.P.Val")
    ('geneid', 'adjpval')
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())
