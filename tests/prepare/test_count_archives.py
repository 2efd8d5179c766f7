"""Archives with one count file per sample, and NCBI-generated counts."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from sidemine.errors import InputError
from sidemine.sources.archive_members import list_archive_samples
from sidemine.sources.count_archive import read_count_archive
from sidemine.sources.ncbi_counts import read_ncbi_annotation, read_ncbi_counts


def _tar(folder: Path, members: dict[str, str]) -> Path:
    path = folder / "GSE1_RAW.tar"
    with tarfile.open(path, "w") as archive:
        for name, text in members.items():
            data = gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_htseq_counters_are_left_out_and_told(tmp_path: Path) -> None:
    """`__` rows are no genes; they go to the ledger, and the simulated mark is among them."""
    path = _tar(
        tmp_path,
        {
            "GSM1_control_rep1.txt.gz": "A\t1\nB\t2\n__no_feature\t9\n__SIDEMINE-SIMULATED\t0\n",
            "GSM2_ifn.rep1.txt": "A\t3\nB\t4\n__no_feature\t8\n",
        },
    )
    matrix = read_count_archive(path)
    assert matrix.columns == ["GSM1", "GSM2"]
    assert matrix.identifiers == ["A", "B"]
    assert matrix.values.tolist() == [[1, 3], [2, 4]]
    assert [name for name, _ in matrix.left_out] == ["__SIDEMINE-SIMULATED", "__no_feature"]
    assert matrix.simulated
    assert [member.title for member in list_archive_samples(path)] == ["control_rep1", "ifn.rep1"]


def test_genes_of_some_files_only_are_left_out(tmp_path: Path) -> None:
    """An absent gene is not a gene without reads: it is left out, with the number of files that lack it."""
    matrix = read_count_archive(_tar(tmp_path, {"GSM1_a.txt": "A\t1\nB\t2\nC\t1\n", "GSM2_b.txt": "A\t3\nB\t4\n"}))
    assert matrix.identifiers == ["A", "B"]
    assert matrix.left_out == [("C", "absent from 1 of 2 files")]


def test_feature_counts_member(tmp_path: Path) -> None:
    """featureCounts' seventh column holds the counts."""
    text = "# Program\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tx.bam\nA\t1\t1\t2\t+\t5\t11\nB\t1\t1\t2\t+\t5\t12\n"
    assert read_count_archive(_tar(tmp_path, {"GSM1_a.txt": text})).values.tolist() == [[11], [12]]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"GSM1_a.CEL.gz": "x"}, "holds no count files"),
        ({"GSM1_a.txt": "A\t1\n", "GSM1_b.txt": "A\t1\n"}, "two files belong to sample GSM1"),
        ({"GSM1_a.txt": "A\t1\nB\tx\n"}, r"line 2 \(B\), column 'column 2', value 'x'"),
        ({"GSM1_a.txt": "A\t#VALUE!\nB\t1\n"}, r"line 1 \(A\).*value '#VALUE!'"),
        ({"GSM1_a.csv": 'ISG15,"1,867"\nB,1\n'}, r"line 1 \(ISG15\).*value '1,867'"),
        ({"GSM1_a.csv": 'B,1\nISG15,"1,867"\n'}, r"line 2 \(ISG15\).*value '1,867'"),
        ({"GSM1_a.txt": "A\t1\nB\t1_000\n"}, "value '1_000'"),
        ({"GSM1_a.txt": "A\t1\nB\tnan\n"}, r"a count is missing\n.*row 2 \(B\)"),
        ({"GSM1_a.txt": "A\t1\nB\t1\nC\t2\t3\n"}, r"line 3 \(C\)"),
        ({"GSM1_a.txt": "A\t1\n\t2\n"}, "a row has no name"),
        ({"GSM1_a.txt": "A\t1\nA\t2\n", "GSM2_b.txt": "A\t1\nB\t2\n"}, "stands more often in some files"),
        ({"GSM1_a.txt": "A\t1\t2\t3\n"}, "has 4 columns"),
        ({"GSM1_a.txt": "A\t1\nB\t1\nC\t1\n", "GSM2_b.txt": "X\t1\nY\t1\nA\t1\n"}, "share only 1 of 5 genes"),
        ({"GSM1_a.txt": "gene\tcount\n"}, "holds no genes"),
    ],
)
def test_archives_that_cannot_be_used(tmp_path: Path, members: dict[str, str], message: str) -> None:
    """Each way an archive can be wrong has its own message."""
    with pytest.raises(InputError, match=message):
        read_count_archive(_tar(tmp_path, members))


def test_repeated_genes_stay_and_only_counters_are_no_genes(tmp_path: Path) -> None:
    """Rows of one gene are added later, not here; `N_ABC` is a gene, `N_noFeature` is none."""
    text = "N_ABC\t4\nA\t1\nA\t2\nN_noFeature\t9\nno_feature\t9\n"
    matrix = read_count_archive(_tar(tmp_path, {"GSM1_a.txt": text, "GSM2_b.txt": text}))
    assert matrix.identifiers == ["N_ABC", "A", "A"]
    assert matrix.values.tolist() == [[4, 4], [1, 1], [2, 2]]
    assert [name for name, _ in matrix.left_out] == ["N_noFeature", "no_feature"]


def test_member_without_accession_is_named_by_its_file(tmp_path: Path) -> None:
    """Files without a GSM prefix are samples under their own name."""
    path = _tar(tmp_path, {"x/donor 1.counts.gz": "A\t1\nB\t1\n"})
    assert list_archive_samples(path)[0].sample == "donor 1"


def test_ncbi_counts_and_their_annotation(tmp_path: Path) -> None:
    """GeneID rows and GSM columns; the annotation gives symbols."""
    counts = tmp_path / "counts.tsv"
    counts.write_text("GeneID\tGSM1\tGSM2\n6772\t5\t6\n100287102\t0\t1\n")
    matrix = read_ncbi_counts(counts)
    assert (matrix.identifiers, matrix.columns) == (["6772", "100287102"], ["GSM1", "GSM2"])
    annotation = tmp_path / "annot.tsv.gz"
    annotation.write_bytes(gzip.compress(b"GeneID\tSymbol\tDescription\n6772\tSTAT1\tsignal\n"))
    assert read_ncbi_annotation(annotation) == {"6772": "STAT1"}


def test_ncbi_counts_of_another_kind_are_refused(tmp_path: Path) -> None:
    """Symbols in the first column are not NCBI's counts."""
    path = tmp_path / "counts.tsv"
    path.write_text("GeneID\tGSM1\nSTAT1\t5\n")
    with pytest.raises(InputError, match="value 'STAT1'"):
        read_ncbi_counts(path)
    with pytest.raises(InputError, match="lacks columns GeneID and Symbol"):
        read_ncbi_annotation(path.with_name("counts.tsv"))
