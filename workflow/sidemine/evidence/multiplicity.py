"""False discovery rates over declared families of set tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sidemine.tables import ENRICHMENT

if TYPE_CHECKING:
    from numpy.typing import NDArray


def benjamini_hochberg(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return q-values (Benjamini & Hochberg 1995, J R Stat Soc B 57:289).

    Parameters
    ----------
    p_values
        p-values of one family, shape (m,), none missing.

    Returns
    -------
    numpy.ndarray
        q-values in the same order, shape (m,).
    """
    count = len(p_values)
    if count == 0:
        return np.empty(0)
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * count / np.arange(1, count + 1)
    q_values = np.empty(count)
    q_values[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q_values


def adjust_set_tests(tests: dict[str, pd.DataFrame], roles: dict[str, str]) -> dict[str, pd.DataFrame]:
    """Add `q_value` and `family_size` to the set tests of all contrasts.

    One Benjamini–Hochberg family is one family of gene sets × the contrasts of one role, per test. It is declared
    here and nowhere else, and its size stands beside every q-value.

    Parameters
    ----------
    tests
        Per contrast: a table as `tables.SET_TESTS` describes.
    roles
        Per contrast: disease, inhibitor, stimulus or negative_control.

    Returns
    -------
    dict
        Per contrast: the table as `tables.ENRICHMENT` describes, in the same row order.
    """
    together = pd.concat(
        [table.assign(contrast=name, contrast_role=roles[name]) for name, table in tests.items()], ignore_index=True
    )
    together["q_value"] = np.nan
    together["family_size"] = 0
    has_p = together["p_value"].notna()
    for _, rows in together[has_p].groupby(["test", "family", "contrast_role"], sort=True).groups.items():
        together.loc[rows, "q_value"] = benjamini_hochberg(together.loc[rows, "p_value"].to_numpy(dtype=float))
        together.loc[rows, "family_size"] = len(rows)
    return {
        name: together.loc[together["contrast"] == name, ENRICHMENT.names].reset_index(drop=True) for name in tests
    }
