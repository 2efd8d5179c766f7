"""Motif matrices, and which promoters they hit: two families, since matrices of one family hit the same promoters.

Scores and their p are lightmotif's; files are JASPAR's (Rauluseviciute et al. 2024, doi 10.1093/nar/gkad1059).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import InputError, Problem
from sidemine.text.decoding import open_decoded

if TYPE_CHECKING:
    from pathlib import Path

    import lightmotif
    from numpy.typing import NDArray

FAMILIES: Mapping[str, re.Pattern[str]] = {
    "GAS": re.compile(r"STAT[13456][AB]?(::STAT[13456][AB]?)?"),
    "ISRE": re.compile(r"IRF\d|PRDM1|STAT1::STAT2"),
}
"""Names of matrices by family: sites of STAT dimers; sites of interferon regulatory factors and of STAT1 with STAT2."""

HIT_P = 1e-4
"""A position is a hit at this p or below, under equal frequencies of the four bases, on either strand."""
PSEUDOCOUNT = 0.8
"""Nishida, Frith and Nakai 2009 (doi 10.1093/nar/gkn1019)."""
MAX_MATRIX_BYTES = 20_000_000
MAX_FASTA_BYTES = 2_000_000_000
MAX_MATRICES = 5_000
LONGEST_MATRIX = 60
FEWEST_COUNTS = 2
"""Smallest sum of a position: below it the matrix holds frequencies, to which no pseudocount can be added."""
LONGEST_PROMOTER = 100_000
BASES = "ACGT"

_HEADER = re.compile(r">\s*(\S+?)(?:\.(\d+))?(?:\s+(\S.*))?")
_ROW = re.compile(r"([ACGT])\s*\[\s*([-+.\deE\s]*)\]")


@dataclass(frozen=True)
class MotifMatrix:
    """Counts of a motif: id with version, name of the factor, positions × bases (A, C, G, T)."""

    id: str
    name: str
    counts: tuple[tuple[float, float, float, float], ...]


def read_matrices(path: Path) -> list[MotifMatrix]:
    """Read matrices in JASPAR's format, the newest version of each, in the order of the file.

    Parameters
    ----------
    path
        Each matrix: `>MA0137.4 STAT1`, then four rows such as `A [ 1 0 7 ]`.

    Raises
    ------
    InputError
        When a row is none of these, a matrix has no four rows of one length, or a count is negative or no number.
    """
    with open_decoded(path, max_bytes=MAX_MATRIX_BYTES) as text:
        lines = [
            (number, line.strip()) for number, line in enumerate(text.stream.read().decode("utf-8").split("\n"), 1)
        ]
    newest: dict[str, tuple[int, MotifMatrix]] = {}
    filled = [(number, line) for number, line in lines if line and not line.startswith("#")]
    for start in range(0, len(filled), 5):
        block = filled[start : start + 5]
        header, rows = _HEADER.fullmatch(block[0][1]), [_ROW.fullmatch(line) for _, line in block[1:]]
        counts = [_numbers(row[2]) for row in rows if row]
        if header is None or [row[1] for row in rows if row] != list(BASES) or not _usable(counts):
            raise _bad_matrix(path, block[0][0], block[0][1])
        base, version = header[1], int(header[2] or 0)
        name = (header[3] or base).split()[0].upper()
        matrix = MotifMatrix(base + (f".{version}" if header[2] else ""), name, tuple(zip(*counts, strict=True)))
        if base not in newest or newest[base][0] < version:
            newest[base] = (version, matrix)
        if len(newest) > MAX_MATRICES:
            raise _bad_matrix(path, block[0][0], f"more than {MAX_MATRICES:,} matrices")
    return [matrix for _, matrix in newest.values()]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split()]
    except ValueError:
        return []


def _usable(counts: Sequence[Sequence[float]]) -> bool:
    lengths = {len(row) for row in counts}
    return (
        len(counts) == len(BASES)
        and len(lengths) == 1
        and 1 <= lengths.pop() <= LONGEST_MATRIX
        and all(0 <= value < 1e12 for row in counts for value in row)
        and all(math.fsum(column) >= FEWEST_COUNTS for column in zip(*counts, strict=True))
    )


def _bad_matrix(path: Path, number: int, line: str) -> InputError:
    return InputError(
        Problem(
            "a motif matrix cannot be read",
            f"{path}: line {number}, {line[:60]!r}",
            f"JASPAR's format: '>MA0137.4 STAT1', then rows A, C, G, T of counts (no frequencies) such as 'A [ 1 0 7 ]', at most {LONGEST_MATRIX} wide",
            "Mend the matrix in a copy of the file, or retrieve it again.",
        )
    )


def family_of(matrices: Iterable[MotifMatrix], family: str) -> list[MotifMatrix]:
    """Return the matrices of one family, by the names of their factors."""
    return [matrix for matrix in matrices if FAMILIES[family].fullmatch(matrix.name)]


def known_family(word: str, line: str) -> str:
    """Return the family that a row names.

    Parameters
    ----------
    word, line
        What its column `columns` says of family, and its id.

    Raises
    ------
    InputError
        When there is no such family.
    """
    if word not in FAMILIES:
        raise InputError(
            Problem(
                f"there is no motif family {word!r}",
                f"lines.tsv, line {line}, column columns, family",
                f"one of: {', '.join(FAMILIES)}",
                "Write columns = family=GAS or family=ISRE.",
            )
        )
    return word


@dataclass(frozen=True)
class Promoters:
    """Promoter sequences by the name of their gene, and what of the file does not count.

    Attributes
    ----------
    sequences
        A, C, G, T and N.
    repeated
        Names that stand over further sequences: the first counts.
    n_nameless, n_empty
        Sequences without a name, and names without a sequence.
    """

    sequences: dict[str, str]
    repeated: list[str]
    n_nameless: int
    n_empty: int


def read_promoters(path: Path) -> Promoters:
    """Read promoter sequences by gene: FASTA whose headers begin with a gene symbol.

    Parameters
    ----------
    path
        `>IRF1` or `>IRF1 chr5:…`, then the sequence in any number of lines; letters other than A, C, G, T count as N. Of a gene
        with several, the first counts.

    Raises
    ------
    InputError
        When it holds no sequence, or one longer than a promoter is.
    """
    promoters: dict[str, list[str]] = {}
    repeated: dict[str, None] = {}
    n_nameless = 0
    current: list[str] | None = None
    length = 0
    with open_decoded(path, max_bytes=MAX_FASTA_BYTES) as text:
        while line := text.line():
            row = line.decode("utf-8").strip()
            if row.startswith(">"):
                name = row[1:].split("|")[0].split()
                current = None
                length = 0
                if not name:
                    n_nameless += 1
                elif name[0] in promoters:
                    repeated[name[0]] = None
                else:
                    current = promoters.setdefault(name[0], [])
            elif current is not None:
                current.append(row)
                length += len(row)
                if length > LONGEST_PROMOTER:
                    raise _no_promoters(
                        path, f"line {text.number}: a sequence of more than {LONGEST_PROMOTER:,} letters"
                    )
    sequences = {
        name: re.sub("[^ACGT]", "N", "".join(parts).upper()) for name, parts in promoters.items() if any(parts)
    }
    if not sequences:
        raise _no_promoters(path, "no sequence in it")
    return Promoters(sequences, list(repeated), n_nameless, len(promoters) - len(sequences))


def _no_promoters(path: Path, why: str) -> InputError:
    return InputError(
        Problem(
            "the promoters cannot be read",
            f"{path}: {why}",
            "FASTA: '>SYMBOL', then the sequence around its start of transcription",
            "Name a FASTA file of promoters, one per gene, with files = promoters=…",
        )
    )


@dataclass(frozen=True)
class PromoterSites:
    """What is known of promoters.

    Attributes
    ----------
    share
        By gene: share of the family's matrices that hit.
    composition
        By gene: share of G and C, and observed over expected CpG.
    matrices
        Those that count.
    too_short
        Matrices that no sequence can match at `HIT_P`.
    """

    share: dict[str, float]
    composition: dict[str, tuple[float, float]]
    matrices: list[str]
    too_short: list[str]


def scan_promoters(promoters: Mapping[str, str], matrices: Sequence[MotifMatrix]) -> PromoterSites:
    """Scan both strands of every promoter with every matrix.

    Parameters
    ----------
    promoters
        Sequences by gene, of A, C, G, T and N. Those shorter than the longest matrix, and those of N alone, do not count.
    matrices
        Of one family.
    """
    import lightmotif

    scanners, names, too_short = [], [], []
    for matrix in matrices:
        strands = [_scoring(strand) for strand in (_log_odds(matrix), _log_odds(matrix)[::-1, ::-1])]
        threshold = strands[0].score(HIT_P)
        if strands[0].max_score() < threshold:
            too_short.append(f"{matrix.id} {matrix.name}")
            continue
        names.append(f"{matrix.id} {matrix.name}")
        scanners.append((strands, threshold))
    width = max((len(matrix.counts) for matrix in matrices), default=1)
    share: dict[str, float] = {}
    composition: dict[str, tuple[float, float]] = {}
    for gene, sequence in promoters.items():
        found = _composition(sequence)
        if len(sequence) < width or found is None or not scanners:
            continue
        striped = lightmotif.stripe(sequence)
        # Not `max()` of the scores: where all are below 0 it is 0.
        hits = [any(strand.calculate(striped).threshold(limit) for strand in strands) for strands, limit in scanners]
        share[gene], composition[gene] = float(np.mean(hits)), found
    return PromoterSites(share, composition, names, too_short)


def _log_odds(matrix: MotifMatrix) -> NDArray[np.float64]:
    """Return positions × bases: log2 odds against equal frequencies, with the pseudocount spread over the bases."""
    counts = np.array(matrix.counts) + PSEUDOCOUNT / len(BASES)
    return np.asarray(np.log2(counts / counts.sum(axis=1, keepdims=True) * len(BASES)))


def _scoring(log_odds: NDArray[np.float64]) -> lightmotif.ScoringMatrix:
    import lightmotif

    # An N, and what lightmotif puts behind the end of a sequence, must never be part of a hit.
    columns = {base: log_odds[:, at].tolist() for at, base in enumerate(BASES)}
    return lightmotif.ScoringMatrix({**columns, "N": [-np.inf] * len(log_odds)})


def _composition(sequence: str) -> tuple[float, float] | None:
    """Return the share of G and C, and observed over expected CpG (Gardiner-Garden and Frommer 1987); None without bases."""
    n, c, g = len(sequence) - sequence.count("N"), sequence.count("C"), sequence.count("G")
    if n == 0:
        return None
    return (c + g) / n, sequence.count("CG") * n / (c * g) if c * g else 0.0
