"""Which samples stand in two datasets of one study, by accession or by their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from sidemine.prepare.log_expression import log2_expression
from sidemine.quality.near_copies import distances_within
from sidemine.quality.reuse import find_copies_between, find_shared

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def find_shared_samples(
    rows: Sequence[Mapping[str, Any]],
    samples: Mapping[str, pd.DataFrame],
    read_expression: Callable[[str], AnnData],
) -> dict[str, Any]:
    """Compare all datasets of a study with each other.

    Parameters
    ----------
    rows
        Rows of `datasets.tsv` (dataset, accession, platform), in declared order.
    samples
        Per dataset: its samples, as `tables.SAMPLES` describes.
    read_expression
        Reads the prepared expression of a dataset; called only for datasets that share a platform.

    Returns
    -------
    dict
        `known`: all sample and series accessions of the study. `shared`: per dataset, the samples that an *earlier*
        dataset holds as well: sample, other, dataset (the earlier one), how.
    """
    used = {
        row["dataset"]: {
            "dataset": row["dataset"],
            "accession": row["accession"],
            "samples": [str(name) for name in samples[row["dataset"]].query("fate == 'used'")["sample"]],
        }
        for row in rows
    }
    shared: dict[str, list[dict[str, str]]] = {row["dataset"]: [] for row in rows}
    for first, second in combinations(rows, 2):
        here = find_shared(used[first["dataset"]], used[second["dataset"]])
        if first["platform"] and first["platform"] == second["platform"]:
            told = {row["sample"] for row in here}
            copies = _compare(read_expression(first["dataset"]), read_expression(second["dataset"]))
            here += [
                {
                    "sample": pair["second"],
                    "other": pair["first"],
                    "dataset": str(first["dataset"]),
                    "how": f"nearly identical ({pair['ratio']:.2f} of the usual nearest distance)",
                }
                for pair in copies
                if pair["second"] not in told
            ]
        shared[second["dataset"]] += here
    known = {name for facts in used.values() for name in facts["samples"]} | {str(row["accession"]) for row in rows}
    return {"known": sorted(known), "shared": shared}


def _compare(first: AnnData, second: AnnData) -> list[dict[str, Any]]:
    genes = first.var_names.intersection(second.var_names)
    values = [log2_expression(data)[:, data.var_names.get_indexer(genes)].T for data in (first, second)]
    usual = [np.inf if within is None else np.median(within.min(axis=1)) for within in map(distances_within, values)]
    if not np.isfinite(usual).all():
        return []
    names = ([str(name) for name in first.obs_names], [str(name) for name in second.obs_names])
    return find_copies_between(values[0], values[1], float(min(usual)), names)
