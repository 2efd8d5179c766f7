"""False discovery rates over declared families of set tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sidemine.enrichment.set_test_table import ENRICHMENT
from sidemine.stats.multiplicity import benjamini_hochberg


def adjust_set_tests(tests: dict[str, pd.DataFrame], roles: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Add `q_value` and `family_size` to the set tests of all contrasts.

    One Benjamini–Hochberg family is one family of gene sets × the contrasts of one role, per test. It is declared
    here and nowhere else, and its size stands beside every q-value.

    Parameters
    ----------
    tests
        Per contrast: a table as `set_test_table.SET_TESTS` describes.
    roles
        Per contrast: disease, inhibitor, stimulus or negative_control.

    Returns
    -------
    dict
        Per contrast: the table as `set_test_table.ENRICHMENT` describes, in the same row order.
    """
    filled = [table.assign(contrast=name, contrast_role=roles[name]) for name, table in tests.items() if len(table)]
    if not filled:  # pandas would have to guess the types of columns that are all empty
        return {name: table.assign(q_value=0.0, family_size=0)[ENRICHMENT.names] for name, table in tests.items()}
    together = pd.concat(filled, ignore_index=True)
    together["q_value"] = np.nan
    together["family_size"] = 0
    has_p = together["p_value"].notna()
    for _, rows in together[has_p].groupby(["test", "family", "contrast_role"], sort=True).groups.items():
        together.loc[rows, "q_value"] = benjamini_hochberg(together.loc[rows, "p_value"].to_numpy(dtype=float))
        together.loc[rows, "family_size"] = len(rows)
    return {name: together.loc[together["contrast"] == name, ENRICHMENT.names].reset_index(drop=True) for name in tests}
