"""Primary sets of so few genes that no run can test them, from the libraries that are at hand before a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.effect.measure import FEWEST_GENES
from sidemine.errors import SidemineError
from sidemine.preflight.bridges import gene_table_at_hand
from sidemine.study.projections import GeneSetToRead

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidemine.retrieve.study_sources import StudySources
    from sidemine.study.load import Study


def notes_of_primary_sets(study: Study, sources: StudySources, files: Mapping[str, Path]) -> list[str]:
    """Tell of every hypothesis whose primary set has fewer genes than a set needs.

    Sets whose library or whose table of approved symbols is not on this machine are passed over, and so are sets that a row
    takes with all others of their library.

    Parameters
    ----------
    study, sources
        The study and its inputs.
    files
        Inputs that are on this machine, by key.
    """
    from sidemine.enrichment.gene_sets import build_gene_sets

    wanted = {row.primary.set for row in study.config.hypotheses}
    paths = {name: path for name, source in sources.gene_sets.items() if (path := files.get(source.key)) is not None}
    rows = [row for row in study.used_gene_sets if row.gene_set in wanted and row.source in paths]
    notes = []
    try:
        genes = gene_table_at_hand(study, sources, files) if rows else None
        if genes is None:
            return []
        asked = [GeneSetToRead.of(row) for row in rows]
        sets = build_gene_sets(asked, paths, genes, study.config.settings.opt_in)[0]
    except SidemineError as error:
        return [f"primary sets: {problem.what}" for problem in error.problems]
    sizes = sets.groupby("gene_set")["gene"].nunique()
    for row in study.config.hypotheses:
        if row.primary.set in sizes.index and sizes[row.primary.set] < FEWEST_GENES:
            notes.append(
                f"hypothesis {row.id}: not testable, because {row.primary.set} has {sizes[row.primary.set]} genes; the change "
                f"of fewer than {FEWEST_GENES} is not told from that of one gene"
            )
    return notes
