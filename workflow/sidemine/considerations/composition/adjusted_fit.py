"""A contrast's fit with cell proxies as further covariates, for all genes at once.

The same step as in `composition`, for every gene: in the effect space the residual coordinates give a gene's slopes on
the proxies and the contrast coordinate gives its adjusted effect (Frisch–Waugh–Lovell), so that all genes together are
two matrix products. What is left is an effect space of its own, with one residual degree of freedom less per proxy:
set tests and rotations work in it as in any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.composition.measure import FEWEST_RESIDUAL_DF
from sidemine.differential.fit import moderated_fields
from sidemine.differential.linear_model import EffectSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidemine.differential.contrast_fit import ContrastFit


def adjust_fit(fit: ContrastFit, proxies: NDArray[np.float64]) -> ContrastFit | None:
    """Return the fit with the proxies as covariates; None where too few residual degrees of freedom are left.

    Parameters
    ----------
    fit
        The fitted contrast.
    proxies
        Proxies × (1 + residual df), as `cell_proxies.Proxies.scores`; without any the fit is returned as it is.

    Returns
    -------
    ContrastFit
        Genes as before. Under voom it rests on the weights that depend on the sample only, in which the proxies were
        measured. Variances are moderated anew; `facts` names the number of proxies.
    """
    if len(proxies) == 0:
        return fit
    residual_df = fit.residual_df - len(proxies)
    if residual_df < FEWEST_RESIDUAL_DF:
        return None
    effects, widening = _regress_out(fit.score_effects, proxies)
    stdev = fit.score_stdev_unscaled * widening
    space = EffectSpace(effects, np.full(len(effects), stdev))
    # Voom's weights carry the trend of the variances; weights that depend on the sample only do not.
    trend = fit.facts.trend or fit.facts.engine == "voom"
    return replace(
        fit,
        **moderated_fields(space, fit.mean_expression, trend, fit.facts.robust),
        stdev_unscaled=space.stdev_unscaled,
        effects=effects,
        score_effects=effects,
        score_stdev_unscaled=stdev,
        residual_df=residual_df,
    )


def _regress_out(effects: NDArray[np.float64], proxies: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the effect space without the proxies, and by how much the contrast's standard error grows."""
    # Columns beyond the proxies' own span the residuals that they do not explain.
    basis, triangle = np.linalg.qr(proxies[:, 1:].T, mode="complete")
    n_proxies = len(proxies)
    rotated = effects[:, 1:] @ basis
    along = np.linalg.solve(triangle[:n_proxies].T, proxies[:, 0])
    widening = float(np.sqrt(1 + along @ along))
    contrast = (effects[:, 0] - rotated[:, :n_proxies] @ along) / widening
    return np.column_stack([contrast, rotated[:, n_proxies:]]), widening
