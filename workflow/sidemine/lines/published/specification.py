"""What a published table is described by; its labels stand in its sentence."""

from __future__ import annotations

from sidemine.study.projections import Files, GeneTableToRead, Projection


class TableToDescribe(Projection):
    """A row of `published_tables.tsv`; see `study.models.PublishedTable`."""

    table: str
    accession: str
    platform: str
    gene_column: str
    fold_change_column: str
    compare_with_column: str
    p_value_column: str
    adjusted_p_column: str
    mean_column: str
    zero_is_missing: bool
    target_label: str
    reference_label: str
    panel: str


class DescribePublishedTable(Projection):
    """How a published table is read and described; of its files, all but the table itself are maps."""

    table: TableToDescribe
    files: Files
    gene_table: GeneTableToRead

    @property
    def maps(self) -> dict[str, str]:
        """The key of every probe map by its platform; retrieval calls them platform_map and rival_GPLnnn."""
        return {
            self.table.platform if role == "platform_map" else role.removeprefix("rival_"): key
            for role, key in self.files.items()
            if role != "table"
        }
