"""The set tests of one contrast: FRY, CAMERA and rotation; which of them may carry a verdict is told by `role`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_effect import set_effects
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_test_rows import join_set_tests
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.tables import empty_table

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit


def run_set_tests(
    fit: ContrastFit | None,
    gene_sets: pd.DataFrame,
    *,
    min_set_size: int,
    max_set_size: int,
    rotations: int,
    seed: int,
) -> pd.DataFrame:
    """Test all gene sets in one contrast by FRY, CAMERA and rotation.

    Parameters
    ----------
    fit
        The fitted contrast; None when it cannot be tested.
    gene_sets
        The study's sets, as `gene_set_table.GENE_SETS` describes.
    min_set_size, max_set_size
        Fewest measured genes of a set; most measured genes of a comparator set.
    rotations, seed
        Random rotations of the rotation tests, and their seed.

    Returns
    -------
    pandas.DataFrame
        As `set_test_table.SET_TESTS` describes, sorted by test, family and set; empty and typed without a fit.
        FRY, CAMERA and rotation rows share one `effect` (log2, target minus reference), see `set_effect.set_effects`.
        `rotation_competitive` describes; which of the others may carry a verdict is told by `role`.
    """
    import pandas as pd

    if fit is None:
        return empty_table(SET_TESTS)
    membership = build_membership(gene_sets, fit.genes, min_set_size, max_set_size)
    effects = set_effects(fit, membership).set_index("gene_set")
    competitive = camera(fit, membership)
    tables = []
    rotated = rotation_test(fit, membership, n_rotations=rotations, seed=seed, mixed=False)
    over_complement = rotated[["gene_set", "n_in_set", "n_measured"]].assign(
        direction=rotated["competitive_direction"],
        statistic=rotated["competitive_statistic"],
        p_value=rotated["p_competitive"],
    )
    for name, role, n_rotations, result in (
        ("fry", "verdict", 0, fry(fit, membership, mixed=False)),
        ("camera", "verdict", 0, competitive),
        ("rotation", "verdict", rotations, rotated),
        ("rotation_competitive", "descriptive", rotations, over_complement),
    ):
        chosen = effects.loc[result["gene_set"]]
        tables.append(
            pd.DataFrame(
                {
                    "gene_set": result["gene_set"],
                    "family": membership.families,
                    "test": name,
                    "role": role,
                    "n_in_set": result["n_in_set"],
                    "n_measured": result["n_measured"],
                    **{column: chosen[column].to_numpy() for column in ("effect", "effect_se", "ci_low", "ci_high")},
                    "effect_scale": "log2" if fit.has_fold_change else fit.unit,
                    "direction": result["direction"],
                    "statistic": result["statistic"],
                    "p_value": result["p_value"],
                    "n_permutations": n_rotations,
                    "inter_gene_correlation": competitive["inter_gene_correlation"],
                    "universe_size": len(fit.genes),
                    "seed": seed if n_rotations else 0,
                    "set_version": membership.versions,
                }
            )
        )
    return join_set_tests(tables)
