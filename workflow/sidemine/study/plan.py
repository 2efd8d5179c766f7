"""What the jobs of a study are specified from: its projections by name, and the keys of its files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from sidemine.study.projections import (
    ContrastToFit,
    DatasetToPrepare,
    Files,
    GeneTableToRead,
    HypothesisToPlace,
    Projection,
)
from sidemine.study.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidemine.retrieve.needed_files import Source
    from sidemine.retrieve.study_sources import StudySources
    from sidemine.study.load import Study

Specified = TypeVar("Specified", bound=Projection)


@dataclass(frozen=True)
class StudyPlan:
    """A study as its jobs are specified from it.

    Attributes
    ----------
    study
        The study, checked.
    sources
        Its external files.
    """

    study: Study
    sources: StudySources

    @cached_property
    def scope(self) -> Scope:
        """Which contrasts and datasets take part in what."""
        return Scope(self.study)

    @cached_property
    def gene_table(self) -> GeneTableToRead:
        """The table of approved symbols."""
        table = self.study.config.gene_table
        return GeneTableToRead(key=self.sources.gene_table.key, format=table.format, version=table.version)

    @cached_property
    def hypotheses(self) -> list[HypothesisToPlace]:
        """All hypotheses, with the declared direction and the sets beside the primary one."""
        return [HypothesisToPlace.of(row) for row in self.study.config.hypotheses]

    @cached_property
    def contrasts(self) -> dict[str, ContrastToFit]:
        """All contrasts, as they are fitted."""
        return {
            name: ContrastToFit.in_dataset(row, self.study.datasets[row.dataset])
            for name, row in self.study.contrasts.items()
        }

    @cached_property
    def datasets(self) -> dict[str, DatasetToPrepare]:
        """All datasets, as they are read."""
        return {name: DatasetToPrepare.of(row) for name, row in self.study.datasets.items()}

    @cached_property
    def files(self) -> dict[str, Files]:
        """The files of every dataset by role."""
        return {name: keys_of(sources) for name, sources in self.sources.of_dataset.items()}

    @cached_property
    def line_files(self) -> dict[str, Files]:
        """The files of every line of evidence that is run, by role."""
        return {name: keys_of(sources) for (_, name), sources in self.sources.of_line.items()}

    def specify(self, kind: type[Specified], **content: object) -> Specified:
        """Return a specification; its fields that are settings of the study, by the same names, are filled in.

        Parameters
        ----------
        kind
            The specification of a job.
        content
            Its other fields.

        Returns
        -------
        Specified
            The specification, validated.
        """
        settings = self.study.config.settings
        named = type(settings).model_fields.keys() & kind.model_fields.keys() - content.keys()
        return kind.model_validate({name: getattr(settings, name) for name in named} | content, from_attributes=True)


def keys_of(sources: Mapping[str, Source]) -> Files:
    """Return the key of every source by its role."""
    return {role: source.key for role, source in sources.items()}
