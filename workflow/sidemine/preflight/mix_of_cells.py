"""Cohorts whose mix of cells cannot be adjusted for, told before the run: whatever their values are, they cap an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.study.markers import undeclared_words
from sidemine.study.scope import Scope

if TYPE_CHECKING:
    from sidemine.study.load import Study


def notes_of_composition(study: Study) -> list[str]:
    """Return one clause for each data set of a cohort that declares neither cell markers nor why none are needed."""
    contrasts = Scope(study).composition_contrasts
    datasets = dict.fromkeys(study.contrasts[name].dataset for name in contrasts)
    return [
        f"{undeclared_words(name)}; without it an answer that rests on this cohort is suggestive at most"
        for name in datasets
        if not (study.datasets[name].panel or study.datasets[name].not_needed)
    ]
