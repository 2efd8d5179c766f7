"""An atlas that is proposed from studies: no two things under one name, no question twice, whatever a folder is called."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
import yaml

from sidemine.atlas import propose, run
from sidemine.atlas.config import load_atlas
from sidemine.errors import InputError, Problem, StudyError


def study_of(name, bridges=(), **words):
    """A study with a bridge, and further ones: what the proposal reads of it."""
    first = {
        "id": "inhibitor_and_thrombosis",
        "question": "Does the inhibitor move the genes\tthe opposite way?",
        "drug": ["epithelium", "lung"],
        "perturbation": "inhibitor A",
        "expected": "opposes",
        "disease": ["cohort_a", "cohort_b"],
        "sets": ["TARGETS", "FOOTPRINT"],
    }
    roles = {"epithelium": "inhibitor", "lung": "inhibitor", "cohort_a": "disease", "cohort_b": "disease"}
    asked = [SimpleNamespace(**{**first, **bridge}) for bridge in ({}, *bridges)]
    return SimpleNamespace(
        config=SimpleNamespace(
            study=SimpleNamespace(**{"id": name, "outcome": "thrombosis", "drug_class": "JAK inhibitors", **words}),
            concordance=SimpleNamespace(bridges=asked),
        ),
        contrasts=[SimpleNamespace(contrast=contrast, role=role) for contrast, role in roles.items()],
    )


def proposed(monkeypatch, folder, studies, places=None):
    """The sheets of the atlas that is proposed, as lists of rows."""
    places = places or [folder / "results" / study.config.study.id for study in studies]
    found = dict(zip(places, studies, strict=True))
    monkeypatch.setattr(propose, "check_results", lambda place: None)
    monkeypatch.setattr(propose, "read_answers", lambda place: SimpleNamespace(study=found[place]))
    propose.propose_atlas(places, folder / "atlas")
    return {
        name: [line.split("\t") for line in (folder / "atlas" / f"{name}.tsv").read_text().splitlines()[1:]]
        for name in ("pathways", "drugs", "effects", "pairs")
    }


def test_two_studies_of_one_question_are_one_pair(monkeypatch, tmp_path):
    """Their drugs are one unit and their patients one effect; what they expect counts where they agree."""
    sheets = proposed(monkeypatch, tmp_path, [study_of("first"), study_of("second")])
    assert len(sheets["pairs"]) == len(sheets["pathways"]) == 1
    assert len(sheets["drugs"]) == len(sheets["effects"]) == 4
    assert sheets["pairs"][0][3] == "opposes"
    other = study_of("other", [{"id": "again", "expected": "mimics"}])
    sheets = proposed(monkeypatch, tmp_path / "more", [study_of("first"), other])
    assert [row[3] for row in sheets["pairs"]] == ["either"]


def test_different_words_stay_apart(monkeypatch, tmp_path):
    """Words that letters and digits do not tell apart, or that are longer than a name, are different pathways and effects."""
    long = "agonists and antagonists of the second generation that act at nuclear receptors"
    studies = [
        study_of("first", outcome="α-thalassaemia"),
        study_of("second", outcome="β-thalassaemia"),
        study_of("third", [{"id": "footprint", "sets": ["FOOTPRINT"]}], outcome="肺炎", drug_class=long),
    ]
    sheets = proposed(monkeypatch, tmp_path, studies)
    effects = {row[2]: row[1] for row in sheets["effects"]}
    assert effects == {"first": "thalassaemia", "second": "thalassaemia_2", "third": "outcome_of_third"}
    sets = {row[0]: row[1] for row in sheets["pathways"]}
    assert sorted(sets.values()) == ["FOOTPRINT", "TARGETS", "TARGETS"]
    assert len({(row[1], row[2]) for row in sheets["pairs"]}) == 4
    for rows in sheets.values():
        assert len({row[0] for row in rows}) == len(rows)
        assert max(len(row[0]) for row in rows) <= 64


def test_a_folder_may_be_called_anything(monkeypatch, tmp_path):
    """Paths with colons, quotes and marks of comments come back from atlas.yaml as they were."""
    place = tmp_path / "res: #1 'x\"\\"
    place.mkdir()
    proposed(monkeypatch, tmp_path, [study_of("no")], [place])
    config = yaml.safe_load((tmp_path / "atlas" / "atlas.yaml").read_text())
    (path,) = config["studies"].values()
    assert list(config["studies"]) == ["no"]
    assert (tmp_path / "atlas" / path).resolve() == place.resolve()


def test_every_profile_counts_once_and_an_id_means_one_thing(tmp_path):
    """A contrast twice in a unit, and an id of a study that is a library too, are refused."""
    text = "id: a\ntitle: An atlas\nstudies: {x: nowhere}\nlibraries:\n  x: {file: t.tsv, identifiers: symbol, licence: none, version: '1', status: unverified}\n"
    (tmp_path / "atlas.yaml").write_text(text)
    (tmp_path / "pathways.tsv").write_text("target_pathway\tgene_set\tgenes_from\np\tS\ts.gmt\n")
    (tmp_path / "drugs.tsv").write_text(
        "profile\tdrug\ttarget_pathway\tsource\tcontrast\na\td\tp\tx\tc\nb\te\tp\tx\tc\n"
    )
    (tmp_path / "effects.tsv").write_text("profile\teffect\tsource\tcontrast\ng\te\tx\tc2\nh\te\tx\tc2\n")
    (tmp_path / "pairs.tsv").write_text("pair\ttarget_pathway\teffect\trelation\twhy\none\tp\te\teither\tsuspected\n")
    with pytest.raises(StudyError) as told:
        load_atlas(tmp_path)
    for words in (
        "x is a study and a library",
        "p has the contrast 'c' of x twice",
        "e has the contrast 'c2' of x twice",
    ):
        assert words in str(told.value)


def test_nothing_runs_on_results_that_do_not_fit_or_without_its_genes(monkeypatch, tmp_path):
    """A study that was edited after its run, and a missing gene set, are told before any job; what Snakemake remembers lies in the folder."""
    atlas = SimpleNamespace(
        config=SimpleNamespace(studies={"s": "x"}), study=lambda name: tmp_path, pathways=[SimpleNamespace()]
    )

    def refuse(path):
        raise InputError(Problem("study.json was changed", str(path), "what was written", "Run the study again."))

    def no_set(atlas, row):
        raise InputError(Problem("no gene set 'S'", "there", "sets", "Correct it."))

    monkeypatch.setattr(run, "load_atlas", lambda folder: atlas)
    monkeypatch.setattr(run, "check_results", refuse)
    monkeypatch.setattr(run, "read_members", no_set)
    (tmp_path / "atlas.yaml").write_text("id: a\n")
    with pytest.raises(StudyError) as told:
        run.run_atlas([tmp_path], tmp_path, [])
    assert "study.json was changed" in str(told.value)
    assert "no gene set 'S'" in str(told.value)
    command = run.atlas_command(tmp_path, ["-n"], os.environ)
    assert command[command.index("--directory") + 1] == str(tmp_path.resolve())
    (tmp_path / ".snakemake" / "pip-deployments").mkdir(parents=True)
    with pytest.raises(StudyError, match="modules that Snakemake may import"):
        run.run_atlas([tmp_path], tmp_path, [])
