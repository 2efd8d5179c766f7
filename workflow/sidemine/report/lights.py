"""What could make the groups of a comparison differ beside the question, as marks beside its row of the forest plot."""

from __future__ import annotations

from collections.abc import Sequence

from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.drawing.panel import CLEAR, TOLD, UNKNOWN, Light, Subject
from sidemine.quality.associations import associated
from sidemine.quality.flags import Flag
from sidemine.report.collect import ContrastResults, StudyResults
from sidemine.text.columns import AGE_NAME


def lights_of(results: StudyResults, subject: Subject, contrast: str) -> list[Light]:
    """Return the marks of one comparison of people: re-use, age, sex, batch, and those of the considerations; none of experiments.

    Parameters
    ----------
    results
        The study.
    subject
        The answer that it belongs to.
    contrast
        One of its comparisons.
    """
    if not subject.is_cohort:
        return []
    item = results.contrasts[contrast]
    here = {*item.design.target_samples, *item.design.reference_samples}
    of_dataset = results.datasets[item.row.dataset].quality.flags
    # What a check says of samples that stand in other comparisons is none of this one's.
    flags = [*item.quality.flags, *(flag for flag in of_dataset if not flag.samples or here & {*flag.samples})]
    return [
        _by_flags("re-use", {"reused_samples"}, flags, "was not looked at"),
        _age(item),
        _sex(results, item, flags),
        _by_flags("batch", {"batch_associated", "batch_aliased"}, flags, "no batch is recorded"),
        *(light for entry in CONSIDERATIONS if (light := entry.light(subject, contrast))),
    ]


def _by_flags(name: str, traps: set[str], flags: Sequence[Flag], why_unknown: str) -> Light:
    found = [flag for flag in flags if flag.trap in traps]
    if not found:
        return Light(name, UNKNOWN, why_unknown)
    told = next((flag for flag in found if flag.status != "ok"), found[0])
    return Light(name, CLEAR if told.status == "ok" else TOLD, told.evidence)


def _age(item: ContrastResults) -> Light:
    """Return the mark of age: that of the first column which is in the model, else differs, else can be compared."""
    found = item.quality.associations
    ages = [row for row in found if row.person_trait and AGE_NAME.search(row.column)]
    if (inside := next((row for row in ages if row.in_design), None)) is not None:
        return Light("age", CLEAR, f"in the model: {inside.words}")
    differs = associated(found)
    if (apart := next((row for row in ages if row in differs or row.pattern == "aliased"), None)) is not None:
        return Light("age", TOLD, f"not in the model: {apart.words}")
    if (alike := next((row for row in ages if row.p_value is not None), None)) is not None:
        return Light("age", CLEAR, f"no difference found: {alike.words}")
    return Light("age", UNKNOWN, ages[0].words if ages else "no age is recorded")


def _sex(results: StudyResults, item: ContrastResults, flags: Sequence[Flag]) -> Light:
    light = _by_flags("sex", {"sex_mismatch"}, flags, "was not looked at")
    sex = results.datasets[item.row.dataset].quality.sex
    return light if sex.by_genes and sex.column else Light("sex", UNKNOWN, sex.reading or "no sex is recorded")
