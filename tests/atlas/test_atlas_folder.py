"""An atlas folder: all mistakes at once, libraries without samples, the plan, and the blind benchmark."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from planted_atlas import run_all

from sidemine.atlas.blind import ScoredUnit, freeze_calls, label_units, score_calls, score_units
from sidemine.atlas.blocks import read_block, write_block
from sidemine.atlas.config import LabelRow, load_atlas
from sidemine.atlas.jobs import Places
from sidemine.atlas.record import UNITS, AtlasRecord
from sidemine.atlas.run import atlas_command
from sidemine.cli import build_parser, main
from sidemine.errors import InputError
from sidemine.records import as_record
from sidemine.tables import read_table, write_text

READY = Path(__file__).parents[2] / "config" / "side_effects"
N_SET = 12
DAY = date(2026, 11, 30)
"""Before the declared day of the freeze."""


def write_library(path: Path, values: np.ndarray, names: list[str]) -> None:
    header = "\t".join(["profile", *(str(1000 + number) for number in range(values.shape[1]))])
    rows = [f"{name}\t" + "\t".join(f"{one:.4f}" for one in row) for name, row in zip(names, values, strict=True)]
    write_text("\n".join([header, *rows]) + "\n", path)


def write_atlas(folder: Path, seed: int = 8) -> tuple[Path, np.ndarray]:
    """The shipped blind benchmark with planted profiles, and which of its units will become known.

    Where a side effect will be known, the drugs of the pathway mimic the disease on the pathway's genes.
    """
    shutil.copytree(READY, folder, ignore=shutil.ignore_patterns("results", "profiles"))
    drugs, effects, pathways = (
        [line.split("\t") for line in (folder / f"{name}.tsv").read_text().splitlines() if line[0] != "#"][1:]
        for name in ("drugs", "effects", "pathways")
    )
    rng = np.random.default_rng(seed)
    names, diseases = sorted(row[0] for row in pathways), sorted(row[1] for row in effects)
    known = rng.random((len(names), len(diseases))) < 0.15
    n_genes = len(names) * N_SET + 60
    of_drugs, of_effects = rng.standard_normal((len(drugs), n_genes)), rng.standard_normal((len(effects), n_genes))
    profile_of = {row[1]: number for number, row in enumerate(effects)}
    for number, row in enumerate(drugs):
        pathway = names.index(row[2])
        own = slice(pathway * N_SET, (pathway + 1) * N_SET)
        for place in np.flatnonzero(known[pathway]):
            of_drugs[number, own] += 1.2 * of_effects[profile_of[diseases[place]], own]
    profiles = folder / "profiles"
    write_library(profiles / "consensi-drugbank.tsv.gz", of_drugs, [row[4] for row in drugs])
    write_library(profiles / "stargeo.tsv", of_effects, [row[3] for row in effects])
    sets = {row[0]: row[1] for row in pathways}
    lines = [
        "\t".join([sets[name], "x", *(f"GENE{place * N_SET + gene}" for gene in range(N_SET))])
        for place, name in enumerate(names)
    ]
    write_text("\n".join(lines) + "\n", profiles / "h.all.symbols.gmt")
    genes = [f"HGNC:{gene}\tGENE{gene}\t\t\t{1000 + gene}\tENSG{gene:011d}" for gene in range(n_genes)]
    header = "hgnc_id\tsymbol\tprev_symbol\talias_symbol\tentrez_id\tensembl_gene_id"
    write_text("\n".join([header, *genes]) + "\n", profiles / "hgnc_complete_set.txt")
    return folder, known


def write_labels(path: Path, known: np.ndarray, first: str = "2027-02-01") -> Path:
    """Labels of every drug and effect of the shipped folder."""
    atlas = load_atlas(path.parent)
    lines = ["label\tdrug\teffect\tknown\tfirst_reported\tsource"]
    for place, pathway in enumerate(atlas.pathway_names):
        for drug in atlas.drugs_of(pathway):
            for number, effect in enumerate(atlas.effect_names):
                word, day = ("yes", first) if known[place, number] else ("no", "")
                lines.append(f"l{len(lines)}\t{drug.drug}\t{effect}\t{word}\t{day}\tplanted")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The shipped blind benchmark, run on planted profiles, and what will become known."""
    folder, known = write_atlas(tmp_path_factory.mktemp("atlas") / "side_effects")
    run_all(folder)
    return folder, known


def test_all_mistakes_of_a_folder_are_told_at_once(tmp_path, capsys):
    """Unknown keys and references, a missing library, a pair asked twice, no genes: each with what is allowed."""
    folder, _ = write_atlas(tmp_path / "wrong")
    for name in ("stargeo.tsv", "h.all.symbols.gmt", "hgnc_complete_set.txt"):
        (folder / "profiles" / name).unlink()
    with (folder / "drugs.tsv").open("a") as sheet:
        sheet.write("more\tx\tno_pathway\tl1000\tDB1\nDB01234\tx\tjak\tnowhere\tDB1\n")
    with (folder / "pairs.tsv").open("a") as sheet:
        sheet.write("two\tjak\tcoronary_disease\teither\tagain asked\nthree\tjak\tno_effect\teither\tnobody knows\n")
    assert main(["atlas", str(folder)]) == 1
    assert "'DB01234' stands twice" in capsys.readouterr().err
    text = (folder / "drugs.tsv").read_text()
    (folder / "drugs.tsv").write_text(text.replace("DB01234\tx\tjak", "DBx\tx\tjak"))
    assert main(["atlas", str(folder)]) == 1
    told = capsys.readouterr().err
    wrong = (
        "library stargeo is not there",
        "Entrez ids",
        "genes of",
        "'no_pathway'",
        "'nowhere'",
        "asked twice",
        "'no_effect'",
    )
    for problem in wrong:
        assert problem in told
    (folder / "atlas.yaml").write_text("id: x\ntitle: no colour\ncolour: red\n")
    assert main(["atlas", str(folder)]) == 1
    told = capsys.readouterr().err
    assert "colour" in told
    assert "Traceback" not in told
    assert not (folder / "results").exists()


def test_libraries_alone_are_compared_and_never_called(finished):
    """Without samples chance cannot be drawn: concordances are there, the test is not passed, and it says why."""
    folder, known = finished
    record = as_record(AtlasRecord, json.loads((folder / "results/atlas.json").read_text()))
    assert not record.test.passed
    assert "no samples" in record.test.sentence
    table = read_table(folder / "results" / UNITS.name, UNITS)
    assert len(table) == known.size
    assert table["concordance"].notna().all()
    assert set(table.loc[table["asked"] != "", "call"]) == {"no disease-specific signal"}
    assert record.unverified == ["l1000", "stargeo"]


def test_no_job_is_about_a_pair(finished):
    """Jobs grow with sources, effects and pathways, not with their product; the real Snakefile plans them."""
    folder, known = finished
    command = atlas_command(folder, ["-n", "--quiet", "rules", "--forceall", "--cores", "1"], os.environ)
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = dict(re.findall(r"^(\w+)\s+(\d+)$", done.stdout + done.stderr, re.MULTILINE))
    n_effects = known.shape[1]
    assert (counts["read_drugs"], counts["compare_effect"]) == ("1", str(n_effects))
    assert int(counts["total"]) == 1 + n_effects + 3


def test_every_command_of_the_docs_is_one():
    """docs/atlas.md shows what the command line takes, and names files that are there."""
    text = (READY.parents[1] / "docs" / "atlas.md").read_text(encoding="utf-8")
    commands = re.findall(r"sidemine (atlas [^`\n]+)", text)
    assert len(commands) > 4
    for command in commands:
        parsed = build_parser().parse_args(command.split())
        assert parsed.folders
    for name in re.findall(r"`((?:config|tests)/[\w/.]+)`", text):
        assert (READY.parents[1] / name).exists(), name


def test_a_changed_block_is_refused(tmp_path):
    """A matrix that is not the one of its record stops the atlas: no number comes from it."""
    path = tmp_path / "a.npy"
    write_block(path, np.ones((2, 3)), ["a", "b"])
    assert read_block(path)[0].dtype == np.float32
    np.save(path, np.zeros((2, 3), dtype=np.float32))
    with pytest.raises(InputError, match="not what its record describes"):
        read_block(path)


def test_frozen_calls_are_scored_and_changed_ones_refused(finished, capsys):
    """Planted labels are found, shuffled ones are a coin; nothing is scored before a freeze or after a change."""
    folder, known = finished
    labels = write_labels(folder / "labels.tsv", known)
    assert main(["atlas", str(folder), "--score", str(labels)]) == 1
    assert "nothing was frozen" in capsys.readouterr().err
    freeze_calls(load_atlas(folder), DAY)
    assert main(["atlas", str(folder), "--score", str(labels)]) == 0
    score = json.loads((folder / "results/blind_score.json").read_text())
    figure = score["figures"][0]
    assert figure["ci_low"] > 0.6
    assert score["n_known"] == int(known.sum())
    assert score["labels"] == hashlib.sha256(labels.read_bytes()).hexdigest()
    assert main(["atlas", str(folder), "--score", str(labels)]) == 0  # the same labels give the same score
    shuffled = write_labels(folder / "shuffled.tsv", np.random.default_rng(1).permuted(known, axis=0))
    assert main(["atlas", str(folder), "--score", str(shuffled)]) == 1
    assert "scored by other labels" in capsys.readouterr().err
    assert json.loads((folder / "results/blind_score.json").read_text()) == score
    (folder / "results/blind_score.json").rename(folder / "first_score.json")
    assert main(["atlas", str(folder), "--score", str(shuffled)]) == 0
    figure = json.loads((folder / "results/blind_score.json").read_text())["figures"][0]
    assert figure["ci_low"] < 0.5 < figure["ci_high"]
    (folder / "results/blind_score.json").unlink()
    early = write_labels(folder / "early.tsv", known, "2026-11-30")
    assert main(["atlas", str(folder), "--score", str(early)]) == 0
    assert json.loads((folder / "results/blind_score.json").read_text())["n_known_before"] == int(known.sum())
    capsys.readouterr()
    units = Places(folder / "results").units
    kept = units.read_text()
    units.write_text(kept.replace("\t0.", "\t0.9", 1))
    assert main(["atlas", str(folder), "--score", str(labels)]) == 1
    assert "changed after the freeze" in capsys.readouterr().err
    with pytest.raises(InputError, match="not those of the folder"):
        freeze_calls(load_atlas(folder), DAY)
    assert main(["atlas", str(folder), str(folder), "--freeze", "--cores", "1"]) == 1
    assert "one atlas is frozen or scored at a time" in capsys.readouterr().err
    units.write_text(kept)
    with (folder / "protocol.md").open("a") as protocol:
        protocol.write("more\n")
    with pytest.raises(InputError, match="frozen before"):
        freeze_calls(load_atlas(folder), DAY)


def test_calls_are_frozen_as_declared_and_in_time(finished, tmp_path):
    """Sheets that were edited after the calls were computed, or a day that is past, freeze nothing."""
    folder = tmp_path / "side_effects"
    shutil.copytree(finished[0], folder)
    (folder / "results/frozen.json").unlink(missing_ok=True)
    with pytest.raises(InputError, match="2026-12-01, is past"):
        freeze_calls(load_atlas(folder), date(2026, 12, 2))
    pairs = (folder / "pairs.tsv").read_text()
    (folder / "pairs.tsv").write_text(pairs.replace("\tmimics\t", "\topposes\t", 1))
    with pytest.raises(InputError, match="not those of the folder"):
        freeze_calls(load_atlas(folder), DAY)
    (folder / "pairs.tsv").write_text(pairs)
    path = freeze_calls(load_atlas(folder), DAY)
    assert freeze_calls(load_atlas(folder), date(2027, 3, 1)) == path  # as it stands, at any time


def test_labels_that_contradict_are_refused(finished, tmp_path):
    """One row per label, and per drug and effect; a day only where it is known."""
    folder = tmp_path / "side_effects"
    shutil.copytree(finished[0], folder)
    for name in ("frozen.json", "blind_score.json"):
        (folder / "results" / name).unlink(missing_ok=True)
    freeze_calls(load_atlas(folder), DAY)
    lines = write_labels(folder / "labels.tsv", finished[1]).read_text().splitlines()
    label, drug, effect, *_ = lines[1].split("\t")
    lines += [
        f"{label}\t{drug}\t{effect}\tyes\t2027-05-01\tplanted",
        lines[2].replace("\tno\t\t", "\tno\t2027-01-01\t"),
    ]
    (folder / "labels.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError) as told:
        score_calls(load_atlas(folder), folder / "labels.tsv")
    for words in (f"label {label} stands twice", f"{drug} × {effect} stands twice", "is not known, and has a day"):
        assert words in str(told.value)


def test_a_label_counts_in_every_pathway_of_its_drug():
    """A drug with two targets is in two units; one label decides both."""
    row = LabelRow(label="l", drug="d", effect="e", known="yes", first_reported=date(2027, 1, 1), source="planted")
    scored, before = label_units([row], {"d": {"p", "q"}}, {("p", "e"): 0.1, ("q", "e"): 0.2}, DAY)
    assert [(unit.target_pathway, unit.known) for unit in scored] == [("p", True), ("q", True)]
    assert before == 0


def test_comparators_that_know_nothing_are_a_coin():
    """Known units drawn at random: shares of the other units lie about .5, not below, with few pathways too; limits cover .5."""
    rng, areas, covered = np.random.default_rng(4), [], []
    for _ in range(150):
        known, value = rng.random((4, 9)) < 0.35, rng.standard_normal((4, 9))
        units = [
            ScoredUnit(f"p{p}", f"e{e}", bool(known[p, e]), float(value[p, e])) for p in range(4) for e in range(9)
        ]
        figures = score_units(units, 0, "2026-12-01", "").figures
        areas.append([np.nan if one.auroc is None else one.auroc for one in figures])
        covered += [one.ci_low <= 0.5 <= one.ci_high for one in figures[:1] if one.ci_low is not None]
    assert np.nanmean(areas, axis=0) == pytest.approx(np.full(5, 0.5), abs=0.03)
    assert np.mean(covered) > 0.9
