"""Simulated consensus signatures of other perturbations, as public collections hold them: rows of z-scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from sidemine.simulate.genes import GeneUniverse
from sidemine.simulate.geo_files import COMMENT
from sidemine.simulate.scene import SCENE
from sidemine.tables import write_text

OWN_DRUG = "SIM_COMPOUND_A"
"""The study's own drug stands in the collection too, and has to be excluded."""
N_CYTOKINES = 4
N_COMPOUNDS = 30
N_FURTHER_GENES = 600
SHIFTED_MODULES = 4
RESPONSE = {"interferon_response": 1.0, SCENE.repressed: -0.3}
"""What the cytokines do in the simulated studies."""
COHERENCE = 0.2
"""Share of the noise that the genes of a module have in common."""


def write_signatures(
    path: Path,
    universe: GeneUniverse,
    seed: int,
    own_drug: str = OWN_DRUG,
    planted: Mapping[str, float] = MappingProxyType(RESPONSE),
    *,
    entrez: bool = False,
) -> None:
    """Write `N_CYTOKINES` cytokines that raise some modules, compounds that do not, and the own drug, which lowers them.

    Parameters
    ----------
    path
        TSV, perturbations × genes; gzipped when the name ends in .gz.
    universe
        The genes; those of all modules and some others are written.
    seed
        Seed of the scores; never 0.
    own_drug
        Name of the own drug's row.
    planted
        Modules that the cytokines raise, each with its factor.
    entrez
        Whether the header holds Entrez ids rather than symbols.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 9]))
    modules = sorted(universe.modules)
    members = {gene for genes in universe.modules.values() for gene in genes}
    others = [gene for gene in universe.symbols if gene not in members][:N_FURTHER_GENES]
    genes = [gene for gene in universe.symbols if gene in members or gene in set(others)]
    place = {gene: column for column, gene in enumerate(genes)}
    columns = {name: [place[gene] for gene in universe.modules[name]] for name in modules}
    quiet = [name for name in modules if name not in planted]
    names = [f"SIM_CYTOKINE_{number:02d}" for number in range(1, N_CYTOKINES + 1)]
    names += [f"SIM_COMPOUND_{number:02d}" for number in range(1, N_COMPOUNDS + 1)]
    ids = dict(zip(universe.symbols, universe.entrez() if entrez else universe.symbols, strict=True))
    lines = ["\t".join(["perturbation", *(ids[gene] for gene in genes)])]
    for name in [*names, own_drug]:
        scores = np.sqrt(1 - COHERENCE) * rng.standard_normal(len(genes))
        for module in modules:
            scores[columns[module]] += np.sqrt(COHERENCE) * rng.standard_normal()
        for module in rng.choice(quiet, SHIFTED_MODULES, replace=False):
            scores[columns[str(module)]] += rng.normal(0.0, 2.0)
        response = -3.0 if name == own_drug else rng.uniform(2.0, 4.0) if name.startswith("SIM_CYTOKINE") else 0.0
        for module, factor in planted.items():
            scores[columns[module]] += factor * response
        lines.append("\t".join([name, *(f"{score:.3f}" for score in scores)]))
    write_text(COMMENT + "\n".join(lines) + "\n", path)
