"""A right study loads: tolerant of what editors and spreadsheets do, strict in what it hands on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from sidemine.errors import StudyError
from sidemine.study.description import StudyDescription
from sidemine.study.load import digest_of_content, load_study
from sidemine.study.paths import expand_path, is_url

ROOT = Path(__file__).resolve().parents[2]


def test_small_study_loads(small):
    """Rows stand by their id in the order of the sheets, lists are split, defaults filled in."""
    study = load_study(small.config)
    assert list(study.datasets) == ["cohort_a", "cohort_b", "cells"]
    assert study.contrasts["sick_a"].covariates == ["age", "sex"]
    assert study.contrasts["sick_a"].blocking == "auto"
    assert study.config.settings.min_group_size == 3
    assert study.folder == study.config_dir == small.folder
    assert study.results_dir == Path("results/small")
    assert study.downloads_dir == Path("downloads/small")
    assert study.lock == small.folder / "inputs.lock.tsv"
    assert study.mirror is None
    assert study.planted is None


def test_a_declared_source_joins_accessions(small):
    """Two accessions of one laboratory's cells count as one, however the word is written; without it they are two."""
    plain = load_study(small.config).datasets
    assert plain["cohort_a"].independent_source == "gse1"
    small.edit("datasets.tsv", "tissue\tlicence", "tissue\tlicence\tsource")
    for row, word in (("cohort_a\tGSE1\tGPL571", "Lab A"), ("cohort_b\tGSE2\tGPL570", "lab A"), ("counts", "")):
        line = next(line for line in (small.folder / "datasets.tsv").read_text().splitlines() if row in line)
        small.edit("datasets.tsv", line, f"{line}\t{word}")
    rows = load_study(small.config).datasets
    assert rows["cohort_a"].independent_source == rows["cohort_b"].independent_source
    assert rows["cells"].independent_source == "gse3"


def test_what_is_declared_of_a_dataset_is_part_of_the_digest(small):
    """A declared source is part of the question; the digest follows from `study.json` alone."""
    study = load_study(small.config)
    before = study.digest
    assert digest_of_content(study.to_json()) == before
    small.edit("datasets.tsv", "tissue\tlicence", "tissue\tlicence\tsource")
    for end in ("blood\tGEO terms\n", "blood\tGEO terms\n", "cells\tGEO terms\n"):
        small.edit("datasets.tsv", end, end.replace("\n", "\tlab A\n"))
    assert load_study(small.config).digest != before


def test_opt_in_sets_are_used_only_when_asked_for(small):
    """A set with a restrictive licence stays out until somebody opts in."""
    assert [row.gene_set for row in load_study(small.config).used_gene_sets] == ["TARGETS", "MEMBERS"]
    opted = load_study(small.config, {"settings": {"opt_in": ["CLOSED"]}})
    assert "CLOSED" in [row.gene_set for row in opted.used_gene_sets]


def test_spreadsheet_habits_change_nothing(small):
    """A byte order mark, CRLF, blank lines, comments and doubled quotes read like the plain sheet."""
    plain = load_study(small.config)
    path = small.folder / "contrasts.tsv"
    text = path.read_text(encoding="utf-8").replace('group = "very sick"', '"group = ""very sick"""')
    path.write_bytes(("\ufeff# comment\n\n" + text + "\n  \n").replace("\n", "\r\n").encode("utf-8"))
    again = load_study(small.config)
    assert again.contrasts == plain.contrasts
    assert again.digest == plain.digest


def test_quotes_of_a_selector_survive(small):
    """A selector that starts and ends with a quote keeps its quotes."""
    small.edit("contrasts.tsv", 'group = "very sick"', '"my group" = "very sick"')
    assert load_study(small.config).contrasts["sick_b"].target == '"my group" = "very sick"'


def test_digest_follows_content_not_places(small, tmp_path):
    """The digest changes with what is asked, and not with where files lie."""
    digest = load_study(small.config).digest
    (tmp_path / "mirror").mkdir()
    assert load_study(small.config, {"mirror": "mirror", "results": "elsewhere"}).digest == digest
    assert load_study(small.config, {"settings": {"seed": 7}}).digest != digest
    small.edit("contrasts.tsv", "group = healthy", "group = control")
    assert load_study(small.config).digest != digest


def test_overrides_reach_into_sections(small):
    """A value from the command line replaces its key and leaves the rest of the section."""
    study = load_study(small.config, {"study": {"title": "Another title"}})
    assert study.config.study.title == "Another title"
    assert study.config.study.id == "small"


def test_empty_sections_mean_defaults(small):
    """`settings:` with nothing under it is no mistake."""
    small.edit("config.yaml", "gene_table:", "settings:\nderive:\nexclude:\ngene_table:")
    assert load_study(small.config).config.settings.seed > 0


def test_study_json_is_plain(small):
    """study.json holds config, sheets and digest as plain values."""
    study = load_study(small.config)
    content = json.loads(json.dumps(study.to_json()))
    assert list(content) == [
        "config",
        "datasets",
        "contrasts",
        "gene_sets",
        "published_tables",
        "lines",
        "own_markers",
        "considered",
        "drawings",
        "config_digest",
    ]
    assert content["config_digest"] == study.digest
    assert content["contrasts"][0]["covariates"] == ["age", "sex"]


def test_files_need_not_exist_when_not_asked(small):
    """The DAG of a study whose files are made later can be built."""
    (small.folder / "counts.tsv").unlink()
    assert load_study(small.config, check_files=False).datasets
    with pytest.raises(StudyError, match="does not exist"):
        load_study(small.config)


def test_a_folder_may_stand_where_one_file_per_sample_is_declared(small):
    """One file per sample may lie in a folder; a table is one file."""
    (small.folder / "counts.tsv").unlink()
    (small.folder / "counts.tsv").mkdir()
    with pytest.raises(StudyError, match="a file of the study is a folder"):
        load_study(small.config)
    small.edit("datasets.tsv", "\ttable\t", "\tarchive\t")
    assert load_study(small.config).datasets["cells"].layout == "archive"


def test_names_of_library_sets_are_known_after_retrieval_only(small):
    """With a `*` row, secondary sets may be named by their library."""
    small.edit("config.yaml", "[MEMBERS]", "[FROM_THE_LIBRARY]")
    with (small.folder / "gene_sets.tsv").open("a", encoding="utf-8") as sheet:
        sheet.write("*\tcomparator\tsets.gmt\tgmt\t*\tCC0\t1\t\n")
    assert load_study(small.config)


def test_paths_count_from_the_config(monkeypatch, tmp_path):
    """Relative paths count from the config file; ${NAME} is an environment variable."""
    monkeypatch.setenv("SIDEMINE_SOME_FOLDER", "/data")
    assert expand_path("../x/a.tsv", tmp_path / "config") == tmp_path / "x" / "a.tsv"
    assert expand_path("${SIDEMINE_SOME_FOLDER}/a.tsv", tmp_path) == Path("/data/a.tsv")
    assert is_url("https://host/x")
    assert not is_url("host/x")


def test_importing_the_stage_is_cheap():
    """Snakemake imports this stage at every start: it must not pull pandas or numpy in."""
    code = "import sys, sidemine.study.load; sys.exit(bool({'pandas', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_real_study_is_right():
    """config/ itself passes every check, the existence of its local files included."""
    study = load_study(ROOT / "config" / "config.yaml")
    assert "Nobody has run this study" in study.config.study.notice
    kinds = {hypothesis.id: hypothesis.kind for hypothesis in study.config.hypotheses}
    assert kinds["vte_jak_stat_targets"] == "cohort"
    assert kinds["inhibitors_suppress_isgs"] == "experiment"
    assert kinds["inhibitor_class_in_airway_cells"] == "panel"
    assert not any(row.gene_set == "KEGG_JAK_STAT" for row in study.used_gene_sets)


def test_the_real_study_states_its_evidence():
    """Every selector says how it is known; what was only remembered, inferred or seen in code is not called verified."""
    study = load_study(ROOT / "config" / "config.yaml")
    weak = ("remembered", "inferred", "seen in public analysis code")
    for contrast in study.contrasts.values():
        assert contrast.note
        if contrast.status == "verified":
            assert not any(word in contrast.note for word in weak), contrast.contrast
    assert all(dataset.note for dataset in study.datasets.values())


@pytest.mark.real_files
def test_selectors_fit_the_real_records(real_files, monkeypatch):
    """Selectors that rest on the records at hand choose the groups that these records really hold."""
    import gzip
    import re
    import tarfile

    import pandas as pd

    from sidemine.study.selectors import parse_selector

    geo = real_files / "mirror" / "ftp.ncbi.nlm.nih.gov" / "geo" / "series"
    contrasts = load_study(ROOT / "config" / "config.yaml").contrasts

    def sizes(contrast: str, samples: pd.DataFrame) -> tuple[int, int]:
        row = contrasts[contrast]
        return tuple(int(parse_selector(text).matches(samples).sum()) for text in (row.target, row.reference))

    matrix = next((geo / "GSE42nnn" / "GSE42872" / "matrix").glob("*.gz"))
    titles = re.search(r"^!Sample_title\t(.*)$", gzip.decompress(matrix.read_bytes()).decode("utf-8"), re.MULTILINE)
    assert titles is not None
    melanoma = pd.DataFrame({"title": [cell.strip('"') for cell in titles[1].split("\t")]})
    assert sizes("vemurafenib_a375", melanoma) == (3, 3)
    with tarfile.open(geo / "GSE161nnn" / "GSE161664" / "suppl" / "GSE161664_RAW.tar") as archive:
        names = [re.sub(r"^GSM[0-9]+_|\.txt\.gz$", "", name) for name in archive.getnames()]
    airway = pd.DataFrame({"title": names})
    assert sizes("ifnb_saec", airway) == (3, 4)
    assert sizes("ifng_saec", airway) == (3, 4)
    family = real_files / "data" / "published_tables" / "GSE147507_full_family.soft.gz"
    record = gzip.decompress(family.read_bytes()).decode("utf-8", errors="replace")
    infected = pd.DataFrame({"sample": re.findall(r"^!Sample_title = (.*)$", record, re.MULTILINE)})
    assert sizes("rux_a549", infected) == (3, 3)
    assert sizes("infection_a549", infected) == (3, 3)
    assert sizes("ifnb_nhbe", infected) == (6, 4)


def test_study_json_is_what_the_page_reads(small):
    """Every column that is written is one of the record, beside the digests of the jobs that the workflow adds."""
    written = load_study(small.config).to_json() | {"specifications": {}}
    assert set(written) == {item.name for item in fields(StudyDescription)}
