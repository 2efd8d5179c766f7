"""Expression for the eye and for descriptive scores, whatever layer a dataset holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np

from sidemine.sources.scales import Layer

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray


def layer_of(expression: AnnData) -> Layer:
    """Return what a prepared dataset holds."""
    return next(layer for layer in get_args(Layer) if layer in expression.layers)


def log2_expression(expression: AnnData) -> NDArray[np.float64]:
    """Return expression: as it is (log2, z-scores, fractions), or log2 counts per million.

    Parameters
    ----------
    expression
        A prepared dataset, samples × genes, with one layer.

    Returns
    -------
    numpy.ndarray
        Samples × genes. Counts become log2((count + 0.5) / (library size + 1) × 10⁶) as in voom
        (Law et al. 2014, doi 10.1186/gb-2014-15-2-r29), without normalisation factors.
    """
    layer = layer_of(expression)
    return log2_values(np.asarray(expression.layers[layer], dtype=np.float64), layer)


def log2_values(values: NDArray[np.float64], layer: Layer) -> NDArray[np.float64]:
    """Return the values of a layer, samples × genes, as `log2_expression` does."""
    if layer != "counts":
        return values
    sizes = values.sum(axis=1, keepdims=True)
    log_cpm: NDArray[np.float64] = np.log2((values + 0.5) / (sizes + 1.0) * 1e6)
    return log_cpm


def mean_and_sd(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation (n - 1) of every gene.

    Parameters
    ----------
    values
        Expression of two or more samples, samples × genes.
    """
    return values.mean(axis=0), values.std(axis=0, ddof=1)
