"""The genes of a simulated study: a core of real symbols, and invented `SIMnnnnn` genes.

The core is there so that every stage meets names that it knows (sex genes, heme genes, interferon-stimulated genes).
Groups are textbook knowledge, short on purpose, and describe what the *simulator* plants: they are no gene-set library.
Entrez and Ensembl ids are invented, in a range that no real gene uses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CORE: dict[str, tuple[str, ...]] = {
    # The interferon response: what a JAK inhibitor switches off. Planted as one co-expressed module.
    "interferon_response": _words(
        "ISG15 IFI6 IFI27 IFI35 IFI44 IFI44L IFIH1 IFIT1 IFIT2 IFIT3 IFIT5 IFITM1 IFITM3 MX1 MX2 OAS1 OAS2 OAS3 OASL "
        "RSAD2 XAF1 USP18 HERC5 HERC6 RIGI DDX60 EIF2AK2 IRF7 IRF9 PARP9 PARP12 SAMD9 SAMD9L EPSTI1 CMPK2 LY6E "
        "TRIM22 BST2 UBE2L6 ISG20"
    ),
    # Members of the pathway: the drug changes their activity, hardly their mRNA.
    "jak_stat_members": _words(
        "JAK1 JAK2 JAK3 TYK2 STAT1 STAT2 STAT3 STAT4 STAT5A STAT5B STAT6 SOCS1 SOCS2 SOCS3 CISH PIAS1 PIAS4 PTPN6 "
        "PTPN11 IFNAR1 IFNAR2 IFNGR1 IFNGR2 IL6R IL6ST IL10RA IL10RB IL2RB IL2RG IL4R IL7R CSF3R EPOR LIFR"
    ),
    # Marker genes that an analysis may use to adjust for cell types. Composition is NOT planted in these alone:
    # they follow the planted cell fraction with a stated reliability (see `expression.Composition`).
    "erythroid_markers": _words(
        "ALAS2 HBB HBA1 HBA2 HBD HBG1 AHSP CA1 SLC4A1 GYPA GYPB EPB42 FECH XK SNCA SELENBP1 BPGM KLF1 DMTN "
        "TRIM58 TSPAN5 RPIA"
    ),
    "neutrophil_markers": _words("FCGR3B CXCR2 S100A8 MMP8 MMP9 CAMP LTF ELANE MPO S100A12 CEACAM8 LCN2 PROK2"),
    "platelet_markers": _words("PF4 PPBP GP9 ITGA2B GP1BA TUBB1 TREML1 CLU MYL9 SPARC ITGB3 CAVIN2"),
    "lymphocyte_markers": _words("CD3D CD3E CD3G CD2 CD247 TRAC CD8A LCK CD79A MS4A1 CD19 BANK1 BLK IL32"),
    "ribosome": _words(
        "RPL3 RPL5 RPL7 RPL9 RPL11 RPL13 RPL15 RPL23 RPL27 RPL31 RPL35 RPLP0 RPS3 RPS6 RPS8 RPS11 RPS13 RPS15A "
        "RPS18 RPS24 RPS27 EEF1A1"
    ),
    "oxidative_phosphorylation": _words(
        "NDUFA1 NDUFA4 NDUFB3 NDUFB6 NDUFS4 SDHB UQCRB UQCRH UQCRQ COX4I1 COX6C COX7A2 COX7B COX7C ATP5F1A ATP5MC1 "
        "ATP5PF ATP5PO CYC1 CYCS"
    ),
    "proliferation": _words(
        "MKI67 TOP2A PCNA MCM2 MCM3 MCM5 CCNB1 CCNA2 CDK1 BUB1 AURKA AURKB PLK1 RRM2 TYMS E2F1 BIRC5 CENPF"
    ),
    "housekeeping": _words("ACTB GAPDH B2M HPRT1 TBP PPIA GUSB UBC YWHAZ SDHA HMBS PGK1 TFRC POLR2A RPLP2"),
    "female": ("XIST", "TSIX"),
    "male": ("RPS4Y1", "KDM5D", "DDX3Y", "EIF1AY", "UTY", "USP9Y", "ZFY"),
}
"""Real symbols that every simulated study holds, by what the simulator does with them."""

TISSUE_MARKERS: dict[str, tuple[str, ...]] = {
    "endothelial_markers": _words("CDH5 ESAM TIE1 VWF CLEC14A ROBO4 MMRN2 EMCN PECAM1 ERG EGFL7 SOX18"),
    "fibroblast_markers": _words("COL3A1 COL6A2 COL6A3 LUM PDGFRA SFRP2 FBLN1 MFAP4 DPT COL5A1 ISLR THY1"),
    "epithelial_markers": _words("EPCAM KRT8 KRT18 KRT19 CLDN7 ESRP1 GRHL2 ELF3 RAB25 TACSTD2 PRSS8 SPINT1"),
    "macrophage_markers": _words("CSF1R CD163 VSIG4 MS4A4A MS4A6A MS4A7 TREM2 FOLR2 STAB1 TYROBP AIF1 MARCO"),
}
"""Marker genes of a simulated tissue, beside those of `CORE`."""

TISSUE_CELL_TYPES = ("endothelial", "fibroblast", "epithelial", "macrophage", "lymphocyte", "unknown")
"""Cell types whose fractions vary between people in a simulated tissue; as in blood, `unknown` has no marker."""

CELL_TYPES = ("erythroid", "neutrophil", "platelet", "lymphocyte", "unknown")
"""Cell types whose fractions vary between people; `unknown` has no marker gene that anybody could adjust for."""


@dataclass(frozen=True)
class GeneUniverse:
    """All genes of a simulated study, the same for each of its datasets.

    Attributes
    ----------
    symbols
        Gene symbols; real ones first.
    modules
        Co-expressed groups by name; a gene belongs to at most one.
    mean
        Mean log2 expression per gene on an array scale, shape (n_genes,).
    sd
        Residual standard deviation per gene (log2 units), shape (n_genes,).
    """

    symbols: tuple[str, ...]
    modules: dict[str, tuple[str, ...]]
    mean: FloatArray
    sd: FloatArray

    def rows(self, names: tuple[str, ...]) -> npt.NDArray[np.intp]:
        """Return the row numbers of `names`, in their order."""
        index = {symbol: row for row, symbol in enumerate(self.symbols)}
        return np.array([index[name] for name in names], dtype=np.intp)

    def entrez(self) -> list[str]:
        """Return one invented Entrez id per gene."""
        return [str(900_000_001 + row) for row in range(len(self.symbols))]

    def ensembl(self) -> list[str]:
        """Return one invented Ensembl id per gene."""
        return [f"ENSG99{row + 1:09d}" for row in range(len(self.symbols))]


def make_universe(n_genes: int, seed: int, n_comparators: int = 20, *, tissue: bool = False) -> GeneUniverse:
    """Make the genes of a study.

    Parameters
    ----------
    n_genes
        All genes, real and invented; at least 1600, of a tissue 1900, so that every module finds its genes.
    seed
        Seed of means and variances; never 0.
    n_comparators
        Invented modules that nothing is planted in.
    tissue
        With the markers and genes of cell types of a tissue, in the place of as many invented genes.

    Returns
    -------
    GeneUniverse
        Means are about normal (7, 1.8) and floored at 3.2; residual SDs are log-normal around 0.3, higher for genes of
        low expression, as on blood arrays.

    Raises
    ------
    ValueError
        When `n_genes` is too small or the seed is 0.
    """
    if seed == 0:
        raise ValueError("seed must not be 0: it would read as 'no seed'")
    groups = CORE | TISSUE_MARKERS if tissue else CORE
    planned = [("interferon_response", 35), ("erythroid", 60), ("neutrophil", 60), ("platelet", 40)]
    planned += [("lymphocyte", 80), ("unknown", 60), ("proliferation", 30), ("negative_control", 40), ("age", 40)]
    planned += [("jak_stat_repressed", 15)]
    planned += [(name, 40) for name in TISSUE_CELL_TYPES if tissue and name not in dict(planned)]
    planned += [(f"module_{number:02d}", 25 + 5 * (number % 6)) for number in range(1, n_comparators + 1)]
    return assemble_universe(groups, planned, n_genes, seed)


def assemble_universe(
    groups: Mapping[str, tuple[str, ...]], planned: Sequence[tuple[str, int]], n_genes: int, seed: int
) -> GeneUniverse:
    """Make a universe of named genes and invented ones.

    Parameters
    ----------
    groups
        Real symbols by module; a gene may stand in several.
    planned
        Modules, each with a number of invented genes of its own; one that stands in `groups` too gets them besides.
    n_genes
        All genes, real and invented.
    seed
        Seed of means and variances; never 0.

    Returns
    -------
    GeneUniverse
        As `make_universe` describes it.

    Raises
    ------
    ValueError
        When `n_genes` is too small.
    """
    core = tuple(dict.fromkeys(symbol for group in groups.values() for symbol in group))
    needed = len(core) + sum(size for _, size in planned)
    if needed > n_genes:
        raise ValueError(f"n_genes = {n_genes} leaves too few invented genes for the modules; take at least {needed}")
    invented = tuple(f"SIM{number:05d}" for number in range(1, n_genes - len(core) + 1))
    modules: dict[str, tuple[str, ...]] = dict(groups)
    start = 0
    for name, size in planned:
        modules[name] = (*groups.get(name, ()), *invented[start : start + size])
        start += size
    symbols = core + invented
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    mean = np.maximum(rng.normal(7.0, 1.8, n_genes), 3.2)
    is_core = np.arange(n_genes) < len(core)
    in_module = np.zeros(n_genes, dtype=bool)
    in_module[len(core) : len(core) + start] = True
    # Genes that carry a story must be measurable, or the story would drown in the background of the array.
    mean = np.where(is_core | in_module, np.clip(mean, 6.0, 12.5), np.minimum(mean, 13.5))
    sd = np.exp(rng.normal(np.log(0.3), 0.35, n_genes)) * np.where(mean < 5, 1.3, 1.0)
    return GeneUniverse(symbols, modules, mean, sd)
