"""Feed broken files to the readers of text and count what must never happen.

Run: python benchmarks/fuzz_readers.py [--executions 1000000] [--processes 2] [--seed 1] [--reader NAME] [--keep DIR]

Every execution takes a small valid file, breaks it in one to four ways (bytes, cells, lines, quotes, numbers, encodings,
layers of gzip), and reads it in process. A reader may accept it or raise an error of sidemine's own, which has the four
parts. Counted are other exceptions, processes that a signal ended, executions above 10 s, and the peak memory; inputs that
caused one are kept in --keep. To add a reader, add it to `readers`.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import os
import random
import resource
import signal
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sidemine.errors import SidemineError

SECONDS = 10
CHUNK = 5_000
TOKENS = [
    *(
        b'\t \t\t , ; " "" \' # ! ^ < > \n \r \r\n \n\n \0 \xff \xc3 \xe2\x88\x92 \xef\xbb\xbf \xff\xfe \x0c \x85'.split(
            b" "
        )
    ),
    *(b"1,500 6,5 1_000 1e400 -inf nan(1) NA #VALUE! #N/A 0x1F <0.1 1e-400 TRUE 1.5.2 --1 +5 .5 5. 007".split(b" ")),
    *(
        b"__no_feature N_unmapped N_ABC Geneid ID_REF gene_id symbol chr start padj logFC weight sample unit fate".split(
            b" "
        )
    ),
    *(
        b"!series_matrix_table_end !platform_table_end !sample_table_begin ^SAMPLE=GSM1 <?xml <!DOCTYPE <html".split(
            b" "
        )
    ),
    b" ",
    b"9" * 400,
    b'"' * 999,
    b"\t" * 999,
]


@dataclass(frozen=True)
class Reader:
    """A function that reads a file, valid files for it, and the form in which they are handed over."""

    read: Callable[[Path], object]
    seeds: tuple[bytes, ...]
    name: str = "file.txt"
    wrap: Callable[[bytes], bytes] = bytes


def readers() -> dict[str, Reader]:
    """Return all readers of text."""
    import pandas as pd

    from sidemine.enrichment.libraries import read_library
    from sidemine.lines.bridge.comparators import read_signatures
    from sidemine.lines.bridge.config import ComparatorSignatures
    from sidemine.lines.published.reader import read_published_table
    from sidemine.prepare.gene_table import GeneTable, read_gene_table
    from sidemine.prepare.platform_annotation import read_platform_annotation
    from sidemine.prepare.sample_sheet import read_sample_sheet
    from sidemine.sources.count_archive import read_count_archive
    from sidemine.sources.declarations import DeclaredValues
    from sidemine.sources.expression_table import read_expression_table, read_table_columns
    from sidemine.sources.miniml import read_miniml_metadata
    from sidemine.sources.ncbi_counts import read_ncbi_annotation, read_ncbi_counts
    from sidemine.sources.series_matrix import read_series_matrix
    from sidemine.sources.series_matrix_header import read_series_metadata
    from sidemine.sources.soft import read_soft_metadata
    from sidemine.study.models import GeneTableSource
    from sidemine.study.rows import Contrast, PublishedTable
    from sidemine.study.sheets import read_sheet

    published = PublishedTable(
        table="t", accession="GSE1", file="x", fold_change_column="logFC", p_value_column="P.Value", role="inhibitor",
        target_label="a", reference_label="b", licence="c",
    )  # fmt: skip
    signatures = ComparatorSignatures(file="x", identifiers="symbol", licence="x", version="x")
    genes = GeneTable(pd.DataFrame({"entrez": ["1", "2"], "ensembl": ""}, index=["STAT1", "IRF1"]), [], [])
    hgnc = GeneTableSource(file="x", format="hgnc", version="1", licence="x")
    ensembl = GeneTableSource(file="x", format="ensembl", version="1", licence="x")
    matrix = (
        b'!Series_title\t"a"\n!Series_geo_accession\t"GSE1"\n\n!Sample_title\t"one"\t"two"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n'
        b'!Sample_characteristics_ch1\t"age: 5"\t"sex: f"\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n'
        b'"1_at"\t1.5\tnull\n"2_at"\t-3\t4e2\n!series_matrix_table_end\n'
    )
    table = b"gene\ts1\ts2\nSTAT1\t1\t2.5\nIRF1\t3\t4\nMX1\t5\t6\n"
    tables = (
        table, table.replace(b"\t", b","), table.replace(b"\t", b";"), table.replace(b"\t", b" "),
        b'"","symbol","s1","s2"\n"1","STAT1",1,2\n"2","IRF1",3,4\n"3","MX1",5,6\n',
        b"s1\ts2\nSTAT1\t1\t2\nIRF1\t3\t4\n",
        b"chr\tstart\tend\tgene\ts1\tbaseMean\tpadj\nchr1\t1\t2\tSTAT1\t5\t6\t.1\nchr2\t1\t2\tIRF1\t7\t8\t.2\n",
        b"# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\nSTAT1\t1;1\t1;5\t2;9\t+;+\t7\t12\n",
    )  # fmt: skip
    counts = (
        b"STAT1\t5\nIRF1\t7\n__no_feature\t9\n",
        b"N_unmapped\t1\t1\t1\nN_multimapping\t1\t1\t1\nN_noFeature\t1\t2\t3\nN_ambiguous\t0\t0\t0\nSTAT1\t5\t2\t3\n",
        b"gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\nENSG00000115415\tT\t9\t8\t5.5\t1\t1\n",
        b"Name\tLength\tEffectiveLength\tTPM\tNumReads\nENSG00000115415\t9\t8\t5.5\t1\n",
    )
    geo_platform = (
        b"^PLATFORM = GPL1\n#ID = \n!platform_table_begin\nID\tGene Symbol\tENTREZ_GENE_ID\n1_at\tSTAT1 /// IRF1\t1\n"
        b"2_at\t---\t\n!platform_table_end\n"
    )
    soft = (
        b"^SERIES = GSE1\n!Series_title = a\n^SAMPLE = GSM1\n!Sample_title = one\n!Sample_characteristics_ch1 = age: 5\n"
        b"!sample_table_begin\nID_REF\tVALUE\n1\t2\n!sample_table_end\n"
    )
    miniml = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<MINiML xmlns="http://www.ncbi.nlm.nih.gov/geo/info/MINiML"><Series iid="GSE1">'
        b'<Title>a</Title></Series><Sample iid="GSM1"><Title>one</Title><Channel position="1"><Characteristics tag="age">5'
        b"</Characteristics></Channel></Sample></MINiML>\n"
    )
    gmt = b"A\thttp://a\tSTAT1\tIRF1\nB\t\tMX1\n"
    contrasts = (
        b"contrast\tdataset\trole\ttarget\treference\n"
        b'one\td\tdisease\tgroup = "a b"\tgroup = b\n# comment\ntwo\td\tinhibitor\tx = 1\tx = 2\n'
    )

    def study_sheet(path: Path) -> None:
        read_sheet(path, Contrast, "contrast", [])

    return {
        "expression table": Reader(read_expression_table, tables),
        "expression table of symbols": Reader(lambda p: read_expression_table(p, declared=DeclaredValues("symbol")), tables),
        "columns with metadata": Reader(lambda p: read_table_columns(p, named=["s1", "s2"]), tables),
        "archive of counts": Reader(lambda p: read_count_archive(p), counts, "RAW.tar", _in_tar),
        "NCBI counts": Reader(read_ncbi_counts, (b"GeneID\tGSM1\tGSM2\n1\t5\t6\n2\t7\t8\n",)),
        "NCBI annotation": Reader(read_ncbi_annotation, (b"GeneID\tSymbol\n1\tSTAT1\n2\tIRF1\n",)),
        "series matrix": Reader(read_series_matrix, (matrix,)),
        "header of a series matrix": Reader(read_series_metadata, (matrix,)),
        "SOFT": Reader(read_soft_metadata, (soft,)),
        "MINiML": Reader(read_miniml_metadata, (miniml,)),
        "platform": Reader(read_platform_annotation, (geo_platform, b"probe_id\tsymbol\n1_at\tSTAT1\n2_at\t\"IRF1\"\n")),
        "HGNC": Reader(
            lambda p: read_gene_table(p, hgnc),
            (b"symbol\tstatus\tprev_symbol\talias_symbol\tentrez_id\tensembl_gene_id\nSTAT1\tApproved\t\"A|B\"\tC\t1\tENSG1\n",),
        ),
        "Ensembl": Reader(
            lambda p: read_gene_table(p, ensembl), (b"ensgene\tentrez\tsymbol\tchr\tbiotype\nENSG1\t1\tSTAT1\t2\tprotein_coding\n",)
        ),
        "GMT": Reader(lambda p: read_library(p, "gmt"), (gmt,)),
        "GMT in a zip": Reader(lambda p: read_library(p, "gmt_zip"), (gmt,), "sets.zip", _in_zip),
        "CollecTRI": Reader(lambda p: read_library(p, "collectri"), (b'"source","target","weight"\n"STAT1","IRF1",1\n"STAT1","MX1",-1\n',)),
        "DoRothEA": Reader(lambda p: read_library(p, "dorothea"), (b"tf\tconfidence\ttarget\tmor\nSTAT1\tA\tIRF1\t1\n",)),
        "PROGENy": Reader(lambda p: read_library(p, "progeny"), (b"gene\tpathway\tweight\nIFIT1\tJAK-STAT\t27.8\n",)),
        "sets": Reader(lambda p: read_library(p, "sets_tsv"), (b"gene_set\tgene\tweight\nCORE\tMX1\t\nCORE\tIRF1\t-1\n",)),
        "published table": Reader(
            lambda p: read_published_table(published, p),
            (b",logFC,P.Value\nSTAT1,1.5,1e-3\nIRF1,-inf,NA\n", b"gene\tlogFC\tP.Value\nSTAT1\t1.5\t1e-3\n"),
        ),
        "sample sheet": Reader(
            read_sample_sheet, (b"# c\nsample\tgroup\nGSM1\ta\nGSM2\t\"b c\"\n", b'"","sample","g"\n"1","GSM1","a"\n"2","GSM2","b"\n')
        ),
        "study sheet": Reader(study_sheet, (contrasts,)),
        "signatures": Reader(lambda p: read_signatures(p, signatures, genes), (b"drug\tSTAT1\tIRF1\nDB1\t1\t-2\nDB2\t0.5\t3\n",)),
        **readers_of_proteins(),
        **readers_of_genetics(),
        **readers_of_other_lines(genes),
    }  # fmt: skip


def readers_of_proteins() -> dict[str, Reader]:
    """Return the readers of protein assays."""
    from sidemine.lines.complete_table.reader import read_rows
    from sidemine.sources.maxquant import read_maxquant
    from sidemine.sources.olink_npx import read_olink
    from sidemine.sources.somascan_adat import read_adat

    olink = (
        b"SampleID;SampleType;OlinkID;UniProt;Assay;AssayType;PlateID;QC_Warning;LOD;NPX\n"
        b"a;SAMPLE;OID1;P05231;IL6;assay;P1;PASS;0.5;1.5\na;SAMPLE;OID2;P29459_P29460;IL12;assay;P1;WARN;0.5;NA\n"
        b"b;SAMPLE;OID1;P05231;IL6;assay;P1;PASS;0.5;2\nb;SAMPLE;OID2;P29459_P29460;IL12;assay;P1;FAIL;0.5;3\n"
        b"c;PLATE_CONTROL;OID1;P05231;IL6;assay;P1;PASS;0.5;0\n"
    )
    adat = (
        b"!Checksum\tabc\n^HEADER\n!Version\t1.2\n^COL_DATA\n!Name\tSeqId\tUniProt\n^ROW_DATA\n!Name\tSampleId\tSampleType\n"
        b"^TABLE_BEGIN\n\t\t\tSeqId\t1-28\t2-7\n\t\t\tUniProt\tP43320\tP04049 P04050\n\t\t\tEntrezGeneSymbol\tCRYBB2\tRAF1 X\n"
        b"\t\t\tType\tProtein\tProtein\n\t\t\tOrganism\tHuman\tHuman\n\t\t\tColCheck\tPASS\tFLAG\n"
        b"SampleId\tSampleType\tRowCheck\t\t\t\ns1\tSample\tPASS\t\t476.5\t300\ns2\tSample\tFLAG\t\t500\t310\n"
    )
    maxquant = (
        b"Protein IDs\tMajority protein IDs\tGene names\tLFQ intensity a\tLFQ intensity b\tReverse\tPotential contaminant\t"
        b"Only identified by site\nP1;P2\tP1\tSTAT1\t1e6\t2e6\t\t\t\nP3\tP3\tIRF1\t0\t5e5\t\t+\t\nREV__P4\tREV__P4\t\t1\t2\t+\t\t\n"
    )
    complete = (
        b"Assay,UniProt,estimate,se,p,adj\nIL6,P05231,0.5,0.1,1e-5,1e-3\nMX1,P20591;P1,-0.2,0.1,.05,.2\n",
        b"Assay\tUniProt\testimate\tse\tp\tadj\nIL6\tP05231-2\t0.5\t0.1\t1e-5\tNA\n",
    )
    headers = {"gene": "Assay", "uniprot": "UniProt", "effect": "estimate", "se": "se", "p": "p", "adjusted_p": "adj"}
    return {
        "Olink": Reader(lambda p: read_olink(p, "uniprot"), (olink, olink.replace(b";", b","))),
        "ADAT": Reader(read_adat, (adat,), "x.adat"),
        "MaxQuant": Reader(lambda p: read_maxquant(p, "uniprot"), (maxquant,)),
        "complete table": Reader(lambda p: read_rows(p, headers), complete),
        "complete table of first names": Reader(lambda p: read_rows(p, {"z": "p"}), complete),
    }  # fmt: skip


def readers_of_genetics() -> dict[str, Reader]:
    """Return the readers of genome-wide studies."""
    import pandas as pd

    from sidemine.lines.genetics.gene_results import read_gene_p_values, read_genes_out, read_genes_raw
    from sidemine.lines.genetics.locations import read_gene_locations
    from sidemine.lines.genetics.snps import read_snp_genes

    locations = (
        b"10\t1\t1000\t2000\t+\tAAA\n11\tchr1\t1900\t3000\t-\tBBB\n12\tX\t500\t600\t+\tCCC\n13\tUn_7\t500\t600\t+\tD\n"
    )
    known = pd.DataFrame(
        {
            "gene": ["10", "11"], "symbol": ["AAA", "BBB"], "chromosome": [1, 23], "start": [1000, 500],
            "stop": [2000, 600], "strand": ["+", "-"],
        }
    )  # fmt: skip
    genes_out = (
        b"GENE       CHR      START       STOP  NSNPS  NPARAM       N        ZSTAT            P\n"
        b"148398       1     824993     889961    324      34  408112     -0.39057      0.65194\n"
        b"339451       X     860967     911099    254      32  408112      -1.3264      0.90765\n"
    )
    genes_raw = (
        b"# VERSION = 108\n# COVAR = NSAMP MAC\n10 1 100 200 30 4 5000 700.5 1.25\n11 1 300 400 10 2 5000 600 -0.5 0.6\n"
        b"12 1 500 600 12 3 5000 500 0.25 0.1 0.4\n13 2 100 200 30 4 5000 700 3\n"
    )
    p_values = b"gene,chrom,from,to,p,snps\nSTAT1,2,100,200,1e-5,12\nSTAT3,17,100,200,NA,3\n"
    roles = {
        "gene": "gene", "p_value": "p", "chromosome": "chrom", "start": "from", "stop": "to", "n_snps": "snps",
    }  # fmt: skip
    snps = b"#chrom\tpos\tref\talt\tpval\tn\n1\t1500\tA\tG\t0.01\t500\nchr1\t1700\tC\tT\t1e-400\t500\nX\t550\tA\tG\tNA\t500\n"
    snp_roles = {
        "chromosome": "#chrom", "position": "pos", "p_value": "pval", "effect_allele": "alt", "other_allele": "ref",
        "n": "n",
    }  # fmt: skip
    return {
        "MAGMA genes.out": Reader(read_genes_out, (genes_out,), "x.genes.out"),
        "MAGMA genes.raw": Reader(read_genes_raw, (genes_raw,), "x.genes.raw"),
        "p-values of genes": Reader(lambda p: read_gene_p_values(p, roles, None), (p_values, p_values.replace(b",", b"\t"))),
        "gene locations": Reader(read_gene_locations, (locations,), "gene.loc"),
        "gene locations in a zip": Reader(read_gene_locations, (locations,), "gene.zip", lambda data: _in_zip(data, "x.gene.loc")),
        "SNPs": Reader(lambda p: read_snp_genes(p, snp_roles, known, "gene.loc"), (snps,)),
    }  # fmt: skip


def readers_of_other_lines(genes: Any) -> dict[str, Reader]:
    """Return the readers of miRNAs, promoters and motifs."""
    from sidemine.lines.mirna.names import MirnaNames, read_aliases
    from sidemine.lines.mirna.reader import read_families, read_labels, read_seeds, read_targets, read_universe
    from sidemine.lines.promoter.motifs import read_matrices, read_promoters

    aliases = b"MIMAT0000062\thsa-let-7a;hsa-let-7a-5p;\nMIMAT0004481\thsa-let-7a*;hsa-let-7a-3p;\nMIMAT0000076\thsa-miR-21-5p;\n"
    names = MirnaNames(
        [
            ("MIMAT0000062", ["hsa-let-7a-5p"]),
            ("MIMAT0004481", ["hsa-let-7a-3p"]),
            ("MIMAT0000076", ["hsa-miR-21-5p"]),
        ]
    )
    labels = b"miRNA\tp\tfc\tway\nhsa-let-7a-5p\t.01\t-1.5\tdown\nhsa-miR-21-5p\t.5\t2\tnone\nhsa-let-7a\tNA\t\tup\n"
    mirtarbase = (
        b"miRTarBase ID\tmiRNA\tSpecies (miRNA)\tTarget Gene\tTarget Gene (Entrez ID)\tSpecies (Target Gene)\tSupport Type\n"
        b"MIRT1\thsa-miR-21-5p\tHomo sapiens\tSTAT1\t1\tHomo sapiens\tx\nMIRT2\tmmu-let-7a-5p\tMus musculus\tIRF1\t2\tMus musculus\tx\nMIRT3\thsa-let-7a-5p\tHomo sapiens\tIRF1\t2\tHomo sapiens\ty\n"
    )
    families = b"miR family\tSeed+m8\tMiRBase Accession\nlet-7\tGAGGUAG\tMIMAT0000062\nmiR-21\tAGCUUAU\tMIMAT0000076\n"
    mature = b">hsa-let-7a-5p MIMAT0000062 Homo sapiens let-7a-5p\nUGAGGUAGUAGGUUGUAUAGUU\n>hsa-miR-21-5p MIMAT0000076\nUAGCUUAUCAGACUGAUGUUGA\n"
    jaspar = (
        b">MA0137.3\tSTAT1\nA  [ 10 2 3 4 80 ]\nC  [ 5 9 3 4 1 ]\nG  [ 5 9 3 4 1 ]\nT  [ 5 90 33 4 1 ]\n"
        b">MA0050.2\tIRF1\nA  [ 10 2 3 ]\nC  [ 5 9 3 ]\nG  [ 5 9 3 ]\nT  [ 5 90 33 ]\n"
    )
    return {
        "miRBase aliases": Reader(read_aliases, (aliases,), "aliases.txt"),
        "miRNAs with p": Reader(lambda p: read_labels(p, {"mirna": "miRNA", "p_value": "p", "effect": "fc"}, names), (labels,)),
        "miRNAs with labels": Reader(lambda p: read_labels(p, {"mirna": "miRNA", "label": "way"}, names), (labels,)),
        "miRNA universe": Reader(lambda p: read_universe(p, names), (b"hsa-let-7a-5p\nhsa-miR-21-5p\n# c\nMIMAT0004481\n",)),
        "miRTarBase": Reader(lambda p: read_targets(p, {}, names, genes), (mirtarbase, mirtarbase.replace(b"\t", b","))),
        "TargetScan families": Reader(lambda p: read_families(p, {}, names), (families,)),
        "mature.fa": Reader(lambda p: read_seeds(p, names), (mature,), "mature.fa"),
        "promoters": Reader(read_promoters, (b">STAT1 chr2:1\nACGTNNAC\nGGTT\n>IRF1|x\nacgt\n>IRF1\nAAAA\n",), "p.fa"),
        "JASPAR": Reader(read_matrices, (jaspar,), "m.jaspar"),
    }  # fmt: skip


def _in_tar(data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("GSM1_a.txt", "GSM2_b.txt"):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def _in_zip(data: bytes, member: str = "sets.gmt") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(member, data)
    return stream.getvalue()


def broken(seed: bytes, rng: random.Random) -> bytes:
    """Return a valid file, broken in one to four ways; now and then whole."""
    data = seed
    for _ in range(rng.randrange(5)):
        data = rng.choice(_WAYS)(data, rng)
    return data[: 1 << 16]


def _token(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(TOKENS) + data[place + rng.choice((0, 0, 1)) :]


def _cell(data: bytes, rng: random.Random) -> bytes:
    mark = rng.choice((b"\t", b",", b"\n", b'"'))
    cells = data.split(mark)
    cells[rng.randrange(len(cells))] = rng.choice((b"", *TOKENS))
    return mark.join(cells)


def _lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(4)
    if way == 0:
        del lines[place]
    elif way == 1:
        lines.insert(place, lines[other])
    elif way == 2:
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines[place] += lines[other]
    return b"\n".join(lines)


def _bytes(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    place = rng.randrange(len(data))
    end = min(len(data), place + rng.randrange(1, 9))
    return rng.choice(
        (
            data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :],
            data[:place] + data[end:],
            data[:end] + data[place:],
            data[:place],
            data[place:],
        )
    )


def _layer(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("latin-1")
    way = rng.randrange(7)
    if way == 0:
        return gzip.compress(data, 1)
    if way == 1:
        return gzip.compress(gzip.compress(data, 1), 1)
    if way == 2:
        return text.encode("utf-16")
    if way == 3:
        return b"\xef\xbb\xbf" + data
    if way == 4:
        return data.replace(b"\n", rng.choice((b"\r", b"\r\n")))
    if way == 5:
        return data.replace(b"\t", rng.choice((b",", b" ", b";"))) if b"\t" in data else data.replace(b",", b"\t")
    return gzip.compress(data, 1)[: -rng.randrange(1, 12)]


_WAYS = (_token, _token, _cell, _cell, _lines, _bytes, _bytes, _layer)


class _Hang(BaseException):
    pass


@contextlib.contextmanager
def _deadline() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _Hang

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def run_chunk(name: str, seed: str, executions: int, keep: Path) -> dict[str, Any]:
    """Read so many broken files with one reader, in a process of its own."""
    import logging

    logging.disable(logging.CRITICAL)
    reader = readers()[name]
    rng = random.Random(f"{name} {seed}")  # noqa: S311
    outcome: Counter[str] = Counter()
    faults: dict[str, str] = {}
    folder = keep / f"running-{os.getpid()}"  # what is being read stays behind when a signal ends the process
    folder.mkdir()
    path = folder / reader.name
    started = time.process_time()
    for _ in range(executions):
        data = reader.wrap(broken(rng.choice(reader.seeds), rng))
        if reader.wrap is not bytes and rng.random() < 0.2:
            data = _bytes(data, rng)
        path.write_bytes(data)
        try:
            with _deadline():
                reader.read(path)
        except SidemineError:
            outcome["refused"] += 1
        except _Hang:
            outcome["hang"] += 1
            faults.setdefault("hang", _keep(data, keep, name))
        except Exception as error:  # noqa: BLE001
            outcome["untyped exception"] += 1
            frame = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {str(error)[:120]}"
            faults.setdefault(key, _keep(data, keep, name))
        else:
            outcome["read"] += 1
    path.unlink()
    folder.rmdir()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"outcome": dict(outcome), "faults": faults, "peak_mb": peak, "cpu": time.process_time() - started}


def _keep(data: bytes, keep: Path, name: str) -> str:
    path = keep / f"{name.replace(' ', '_')}-{abs(hash(data)):x}"
    path.write_bytes(data)
    return str(path)


def main() -> None:
    """Fuzz all readers and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--reader", choices=sorted(readers()))
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz_readers")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    names = [options.reader] if options.reader else list(readers())
    each = -(-options.executions // len(names))
    tasks = [
        (name, f"{options.seed}.{part}", min(CHUNK, each - start))
        for part, start in enumerate(range(0, each, CHUNK))
        for name in names
    ]
    total: Counter[str] = Counter()
    by_reader: dict[str, Counter[str]] = {name: Counter() for name in names}
    faults: dict[str, str] = {}
    peak, cpu = 0, 0.0
    for name, result in _run(tasks, options.processes, options.keep):
        total.update(result["outcome"])
        by_reader[name].update(result["outcome"])
        faults |= {f"{name}: {key}": path for key, path in result["faults"].items()}
        peak, cpu = max(peak, result["peak_mb"]), cpu + result["cpu"]
    for name, outcome in by_reader.items():
        print(f"{name:32} {dict(outcome)}")
    executions = sum(total.values())
    print(
        json.dumps(
            {"executions": executions, **total, "signals": total["signal"], "peak_mb": peak, "cpu_seconds": round(cpu)}
        )
    )
    for fault, path in faults.items():
        print(f"FAULT {fault}\n      {path}")
    sys.exit(bool(faults))


def _run(tasks: list[tuple[str, str, int]], processes: int, keep: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the result of each task; a process that a signal ended is a result, too."""
    context = get_context("fork")
    waiting, running = list(reversed(tasks)), []
    while waiting or running:
        while waiting and len(running) < processes:
            name, seed, executions = waiting.pop()
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(theirs, name, seed, executions, keep))
            process.start()
            theirs.close()
            running.append((process, ours, name))
        process, ours, name = running.pop(0)
        try:
            result = ours.recv()
        except EOFError:
            process.join()
            path = keep / f"running-{process.pid}"
            result = {
                "outcome": {"signal": 1},
                "faults": {f"exit code {process.exitcode}": str(path)},
                "peak_mb": 0,
                "cpu": 0.0,
            }
        process.join()
        yield name, result


def _work(pipe: Any, name: str, seed: str, executions: int, keep: Path) -> None:
    pipe.send(run_chunk(name, seed, executions, keep))


if __name__ == "__main__":
    main()
