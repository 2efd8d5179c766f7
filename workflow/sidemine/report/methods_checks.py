"""Methods text of what was done to doubt the answers: calibration, robustness, lines of evidence."""

from __future__ import annotations

from sidemine.considerations.robustness.record import RobustnessColumns
from sidemine.drawing.words import count, listed
from sidemine.lines.registry import LINES
from sidemine.report.collect import StudyResults


def paragraphs_of_checks(results: StudyResults) -> list[str]:
    """Return one paragraph per kind of check that this run made, with its figures; one that was not made says so."""
    return [_calibration(results), _robustness(results), *_lines(results)]


def _calibration(results: StudyResults) -> str:
    table = results.supplement.calibration
    if table is None:
        return "Calibration. The size of the tests was not measured in this run."
    sizes = table[(table["scope"] == "dataset") & (table["quantity"] == "size")]
    # Rows of the primary set count labelings; those of a family count labelings times sets.
    measured = sizes[(sizes["source"] == "this study") & (sizes["n"] > 0) & (sizes["family"] == "primary")]
    here = sorted({str(name) for name in measured["subject"]})
    quoted = sorted({str(name) for name in sizes["subject"]} - set(here))
    told = [
        f"on permuted labels of {count(len(here), 'contrast')} of this study ({int(measured['n'].max()):,} labelings or fewer)"
        if here
        else "",
        f"for {count(len(quoted), 'contrast')} with fewer than 200 distinct labelings, by simulated data of the nearest "
        "design class"
        if quoted
        else "",
    ]
    return (
        f"Calibration. Share of null sets called at a nominal level: {listed([part for part in told if part]) or 'no contrast'}. In "
        "simulated data a test holds at 5 % when the one-sided upper 95 % bound of that share is at most 6.5 %; on a study's "
        "own labelings it is liberal when the whole 95 % interval lies above 6.5 %, and undecided when neither is the case: the "
        "reading of the nearest design class then counts. Size is claimed for the null "
        "that was tried, and for no other."
    )


def _robustness(results: StudyResults) -> str:
    found = [card.columns_of(RobustnessColumns).robustness for card in results.verdicts.verdicts]
    records = [record for record in found if record and record.variants]
    if not records:
        return "Robustness. No variant of the analysis was evaluated in this run."
    variants = [row for record in records for row in record.variants]
    dimensions = sorted({row.dimension.replace("_", " ") for row in variants} - {"reference"})
    evaluated = sum(row.agrees is not None for row in variants)
    return (
        f"Robustness. {count(len(variants), 'variant')} of the analysis over {count(len(records), 'hypothesis', 'hypotheses')}, "
        f"declared before any result ({listed(dimensions)}), {evaluated:,} of them evaluated. A variant agrees when it keeps the "
        "reference's sign, and p ≤ .05 where the reference has it (otherwise its class of verdict); only variants of all "
        "datasets and samples count for the caps."
    )


def _lines(results: StudyResults) -> list[str]:
    return [paragraph for line in LINES for paragraph in line.methods(results.beside.lines)]
