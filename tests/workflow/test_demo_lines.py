"""Thin layers of the demo, as its run tells them: planted rows are found, and none counts as a line of its own where it may not."""

from __future__ import annotations

import pytest

from sidemine.tables import read_table
from sidemine.verdict.evidence_table import EVIDENCE

pytestmark = pytest.mark.workflow

CALLS = {
    "mirna_targets": "in favour",
    "mirna_null": "undecided",
    "promoter_chip": "in favour",
    "promoter_isre": "in favour",
    "promoter_null": "undecided",
    "library_inhibitor": "described",
    "library_null": "uninformative",
}


def test_thin_layers_of_the_demo_are_read_as_planted(finished):
    rows = read_table(finished.results() / "evidence.tsv", EVIDENCE).set_index("line").loc[list(CALLS)]
    assert rows["call"].to_dict() == CALLS
    assert (rows["cap"] != "").all()
    assert rows.loc[["library_inhibitor", "library_null"], "p_declared"].isna().all()
    assert set(rows.loc[["promoter_chip", "promoter_isre", "promoter_null"], "in_line"]) == {"expression"}
    page = finished.page()
    assert "do the miRNAs that the disease moves target SIM_JAK_STAT_TARGETS?" in page
    assert "an order among perturbations, no test" in page
