"""Expression as blood and cell lines show it: modules, donors, batch, composition, sex, age, and what is planted.

Everything is drawn from an explicit seed; parts draw from their own child of one `SeedSequence`, so that a
change in one part leaves the others' numbers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sidemine.simulate.genes import FloatArray, GeneUniverse
from sidemine.simulate.scene import SCENE

IntArray = npt.NDArray[np.int64]

DEFAULT_CORRELATION: dict[str, float] = {
    # Interferon-stimulated genes are among the most co-expressed genes of blood.
    "interferon_response": 0.4,
    SCENE.members: 0.1,
    "ribosome": 0.4,
    "oxidative_phosphorylation": 0.3,
    "proliferation": 0.3,
    "negative_control": 0.05,
}
"""Residual correlation within a module; modules not named here get 0.2."""


@dataclass(frozen=True)
class Composition:
    """Cell fractions that vary between people.

    Attributes
    ----------
    fractions
        Per cell type, the latent fraction of each sample in SD units, shape (n_samples,).
    reliability
        Squared correlation of the marker genes' common signal with the latent fraction. The planted genes of a cell
        type (invented ones) follow the fraction itself; the known markers, which an analysis would adjust with, follow
        a noisy copy of it: adjusting for markers must not be perfect.
    target_slope
        log2 change of the interferon-response genes per SD of a cell type: composition as a confounder.
    """

    fractions: Mapping[str, FloatArray]
    reliability: float = 0.8
    target_slope: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SampleModel:
    """What is true of the samples of one dataset; every array has shape (n_samples,).

    Attributes
    ----------
    n_samples
        Number of samples.
    score_shift
        Per module, a shift in Hedges-g units of the module's mean z score (residual SD of that score = 1).
    log2_shift
        Per module, a shift in log2 units, times a gene-specific strength around 1.
    composition
        Cell fractions, or None (cell lines).
    is_female, age, batch, donor
        Sex as it is (not as recorded), years, batch number, donor number; None where they play no part.
    donor_sd
        SD of the donors' gene-specific effects, as a fraction of the residual SD.
    correlation
        Residual correlation per module, over `DEFAULT_CORRELATION`.
    noise
        Factor on all residual SDs: cell lines vary less than people.
    """

    n_samples: int
    score_shift: Mapping[str, FloatArray] = field(default_factory=dict)
    log2_shift: Mapping[str, FloatArray] = field(default_factory=dict)
    composition: Composition | None = None
    is_female: npt.NDArray[np.bool_] | None = None
    age: FloatArray | None = None
    batch: IntArray | None = None
    donor: IntArray | None = None
    donor_sd: float = 0.8
    correlation: Mapping[str, float] = field(default_factory=dict)
    noise: float = 1.0


def score_sd(n_genes: int, correlation: float) -> float:
    """Return the SD of the mean of `n_genes` unit-variance genes of equal pairwise correlation.

    >>> round(score_sd(100, 0.0), 3)
    0.1
    >>> round(score_sd(100, 0.3), 3)
    0.554
    """
    return float(np.sqrt((1 + (n_genes - 1) * correlation) / n_genes))


def simulate_log2(universe: GeneUniverse, model: SampleModel, seed: int) -> FloatArray:
    """Draw log2 expression, genes × samples.

    Parameters
    ----------
    universe
        The genes.
    model
        The samples and what is planted in them.
    seed
        Seed of this dataset; never 0.

    Returns
    -------
    ndarray of shape (n_genes, n_samples)
        log2 expression on an array-like scale (about 3 to 14). Positive shifts are higher expression.
    """
    if seed == 0:
        raise ValueError("seed must not be 0: it would read as 'no seed'")
    names = ("residual", "modules", "strength", "composition", "batch", "donor", "sex", "age", "reliability")
    children = np.random.SeedSequence([seed, 2]).spawn(len(names))
    rng = {name: np.random.default_rng(child) for name, child in zip(names, children, strict=True)}
    n_genes, n_samples = len(universe.symbols), model.n_samples
    residual = rng["residual"].standard_normal((n_genes, n_samples))
    shift = np.zeros((n_genes, n_samples))
    for name in sorted(universe.modules):
        rows = universe.rows(universe.modules[name])
        rho = model.correlation.get(name, DEFAULT_CORRELATION.get(name, 0.2))
        factor = rng["modules"].standard_normal(n_samples)
        strength = rng["strength"].lognormal(0.0, 0.3, rows.size)
        residual[rows] = np.sqrt(1 - rho) * residual[rows] + np.sqrt(rho) * factor
        if name in model.score_shift:
            residual[rows] += score_sd(rows.size, rho) * model.score_shift[name]
        if name in model.log2_shift:
            shift[rows] += strength[:, None] * model.log2_shift[name]
    values = universe.mean[:, None] + model.noise * universe.sd[:, None] * residual + shift
    if model.composition is not None:
        _add_composition(values, universe, model.composition, rng["composition"], rng["reliability"])
    if model.batch is not None:
        effects = rng["batch"].normal(0.0, 0.5, (n_genes, int(model.batch.max()) + 1))
        values += universe.sd[:, None] * effects[:, model.batch]
    if model.donor is not None:
        effects = rng["donor"].normal(0.0, model.donor_sd, (n_genes, int(model.donor.max()) + 1))
        values += universe.sd[:, None] * effects[:, model.donor]
    if model.is_female is not None:
        _set_sex_genes(values, universe, model.is_female, rng["sex"])
    if model.age is not None:
        rows = universe.rows(universe.modules["age"])
        slope = rng["age"].normal(0.0, 0.012, rows.size)
        values[rows] += slope[:, None] * (model.age - 50.0)
    floor = 3.0
    # Background of the array: expression below it cannot be seen.
    return np.asarray(np.log2(np.exp2(values) + np.exp2(floor)), dtype=np.float64)


def _add_composition(
    values: FloatArray,
    universe: GeneUniverse,
    composition: Composition,
    rng: np.random.Generator,
    rng_reliability: np.random.Generator,
) -> None:
    """Add the cell types' genes to `values` in place."""
    noise_sd = np.sqrt((1 - composition.reliability) / composition.reliability)
    for cell_type in sorted(composition.fractions):
        fraction = composition.fractions[cell_type]
        planted = universe.rows(universe.modules[cell_type])
        values[planted] += rng.uniform(0.15, 0.5, planted.size)[:, None] * fraction
        proxy = fraction + noise_sd * rng_reliability.standard_normal(fraction.size)
        markers = universe.rows(universe.modules.get(f"{cell_type}_markers", ()))
        values[markers] += rng.uniform(0.3, 0.7, markers.size)[:, None] * proxy
        slope = composition.target_slope.get(cell_type, 0.0)
        if slope:
            values[universe.rows(universe.modules["interferon_response"])] += slope * fraction


def _set_sex_genes(
    values: FloatArray, universe: GeneUniverse, is_female: npt.NDArray[np.bool_], rng: np.random.Generator
) -> None:
    """Switch the sex genes on and off in `values`, in place."""
    for name, on in (("female", is_female), ("male", ~is_female)):
        rows = universe.rows(universe.modules[name])
        values[rows] = np.where(on, 9.0, 3.3) + rng.normal(0.0, 0.25, (rows.size, is_female.size))


def simulate_counts(
    log2: FloatArray, seed: int, *, mean_library_size: float = 4e6, dispersion: float = 0.02
) -> IntArray:
    """Draw negative binomial read counts.

    Parameters
    ----------
    log2
        log2 expression, genes × samples.
    seed
        Seed; never 0.
    mean_library_size
        Reads per sample, on average; libraries differ about two-fold.
    dispersion
        Variance = mean + dispersion × mean².

    Returns
    -------
    ndarray of shape (n_genes, n_samples), integers ≥ 0
    """
    if seed == 0:
        raise ValueError("seed must not be 0: it would read as 'no seed'")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    share = np.exp2(log2) - np.exp2(3.0) + 0.01  # the array's background is no transcript
    share = np.maximum(share, 0.01) / np.maximum(share, 0.01).sum(axis=0)
    library = mean_library_size * np.exp(rng.normal(0.0, 0.3, log2.shape[1]))
    size = 1.0 / dispersion
    mean = share * library
    return np.asarray(rng.poisson(rng.gamma(size, mean / size)), dtype=np.int64)


def normalised(counts: IntArray) -> FloatArray:
    """Return counts divided by median-of-ratios size factors (linear scale), as DESeq2 deposits them."""
    expressed = (counts > 0).all(axis=1)
    logs = np.log(counts[expressed].astype(np.float64))
    factors = np.exp(np.median(logs - logs.mean(axis=1, keepdims=True), axis=0))
    return np.asarray(counts / factors, dtype=np.float64)
