"""On which scale are the values? Look, and compare with what is declared: it fits, it contradicts, or nobody can tell.

GEO2R asks whether the 99th percentile exceeds 100, or the range exceeds 50 with a positive first quartile; then it
takes the logarithm (Barrett et al. 2013, Nucleic Acids Research 41:D991, doi 10.1093/nar/gks1193). That rule knows two
scales and always answers. Here every declared scale is asked for what it implies, and no answer is an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.errors import Problem
from sidemine.prepare import scale_marks as marks
from sidemine.prepare.scale_evidence import LARGEST_VALUE, ZERO_SHARE_OF_COUNTS, ScaleEvidence
from sidemine.sources.scales import SCALES

if TYPE_CHECKING:
    from sidemine.sources.scales import Scale
    from sidemine.study.choices import Confirmation

Answer = Literal["fits", "contradicts", "cannot tell"]

SCANNER_LIMIT = 2.0**16
"""Arrays are scanned with 16 bits."""
PER_MILLION = 1e6
MILLION_TOLERANCE = 0.01
"""Column sums of unfiltered CPM and TPM are a million, give or take the rounding of small values."""
UNEVEN_TOTALS = 2.0
"""Ratio of column sums that filtering, or edgeR's effective library sizes, do not explain."""
OFF_SHARE = 0.25
"""Share of columns with a size factor that is off, from which on values are no normalised counts."""
_WHOLE_SHARE_OF_FRACTIONAL_COUNTS = 0.2
_WHOLE_SHARE_OF_ABUNDANCES = 0.05
"""Of the genes that RSEM or salmon count, most with a few reads are whole; of TPM, CPM and FPKM those of two digits are, by rounding."""
_MANY_GENES = 1000
_LOG_SCALES: tuple[Scale, ...] = ("log2", "ln", "log10")


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
    confirmed_by
        The word of column `confirmed` that answers a contradiction; None where none does.
    """

    answer: Answer
    reason: str
    likely: Scale | None = None
    confirmed_by: Confirmation | None = None

    def confirmed(self, words: Collection[Confirmation], why: str = "datasets.tsv confirms them") -> ScaleJudgement:
        """Return the judgement where these words are confirmed, and why: what one of them answers is no contradiction."""
        return self if self.confirmed_by not in words else ScaleJudgement("cannot tell", f"{self.reason}; {why}")

    def problem(self, evidence: ScaleEvidence, declared: Scale, where: str) -> Problem | None:
        """Return the four parts of a contradiction; None where there is none.

        Parameters
        ----------
        evidence
            Figures of the values.
        declared
            The scale of the sheet.
        where
            The file, for messages.
        """
        if self.answer != "contradicts":
            return None
        step = "Correct scale in datasets.tsv, or use "
        if self.likely:
            step = (
                f"If they are {SCALES[self.likely].words}, set scale to {self.likely} in datasets.tsv; otherwise use "
            )
        ending = ""
        if self.confirmed_by:
            ending = f" If you know that they are {SCALES[declared].words}, write {self.confirmed_by} under confirmed in datasets.tsv."
        return Problem(
            f"the values are declared {SCALES[declared].words}, but {self.reason}",
            f"{where}: scale declared {declared}; {evidence.figures()}",
            f"a declared scale that the values bear out: {', '.join(SCALES)}",
            f"Check how the values were made. {step}another file of the series.{ending}",
        )


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
        fitting: list[Scale] = [name for name in _LOG_SCALES if name in seen.logarithms.bases]
        if declared in fitting:
            return ScaleJudgement("fits", seen.logarithms.words)
        return ScaleJudgement("contradicts", f"{seen.logarithms.words} as {SCALES[fitting[0]].words}", fitting[0])
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
    if seen.whole and seen.share_zero >= ZERO_SHARE_OF_COUNTS:
        return _cannot_tell("all values are whole numbers and many are 0: these may be read counts")
    if seen.minimum >= 0 and seen.share_zero >= ZERO_SHARE_OF_COUNTS:
        return _cannot_tell(f"{seen.share_zero:.0%} of the values are 0, as in normalised counts, TPM and FPKM")
    negative = f", {seen.share_negative:.1%} negative after subtraction of a background" if seen.minimum < 0 else ""
    return ScaleJudgement("fits", f"values up to {seen.maximum:.4g}{negative}")


def _find_logarithms(seen: ScaleEvidence) -> ScaleJudgement | None:
    """Return what speaks against values that are no logarithms."""
    if seen.logarithms.bases:
        likely = next(name for name in _LOG_SCALES if name in seen.logarithms.bases)
        return ScaleJudgement("contradicts", f"{seen.logarithms.words} as {SCALES[likely].words}", likely)
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
    if (
        whole < _WHOLE_SHARE_OF_ABUNDANCES
        and seen.n_rows >= _MANY_GENES
        and libraries.largest <= (1 + MILLION_TOLERANCE) * PER_MILLION
    ):
        return ScaleJudgement(
            "contradicts",
            f"hardly a value above 0 is whole ({whole:.1%}), and no column adds up to more than a million, as of TPM, CPM and FPKM; "
            f"{libraries.words}",
            "tpm",
            "fractional_counts",
        )
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
    figures = f"median {seen.median:.3g}, {seen.share_negative:.0%} negative"
    if not 0.1 <= seen.share_negative <= 0.9 or abs(seen.median) > 1:
        return ScaleJudgement("contradicts", f"log ratios lie around 0, and these do not ({figures})")
    return (
        ScaleJudgement("fits", f"the values lie around 0 ({figures})")
        if seen.centred
        else _cannot_tell(f"the values lie beside 0 ({figures})")
    )


def _judge_z_scores(seen: ScaleEvidence) -> ScaleJudgement:
    if seen.standardised:
        return ScaleJudgement("fits", seen.standardised)
    rows = seen.rows
    figures = f"the typical row has mean {rows.typical_mean:.3g} and standard deviation {rows.typical_sd:.3g}"
    if seen.minimum >= 0 or not seen.small or rows.typical_mean > 1 or not 1 / 3 <= rows.typical_sd <= 3:
        return ScaleJudgement("contradicts", f"z-scores have row means 0 and standard deviations 1, and here {figures}")
    return _cannot_tell(f"{figures}: standardised over other samples, or no z-scores")


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
