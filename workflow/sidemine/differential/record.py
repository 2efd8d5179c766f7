"""What the differential stage writes: `design.json` of every contrast, and `design_check.json`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from sidemine.errors import Problem
from sidemine.quality.record import ComparedSamples
from sidemine.records import read_record
from sidemine.sources.scales import LOG2_FOLD_CHANGE

Blocking = Literal["none", "fixed", "correlation"]


@dataclass(frozen=True)
class CovariateInDesign:
    """One covariate of a design.

    Attributes
    ----------
    name, kind, declared
        The column, what it enters as, and whether the sheet says so (factor, number) or the column itself.
    why
        What spoke for the kind.
    unit
        Of a number, as written in the column; '' where none is.
    levels
        Of a factor, the reference level first.
    n_columns
        Columns of the design that it takes.
    """

    name: str
    kind: Literal["factor", "number"]
    declared: bool
    why: str
    unit: str
    levels: list[str]
    n_columns: int


@dataclass(frozen=True)
class DroppedSample:
    """A sample of the two groups that does not take part, and why."""

    sample: str
    reason: str


@dataclass(frozen=True)
class FitFacts:
    """Settings and estimates of a fit.

    Attributes
    ----------
    engine, unit
        limma, limma-trend or voom; unit of a gene's difference.
    trend, robust
        Whether the prior variance follows mean expression, and whether empirical Bayes was robust.
    blocking, block_correlation
        How blocks are modelled, and the consensus correlation within them (None: none was estimated).
    sample_weights
        One per sample, mean 1; None where all samples weigh the same.
    columns
        Names of the coefficients; the last is the contrast.
    """

    engine: str
    unit: str
    trend: bool
    robust: bool
    blocking: Blocking
    block_correlation: float | None
    sample_weights: list[float] | None
    columns: list[str]


@dataclass(frozen=True)
class DesignRecord:
    """What `design.json` says of every contrast.

    Attributes
    ----------
    contrast, dataset, testable, problem
        Ids; whether it was fitted, and if not, the first reason.
    n_genes_tested
        Genes with a result.
    target_samples, reference_samples, n_target, n_reference
        Samples and number of independent biological units of each side.
    design_columns, covariates, covariate_kinds, block, blocking, residual_df
        The design.
    dropped
        Samples of the two groups that do not take part.
    notes
        Facts about the units that a reader must know.
    """

    contrast: str
    dataset: str
    testable: bool
    problem: Problem | None
    n_genes_tested: int
    target_samples: list[str]
    reference_samples: list[str]
    n_target: int
    n_reference: int
    design_columns: list[str]
    covariates: list[str]
    covariate_kinds: list[CovariateInDesign]
    block: str
    blocking: Blocking
    dropped: list[DroppedSample]
    residual_df: int
    notes: list[str]


@dataclass(frozen=True)
class FittedDesign(DesignRecord):
    """`design.json` of a contrast that was fitted.

    Attributes
    ----------
    n_genes_not_tested, genes_not_tested
        Their number, in all and per reason.
    fit
        Settings and estimates of the fit.
    n_blocks, paired
        Number of blocks; whether every block is one target and one reference sample.
    """

    n_genes_not_tested: int
    genes_not_tested: dict[str, int]
    fit: FitFacts
    n_blocks: int
    paired: bool


@dataclass(frozen=True)
class UntestableDesign(DesignRecord):
    """`design.json` of a contrast that could not be tested; `further_problems` follow the first."""

    further_problems: list[Problem]

    @property
    def problems(self) -> list[Problem]:
        """All reasons."""
        return [*([self.problem] if self.problem else []), *self.further_problems]


DESIGN = cast("type[FittedDesign | UntestableDesign]", FittedDesign | UntestableDesign)
"""Either, for reading."""


@dataclass(frozen=True)
class DesignCheck:
    """Of one contrast in `design_check.json`: whether its groups and its design allow a test; if not, all reasons."""

    testable: bool
    problems: list[Problem]


def is_paired(design: DesignRecord) -> bool:
    """Tell whether a contrast was fitted in pairs: every block is one target and one reference sample."""
    return isinstance(design, FittedDesign) and design.paired


def compared_samples(design: DesignRecord) -> ComparedSamples:
    """Return what the checks of a contrast need of its design."""
    return ComparedSamples(
        design.contrast,
        design.dataset,
        design.target_samples,
        design.reference_samples,
        design.covariates,
        design.block,
        design.fit.unit if isinstance(design, FittedDesign) else LOG2_FOLD_CHANGE,
    )


def read_design(path: Path) -> FittedDesign | UntestableDesign:
    """Read `design.json`.

    Raises
    ------
    InputError
        When the file does not hold such a record.
    """
    return read_record(DESIGN, path)
