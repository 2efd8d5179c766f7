"""What `sidemine inspect` says of a file: the file as it is handed to each kind of source, and what one tells of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.errors import SidemineError
    from sidemine.sources.value_matrix import ValueMatrix


_UNIPROT = r"([OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2})([-;,_|].*)?$"


@dataclass(frozen=True)
class FileToInspect:
    """A file or folder, and what can be seen of it at once.

    Attributes
    ----------
    path
        The file or folder.
    start
        The first 512 bytes, unpacked and without white space before them; b'' for a folder.
    members
        Names of the files in a folder, tar or zip; None: it is none of these.
    is_spreadsheet
        Whether it is an .xlsx, .xls, .xlsb or .ods file.
    """

    path: Path
    start: bytes = b""
    members: tuple[str, ...] | None = None
    is_spreadsheet: bool = False


@dataclass
class Inspection:
    """What one file holds.

    Attributes
    ----------
    path
        The file.
    kind
        What sort of file it is, in words.
    samples
        One row per sample (per cell in an h5ad; per column in a table), text columns, '' = missing.
    accession, title
        Of the series; '' where the file does not say.
    platforms
        Platforms of the samples.
    files
        Supplementary files of the series, or members of an archive.
    sample_files
        Supplementary files of single samples.
    value_summary
        What is said of the values beside their number, range and likely scale.
    values, identifiers
        Values, identifiers × columns, of which number, range and likely scale are told; None: there are none.
    sheet_row
        What datasets.tsv would say of the file, as far as the file shows it.
    simulated
        Whether the file carries the mark of the simulator.
    notes
        What was odd.
    samples_by_name_only
        The file says no more of its samples than their names: columns of `samples` are the parts of these.
    """

    path: Path
    kind: str
    samples: pd.DataFrame
    accession: str = ""
    title: str = ""
    platforms: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    sample_files: list[str] = field(default_factory=list)
    value_summary: str = ""
    values: NDArray[np.float64] | None = None
    identifiers: list[str] = field(default_factory=list)
    sheet_row: str = ""
    simulated: bool = False
    notes: list[str] = field(default_factory=list)
    samples_by_name_only: bool = False

    def show_values(self, matrix: ValueMatrix, layout: str) -> None:
        """Take the values that were read, and what datasets.tsv would say of them."""
        self.values, self.identifiers = matrix.values, matrix.identifiers
        self.notes += [note for note in matrix.notes if note not in self.notes]
        self.simulated = self.simulated or matrix.simulated
        kind = guess_identifiers(matrix.identifiers, layout)
        self.sheet_row = f"layout: {layout}, identifiers: {kind}, scale: see `values`"

    def show_unreadable_values(self, error: SidemineError) -> None:
        """Tell why the values cannot be read; the metadata are shown all the same."""
        self.value_summary = self.value_summary or "The values cannot be read."
        self.notes += [str(problem) for problem in error.problems]


def guess_identifiers(names: Sequence[str], layout: str = "") -> str:
    """Return the likely kind of identifiers; a series matrix names the rows of its platform, so numbers are probes there.

    >>> guess_identifiers(["ENSG00000115415.12"]), guess_identifiers(["6772"]), guess_identifiers(["1007_s_at"])
    ('ensembl', 'entrez', 'probe')
    >>> guess_identifiers(["STAT1", "IRF1"]), guess_identifiers(["7892501"], "series_matrix")
    ('symbol', 'probe')
    """
    patterns = {
        "ensembl": r"ENS[A-Z]*[GT]\d+",
        "entrez": r"\d+$",
        "uniprot": _UNIPROT,
        "probe": r".+_at$|ILMN_\d+|A_\d+_P\d+|cg\d{8}",
    }
    fits = (kind for kind, pattern in patterns.items() if _most_match(pattern, names))
    kind = next(fits, "symbol")
    return "probe" if layout == "series_matrix" and kind != "ensembl" else kind


def _most_match(pattern: str, names: Sequence[str]) -> bool:
    return sum(bool(re.match(pattern, name)) for name in names) > len(names) / 2
