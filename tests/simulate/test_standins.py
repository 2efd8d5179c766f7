"""Stand-ins keep to what is recorded, say what is assumed, and never look at a study's config."""

from __future__ import annotations

import hashlib
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
from sidemine.simulate import standin_libraries
from sidemine.simulate.addresses import matrix_url, mirror_path, series_url
from sidemine.simulate.standin_records import read_records
from sidemine.simulate.standins import write_standins
from sidemine.sources.count_archive import read_count_archive
from sidemine.sources.expression_table import read_table_columns
from sidemine.sources.geo_addresses import ncbi_annotation_url, ncbi_counts_urls, series_matrix_urls
from sidemine.sources.ncbi_counts import read_ncbi_counts
from sidemine.sources.series_matrix import read_series_matrix
from sidemine.study.load import load_study
from sidemine.study.models import GeneTableSource

CONFIG = Path(__file__).resolve().parents[2] / "config" / "config.yaml"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("standins")
    write_standins(folder)
    return folder


def samples_of(mirror: Path, accession: str, platform: str = ""):
    return read_series_matrix(mirror_path(mirror, matrix_url(accession, platform))).metadata.samples


def test_every_standin_carries_the_marker(mirror):
    files = [path for path in mirror.rglob("*") if path.is_file()]
    assert len(files) > 40
    assert [str(path) for path in files if not carries_simulation_marker(path)] == []


def test_standins_are_byte_identical(mirror, tmp_path):
    write_standins(tmp_path)
    for path in sorted(mirror.rglob("*")):
        if path.is_file():
            again = tmp_path / path.relative_to(mirror)
            assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest(), path


def test_standins_lie_where_retrieval_looks(mirror):
    """The simulator's own addresses of GEO files and those of retrieval are the same."""
    for urls in (series_matrix_urls("GSE19151"), ncbi_counts_urls("GSE330188"), (ncbi_annotation_url(),)):
        assert (mirror / mirror_key(urls[0])).is_file()
    assert (mirror / mirror_key(series_matrix_urls("GSE147507", "GPL18573")[1])).is_file()


def test_no_standin_is_damaged(mirror):
    defects = {str(path): find_defect(path, path.name) for path in mirror.rglob("*") if path.is_file()}
    assert {path: defect for path, defect in defects.items() if defect} == {}


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
    second = samples_of(mirror, "GSE48000")
    assert second["phenotype_group"].value_counts(sort=False).to_dict() == {
        "Healthy Control": 25,
        "High Risk": 40,
        "Low Risk": 34,
        "Moderate Risk": 33,
    }


def test_virus_series_has_the_recorded_columns(mirror):
    path = mirror_path(mirror, series_url("GSE147507", "suppl", "GSE147507_RawReadCounts_Human.tsv.gz"))
    columns = read_table_columns(path)
    for name in ("Mock", "SARS-CoV-2", "SARS-CoV-2_Rux"):
        assert [f"Series16_A549-ACE2_{name}_{n}" in columns for n in (1, 2, 3)] == [True] * 3
    assert columns == list(samples_of(mirror, "GSE147507", "GPL18573")["title"])


def test_airway_archive_has_the_recorded_members(mirror):
    archive = read_count_archive(mirror_path(mirror, series_url("GSE161664", "suppl", "GSE161664_RAW.tar")))
    titles = samples_of(mirror, "GSE161664")["title"]
    assert archive.columns == list(titles.index)
    assert titles["GSM4912446"] == "SAEC_Control_rep1"
    assert titles["GSM4912461"] == "SAEC_IFNb_rep3"


def test_trial_counts_have_the_recorded_size(mirror):
    matrix = read_ncbi_counts(mirror / mirror_key(ncbi_counts_urls("GSE330188")[0]))
    assert len(matrix.columns) == 193
    visits = samples_of(mirror, "GSE330188")["event_name"].value_counts()
    assert (visits["Baseline"], visits["16 weeks"]) == (42, 39)


def test_single_cell_standin_has_the_recorded_columns(mirror):
    import anndata

    path = mirror_path(mirror, series_url("GSE279945", "suppl", "GSE279945_sc_counts_processed.h5ad"))
    cells = anndata.read_h5ad(path)
    assert {"sm_name", "cell_type", "donor_id"} <= set(cells.obs.columns)
    assert {"Dimethyl sulfoxide", "Ruxolitinib", "GLPG0634"} <= set(cells.obs["sm_name"])
    assert cells.obs["donor_id"].nunique() == 3


def test_set_libraries_are_read_under_their_real_names(mirror):
    url = f"{standin_libraries.MSIGDB}/2024.1.Hs/h.all.v2024.1.Hs.symbols.gmt"
    hallmarks = read_library(mirror_path(mirror, url), "gmt").sets
    assert len(hallmarks) == 50
    assert "ISG15" in dict(hallmarks["HALLMARK_INTERFERON_ALPHA_RESPONSE"])
    reactome = read_library(mirror_path(mirror, standin_libraries.REACTOME), "gmt_zip").sets
    assert "Interferon alpha/beta signaling" in reactome
    regulons = read_library(mirror_path(mirror, standin_libraries.COLLECTRI), "collectri").sets
    assert {weight for _, weight in regulons["STAT1"]} == {1.0, -1.0}
    source = GeneTableSource(file=standin_libraries.HGNC, format="hgnc", licence="none", version="simulated")
    genes = read_gene_table(mirror_path(mirror, standin_libraries.HGNC), source)
    assert genes.simulated


def test_summary_statistics_are_read_by_the_columns_of_their_row(mirror):
    """The row is opt-in, so no run of the study reads its files."""
    rows = load_study(CONFIG, check_files=False).lines
    row = rows["vte_finngen_members"]
    files = {"file": mirror_path(mirror, row.file), "gene_locations": mirror_path(mirror, row.files["gene_locations"])}
    found = read_results(DeclaredLine.of(row), files)
    assert len(found.genes) == 2400
    assert found.genes["p"].between(0, 1).all()


def test_every_record_says_what_is_recorded_and_what_is_assumed():
    table = read_records()
    assert len(table.records) >= 14
    assert all(record.recorded and record.assumed for record in table.records)
    assert not {record.accession for record in table.records} & {left.accession for left in table.left_out}


def test_a_chip_row_that_the_real_study_offers_finds_its_set_once_it_is_opted_in(mirror, tmp_path):
    folder = tmp_path / "study" / "config"
    shutil.copytree(CONFIG.parent, folder)
    shutil.copytree(CONFIG.parents[1] / "resources", folder.parent / "resources")
    config, lines = folder / "config.yaml", folder / "lines.tsv"
    rows = [line.split("\t") for line in lines.read_text(encoding="utf-8").splitlines()]
    chip = next(row for row in rows if row[0] == "promoter_chip_stat1")
    chip[rows[1].index("status")] = "unverified"
    lines.write_text("\n".join("\t".join(row) for row in rows) + "\n", encoding="utf-8")
    with pytest.raises(StudyError, match="'ENCODE_STAT1_K562' is opt-in"):
        load_study(config)
    study = load_study(config, {"settings": {"opt_in": ["ENCODE_STAT1_K562"]}})
    declared = next(row for row in study.used_gene_sets if row.gene_set == "ENCODE_STAT1_K562")
    assert declared.source == study.lines["promoter_chip_stat1"].file
    library = read_library(mirror_path(mirror, declared.source), declared.format)
    assert len(library.sets[declared.member]) > 40
