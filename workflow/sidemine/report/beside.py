"""Results that stand beside the verdicts and may not be there: specificity table, lines of evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sidemine.considerations.specificity.table import SPECIFICITY
from sidemine.drawing.panel import ComparatorEffect
from sidemine.lines.line import LinesOnRecord
from sidemine.lines.registry import read_lines
from sidemine.study.description import StudyDescription
from sidemine.tables import read_table


@dataclass(frozen=True)
class Beside:
    """What later stages found.

    Attributes
    ----------
    comparators
        Per hypothesis: rows of comparator sets of `specificity.tsv`.
    lines
        Records of the lines of evidence, with the words of the study.
    """

    comparators: dict[str, list[ComparatorEffect]] = field(default_factory=dict)
    lines: LinesOnRecord = field(default_factory=LinesOnRecord)


def read_beside(results: Path, study: StudyDescription) -> Beside:
    """Read what is there of `specificity.tsv` and of the records of lines.

    Parameters
    ----------
    results
        Folder of the results of one study.
    study
        `study.json`: it has the words for bridges and contrasts.

    Raises
    ------
    InputError
        When a file that is there is not what its job writes.
    """
    return Beside(
        comparators=_comparators(results / "specificity.tsv"),
        lines=read_lines(
            results,
            jobs=study.specifications.keys(),
            groups={row.contrast: (row.target_label, row.reference_label) for row in study.contrasts},
            questions={row.id: row.question for row in study.config.concordance.bridges},
            names={row.id: row.perturbation for row in study.config.concordance.bridges},
            lines={row.line: row.layer for row in study.lines if row.runs},
        ),
    )


def _comparators(path: Path) -> dict[str, list[ComparatorEffect]]:
    if not path.is_file():
        return {}
    table = read_table(path, SPECIFICITY)
    chosen = table[(table["family"] == "comparator") & table["effect"].notna()]
    return {
        str(name): [
            ComparatorEffect(str(contrast), str(gene_set), float(effect))
            for contrast, gene_set, effect in zip(rows["contrast"], rows["gene_set"], rows["effect"], strict=True)
        ]
        for name, rows in chosen.groupby("hypothesis")
    }
