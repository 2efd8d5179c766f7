"""What the page says of bridges and of differences between subgroups follows from their records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidemine.drawing.panel import Subject
from sidemine.effect.record import ContrastEvidence
from sidemine.lines.bridge.panel import NO_BRIDGE, NOT_RUN, bridge_panels, methods_of_bridges
from sidemine.lines.bridge.prediction import PREDICTION, prediction_figures
from sidemine.lines.bridge.record import (
    NO_RESEMBLANCE,
    ComparatorConcordance,
    ConcordanceOfStudy,
    ConcordanceRow,
    JudgedLibrary,
    MeasuredBridge,
    PlottedProfile,
    PrimaryPair,
)
from sidemine.lines.interaction.panel import difference_sentence
from sidemine.lines.interaction.record import SubgroupDifference
from sidemine.lines.line import LinesOnRecord
from sidemine.lines.registry import LINES
from sidemine.places import RESOURCES
from sidemine.tables import read_table

GROUPS = {
    "drug": ("inhibitor", "vehicle"),
    "cohort": ("ill", "well"),
    "kinds": ("embolism", "vein thrombosis"),
}


def row(estimand="total", disease="pooled", scope="target", **changed):
    values = {
        "bridge": "b", "disease_contrast": disease, "drug_contrast": "drug", "scope": scope, "gene_set": "T",
        "estimand": estimand, "n_genes": 30, "margin": 0.2, "n_comparators": 12, "n_comparator_genes": 30, "call": "opposes", "reason": "why",
        "n_rotations": 999, "seed": 7, "leading_genes": "IFIT1,MX1", "concordance": -0.6, "ci_low": -0.9, "ci_high": -0.3,
    }  # fmt: skip
    return ConcordanceRow(**(values | changed))


def bridge(**changed):
    values = {
        "bridge": "b", "drug": ["drug"], "disease": ["cohort"], "expected": "either", "call": "opposes", "sentence": "It opposes it.",
        "primary": PrimaryPair("pooled", "drug", "target", "T"),
        "rows": [row("total", "cohort"), row("adjusted"), row("total")],
        "comparators": [], "left_out": [], "derived_sets": [],
        "profile": PlottedProfile(["IFIT1", "MX1", "ACTB"], [-3.0, -2.0, 0.1], [2.0, 1.0, 0.2], [True, True, False], 500),
    }  # fmt: skip
    return MeasuredBridge(**(values | changed))


def difference(**changed):
    return SubgroupDifference(
        **{
            "name": "i", "contrast": "kinds", "compared": "kinds", "place": "kinds", "gene_set": "T", "n_genes": 30,
            "effect": 0.5, "ci_low": 0.1, "ci_high": 0.9, "p_value": 0.02, **changed,
        }
    )  # fmt: skip


def on_record(*bridges, interactions=(), prediction=(), name=""):
    record = ConcordanceOfStudy(list(bridges), list(interactions), list(prediction))
    return LinesOnRecord([record], GROUPS, {"b": "Does it oppose it?"}, {"b": name})


def subject(contrast="cohort", *, is_cohort=True):
    evidence = [ContrastEvidence(contrast, "d", "GSE1", 3, 3, testable=True)]
    return Subject("h", "T", is_cohort, "Hedges g", evidence, {})


def test_a_bridge_stands_under_the_cards_of_both_its_sides_and_under_no_other():
    lines = on_record(bridge())
    for contrast in ("cohort", "drug"):
        (panel,) = bridge_panels(subject(contrast), lines)
        assert (panel.id, panel.title) == (
            "concordance-b-h",
            "Perturbation and disease: opposes the disease, which says nothing about benefit",
        )
    (other,) = bridge_panels(subject("elsewhere"), lines)
    assert (other.chart, other.why_empty) == (None, NO_BRIDGE)
    assert bridge_panels(subject(), LinesOnRecord())[0].why_empty == NOT_RUN


def test_the_row_of_the_call_comes_first_and_names_the_leading_genes():
    """Not the first row of the file, and not the adjusted one of the same pair."""
    (panel,) = bridge_panels(subject(), on_record(bridge()))
    assert [entry["pair"] for entry in panel.table.rows] == ["drug × pooled", "drug × pooled", "drug × cohort"]
    assert [entry["estimand"] for entry in panel.table.rows] == ["total", "adjusted", "total"]
    assert "Drawn: 3 of 500 genes. Leading genes: IFIT1 and MX1." in panel.caption
    assert panel.facts[:2] == ["Does it oppose it?", "It opposes it."]


def test_axes_name_the_groups_and_say_what_is_pooled():
    (panel,) = bridge_panels(subject(), on_record(bridge()))
    encoding = panel.chart["layer"][2]["encoding"]
    # A group to a line: two long names in one line would be cut.
    assert encoding["x"]["axis"]["title"][1:] == ["normal deviate, “inhibitor”", "minus “vehicle”"]
    assert encoding["y"]["axis"]["title"][:2] == ["normal deviate, “ill”", "minus “well” (pooled)"]
    assert [point["leading"] for point in panel.chart["data"]["values"]] == [True, True, False]
    assert "the other way" in panel.chart["data"]["values"][0]["reading"]
    assert "as the disease does" in panel.chart["data"]["values"][2]["reading"]


def test_a_refused_bridge_says_why_there_is_no_figure():
    refused = row(call="refused", reason="drug is from the same source", n_genes=0, concordance=None, ci_low=None)
    nothing = bridge(call="refused", primary=None, profile=None, rows=[refused])
    (panel,) = bridge_panels(subject(), on_record(nothing))
    assert (panel.chart, panel.why_empty) == (None, "drug is from the same source")


def test_differences_of_the_primary_set_stand_in_the_words_of_cohorts():
    """Another set's difference does not, and an experiment has no patients."""
    lines = on_record(bridge(), interactions=[difference(), difference(gene_set="OTHER")])
    assert [fact for fact in bridge_panels(subject(), lines)[0].facts if "than in" in fact] == [
        "T is higher in embolism than in vein thrombosis (kinds): 0.50 SD (95 % CI 0.10 to 0.90)."
    ]
    assert len(bridge_panels(subject("drug", is_cohort=False), lines)[0].facts) == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"p_value": 0.05}, "is higher in embolism"),
        ({"p_value": 0.05, "effect": -0.5}, "is lower in embolism"),
        ({"p_value": 0.051}, "No difference of T between embolism and vein thrombosis is shown"),
    ],
)
def test_a_difference_is_called_one_up_to_p_05(changed, words):
    assert words in difference_sentence(difference(**changed), GROUPS)


def figures():
    return prediction_figures(read_table(RESOURCES / "prediction" / "side_effects.tsv", PREDICTION))


def test_the_figures_of_prediction_stand_beside_every_bridge_and_in_the_methods_text():
    """As they were measured, with interval, conditions and source."""
    lines = on_record(bridge(), bridge(bridge="second"), prediction=figures())
    *bridges, known = bridge_panels(subject(), lines)
    assert len(bridges) == 2
    for panel in bridges:
        assert any(".488 [.473, .504]" in fact for fact in panel.facts)
        assert ".488 [.473, .504]" in panel.caption
    assert (known.kind, len(known.table.rows)) == ("prediction", len(figures()))
    assert "SIDER 4.1" in known.facts[0]
    drawn = known.chart["data"]["values"]
    assert [(point["low"], point["auroc"], point["high"]) for point in drawn[:2]] == [
        (0.473, 0.488, 0.504),
        (0.492, 0.517, 0.542),
    ]
    assert len(drawn) == sum(row.what.startswith("AUROC") for row in figures()) == 6
    assert "13.7" in known.caption
    assert "99.65" in known.caption
    text = " ".join(methods_of_bridges(lines))
    for words in (
        ".488 [.473, .504]",
        ".517 [.492, .542]",
        "13.7",
        "14.2",
        ".820",
        ".709",
        "99.65",
        "28.6",
        ".575",
        ".599",
    ):
        assert words in text
    assert "never of likelihood or risk" in text
    assert bridge_panels(subject("elsewhere"), lines)[0].why_empty == NO_BRIDGE


def test_a_cytokine_goes_by_its_name_and_is_nowhere_called_a_drug():
    """Title, axes, caption, table, methods."""
    cytokine = bridge(
        drug=["cytokine"],
        rows=[row(drug_contrast="cytokine")],
        primary=PrimaryPair("pooled", "cytokine", "target", "T"),
    )
    lines = on_record(cytokine, prediction=figures(), name="Interferon β")
    lines = replace(lines, groups=GROUPS | {"cytokine": ("interferon", "medium")})
    (panel, _) = bridge_panels(subject(), lines)
    assert panel.title == "Interferon β and disease: opposes the disease, which says nothing about benefit"
    shown = " ".join([panel.title, panel.caption, *(column.heading for column in panel.table.columns)])
    shown += (
        str([layer["encoding"].get("x", {}).get("axis") for layer in panel.chart["layer"]]) + panel.chart["description"]
    )
    assert "drug" not in shown.lower()


def test_rows_are_never_ordered_by_the_size_of_a_concordance():
    """Weak before strong, and strong before weak: as declared in both."""
    weak, strong = row(disease="cohort", concordance=-0.1), row(disease="other", concordance=-0.9)
    for rows in ([weak, strong], [strong, weak]):
        (panel,) = bridge_panels(subject(), on_record(bridge(rows=rows, primary=None)))
        assert [entry["pair"] for entry in panel.table.rows] == [f"drug × {one.disease_contrast}" for one in rows]


def test_no_resemblance_says_in_its_title_that_it_exonerates_nothing():
    (panel,) = bridge_panels(subject(), on_record(bridge(call=NO_RESEMBLANCE)))
    assert panel.title.endswith("no resemblance beyond the margin, which says nothing about safety")


def test_an_uninformative_library_is_told_beside_its_bridge():
    judged = JudgedLibrary(1169, 10, 8.0, False, "uninformative: it is at percentile 8")
    (panel,) = bridge_panels(subject(), on_record(bridge(library=judged)))
    assert "Comparator signatures: uninformative: it is at percentile 8." in panel.facts


def test_methods_tell_of_bridges_only_where_there_are_some():
    assert "1 bridge:" in methods_of_bridges(on_record(bridge()))[0]
    assert "(999 rotations)" in methods_of_bridges(on_record(bridge()))[0]
    assert methods_of_bridges(on_record()) == []
    assert methods_of_bridges(LinesOnRecord()) == []


def test_lines_have_names_and_record_files_of_their_own():
    """A second entry of one name or file would hide the first."""
    assert len({line.name for line in LINES}) == len({line.job.name for line in LINES}) == len(LINES)
    files = [line.record_file for line in LINES if line.record_file]
    assert len(set(files)) == len(files)


def test_quadrants_count_the_genes_that_the_call_rests_on():
    """Corners and title count genes of the set alone, and the concordance of the table stands over the points."""
    profile = PlottedProfile(
        ["A", "B", "C", "D", "E"], [-3.0, -2.0, 1.0, 2.0, 5.0], [2.0, 1.0, 0.2, -1.0, 5.0], [True] * 4 + [False], 500
    )
    (panel,) = bridge_panels(subject(), on_record(bridge(profile=profile)))
    corners = [layer["data"]["values"][0]["n"] for layer in panel.chart["layer"] if layer["mark"].get("fontSize") == 15]
    assert corners == ["1", "1", "2", "0"], "both higher, drug alone, disease alone, both lower"
    assert panel.chart["title"]["subtitle"] == ["4 genes of T:", "1 with one sign, 3 with opposite signs"]
    assert panel.chart["title"]["text"] == f"concordance {panel.table.rows[0]['concordance']}"


def test_the_perturbation_stands_among_the_others_and_none_is_ranked():
    """Each comparator is one point with its own figure, the drug's interval is that of the table, the margin is shaded."""
    others = [
        ComparatorConcordance("it's one", "contrast", -0.25, True),
        ComparatorConcordance("two", "signature", 0.5, False),
    ]
    main, panel = bridge_panels(subject(), on_record(bridge(comparators=others), name="Drug's name"))
    band, _, points, own, _ = (layer.get("data", {}).get("values") for layer in panel.chart["layer"])
    assert [(point["name"], point["words"]) for point in points] == [("it's one", "−0.25"), ("two", "0.50")]
    assert own[0]["words"] == main.table.rows[0]["concordance"]
    assert band == [{"low": -0.2, "high": 0.2}]
    assert [point["counts"] for point in points] == [True, False]
    assert "Pale: too weak to count." in panel.caption
    assert "no ranking of drugs" in panel.caption
    assert main.caption.count("likelihood or risk") == 1, (
        "what a likeness is worth stands under the points, not in a fold"
    )
