"""Several layers of evidence: which are lines of their own, and how many lines are shown to agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from on_record import answer_hypotheses, judges_on
from test_rules import evidence, hypothesis
from test_supported import cohorts

from sidemine.enrichment.set_test_table import ENRICHMENT
from sidemine.lines.evidence import LayerEvidence, Measured, Size, judged
from sidemine.lines.layer import Format, Layer
from sidemine.lines.layers import LAYERS
from sidemine.lines.specification import DeclaredLine
from sidemine.study.projections import ContrastWords, LineToTell
from sidemine.tables import check_table, empty_table
from sidemine.verdict.answer import answer_study
from sidemine.verdict.card import CardCap
from sidemine.verdict.evidence_table import EVIDENCE, evidence_table
from sidemine.verdict.synthesis import independence, independent_groups, synthesise
from sidemine.verdict.vocabulary import Verdict

PROTEINS = Layer(
    word="invented",
    title="Invented",
    meaning="an invented layer",
    formats={"table": Format("a table")},
    directions=("up", "down"),
    opposite=True,
    kinds=("cohort",),
    unit="z",
)


def line(name: str, independent_of: str = "", status: str = "unverified") -> LineToTell:
    """Return a row of `lines.tsv`."""
    cells = {"layer": "invented", "hypothesis": "h", "source": name, "licence": "CC0", "status": status}
    return LineToTell.model_validate(
        {"line": name, "set": "SET", "direction": "up", "independent_of": independent_of.split()} | cells
    )


def declared(name: str) -> DeclaredLine:
    """Return what the job of a row is given of it."""
    return DeclaredLine(
        line=name, layer="invented", format="table", columns={}, set="SET", direction="up", status="verified"
    )


def measured(row: LineToTell, p: float | None) -> LayerEvidence:
    """Return what a layer measured of a row, with this one-sided p."""
    found = Measured(universe_n=100, n_in_set=10, n_measured=9, effect=1.0, p_declared=p, reason="Seen.")
    return judged(declared(row.line), PROTEINS, found, Size(0.05, 0.08))


@pytest.fixture(autouse=True)
def invented_layer(monkeypatch):
    """The layer is one of those that a study may declare."""
    monkeypatch.setitem(LAYERS, "invented", PROTEINS)


@pytest.fixture
def card():
    """The answer of two cohorts that agree."""
    return answer_hypotheses([hypothesis()], {"h": evidence(*cohorts(0.6, 0.5))}, judges_on())[0]


def test_layers_are_one_line_until_they_are_declared_independent():
    """Independence is declared per pair, holds both ways, and what is joined to one of two lines joins both."""
    names = ["b", "c", "d"]
    assert independent_groups(names, {}) == [["expression", "b", "c", "d"]]
    apart = {"b": ["expression"], "c": ["expression", "b"], "d": ["expression", "b", "c"]}
    assert independent_groups(names, apart) == [["expression"], ["b"], ["c"], ["d"]]
    assert independent_groups(names, {**apart, "c": ["expression"]}) == [["expression"], ["b", "c"], ["d"]]
    # d is joined to both b and the contrasts: so these are one line as well.
    assert independent_groups(names, {**apart, "d": ["c"]}) == [["expression", "b", "d"], ["c"]]


def test_independence_goes_by_source_and_a_layer_without_data_of_its_own_follows_the_contrasts(monkeypatch):
    """A second row of a source joins nothing, and a reading of the contrasts does not tie other lines to them."""
    monkeypatch.setitem(LAYERS, "reading", replace(PROTEINS, word="reading", own_data=False))
    rows = [line("b", "expression"), line("b2"), line("c", "expression b"), line("c2"), line("p"), line("d")]
    rows = [row.model_copy(update={"source": row.line[0]}) for row in rows]
    rows[4] = rows[4].model_copy(update={"layer": "reading"})
    groups = independent_groups([row.line for row in rows[:5]], independence(rows[:5]))
    assert groups == [["expression", "p"], ["b", "b2"], ["c", "c2"]]
    # What nobody declares independent of anything still joins them all.
    assert len(independent_groups([row.line for row in rows], independence(rows))) == 1


def test_an_artefact_in_layers_that_share_samples_is_one_line(card):
    """Three significant layers of one source beside the contrasts: two lines, and the first row alone speaks for its line."""
    rows = [line("b", "expression"), line("c", "expression"), line("d", "expression")]
    values = {"b": 0.5, "c": 0.0001, "d": 0.0001}
    found = synthesise(card, rows, {row.line: measured(row, values[row.line]) for row in rows}, 0.001)
    assert [(entry.line, entry.call) for entry in found.lines] == [("expression", "in favour"), ("b", "undecided")]
    assert (found.n_tested, found.n_shown) == (2, 1)
    assert found.sentence == "1 of 2 independent lines are shown to point in the declared direction."


def test_lines_that_disagree_are_conflicting(card):
    """One in favour, one against: no count."""
    row = line("b", "expression")
    found = synthesise(card, [row], {"b": measured(row, 0.999)}, 0.001)
    assert (found.conflicting, found.n_shown) == (True, 0)
    assert found.sentence == "The lines of evidence contradict one another: expression in favour; invented against."


def test_contrasts_that_may_not_speak_are_no_tested_line(card):
    """A failed control: the line stands there and counts for nothing."""
    row = line("b", "expression")
    found = synthesise(card, [row], {"b": measured(row, 0.001)}, None)
    assert found.rows[0].call == "not testable"
    assert (found.n_tested, found.n_shown) == (1, 1)
    assert found.sentence == "One line of evidence alone, invented: in favour. 1 more could not be tested."


def test_a_small_p_counts_for_nothing_where_the_answer_is_another_one(card):
    """A change that is significant and smaller than the margin is no line in favour."""
    excluded = replace(card, verdict=Verdict.NOT_SUPPORTED)
    row = line("b", "expression")
    found = synthesise(excluded, [row], {"b": measured(row, 0.001)}, 0.0001)
    assert found.rows[0].call == "undecided"
    assert (found.n_tested, found.n_shown) == (2, 1)


def test_a_bound_of_one_is_not_against(card):
    """The p of several experiments, or of a panel, ends at 1; only an answer that is opposite speaks against."""
    assert synthesise(card, [], {}, 1.0).rows[0].call == "undecided"
    assert synthesise(replace(card, opposite=True), [], {}, 1.0).rows[0].call == "against"


def test_what_was_not_run_or_not_declared_is_a_row(card):
    """Opt-in rows and undeclared layers stand in the table as not available, with the reason."""
    found = synthesise(card, [line("b", "expression", status="opt_in")], {}, 0.001)
    assert [(row.line, row.call) for row in found.rows][:2] == [("expression", "in favour"), ("b", "not available")]
    assert "opt-in" in found.rows[1].reason
    undeclared = synthesise(card, [], {}, 0.001)
    row = next(row for row in undeclared.rows if row.layer == "invented")
    assert (row.call, row.in_line) == ("not available", "")
    assert "no row of this layer" in row.reason


def test_a_row_that_speaks_tells_why_it_weighs_less(card):
    """Caps, and a record that nobody checked."""
    row = line("b", "expression")
    found = synthesise(card, [row], {"b": measured(row, 0.001)}, 0.001)
    assert "invented (b): nobody has checked its row against the record" in found.downgrades


def test_a_test_that_does_not_hold_its_size_caps():
    """Above 6.5 % of planted nulls, or an unmeasured size; a p of 0 is a fault of the layer."""
    row = declared("b")
    found = Measured(universe_n=100, n_in_set=10, n_measured=9, p_declared=0.01)
    assert judged(row, PROTEINS, found, Size(0.05, 0.08)).cap == ""
    assert judged(row, PROTEINS, found, Size(0.07, 0.08)).cap.startswith("its test calls 7.0 % of planted nulls at 5 %")
    assert "worst gene set" in judged(row, PROTEINS, found, Size(0.05, 0.2)).cap
    assert judged(row, PROTEINS, found, Size()).cap.startswith("the size of its test was not measured")
    with pytest.raises(ValueError, match="outside of"):
        judged(row, PROTEINS, Measured(universe_n=1, n_in_set=1, n_measured=1, p_declared=0.0), Size())


def test_what_cannot_show_that_its_line_holds_does_not_count(card):
    """A test above 6.5 % of planted nulls, or of unmeasured size."""
    rows = [line("b", "expression")]
    found = Measured(universe_n=100, n_in_set=10, n_measured=9, effect=1.0, p_declared=1e-6, reason="Seen.")
    for size, shown in ((Size(0.05, 0.08), 2), (Size(0.07, 0.08), 1), (Size(), 1)):
        told = synthesise(card, rows, {"b": judged(declared("b"), PROTEINS, found, size)}, 0.001)
        assert (told.n_tested, told.n_shown) == (2, shown)
    assert "so it does not count as a line that is shown" in " ".join(told.downgrades)


def test_a_row_with_a_reservation_about_its_result_is_not_counted_and_is_named(card):
    """One locus carries it: in favour, and no line that is shown, on neither side."""
    row = line("b", "expression")
    locus = Measured(universe_n=100, n_in_set=10, n_measured=9, p_declared=1e-6, cap="one locus carries it (A, B)")
    doubted = judged(declared("b"), PROTEINS, locus, Size(0.05, 0.08))
    found = synthesise(card, [row], {"b": doubted}, 0.001)
    assert (found.n_tested, found.n_shown) == (2, 1)
    assert found.sentence == (
        "1 of 2 independent lines are shown to point in the declared direction. In favour, but not counted: invented (one "
        "locus carries it (A, B))."
    )
    alone = synthesise(card, [row], {"b": doubted}, None).sentence
    assert alone.startswith(
        "One line of evidence alone, invented: in favour, but with a reservation: one locus carries it"
    )
    turned = judged(declared("b"), PROTEINS, replace(locus, p_declared=1 - 1e-6), Size(0.05, 0.08))
    found = synthesise(card, [row], {"b": turned}, 0.001)
    assert not found.conflicting
    assert found.sentence.endswith(" Against it: invented (one locus carries it (A, B); not counted).")
    alone = synthesise(card, [row], {"b": turned}, None).sentence
    assert alone.startswith(
        "One line of evidence alone, invented: against, but with a reservation: one locus carries it"
    )


def test_a_cap_that_is_about_the_test_is_no_reservation(card):
    """The miRNA as the unit: its size was measured so, and a line of whatever p never counted."""
    row = line("b", "expression")
    alone = Measured(universe_n=100, n_in_set=10, n_measured=9, p_declared=1e-6, cap_of_test="the miRNA is the unit")
    judged_so = judged(declared("b"), PROTEINS, alone, Size(0.05, 0.08))
    assert (judged_so.cap, judged_so.reservation) == ("the miRNA is the unit", "")
    assert synthesise(card, [row], {"b": judged_so}, 0.001).n_shown == 2


@pytest.mark.parametrize("takes_back", [True, False])
def test_contrasts_that_an_adjustment_takes_back_are_not_counted(card, takes_back):
    """The mix of cells takes the answer back; where it could not be looked at, the contrasts' p stays what it is."""
    taken = replace(
        card, verdict=Verdict.SUGGESTIVE, caps=[CardCap("composition", "The sign changes.", True, takes_back)]
    )
    row = line("b", "expression")
    found = synthesise(taken, [row], {"b": measured(row, 0.5)}, 0.001)
    assert (found.rows[0].call, found.n_shown) == ("in favour", 0 if takes_back else 1)
    assert ("In favour, but not counted: expression (The sign changes)." in found.sentence) == takes_back


def test_one_of_many_lines_that_points_the_other_way_by_chance_contradicts_nothing(card):
    """p = .03 on the other side: a contradiction of two lines would need .025; nor does a test of unknown size contradict."""
    row = line("b", "expression")
    found = synthesise(card, [row], {"b": measured(row, 0.97)}, 0.001)
    assert (found.conflicting, found.n_shown) == (False, 1)
    assert found.sentence.endswith("Against it: invented.")
    assert synthesise(card, [row], {"b": measured(row, 0.976)}, 0.001).conflicting
    strong = Measured(universe_n=100, n_in_set=10, n_measured=9, p_declared=0.9999)
    for size in (Size(), Size(0.07, 0.08)):
        found = synthesise(card, [row], {"b": judged(declared("b"), PROTEINS, strong, size)}, 0.001)
        assert (found.conflicting, found.n_shown) == (False, 1)


def test_lines_against_are_named(card):
    """None is shown; that one points the other way must not be passed over."""
    rows = [line("b", "expression"), line("c", "expression b")]
    found = synthesise(card, rows, {"b": measured(rows[0], 0.999), "c": measured(rows[1], 0.4)}, None)
    assert found.sentence == (
        "0 of 2 independent lines are shown to point in the declared direction. Against it: invented. 1 more could not be tested."
    )


@pytest.mark.parametrize("status", ["verified", "unverified"])
def test_a_line_stands_beside_the_question_that_it_is_declared_for(status):
    """And `evidence.tsv` has a row of each, also of one that was never measured."""
    rows = [line("b"), line("c").model_copy(update={"hypothesis": "other"})]
    words = ContrastWords(
        platform="",
        role="disease",
        tissue="",
        independent_because="",
        status="verified",
        target_label="x",
        reference_label="y",
    )
    told = answer_study(
        study={},
        hypotheses=[hypothesis(), hypothesis("other"), hypothesis("control", role="positive_control")],
        evidence={name: evidence(*cohorts(0.6, 0.5)) for name in ("h", "other", "control")},
        words={"a": words, "b": words.model_copy(update={"status": status})},
        judges=judges_on(),
        enrichment={"a": empty_table(ENRICHMENT)},
        published=[],
        lines=rows,
        measured={
            "b": measured(rows[0], 0.001),
            "c": judged(
                declared("c"),
                PROTEINS,
                Measured(universe_n=None, n_in_set=None, n_measured=None, reason="None."),
                Size(),
            ),
        },
        simulated=True,
        planted=[],
    )
    table = evidence_table(told.verdicts)
    check_table(table, EVIDENCE, "evidence")
    silent = table[table["line"].str.startswith("no_")].groupby("hypothesis")["layer"].apply(set)
    others = {word for word, layer in LAYERS.items() if "cohort" in layer.kinds} - {"invented"}
    assert silent.to_list() == [others, others]
    table = table[~table["line"].str.startswith("no_")]
    assert table["effect"].iloc[0] == told.verdicts[0].pooled.effect
    shown = list(zip(table["hypothesis"], table["line"], strict=True))
    assert shown == [("h", "expression"), ("h", "b"), ("other", "expression"), ("other", "c")]
    assert list(table["status"]) == [status, "unverified"] * 2
    assert table.iloc[-1][["universe_n", "n_in_set", "effect"]].isna().all()
