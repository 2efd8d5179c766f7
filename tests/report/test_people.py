"""Table 1 beside the samples table: ages and sexes as recorded, missing ones told, and studies without any."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from sidemine.quality.record import AgeOverlap, SexOfSamples
from sidemine.report.collect import collect
from sidemine.report.people import flow_of, groups_of


@pytest.fixture(scope="module")
def study(example_results):
    """The example study."""
    return collect(example_results)


def recorded(study, ages="age", sexes=("F", "male", "")):
    """The study with these columns declared: ages of `vte_a`, and a column of sexes in its dataset."""
    contrast, dataset = study.contrasts["vte_a"], study.datasets["cohort_a"]
    table = dataset.samples.assign(gender=[sexes[place % len(sexes)] for place in range(len(dataset.samples))])
    overlap = AgeOverlap(ages, "years", 30, 60, [], 0, 0, 0, 0) if ages else None
    quality = replace(dataset.quality, sex=SexOfSamples("gender" if sexes != ("",) else "", [], {}, ""))
    return replace(
        study,
        contrasts={
            **study.contrasts,
            "vte_a": replace(contrast, quality=replace(contrast.quality, age_overlap=overlap)),
        },
        datasets={**study.datasets, "cohort_a": replace(dataset, samples=table, quality=quality)},
    )


def test_table_1_is_the_samples_table(study):
    """Numbers, ages and sexes of both groups, counted by hand from the samples that take part."""
    found = recorded(study)
    table = found.datasets["cohort_a"].samples.set_index("sample")
    design = found.contrasts["vte_a"].design
    groups = [group for group in groups_of(found) if group.contrast == "vte_a"]
    for group, names in zip(groups, (design.target_samples, design.reference_samples), strict=True):
        rows = table.loc[names]
        years = [float(text.split()[0]) for text in rows["age"] if text]
        missing = len(names) - len(years)
        assert missing > 0
        assert group.n == len(names)
        assert group.ages.words == (
            f"median {median(years):g} ({min(years):g} to {max(years):g}); {missing} not recorded"
        )
        women, men = (rows["gender"] == "F").sum(), (rows["gender"] == "male").sum()
        assert group.women == pytest.approx(100 * women / (women + men), abs=0.05)
        assert group.sexes.endswith(f"women of {women + men}")
    assert [group.label for group in groups] == ["VTE", "healthy controls"]


def test_what_was_not_recorded_is_told_and_not_drawn(study):
    """No column of ages, no column of sexes, and genes that do not tell."""
    for group in groups_of(recorded(study, ages="", sexes=("",))):
        assert (group.ages, group.women, group.sexes) == (None, None, "not recorded")


def test_treated_cells_are_no_people(study):
    """Only comparisons of people have a table 1."""
    assert {group.contrast for group in groups_of(study)} == {"vte_a", "vte_b"}


def test_the_flow_counts_each_sample_once(study):
    """From the samples tables and the designs."""
    steps = {step.what: step.n for step in flow_of(study)}
    used = sum((item.samples["fate"] == "used").sum() for item in study.datasets.values())
    total = sum(len(item.samples) for item in study.datasets.values())
    assert steps[f"of {total:,} samples"] == f"{used:,}"
    compared = {
        (item.row.dataset, name)
        for item in study.contrasts.values()
        if item.testable
        for name in (*item.design.target_samples, *item.design.reference_samples)
    }
    assert steps["samples in 4 comparisons"] == f"{len(compared):,}"
