"""Principal components of one dataset, for the eye: which samples lie apart, and along what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sidemine.quality.record import PrincipalComponents

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_COMPONENTS = 4
N_GENES = 2000
"""Genes of highest variance that enter; more add noise, not structure."""


def find_principal_components(values: NDArray[np.float64], samples: list[str]) -> PrincipalComponents | None:
    """Return the first principal components of the most variable genes.

    Parameters
    ----------
    values
        log2 expression, genes × samples; genes with missing values are left out.
    samples
        Sample names, one per column.

    Returns
    -------
    PrincipalComponents or None
        None for fewer than three samples or no variance.
    """
    complete = values[np.isfinite(values).all(axis=1)]
    if complete.shape[1] < 3 or complete.shape[0] < 2:
        return None
    variance = complete.var(axis=1)
    most_variable = np.argsort(-variance, kind="stable")[:N_GENES]
    centred = complete[most_variable] - complete[most_variable].mean(axis=1, keepdims=True)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    total = float((singular**2).sum())
    if total <= 0:
        return None
    count = min(N_COMPONENTS, len(samples) - 1)
    coordinates = rows[:count] * singular[:count, None]
    largest = np.abs(coordinates).argmax(axis=1)
    coordinates *= np.sign(coordinates[np.arange(count), largest])[:, None]
    return PrincipalComponents(
        # Six significant digits: beyond that the last bits of the linear algebra library would show.
        explained=[float(f"{share:.6g}") for share in (singular[:count] ** 2) / total],
        samples={
            name: [float(f"{coordinate:.6g}") for coordinate in column]
            for name, column in zip(samples, coordinates.T, strict=True)
        },
    )
