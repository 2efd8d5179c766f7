"""Genetics, as it is registered."""

from __future__ import annotations

from sidemine.lines.genetics.config import LAYER
from sidemine.lines.genetics.job import JOB
from sidemine.lines.genetics.panel import genetics_panel
from sidemine.lines.genetics.record import GeneticsDetails
from sidemine.lines.line import LineOfEvidence
from sidemine.paper import Paper

GENETICS = LineOfEvidence(
    name="genetics",
    job=JOB,
    schemas={"genetics_details": GeneticsDetails},
    layer=LAYER.word,
    details=GeneticsDetails,
    line_panel=genetics_panel,
    line_methods=(
        "Genetics. Genes carry the probit of their association p-value, bounded to 3 SD below and 6 SD above the mean. A set is "
        "tested, one-sided, against other genes beside gene size and density (and numbers of people and minor alleles where they "
        "vary), by generalised least squares where MAGMA's correlations of neighbouring genes were given, else by ordinary ones. Its "
        "p-value is the share of all rotations of its labels along the genome that reach its statistic. SNPs were joined to genes by the aggregated Cauchy association test."
    ),
    papers=(
        Paper(
            "MAGMA",
            "de Leeuw CA, Mooij JM, Heskes T, Posthuma D. MAGMA: generalized gene-set analysis of GWAS data. PLoS Comput Biol 2015.",
            "10.1371/journal.pcbi.1004219",
        ),
        Paper(
            "Circular genomic permutation",
            "Cabrera CP, Navarro P, Huffman JE, et al. Uncovering networks from genome-wide association studies via circular genomic "
            "permutation. G3 2012.",
            "10.1534/g3.112.002618",
        ),
        Paper(
            "ACAT",
            "Liu Y, Xie J. Cauchy combination test: a powerful test with analytic p-value calculation under arbitrary dependency "
            "structures. J Am Stat Assoc 2020.",
            "10.1080/01621459.2018.1554485",
        ),
    ),
)
