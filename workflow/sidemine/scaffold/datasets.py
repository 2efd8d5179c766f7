"""Propose one row of datasets.tsv from what was seen of a series: what the record shows, and what it does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidemine.errors import InputError, Problem, SidemineError
from sidemine.prepare.scale_evidence import assess_scale
from sidemine.retrieve.addresses import canonical_url
from sidemine.scaffold.contrasts import propose_contrasts
from sidemine.scaffold.derivation import with_derived
from sidemine.scaffold.proposal import ProposedDataset
from sidemine.sources.geo_addresses import raw_archive_url, series_matrix_urls
from sidemine.sources.inspection import guess_identifiers
from sidemine.study.selector_nodes import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.scaffold.proposal import ProposedContrast, StudyRole
    from sidemine.sources.inspection import Inspection

HUMAN = "Homo sapiens"
LICENCE = "GEO; the record states no licence"
_COUNTS = re.compile(r"(?i)count.*\.(tsv|txt|csv|tab)(\.gz)?$|count.*\.xlsx$")
_COUNTS_OF_SAMPLE = re.compile(r"(?i)(count|htseq|ReadsPerGene|\.genes\.results|\.(txt|tsv|tab)(\.gz)?$)")
_TISSUE = ("tissue", "cell_type", "cell_line", "organ", "source_name")
_MOST_TISSUES = 3
_NAMES = ("title", "description", "source_name")


def file_of_counts(inspection: Inspection) -> tuple[str, str]:
    """Return layout and address of the counts of a series, as the names of its files tell; '' and '' where they tell none.

    Parameters
    ----------
    inspection
        Of the series matrix.
    """
    named = [name for name in inspection.files if _COUNTS.search(name) and "acc=" not in name]
    if named:
        return "table", canonical_url(named[0])
    packed = [name for name in inspection.files if name.endswith("_RAW.tar")]
    if packed and inspection.sample_files and all(map(_COUNTS_OF_SAMPLE.search, inspection.sample_files)):
        return "archive", canonical_url(packed[0])
    return "", ""


def propose_dataset(
    inspection: Inspection, name: str, role: StudyRole, table: Inspection | None = None, table_problem: str = ""
) -> ProposedDataset:
    """Return what datasets.tsv and contrasts.tsv may say of a series, with the evidence for it.

    Parameters
    ----------
    inspection
        Of its series matrix.
    name
        Id of the dataset.
    role
        Whether it is about the disease or the drug.
    table
        Of its file of counts, where the matrix holds no values and the file was looked into.
    table_problem
        Why it was not looked into.

    Raises
    ------
    InputError
        When the samples are not human, or nothing says where values may be had.
    """
    samples, subset, evidence, traps = _human_samples(inspection)
    if inspection.values is not None and inspection.samples_by_name_only:
        cells, found, odd = _values_of_archive(inspection.accession, inspection.identifiers, inspection.values)
    elif inspection.values is not None:
        cells, found, odd = _values_of_matrix(inspection.identifiers, inspection.values)
    else:
        cells, found, odd = _values_elsewhere(inspection, samples, table, table_problem)
    tissue, told = _tissue_of(samples)
    contrasts, derivations, notes = propose_contrasts(samples, role)
    for derivation in derivations:
        made = with_derived(samples, derivation)
        samples = samples if made is None else made
    if "channel_count" in samples and (samples["channel_count"] == "2").any():
        traps.append("arrays of two colours: the values are ratios to what was in the other channel")
    row = {
        "dataset": name,
        "accession": inspection.accession,
        "platform": inspection.platforms[0] if len(inspection.platforms) == 1 else "",
        **cells,
        "subset": subset,
        "biological_unit": _unit_of(contrasts),
        "replicates": "unknown",
        "tissue": tissue,
        "licence": LICENCE,
    }
    return ProposedDataset(
        name,
        role,
        row,
        samples,
        derivations,
        contrasts,
        (
            *evidence,
            *found,
            told,
            "The licence is what stands there for want of words in the record: look into the paper.",
        ),
        (*traps, *odd, *notes, *inspection.notes),
    )


def _human_samples(inspection: Inspection) -> tuple[pd.DataFrame, str, list[str], list[str]]:
    samples = inspection.samples
    if "organism" not in samples:
        return samples, "", [], ["The record names no organism; sidemine maps human genes only."]
    organisms = samples["organism"].map(normalise)
    human = (organisms == HUMAN).to_numpy()
    others = sorted(set(organisms) - {HUMAN})
    if not human.any():
        raise InputError(
            Problem(
                "the samples are not human",
                f"{inspection.accession}, organism {', '.join(others)}",
                f"samples of {HUMAN}: genes are mapped to human symbols",
                "Look for a human series, for example with `sidemine find`.",
            )
        )
    if not others:
        return samples, "", [], []
    return (
        samples[human],
        f'organism = "{HUMAN}"',
        [f"Human samples only: {human.sum()} of {len(samples)}."],
        [f"The series also has samples of {', '.join(others)}; the subset leaves them out."],
    )


def _values_of_matrix(names: Sequence[str], values: NDArray[np.float64]) -> tuple[dict[str, str], list[str], list[str]]:
    identifiers = guess_identifiers(names, "series_matrix")
    scale, evidence, traps = _scale_of(values)
    words = f"Rows are named {', '.join(names[:2])}: {identifiers}."
    return {"layout": "series_matrix", "identifiers": identifiers, "scale": scale}, [words, *evidence], traps


def _values_of_archive(
    accession: str, names: Sequence[str], values: NDArray[np.float64]
) -> tuple[dict[str, str], list[str], list[str]]:
    """Return what is known of an archive that stands alone: nothing describes its samples but their names."""
    kind = guess_identifiers(names)
    scale, evidence, traps = _scale_of(values)
    words = f"Rows of the files are named {', '.join(names[:2])}: {kind}."
    traps.append("No record describes the samples: groups, pairs and organism rest on the names of their files.")
    row = {"layout": "archive", "file": raw_archive_url(accession), "identifiers": kind, "scale": scale}
    return row, [words, *evidence], traps


def _scale_of(values: NDArray[np.float64]) -> tuple[str, list[str], list[str]]:
    try:
        seen = assess_scale(values)
    except SidemineError:
        return "log2", [], ["Every value is missing: the scale is not known."]
    return seen.reading, [f"Scale by the values: {seen.figures()}."], []


def _values_elsewhere(
    inspection: Inspection, samples: pd.DataFrame, table: Inspection | None, problem: str
) -> tuple[dict[str, str], list[str], list[str]]:
    """Return what is known of values that the series matrix does not hold."""
    layout, address = file_of_counts(inspection)
    if address:
        metadata = [url for url in series_matrix_urls(inspection.accession, "") if url.endswith(inspection.path.name)]
        metadata = metadata or [_beside(inspection)]
        cells = {"layout": layout, "file": address, "metadata": metadata[0]}
        if table is None or table.values is None:
            why = problem or "its values cannot be read"
            guess = {"identifiers": "symbol", "scale": "counts"}
            trap = (
                f"NOT LOOKED INTO ({why}): identifiers, scale and sample_name are guesses; `sidemine inspect` the file."
            )
            return (
                {**cells, **guess},
                [f"Taken for counts by the name of the file, {address.rpartition('/')[2]}."],
                [trap],
            )
        scale, evidence, traps = _scale_of(table.values)
        kind = guess_identifiers(table.identifiers)
        column, told = _naming_column(samples, [str(name) for name in table.samples.index])
        words = f"Rows of the table are named {', '.join(table.identifiers[:2])}: {kind}."
        cells |= {"identifiers": kind, "scale": scale, "sample_name": column}
        return cells, [words, *evidence, *told[:1]], [*traps, *told[1:]]
    if any("rnaseq_counts" in name for name in inspection.files):
        cells = {"layout": "ncbi_counts", "identifiers": "entrez", "scale": "counts"}
        return cells, ["The series names no file of counts: NCBI's own counts are asked for."], []
    raise InputError(
        Problem(
            "the record names no values that can be taken as they are",
            f"{inspection.accession}: its files are {', '.join(inspection.files[:5]) or 'none'}",
            "a series matrix with values, a table of counts, or counts by NCBI",
            "Fetch a file, look into it with `sidemine inspect FILE`, and write its row by hand (docs/new-study.md).",
        )
    )


def _beside(inspection: Inspection) -> str:
    address = series_matrix_urls(inspection.accession)[0]
    return f"{address.rpartition('/')[0]}/{inspection.path.name}"


def _naming_column(samples: pd.DataFrame, columns: Sequence[str]) -> tuple[str, list[str]]:
    """Return the metadata column whose values name the columns of a table; '' where accessions do."""
    wanted = set(columns)  # of an archive: the accessions in the names of its files
    shares = {"": sum(name in wanted for name in samples.index)}
    shares |= {name: len(wanted & set(samples[name])) for name in _NAMES if name in samples}
    best = max(shares, key=lambda name: shares[name])
    note = f"Columns of the table are named by {best or 'sample accession'}: {shares[best]} of {len(samples)} samples."
    if shares[best] == len(samples):
        return best, [note]
    trap = (
        f"Only {shares[best]} of {len(samples)} samples have a column of that name: such as {', '.join(columns[:3])}."
    )
    return best, [note, trap]


def _unit_of(contrasts: Sequence[ProposedContrast]) -> str:
    """Return the column of persons or cultures, where every comparison is paired by it."""
    columns = {contrast.pairing.column if contrast.pairing else "" for contrast in contrasts}
    return columns.pop() if len(columns) == 1 else ""


def _tissue_of(samples: pd.DataFrame) -> tuple[str, str]:
    for name in _TISSUE:
        values = sorted({normalise(value) for value in samples[name]} - {""}) if name in samples else []
        if 1 <= len(values) <= _MOST_TISSUES:
            return "; ".join(values)[:200], f"Tissue: key {name}."
    return "not stated in the record", "The record states no tissue in few words."
