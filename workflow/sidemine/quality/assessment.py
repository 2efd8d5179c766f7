"""What can be said of a dataset before any contrast is fitted: samples, scale, flags with their evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sidemine.prepare.log_expression import log2_expression
from sidemine.quality.principal_components import find_principal_components

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

NEARLY_IDENTICAL = 0.9999
"""Correlation of two samples' expression above which they are called copies of one another."""
UNEVEN_LIBRARIES = 10.0
"""Ratio of the largest to the smallest library at which counts are flagged."""


def assess_quality(expression: AnnData, samples: pd.DataFrame) -> dict[str, Any]:
    """Return the quality record of one dataset.

    Parameters
    ----------
    expression
        The dataset's genes (layers log2 or counts; samples × genes).
    samples
        Its samples, as `tables.SAMPLES` describes, also those that do not take part.

    Returns
    -------
    dict
        JSON-ready: sizes, samples per fate, scale, flags (check, status ok|warn|problem, evidence, consequence) and
        principal components.
    """
    provenance = json.loads(expression.uns["sidemine"])
    values = log2_expression(expression).T
    names = [str(name) for name in expression.obs_names]
    flags = [
        _flag_scale(provenance),
        _flag_copies(values, names),
        *([_flag_libraries(np.asarray(expression.layers["counts"]))] if "counts" in expression.layers else []),
        _flag_dropped(samples),
    ]
    return {
        "dataset": provenance["dataset"],
        "n_samples": int(expression.n_obs),
        "n_genes": int(expression.n_vars),
        "samples_per_fate": {str(fate): int(n) for fate, n in samples["fate"].value_counts().sort_index().items()},
        "scale": {
            "declared": provenance["scale_declared"],
            "found": provenance["scale_found"],
            "transformation": provenance["transformation"],
        },
        "flags": flags,
        "principal_components": find_principal_components(values, names),
        "provenance": provenance,
    }


def _flag(check: str, status: str, evidence: str, consequence: str) -> dict[str, str]:
    return {"check": check, "status": status, "evidence": evidence, "consequence": consequence}


def _flag_scale(provenance: dict[str, Any]) -> dict[str, str]:
    problem = provenance["problem"]
    if problem:
        return _flag(
            "the dataset can be used as declared",
            "problem",
            f"{problem['what']} ({problem['where']})",
            f"none of its contrasts is tested; {problem['next_step']}",
        )
    return _flag(
        "the dataset can be used as declared",
        "ok",
        f"declared {provenance['scale_declared']}, found {provenance['scale_found']}",
        "none",
    )


def _flag_copies(values: NDArray[np.float64], names: list[str]) -> dict[str, str]:
    check = "no two samples are nearly identical"
    complete = values[np.isfinite(values).all(axis=1)]
    if len(names) < 2 or complete.shape[0] < 10:
        return _flag(check, "ok", "too little to compare", "none")
    # Without the genes' own levels, which make any two samples of one tissue look alike.
    centred = complete - complete.mean(axis=1, keepdims=True)
    if len(names) == 2:
        centred = complete
    spread = centred.std(axis=0)
    if bool((spread == 0).any()):
        return _flag(check, "warn", "a sample has the same value for every gene", "look at the file")
    correlation = np.corrcoef(centred, rowvar=False)
    first, second = np.nonzero(np.triu(correlation > NEARLY_IDENTICAL, k=1))
    if len(first) == 0:
        return _flag(check, "ok", f"highest correlation below {NEARLY_IDENTICAL}", "none")
    pairs = ", ".join(f"{names[a]} and {names[b]}" for a, b in list(zip(first, second, strict=True))[:5])
    return _flag(
        check,
        "warn",
        f"{len(first)} pair(s) correlate above {NEARLY_IDENTICAL}: {pairs}",
        "they count as independent samples now; exclude one of each pair if they are copies",
    )


def _flag_libraries(counts: NDArray[np.float64]) -> dict[str, str]:
    sizes = counts.sum(axis=1)
    ratio = float(sizes.max() / max(sizes.min(), 1.0))
    return _flag(
        "library sizes are comparable",
        "warn" if ratio > UNEVEN_LIBRARIES else "ok",
        f"{sizes.min():,.0f} to {sizes.max():,.0f} counts per sample",
        "voom weights account for it; check whether size goes with group" if ratio > UNEVEN_LIBRARIES else "none",
    )


def _flag_dropped(samples: pd.DataFrame) -> dict[str, str]:
    dropped = samples[samples["fate"] != "used"]
    return _flag(
        "all samples take part",
        "warn" if len(dropped) else "ok",
        f"{len(dropped)} of {len(samples)} do not take part",
        "see the reasons in samples.tsv" if len(dropped) else "none",
    )
