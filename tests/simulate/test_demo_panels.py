"""The panels of the demo say what is planted in them: class-wide, one compound only, and the same at three doses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sidemine.considerations.compounds.judge import judge_compounds
from sidemine.considerations.compounds.record import CompoundColumns
from sidemine.effect.compounds import ArmData, measure_compounds
from sidemine.effect.measure import gather_evidence
from sidemine.effect.record import ContrastEvidence
from sidemine.quality.record import NO_TREATMENT
from sidemine.simulate.demo import COMPOUND_PANEL, DEMO_SEED
from sidemine.simulate.experiments import experiment_log2
from sidemine.simulate.genes import make_universe
from sidemine.study.load import load_study
from sidemine.study.projections import ContrastToFit, HypothesisOfCompounds, HypothesisToMeasure
from sidemine.verdict.decide import decide_study

DEMO = Path(__file__).parents[2] / "config" / "demo" / "config.yaml"
WORDS = {
    "class_takes_down": ("class-wide (2 of 3 compounds: A, B)", "suggestive"),
    "class_at_low_dose": ("not class-wide, this compound only (A)", "not supported"),
    "dose_of_inhibitor_a": ("acts, but is not shown to do more at higher doses", "suggestive"),
}


@pytest.fixture(scope="module")
def decided():
    """Answer the demo's panels as they are declared there, on fewer genes, with no other consideration."""
    study = load_study(DEMO, check_files=False)
    universe = make_universe(1600, DEMO_SEED)
    values = experiment_log2(COMPOUND_PANEL, universe, DEMO_SEED + 25).T
    n = COMPOUND_PANEL.n_replicates
    labels = [dict(arm.characteristics) for arm in COMPOUND_PANEL.arms for _ in range(n)]
    names = [f"s{row}" for row in range(len(labels))]
    samples = pd.DataFrame(labels).assign(sample=names, unit=names, fate="used", value_column=names)
    data = ArmData(np.asarray(values), names, universe.symbols, "log2", False, samples, NO_TREATMENT)
    targets = universe.modules["interferon_response"]
    sets = pd.DataFrame({"gene_set": "SIM_JAK_STAT_TARGETS", "gene": targets, "weight": 1.0, "family": "target"})
    hypotheses = [row for row in study.config.hypotheses if row.id in WORDS]
    evidence = {}
    for row in hypotheses:
        arms = {
            name: ContrastToFit.in_dataset(study.contrasts[name], study.datasets[study.contrasts[name].dataset])
            for name in row.compounds.contrasts
        }
        panel = measure_compounds(
            HypothesisOfCompounds.of(row), arms, data, sets.assign(version="", source=""), min_group_size=3,
            min_set_size=5, rotations=499, seed=1,
        )  # fmt: skip
        contrasts = {
            arm.contrast: ContrastEvidence(
                arm.contrast, "compound_line", "GSE900007", 3, 3, True, effect=arm.effect, effect_se=arm.effect_se,
                effect_df=arm.df, p_self_contained=arm.tested.p_value, direction=arm.tested.direction,
            )
            for arm in panel.carrying
        }  # fmt: skip
        gathered = gather_evidence(HypothesisToMeasure.of(row), contrasts)
        evidence[row.id] = type(gathered)(**{**vars(gathered), "compounds": panel})
    return {row.hypothesis.id: row for row in decide_study(hypotheses, evidence, [judge_compounds])}


@pytest.mark.parametrize("name", WORDS)
def test_the_words_are_what_is_planted(decided, name):
    pattern, verdict = WORDS[name]
    columns = decided[name].judgements[0].columns
    assert isinstance(columns, CompoundColumns)
    assert (columns.pattern, decided[name].decision.verdict) == (pattern, verdict)
    assert decided[name].decision.rule.startswith(pattern[:1].upper() + pattern[1:])


def test_one_dataset_alone_is_suggestive_at_most_and_a_panel_is_one_question(decided):
    row = decided["class_takes_down"]
    gates = {gate.name: gate.status for gate in row.gates}
    assert gates == {"panel": "passed", "vehicle": "passed", "replication": "failed", "Holm": "passed"}
    assert row.level.n_questions == len(WORDS)
    assert [cap.cap for cap in row.caps] == ["replication"]
