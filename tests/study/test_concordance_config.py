"""Bridges and interactions: what cannot be measured is refused before any work, with place and way out."""

from __future__ import annotations

import pytest

from sidemine.cli import main
from sidemine.lines.bridge.config import names_of_contrasts
from sidemine.retrieve.study_sources import StudySources
from sidemine.study.load import load_study

BRIDGE = """\
concordance:
  bridges:
    - id: bridge
      question: Does the drug resemble the disease?
      drug: [inhibited]
      disease: [sick_a, sick_b]
      sets: [TARGETS]
      comparators: [stimulated]
      derive: {from: [inhibited], confirm: [confirmed]}
  interactions:
    - id: kinds
      question: Do the two kinds of patients differ?
      set: TARGETS
      contrasts: [sick_a]
hypotheses:
"""
SIGNATURES = (
    "comparators: [stimulated]\n      comparator_signatures: {file: signatures.tsv, identifiers: symbol, licence: CC0, "
    "version: '1'}"
)


@pytest.fixture
def bridged(small):
    """The small study with a bridge and an interaction, and a second experiment that confirms."""
    small.edit("config.yaml", "hypotheses:\n", BRIDGE)
    (small.folder / "more.tsv").touch()
    small.edit(
        "datasets.tsv", "cells\tGSE3", "more\tGSE4\t\ttable\tmore.tsv\tsymbol\tcounts\tcells\tGEO terms\ncells\tGSE3"
    )
    small.edit(
        "contrasts.tsv",
        "stimulated\tcells",
        "confirmed\tmore\tinhibitor\tdrug = yes\tdrug = no\tdrug\tno drug\t\t\t\nstimulated\tcells",
    )
    return small


def test_a_bridge_is_read_with_its_contrasts(bridged):
    declared = load_study(bridged.config).config.concordance
    assert names_of_contrasts(declared) == ["inhibited", "sick_a", "sick_b", "stimulated", "confirmed"]
    assert names_of_contrasts(declared, ["further"])[-1] == "further"
    assert (declared.bridges[0].perturbation, declared.bridges[0].expected) == ("", "either")


def test_a_study_without_bridges_needs_no_contrasts(small):
    assert names_of_contrasts(load_study(small.config).config.concordance, ["stimulated"]) == []


def test_signatures_are_an_input_like_any_other(bridged):
    bridged.edit("config.yaml", "comparators: [stimulated]", SIGNATURES)
    (bridged.folder / "signatures.tsv").touch()
    sources = StudySources.of(load_study(bridged.config))
    assert sources.of_bridge["bridge"].key in sources.by_key


def test_the_check_tells_where_no_call_is_possible_and_what_is_not_here_yet(bridged, capsys):
    """One comparator; then signatures without a gene table beside them; then a row that the file lacks."""
    assert main(["check", str(bridged.config)]) == 0
    assert (
        "bridge bridge: mimics, opposes and no resemblance are not possible here: at most 1 comparator on"
        in capsys.readouterr().out
    )
    bridged.edit("config.yaml", "comparators: [stimulated]", SIGNATURES)
    (bridged.folder / "signatures.tsv").write_text("p\tMX1\tIFIT1\nDB1\t1\t2\n")
    assert main(["check", str(bridged.config)]) == 0
    assert "not here yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("drug: [inhibited]", "drug: [inhibitd]", ["'inhibitd'", "mean inhibited", "bridge bridge, key drug"]),
        ("comparators: [stimulated]", "comparators: [nothing]", ["'nothing'", "key comparators"]),
        ("confirm: [confirmed]", "confirm: [nothing]", ["'nothing'", "key derive.confirm"]),
        ("confirm: [confirmed]", "confirm: [inhibited]", ["one dataset 'cells'", "derive.from and derive.confirm"]),
        ("drug: [inhibited]", "drug: [sick_a]", ["role disease", "key drug", "one dataset 'cohort_a'"]),
        ("disease: [sick_a, sick_b]", "disease: [confirmed]", ["role inhibitor", "key disease", "one dataset 'more'"]),
        ("comparators: [stimulated]", "comparators: [sick_b]", ["cannot be its own comparator"]),
        ("disease: [sick_a, sick_b]", "disease: [sick_a, sick_a]", ["disease names one thing twice"]),
        ("sets: [TARGETS]", "sets: [MEMBERS]", ["family member", "key sets"]),
        ("sets: [TARGETS]", "sets: [TARGET]", ["'TARGET'", "mean TARGETS"]),
        ("id: kinds", "id: bridge", ["id 'bridge' is used twice"]),
        ("contrasts: [sick_a]", "contrasts: [inhibited]", ["role inhibitor", "interaction kinds"]),
        ("set: TARGETS\n      contrasts", "set: NOTHING\n      contrasts", ["'NOTHING'", "interaction kinds, key set"]),
        ("comparators: [stimulated]", SIGNATURES, ["does not exist", "signatures.tsv", "comparator_signatures.file"]),
        (
            "comparators: [stimulated]",
            SIGNATURES.replace("CC0", "todo"),
            ["placeholder", "comparator_signatures.licence"],
        ),
        ("sets: [TARGETS]", "sets: [TARGETS]\n      expectd: opposes", ["expectd", "mean expected"]),
        ("sets: [TARGETS]", "sets: [TARGETS]\n      expected: kills", ["expected", "mimics"]),
        ("sets: [TARGETS]", "sets: [TARGETS]\n      margin: 0.2", ["margin"]),
        (
            "sets: [TARGETS]",
            "sets: [TARGETS]\n      target_pathways: {p: [inhibited, stimulated]}",
            ["comparators names what shares", "target pathway: stimulated"],
        ),
        (
            "sets: [TARGETS]",
            "sets: [TARGETS]\n      target_pathways: {p: [stimulatd]}",
            ["'stimulatd'", "mean stimulated", "key target_pathways.p"],
        ),
        (
            "sets: [TARGETS]",
            "sets: [TARGETS]\n      target_pathways: {p: [stimulated], q: [stimulated]}",
            ["target_pathways names one perturbation twice"],
        ),
        (
            "comparators: [stimulated]",
            SIGNATURES.replace("'1'}", "'1', positive_control: {perturbation: x, set: NOTHING, expected: down}}"),
            ["'NOTHING'", "positive_control.set"],
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(bridged, told, old, new, words):
    """Dangling references, wrong roles, one dataset on both sides, a class member as comparator, faulty signatures."""
    bridged.edit("config.yaml", old, new)
    message = told()
    for word in words:
        assert word in message


def test_a_contrast_of_the_perturbations_own_pathway_is_no_comparator_and_no_mistake(bridged):
    """It may stand in no other key of the bridge: the pathway says why it is left out."""
    bridged.edit(
        "config.yaml",
        "comparators: [stimulated]",
        "comparators: []\n      target_pathways: {p: [inhibited, stimulated]}",
    )
    load_study(bridged.config)
