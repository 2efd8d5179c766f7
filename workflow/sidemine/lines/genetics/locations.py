"""Where genes lie: chromosomes by any of their names, the assembly that positions fit, and tables of gene locations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.errors import InputError, Problem
from sidemine.text.archive import is_zip, iter_zip_members
from sidemine.text.decoding import open_decoded
from sidemine.text.delimited import read_delimited

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path
    from typing import IO

    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.text.header import Comments
    from sidemine.text.text_table import TextTable

    Positions = NDArray[np.int64]

X, Y, MITOCHONDRIAL = 23, 24, 26
_NAMED = {"x": X, "y": Y, "xy": X, "25": X, "par": X, "m": MITOCHONDRIAL, "mt": MITOCHONDRIAL, "26": MITOCHONDRIAL}
MAX_BYTES = 500_000_000
MAX_GENES = 200_000
"""More than any annotation of a genome holds."""

ENDS = {
    "NCBI36": (247249719, 242951149, 199501827, 191273063, 180857866, 170899992, 158821424, 146274826, 140273252, 135374737,
               134452384, 132349534, 114142980, 106368585, 100338915, 88827254, 78774742, 76117153, 63811651, 62435964,
               46944323, 49691432, 154913754, 57772954),
    "GRCh37": (249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431, 135534747,
               135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983, 63025520,
               48129895, 51304566, 155270560, 59373566),
    "GRCh38": (248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422,
               135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167,
               46709983, 50818468, 156040895, 57227415),
}  # fmt: skip
"""Length of chromosomes 1 to 22, X and Y in the assemblies that are in use (NCBI's assembly reports)."""
_MOST_BEYOND = 1e-4
"""Share of positions beyond the ends of chromosomes up to which a file fits an assembly: of files in a wrong one 0.2 % lie there."""


def chromosome_number(name: str) -> int:
    """Return the number of a chromosome: 1 to 22, X 23, Y 24, MT 26; 0 where it is none that genes are placed on.

    The pseudoautosomal region, which some programs call XY or 25, is part of X.

    >>> [chromosome_number(name) for name in ("chr1", "01", "X", "23", "chrM", "GL000192.1")]
    [1, 1, 23, 23, 26, 0]
    """
    text = name.strip().lower().removeprefix("chr").removesuffix(".0")
    if text in _NAMED:
        return _NAMED[text]
    bare = text.lstrip("0")
    number = int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 3 else 0
    return number if number <= Y else 0


def chromosome_name(number: int) -> str:
    """Return the name of a chromosome's number."""
    return {X: "X", Y: "Y", MITOCHONDRIAL: "MT"}.get(number, str(number))


@dataclass
class AssemblyVotes:
    """How many positions lie beyond the ends of chromosomes, assembly by assembly."""

    n: int = 0
    beyond: dict[str, int] | None = None

    def count(self, chromosome: Positions, position: Positions) -> None:
        """Count further positions, by the number of their chromosome."""
        self.beyond = self.beyond or dict.fromkeys(ENDS, 0)
        known = (chromosome >= 1) & (chromosome <= Y)
        self.n += int(known.sum())
        for name, lengths in ENDS.items():
            ends = np.array([0, *lengths, 0, 0])
            self.beyond[name] += int((known & (position > ends[np.minimum(chromosome, MITOCHONDRIAL)])).sum())

    @property
    def fitting(self) -> list[str]:
        """Assemblies that the positions fit; all of them where nothing lies near an end."""
        most = max(2.0, _MOST_BEYOND * self.n)
        return [name for name, count in (self.beyond or dict.fromkeys(ENDS, 0)).items() if count <= most]


def agreeing_assemblies(positions: AssemblyVotes, genes: AssemblyVotes, where: str, genes_where: str) -> list[str]:
    """Return the assemblies that two files may both be in.

    Parameters
    ----------
    positions, genes
        Of SNPs and of genes.
    where, genes_where
        Names of their files, for messages.

    Raises
    ------
    InputError
        When they cannot be in one assembly: SNPs would be given to wrong genes.
    """
    common = [name for name in positions.fitting if name in genes.fitting]
    if not common:
        raise InputError(
            Problem(
                "the positions of SNPs and those of genes are not in one assembly of the genome",
                f"{where}: fits {' or '.join(positions.fitting) or 'none'}; {genes_where}: fits "
                f"{' or '.join(genes.fitting) or 'none'} (by the ends of chromosomes)",
                "SNPs and gene locations in the same assembly",
                "Name the gene locations of the assembly that the SNPs are in, as gene_locations in column files of lines.tsv.",
            )
        )
    return common


def read_gene_locations(path: Path) -> pd.DataFrame:
    """Read gene locations: gene, chromosome, start, stop and perhaps strand and symbol, without a header (NCBI37.3.gene.loc).

    A zip as MAGMA's site has it holds one such file, whose name ends in .gene.loc.

    Returns
    -------
    pandas.DataFrame
        Columns gene (as in the file), chromosome (number, 0: none that is known), start, stop (bases, from 1, both
        included), strand ('' where not told), symbol ('' where not told).

    Raises
    ------
    InputError
        When it is no such table.
    """
    import pandas as pd

    table = _table_of_zip(path) if is_zip(path) else read_gene_rows(path, str(path), header=False)
    if len(table.header) < 4:
        raise InputError(_no_locations(str(path), f"it has {len(table.header)} columns"))
    further = [table.cells(place) if len(table.header) > place else [""] * table.n_rows for place in (4, 5)]
    frame = pd.DataFrame(
        {
            "gene": pd.Series([cell.strip() for cell in table.cells(0)], dtype=object),
            "chromosome": numbers_of(*table.coded(1)),
            "start": table.numbers(2),
            "stop": table.numbers(3),
            "strand": pd.Series(further[0], dtype=object),
            "symbol": pd.Series(further[1], dtype=object),
        }
    )
    wrong = ~(frame["start"] <= frame["stop"]) | (frame["start"] < 0)
    if wrong.any():
        raise InputError(
            _no_locations(table.place(int(wrong.to_numpy().argmax())), "a gene has no start before its stop")
        )
    return frame.astype({"start": "int64", "stop": "int64"})


def read_mark(path: Path, columns: Collection[str]) -> bool:
    """Return whether the header of a table is declared to begin with # itself, so that there are no comments.

    Parameters
    ----------
    path
        The table.
    columns
        Headers as declared.

    Raises
    ------
    InputError
        When the first line begins with # and, behind it, with the name of a column that is declared without.
    """
    with open_decoded(path) as text:
        line = (text.line() or b"").decode("utf-8")
    bare = line.lstrip("#").strip()
    cells = [cell.strip().strip('"') for cell in (bare.split("\t") if "\t" in bare else re.split(r"[\s,;]+", bare))]
    # A comment may hold the name of a column; the header holds all of them.
    if line.startswith("#") and cells[0] in columns and set(columns) <= set(cells):
        first = cells[0]
        raise InputError(
            Problem(
                "the header of the table begins with #, and the declared column does not",
                f"{path}: line 1, {line.strip()[:80]!r}",
                f"the header as it stands: {'#' + first!r}",
                f"Write #{first} for {first} in column columns of lines.tsv.",
            )
        )
    return any(name.startswith("#") for name in columns)


def read_gene_rows(source: Path | IO[bytes], where: str, *, header: bool, marked: bool = False) -> TextTable:
    """Read a table with one row per gene.

    Parameters
    ----------
    source, where
        The table, and its name in messages.
    header
        Whether the first line names the columns; comments may then stand before it only.
    marked
        Whether that line begins with # itself, so that there are no comments.

    Raises
    ------
    InputError
        When it is damaged, or has more rows than a genome has genes.
    """
    comments: Comments = "none" if marked else "leading" if header else "anywhere"
    table = read_delimited(source, where, header=header, comments=comments, max_bytes=MAX_BYTES, max_rows=MAX_GENES + 1)
    if table.n_rows > MAX_GENES:
        raise InputError(
            Problem(
                f"the table has more than {MAX_GENES:,} rows",
                where,
                "one row per gene",
                "Check that this is the file that was meant: a table of SNPs has the format summary_statistics.",
            )
        )
    return table


def _table_of_zip(path: Path) -> TextTable:
    tables = [
        read_gene_rows(stream, f"{path}: {name}", header=False)
        for name, stream in iter_zip_members(path, max_member_bytes=MAX_BYTES)
        if name.endswith(".gene.loc")
    ]
    if len(tables) != 1:
        raise InputError(_no_locations(str(path), f"the zip holds {len(tables)} files *.gene.loc"))
    return tables[0]


def numbers_of(codes: Positions, names: Sequence[str]) -> Positions:
    """Return the chromosome number of every row of a column that was coded (`TextTable.coded`)."""
    return np.array([*map(chromosome_number, names), 0], dtype=np.int64)[codes]


def _no_locations(where: str, why: str) -> Problem:
    return Problem(
        "the file is no table of gene locations",
        f"{where}: {why}",
        "gene, chromosome, start, stop and perhaps strand and symbol, without a header, as NCBI37.3.gene.loc has them",
        "Name such a file as gene_locations in column files of lines.tsv.",
    )
