"""On which scale are the values? Look, and compare with what is declared: it fits, it contradicts, or nobody can tell.

GEO2R asks whether the 99th percentile exceeds 100, or the range exceeds 50 with a positive first quartile; then it
takes the logarithm (Barrett et al. 2013, Nucleic Acids Research 41:D991, doi 10.1093/nar/gks1193). That rule knows two
scales and always answers. Here every declared scale is asked for what it implies, and no answer is an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.errors import InputError, Problem
from sidemine.prepare import scale_marks as marks
from sidemine.sources.scales import SCALES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sidemine.sources.scales import Scale

Answer = Literal["fits", "contradicts", "cannot tell"]

LARGEST_VALUE = 2.0**30
"""Beyond any intensity (2^16) and any read count of a gene: no logarithm of expression is larger than its own."""
SCANNER_LIMIT = 2.0**16
"""Arrays are scanned with 16 bits."""
PER_MILLION = 1e6
EQUAL_TOTALS = 1e-3
"""Column sums whose range is within this share of their median are equal; sums of sequenced libraries never are."""
MILLION_TOLERANCE = 0.01
"""Column sums of unfiltered CPM and TPM are a million, give or take the rounding of small values."""
UNEVEN_TOTALS = 2.0
"""Ratio of column sums that filtering, or edgeR's effective library sizes, do not explain."""
OFF_FACTOR = 0.35
"""log2 size factor (27 %) beyond which a column of normalised counts is off; a quarter of the columns contradicts."""
OFF_SHARE = 0.25
STANDARDISED_SHARE = 0.9
"""Share of rows with mean 0 and SD 1 from which on values are z-scores."""
LOG_SLOPE = 0.5
"""SD follows the mean on a linear scale (slope near 1 of log SD on log mean), and does not on a logarithmic one."""
LOG_RATIO_OF_QUANTILES = 4.0
MANY_ROWS = 100
_SAMPLED_VALUES = 2_000_000
_INTEGER_TOLERANCE = 1e-6
_ZERO_SHARE_OF_COUNTS = 0.02
_WHOLE_SHARE_OF_FRACTIONAL_COUNTS = 0.2
_MANY_GENES = 1000
_LOG_SCALES: tuple[Scale, ...] = ("log2", "ln", "log10")


@dataclass(frozen=True)
class ScaleEvidence:
    """What the values look like.

    Attributes
    ----------
    minimum, first_quartile, median, third_quartile, percentile_99, permille_999, maximum
        Of all finite values (quantiles of an even sample of two million).
    share_negative, share_integer, share_zero, share_missing
        Between 0 and 1.
    largest_non_integer
        The largest value that is not whole; NaN when all are.
    n_rows
        Identifiers.
    rows, columns, libraries, logarithms
        See `scale_marks`.
    reading
        The scale that the range speaks for. Logarithms are named log2, whatever their base.
    """

    minimum: float
    first_quartile: float
    median: float
    third_quartile: float
    percentile_99: float
    permille_999: float
    maximum: float
    share_negative: float
    share_integer: float
    share_zero: float
    share_missing: float
    largest_non_integer: float
    n_rows: int
    rows: marks.RowMarks
    columns: marks.ColumnMarks
    libraries: marks.LibraryMarks
    logarithms: marks.LogMarks
    reading: Scale

    def figures(self) -> str:
        """Return the figures in one line, for messages."""
        return (
            f"minimum {self.minimum:.4g}, median {self.median:.4g}, 99 % below {self.percentile_99:.4g}, "
            f"maximum {self.maximum:.4g}; {self.share_negative:.2%} negative, {self.share_zero:.2%} zero, "
            f"{self.share_integer:.2%} whole numbers"
        )

    def to_dict(self) -> dict[str, object]:
        """Return the evidence JSON-ready; what could not be computed is left out."""
        return _plain(asdict(self))

    @property
    def small(self) -> bool:
        """Whether the range is that of logarithms: GEO2R's rule, and nothing beyond 2^30."""
        linear = self.percentile_99 > 100 or (self.maximum - self.minimum > 50 and self.first_quartile > 0)
        return not linear and self.permille_999 <= math.log2(LARGEST_VALUE)

    @property
    def whole(self) -> bool:
        """Whether all values are whole numbers from 0 on."""
        return self.share_integer == 1.0 and self.minimum >= 0

    @property
    def standardised(self) -> str:
        """Say in words what has mean 0 and SD 1; '' where nothing has."""
        if self.rows.share_standardised >= STANDARDISED_SHARE:
            return f"{self.rows.share_standardised:.0%} of the rows have mean 0 and standard deviation 1"
        return "every column has mean 0 and standard deviation 1" if self.columns.standardised else ""

    @property
    def centred(self) -> bool:
        """Whether small values lie on both sides of 0, as log ratios do."""
        return self.small and 0.2 <= self.share_negative <= 0.8 and abs(self.median) <= 0.5

    @property
    def logarithmic(self) -> bool:
        """Whether small values spread as logarithms do: near their median, or with an SD that ignores the mean."""
        if not self.small or self.maximum <= 1:
            return False
        near = self.median > 0 and self.permille_999 / self.median < LOG_RATIO_OF_QUANTILES
        return (near and self.n_rows >= MANY_ROWS) or self.rows.sd_slope < LOG_SLOPE


def _plain(values: dict[str, object]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            plain[key] = _plain(value)
        elif isinstance(value, float):
            if math.isfinite(value):
                plain[key] = round(value, 10)
        else:
            plain[key] = list(value) if isinstance(value, tuple) else value
    return plain


@dataclass(frozen=True)
class ScaleJudgement:
    """Whether the values bear out the declared scale.

    Attributes
    ----------
    answer
        fits, contradicts or cannot tell.
    reason
        Why, with figures.
    likely
        The scale that the values speak for; None where none can be named.
    """

    answer: Answer
    reason: str
    likely: Scale | None = None

    def problem(self, evidence: ScaleEvidence, declared: Scale, where: str) -> Problem | None:
        """Return the four parts of a contradiction; None where there is none."""
        if self.answer != "contradicts":
            return None
        step = "Correct scale in datasets.tsv, or use "
        if self.likely:
            step = (
                f"If they are {SCALES[self.likely].words}, set scale to {self.likely} in datasets.tsv; otherwise use "
            )
        return Problem(
            f"the values are declared {SCALES[declared].words}, but {self.reason}",
            f"{where}: scale declared {declared}; {evidence.figures()}",
            f"a declared scale that the values bear out: {', '.join(SCALES)}",
            f"Check how the values were made. {step}another file of the series.",
        )


def assess_scale(values: NDArray[np.float64], whole_file: NDArray[np.float64] | None = None) -> ScaleEvidence:
    """Look at the values.

    Parameters
    ----------
    values
        float64, identifiers × samples, NaN = missing.
    whole_file
        The same identifiers with all columns of the file: rows were standardised over these. None: `values`.

    Returns
    -------
    ScaleEvidence
        Figures, and the scale that their range speaks for.

    Raises
    ------
    InputError
        When there is no value at all.
    """
    import numpy as np

    flat = values.ravel(order="K")
    n_missing = int(np.count_nonzero(np.isnan(flat)))
    if n_missing == flat.size:
        raise InputError(
            Problem(
                "there are no values",
                f"a matrix of {values.shape[0]} × {values.shape[1]}",
                "at least one number",
                "Look for a supplementary file of the series; sidemine inspect lists them.",
            )
        )
    sample = flat[:: _stride(values.shape, flat.size)]
    sample = sample[~np.isnan(sample)]
    if sample.size == 0:
        sample = flat[~np.isnan(flat)]
    whole = np.abs(sample - np.rint(sample)) <= _INTEGER_TOLERANCE
    quantiles = np.quantile(sample, [0.25, 0.5, 0.75, 0.99, 0.999])
    fractions = sample[~whole]
    minimum, maximum = float(np.nanmin(flat)), float(np.nanmax(flat))
    figures = {
        "minimum": minimum,
        "first_quartile": float(quantiles[0]),
        "median": float(quantiles[1]),
        "third_quartile": float(quantiles[2]),
        "percentile_99": float(quantiles[3]),
        "permille_999": float(quantiles[4]),
        "maximum": maximum,
        "share_negative": float(np.mean(sample < 0)),
        "share_integer": float(np.mean(whole)),
        "share_zero": float(np.mean(sample == 0)),
        "share_missing": n_missing / flat.size,
        "largest_non_integer": float(fractions.max()) if fractions.size else float("nan"),
    }
    seen = ScaleEvidence(
        **figures,
        n_rows=len(values),
        rows=marks.find_row_marks(values if whole_file is None else whole_file),
        columns=marks.find_column_marks(values),
        libraries=marks.find_library_marks(values) if minimum >= 0 else marks.LibraryMarks(),
        logarithms=marks.find_log_marks(values, sample) if maximum < 60 and minimum > -60 else marks.LogMarks(),
        reading="log2",
    )
    return ScaleEvidence(**{**seen.__dict__, "reading": _read_scale(seen)})


def _stride(shape: tuple[int, ...], size: int) -> int:
    """Return a step that spares memory, needs no seed, and meets every row and column alike."""
    step = max(1, size // _SAMPLED_VALUES)
    while any(math.gcd(step, length) > 1 for length in shape):
        step += 1
    return step


def _read_scale(seen: ScaleEvidence) -> Scale:
    if seen.whole:
        return "counts"
    if seen.standardised:
        return "z_score"
    if seen.small:
        return "fraction" if seen.minimum >= 0 and seen.maximum <= 1 else "log2"
    many_zeros = seen.share_zero >= _ZERO_SHARE_OF_COUNTS
    return "normalised_counts" if many_zeros and seen.minimum >= 0 else "linear"


def judge_scale(seen: ScaleEvidence, declared: Scale, *, array: bool = False) -> ScaleJudgement:
    """Compare the declared scale with what it implies for the values.

    Parameters
    ----------
    seen
        What `assess_scale` found.
    declared
        Scale of `datasets.tsv`.
    array
        Whether the values come from a scanned array, whose intensities end at 2^16.
    """
    if seen.standardised and declared != "z_score":
        return ScaleJudgement("contradicts", f"{seen.standardised}, as z-scores have", "z_score")
    if declared in _LOG_SCALES:
        return _judge_logarithms(seen, declared, array)
    if SCALES[declared].per_library and declared != "counts":
        return _judge_abundances(seen, declared)
    return _JUDGES[declared](seen)


def _cannot_tell(reason: str) -> ScaleJudgement:
    return ScaleJudgement("cannot tell", reason)


def _looks_like(reading: Scale) -> ScaleJudgement:
    return ScaleJudgement("contradicts", f"they look like {SCALES[reading].words}", reading)


def _judge_logarithms(seen: ScaleEvidence, declared: Scale, array: bool) -> ScaleJudgement:
    base = SCALES[declared].log_base
    if seen.whole:
        return _looks_like("counts")
    if not seen.small:
        return _looks_like(seen.reading)
    if seen.permille_999 > math.log(LARGEST_VALUE, base):
        return ScaleJudgement(
            "contradicts", f"values up to {seen.permille_999:.4g} on that scale exceed any intensity or read count"
        )
    if seen.logarithms.bases:
        found: list[Scale] = [name for name in _LOG_SCALES if name in seen.logarithms.bases]
        if declared in found:
            return ScaleJudgement("fits", seen.logarithms.words)
        return ScaleJudgement("contradicts", f"{seen.logarithms.words} as {SCALES[found[0]].words}", found[0])
    if seen.reading == "fraction":
        if declared == "log2" and seen.n_rows >= marks.FEW_ROWS:
            return _looks_like("fraction")
        return _cannot_tell("all values lie between 0 and 1: these may be fractions as well")
    if seen.centred:
        return _cannot_tell("the values lie around 0, as log ratios do; their base cannot be told")
    return _judge_range(seen, declared, array)


def _judge_range(seen: ScaleEvidence, declared: Scale, array: bool) -> ScaleJudgement:
    """Tell logarithms of array intensities apart by the end of the scanner's range; others look alike."""
    others = " and ".join(SCALES[name].words for name in _LOG_SCALES if name != declared)
    if not array:
        return _cannot_tell(f"the range fits, but {others} of other data would look alike")
    end = {name: math.log(SCANNER_LIMIT, SCALES[name].log_base) for name in _LOG_SCALES}
    # Summaries of probes and normalisation move a little beyond the end of the scanner's range.
    if seen.maximum > 1.08 * end[declared]:
        return ScaleJudgement(
            "contradicts",
            f"their maximum of {seen.maximum:.4g} is far beyond the end of a scanner's range, {end[declared]:.3g}",
            next((name for name in _LOG_SCALES if seen.maximum <= 1.08 * end[name]), None),
        )
    if declared != "log10" and seen.minimum >= 0 and seen.maximum <= 1.08 * end["log10"] and seen.n_rows >= _MANY_GENES:
        return ScaleJudgement(
            "contradicts", f"their maximum of {seen.maximum:.4g} is that of {SCALES['log10'].words}", "log10"
        )
    if declared == "log2" and seen.maximum > 1.08 * end["ln"] and seen.logarithmic:
        return ScaleJudgement(
            "fits", f"the maximum of {seen.maximum:.4g} lies within a scanner's 16 bits only for base 2"
        )
    return _cannot_tell(f"a maximum of {seen.maximum:.4g} is possible for {others}, too")


def _judge_linear(seen: ScaleEvidence) -> ScaleJudgement:
    wrong = _find_logarithms(seen)
    if wrong:
        return wrong
    if seen.small:
        return _cannot_tell("the values are as small as logarithms are")
    if seen.whole and seen.share_zero >= _ZERO_SHARE_OF_COUNTS:
        return _cannot_tell("all values are whole numbers and many are 0: these may be read counts")
    if seen.minimum >= 0 and seen.share_zero >= _ZERO_SHARE_OF_COUNTS:
        return _cannot_tell(f"{seen.share_zero:.0%} of the values are 0, as in normalised counts, TPM and FPKM")
    negative = f", {seen.share_negative:.1%} negative after subtraction of a background" if seen.minimum < 0 else ""
    return ScaleJudgement("fits", f"values up to {seen.maximum:.4g}{negative}")


def _find_logarithms(seen: ScaleEvidence) -> ScaleJudgement | None:
    """Return what speaks against values that are no logarithms."""
    if seen.logarithms.bases:
        found = next(name for name in _LOG_SCALES if name in seen.logarithms.bases)
        return ScaleJudgement("contradicts", f"{seen.logarithms.words} as {SCALES[found].words}", found)
    if seen.centred:
        return _looks_like("log_ratio")
    if seen.logarithmic and not seen.whole:
        return ScaleJudgement("contradicts", "they look like log2 values, or logarithms of another base", "log2")
    return None


def _judge_counts(seen: ScaleEvidence) -> ScaleJudgement:
    libraries = seen.libraries
    if seen.minimum < 0:
        return ScaleJudgement("contradicts", "counts cannot be negative")
    wrong = _find_logarithms(seen)
    if wrong:
        return wrong
    if libraries.equal and libraries.n >= 3:
        per_million = abs(libraries.median / PER_MILLION - 1) <= MILLION_TOLERANCE
        return ScaleJudgement(
            "contradicts",
            f"all columns add up to the same, {libraries.median:,.0f}: counts of libraries never do",
            "cpm" if per_million else "normalised_counts",
        )
    if libraries.share_scaled >= 0.5:
        return ScaleJudgement(
            "contradicts",
            f"{libraries.share_scaled:.0%} of the columns hold whole numbers times a constant of their own",
            "normalised_counts",
        )
    if seen.whole:
        return ScaleJudgement("fits", f"whole numbers; {libraries.words}")
    whole = (seen.share_integer - seen.share_zero) / max(1 - seen.share_zero, 1e-12)
    if whole >= _WHOLE_SHARE_OF_FRACTIONAL_COUNTS:
        return ScaleJudgement(
            "fits", f"counts with fractions, as RSEM and salmon give them ({whole:.0%} whole); {libraries.words}"
        )
    if whole < 0.01 and not seen.share_zero and seen.n_rows >= _MANY_GENES:
        return ScaleJudgement("contradicts", f"not one of {seen.n_rows:,} rows is 0, or whole, as counts are", "linear")
    return _cannot_tell(
        f"counts with fractions (RSEM, salmon, ambient-corrected) and normalised values look alike; {libraries.words}"
    )


def _judge_abundances(seen: ScaleEvidence, declared: Scale) -> ScaleJudgement:
    libraries = seen.libraries
    if seen.minimum < 0:
        return ScaleJudgement("contradicts", "these cannot be negative")
    wrong = _find_logarithms(seen)
    if wrong:
        return wrong
    if declared in {"cpm", "tpm"}:
        return _judge_per_million(seen, declared)
    if seen.whole:
        return ScaleJudgement("contradicts", "all are whole numbers, like raw counts", "counts")
    if declared == "fpkm":
        return _cannot_tell(f"FPKM and other normalised values look alike; {libraries.words}")
    if libraries.share_off >= OFF_SHARE:
        return ScaleJudgement(
            "contradicts",
            f"{libraries.share_off:.0%} of the columns are as a whole 27 % or more above or below the others "
            f"(size factors {libraries.smallest_factor:.2f} to {libraries.largest_factor:.2f}; {libraries.words}): "
            "library sizes are not corrected",
            "counts",
        )
    if not math.isfinite(libraries.share_off):
        return _cannot_tell(f"too few genes are above 0 in all columns to compare libraries; {libraries.words}")
    return ScaleJudgement(
        "fits",
        f"size factors between columns are {libraries.smallest_factor:.2f} to {libraries.largest_factor:.2f}; "
        f"{libraries.words}",
    )


def _judge_per_million(seen: ScaleEvidence, declared: Scale) -> ScaleJudgement:
    libraries = seen.libraries
    if seen.whole and not libraries.equal:
        return ScaleJudgement("contradicts", f"all are whole numbers, like raw counts; {libraries.words}", "counts")
    low, high = libraries.smallest / PER_MILLION, libraries.largest / PER_MILLION
    if max(abs(low - 1), abs(high - 1)) <= MILLION_TOLERANCE:
        return ScaleJudgement("fits", f"{libraries.words}: a million each, within {MILLION_TOLERANCE:.0%}")
    # edgeR divides by effective library sizes, so its CPM may add up to more.
    most = 1 + MILLION_TOLERANCE if declared == "tpm" else UNEVEN_TOTALS
    if high > most:
        return ScaleJudgement("contradicts", f"columns add up to more than a million; {libraries.words}")
    if libraries.largest > UNEVEN_TOTALS * libraries.smallest:
        return ScaleJudgement(
            "contradicts", f"columns add up to very different sums, which filtering does not explain; {libraries.words}"
        )
    return _cannot_tell(f"{libraries.words}: not a million each, so genes were left out, or these are no such values")


def _judge_log_ratios(seen: ScaleEvidence) -> ScaleJudgement:
    if seen.whole:
        return _looks_like("counts")
    if not seen.small:
        return _looks_like(seen.reading)
    told = f"median {seen.median:.3g}, {seen.share_negative:.0%} negative"
    if not 0.1 <= seen.share_negative <= 0.9 or abs(seen.median) > 1:
        return ScaleJudgement("contradicts", f"log ratios lie around 0, and these do not ({told})")
    return (
        ScaleJudgement("fits", f"the values lie around 0 ({told})")
        if seen.centred
        else _cannot_tell(f"the values lie beside 0 ({told})")
    )


def _judge_z_scores(seen: ScaleEvidence) -> ScaleJudgement:
    if seen.standardised:
        return ScaleJudgement("fits", seen.standardised)
    rows = seen.rows
    told = f"the typical row has mean {rows.typical_mean:.3g} and standard deviation {rows.typical_sd:.3g}"
    if seen.minimum >= 0 or not seen.small or rows.typical_mean > 1 or not 1 / 3 <= rows.typical_sd <= 3:
        return ScaleJudgement("contradicts", f"z-scores have row means 0 and standard deviations 1, and here {told}")
    return _cannot_tell(f"{told}: standardised over other samples, or no z-scores")


def _judge_fractions(seen: ScaleEvidence) -> ScaleJudgement:
    if seen.minimum < 0 or seen.maximum > 1:
        return ScaleJudgement(
            "contradicts", f"fractions lie between 0 and 1, and these from {seen.minimum:.4g} to {seen.maximum:.4g}"
        )
    if seen.whole:
        return _cannot_tell("all values are 0 or 1: calls rather than fractions")
    return ScaleJudgement("fits", f"all values lie between {seen.minimum:.3g} and {seen.maximum:.3g}")


_JUDGES: dict[Scale, Callable[[ScaleEvidence], ScaleJudgement]] = {
    "linear": _judge_linear,
    "counts": _judge_counts,
    "log_ratio": _judge_log_ratios,
    "z_score": _judge_z_scores,
    "fraction": _judge_fractions,
}
