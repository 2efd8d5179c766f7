"""Which contrasts and datasets of a study take part in what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.lines.bridge.config import names_of_contrasts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidemine.study.load import Study
    from sidemine.study.markers import Composition


@dataclass(frozen=True)
class Scope:
    """Contrasts and datasets of a study by what is done with them, each once and in declared order."""

    study: Study

    @property
    def hypotheses(self) -> list[str]:
        """All hypotheses."""
        return [hypothesis.id for hypothesis in self.study.config.hypotheses]

    @property
    def pooled_hypotheses(self) -> list[str]:
        """Those whose contrasts may be pooled: the arms of a panel share samples, and stand in one model instead."""
        return [hypothesis.id for hypothesis in self.study.config.hypotheses if hypothesis.kind != "panel"]

    @property
    def primary_contrasts(self) -> list[str]:
        """Contrasts that are primary in some hypothesis."""
        hypotheses = self.study.config.hypotheses
        return list(dict.fromkeys(name for hypothesis in hypotheses for name in hypothesis.primary.contrasts))

    @property
    def measured_contrasts(self) -> list[str]:
        """Contrasts that some hypothesis measures: primary ones, and the positive controls of margins."""
        hypotheses = self.study.config.hypotheses
        return list(dict.fromkeys(name for hypothesis in hypotheses for name in hypothesis.primary.measured_contrasts))

    @property
    def primary_datasets(self) -> list[str]:
        """Datasets with a primary contrast."""
        used = {self.study.contrasts[name].dataset for name in self.primary_contrasts}
        return [name for name in self.study.datasets if name in used]

    @property
    def primary_arrays(self) -> list[str]:
        """Those of them that are arrays: other probe rules need their files again."""
        return [name for name in self.primary_datasets if self.study.datasets[name].identifiers == "probe"]

    def contrasts_of(self, dataset: str) -> list[str]:
        """Return the contrasts of one dataset."""
        return [name for name, row in self.study.contrasts.items() if row.dataset == dataset]

    def datasets_of(self, contrasts: Iterable[str]) -> list[str]:
        """Return the dataset of each contrast; one with several of them stands there as often."""
        return [self.study.contrasts[name].dataset for name in contrasts]

    def cells_of(self, contrast: str) -> Composition:
        """Return what the dataset of a contrast says of its mix of cells."""
        return self.study.datasets[self.study.contrasts[contrast].dataset].cells

    def stimuli_for(self, contrasts: Iterable[str]) -> list[str]:
        """Return the stimulus contrasts that can tell of the cell markers of these contrasts: those of their panels."""
        panels = {self.cells_of(name).panel for name in contrasts} - {""}
        return [
            name
            for name, row in self.study.contrasts.items()
            if row.role == "stimulus" and self.cells_of(name).panel in panels
        ]

    @property
    def composition_contrasts(self) -> list[str]:
        """Primary contrasts of cohort hypotheses, in the order of the sheet."""
        cohorts = [hypothesis for hypothesis in self.study.config.hypotheses if hypothesis.kind == "cohort"]
        primary = {name for hypothesis in cohorts for name in hypothesis.primary.contrasts}
        return [name for name in self.study.contrasts if name in primary]

    @property
    def concordance_contrasts(self) -> list[str]:
        """Contrasts that a bridge or an interaction names, and the stimulus contrasts of their panels of cell markers."""
        declared = self.study.config.concordance
        return names_of_contrasts(declared, self.stimuli_for(names_of_contrasts(declared)))

    @property
    def concordance_datasets(self) -> list[str]:
        """Datasets of these contrasts."""
        return list(dict.fromkeys(self.study.contrasts[name].dataset for name in self.concordance_contrasts))

    @property
    def compares_profiles(self) -> bool:
        """Whether the study declares bridges or interactions."""
        declared = self.study.config.concordance
        return bool(declared.bridges or declared.interactions)
