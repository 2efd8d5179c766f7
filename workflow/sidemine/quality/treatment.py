"""What is done about the findings of one dataset: the declared consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sidemine.quality.flags import Flag
from sidemine.quality.record import BatchTreatment, SexTreatment, Treatment
from sidemine.quality.sex_check import SexReading, recorded_sex

if TYPE_CHECKING:
    from sidemine.study.projections import TrapsOfDataset

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
    traps: TrapsOfDataset,
    reading: SexReading,
    recorded: Mapping[str, str],
    sex_column: str,
    batch_columns: Sequence[str],
) -> Treatment:
    """Return what every contrast of the dataset has to heed.

    Parameters
    ----------
    flags
        Findings of the dataset.
    traps
        `settings.traps`.
    reading, recorded, sex_column
        Sex by the genes, by the record, and the column of the record.
    batch_columns
        Columns declared as batches.

    Returns
    -------
    Treatment
        `sex` is empty unless the study declares `adjust` and labels contradict the genes.
    """
    drop: dict[str, str] = {}
    for flag in flags:
        if flag.status != "ok" and traps.action(flag.trap) == "drop" and flag.trap in _REASONS:
            for sample in flag.samples:
                drop.setdefault(sample, f"{_REASONS[flag.trap]} (settings.traps.{flag.trap}: drop)")
    adjust_sex = traps.sex_mismatch == "adjust" and any(
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
    return Treatment(
        drop,
        SexTreatment(sex_column if adjust_sex else "", values),
        BatchTreatment(traps.batch_aliased, traps.batch_associated, list(batch_columns)),
    )
