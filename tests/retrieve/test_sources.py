"""What each row of the sheets needs, and under which names the copies lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine.errors import StudyError
from sidemine.retrieve.needed_files import (
    Source,
    source_of_gene_set,
    source_of_gene_table,
    source_of_published_table,
    sources_by_key,
    sources_of_dataset,
    sources_of_published_table,
)
from sidemine.study.models import GeneTableSource
from sidemine.study.rows import Dataset, GeneSetRow, PublishedTable

HERE = Path("/study")


def dataset(**changes: object) -> Dataset:
    values: dict[str, object] = {
        "dataset": "d",
        "accession": "GSE19151",
        "platform": "GPL571",
        "layout": "series_matrix",
        "identifiers": "probe",
        "scale": "log2",
        "tissue": "blood",
        "licence": "public",
        **changes,
    }
    return Dataset.model_validate(values)


def published(**changes: object) -> PublishedTable:
    values: dict[str, object] = {
        "table": "t",
        "accession": "GSE19151",
        "file": "tables/t.csv",
        "fold_change_column": "logFC",
        "role": "disease",
        "target_label": "a",
        "reference_label": "b",
        "licence": "public",
        **changes,
    }
    return PublishedTable.model_validate(values)


def test_a_series_matrix_needs_values_and_probe_annotation() -> None:
    sources = sources_of_dataset(dataset(), HERE)
    assert list(sources) == ["values", "platform_map"]
    assert sources["values"].locations[0].endswith("/matrix/GSE19151_series_matrix.txt.gz")
    assert sources["values"].locations[1].endswith("/matrix/GSE19151-GPL571_series_matrix.txt.gz")
    assert sources["platform_map"].key.endswith("GPL571/annot/GPL571.annot.gz")


def test_two_platforms_of_one_series_are_two_files() -> None:
    keys = {sources_of_dataset(dataset(platform=gpl), HERE)["values"].key for gpl in ("GPL571", "GPL3921")}
    assert len(keys) == 2


def test_ncbi_counts_bring_their_annotation_and_metadata() -> None:
    row = dataset(layout="ncbi_counts", identifiers="entrez", scale="counts", platform="")
    assert sorted(sources_of_dataset(row, HERE)) == ["annotation", "metadata", "values"]
    sheet = dataset(layout="ncbi_counts", identifiers="entrez", scale="counts", sample_sheet="s.tsv")
    assert sorted(sources_of_dataset(sheet, HERE)) == ["annotation", "sample_sheet", "values"]


def test_paths_count_from_the_config_file_and_keep_their_text_as_key() -> None:
    row = dataset(
        layout="table", identifiers="symbol", file="../data/a b.tsv", metadata="ftp://ftp.ncbi.nlm.nih.gov/geo/m.gz"
    )
    sources = sources_of_dataset(row, HERE / "config")
    assert sources["values"].local_path == Path("/study/data/a b.tsv")
    assert sources["values"].locations == ("../data/a b.tsv",)
    assert sources["values"].key.startswith("local/")
    assert sources["values"].key.endswith("/a%20b.tsv")
    assert sources["metadata"].locations == ("https://ftp.ncbi.nlm.nih.gov/geo/m.gz",)
    assert sorted(sources) == ["metadata", "values"]


def test_the_folder_of_real_files_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    row = dataset(layout="table", identifiers="symbol", file="${SIDEMINE_REAL_FILES}/data/x.tsv")
    monkeypatch.setenv("SIDEMINE_REAL_FILES", "/real")
    first = sources_of_dataset(row, HERE)["values"]
    assert first.local_path == Path("/real/data/x.tsv")
    monkeypatch.setenv("SIDEMINE_REAL_FILES", "/elsewhere")
    assert sources_of_dataset(row, HERE)["values"].key == first.key
    monkeypatch.delenv("SIDEMINE_REAL_FILES")
    with pytest.raises(StudyError, match=r"SIDEMINE_REAL_FILES is not set(.|\n)*export SIDEMINE_REAL_FILES="):
        sources_of_dataset(row, HERE)


def test_addresses_that_cannot_be_used_are_refused_before_any_work() -> None:
    with pytest.raises(StudyError, match="an address cannot be used"):
        sources_of_dataset(dataset(file="http://example.org/a.gz"), HERE)
    with pytest.raises(StudyError, match="no address follows from this accession"):
        sources_of_dataset(dataset(accession="E-MTAB-2232"), HERE)


def test_a_published_table_brings_its_probe_maps() -> None:
    row = published(platform_map="maps/a.tsv", rival_platform_maps="GPL571=maps/b.tsv, GPL97=https://h.org/c.gz")
    sources = sources_of_published_table(row, HERE)
    assert list(sources) == ["table", "platform_map", "rival_GPL571", "rival_GPL97"]
    assert sources["table"] == source_of_published_table(row, HERE)
    assert sources["rival_GPL97"].key == "h.org/c.gz"
    with pytest.raises(StudyError, match="GPLnnn=path"):
        sources_of_published_table(published(rival_platform_maps="maps/b.tsv"), HERE)


def test_libraries_and_gene_table_say_whether_they_move() -> None:
    row = GeneSetRow.model_validate(
        {
            "gene_set": "S",
            "family": "target",
            "source": "https://reactome.org/download/current/ReactomePathways.gmt.zip",
            "format": "gmt_zip",
            "member": "X",
            "licence": "CC0",
            "version": "moving",
            "mutable": "yes",
        }
    )
    assert source_of_gene_set(row, HERE).mutable
    table = GeneTableSource(file="genes.tsv", format="ensembl", licence="x", version="1")
    assert not source_of_gene_table(table, HERE).mutable


def test_a_shared_file_is_retrieved_once_from_the_fuller_list_of_places() -> None:
    short, full = Source("k", ("https://h/b",), "p"), Source("k", ("https://h/a", "https://h/b"), "q")
    assert sources_by_key([short, full, short]) == {"k": full}


def test_one_name_for_two_files_is_refused() -> None:
    first = Source("k", ("https://h/a?download=1",), "p")
    with pytest.raises(StudyError, match="two different files would be kept under one name"):
        sources_by_key([first, Source("k", ("https://h/b",), "q")])
    with pytest.raises(StudyError, match="mutable in one row and fixed in another"):
        sources_by_key([first, Source("k", first.locations, "q", mutable=True)])


def test_a_source_survives_the_trip_through_params() -> None:
    for source in sources_of_dataset(dataset(sample_sheet="s.tsv"), HERE).values():
        assert Source.from_dict(source.to_dict()) == source
