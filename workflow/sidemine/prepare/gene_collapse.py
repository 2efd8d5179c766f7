"""From rows to genes: which row speaks for a gene, or how the rows of one are combined, and the ledger of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidemine.study.choices import ProbeRule
from sidemine.text.repeats import repeated

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.prepare.gene_mapping import MappedIdentifiers

_FEWEST_ROWS, _FEWEST_SAMPLES = 20, 3
"""In a smaller table a gene may be the sum of the others by chance."""
_ROUNDING_OF_SUMS = 1e-4


@dataclass
class GeneMatrix:
    """Values by gene.

    Attributes
    ----------
    genes
        Approved symbols, sorted, unique.
    identifiers
        Per gene: the identifier that speaks for it, or several joined by ';'.
    values
        float64, genes × samples.
    ledger
        One row per identifier of the matrix: identifier, gene, fate, reason.
    """

    genes: list[str]
    identifiers: list[str]
    values: NDArray[np.float64]
    ledger: pd.DataFrame


def collapse_to_genes(
    identifiers: Sequence[str],
    mapped: MappedIdentifiers,
    values: NDArray[np.float64],
    rule: ProbeRule | Literal["sum"],
) -> GeneMatrix:
    """Give every gene one row.

    Parameters
    ----------
    identifiers
        Row names.
    mapped
        The gene of each row.
    values
        float64, identifiers × samples, on the scale on which `rule` works: log2, or counts for `sum`.
    rule
        highest_mean, highest_variance: the row with the largest mean or variance over all samples, whatever their
        label, speaks for its gene; ties go to the identifier that sorts first. mean_of_probes: their mean. sum: counts
        of one gene are added.

    Returns
    -------
    GeneMatrix
        Sorted by gene; ledger in the order of `identifiers`.
    """
    import numpy as np
    import pandas as pd

    empty: NDArray[np.bool_] = np.asarray(np.isnan(values).all(axis=1))
    usable = np.array([gene is not None for gene in mapped.genes], dtype=bool) & ~empty
    rows = np.flatnonzero(usable)
    names = np.array([mapped.genes[row] for row in rows], dtype=object)
    genes, codes = np.unique(names.astype(str), return_inverse=True) if len(rows) else (np.array([], str), rows)
    order = _speaking_order(identifiers, values, rows, codes, rule)
    first = np.concatenate([[True], codes[order][1:] != codes[order][:-1]]) if len(rows) else np.array([], bool)
    speaking = rows[order[first]]
    if rule in {"highest_mean", "highest_variance"}:
        collapsed = values[speaking]
    else:
        collapsed = _combine(values, rows, codes, len(genes), rule)
    fates = _fates(identifiers, mapped, rows, codes, speaking, empty, rule)
    ledger = pd.DataFrame(fates, columns=["identifier", "gene", "fate", "reason"], dtype=object)
    spoken = [identifiers[row] for row in speaking]
    if rule in {"sum", "mean_of_probes"}:
        members: list[list[str]] = [[] for _ in genes]
        for row, code in zip(rows[order], codes[order], strict=True):
            members[code].append(identifiers[row])
        spoken = [";".join(dict.fromkeys(parts)) for parts in members]
    return GeneMatrix([str(gene) for gene in genes], spoken, collapsed, ledger)


def leave_out_copies(identifiers: Sequence[str], mapped: MappedIdentifiers, values: NDArray[np.float64]) -> int:
    """Unmap rows that repeat another row of the same identifier in every sample, and return how many there were.

    Tables by symbol hold the copies of a gene on alternative haplotypes as identical rows: the same reads, several times.
    Rows that differ are other reads, and are added.

    Parameters
    ----------
    identifiers
        Row names of the file.
    mapped
        What they are mapped to; changed in place.
    values
        Rows × samples.
    """
    names = set(repeated(identifiers))
    seen: set[tuple[str, bytes]] = set()
    n_copies = 0
    for row, name in enumerate(identifiers):
        if name not in names or mapped.genes[row] is None:
            continue
        key = (name, values[row].tobytes())
        if key in seen:
            mapped.reasons[row] = f"identical to another row of {name}: counted once"
            mapped.genes[row] = None
            n_copies += 1
        seen.add(key)
    return n_copies


def leave_out_sums(mapped: MappedIdentifiers, values: NDArray[np.float64]) -> int:
    """Unmap the row that is the sum of all others in every sample, whatever its name, and return how many there were.

    A line of totals under the table would double every library.

    Parameters
    ----------
    mapped
        What the rows are mapped to; changed in place.
    values
        Rows × samples, not negative.
    """
    import numpy as np

    if len(values) < _FEWEST_ROWS or values.shape[1] < _FEWEST_SAMPLES:
        return 0
    totals = np.nansum(values, axis=0)
    # Twice the row is the sum of the whole column; rounded values miss it by a little.
    off = np.abs(2 * values - totals)
    sums = np.flatnonzero((off <= _ROUNDING_OF_SUMS * totals).all(axis=1) & bool((totals > 0).all()))
    for row in sums:
        mapped.reasons[row] = "the sum of all other rows: no gene"
        mapped.genes[row] = None
    return len(sums)


def _speaking_order(
    identifiers: Sequence[str],
    values: NDArray[np.float64],
    rows: NDArray[np.intp],
    codes: NDArray[np.intp],
    rule: str,
) -> NDArray[np.intp]:
    """Order rows by gene, then by who speaks for it, then by identifier, then by place in the file."""
    import numpy as np

    score = np.zeros(len(rows))
    if rule in {"highest_mean", "highest_variance"}:
        # One gene at a time would be slow, a copy of all rows would be large: blocks of rows are neither.
        for start in range(0, len(rows), 4096):
            block = values[rows[start : start + 4096]]
            n = np.maximum(np.count_nonzero(~np.isnan(block), axis=1), 1)
            mean = np.nansum(block, axis=1) / n
            if rule == "highest_variance":
                mean = np.nansum((block - mean[:, None]) ** 2, axis=1) / np.maximum(n - 1, 1)
            score[start : start + 4096] = mean
    rank_of_name = np.empty(len(rows), dtype=np.intp)
    by_name = sorted(range(len(rows)), key=lambda place: (identifiers[int(rows[place])], place))
    rank_of_name[by_name] = np.arange(len(rows))
    return np.lexsort((rank_of_name, -score, codes))


def _combine(
    values: NDArray[np.float64], rows: NDArray[np.intp], codes: NDArray[np.intp], n_genes: int, rule: str
) -> NDArray[np.float64]:
    """Sum (a missing count stays missing) or average (over what was measured) the rows of each gene."""
    import numpy as np

    order = np.argsort(codes, kind="stable")
    combined = np.zeros((n_genes, values.shape[1]))
    n_measured = np.zeros((n_genes, values.shape[1]))
    for start in range(0, len(order), 4096):
        part = order[start : start + 4096]
        block = values[rows[part]]
        if rule == "mean_of_probes":
            measured = ~np.isnan(block)
            np.add.at(n_measured, codes[part], measured)
            block = np.where(measured, block, 0.0)
        np.add.at(combined, codes[part], block)
    if rule == "mean_of_probes":
        combined = np.where(n_measured > 0, combined / np.maximum(n_measured, 1), np.nan)
    return combined


def _fates(
    identifiers: Sequence[str],
    mapped: MappedIdentifiers,
    rows: NDArray[np.intp],
    codes: NDArray[np.intp],
    speaking: NDArray[np.intp],
    empty: NDArray[np.bool_],
    rule: str,
) -> list[tuple[str, str, str, str]]:
    n_of_gene = Counter(codes.tolist())
    code_of_row = dict(zip(rows.tolist(), codes.tolist(), strict=True))
    speaker = {code_of_row[row]: row for row in speaking.tolist()}
    criterion = {"highest_mean": "higher mean", "highest_variance": "higher variance"}
    fates = []
    for row, identifier in enumerate(identifiers):
        gene, how = mapped.genes[row], mapped.reasons[row]
        if gene is None:
            fates.append((identifier, "", "dropped", how))
        elif empty[row]:
            fates.append((identifier, gene, "dropped", f"{how}; no value in any sample"))
        elif n_of_gene[code_of_row[row]] == 1:
            fates.append((identifier, gene, "kept", how))
        elif rule in criterion:
            chosen = speaker[code_of_row[row]]
            if chosen == row:
                fates.append((identifier, gene, "kept", f"{how}; {criterion[rule]} than the others of this gene"))
            else:
                fates.append(
                    (
                        identifier,
                        gene,
                        "dropped",
                        f"{how}; other probe has the {criterion[rule]}: {identifiers[chosen]}",
                    )
                )
        else:
            verb = "added to" if rule == "sum" else "averaged with"
            others = n_of_gene[code_of_row[row]] - 1
            fates.append((identifier, gene, "merged", f"{how}; {verb} {others} other identifiers of this gene"))
    return fates
