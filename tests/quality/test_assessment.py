"""Quality records: what they flag, and that their numbers do not hang on chance."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from sidemine.errors import Problem
from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.log_expression import log2_expression
from sidemine.prepare.record import made_in_process
from sidemine.quality.assessment import assess_quality, flag_declared_scale
from sidemine.quality.principal_components import find_principal_components
from sidemine.quality.record import SharedSamples
from sidemine.study.projections import DatasetToAssess, TrapsOfDataset
from sidemine.study.settings import Traps


def dataset(values, layer="log2", problem=None):
    """A prepared dataset of samples × genes."""
    n_samples, n_genes = values.shape
    names = [f"s{number}" for number in range(n_samples)]
    found = ad.AnnData(
        obs=pd.DataFrame({"unit": names}, index=names), var=pd.DataFrame(index=[f"G{gene}" for gene in range(n_genes)])
    )
    found.layers[layer] = values
    store_provenance(found, made_in_process("d", layer, problem))
    samples = pd.DataFrame({"sample": names, "unit": names, "fate": "used"})
    return found, samples


ROW = DatasetToAssess(dataset="d", platform="", sex_column="", batch_columns=[])
NOTHING_SHARED = SharedSamples([], {"d": []}, {})


def assess(expression, samples):
    """The record of one dataset of a study that declares nothing about traps."""
    return assess_quality(expression, samples, ROW, NOTHING_SHARED, TrapsOfDataset.of(Traps()))[0]


def flag(record, words):
    return next(item for item in record.flags if words in item.check)


@pytest.fixture
def values():
    return np.random.default_rng(4).normal(8, 1, (6, 300))


def test_copies_are_flagged_and_named(values):
    """Two samples that are one another's copy count twice; the flag names both."""
    values[3] = values[1]
    record = assess(*dataset(values))
    assert flag(record, "identical").status == "warn"
    assert "s1 and s3" in flag(record, "identical").evidence


def test_independent_samples_are_not_flagged(values):
    """No false alarm on independent samples."""
    record = assess(*dataset(values))
    assert {item.status for item in record.flags} == {"ok"}


def test_a_problem_of_the_dataset_is_told(values):
    """What made a dataset unusable stands in its record with the next step."""
    problem = Problem("scale contradicts", "here", "log2", "correct scale")
    found = flag(assess(*dataset(values, problem=problem)), "as declared")
    assert found.status == "problem"
    assert "correct scale" in found.consequence


def test_uneven_libraries_are_flagged():
    """A library twenty times the others is a fact that a reader must know."""
    counts = np.random.default_rng(5).poisson(20, (6, 300)).astype(float)
    counts[0] *= 20
    record = assess(*dataset(counts, "counts"))
    assert flag(record, "library").status == "warn"


def test_counts_become_log_counts_per_million():
    """The scale for the eye is voom's log2 counts per million."""
    counts = np.array([[0.0, 10.0, 990.0], [5.0, 5.0, 90.0]])
    found, _ = dataset(counts, "counts")
    assert log2_expression(found)[0, 1] == pytest.approx(np.log2(10.5 / 1001 * 1e6))


def test_principal_components_separate_planted_groups_and_have_a_fixed_sign():
    """A planted difference is the first component, and its sign does not flip between runs."""
    generator = np.random.default_rng(6)
    values = generator.normal(0, 1, (500, 10))
    values[:100, :5] += 5
    found = find_principal_components(values, [f"s{number}" for number in range(10)])
    first = np.array([point[0] for point in found.samples.values()])
    assert (np.sign(first[:5]) == -np.sign(first[5:])).all()
    assert first[np.abs(first).argmax()] > 0
    assert found.explained[0] > 0.5


def test_too_few_samples_have_no_components():
    """Two samples span a line, not a picture."""
    assert find_principal_components(np.ones((10, 2)), ["a", "b"]) is None


@pytest.mark.parametrize(("answer", "status"), [("fits", "ok"), ("cannot tell", "warn"), ("contradicts", "problem")])
def test_the_answer_on_the_scale_stands_with_its_reason(answer: str, status: str) -> None:
    """`cannot tell` is told as such, never as a scale that was checked; the offset and what it moved are in the words."""
    told = replace(
        made_in_process("d", "linear"),
        scale_answer=answer,
        scale_reason="values up to 9",
        transformation="offset c = 3; it moves 12 of 90 values",
    )
    flag = flag_declared_scale(told)
    assert flag.status == status
    assert (
        flag.evidence
        == f"declared linear intensities: {answer}. values up to 9; offset c = 3; it moves 12 of 90 values"
    )
