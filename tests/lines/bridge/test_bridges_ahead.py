"""What a bridge can say at most is told before the run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lines.bridge.planted_profiles import GENES

from sidemine.lines.bridge.ahead import bridge_notes
from sidemine.lines.bridge.config import Bridge
from sidemine.lines.bridge.library import SignatureLibrary
from sidemine.lines.bridge.specification import BridgeToMeasure

SETS = pd.DataFrame({"gene_set": "T", "gene": GENES[:97], "weight": 1.0})
LIBRARY = {"file": "x", "identifiers": "symbol", "licence": "x", "version": "1"}
CONTROL = {"perturbation": "own", "set": "T", "expected": "down"}
IMPOSSIBLE = "mimics, opposes and no resemblance are not possible here"


def declared(**changed):
    values = {
        "id": "b", "question": "Does it resemble the disease?", "drug": ["d"], "disease": ["e"], "sets": ["T"],
        "comparator_signatures": {**LIBRARY, "positive_control": CONTROL}, **changed,
    }  # fmt: skip
    return BridgeToMeasure.of(Bridge.model_validate(values))


def library(n_of_set, n=1170, own=-3.0):
    """Signatures on some genes of the set and 500 others."""
    genes = [*GENES[:n_of_set], *GENES[97:597]]
    rng = np.random.default_rng(7)
    others = pd.DataFrame(rng.standard_normal((n, len(genes))), index=[f"c{i}" for i in range(n)], columns=genes)
    shift = np.where(np.arange(len(genes)) < n_of_set, own, 0.0)
    return SignatureLibrary(others, pd.DataFrame(rng.standard_normal((1, len(genes))) + shift, ["own"], genes))


def test_a_library_that_measures_too_few_genes_of_the_set_drops_out():
    notes = bridge_notes(declared(comparators=["a", "b"]), library(8), SETS)
    assert notes[0] == "its 1,170 signatures measure 8 of 97 genes of T: fewer than 10, so all of them drop out"
    assert notes[-1].startswith(f"{IMPOSSIBLE}: at most 2 comparators on T")
    assert any("positive control passes" in note for note in notes)


def test_where_a_call_is_possible_only_the_coverage_is_told():
    notes = bridge_notes(declared(), library(40, n=60), SETS)
    assert notes[0] == "its 60 signatures measure 40 of 97 genes of T"
    assert len(notes) == 2
    assert not any(IMPOSSIBLE in note for note in notes)


@pytest.mark.parametrize(("own", "control"), [(1.0, CONTROL), (-3.0, None)])
def test_an_uninformative_library_gives_no_comparator(own, control):
    bridge = declared(comparator_signatures={**LIBRARY, "positive_control": control})
    notes = bridge_notes(bridge, library(40, n=60, own=own), SETS)
    assert any("uninformative" in note for note in notes)
    assert notes[-1].startswith(f"{IMPOSSIBLE}: at most 0 comparators")


@pytest.mark.parametrize(
    ("pathways", "possible"),
    [({}, True), ({"p": ["k0", "k1"]}, False), ({"p": ["k0", "c0"], "q": ["k1"]}, True)],
)
def test_perturbations_of_one_target_pathway_count_once(pathways, possible):
    """Ten contrasts, two of them of one pathway: nine."""
    names = [f"k{row}" for row in range(10)]
    notes = bridge_notes(declared(comparators=names, comparator_signatures=None, target_pathways=pathways), None, SETS)
    assert (notes == []) == possible


def test_contrasts_that_share_too_few_genes_of_the_set_are_no_comparators():
    """Ten comparators, one of which measures nothing of the set; what is not known counts."""
    names = [f"k{row}" for row in range(10)]
    bridge = declared(comparators=names, comparator_signatures=None)
    measured = {"d": GENES, "e": GENES[:60], "k0": GENES[50:200], "k1": GENES[90:300]}
    notes = bridge_notes(bridge, None, SETS, measured)
    assert notes[0] == "of 97 genes of T its contrasts measure: d 97, e 60, k0 47, k1 7"
    assert notes[1].startswith(f"{IMPOSSIBLE}: at most 9 comparators")
    assert len(bridge_notes(bridge, None, SETS, {**measured, "k1": GENES[:300]})) == 1


def test_files_that_are_not_here_yet_are_told_as_such():
    assert "told by the run" in bridge_notes(declared(), None, SETS)[0]
    assert "told by the run" in bridge_notes(declared(), library(40, n=60), None)[0]
