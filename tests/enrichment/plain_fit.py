"""A fitted contrast with just the figures that a test needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.record import FitFacts
from sidemine.sources.scales import LOG2_FOLD_CHANGE


def plain_fit(genes: Sequence[str], **figures: np.ndarray) -> ContrastFit:
    """Return a fit of these genes; figures that are not given (t, q_value, log2_fold_change, …) are 0."""
    names = [
        "log2_fold_change",
        "se",
        "ci_low",
        "ci_high",
        "t",
        "df",
        "p_value",
        "q_value",
        "mean_expression",
        "prior_variance",
        "prior_df",
        "posterior_variance",
        "stdev_unscaled",
    ]
    arrays = {name: np.asarray(figures.get(name, np.zeros(len(genes))), dtype=np.float64) for name in names}
    space = np.zeros((len(genes), 3))
    return ContrastFit(
        genes=list(genes), **arrays, effects=space, score_effects=space,
        score_basis=np.eye(4)[:, 1:], score_covariates=np.zeros((len(genes), 0)), score_stdev_unscaled=1.0,
        samples=["a", "b", "c", "d"], residual_df=2,
        facts=FitFacts("limma", LOG2_FOLD_CHANGE, False, False, "none", None, None, ["intercept", "target"]),
    )  # fmt: skip
