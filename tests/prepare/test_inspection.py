"""`sidemine inspect`: everything a selector needs, safely printed."""

from __future__ import annotations

import io
import tarfile

import pytest

from sidemine.cli import main
from sidemine.errors import Problem, RetrievalError
from sidemine.prepare.inspection_text import escape
from sidemine.retrieve.patience import WHILE_SOMEBODY_WAITS
from sidemine.study.selectors import parse_selector

MATRIX = """!Series_title\t"Blood \x1b[31mof people"
!Series_geo_accession\t"GSE1"
!Series_supplementary_file\t"ftp://ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE1/suppl/GSE1_RAW.tar"
!Series_platform_id\t"GPL570"
!Series_platform_id\t"GPL97"
!Sample_title\t"s1"\t"s2"\t"s3"\t"s4"\t"s5"\t"s6"
!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"\t"GSM4"\t"GSM5"\t"GSM6"
!Sample_organism_ch1\t"Homo sapiens"\t"Homo sapiens"\t"Homo sapiens"\t"Homo sapiens"\t"Homo sapiens"\t"Homo sapiens"
!Sample_characteristics_ch1\t"disease: healthy"\t"disease: healthy"\t"disease: VTE"\t"disease: VTE"\t"disease: VTE"\t"disease: vte"
!Sample_characteristics_ch1\t"sex: f"\t"sex: m"\t"sex: f"\t"sex: m"\t"sex: f"\t"sex: m"
!Sample_platform_id\t"GPL570"\t"GPL570"\t"GPL570"\t"GPL570"\t"GPL570"\t"GPL570"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"\t"GSM4"\t"GSM5"\t"GSM6"
"a_at"\t5.5\t6\t7.25\t8\t9\t10
!series_matrix_table_end
"""
PLACE = "ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE1/matrix"


def run(capsys, *arguments):
    code = main(["inspect", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def mirror(tmp_path):
    """A mirror that holds one series, as one of several platforms."""
    folder = tmp_path / "mirror"
    (folder / PLACE).mkdir(parents=True)
    (folder / PLACE / "GSE1-GPL570_series_matrix.txt.gz").write_text(MATRIX)
    return folder


def test_a_series_from_a_mirror(mirror, capsys):
    """Platforms, files, values, keys with counts, groups and selectors are all told."""
    code, out, _ = run(capsys, "GSE1", "--mirror", mirror)
    assert code == 0
    for text in (
        "platforms: GPL570",
        "further platforms, in other files: GPL97",
        "GSE1_RAW.tar",
        "Likely scale: log2",
        '3 × "VTE"',
        'several spellings? "VTE" | "vte"',
        'organism = "Homo sapiens"',
        "title: another value in every sample",
        "Keys that could separate groups: disease, sex",
        'target:    disease = "VTE"',
        'reference: disease = "healthy"',
    ):
        assert text in out


def test_text_from_a_file_cannot_steer_the_terminal(mirror, capsys):
    """A title may hold escape sequences."""
    _, out, _ = run(capsys, "GSE1", "--mirror", mirror, "--platform", "GPL570")
    assert "\x1b" not in out
    assert r"Blood \x1b[31mof people" in out


def test_escape_leaves_letters_and_cuts_long_text():
    """Greek letters are text; a right-to-left override and a line break are not."""
    assert escape("IFN-γ 45 °C") == "IFN-γ 45 °C"
    assert escape("a\u202eb\nc") == r"a\u202eb\nc"
    assert len(escape("x" * 500)) == 100


def test_suggested_selectors_select(mirror, capsys):
    """What is printed for pasting must parse, and match disjoint samples."""
    from sidemine.prepare.inspection import inspect_file

    samples = inspect_file(mirror / PLACE / "GSE1-GPL570_series_matrix.txt.gz").samples
    _, out, _ = run(capsys, "GSE1", "--mirror", mirror)
    lines = [
        line.split(":", 1)[1].strip() for line in out.splitlines() if line.startswith(("  target:", "  reference:"))
    ]
    target, reference = (parse_selector(line).matches(samples) for line in lines)
    assert target.sum() == 3
    assert reference.sum() == 2
    assert not (target & reference).any()


def test_groups_that_only_the_title_tells(tmp_path, capsys):
    """Where no key separates groups, words of the title may."""
    text = MATRIX.replace("disease: VTE", "disease: healthy").replace("disease: vte", "disease: healthy")
    text = text.replace("sex: m", "sex: f")
    for number in range(1, 7):
        text = text.replace(f'"s{number}"', f'"{"DMSO" if number < 4 else "Drug"} rep{number}"')
    path = tmp_path / "matrix.txt"
    path.write_text(text)
    _, out, _ = run(capsys, path)
    assert "DMSO × 3, Drug × 3" in out
    assert 'target:    title ~ "Drug"' in out
    assert 'reference: title ~ "DMSO"' in out


def test_a_series_that_the_mirror_lacks(mirror, capsys):
    """The address, the place in the mirror and the way out are told; the network is not tried."""
    code, _, err = run(capsys, "GSE2", "--mirror", mirror)
    assert code == 1
    assert "GSE2_series_matrix.txt.gz" in err
    assert "--platform" not in err  # matrices of single platforms were looked for too


@pytest.mark.parametrize("source", ["GSE900010", "GSE900010_RAW.tar"])
def test_nobody_waits_for_a_network_that_is_not_there(source, monkeypatch, capsys):
    patience = []

    def fail(*_, retries, **__):
        patience.append(retries)
        raise RetrievalError(Problem("no network", "here", "one", "Wait."))

    monkeypatch.setattr("sidemine.retrieve.download.fetch", fail)
    assert run(capsys, source)[0] != 0
    assert patience == [WHILE_SOMEBODY_WAITS]


def test_values_that_cannot_be_read_do_not_hide_the_metadata(tmp_path, capsys):
    """A decimal comma is told, and the keys are shown all the same."""
    path = tmp_path / "matrix.txt"
    path.write_text(MATRIX.replace("7.25", "7,25"))
    code, out, _ = run(capsys, path)
    assert code == 0
    assert "not a number" in out
    assert "'7,25'" in out
    assert '3 × "VTE"' in out


def test_a_table_of_counts(tmp_path, capsys):
    """A table has column names only: their parts are shown, and the selector reads the sample name."""
    path = tmp_path / "counts.tsv"
    path.write_text("gene\tD1_mock\tD2_mock\tD1_drug\tD2_drug\nSTAT1\t0\t5\t7\t1000\nSTAT2\t3\t5\t7\t9\n")
    code, out, _ = run(capsys, path)
    assert code == 0
    assert "Likely scale: counts" in out
    assert "part_2: 2 values" in out
    assert 'target:    sample ~ "drug"' in out
    assert 'reference: sample ~ "mock"' in out


def test_an_archive_lists_its_members(tmp_path, capsys):
    """A RAW.tar is told by the names in it."""
    path = tmp_path / "GSE1_RAW.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("GSM1_a.txt", "GSM2_b.txt"):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"x\t1"))
    code, out, _ = run(capsys, path)
    assert code == 0
    assert "2 files in the archive" in out
    assert "GSM2_b.txt" in out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is neither such a series nor a file"),
        (b"<html>x", "web page"),
        (b"PK\x03\x04xxxx", "damaged or cut short"),
        (b"", "none of the kinds"),
        (b"\x00\x01\x02", "none of the kinds"),
        (b"\x1f\x8b\x08\x00\x00", "cut short"),
    ],
)
def test_files_that_cannot_be_inspected(tmp_path, capsys, content, message):
    """Each is refused in words, with exit code 1 and no traceback."""
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    code, out, err = run(capsys, path)
    assert code == 1
    assert not out
    assert message in err
    assert "next:" in err


def test_help_and_version(capsys):
    """The command explains itself."""
    for argument in ("--help", "--version"):
        with pytest.raises(SystemExit, match="0"):
            main([argument])
    assert "sidemine" in capsys.readouterr().out


def test_h5ad_obs(tmp_path, capsys):
    """Single-cell files are told by their obs columns."""
    import anndata
    import numpy as np
    import pandas as pd

    obs = pd.DataFrame({"donor": ["d1", "d1", "d2", "d2"], "stim": ["a", "b", "a", "b"]}, index=list("wxyz"))
    data = anndata.AnnData(np.array([[0.0, 2], [1, 5], [3, 0], [0, 1]]), obs=obs)
    data.write_h5ad(tmp_path / "cells.h5ad")
    code, out, _ = run(capsys, tmp_path / "cells.h5ad")
    assert code == 0
    assert '2 × "d1"' in out
    assert "donor (rows) × stim (columns)" in out or "stim (rows) × donor (columns)" in out
    assert "Likely scale: counts" in out


@pytest.mark.real_files
def test_real_series(real_files, capsys):
    """GSE14520 without naming its platform: found in the mirror, with its label in two spellings."""
    code, out, _ = run(capsys, "GSE14520", "--mirror", real_files / "mirror")
    assert code == 0
    assert "GPL3921" in out
    assert '22 × "Liver Tumor Tissue"' in out
    assert "several spellings?" in out
    assert 'reference: tissue = "Liver Non-Tumor Tissue"' in out


@pytest.mark.real_files
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("data/GSE145647/whole_blood_normalized_counts.txt.gz", "Likely scale: normalised_counts"),
        ("data/Kang2018_PBMC_IFNb/kang2018_pbmc_ifnb_2000cells.h5ad", '1000 × "stim"'),
        ("data/published_tables/GSE147507_full_family.soft.gz", "110 (GSM4432378 … GSM4486165)"),
        ("mirror/ftp.ncbi.nlm.nih.gov/geo/series/GSE161nnn/GSE161664/suppl/GSE161664_RAW.tar", "16 files"),
    ],
)
def test_real_files_of_other_kinds(real_files, capsys, path, text):
    """Tables, h5ad, SOFT and archives as they are deposited."""
    code, out, _ = run(capsys, real_files / path)
    assert code == 0
    assert text in out
