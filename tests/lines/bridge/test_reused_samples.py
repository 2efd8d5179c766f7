"""Samples that stand in two cohorts of a study are one piece of evidence, whatever they are called there."""

from __future__ import annotations

from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from contrast_to_fit import to_fit

from sidemine.differential.contrast import fit_declared_contrast
from sidemine.effect.measure import ContrastResults, measure_hypothesis, units_of
from sidemine.effect.pooled_effect import choose_independent
from sidemine.effect.record import Refused
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_tests import run_set_tests
from sidemine.lines.bridge.contrasts import shared_reason, source_of
from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.record import made_in_process
from sidemine.quality.assessment import assess_quality
from sidemine.quality.shared_samples import find_shared_samples
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.projections import DatasetToAssess, DatasetToCount, TrapsOfDataset
from sidemine.study.rows import Contrast, Dataset
from sidemine.study.settings import Traps

N, N_REUSED, N_GENES = 24, 5, 120
COLUMNS = ["sample", "unit", "fate", "group", "relation"]
GENES = [f"G{number:03d}" for number in range(N_GENES)]
SETS = pd.DataFrame({"gene_set": "S", "family": "target", "gene": GENES[:20], "weight": 1.0}).assign(
    version="1", licence="-", source="-"
)
HYPOTHESIS = Hypothesis.model_validate(
    {
        "id": "h",
        "question": "Does it change?",
        "kind": "cohort",
        "primary": {"set": "S", "contrasts": ["first", "second"], "direction": "up", "margin": 0.4},
    }
)


def declared(**row):
    fixed = {"layout": "series_matrix", "identifiers": "symbol", "scale": "log2", "tissue": "blood", "licence": "none"}
    return Dataset.model_validate(fixed | row)


def cohort(dataset, first_sample, seed):
    """Patients at even places, controls at odd ones."""
    rng = np.random.default_rng(seed)
    values = rng.normal(8, 1.5, N_GENES) + rng.normal(0, 0.5, (N, N_GENES))
    values[::2, :20] += 0.5
    names = [f"GSM{first_sample + number}" for number in range(N)]
    data = ad.AnnData(
        obs=pd.DataFrame({"group": ["case", "control"] * (N // 2), "relation": "", "unit": names}, index=names),
        var=pd.DataFrame({"entrez": "", "ensembl": ""}, index=GENES),
        layers={"log2": values},
    )
    store_provenance(data, made_in_process(dataset))
    return data


def pair(how):
    """Return two cohorts whose last controls are `how` the same."""
    first, second = cohort("a", 100, 1), cohort("b", 500, 2)
    controls = list(range(1, N, 2))[-N_REUSED:]
    for place in controls:
        if how == "relation":
            second.obs.loc[second.obs_names[place], "relation"] = f"BioSample: x | Reanalysis of: GSM{100 + place}"
        elif how == "one origin":
            for data in (first, second):
                data.obs.loc[data.obs_names[place], "relation"] = f"Reanalysis of: GSM{900 + place}"
        elif how == "another series":
            second.obs.loc[second.obs_names[place], "relation"] = f"Reanalysis of: GSM{900 + place}"
    if how == "values":
        # Normalised once more, with others: every gene moved, a little noise.
        rng = np.random.default_rng(3)
        shift = second.layers["log2"].mean(axis=0) - first.layers["log2"].mean(axis=0)
        layer = second.layers["log2"].copy()
        layer[controls] = first.layers["log2"][controls] + shift + rng.normal(0, 0.02, (N_REUSED, N_GENES))
        second.layers["log2"] = layer
    return {"a": first, "b": second}


def measure(how, action):
    """Take two cohorts from quality to pooled evidence; return it, and why the two must not be compared."""
    data = pair(how)
    rows = [DatasetToCount(dataset=name, accession=f"GSE{name}", source="", declared_apart=False) for name in data]
    tables = {name: one.obs.reset_index(names="sample").assign(fate="used")[COLUMNS] for name, one in data.items()}
    shared = find_shared_samples(rows, tables, data.__getitem__)
    traps = TrapsOfDataset.of(Traps(reused_samples=action))
    results, sources = [], {}
    for row, name in zip(rows, ("first", "second"), strict=True):
        dataset = declared(**row.model_dump(exclude={"declared_apart"}))
        found = DatasetToAssess(dataset=row.dataset, platform="", sex_column="", batch_columns=[])
        _, treatment, _ = assess_quality(data[row.dataset], tables[row.dataset], found, shared, traps)
        contrast = Contrast(
            contrast=name, dataset=row.dataset, role="disease", target="group = case", reference="group = control",
            target_label="patients", reference_label="controls",
        )  # fmt: skip
        outcome = fit_declared_contrast(
            data[row.dataset], to_fit(contrast), min_group_size=3, on_untestable="stop", treatment=treatment
        )
        tests = run_set_tests(outcome.fit, build_membership(SETS, outcome.fit.genes), rotations=99, seed=1)
        results.append(ContrastResults(name, dataset, outcome.fit, outcome.design, tests, tables[row.dataset]))
        sources[name] = source_of(contrast, dataset, outcome.fit, outcome.design, tables[row.dataset], shared.same)
    return measure_hypothesis(HYPOTHESIS, results, SETS, shared.same), shared_reason("second", "first", sources)


@pytest.mark.parametrize("how", ["relation", "values", "one origin"])
def test_cohorts_that_still_share_samples_are_not_pooled(how):
    """A trap that only warns leaves the samples in both fits: the second cohort confirms nothing."""
    evidence, reason = measure(how, "warn")
    assert (evidence.pooled.k, evidence.pooled.contrasts) == (1, ["first"])
    told = f"shares {N_REUSED} samples with first, which was declared first"
    assert evidence.pooled.refused == [Refused("second", told)]
    assert any(f"second is not pooled: it {told}" in note for note in evidence.notes)
    assert reason == f"shares {N_REUSED} samples with second"


@pytest.mark.parametrize("how", ["relation", "values", "one origin"])
def test_cohorts_whose_shared_samples_were_dropped_are_pooled(how):
    """Only samples that a fit used count: those that left before it share nothing."""
    evidence, reason = measure(how, "drop")
    assert (evidence.pooled.k, evidence.pooled.refused, reason) == (2, [], "")
    assert evidence.contrasts[1].n_reference == N // 2 - N_REUSED


def test_samples_of_a_series_outside_the_study_refuse_nothing():
    """Controls re-used from elsewhere are a trap of their cohort, but no other cohort here holds them."""
    evidence, reason = measure("another series", "warn")
    assert (evidence.pooled.k, evidence.pooled.refused, reason) == (2, [], "")


def test_one_donor_measured_in_two_series_is_one_unit():
    """Each fit used another sample of that donor; one of them stands in both series."""
    tables = {
        "a": pd.DataFrame({"sample": ["GSM1", "GSM2", "GSM3"], "unit": ["p", "p", "q"], "fate": "used"}),
        "b": pd.DataFrame({"sample": ["GSM7", "GSM8"], "unit": ["GSM7", "GSM8"], "fate": "used"}).assign(
            relation=["Reanalysis of: GSM2", "Reanalysis of: another sample"]
        ),
    }
    # Too few samples to be compared by their values.
    few = {"a": cohort("a", 1, 1)[:3], "b": cohort("b", 7, 2)[:2]}
    rows = [DatasetToCount(dataset=name, accession=f"GSE{name}", source="", declared_apart=False) for name in "ab"]
    same = find_shared_samples(rows, tables, few.__getitem__).same
    assert same == {"a": {"GSM2": "GSM2"}, "b": {"GSM7": "GSM2"}}
    units = {}
    for row, used in zip(rows, (["GSM1", "GSM3"], ["GSM7", "GSM8"]), strict=True):
        fit = SimpleNamespace(samples=used)
        units[row.dataset] = units_of(
            declared(**row.model_dump(exclude={"declared_apart"})), tables[row.dataset], fit, same
        )
    sources = {"a": "gsea", "b": "gseb"}
    refused = choose_independent(["a", "b"], sources, units)[1]
    assert refused == [Refused("b", "shares 1 biological unit with a, which was declared first")]
