"""What the quality stage writes: `quality.json` of datasets and contrasts, `treatment.json`, `shared_samples.json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sidemine.prepare.record import DatasetProvenance, PreparedProvenance
from sidemine.quality.flags import Flag
from sidemine.records import ABSENT


@dataclass(frozen=True)
class ScaleOfDataset:
    """The declared scale, what the values say to it, and how they were brought to the scale of the analysis.

    Attributes
    ----------
    declared, found
        The scale of `datasets.tsv`, and the one that the values speak for.
    answer, reason
        fits, contradicts or cannot tell; and why.
    transformation, offset, n_values, n_values_moved
        What was done to the values, what was added before the logarithm (None: nothing), and how many were floored.
    """

    declared: str
    found: str
    answer: str
    reason: str
    transformation: str
    offset: float | None
    n_values: int
    n_values_moved: int


@dataclass(frozen=True)
class SexOfSamples:
    """Sex by XIST and the Y genes.

    Attributes
    ----------
    column
        Metadata column of the recorded sex; '' for none.
    genes
        Sex genes that were measured.
    by_genes
        Per sample: female, male or ambiguous; empty where two components could not be told apart.
    reading
        Why, or how clear it is, in words.
    """

    column: str
    genes: list[str]
    by_genes: dict[str, str]
    reading: str


@dataclass(frozen=True)
class ReusedSample:
    """A sample that stands in a second place.

    Attributes
    ----------
    sample, other
        Its name, and the accession or name in the other place.
    how
        GEO's relation, or how the two were found to be the same.
    dataset
        The earlier dataset of the study that holds it; absent where GEO's relation says it.
    same_series
        True where that dataset is of the same series: the sample was processed with the others. Absent elsewhere.
    """

    sample: str
    other: str
    how: str
    dataset: str | None = field(default=None, metadata=ABSENT)
    same_series: bool | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True)
class NearCopy:
    """Two nearly identical samples: `first` stands before `second`.

    Attributes
    ----------
    first, second, ratio
        The two, and their distance over the usual nearest distance.
    independent_because
        The study's reason why they are independent all the same; empty where it gives none.
    """

    first: str
    second: str
    ratio: float
    independent_because: str = ""


@dataclass(frozen=True)
class PrincipalComponents:
    """Share of the variance by component, and coordinates by sample; the largest coordinate of each is positive."""

    explained: list[float]
    samples: dict[str, list[float]]


@dataclass(frozen=True)
class DatasetQuality:
    """`quality.json` of a dataset.

    Attributes
    ----------
    dataset, n_samples, n_genes, samples_per_fate
        Its id, the samples that take part, its genes, and all samples by what became of them.
    scale, flags, sex
        What the values are, what the checks found, and the sex that the genes show.
    reused_samples, duplicated_samples
        Samples that stand in a second place, and nearly identical pairs of different biological units.
    dropped_samples
        Samples that the study declares to drop, each with the reason.
    principal_components
        None for fewer than three samples or no variance.
    provenance
        How the values were prepared.
    """

    dataset: str
    n_samples: int
    n_genes: int
    samples_per_fate: dict[str, int]
    scale: ScaleOfDataset
    flags: list[Flag]
    sex: SexOfSamples
    reused_samples: list[ReusedSample]
    duplicated_samples: list[NearCopy]
    dropped_samples: dict[str, str]
    principal_components: PrincipalComponents | None
    provenance: PreparedProvenance | DatasetProvenance


@dataclass(frozen=True)
class SexTreatment:
    """Column of the recorded sex, and the sex by the genes per sample; both empty unless the contrasts adjust for it."""

    column: str
    values: dict[str, str]


@dataclass(frozen=True)
class BatchTreatment:
    """What is done about batches that are aliased or associated with the group, and the columns declared as batches."""

    aliased: str
    associated: str
    columns: list[str]


@dataclass(frozen=True)
class Treatment:
    """`treatment.json`: what every contrast of a dataset has to heed.

    It holds only what the fits need, so that another wording of a flag fits no contrast again. `drop` gives the reason
    per sample.
    """

    drop: dict[str, str]
    sex: SexTreatment
    batch: BatchTreatment


NO_TREATMENT = Treatment({}, SexTreatment("", {}), BatchTreatment("warn", "warn", []))
"""Nothing leaves and nothing joins."""


@dataclass(frozen=True)
class SharedSamples:
    """`shared_samples.json`: samples that stand in two datasets of the study.

    Attributes
    ----------
    known
        All sample and series accessions of the study, sorted.
    shared
        Per dataset: samples that an *earlier* dataset holds as well.
    same
        Per dataset: samples that are the same as one of another dataset (these, and those that GEO's relations trace to
        each other or to one origin), each with a name that all of them have in common.
    families
        Per dataset whose series is nested with another dataset's (SuperSeries and SubSeries): what all of them count as.
    not_compared
        Per dataset: others whose values could not be compared with its own, each with the reason.
    """

    known: list[str]
    shared: dict[str, list[ReusedSample]]
    same: dict[str, dict[str, str]]
    families: dict[str, str] = field(default_factory=dict)
    not_compared: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparedSamples:
    """What the checks need of a contrast's design.

    Attributes
    ----------
    contrast, dataset
        Ids.
    target, reference
        Samples of each side.
    covariates, block
        Columns in the design; '' where no block is.
    unit
        Unit of a gene's difference.
    """

    contrast: str
    dataset: str
    target: list[str]
    reference: list[str]
    covariates: list[str]
    block: str
    unit: str


Pattern = Literal["varies", "names the group", "subdivides the group", "missing in one group", "aliased"]


@dataclass(frozen=True)
class Association:
    """One metadata column against the groups.

    Attributes
    ----------
    column, kind
        Its name; numbers or levels.
    n
        Samples with a value.
    pattern
        varies: levels occur in both groups. names the group: one level per group. subdivides the group: several levels,
        none in both groups. missing in one group: cannot be compared. aliased: as the second and third, for a batch or
        a trait of people.
    p_value
        Fisher's exact test (two levels), the smallest Fisher test of one level against the rest times the number of
        levels (more levels), or Mann–Whitney (numbers; where the contrast is paired, the t-test of the differences
        within pairs); None where the pattern says it all.
    effect
        Cramér's V, or the rank-biserial correlation (positive: higher in the target), within pairs where it is paired.
    batch_like, person_trait
        By name, or declared.
    in_design
        Whether the contrast holds it as covariate or block.
    words
        The values per group.
    """

    column: str
    kind: Literal["numbers", "levels"]
    n: int
    pattern: Pattern
    p_value: float | None
    effect: float | None
    batch_like: bool
    person_trait: bool
    in_design: bool
    words: str


Shape = Literal[
    "uniform", "slight peak at left", "narrow peak at left", "peak at left", "peak at right", "U-shaped", "hump", "none"
]


AGAINST_THE_MODEL: frozenset[Shape] = frozenset({"peak at right", "U-shaped", "hump"})
"""What a right model does not give."""


@dataclass(frozen=True)
class PValueHistogram:
    """Counts in 20 bins from 0 to 1, the shape, what it says, and whether unequal variances explain a shape that speaks against the model."""

    counts: list[int]
    shape: Shape
    reading: str
    unequal_variances: bool = False

    @property
    def hidden_structure(self) -> bool:
        """Whether the shape speaks against the model: a right one does not give it, and unequal variances do not explain it."""
        return self.shape in AGAINST_THE_MODEL and not self.unequal_variances


@dataclass(frozen=True)
class ReusedSides:
    """Samples of a contrast that stand in a second place, per group."""

    target: list[str]
    reference: list[str]


@dataclass(frozen=True)
class AgeOverlap:
    """The samples whose age both groups share.

    Attributes
    ----------
    column, unit
        Column of ages, and the unit as recorded ('' where none is).
    low, high
        Range that the middle 80 % of both groups share.
    samples, n_target, n_reference
        Samples inside it, and their number per group.
    outside_target, outside_reference
        Number of samples with an age outside it, per group.
    """

    column: str
    unit: str
    low: float
    high: float
    samples: list[str]
    n_target: int
    n_reference: int
    outside_target: int
    outside_reference: int


@dataclass(frozen=True)
class ContrastQuality:
    """`quality.json` of a contrast: what else differs between its groups, and the shape of its p-values.

    `associations` has a row per metadata column; `age_overlap` is None where no age is recorded.
    """

    contrast: str
    dataset: str
    flags: list[Flag]
    associations: list[Association]
    p_value_histogram: PValueHistogram
    reused_samples: ReusedSides
    age_overlap: AgeOverlap | None
