"""Simulated published tables without samples: proteins of a panel, and all genes of somebody else's comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sidemine.simulate.genes import FloatArray, GeneUniverse
from sidemine.simulate.geo_files import COMMENT
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.tables import write_text

PANEL_SIZE = 368
SHIFT = 2.5
"""How much higher z is of the planted module: seen beside a correlation of .3 within it."""
WITHIN_PLANTED, WITHIN_OTHERS = 0.3, 0.04
"""Correlation within the planted module and within others: about what the cohorts of the same universe show."""


def uniprot_ids(count: int) -> list[str]:
    """Return invented UniProt accessions, in the form of the newer ones.

    >>> uniprot_ids(2)
    ['X9S000Z000', 'X9S000Z001']
    """
    digits = (f"{number:06d}" for number in range(count))
    return [f"X9S{text[0:2]}{text[2]}Z{text[3:5]}{text[5]}" for text in digits]


def write_gene_tables(folder: Path, universe: GeneUniverse, planted: str, null: str, seed: int) -> None:
    """Write `proteins.tsv` and `expression.csv`: a module is higher in both, nothing else is.

    Parameters
    ----------
    folder
        Filled with these files.
    universe
        The genes.
    planted, null
        Modules that the panel measures (the first 30 genes of each), the first one shifted.
    seed
        Seed; never 0.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 23]))
    n = len(universe.symbols)
    z = _deviates(rng, universe, planted)
    measured = [*universe.rows(universe.modules[planted])[:30], *universe.rows(universe.modules[null])[:30]]
    rest = np.setdiff1d(np.arange(n), universe.rows(universe.modules[planted] + universe.modules[null]))
    panel = np.sort([*measured, *rng.choice(rest, PANEL_SIZE - len(measured), replace=False)])
    se = np.exp(rng.normal(-2.2, 0.25, n))
    accessions = uniprot_ids(n)
    lines = ["Assay\tUniProt\testimate\tstd.error\tp.value\tAdjusted_pval"]
    lines += [
        f"{universe.symbols[row]}\t{accessions[row]}\t{z[row] * se[row]:.6g}\t{se[row]:.6g}\t{p:.6g}\t{q:.6g}"
        for row, (p, q) in zip(panel.tolist(), zip(*_p_values(z[panel]), strict=True), strict=True)
    ]
    write_text(COMMENT + "\n".join(lines) + "\n", folder / "proteins.tsv")
    z = _deviates(rng, universe, planted)
    lines = ['"","logFC","AveExpr","t","P.Value","adj.P.Val"']
    lines += [
        f'"{symbol}",{value * 0.15:.6g},{mean:.4g},{value:.6g},{p:.6g},{q:.6g}'
        for symbol, value, mean, p, q in zip(
            universe.symbols, z.tolist(), universe.mean.tolist(), *_p_values(z), strict=True
        )
    ]
    write_text(COMMENT + "\n".join(lines) + "\n", folder / "expression.csv")


def _deviates(rng: np.random.Generator, universe: GeneUniverse, planted: str) -> FloatArray:
    """Return z of all genes: modules share a factor, the planted one is shifted."""
    z = rng.standard_normal(len(universe.symbols))
    for name, members in universe.modules.items():
        rows = universe.rows(members)
        shared = WITHIN_PLANTED if name == planted else WITHIN_OTHERS
        z[rows] = shared**0.5 * rng.standard_normal() + (1 - shared) ** 0.5 * rng.standard_normal(len(rows))
        if name == planted:
            z[rows] += SHIFT
    return z


def _p_values(z: FloatArray) -> tuple[list[float], list[float]]:
    from scipy.special import ndtr

    p = 2 * ndtr(-np.abs(z))
    return p.tolist(), benjamini_hochberg(p).tolist()


def write_hgnc(path: Path, universe: GeneUniverse) -> None:
    """Write the gene table in HGNC's layout; old symbols are there for the alias repair.

    Parameters
    ----------
    path
        The file.
    universe
        The genes.
    """
    previous = {"RIGI": "DDX58", "MTARC1": "MARC1"}
    header = "hgnc_id\tsymbol\tname\tlocus_group\tlocus_type\tstatus\tlocation\talias_symbol\tprev_symbol\tentrez_id\t"
    lines = [header + "ensembl_gene_id\tuniprot_ids"]
    proteins = uniprot_ids(len(universe.symbols))
    for row, (symbol, entrez, ensembl, protein) in enumerate(
        zip(universe.symbols, universe.entrez(), universe.ensembl(), proteins, strict=True)
    ):
        lines.append(
            f"HGNC:{9_000_000 + row}\t{symbol}\tsimulated gene\tprotein-coding gene\tgene with protein product\tApproved"
            f"\t1p1\t\t{previous.get(symbol, '')}\t{entrez}\t{ensembl}\t{protein}"
        )
    write_text(COMMENT + "\n".join(lines) + "\n", path)
