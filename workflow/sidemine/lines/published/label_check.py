"""Is a published table what its label says? Checks with figures, and the platform that would fit better."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidemine.differential.table_completeness import implied_tests
from sidemine.lines.published.record import LabelCheck
from sidemine.prepare.symbol_repair import find_mangled_candidates

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sidemine.lines.published.specification import TableToDescribe

PLATFORMS: Mapping[str, tuple[str, str, int]] = {
    "GPL96": ("Affymetrix", "HG-U133A", 22_283),
    "GPL97": ("Affymetrix", "HG-U133B", 22_645),
    "GPL570": ("Affymetrix", "HG-U133 Plus 2.0", 54_675),
    "GPL571": ("Affymetrix", "HG-U133A 2.0", 22_277),
    "GPL6244": ("Affymetrix", "Human Gene 1.0 ST", 33_297),
    "GPL6947": ("Illumina", "HumanHT-12 v3", 49_576),
    "GPL10558": ("Illumina", "HumanHT-12 v4", 48_107),
}
"""Maker, array and number of probes in GEO's table (probe maps list annotated probes only)."""

_MISSING_NAMES = 0.03
"""Share of a table's names that a probe map of another year may lack."""

_FEWEST_NAMES = 100
"""With fewer recognised names, shares say little about the platform."""


@dataclass(frozen=True)
class _Platform:
    """What a probe map says about a platform."""

    name: str
    probes: frozenset[str]
    genes: frozenset[str]

    @property
    def title(self) -> str:
        maker, array, _ = PLATFORMS.get(self.name, ("", "", 0))
        return f"{self.name} ({maker} {array})" if maker else self.name

    @property
    def most_tests(self) -> int | None:
        """Number of probes of the whole platform; None where we do not know it."""
        return PLATFORMS[self.name][2] if self.name in PLATFORMS else None


def check_label(
    row: TableToDescribe, table: pd.DataFrame, platform_maps: Mapping[str, pd.DataFrame]
) -> list[LabelCheck]:
    """Check a published table against the platform that its label implies.

    Parameters
    ----------
    row
        The declared label.
    table
        From `read_published_table`.
    platform_maps
        Platform → its annotation (columns `identifier` and `symbol`, several symbols joined by `///`), for the declared
        platform and its rivals.

    Returns
    -------
    list of LabelCheck
        One per check; `detail` holds the figures, and the platform that would fit.
    """
    platforms = {name: _describe(name, frame) for name, frame in sorted(platform_maps.items())}
    return [
        _check_identifiers(row, table, platforms),
        _check_number_of_tests(row, table, platforms),
        _check_gene_lists(row, table),
        _check_mangled_names(table),
        _check_mean_expression(row, table),
        LabelCheck(
            "sign convention",
            "cannot be checked",
            f"Nothing in the table says which group was subtracted; a positive fold change is taken as higher "
            f"in {row.target_label} than in {row.reference_label}.",
        ),
    ]


def _describe(name: str, frame: pd.DataFrame) -> _Platform:
    genes = {part for text in frame["symbol"].unique() for part in _names_in(str(text))}
    return _Platform(name, frozenset(frame["identifier"].astype(str)), frozenset(genes))


def _names_in(text: str) -> list[str]:
    return [part for piece in re.split(r"///|;", text) if (part := piece.strip())]


def _check_identifiers(row: TableToDescribe, table: pd.DataFrame, platforms: Mapping[str, _Platform]) -> LabelCheck:
    check = "identifiers on the declared platform"
    if row.platform not in platforms:
        return LabelCheck(check, "cannot be checked", "No probe map of the declared platform is given.")
    cells = [_names_in(text) for text in dict.fromkeys(table["identifier"])]
    by_probe = _uses_probes(cells, platforms.values())
    known = {name: one.probes if by_probe else one.genes for name, one in platforms.items()}
    anywhere = frozenset().union(*known.values())
    # Rows that name several genes are left out: one of several names is found on nearly any platform.
    single = [names[0] for names in cells if len(names) == 1]
    recognised = [name for name in single if name in anywhere]
    share = {name: sum(one in genes for one in recognised) / max(len(recognised), 1) for name, genes in known.items()}
    kind = "probe ids" if by_probe else "single gene names"
    figures = ", ".join(f"{100 * share[name]:.1f} % on {name}" for name in [row.platform, *_others(row, share)])
    intro = (
        f"Of {len(single):,} {kind}, {len(recognised):,} stand in at least one of {len(known)} probe maps; "
        f"of these {figures}."
    )
    if len(recognised) < _FEWEST_NAMES:
        return LabelCheck(check, "cannot be checked", f"{intro} Too few to tell platforms apart.")
    if len(known) == 1:
        whole = len(recognised) / len(single)
        enough = whole >= 0.8
        return LabelCheck(check, "agrees" if enough else "cannot be checked", f"{intro} No rival map is given.")
    fitting = _best_fitting(known, share, len(anywhere))
    contradiction = _identifier_contradiction(row.platform, fitting[0], known, share)
    if contradiction is None:
        return LabelCheck(check, "agrees", intro)
    would_fit = " or ".join(platforms[name].title for name in fitting)
    return LabelCheck(check, "contradicts", f"{intro} {contradiction} The label that would fit: {would_fit}.")


def _others(row: TableToDescribe, share: Mapping[str, float]) -> list[str]:
    return sorted((name for name in share if name != row.platform), key=lambda name: (-share[name], name))


def _uses_probes(cells: list[list[str]], platforms: Iterable[_Platform]) -> bool:
    sample = [names[0] for names in cells if names]
    most_probes = max((sum(name in platform.probes for name in sample) for platform in platforms), default=0)
    return most_probes > len(sample) / 2


def _best_fitting(known: Mapping[str, frozenset[str]], share: Mapping[str, float], anywhere: int) -> list[str]:
    """Return the platforms of highest likelihood, were nearly all names drawn evenly from a platform's genes.

    A platform that holds all names but many more besides fits worse than a small one that holds them all. Platforms
    with the same genes come out together.
    """

    def likelihood(name: str) -> float:
        inside, size, outside = share[name], max(len(known[name]), 1), max(anywhere - len(known[name]), 1)
        return inside * math.log((1 - _MISSING_NAMES) / size) + (1 - inside) * math.log(_MISSING_NAMES / outside)

    best = max(likelihood(name) for name in known)
    return sorted(name for name in known if likelihood(name) > best - 1e-6)


def _identifier_contradiction(
    declared: str, rival: str, known: Mapping[str, frozenset[str]], share: Mapping[str, float]
) -> str | None:
    """Say why the names do not fit the declared platform, or return None.

    Two ways: names that it does not have, or none of the names that it has and a rival lacks. The cuts are wide (0.85,
    0.10; 0.97, 0.85), because differential genes are no even sample of a platform's genes.
    """
    if share[declared] < 0.85 and share[rival] >= share[declared] + 0.10:
        return f"{100 * (1 - share[declared]):.0f} % of them do not exist on {declared}."
    expected = len(known[declared] & known[rival]) / max(len(known[declared]), 1)
    if expected <= 0.85 and share[rival] >= 0.97:
        return (
            f"Of the genes that {declared} measures only {100 * expected:.0f} % are on {rival} as well, but "
            f"{100 * share[rival]:.1f} % of the names are: the table lacks the genes that only {declared} has."
        )
    return None


def _check_number_of_tests(row: TableToDescribe, table: pd.DataFrame, platforms: Mapping[str, _Platform]) -> LabelCheck:
    check = "number of tests"
    if not row.p_value_column or not row.adjusted_p_column:
        return LabelCheck(check, "cannot be checked", "The table gives no raw and adjusted p-values.")
    p_values, adjusted = table["p_value"].to_numpy(dtype=float), table["adjusted_p"].to_numpy(dtype=float)
    implied = implied_tests(p_values, adjusted)
    if implied is None:
        return LabelCheck(check, "cannot be checked", "Too few usable p-values.")
    about = "" if implied.rows > 1 else "at least "
    intro = (
        f"Raw and adjusted p-values ({implied.method}) imply {about}{implied.count:,} tests; the table lists {len(table):,} "
        f"genes, adjusted p ≤ {_largest(adjusted):.3g}, |log2 fold change| ≥ {table['fold_change'].abs().min():.3f}."
    )
    declared = platforms.get(row.platform)
    if declared is None and row.platform not in PLATFORMS:
        return LabelCheck(check, "cannot be checked", f"{intro} Nothing is known about the declared platform.")
    most = PLATFORMS[row.platform][2] if row.platform in PLATFORMS else None
    genes = len(declared.genes) if declared else 0
    sizes = (f"{most:,} probes" if most else "an unknown number of probes") + (
        f", {genes:,} genes in its map" if genes else ""
    )
    fits = _platforms_of_size(implied.count, platforms, row.platform)
    rivals = f" {fits} would fit by number." if fits else ""
    if most is not None and implied.count > most:
        return LabelCheck(check, "contradicts", f"{intro} {row.platform} has {sizes}: impossible.{rivals}")
    if most is None or not genes:
        return LabelCheck(check, "cannot be checked", f"{intro} {row.platform} has {sizes}.{rivals}")
    if implied.count < 0.75 * genes:
        share = 100 * implied.count / genes
        return LabelCheck(
            check,
            "cannot be checked",
            f"{intro} {row.platform} has {sizes}: {share:.0f} % of its genes, possible only if a filter took the rest."
            f"{rivals}",
        )
    return LabelCheck(check, "agrees", f"{intro} {row.platform} has {sizes}.")


def _largest(values: NDArray[np.float64]) -> float:
    import numpy as np

    return float(np.nanmax(values))


def _platforms_of_size(count: int, platforms: Mapping[str, _Platform], declared: str) -> str:
    """Name rivals whose genes or probes are as many as the tests, within what annotation of another year explains.

    Old annotations name half as many genes again (withdrawn LOC and clone names), so 0.9 to 1.6 times the genes.
    """
    fitting = [
        f"{one.title} with {len(one.genes):,} genes in its map"
        for name, one in platforms.items()
        if name != declared
        and 0.9 * len(one.genes) <= count <= 1.6 * len(one.genes)
        and (one.most_tests is None or count <= one.most_tests)
    ]
    return ", ".join(fitting)


def _check_gene_lists(row: TableToDescribe, table: pd.DataFrame) -> LabelCheck:
    """Look for `A /// B`, with blanks: the way in which Affymetrix annotations name several genes of one probe set."""
    check = "way of naming several genes"
    written = table["identifier"][table["identifier"].str.contains(" /// ", regex=False)]
    maker = PLATFORMS.get(row.platform, ("", "", 0))[0]
    if len(written) == 0:
        return LabelCheck(check, "cannot be checked", "No row names several genes.")
    detail = f"{len(written):,} rows name several genes by ' /// ' (for example {written.iloc[0]}), as Affymetrix annotations do."
    if maker == "Illumina":
        return LabelCheck(check, "contradicts", f"{detail} {row.platform} is an Illumina array.")
    return LabelCheck(check, "agrees" if maker == "Affymetrix" else "cannot be checked", detail)


def _check_mangled_names(table: pd.DataFrame) -> LabelCheck:
    check = "names that a spreadsheet turned into dates"
    dates = {name: candidates for name in table["identifier"] if (candidates := find_mangled_candidates(name))}
    if not dates:
        return LabelCheck(check, "agrees", "None.")
    shown = ", ".join(f"{name} (once {' or '.join(candidates)})" for name, candidates in list(dates.items())[:5])
    return LabelCheck(check, "contradicts", f"{len(dates)} names are dates: {shown}.")


def _check_mean_expression(row: TableToDescribe, table: pd.DataFrame) -> LabelCheck:
    check = "range of mean expression"
    means = table["mean"].dropna()
    if not row.mean_column or len(means) == 0:
        return LabelCheck(check, "cannot be checked", "The table gives no mean expression.")
    low, middle, high = float(means.min()), float(means.median()), float(means.max())
    detail = f"Mean expression from {low:.2f} to {high:.2f}, median {middle:.2f}."
    if high > 25 or low < -10:
        return LabelCheck(check, "contradicts", f"{detail} That is not log2 of array intensities (0 to 16).")
    if low < 0 and PLATFORMS.get(row.platform, ("", "", 0))[0] == "Affymetrix":
        return LabelCheck(
            check,
            "contradicts",
            f"{detail} RMA values of Affymetrix arrays are never negative; another array or scale.",
        )
    return LabelCheck(check, "agrees", f"{detail} Possible for log2 of array intensities.")
