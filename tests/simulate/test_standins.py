"""Stand-ins come from a study's own folder, keep to what is recorded, and say what is assumed."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from sidemine.enrichment.libraries import read_library
from sidemine.errors import StudyError
from sidemine.lines.genetics.reading import read_results
from sidemine.lines.specification import DeclaredLine
from sidemine.prepare.gene_table import read_gene_table
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.integrity import carries_simulation_marker, find_defect
from sidemine.simulate.addresses import matrix_url, mirror_path, series_url
from sidemine.simulate.standin_truth import read_truth
from sidemine.simulate.standins import write_standins
from sidemine.sources.count_archive import read_count_archive
from sidemine.sources.expression_table import read_table_columns
from sidemine.sources.series_matrix import read_series_matrix
from sidemine.study.load import load_study

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDIES = (CONFIG, CONFIG / "glucocorticoids", CONFIG / "tnf_inhibitors")


@pytest.fixture(scope="module")
def mirror(tmp_path_factory) -> Path:
    """The stand-ins of the first study."""
    folder = tmp_path_factory.mktemp("standins")
    write_standins(CONFIG / "config.yaml", folder)
    return folder


@pytest.fixture
def study(tmp_path):
    """A copy of a study that a test may alter."""
    (tmp_path / "resources").symlink_to(CONFIG.parent / "resources")
    shutil.copytree(CONFIG / "tnf_inhibitors", tmp_path / "config" / "study")
    return tmp_path / "config" / "study" / "config.yaml"


def samples_of(mirror: Path, accession: str, platform: str = ""):
    return read_series_matrix(mirror_path(mirror, matrix_url(accession, platform))).metadata.samples


def test_every_standin_is_marked_whole_and_written_again_to_the_byte(mirror, tmp_path):
    write_standins(CONFIG / "config.yaml", tmp_path)
    files = [path for path in sorted(mirror.rglob("*")) if path.is_file()]
    assert len(files) == 14
    for path in files:
        assert carries_simulation_marker(path), path
        assert not find_defect(path, path.name), path
        assert path.read_bytes() == (tmp_path / path.relative_to(mirror)).read_bytes(), path


def test_vte_cohorts_have_the_recorded_groups(mirror):
    first = samples_of(mirror, "GSE19151")
    assert first["source_name"].value_counts().to_dict() == {
        "blood_healthy control": 63,
        "blood_recurrent VTE": 38,
        "blood_single VTE": 32,
    }
    young = (first["source_name"] == "blood_healthy control") & (first["age"].astype(int) <= 38)
    assert int(young.sum()) == 53
    assert first.loc[young, "gender"].value_counts().to_dict() == {"male": 27, "female": 26}
    assert first["title"].is_unique
    second = samples_of(mirror, "GSE48000")
    assert second["phenotype_group"].value_counts(sort=False).to_dict() == {
        "Healthy Control": 25,
        "High Risk": 40,
        "Low Risk": 34,
        "Moderate Risk": 33,
    }


def test_sequencing_series_have_the_recorded_columns_and_members(mirror):
    path = mirror_path(mirror, series_url("GSE147507", "suppl", "GSE147507_RawReadCounts_Human.tsv.gz"))
    columns = read_table_columns(path)
    for name in ("Mock", "SARS-CoV-2", "SARS-CoV-2_Rux"):
        assert [f"Series16_A549-ACE2_{name}_{n}" in columns for n in (1, 2, 3)] == [True] * 3
    archive = read_count_archive(mirror_path(mirror, series_url("GSE161664", "suppl", "GSE161664_RAW.tar")))
    assert {"GSM4912446", "GSM4912461"} <= set(archive.columns)  # SAEC_Control_rep1, SAEC_IFNb_rep3


def test_libraries_lie_under_the_names_of_the_sheet_and_hold_the_studys_own_genes(mirror):
    study = load_study(CONFIG / "config.yaml")
    rows = {row.gene_set: row for row in study.used_gene_sets}
    hallmark = rows["HALLMARK_INTERFERON_ALPHA_RESPONSE"]
    hallmarks = read_library(mirror_path(mirror, hallmark.source), hallmark.format).sets
    assert "ISG15" in dict(hallmarks[hallmark.member])
    assert sum(name.startswith("COMPARATOR_") for name in hallmarks) == 20
    for name in ("REACTOME_INTERFERON_SIGNALING", "REGULON_STAT1"):
        row = rows[name]
        assert row.member in read_library(mirror_path(mirror, row.source), row.format).sets
    declared = study.config.gene_table
    assert read_gene_table(mirror / mirror_key(declared.file), declared).simulated


@pytest.mark.parametrize("folder", STUDIES, ids=lambda folder: folder.name)
def test_every_series_says_what_is_recorded_and_what_is_assumed(folder):
    """Nobody may take a stand-in for evidence of a selector; and nothing is wrong with the study."""
    assert load_study(folder / "config.yaml").config.hypotheses
    series = read_truth(folder / "config.yaml").series
    assert len(series) >= 6
    assert all(one.recorded and one.assumed for one in series.values())


def test_summary_statistics_are_read_by_the_columns_of_their_row(tmp_path):
    """The row is opt-in, so no run of the study reads its files: FinnGen's header, and a gene."""
    row = load_study(CONFIG / "config.yaml", check_files=False).lines["vte_finngen_members"]
    header = "#chrom\tpos\tref\talt\trsids\tnearest_genes\tpval\tmlogp\tbeta\tsebeta\taf_alt"
    lines = [f"1\t{1000 + base}\tG\tA\trs{base}\tA1BG\t0.{base}\t0.5\t0.01\t0.01\t0.3" for base in range(1, 10)]
    (tmp_path / "stats.gz").write_bytes(gzip.compress("\n".join([header, *lines, ""]).encode()))
    (tmp_path / "NCBI38.gene.loc").write_text("1\t1\t900\t1900\t+\tA1BG\n", encoding="utf-8")
    found = read_results(
        DeclaredLine.of(row), {"file": tmp_path / "stats.gz", "gene_locations": tmp_path / "NCBI38.gene.loc"}
    )
    assert len(found.genes) == 1
    assert found.genes["p"].between(0, 1).all()


def test_a_chip_row_that_the_first_study_offers_finds_its_set_once_it_is_opted_in(tmp_path):
    folder = tmp_path / "study" / "config"
    folder.mkdir(parents=True)
    for path in CONFIG.iterdir():
        if path.is_file():
            shutil.copy(path, folder / path.name)
    (folder.parent / "resources").symlink_to(CONFIG.parent / "resources")
    config, lines = folder / "config.yaml", folder / "lines.tsv"
    rows = [line.split("\t") for line in lines.read_text(encoding="utf-8").splitlines()]
    chip = next(row for row in rows if row[0] == "promoter_chip_stat1")
    chip[rows[1].index("status")] = "unverified"
    lines.write_text("\n".join("\t".join(row) for row in rows) + "\n", encoding="utf-8")
    with pytest.raises(StudyError, match="'ENCODE_STAT1_K562' is opt-in"):
        load_study(config)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("  opt_in: []\n", "  opt_in: [ENCODE_STAT1_K562]\n"), encoding="utf-8")
    study = load_study(config)
    declared = next(row for row in study.used_gene_sets if row.gene_set == "ENCODE_STAT1_K562")
    assert declared.source == study.lines["promoter_chip_stat1"].file
    write_standins(config, tmp_path / "mirror")
    library = read_library(mirror_path(tmp_path / "mirror", declared.source), declared.format)
    assert len(library.sets[declared.member]) == 40


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("datasets.tsv", "\tsymbol\tnormalised_counts", "\tsymbol\ttpm", "no stand-in can be written of scale tpm in layout table"),
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
        write_standins(study, tmp_path / "mirror")


def test_a_study_without_the_file_is_told_to_write_one(study, tmp_path):
    (study.parent / "standins.yaml").unlink()
    with pytest.raises(StudyError, match=r"a file standins\.yaml beside config\.yaml"):
        write_standins(study, tmp_path / "mirror")
