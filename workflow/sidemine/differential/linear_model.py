"""Gene-wise linear models by one QR decomposition, keeping the contrast and the residual space.

For every gene the (weighted, whitened) observations are rotated by the Householder QR of the design. The last
design coordinate is the contrast on the scale of one observation; the coordinates beyond it are `residual_df`
independent residuals. Coefficients, variances, CAMERA, FRY and rotation tests all follow from this one matrix
(Smyth 2004, doi 10.2202/1544-6115.1027; Wu et al. 2010, doi 10.1093/bioinformatics/btq401).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Genes per block where every gene has a design of its own: bounds memory and never changes the result.
GENES_PER_BLOCK = 512
NO_RESIDUAL = 1e-10
"""Length of a gene's residuals over that of its values, up to which they are rounding: the gene is constant within the groups."""
LAPACK_BLOCK = 64
"""The most reflections that LAPACK applies together: what it wants to work with."""


@dataclass(frozen=True)
class EffectSpace:
    """The contrast and residual space of every gene.

    Attributes
    ----------
    effects
        Genes × (1 + residual df), log2 units. Column 0: contrast divided by `stdev_unscaled`, sign = target minus
        reference. The other columns are residuals. All columns have the gene's residual variance.
    stdev_unscaled
        Per gene: standard error of the contrast for a residual variance of 1.
    """

    effects: NDArray[np.float64]
    stdev_unscaled: NDArray[np.float64]

    @property
    def residual_df(self) -> int:
        """Residual degrees of freedom, the same for every gene."""
        return int(self.effects.shape[1]) - 1

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """Log2 fold changes, one per gene, target minus reference."""
        return self.effects[:, 0] * self.stdev_unscaled

    @property
    def variances(self) -> NDArray[np.float64]:
        """Residual variances, one per gene (log2 units squared)."""
        return np.asarray(np.mean(self.effects[:, 1:] ** 2, axis=1))


@dataclass(frozen=True)
class CommonSpace(EffectSpace):
    """An effect space whose basis is the same for all genes: no weight depends on the gene.

    Attributes
    ----------
    basis
        Samples × (1 + residual df), orthonormal: `effects` are the (weighted, whitened) values times this basis.
    covariate_effects
        Genes × (coefficients − 2): what covariates and fixed blocks explain within the groups, in an orthonormal basis.
        Its squares and those of the residuals make the sum of squares within groups without covariates.
    """

    basis: NDArray[np.float64]
    covariate_effects: NDArray[np.float64]


def effect_space(
    values: NDArray[np.float64],
    matrix: NDArray[np.float64],
    *,
    sample_weights: NDArray[np.float64] | None = None,
    observation_weights: NDArray[np.float64] | None = None,
    block_labels: NDArray[np.str_] | None = None,
    correlation: float = 0.0,
) -> EffectSpace:
    """Rotate expression values into the contrast and the residual space of a design.

    Parameters
    ----------
    values
        Genes × samples, log2 units, no missing values.
    matrix
        Samples × coefficients, full rank, contrast in the last column.
    sample_weights
        One positive precision weight per sample.
    observation_weights
        Genes × samples positive precision weights (voom). Excludes `sample_weights`.
    block_labels, correlation
        Samples of one block share this correlation; without labels the samples are independent.
    """
    if observation_weights is None:
        return common_space(values, matrix, sample_weights, block_labels, correlation)
    whitener = None if block_labels is None else _whitener(block_labels, correlation)
    return _per_gene_designs(values, matrix, observation_weights, whitener)


def common_space(
    values: NDArray[np.float64],
    matrix: NDArray[np.float64],
    sample_weights: NDArray[np.float64] | None = None,
    block_labels: NDArray[np.str_] | None = None,
    correlation: float = 0.0,
) -> CommonSpace:
    """Rotate all genes by one QR decomposition.

    Parameters
    ----------
    values, matrix, sample_weights, block_labels, correlation
        As in `effect_space`.
    """
    whitener = None if block_labels is None else _whitener(block_labels, correlation)
    last = matrix.shape[1] - 1
    design, response = matrix, values.T
    groups = np.column_stack([np.ones(len(matrix)), matrix[:, last]])
    if sample_weights is not None:
        root = np.sqrt(sample_weights)[:, None]
        design, response, groups = design * root, response * root, groups * root
    if whitener is not None:
        design, response, groups = whitener @ design, whitener @ response, whitener @ groups
    # Unpivoted: FRY's outlier-resistant scale depends on the residual basis, and limma uses this one.
    reflections, scales = np.linalg.qr(design, mode="raw")  # transposed: R, and below it the reflections that make up Q
    q = _orthogonal_matrix(reflections, scales)
    basis = q[:, last:].copy()
    rotated = _rotate(reflections, scales, response)
    effects = rotated[last:].T.copy()
    _clear_rounding(effects, response.T)
    corner = reflections[last, last]
    if corner < 0:
        basis[:, 0] *= -1
        effects[:, 0] *= -1
    # Of the space of the design, what is orthogonal to the two groups: that of the covariates within them.
    beside = np.linalg.qr(q[:, : last + 1].T @ groups, mode="complete")[0][:, 2:]
    covariate_effects = np.ascontiguousarray((beside.T @ rotated[: last + 1]).T)
    return CommonSpace(effects, np.full(len(values), 1.0 / abs(corner)), basis, covariate_effects)


def _clear_rounding(effects: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Set residuals to 0, in place, where nothing but rounding is left of them.

    Such a gene (at the floor of its array, which differs between the groups) would count in units of 10⁻¹⁶.
    """
    lengths = np.sqrt(np.einsum("gi,gi->g", values, values))
    residuals = effects[:, 1:]
    residuals[np.sqrt(np.einsum("gi,gi->g", residuals, residuals)) <= NO_RESIDUAL * lengths] = 0.0


def _orthogonal_matrix(reflections: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Q, samples × samples, from the reflections that make it up."""
    from scipy.linalg import lapack

    n_columns, n_samples = reflections.shape
    start = np.zeros((n_samples, n_samples), order="F")
    start[:, :n_columns] = reflections.T
    return np.asarray(lapack.dorgqr(start, scales, lwork=LAPACK_BLOCK * n_samples, overwrite_a=True)[0])


def _rotate(
    reflections: NDArray[np.float64], scales: NDArray[np.float64], response: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return Qᵀ times the response by the reflections that make up Q: the work grows with the samples, not with their square."""
    from scipy.linalg import lapack

    workspace = LAPACK_BLOCK * (response.shape[1] + LAPACK_BLOCK + 1)
    rotated, _, _ = lapack.dormqr("L", "T", reflections.T, scales, response, workspace)
    return np.asarray(rotated)


def _whitener(block_labels: NDArray[np.str_], correlation: float) -> NDArray[np.float64]:
    from scipy.linalg import solve_triangular

    same = block_labels[:, None] == block_labels[None, :]
    covariance = np.where(same, correlation, 0.0)
    np.fill_diagonal(covariance, 1.0)
    lower = np.linalg.cholesky(covariance)
    return np.asarray(solve_triangular(lower, np.eye(len(block_labels)), lower=True))


def _per_gene_designs(
    values: NDArray[np.float64],
    matrix: NDArray[np.float64],
    weights: NDArray[np.float64],
    whitener: NDArray[np.float64] | None,
) -> EffectSpace:
    n_genes, n_samples = values.shape
    last = matrix.shape[1] - 1
    effects = np.empty((n_genes, n_samples - last))
    stdev_unscaled = np.empty(n_genes)
    for start in range(0, n_genes, GENES_PER_BLOCK):
        block = slice(start, start + GENES_PER_BLOCK)
        root = np.sqrt(weights[block])
        augmented = np.concatenate([matrix[None] * root[:, :, None], (values[block] * root)[:, :, None]], axis=2)
        if whitener is not None:
            augmented = whitener @ augmented
        _householder(augmented, last + 1)
        diagonal = augmented[:, last, last]
        effects[block] = augmented[:, last:, -1]
        _clear_rounding(effects[block], values[block] * root)
        effects[block, 0] *= np.sign(diagonal)
        stdev_unscaled[block] = 1.0 / np.abs(diagonal)
    return EffectSpace(effects, stdev_unscaled)


def _householder(augmented: NDArray[np.float64], n_columns: int) -> None:
    """Reflect, in place, each gene's [design | response] so that the design becomes upper triangular."""
    for column in range(n_columns):
        vector = augmented[:, column:, column].copy()
        norm = np.copysign(np.linalg.norm(vector, axis=1), vector[:, 0])
        vector[:, 0] += norm
        tail = augmented[:, column:, column:]
        projection = np.einsum("gi,gij->gj", vector, tail) / (norm * vector[:, 0])[:, None]
        tail -= vector[:, :, None] * projection[:, None, :]
