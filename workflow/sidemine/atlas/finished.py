"""What an atlas takes from finished studies and libraries: profiles, where they come from, and genes of target pathways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.atlas.blocks import Origin
from sidemine.atlas.config import DrugRow, EffectRow
from sidemine.differential.contrast_fit import load_fit
from sidemine.differential.record import read_design
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.libraries import find_set, read_library
from sidemine.enrichment.rotated_deviates import StandardisedSpace
from sidemine.errors import InputError, Problem
from sidemine.lines.bridge.call import OF_WELLS
from sidemine.lines.bridge.comparators import read_signatures
from sidemine.lines.bridge.contrasts import ContrastSource, find_dependent, source_of, testable_fits
from sidemine.lines.bridge.profiles import build_side
from sidemine.lines.bridge.specification import DatasetToBridge, SignaturesToRead
from sidemine.prepare.gene_table import GeneTable, read_gene_table
from sidemine.prepare.sample_table import SAMPLES
from sidemine.quality.record import SharedSamples
from sidemine.records import read_record
from sidemine.study.description import StudyDescription
from sidemine.study.paths import expand_path
from sidemine.study.projections import ContrastOfRole, GeneTableToRead
from sidemine.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.atlas.config import Atlas, PathwayRow
    from sidemine.lines.bridge.profiles import Side

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class EffectProfile:
    """The profile of an effect.

    Attributes
    ----------
    genes, deviates
        Its genes, and their normal deviates; positive: higher in patients.
    side
        With its samples, so that it can be rotated; None where it comes from a library.
    origin
        Where it comes from.
    left_out
        Profiles that did not enter, with the reason.
    """

    genes: list[str]
    deviates: Array
    side: Side | None
    origin: Origin
    left_out: list[str]


def read_contrasts(study: Path, names: Sequence[str]) -> dict[str, ContrastSource]:
    """Read contrasts of a finished study, with what decides whether they are independent."""
    description = read_record(StudyDescription, study / "study.json")
    shared = read_record(SharedSamples, study / "shared_samples.json")
    contrasts = {row.contrast: row for row in description.contrasts}
    datasets = {row.dataset: row for row in description.datasets}
    found = {}
    for name in names:
        row = ContrastOfRole.of(contrasts[name])
        folder = study / "contrasts" / name
        found[name] = source_of(
            row,
            DatasetToBridge.of(datasets[row.dataset]).within(shared.families),
            load_fit(folder / "fit.npz"),
            read_design(folder / "design.json"),
            read_table(study / "datasets" / row.dataset / "samples.tsv", SAMPLES),
            shared.same,
        )
    return found


def read_library_rows(atlas: Atlas, library: str, names: Sequence[str], where: str) -> pd.DataFrame:
    """Read some rows of a library of profiles.

    Parameters
    ----------
    atlas
        The atlas.
    library
        Id of the library.
    names
        Rows.
    where
        Where the atlas names them, for messages.

    Returns
    -------
    pandas.DataFrame
        A row per name; columns: gene symbols.

    Raises
    ------
    InputError
        When the file is no table of numbers, lacks a name, or has it twice.
    """
    import pandas as pd

    table, identifiers = atlas.config.gene_table, atlas.config.libraries[library].identifiers
    if identifiers == "entrez" and table is not None:
        source = GeneTableToRead(key="", format=table.format, version=table.version)
        genes = read_gene_table(expand_path(table.file, atlas.folder), source)
    else:  # symbols stay as they stand
        genes = GeneTable(pd.DataFrame({"entrez": [], "ensembl": []}, dtype=object), None, None)
    declared = SignaturesToRead(identifiers=identifiers, exclude=[], positive_control=None)
    found = read_signatures(atlas.library(library), declared, genes, names, where).others
    if twice := sorted(set(found.index[found.index.duplicated()]) & set(names)):
        raise InputError(
            Problem(
                f"profiles have several rows: {', '.join(twice)}",
                f"{atlas.library(library)}; {where}",
                "one row per profile",
                "Give each row a name of its own, and name one.",
            )
        )
    return found.loc[list(names)]


def origin_of(source: ContrastSource) -> Origin:
    """Return where a contrast comes from."""
    return Origin([source.source], sorted(source.units))


def refusal_of(source: ContrastSource) -> str:
    """Return why a contrast gives no profile; empty where it does.

    Wells of one culture do not: rotations know how wells differ, not cultures, and a bridge on them is undetermined.
    """
    if source.fit is None:
        return "it could not be tested"
    return OF_WELLS.format(names=source.contrast) if source.of_wells else ""


def drug_deviates(source: ContrastSource) -> tuple[list[str], Array] | None:
    """Return genes and normal deviates of a contrast; None where it gives no profile (`refusal_of`)."""
    if source.fit is None or refusal_of(source):
        return None
    return source.fit.genes, StandardisedSpace.of(source.fit).observed


def part_name(row: DrugRow | EffectRow) -> str:
    """Return what the rotations of a profile are drawn for: contrasts of two studies may share a name."""
    return f"{row.source}.{row.contrast}"


def read_effect(atlas: Atlas, effect: str) -> EffectProfile:
    """Read the profile of an effect: one contrast, or the common effect over independent ones; without genes where none could be tested."""
    rows = atlas.profiles_of(effect)
    sources: dict[str, ContrastSource] = {}
    left_out = []
    for row in rows:
        if row.source in atlas.config.studies:
            sources[part_name(row)] = read_contrasts(atlas.study(row.source), [row.contrast])[row.contrast]
    if not sources:
        row = rows[0]
        table = read_library_rows(atlas, row.source, [row.contrast], f"effects.tsv, row {row.profile}")
        values = table.iloc[0].dropna()
        left_out = [f"{other.profile}: of profiles without samples only the first counts" for other in rows[1:]]
        deviates = np.asarray(values, dtype=np.float64)
        return EffectProfile(
            [str(gene) for gene in values.index], deviates - deviates.mean(), None, Origin([row.source], []), left_out
        )
    left_out += [f"{row.profile}: it has no samples, others have" for row in rows if part_name(row) not in sources]
    return pooled_effect(sources, atlas.config.seed, left_out)


def pooled_effect(sources: dict[str, ContrastSource], seed: int, left_out: Sequence[str] = ()) -> EffectProfile:
    """Return the profile of contrasts of one effect, the common one where several are independent.

    Parameters
    ----------
    sources
        Contrasts by the name of their rotations.
    seed
        Of the rotations.
    left_out
        What was left out before, with the reason.
    """
    refused = {name: reason for name, source in sources.items() if (reason := refusal_of(source))}
    fits = testable_fits([name for name in sources if name not in refused], sources)
    told = [*left_out, *(f"{name}: {reason}" for name, reason in refused.items())]
    dependent = find_dependent(list(fits), sources, "cohort")
    told += [f"{name} {reason}" for name, reason in dependent.items()]
    fits = {name: fit for name, fit in fits.items() if name not in dependent}
    if not fits:
        return EffectProfile([], np.zeros(0), None, Origin([], []), told)
    genes = sorted(set.intersection(*(set(fit.genes) for fit in fits.values())))
    side = build_side(fits, genes, list(fits), seed=seed, what="total")
    origins = [origin_of(sources[name]) for name in fits]
    origin = Origin(
        sorted({one for found in origins for one in found.sources}),
        sorted({one for found in origins for one in found.units}),
    )
    return EffectProfile(genes, side.whole.deviates, side, origin, told)


def read_members(atlas: Atlas, row: PathwayRow) -> list[str]:
    """Return the genes of a target pathway.

    Raises
    ------
    InputError
        When its file has no such set.
    """
    path = atlas.genes_file(row)
    if row.genes_from not in atlas.config.studies:
        return sorted(gene for gene, _ in find_set(read_library(path, "gmt"), row.gene_set))
    table = read_table(path, GENE_SETS)
    genes = sorted(set(table.loc[table["gene_set"] == row.gene_set, "gene"]))
    if not genes:
        raise InputError(
            Problem(
                f"study {row.genes_from} has no gene set {row.gene_set!r}",
                str(path),
                f"sets of the study: {', '.join(sorted(set(table['gene_set']))[:20])}",
                "Correct gene_set in pathways.tsv.",
            )
        )
    return genes
