"""All external files of a study, each named once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.retrieve.needed_files import (
    Source,
    source_of_gene_set,
    source_of_gene_table,
    source_of_signatures,
    sources_by_key,
    sources_of_dataset,
    sources_of_line,
    sources_of_published_table,
)

if TYPE_CHECKING:
    from sidemine.study.load import Study


@dataclass(frozen=True)
class StudySources:
    """The external files of a study.

    Attributes
    ----------
    by_key
        Every source by its local key; datasets that share a file share its source.
    of_dataset
        Per dataset: sources by role (values, metadata, sample_sheet, platform_map, annotation).
    gene_sets
        Set libraries by the address that `gene_sets.tsv` gives them.
    gene_table
        The table of approved symbols.
    of_table
        Per published table: its file (role `table`) and the probe maps that its label is checked against.
    of_line
        Per line of evidence that is run, as layer and id: its files by role.
    of_bridge
        Comparator signatures of the bridges that declare some.
    """

    by_key: dict[str, Source]
    of_dataset: dict[str, dict[str, Source]]
    gene_sets: dict[str, Source]
    gene_table: Source
    of_table: dict[str, dict[str, Source]]
    of_line: dict[tuple[str, str], dict[str, Source]]
    of_bridge: dict[str, Source]

    @classmethod
    def of(cls, study: Study) -> StudySources:
        """Collect the sources of `study`.

        Raises
        ------
        StudyError
            When two different files would be kept under the same name, or an address cannot be read.
        """
        folder = study.config_dir
        of_dataset = {name: sources_of_dataset(row, folder) for name, row in study.datasets.items()}
        gene_sets = {row.source: source_of_gene_set(row, folder) for row in study.used_gene_sets}
        gene_table = source_of_gene_table(study.config.gene_table, folder)
        of_table = {name: sources_of_published_table(row, folder) for name, row in study.published_tables.items()}
        of_line = {(row.layer, name): sources_of_line(row, folder) for name, row in study.lines.items() if row.runs}
        by_role = (*of_dataset.values(), *of_table.values(), *of_line.values())
        everything = [source for roles in by_role for source in roles.values()]
        of_bridge = {
            bridge.id: source_of_signatures(bridge.comparator_signatures, folder)
            for bridge in study.config.concordance.bridges
            if bridge.comparator_signatures
        }
        by_key = sources_by_key([*everything, *gene_sets.values(), *of_bridge.values(), gene_table])
        return cls(by_key, of_dataset, gene_sets, gene_table, of_table, of_line, of_bridge)

    @property
    def accepted_by(self) -> dict[str, tuple[str, ...]]:
        """Per key, the results (below the study's folder) that are written only when the input's readers accepted it.

        The gene table has many readers; one that accepted it is enough, or one bad data set would keep it from the lock.
        """
        readers: dict[str, dict[str, None]] = {key: {} for key in self.by_key}
        for dataset, roles in self.of_dataset.items():
            for source in roles.values():
                for result in ("samples.tsv", "genes_ledger.tsv"):
                    readers[source.key][f"datasets/{dataset}/{result}"] = None
        for source in self.gene_sets.values():
            readers[source.key]["gene_sets_ledger.tsv"] = None
        for table, roles in self.of_table.items():
            for source in roles.values():
                readers[source.key][f"published/{table}.json"] = None
        for (layer, line), roles in self.of_line.items():
            for source in roles.values():
                readers[source.key][f"lines/{layer}/{line}.json"] = None
        for source in self.of_bridge.values():
            readers[source.key]["concordance.json"] = None
        readers[self.gene_table.key] = {"gene_sets_ledger.tsv": None}
        return {key: tuple(results) for key, results in readers.items()}
