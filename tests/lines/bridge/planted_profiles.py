"""Fitted studies with planted differences: co-expressed blocks of genes, two groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sidemine.differential.design import build_design
from sidemine.differential.fit import fit_contrast
from sidemine.lines.bridge.contrasts import ContrastSource

N_GENES = 600
BLOCK = 40
GENES = [f"G{number:03d}" for number in range(N_GENES)]
IN_SET = np.arange(N_GENES) < 40
SETS = pd.DataFrame(
    {
        "gene_set": "T",
        "family": "target",
        "gene": GENES[:40],
        "weight": 1.0,
        "version": "1",
        "licence": "x",
        "source": "x",
    }
)
"""One set: the first block."""


def fit_study(seed, n_target, n_reference, shift=None, correlation=0.2, genes=GENES, extra=None, target_sd=1.0):
    """Fit one study.

    Parameters
    ----------
    seed
        Of its numbers.
    n_target, n_reference
        Group sizes.
    shift
        Per gene: difference in residual SD units, target minus reference.
    correlation
        Between the genes of one block of 40.
    genes
        Names, at least 40.
    extra
        Genes × samples, added in residual SD units.
    target_sd
        Residual SD of the target group; 1 in the reference group.
    """
    rng = np.random.default_rng(seed)
    n = n_target + n_reference
    values = np.sqrt(1 - correlation) * rng.standard_normal((len(genes), n))
    blocks = -(-len(genes) // BLOCK)
    values += np.sqrt(correlation) * np.repeat(rng.standard_normal((blocks, n)), BLOCK, axis=0)[: len(genes)]
    is_target = np.arange(n) < n_target
    values[:, is_target] *= target_sd
    if shift is not None:
        values += np.asarray(shift)[:, None] * is_target
    if extra is not None:
        values += extra
    samples = pd.DataFrame(index=[f"s{seed}_{number}" for number in range(n)])
    return fit_contrast(7 + 0.3 * values, list(genes), build_design(samples, is_target, ~is_target, []))


def source_of(name, fit, *, accession=None, units=None, panel="", is_stimulus=False, of_wells=False):
    """Return a contrast source that shares nothing with any other, unless it is told to."""
    accession = accession or f"GSE_{name}"
    units = frozenset(f"{accession}/{sample}" for sample in fit.samples) if units is None else frozenset(units)
    return ContrastSource(name, (accession, "cells"), units, False, panel, is_stimulus, fit, of_wells=of_wells)
