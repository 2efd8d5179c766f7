"""Stand-ins of a study come from its own folder, and a folder that cannot give them is told so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sidemine.errors import StudyError
from sidemine.retrieve.integrity import carries_simulation_marker
from sidemine.simulate.study_standins import write_study_standins

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def study(tmp_path):
    """A copy of a study that a test may alter."""
    (tmp_path / "resources").symlink_to(CONFIG.parent / "resources")
    shutil.copytree(CONFIG / "tnf_inhibitors", tmp_path / "config" / "study")
    return tmp_path / "config" / "study" / "config.yaml"


def test_standins_are_marked_and_byte_identical(study, tmp_path):
    for folder in ("first", "second"):
        write_study_standins(study, tmp_path / folder)
    files = [path for path in sorted((tmp_path / "first").rglob("*")) if path.is_file()]
    assert len(files) == 11
    for path in files:
        assert carries_simulation_marker(path), path
        assert path.read_bytes() == (tmp_path / "second" / path.relative_to(tmp_path / "first")).read_bytes(), path


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("standins.yaml", "  GSE81622:", "  GSE81623:", "series GSE81622"),
        ("standins.yaml", "VIA_NFKB: -0.8", "VIA_NFKB: much", "standins.yaml"),
        ("standins.yaml", "[CORE_ISG]", "[CORE_IRG]", "no gene set of the study has this name: CORE_IRG"),
        ("standins.yaml", "n_genes: 2000", "n_genes: 200", "take at least"),
        ("datasets.tsv", "GPL570\tseries_matrix\t\tprobe\tlog2\t\t\tpeople\tblood", "GPL570\tolink_npx\thttps://example.org/a.csv\tuniprot\tlog2\t\t\tpeople\tblood", "no stand-in can be written of layout olink_npx"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_told(study, tmp_path, file, old, new, message):
    path = study.parent / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        write_study_standins(study, tmp_path / "mirror")


def test_a_study_without_the_file_is_told_to_write_one(study, tmp_path):
    (study.parent / "standins.yaml").unlink()
    with pytest.raises(StudyError, match=r"a file standins\.yaml beside config\.yaml"):
        write_study_standins(study, tmp_path / "mirror")
