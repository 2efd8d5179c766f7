"""Read what a line of miRNAs rests on: the disease's table, target pairs, and what says which family a miRNA is of."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import InputError, Problem
from sidemine.lines.mirna.measure import TOLD, LabelledMirnas, TargetGraph, lost_names
from sidemine.lines.mirna.names import MirnaNames
from sidemine.lines.mirna.record import Lost
from sidemine.lines.published.reader import read_cells
from sidemine.sources.spreadsheet import is_spreadsheet
from sidemine.text.decoding import open_decoded
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sidemine.prepare.gene_table import GeneTable
    from sidemine.text.text_table import TextTable

    Array = NDArray[np.float64]

MAX_BYTES = 1_000_000_000
MAX_ROWS = 20_000_000
LISTED_P = 0.05
"""A miRNA of a complete table is listed at this p or below."""

TARGET_ROLES = ("target_mirna", "target_gene")
MIRTARBASE = ("miRNA", "Target Gene")
MIRTARBASE_SPECIES = ("Species (miRNA)", "Species (Target Gene)")
TARGETSCAN = ("miR family", "MiRBase Accession")
HUMAN = "Homo sapiens"
_SIGNS: Mapping[str, float] = {
    "up": 1.0, "+1": 1.0, "1": 1.0, "down": -1.0, "-1": -1.0, "listed": 1.0, "yes": 1.0, "none": 0.0, "no": 0.0,
    "0": 0.0, "": 0.0,
}  # fmt: skip
_WAYS = frozenset({"up", "down", "+1", "-1"})


def read_labels(path: Path, columns: Mapping[str, str], names: MirnaNames) -> LabelledMirnas:
    """Read the miRNAs that a disease moves.

    Parameters
    ----------
    path
        A table with a header, or a spreadsheet.
    columns
        Header by role: `mirna`; `label` (up, down, listed, none), or `p_value` (listed at .05) with `effect` (its sign says the
        way); with neither every row is listed.
    names
        What names mean.

    Raises
    ------
    InputError
        When a column is not there, a label is none of the words, or a p-value lies outside 0 … 1.
    """
    own = [columns[role] for role in ("mirna", "label", "p_value", "effect") if columns.get(role)]
    table = read_cells(path, own, "column columns of lines.tsv")
    table.name_column = table.position(columns["mirna"])
    values, signed = _labels_of(table, columns)
    rows: dict[str, list[float]] = defaultdict(list)
    lost: Counter[tuple[str, str]] = Counter()
    for text, value in zip(table.cells(columns["mirna"]), values, strict=True):
        resolved = names.resolve(text)
        if resolved.accession is None:
            lost[resolved.why, text.strip()] += 1
        elif np.isnan(value):
            lost["no label", text.strip()] += 1
        else:
            rows[resolved.accession].append(float(value))
    against = [names.label(key) for key, found_values in rows.items() if min(found_values) < 0 < max(found_values)]
    return LabelledMirnas(
        {key: float(np.mean(found_values)) for key, found_values in rows.items()},
        signed,
        [
            *told_by_reason(lost),
            *lost_names(against, "rows that say up and down; their mean counts"),
        ],
    )


def _labels_of(table: TextTable, columns: Mapping[str, str]) -> tuple[Array, bool]:
    """Return the label of every row, and whether labels say which way."""
    effect = columns.get("effect")
    if name := columns.get("label"):
        words = [text.strip().casefold() for text in table.cells(name)]
        wrong = next((place for place, word in enumerate(words) if word not in _SIGNS), None)
        if wrong is not None:
            raise InputError(
                Problem(
                    f"a label of a miRNA is not understood: {words[wrong][:40]!r}",
                    table.place(wrong, name),
                    f"one of {', '.join(word for word in _SIGNS if word)}, or nothing",
                    "Name another column with label=…, or p_value=… and effect=….",
                )
            )
        return np.array([_SIGNS[word] for word in words]), not _WAYS.isdisjoint(words)
    if name := columns.get("p_value"):
        p_values = table.numbers(name)
        bad = np.flatnonzero((p_values < 0) | (p_values > 1))
        if len(bad):
            raise InputError(
                Problem(
                    "a p-value does not lie between 0 and 1",
                    table.place(int(bad[0]), name),
                    "p-values as they are; no logarithms, no percentages",
                    "Correct columns in lines.tsv.",
                )
            )
        way = _ways(table, effect) if effect else np.ones(table.n_rows)
        return np.where(np.isnan(p_values), np.nan, np.where(p_values <= LISTED_P, way, 0.0)), bool(effect)
    return (_ways(table, effect), True) if effect else (np.ones(table.n_rows), False)


def _ways(table: TextTable, effect: str) -> Array:
    """Return the sign of every row's effect; ratios have none, so that all miRNAs would be higher."""
    values = table.numbers(effect)
    known = values[np.isfinite(values)]
    if (known < 0).any() or not ((known > 0) & (known < 1)).any() or not (known > 1).any():
        return np.sign(values)
    raise InputError(
        Problem(
            f"no row of the column of effect {effect!r} lies below 0, and some lie below 1: are these ratios?",
            f"{table.where}: {len(known):,} rows, from {known.min():g} to {known.max():g}",
            "differences with a sign, 0 meaning none: log2 fold changes",
            "Name the column of logarithms, or a column label (up, down). If all miRNAs are higher, write label=up in a copy.",
        )
    )


def read_universe(path: Path, names: MirnaNames) -> tuple[set[str], list[Lost]]:
    """Read the miRNAs that an assay can see: one name per line, and nothing else in it.

    Parameters
    ----------
    path
        A text without a header.
    names
        What names mean.
    """
    table = read_delimited(path, header=False, quoting=False, comments="anywhere", separator="\t", max_bytes=MAX_BYTES)
    return _resolved(table.cells(0), names)


def _resolved(texts: Iterable[str], names: MirnaNames) -> tuple[set[str], list[Lost]]:
    resolved = names.resolve_all(texts)
    lost = Counter({(name.why, text.strip()): 1 for text, name in resolved.items() if name.accession is None})
    return {name.accession for name in resolved.values() if name.accession}, told_by_reason(lost)


def read_targets(
    path: Path, columns: Mapping[str, str], names: MirnaNames, gene_table: GeneTable
) -> tuple[TargetGraph, list[Lost]]:
    """Read pairs of miRNA and target gene: miRTarBase's table, or any with two columns.

    Parameters
    ----------
    path
        The table, with a header, or a spreadsheet. Rows of other species are left out where it has miRTarBase's columns of species.
    columns
        Header by role: `target_mirna`, `target_gene`. Not given: miRTarBase's, or the only two columns.
    names, gene_table
        What names of miRNAs and of genes mean.

    Raises
    ------
    InputError
        When it cannot be told which columns hold the pairs, or no pair is left.
    """
    if is_spreadsheet(path):
        wanted = [columns.get(role) or usual for role, usual in zip(TARGET_ROLES, MIRTARBASE, strict=True)]
        table = read_cells(path, wanted, "the columns of targets in lines.tsv")
    else:
        table = read_delimited(path, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)
    mirna, gene = _columns_of(table, columns, TARGET_ROLES, MIRTARBASE, "pairs of miRNA and target")
    lost: list[Lost] = []
    here = np.ones(table.n_rows, dtype=bool)
    for species in MIRTARBASE_SPECIES:
        if table.has(species):
            here &= np.array([text.strip() == HUMAN for text in table.cells(species)], dtype=bool)
    if not here.all():
        lost.append(Lost(int((~here).sum()), "rows of target pairs of another species"))
    mirna_texts, gene_texts = (np.array(table.cells(column), dtype=object)[here] for column in (mirna, gene))
    mirnas, mirna_of, lost_mirnas = _keyed(
        mirna_texts, {t: n.accession for t, n in names.resolve_all(mirna_texts).items()}
    )
    different = list(dict.fromkeys(gene_texts))
    symbols = dict(
        zip(different, (resolution.symbol for resolution in gene_table.resolve_symbols(different)), strict=True)
    )
    genes, gene_of, lost_genes = _keyed(gene_texts, symbols)
    lost += lost_names(lost_mirnas, "names of miRNAs among the targets that cannot be told")
    lost += lost_names(lost_genes, "names of target genes that cannot be told")
    known = (mirna_of >= 0) & (gene_of >= 0)
    pairs = np.unique(mirna_of[known] * max(len(genes), 1) + gene_of[known])
    if not len(pairs):
        raise InputError(
            Problem(
                "no pair of miRNA and target gene is left",
                f"{path}: columns {mirna!r} and {gene!r}, {table.n_rows:,} rows",
                "human miRNAs by miRBase name or accession, and gene symbols",
                "Correct files = targets=… or columns = target_mirna=…,target_gene=….",
            )
        )
    return TargetGraph(mirnas, genes, pairs // len(genes), pairs % len(genes)), lost


def _keyed(
    texts: Sequence[str] | NDArray[np.object_], keys: Mapping[str, str | None]
) -> tuple[list[str], NDArray[np.int64], list[str]]:
    """Return the different keys, the position of each text's key (-1: none), and the texts without a key."""
    different = sorted({key for key in keys.values() if key})
    place = {key: position for position, key in enumerate(different)}
    of_text = {text: place[key] if key else -1 for text, key in keys.items()}
    return different, np.array([of_text[text] for text in texts], dtype=np.int64), [t for t, k in keys.items() if not k]


def read_families(path: Path, columns: Mapping[str, str], names: MirnaNames) -> tuple[dict[str, str], list[Lost]]:
    """Read which seed family each miRNA is of: TargetScan's table of families, or any with two columns.

    Parameters
    ----------
    path
        The table, with a header.
    columns
        Header by role: `family`, `family_mirna`. Not given: TargetScan's, or the only two columns.
    names
        What names mean; other species are passed over.
    """
    table = read_delimited(path, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)
    family, mirna = _columns_of(table, columns, ("family", "family_mirna"), TARGETSCAN, "families and their miRNAs")
    families: dict[str, set[str]] = defaultdict(set)
    for name, text in table.rows([family, mirna]):
        if (found := names.resolve(text).accession) and name.strip():
            families[found].add(name.strip())
    several = [names.label(key) for key, found_names in families.items() if len(found_names) > 1]
    return (
        {key: next(iter(found_names)) for key, found_names in families.items() if len(found_names) == 1},
        lost_names(several, "miRNAs that stand in several families; each is a unit of its own"),
    )


_HEADER = re.compile(r">(\S+)(?:\s+(MIMAT\d+))?")
SEED = slice(1, 8)
"""Nucleotides 2–8 of a mature sequence."""


def read_seeds(path: Path, names: MirnaNames) -> dict[str, str]:
    """Read the seeds, nucleotides 2–8, of the human sequences in miRBase's `mature.fa`.

    Parameters
    ----------
    path
        FASTA: name and accession in its headers.
    names
        What names mean.

    Raises
    ------
    InputError
        When it holds no human mature miRNA.
    """
    sequences: dict[str, str] = {}
    current = ""
    with open_decoded(path, max_bytes=MAX_BYTES) as text:
        while line := text.line():
            row = line.decode("utf-8").strip()
            if match := _HEADER.match(row):
                current = names.resolve(match[2] or match[1]).accession or ""
            elif current and not row.startswith(">"):
                sequences[current] = sequences.get(current, "") + row.upper().replace("T", "U")
    seeds = {
        key: f"seed {sequence[SEED]}"
        for key, sequence in sequences.items()
        if re.fullmatch("[ACGU]{7}", sequence[SEED])
    }
    if not seeds:
        raise InputError(
            Problem(
                "the sequences hold no human mature miRNA",
                str(path),
                "FASTA with headers such as >hsa-let-7a-5p MIMAT0000062",
                "Name miRBase's mature.fa with files = mature=…",
            )
        )
    return seeds


def _columns_of(
    table: TextTable, columns: Mapping[str, str], roles: tuple[str, str], usual: tuple[str, str], what: str
) -> tuple[str | int, str | int]:
    """Return the two columns of a table of pairs: the declared ones, the usual ones, or its only two."""
    declared = [columns.get(role, "") for role in roles]
    if all(declared):
        return declared[0], declared[1]
    if table.has(*usual):
        return usual
    if len(table.header) == 2:
        return 0, 1
    raise InputError(
        Problem(
            f"it cannot be told which columns hold the {what}",
            f"{table.where}: header {', '.join(map(repr, table.header[:20]))}",
            f"the columns {usual[0]!r} and {usual[1]!r}, just two columns, or columns named in lines.tsv",
            f"Write columns = {roles[0]}=…,{roles[1]}=… in lines.tsv.",
        )
    )


def told_by_reason(lost: Mapping[tuple[str, str], int]) -> list[Lost]:
    """Return losses by reason, from counts by reason and name; the most frequent first."""
    by_reason: dict[str, dict[str, int]] = defaultdict(dict)
    for (why, name), n in lost.items():
        by_reason[why][name] = n
    losses = [Lost(sum(names.values()), why, sorted(names)[:TOLD]) for why, names in by_reason.items()]
    return sorted(losses, key=lambda row: (-row.n, row.why))
