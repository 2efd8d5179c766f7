"""Which result file each figure of a contrast is drawn from, by element id; a panel names its file itself."""

from __future__ import annotations

from sidemine.report.collect import StudyResults

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
    for key, item in results.contrasts.items():
        dataset = item.row.dataset
        sources |= {f"{kind}-{key}": path.format(contrast=key, dataset=dataset) for kind, path in _OF_CONTRAST.items()}
    return sources
