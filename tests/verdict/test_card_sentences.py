"""What a card says in words: the figure, its side, its unit, and what could not be tested."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_rules import contrast, evidence, untestable

from sidemine.effect.compound_record import ArmEffect, CompoundEvidence
from sidemine.effect.plain_words import PATIENTS
from sidemine.effect.pooled_effect import pool_contrasts
from sidemine.errors import Problem
from sidemine.verdict.answer import competitive_reading, effect_sentence, pooled_sentence
from sidemine.verdict.vocabulary import Verdict

TOLD = {"accession": "GSE1", "ci_low": 0.31, "ci_high": 0.92, "target_label": "cases", "reference_label": "healthy"}


@pytest.mark.parametrize(
    ("effect", "kind", "blocking", "words"),
    [
        (0.6, "cohort", "none", "0.60 SD higher"),
        (-0.6, "cohort", "none", "0.60 SD lower"),
        (0.0, "cohort", "none", "0.00 SD different"),
        (0.6, "cohort", "fixed", "0.60 SD higher"),
        (0.6, "cohort", "correlation", "0.60 SD higher"),
        (0.6, "experiment", "fixed", "0.60 log2 units higher"),
    ],
)
def test_an_effect_is_told_with_side_unit_labels_and_interval(effect, kind, blocking, words):
    """Target versus reference, in this order; both ends of the interval in theirs."""
    row = contrast(effect=effect, blocking=blocking, **TOLD)
    sentence = effect_sentence("S", evidence(row), kind, "")
    assert f"S genes are on average {words} (cases versus healthy; GSE1; 95 % CI 0.31 to 0.92)." in sentence


def test_what_the_unit_means_is_told():
    """Experiments count against other genes; cohorts say whether composition is adjusted for."""
    found = evidence(contrast())
    assert effect_sentence("S", found, "experiment", "Adjusted.").endswith(
        " Counted relative to all other measured genes."
    )
    assert effect_sentence("S", found, "cohort", "Adjusted.").endswith("between people of one group. Adjusted.")
    assert "Total effect, composition not adjusted" in effect_sentence("S", found, "cohort", "")


def test_an_arm_of_a_panel_is_told_as_the_model_of_all_arms_has_it():
    """One arm, one answer: the table of the panel beside the sentence holds the same figures."""
    arm = ArmEffect("a", "A", True, "", None, None, True, 3, 3, None, -0.7, 0.2, 9.0, -1.06, -0.35)
    panel = CompoundEvidence("class_wide", "down", "", "", [arm], 9, 3, [])
    found = replace(evidence(contrast("a", effect=-0.72, **TOLD)), compounds=panel)
    told = "S genes are on average 0.70 log2 units lower (cases versus healthy; GSE1; 95 % CI -1.06 to -0.35)."
    assert told in effect_sentence("S", found, "panel", "")
    alone = replace(found, compounds=replace(panel, problem=Problem("w", "w", "w", "w")))
    assert "0.72 log2 units lower" in effect_sentence("S", alone, "panel", "")


def test_contrasts_that_could_not_be_tested_are_named():
    """Beside the others, or alone."""
    assert effect_sentence("S", evidence(contrast(), untestable("b")), "cohort", "").endswith(" Not testable: b.")
    alone = effect_sentence("S", evidence(untestable("a"), untestable("b")), "cohort", "")
    assert alone == "S genes could not be tested in a, b."
    for end in ("ci_low", "ci_high"):
        assert "could not be tested in a." in effect_sentence("S", evidence(contrast(**{end: None})), "cohort", "")


@pytest.mark.parametrize(
    ("p", "direction", "df", "words"),
    [
        (None, "up", 60, "not computed"),
        (0.05, "up", 60, "(higher than they)"),
        (0.05, "down", 60, "(lower than they)"),
        (0.05, "none", 60, "(different than they)"),
        (0.051, "up", 10, "not shown"),
        (0.051, "up", 9.9, "uninformative"),
        (0.051, "up", None, "uninformative"),
    ],
)
def test_the_competitive_test_in_words(p, direction, df, words):
    """Its side, or why its silence says nothing."""
    assert words in competitive_reading(contrast(p_competitive=p, competitive_direction=direction, residual_df=df))


def test_the_pooled_effect_in_words():
    """Both kinds in their units, both sides, with and without what is left out."""
    pooled = replace(
        pool_contrasts([contrast("a", 0.6), contrast("b", 0.4)]), ci_low=0.31, ci_high=0.62, p=0.0123, effect=0.5
    )
    assert pooled_sentence(pooled, "cohort", PATIENTS) == (
        " Over 2 independent cohorts together (common effect): 0.50 SD higher (95 % CI 0.31 to 0.62, p = 0.012), "
        "the patient lies above the control in 64 of 100 random pairs; "
        "0.40 to 0.60 when one of them is left out."
    )
    assert "2 independent experiments together (common effect): 0.50 log2 units" in pooled_sentence(
        pooled, "experiment", PATIENTS
    )
    assert "0.50 SD lower" in pooled_sentence(replace(pooled, effect=-0.5), "cohort", PATIENTS)
    for end in ("leave_one_out_low", "leave_one_out_high"):
        assert "left out" not in pooled_sentence(replace(pooled, **{end: None}), "cohort", PATIENTS)
    for field in ("effect", "ci_low", "ci_high"):
        assert pooled_sentence(replace(pooled, **{field: None}), "cohort", PATIENTS) == ""
    assert pooled_sentence(replace(pooled, k=1), "cohort", PATIENTS) == ""


def test_a_split_is_told_in_its_order_with_its_outcome():
    """Which datasets found it, which looked for it, and whether they saw it."""
    pooled = pool_contrasts([contrast("a", 0.6), contrast("b", 0.01)], [], ["data_a"], "up")
    declared = next(order for order in pooled.orders if order.order == "declared")
    sentence = pooled_sentence(pooled, "cohort", PATIENTS)
    assert (
        f" Found in data_a (0.60, p = {declared.discovery.p:.2g}), looked for in data_b (0.01, one-sided p = "
        f"{declared.replication.p_one_sided:.2g}; declared order): not replicated."
    ) in sentence
    reverse = next(order for order in pooled.orders if order.order == "reversed")
    assert f" Not found in data_b (0.01, p = {reverse.discovery.p:.2g}), looked for in data_a" in sentence
    assert sentence.endswith("reversed order): there was nothing to replicate.")


def test_verdicts_rank_and_are_marked():
    """A cap bites between ranks, a control must be above 0; every mark is another one."""
    assert [(verdict, verdict.rank) for verdict in Verdict] == [
        ("supported", 2), ("suggestive", 1), ("not supported", 0), ("conflicting", 0), ("not testable", 0),
    ]  # fmt: skip
    assert len({verdict.mark for verdict in Verdict}) == len(Verdict)
    assert Verdict.of("not testable") is Verdict.NOT_TESTABLE
    assert Verdict.NOT_SUPPORTED.css_class == "verdict-not-supported"
