"""`sidemine preflight`: what a run would meet, from beginnings of files and without keeping anything."""

from __future__ import annotations

import csv
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from sidemine.cli import main
from sidemine.preflight.inputs import survey_inputs
from sidemine.preflight.text import ahead_lines, is_fine
from sidemine.preflight.time_budget import TimeBudget
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.study_sources import StudySources
from sidemine.simulate.studies import write_planted
from sidemine.sources.geo_addresses import series_matrix_urls
from sidemine.study.load import load_study

VTE = mirror_key(series_matrix_urls("GSE19151", "GPL571")[0])


def _edit(sheet: Path, old: str, new: str) -> None:
    text = sheet.read_text(encoding="utf-8")
    assert old in text
    sheet.write_text(text.replace(old, new), encoding="utf-8")


def _text(ahead) -> str:
    return "\n".join(ahead_lines(ahead))


def test_the_real_study_on_stand_ins_is_fine(preflight, study, server, standins, tmp_path):
    """Every address, every group size as published, covariates and blocks; a third of the bytes, nothing kept."""
    ahead = preflight(study)
    assert is_fine(ahead)
    told = _text(ahead)
    sizes = {one.contrast.contrast: (one.n_target, one.n_reference, one.n_both) for one in ahead.contrasts}
    assert sizes["vte_gse19151"] == (70, 63, 0)
    assert sizes["vte_gse48000"] == (107, 25, 0)
    assert sizes["ruxolitinib_saec"] == (3, 3, 0)
    assert all(one.outcome == "testable" for one in ahead.contrasts)
    assert 'ifnb_blood: block donor: "D1" × 4, "D2" × 2, "D3" × 2' in told
    assert "vte_gse19151: covariate age: " in told
    assert "Nothing found that would stop a run" in told
    fetched = [one for one in ahead.inputs if one.state == "to be fetched"]
    assert len(fetched) >= 12
    assert {one.locked for one in ahead.inputs} == {False}
    assert ahead.to_fetch == sum(one.size for one in ahead.inputs)
    assert server.sent[VTE] < (standins / VTE).stat().st_size / 5
    assert sum(server.sent.values()) < ahead.to_fetch / 2
    assert not (tmp_path / "downloads").exists()


def test_beginnings_tell_what_whole_files_tell(preflight, study):
    """A range of a series matrix, of a table and of a tar give the samples that the files themselves give."""
    heads, whole = preflight(study), preflight(study, whole=10**9)
    assert heads.contrasts == whole.contrasts
    assert heads.notes == whole.notes


def test_selectors_that_do_not_fit_are_told_with_the_values_that_exist(preflight, study):
    """As the run would: an unverified row costs its contrasts, a verified one stops; counts stand in the table."""
    contrasts, datasets = study.with_name("contrasts.tsv"), study.with_name("datasets.tsv")
    _edit(contrasts, 'source_name = "blood_healthy control"', "source_name = healthy")
    _edit(contrasts, 'title ~ "Vemurafenib"', 'title ~ "Verumafenib"')
    _edit(datasets, "^Series16_", "^Serie16_")
    _edit(study, '{from: sample, regex: "(D[0-9]+R?)_[A-Za-z0-9]+"}', '{from: titel, regex: "(D.*)_.*"}')
    ahead = preflight(study)
    assert not is_fine(ahead)
    assert [problem.where.split(",")[1] for problem in ahead.stops] == [" contrast vemurafenib_a375"]
    outcomes = {one.contrast.contrast: one.outcome for one in ahead.contrasts}
    assert outcomes["vemurafenib_a375"] == "stops the run"
    lost = {name for name, outcome in outcomes.items() if outcome == "not testable"}
    assert lost == {"vte_gse19151", "vte_gse19151_own_controls", "rux_a549", "infection_a549", "ifnb_blood_runs"}
    told = _text(ahead)
    for words in (
        '"blood_healthy control" × 63',
        "the column that 'run' is derived from does not exist",
        'sample ~ "^Serie16_"',
        "5 contrasts would not be testable",
        "a run would stop: 1 problem and",
    ):
        assert words in told


def test_a_missing_covariate_and_a_small_group_are_told(preflight, study):
    """Facts of the design, before the values are here."""
    contrasts = study.with_name("contrasts.tsv")
    _edit(contrasts, "\tage\t\tunverified\tReference value", "\tsmoking\t\tunverified\tReference value")
    _edit(contrasts, '_Rux_[0-9]+$"', '_Rux_[12]$"')
    ahead = preflight(study)
    told = "\n".join(map(str, ahead.untestable))
    assert "covariate smoking does not exist" in told
    assert "the target group has 2 independent units" in told
    assert ahead.stops == []


def test_what_the_servers_do_not_give_is_told(preflight, study, server):
    """Not there, a web page with status 200, a size that the lock does not know: each stops a run, the rest is looked at."""
    tar = next(key for key in _keys(server) if key.endswith("GSE161664_RAW.tar"))
    server.answers[tar] = (404, "text/html", b"<html>no</html>")
    hallmark = next(key for key in _keys(server) if key.endswith("h.all.v2024.1.Hs.symbols.gmt"))
    server.answers[hallmark] = (200, "text/html; charset=utf-8", b"<html>please log in</html>")
    url = "https://" + VTE
    study.with_name("inputs.lock.tsv").write_text(
        "url\tsha256\tsize\tretrieved\tetag\tsimulated\n" + f"{url}\t{'0' * 64}\t17\t2026-01-01\t\tno\n",
        encoding="utf-8",
    )
    ahead = preflight(study)
    told = "\n".join(map(str, ahead.stops))
    for words in (
        "an input is not to be had",
        "GSE161664_RAW.tar: not there",
        "a web page in place of",
        "the lock says 17",
    ):
        assert words in told
    assert len(ahead.stops) == 3
    outcomes = {one.contrast.contrast: one.outcome for one in ahead.contrasts}
    assert outcomes["ifnb_saec"] == "not known yet"
    assert outcomes["vte_gse19151"] == "testable"
    assert "locked" in _text(ahead)


def test_servers_that_do_not_answer_end_in_a_message(preflight, study):
    """With no time left nothing is asked; every input says so and no contrast is guessed at."""
    ahead = preflight(study, seconds=0)
    assert "no time left" in str(ahead.stops[0])
    assert {one.outcome for one in ahead.contrasts} == {"not known yet"}


def test_a_series_matrix_without_its_table_is_no_series_matrix(preflight, study, server):
    """A body of another kind is told as a fault of that file."""
    server.answers[VTE] = (200, "application/octet-stream", b"something else\n" * 1000)
    ahead = preflight(study)
    assert "blood_gse19151" in str(ahead.stops[0])
    assert "series_matrix_table_begin" in str(ahead.stops[0])


def test_columns_without_a_sample_are_noted(preflight, study, tmp_path):
    """A sheet that names fewer samples than the table has columns: which ones are left is told."""
    (tmp_path / "counts.tsv").write_text("gene\ta1\ta2\ta3\tblank\nMX1\t1\t2\t3\t4\n")
    (tmp_path / "sheet.tsv").write_text("sample\tcolumn\ns1\ta1\ns2\ta2\ns3\ta3\n")
    cells = {
        "dataset": "own",
        "accession": "own",
        "layout": "table",
        "file": str(tmp_path / "counts.tsv"),
        "identifiers": "symbol",
        "scale": "counts",
        "tissue": "cells",
        "licence": "own data",
        "sample_sheet": str(tmp_path / "sheet.tsv"),
        "sample_name": "column",
    }
    sheet = study.with_name("datasets.tsv")
    lines = [line for line in sheet.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    names = [*lines[0].split("\t"), "sample_sheet", "sample_name"]
    rows = [names, *([*line.split("\t"), "", ""] for line in lines[1:]), [cells.get(name, "") for name in names]]
    sheet.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    assert "dataset own: 1 columns of values belong to no sample: 'blank'" in preflight(study).notes


def test_the_command_works_offline_and_tells_by_its_exit_code(tmp_path, monkeypatch, capsys):
    """With a mirror nothing is asked of the network."""
    monkeypatch.chdir(tmp_path)

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    config = write_planted("positive", tmp_path / "study", 11)
    assert main(["preflight", str(tmp_path / "study")]) == 0
    told = capsys.readouterr().out
    assert "in the mirror" in told
    assert "cohort_a_vte  cohort_a  verified" in told
    _edit(config.with_name("contrasts.tsv"), '"venous thromboembolism"', "VTE")
    assert main(["preflight", str(config)]) == 1
    assert '"venous thromboembolism" × ' in capsys.readouterr().out
    next((tmp_path / "study" / "mirror").rglob("GSE900010*matrix*")).unlink()
    assert main(["preflight", str(config)]) == 1
    assert "the mirror has none of" in capsys.readouterr().out


def _keys(server) -> list[str]:
    return [path.relative_to(server.folder).as_posix() for path in server.folder.rglob("*") if path.is_file()]


def test_a_server_that_is_not_there_is_an_input_without_an_answer(study, tmp_path):
    """Nobody listens: told per input, in four parts."""
    loaded = load_study(study, {"downloads": str(tmp_path / "downloads")})
    source = StudySources.of(loaded).of_dataset["blood_gse19151"]["values"]
    ticks = iter(range(0, 1000, 20))
    budget = TimeBudget(
        address_of=lambda url: "http://127.0.0.1:9/x", allow_loopback_http=True, clock=lambda: float(next(ticks))
    )
    (found,) = survey_inputs(loaded, [source], budget)
    assert found.state == "no answer"
    assert "values of dataset blood_gse19151" in str(found.problem)


def _add_row(sheet: Path, **cells: str) -> None:
    with sheet.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t")
        rows, columns = list(reader), list(reader.fieldnames or [])
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys([*columns, *cells])), restval="", delimiter="\t")
        writer.writeheader()
        writer.writerows([*rows, cells])


def test_cells_that_markers_label_are_labelled_beforehand_too(preflight, study):
    """Cell types that only the markers of the study tell: selectors find their samples, as the run will."""
    markers = {"b_cell": ["MS4A1", "CD79A", "CD79B"], "monocyte": ["LYZ", "CST3", "TYROBP"]}
    genes = [*markers["b_cell"], *markers["monocyte"], *(f"G{n}" for n in range(20))]
    counts = np.full((240, len(genes)), 2.0)
    counts[::2, :3] = counts[1::2, 3:6] = 0
    cells = {"donor": np.repeat(["d1", "d2", "d3"], 80), "stim": np.tile(np.repeat(["ifn", "buffer"], 40), 3)}
    obs = pd.DataFrame(cells, index=[f"c{n}" for n in range(240)])
    ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=genes)).write_h5ad(study.with_name("cells.h5ad"))
    _add_row(
        study.with_name("datasets.tsv"), dataset="cells", accession="GSE1", layout="h5ad", file="cells.h5ad",
        identifiers="symbol", scale="counts", tissue="blood", licence="open", biological_unit="donor",
        cell_type="markers:blood", sample_columns="stim", doublets="off", status="verified",
    )  # fmt: skip
    _add_row(
        study.with_name("contrasts.tsv"), contrast="b_cells", dataset="cells", role="stimulus", block="donor",
        target="marker_label = b_cell and stim = ifn", reference="marker_label = b_cell and stim = buffer",
        target_label="interferon", reference_label="buffer", status="verified",
    )  # fmt: skip
    (found,) = [one for one in preflight(study).contrasts if one.contrast.contrast == "b_cells"]
    assert (found.outcome, found.n_target, found.n_reference) == ("testable", 3, 3)
