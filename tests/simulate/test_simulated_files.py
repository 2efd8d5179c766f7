"""Simulated files are the same bytes every time, carry the marker, and are read by the real readers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from sidemine.errors import StudyError
from sidemine.prepare.gene_table import read_gene_table
from sidemine.prepare.planned_cells import read_planned_cells
from sidemine.prepare.platform_annotation import read_platform_annotation
from sidemine.retrieve.integrity import carries_simulation_marker
from sidemine.simulate.__main__ import main
from sidemine.simulate.addresses import annotation_url, matrix_url, mirror_path, series_url
from sidemine.simulate.studies import PLANTED_KINDS, write_demo, write_planted
from sidemine.sources.count_archive import read_count_archive
from sidemine.sources.expression_table import read_expression_table
from sidemine.sources.registry import CELL_LAYOUTS
from sidemine.sources.series_matrix import read_series_matrix
from sidemine.study.load import load_study
from sidemine.study.models import GeneTableSource
from sidemine.study.selectors import parse_selector

ROOT = Path(__file__).parents[2]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return folder


def test_demo_is_byte_identical(demo, tmp_path):
    write_demo(tmp_path)
    assert digests(demo) == digests(tmp_path)


def test_every_demo_file_carries_the_marker(demo):
    files = [path for path in demo.rglob("*") if path.is_file()]
    assert len(files) >= 14
    assert [str(path) for path in files if not carries_simulation_marker(path)] == []


def test_demo_cohort_is_read_with_uneven_characteristics_matched_by_key(demo):
    matrix = read_series_matrix(mirror_path(demo / "mirror", matrix_url("GSE900001")))
    samples = matrix.metadata.samples
    assert matrix.values is not None
    assert matrix.values.shape == (len(matrix.identifiers), 133)
    assert samples["disease_state"].value_counts().to_dict() == {"venous thromboembolism": 70, "healthy": 63}
    assert samples["hybridisation_batch"].isin(["A", "B"]).all()
    assert (samples.loc[samples["disease_state"] == "healthy", "event"] == "").all()
    assert samples["relation"].str.contains("Reanalysis of: GSM").sum() == 20
    annotation = read_platform_annotation(mirror_path(demo / "mirror", annotation_url("GPL900571")))
    assert len(annotation) == len(matrix.identifiers)
    assert annotation.astype(str).apply(lambda column: column.str.contains("///").any()).any()


def test_demo_sequencing_files_are_read_and_fit_their_metadata(demo):
    mirror = demo / "mirror"
    archive = read_count_archive(mirror_path(mirror, series_url("GSE900003", "suppl", "GSE900003_RAW.tar")))
    record = read_series_matrix(mirror_path(mirror, matrix_url("GSE900003"))).metadata
    assert archive.columns == list(record.samples.index)
    assert not any(name.startswith("__") for name in archive.identifiers)
    for accession, name in (("GSE900004", "counts.tsv.gz"), ("GSE900005", "normalized_counts.txt.gz")):
        table = read_expression_table(mirror_path(mirror, series_url(accession, "suppl", f"{accession}_{name}")))
        titles = read_series_matrix(mirror_path(mirror, matrix_url(accession))).metadata.samples["title"]
        assert table.columns == list(titles)
        assert table.simulated
        assert np.isfinite(table.values).all()
    genes = read_gene_table(
        demo / "gene_table.tsv.gz",
        GeneTableSource(file="gene_table.tsv.gz", format="ensembl", licence="none", version="simulated"),
    )
    assert genes.simulated
    assert "XIST" in genes.genes.index


def test_demo_config_loads_and_each_selector_finds_its_group(demo):
    study = load_study(ROOT / "config" / "demo" / "config.yaml", check_files=False)
    frames = {}
    for name in {contrast.dataset for contrast in study.contrasts.values()}:
        dataset = study.datasets[name]
        if dataset.layout in CELL_LAYOUTS:
            values = mirror_path(demo / "mirror", dataset.file)
            frames[name] = read_planned_cells(dataset, {"values": values}, {}).plan.samples
        else:
            matrix = read_series_matrix(mirror_path(demo / "mirror", matrix_url(dataset.accession)))
            frames[name] = matrix.metadata.samples
    sizes = {}
    for contrast in study.contrasts.values():
        frame = frames[contrast.dataset]
        chosen = [parse_selector(text).matches(frame) for text in (contrast.target, contrast.reference)]
        assert not (chosen[0] & chosen[1]).any()
        sizes[contrast.contrast] = tuple(int(mask.sum()) for mask in chosen)
        for column in [*contrast.covariates, *([contrast.block] if contrast.block else [])]:
            assert (frame[column] != "").all()
    assert sizes["cohort_a_vte"] == (70, 63)
    assert sizes["cohort_b_vte"] == (107, 25)
    assert sizes["blood_interferon"] == (4, 4)
    assert sizes["cells_monocytes"] == sizes["cells_t_cells"] == (4, 4)
    others = {size for name, size in sizes.items() if not name.startswith(("cohort", "blood", "cells"))}
    assert others == {(3, 3)}


def test_demo_sets_are_named_so_that_nobody_takes_them_for_a_public_library(demo):
    names = [line.split("\t")[0] for line in (demo / "sets.gmt").read_text().splitlines()]
    assert "SIM_JAK_STAT_TARGETS" in names
    assert all(name.startswith("SIM_") for name in names)
    told = json.loads((demo / "planted.json").read_text())
    assert all(word in " ".join(told) for word in ("Hedges g 0.6", "composition", "re-used", "swapped", "inhibitor"))
    assert all(isinstance(sentence, str) for sentence in told)


EVERY_WRITER = {"positive", "tissue_positive", "one_gene", "hidden_gradient", "inhibitor_mimics"}
"""Studies that between them hold each kind of file, and all that is drawn at random: the others differ in numbers alone."""


@pytest.mark.parametrize("kind", PLANTED_KINDS)
def test_planted_study_is_complete_marked_and_repeatable(kind, tmp_path):
    """Each planted study loads, its selectors find samples, and two writings give the same bytes."""
    config = write_planted(kind, tmp_path / "one", 11)
    if kind in EVERY_WRITER:
        write_planted(kind, tmp_path / "two", 11)
        assert digests(tmp_path / "one") == digests(tmp_path / "two")
    data = [path for path in (tmp_path / "one").rglob("*") if path.is_file() and path.suffix != ".tsv"]
    assert all(carries_simulation_marker(path) for path in data)
    study = load_study(config)
    for contrast in study.contrasts.values():
        accession = study.datasets[contrast.dataset].accession
        frame = read_series_matrix(mirror_path(tmp_path / "one" / "mirror", matrix_url(accession))).metadata.samples
        assert parse_selector(contrast.target).matches(frame).any()
        assert parse_selector(contrast.reference).matches(frame).any()


def test_another_seed_gives_other_numbers(tmp_path):
    for seed in (11, 12):
        write_planted("null", tmp_path / str(seed), seed)
    matrix = [mirror_path(tmp_path / seed / "mirror", matrix_url("GSE900010")).read_bytes() for seed in ("11", "12")]
    assert matrix[0] != matrix[1]


def test_confounded_study_has_its_batch_aliased_with_the_group(tmp_path):
    write_planted("confounded", tmp_path, 11)
    samples = read_series_matrix(mirror_path(tmp_path / "mirror", matrix_url("GSE900010"))).metadata.samples
    pairs = set(zip(samples["disease_state"], samples["hybridisation_batch"], strict=True))
    assert len(pairs) == 2


def test_unknown_kind_is_refused_with_the_list_of_kinds(tmp_path):
    with pytest.raises(StudyError, match="no planted study 'negative'"):
        write_planted("negative", tmp_path, 11)


def test_command_line_writes_a_planted_study(tmp_path):
    assert main(["planted", "null", str(tmp_path), "--seed", "3"]) == 0
    assert (tmp_path / "config.yaml").is_file()
