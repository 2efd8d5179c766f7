"""One file per sample as each tool writes it: the right column of the right file, in tar, zip and folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from deposits import gene_table, packed, row, write_members

from sidemine.errors import InputError, SidemineError
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.metadata import read_samples
from sidemine.sources.archive_members import list_archive_samples
from sidemine.sources.count_archive import read_count_archive
from sidemine.sources.declarations import DeclaredValues

RSEM_HEAD = "gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
ISOFORM_HEAD = "transcript_id\tgene_id\tlength\teffective_length\texpected_count\tTPM\tFPKM\tIsoPct\n"
SALMON_HEAD = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
KALLISTO_HEAD = "target_id\tlength\teff_length\test_counts\ttpm\n"
STAR_HEAD = "N_unmapped\t9\t9\t9\nN_multimapping\t8\t8\t8\nN_noFeature\t1\t2\t3\nN_ambiguous\t1\t1\t1\n"
GDC_HEAD = (
    "# gene-model: GENCODE v36\ngene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\t"
    "tpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded\nN_unmapped\t\t\t9\t9\t9\t\t\t\n"
)
FEATURE_HEAD = "# Program:featureCounts v2\nGeneid\tChr\tStart\tEnd\tStrand\tLength\t/data/x.bam\n"


def _rsem(a: float, b: float) -> str:
    return RSEM_HEAD + f"STAT1\tT1,T2\t9\t8\t{a}\t1\t0.5\nIRF1\tT3\t9\t8\t{b}\t3\t2.5\n"


def _salmon(a: float, b: float, names: tuple[str, str] = ("STAT1", "IRF1")) -> str:
    return SALMON_HEAD + f"{names[0]}\t9\t8\t1\t{a}\n{names[1]}\t9\t8\t3\t{b}\n"


def _star(a: int, b: int) -> str:
    return STAR_HEAD + f"STAT1\t{a}\t1\t{a - 1}\nIRF1\t{b}\t0\t{b}\n"


def _gdc(a: int, b: int) -> str:
    rows = ((name, n) for name, n in (("STAT1", a), ("IRF1", b)))
    return GDC_HEAD + "".join(f"{name}\tX\tprotein_coding\t{n}\t{n // 2}\t{n - n // 2}\t1\t2\t3\n" for name, n in rows)


def _features(a: int, b: int) -> str:
    return FEATURE_HEAD + f"STAT1\tchr1;chr1\t1;5\t3;9\t+;+\t8\t{a}\nIRF1\tchr1\t1\t3\t+\t8\t{b}\n"


MEMBERS: dict[str, Mapping[str, str | bytes]] = {
    "RSEM": {"S1.genes.results": _rsem(1.5, 2), "S2.genes.results": _rsem(3, 4.25), "S1.isoforms.results": "x"},
    "RSEM in folders": {"S1/rsem.genes.results.gz": _rsem(1.5, 2), "S2/rsem.genes.results.gz": _rsem(3, 4.25)},
    "salmon genes": {
        **{f"S{n}/quant.genes.sf": _salmon(a, b) for n, a, b in ((1, 1.5, 2), (2, 3, 4.25))},
        **{f"S{n}/quant.sf": _salmon(1, 1, ("ENST00000361390", "ENST00000361391")) for n in (1, 2)},
        **{f"S{n}/libParams/flenDist.txt": "0\t0\n" for n in (1, 2)},
    },
    "renamed": {"GSM1_x.txt.gz": _rsem(1.5, 2), "GSM2_y.txt.gz": _rsem(3, 4.25)},
    "HTSeq with names": {
        "S1.txt": "STAT1\tn1\t1.5\nIRF1\tn2\t2\n__no_feature\t\t9\n",
        "S2.txt": "STAT1\tn1\t3\nIRF1\tn2\t4.25\n__no_feature\t\t9\n",
    },
    "named columns": {
        "S1.csv": "gene,length,count,FPKM\nSTAT1,9,1.5,7\nIRF1,9,2,7\n",
        "S2.csv": "gene,length,count,FPKM\nSTAT1,9,3,7\nIRF1,9,4.25,7\n",
    },
    "R": {"S1.txt": '"x"\n"STAT1" 1.5\n"IRF1" 2\n', "S2.txt": '"x"\n"STAT1" 3\n"IRF1" 4.25\n'},
}


@pytest.mark.parametrize("container", ["raw.tar", "raw.zip", "folder"])
@pytest.mark.parametrize("tool", list(MEMBERS))
def test_each_tool(tmp_path: Path, tool: str, container: str) -> None:
    path = write_members(tmp_path / container, MEMBERS[tool])
    matrix = read_count_archive(path)
    assert matrix.identifiers == ["STAT1", "IRF1"]
    assert matrix.values.tolist() == [[1.5, 3], [2, 4.25]]
    assert matrix.columns == (["GSM1", "GSM2"] if tool == "renamed" else ["S1", "S2"])


@pytest.mark.parametrize(("scale", "values"), [("counts", [1.5, 2]), ("tpm", [1, 3]), ("fpkm", [0.5, 2.5])])
def test_the_scale_chooses_the_column(tmp_path: Path, scale: str, values: list[float]) -> None:
    path = write_members(tmp_path / "raw.tar", {"S1.genes.results": _rsem(1.5, 2)})
    assert read_count_archive(path, scale=scale).values.ravel().tolist() == values
    with pytest.raises(InputError, match="the scale does not fit a file of RSEM"):
        read_count_archive(path, scale="log2")


@pytest.mark.parametrize("write", [_star, _gdc])
def test_strands(tmp_path: Path, write: object) -> None:
    assert callable(write)
    name = "GSM{}_s{}ReadsPerGene.out.tab.gz" if write is _star else "d{}.rna_seq.augmented_star_gene_counts.tsv"
    members = {name.format(n, n): write(10 * n, 40) for n in (1, 2)}
    path = write_members(tmp_path / "raw.tar", members)
    expected = {_star: {"no": 10, "forward": 1, "reverse": 9}, _gdc: {"no": 10, "forward": 5, "reverse": 5}}[write]
    for strand, count in expected.items():
        if write is _star and strand == "forward":
            with pytest.raises(InputError, match="most reads lie on the other one"):
                read_count_archive(path, strand=strand)
            continue
        matrix = read_count_archive(path, strand=strand)
        assert matrix.values[0, 0] == count
        assert any("of the reads that a strand can be told of" in note for note in matrix.notes)
    if write is _gdc:
        assert list_archive_samples(path)[0].sample == "d1.rna_seq"


def test_a_strand_without_counts_by_strand_is_refused(tmp_path: Path) -> None:
    for text in (_rsem(1, 2), "STAT1\t1\nIRF1\t2\n"):
        path = write_members(tmp_path / "raw.tar", {"S1.txt": text})
        with pytest.raises(InputError, match="has no counts by strand"):
            read_count_archive(path, strand="reverse")


_TRANSCRIPTS = ("ENST00000361390.2", "ENST00000361391.1")


@pytest.mark.parametrize(
    "members",
    [
        {"S1/quant.sf": _salmon(5, 7, _TRANSCRIPTS), "S2/quant.sf": _salmon(1, 2, _TRANSCRIPTS)},
        {
            f"S{n}/abundance.tsv": KALLISTO_HEAD + f"{_TRANSCRIPTS[0]}\t9\t8\t{a}\t1\n{_TRANSCRIPTS[1]}\t9\t8\t{b}\t3\n"
            for n, a, b in ((1, 5, 7), (2, 1, 2))
        },
        {
            f"S{n}.isoforms.results": ISOFORM_HEAD
            + f"{_TRANSCRIPTS[0]}\tG\t9\t8\t{a}\t1\t1\t50\n{_TRANSCRIPTS[1]}\tG\t9\t8\t{b}\t3\t2\t50\n"
            for n, a, b in ((1, 5, 7), (2, 1, 2))
        },
    ],
)
def test_transcripts_need_a_map_to_genes_and_are_then_added(tmp_path: Path, members: Mapping[str, str | bytes]) -> None:
    path = write_members(tmp_path / "raw.tar", members)
    with pytest.raises(InputError, match=r"rows are transcripts, not genes[\s\S]*platform_map"):
        read_count_archive(path)
    map_ = tmp_path / "tx2gene.tsv"
    map_.write_text("probe_id\tsymbol\n" + "".join(f"{name}\tSTAT1\n" for name in _TRANSCRIPTS))
    files = {"values": path, "platform_map": map_}
    one = row("archive", identifiers="probe", platform_map="tx2gene.tsv")
    adata, _ = prepare_dataset(one, files, read_samples(one, files, {}, []), gene_table())
    assert adata[["S1", "S2"], "STAT1"].layers["counts"].ravel().tolist() == [12, 3]


def test_feature_counts_by_sample_and_packed_twice(tmp_path: Path) -> None:
    members = {f"GSM{n}_a.txt": _features(n, 7) for n in (1, 2)} | {"GSM1_a.txt.summary": "Status\tx.bam\n"}
    inner = packed(tmp_path, "inner.tar.gz", members)
    path = write_members(tmp_path / "outer.zip", {"counts/inner.tar.gz": inner})
    matrix = read_count_archive(path)
    assert matrix.columns == ["GSM1", "GSM2"]
    assert matrix.values.tolist() == [[1, 2], [7, 7]]
    assert any("GSM1_a.txt.summary" in note for note in matrix.notes)


def test_files_of_two_tools_are_refused(tmp_path: Path) -> None:
    path = write_members(
        tmp_path / "raw.tar", {"S1.genes.results": _rsem(1, 2), "S1.ReadsPerGene.out.tab": _star(2, 3)}
    )
    with pytest.raises(
        InputError, match=r"files of several tools[\s\S]*RSEM[\s\S]*STAR|files of several tools[\s\S]*STAR"
    ):
        read_count_archive(path)


@pytest.mark.parametrize(
    "text", ["gene,a,b\nA,1,2\nB,3,4\n", "gene\tlength\nA\t5\nB\t6\nC\t7\n", "A\t1\tx\nB\t2\ty\nC\t3\t4\n"]
)
def test_columns_that_may_not_be_values_are_never_taken_silently(tmp_path: Path, text: str) -> None:
    path = write_members(tmp_path / "raw.tar", {"S1.txt": text})
    with pytest.raises(SidemineError, match="not clear which one holds the values"):
        read_count_archive(path)


def test_a_single_file_is_one_sample(tmp_path: Path) -> None:
    (tmp_path / "GSM7_c.txt").write_text("STAT1\t5\nIRF1\t6\n")
    matrix = read_count_archive(tmp_path / "GSM7_c.txt")
    assert (matrix.columns, matrix.values.ravel().tolist()) == (["GSM7"], [5, 6])


@pytest.mark.parametrize("name", ["S{}.csv", "S{}.txt"])
def test_counters_of_rows_are_no_entrez_ids(tmp_path: Path, name: str) -> None:
    """R's row names 1, 2, 3, … are valid Entrez ids, of other genes."""
    rows = [(3, 10), (1, 20), (2, 30), (4, 40)]
    mark = "," if name.endswith("csv") else "\t"
    with_ids = '"",gene,count\n'.replace(",", mark) + "".join(
        f'"{row}"{mark}{gene}{mark}{count}\n' for row, (gene, count) in enumerate(rows, start=1)
    )
    path = write_members(tmp_path / "a.tar", {name.format(n): with_ids for n in (1, 2)})
    matrix = read_count_archive(path, declared=DeclaredValues("entrez"))
    assert matrix.identifiers == ["3", "1", "2", "4"]
    assert any("only counts rows" in note for note in matrix.notes)
    for header in ("", f'""{mark}count\n', '"count"\n'):
        content = header + "".join(f"{row}{mark}{count}\n" for row, (_, count) in enumerate(rows, start=1))
        path = write_members(tmp_path / "b.tar", {name.format(n): content for n in (1, 2)})
        with pytest.raises(
            InputError, match=r"only counts rows|counts rows or describes a place|name of a column|has 1 columns"
        ):
            read_count_archive(path, declared=DeclaredValues("entrez"))


def test_a_sample_with_a_file_of_another_tool_is_not_dropped(tmp_path: Path) -> None:
    members = {"GSM1.genes.results": _rsem(1, 2), "GSM2.genes.results": _rsem(1, 2), "readme.txt": "x"}
    assert read_count_archive(write_members(tmp_path / "a.tar", members)).columns == ["GSM1", "GSM2"]
    members["GSM3_counts.txt"] = "STAT1\t1\nIRF1\t2\n"
    with pytest.raises(InputError, match="1 samples have a file of another kind"):
        read_count_archive(write_members(tmp_path / "b.tar", members))
    # A second file of a sample that has one of the tool is only told.
    del members["GSM3_counts.txt"]
    members["GSM2_counts.txt"] = "STAT1\t1\nIRF1\t2\n"
    assert read_count_archive(write_members(tmp_path / "c.tar", members)).columns == ["GSM1", "GSM2"]


def test_rows_of_one_gene_in_another_order_are_not_matched(tmp_path: Path) -> None:
    """The second row of a gene in one file need not be the second in another, when the files are sorted differently."""
    first = "A\t1\nB\t2\nC\t3\nA\t9\n"
    members = {"S1.txt": first, "S2.txt": "A\t9\nC\t3\nA\t1\nB\t2\n"}
    with pytest.raises(InputError, match="stands several times, and the files are in different orders"):
        read_count_archive(write_members(tmp_path / "a.tar", members))
    same = read_count_archive(write_members(tmp_path / "b.tar", members | {"S2.txt": first + "D\t1\n"}))
    assert same.values.tolist() == [[1, 1], [2, 2], [3, 3], [9, 9]]


@pytest.mark.parametrize(("word", "scale"), [("FPKM", "counts"), ("count", "tpm"), ("TPM", "fpkm")])
def test_the_name_of_the_column_contradicts_the_scale(tmp_path: Path, word: str, scale: str) -> None:
    members = {f"S{n}.txt": f"gene\t{word}\nSTAT1\t1.5\nIRF1\t2.5\n" for n in (1, 2)}
    with pytest.raises(InputError, match=f"called '{word}', and the sheet says {scale}"):
        read_count_archive(write_members(tmp_path / "a.tar", members), scale=scale)


def test_calls_and_p_values_beside_the_values_of_a_chip(tmp_path: Path) -> None:
    rows = "ID_REF\tVALUE\tABS_CALL\tDETECTION P-VALUE\n1_at\t5.5\tP\t0.01\n2_at\t6.5\tA\t0.2\n"
    path = write_members(tmp_path / "a.tar", {f"GSM{n}.txt": rows for n in (1, 2)})
    matrix = read_count_archive(path, scale="linear", declared=DeclaredValues("probe"))
    assert matrix.values.tolist() == [[5.5, 5.5], [6.5, 6.5]]
