"""Which result file each figure and table of the page is drawn from, by element id."""

from __future__ import annotations

from sidemine.lines.registry import LINES
from sidemine.report.collect import StudyResults
from sidemine.report.sections.answers import subject_of

_OF_HYPOTHESIS = {
    "forest": "verdicts.json",
    "influence": "influence.json",
    "hidden-factors": "verdicts.json",
    "adjustment": "verdicts.json",
    "specificity": "specificity.tsv",
    "confounders": "specificity.tsv",
    "specification": "robustness.tsv",
    "compounds": "compounds.json",
}
_OF_CONTRAST = {
    "volcano": "contrasts/{contrast}/differential.tsv.gz",
    "rank": "contrasts/{contrast}/differential.tsv.gz",
    "histogram": "contrasts/{contrast}/differential.tsv.gz",
    "strip": "datasets/{dataset}/expression.h5ad",
    "heat": "datasets/{dataset}/expression.h5ad",
    "components": "datasets/{dataset}/quality.json",
}


def source_tables(results: StudyResults) -> dict[str, str]:
    """Return the path, below the results folder, of the table behind each figure, by the id of its element."""
    sources: dict[str, str] = {}
    for card in results.verdicts.verdicts:
        sources |= {f"{kind}-{card.hypothesis}": path for kind, path in _OF_HYPOTHESIS.items()}
        subject = subject_of(card, results.beside)
        sources |= {
            panel.id: line.record_file
            for line in LINES
            for panel in line.panels(subject, results.beside.lines)
            if panel.chart
        }
    for key, item in results.contrasts.items():
        dataset = item.row.dataset
        sources |= {f"{kind}-{key}": path.format(contrast=key, dataset=dataset) for kind, path in _OF_CONTRAST.items()}
    return sources
