"""What is done about the findings of one dataset: the declared consequences, carried out.

`treatment.json` holds only what the fits need, so that a reworded flag does not fit every contrast again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidemine.quality.flags import Flag
from sidemine.quality.sex_check import SexReading, recorded_sex

SEX_COLUMN = "sex_by_genes"
"""Column that holds the sex as the genes show it, where a study declares `sex_mismatch: adjust`."""

_REASONS = {
    "sex_mismatch": "recorded sex contradicts the genes",
    "reused_samples": "also used in another series or dataset",
    "duplicated_samples": "nearly identical to another sample",
    "outlier_samples": "lies apart from all other samples",
}


def decide_treatment(
    flags: Sequence[Flag],
    actions: Mapping[str, str],
    reading: SexReading,
    recorded: Mapping[str, str],
    sex_column: str,
    batch_columns: Sequence[str],
) -> dict[str, Any]:
    """Return what every contrast of the dataset has to heed.

    Parameters
    ----------
    flags
        Findings of the dataset.
    actions
        `settings.traps`.
    reading, recorded, sex_column
        Sex by the genes, by the record, and the column of the record.
    batch_columns
        Columns declared as batches.

    Returns
    -------
    dict
        `drop`: sample → reason. `sex`: column (of the record), values (sample → female or male), empty unless the study
        declares `adjust` and labels contradict the genes. `batch`: aliased and associated (the declared actions),
        columns.
    """
    drop: dict[str, str] = {}
    for flag in flags:
        if flag.status != "ok" and actions.get(flag.trap) == "drop" and flag.trap in _REASONS:
            for sample in flag.samples:
                drop.setdefault(sample, f"{_REASONS[flag.trap]} (settings.traps.{flag.trap}: drop)")
    adjust_sex = actions["sex_mismatch"] == "adjust" and any(
        flag.trap == "sex_mismatch" and flag.status != "ok" for flag in flags
    )
    values = (
        {
            sample: sex if sex != "ambiguous" else recorded_sex(recorded.get(sample, ""))
            for sample, sex in reading.by_genes.items()
        }
        if adjust_sex
        else {}
    )
    return {
        "drop": drop,
        "sex": {"column": sex_column if adjust_sex else "", "values": values},
        "batch": {
            "aliased": actions["batch_aliased"],
            "associated": actions["batch_associated"],
            "columns": list(batch_columns),
        },
    }
