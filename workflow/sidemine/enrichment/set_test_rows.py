"""Rows of set tests from several tables in one order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd


def join_set_tests(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all tables (`set_test_table.SET_TESTS`) in one, sorted by test, family and set."""
    import pandas as pd

    filled = [table for table in tables if len(table)]
    if not filled:
        return empty_table(SET_TESTS)
    together = pd.concat(filled, ignore_index=True)
    return together.sort_values(["test", "family", "gene_set"], kind="stable", ignore_index=True)[SET_TESTS.names]
