"""What bridges can say at most, from the files that are at hand before a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import SidemineError
from sidemine.lines.bridge.ahead import bridge_notes
from sidemine.lines.bridge.comparators import names_of_signatures, read_signatures
from sidemine.lines.bridge.specification import BridgeToMeasure
from sidemine.sources.registry import CELL_LAYOUTS
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import GeneSetToRead, GeneTableToRead

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sidemine.prepare.gene_table import GeneTable
    from sidemine.retrieve.needed_files import Source
    from sidemine.retrieve.study_sources import StudySources
    from sidemine.study.load import Study


def files_at_hand(study: Study, sources: StudySources) -> dict[str, Path]:
    """Return by key the inputs that are on this machine: local files, what was downloaded, what a mirror folder has."""
    files = {key: _at_hand(study, source) for key, source in sources.by_key.items()}
    return {key: path for key, path in files.items() if path is not None}


def _at_hand(study: Study, source: Source) -> Path | None:
    from sidemine.retrieve.addresses import mirror_key

    places = [source.local_path] if source.local_path else [study.downloads_dir / source.key]
    if source.local_path is None and study.mirror is not None:
        places += [study.mirror / mirror_key(url) for url in source.locations]
    return next((path for path in places if path is not None and path.is_file()), None)


def notes_of_bridges(
    study: Study, sources: StudySources, files: Mapping[str, Path], samples: Mapping[str, pd.DataFrame] | None = None
) -> list[str]:
    """Return what is known of every bridge before the run, with its id.

    Parameters
    ----------
    study, sources
        The study and its inputs.
    files
        Inputs that are on this machine, by key.
    samples
        Samples of the datasets, where they were read: the genes of those whose files are all here are then counted.
    """
    bridges = [BridgeToMeasure.of(row) for row in study.config.concordance.bridges]
    if not bridges:
        return []
    notes: list[str] = []
    genes, sets = None, None
    measured: dict[str, set[str]] = {}
    if samples or any(row.comparator_signatures for row in bridges):
        try:
            genes = gene_table_at_hand(study, sources, files)
            sets = _gene_sets(study, sources, files, genes)
            measured = _measured(study, sources, files, samples or {}, genes)
        except SidemineError as error:
            notes.append(f"bridges: {error.problems[0].what}")
    for row in bridges:
        library, path = None, files.get(sources.of_bridge[row.id].key) if row.id in sources.of_bridge else None
        if row.comparator_signatures is not None and path is not None and genes is not None:
            try:
                library = read_signatures(
                    path, row.comparator_signatures, genes, names_of_signatures(row, study.contrasts)
                )
            except SidemineError as error:
                notes += [f"bridge {row.id}: {problem.what}" for problem in error.problems]
                continue
        notes += [f"bridge {row.id}: {note}" for note in bridge_notes(row, library, sets, measured)]
    return notes


def gene_table_at_hand(study: Study, sources: StudySources, files: Mapping[str, Path]) -> GeneTable | None:
    """Return the table of approved symbols; None where it is not among the files.

    Parameters
    ----------
    study, sources, files
        As in `notes_of_bridges`.
    """
    from sidemine.prepare.gene_table import read_gene_table

    path, table = files.get(sources.gene_table.key), study.config.gene_table
    if path is None:
        return None
    return read_gene_table(
        path, GeneTableToRead(key=sources.gene_table.key, format=table.format, version=table.version)
    )


def _gene_sets(
    study: Study, sources: StudySources, files: Mapping[str, Path], genes: GeneTable | None
) -> pd.DataFrame | None:
    from sidemine.enrichment.gene_sets import build_gene_sets

    libraries = {name: files.get(source.key) for name, source in sources.gene_sets.items()}
    there = {name: path for name, path in libraries.items() if path is not None}
    if genes is None or len(there) < len(libraries):
        return None
    rows = [GeneSetToRead.of(row) for row in study.gene_set_rows]
    return build_gene_sets(rows, there, genes, study.config.settings.opt_in)[0]


def _measured(
    study: Study,
    sources: StudySources,
    files: Mapping[str, Path],
    samples: Mapping[str, pd.DataFrame],
    genes: GeneTable | None,
) -> dict[str, set[str]]:
    """Return by contrast of a bridge the genes that its dataset measures, where its samples and files are here."""
    from sidemine.prepare.dataset import prepare_dataset

    plan = StudyPlan(study, sources)
    of_dataset: dict[str, set[str]] = {}
    if genes is None:
        return {}
    for name in plan.scope.concordance_datasets:
        roles = {role: files.get(source.key) for role, source in sources.of_dataset[name].items()}
        there = {role: path for role, path in roles.items() if path is not None}
        if name not in samples or len(there) < len(roles) or plan.datasets[name].layout in CELL_LAYOUTS:
            continue
        try:
            adata, _ = prepare_dataset(plan.datasets[name], there, samples[name], genes)
        except SidemineError:
            continue  # told with the dataset
        of_dataset[name] = set(adata.var_names)
    contrasts = {name: study.contrasts[name].dataset for name in plan.scope.concordance_contrasts}
    return {name: of_dataset[dataset] for name, dataset in contrasts.items() if of_dataset.get(dataset)}
