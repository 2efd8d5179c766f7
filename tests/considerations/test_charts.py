"""Charts are drawn as they were looked at: whole specifications of planted cards, beside this file.

`python tests/considerations/test_charts.py` writes them anew; look at the page before you keep them.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_judges import entry, judged_composition, placed
from test_panels import arm, beside, evidence, panel_of, variant

from sidemine.considerations.calibration.chart import LEVEL, calibration_chart
from sidemine.considerations.calibration.table import CALIBRATION, CalibrationRow
from sidemine.considerations.composition.panel import adjustment_chart
from sidemine.considerations.robustness.panel import specification_chart
from sidemine.considerations.specificity.panel import confounders_chart, specificity_chart
from sidemine.drawing.panel import ComparatorEffect
from sidemine.report.forest import forest, forest_rows
from sidemine.tables import table_of

DRAWN = Path(__file__).with_name("charts.json")


def size(test, rate, subject="a"):
    """Row of calibration.tsv: how often a test of the primary set calls on permuted labels."""
    return CalibrationRow(
        scope="dataset", subject=subject, null="global", quantity="size", test=test, family="primary", level=LEVEL, parameter="set=S",
        n=1200, rate=rate, ci_low=rate - 0.01, ci_high=rate + 0.02, upper_95=rate + 0.015, reading="holds", source="this study",
        reason="", seed=3,
    )  # fmt: skip


def charts():
    """Each chart of a card, from a few planted figures."""
    first, second = placed("a"), placed("b", None, 90.0)
    first = replace(first, matched=replace(first.matched, quantiles=[0.1 * at for at in range(20)]),
                    beside=[beside(), beside("CALM", "negative_control")])  # fmt: skip
    rows = [variant("reference", 0.4, dimension="reference"), variant("a"), variant("low", -0.9, agrees=False)]
    return {
        "specification": specification_chart(rows, "Hedges g"),
        "specificity": specificity_chart([first, second], "Hedges g", [ComparatorEffect("a", "C1", 0.4)]),
        "confounders": confounders_chart([first], [evidence("a")], "Hedges g"),
        "adjustment": adjustment_chart(judged_composition(entry("a"), entry("b")).columns.composition, "Hedges g"),
        "calibration": calibration_chart(
            table_of([size("fry", 0.05), size("camera", 0.11), size("fry", 0.04, "b")], CALIBRATION)
        ),
        "compounds": panel_of(arm("a", 0.8), arm("x", -0.3, of_class=False), arm("y", None)).chart,
        "forest": forest(
            forest_rows([evidence("a"), replace(evidence("b"), testable=False, effect=None)]), "Hedges g", 0.3
        ),
    }


@pytest.mark.parametrize(
    "name", ["specification", "specificity", "confounders", "adjustment", "calibration", "compounds", "forest"]
)
def test_a_chart_is_drawn_as_it_was_looked_at(name):
    """Marks, scales, colours, axes, sizes and words; what a chart holds is tested beside its panel."""
    drawn = json.loads(DRAWN.read_text(encoding="utf-8"))
    assert json.loads(json.dumps(charts()[name])) == drawn[name]


if __name__ == "__main__":
    DRAWN.write_text(json.dumps(charts(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
