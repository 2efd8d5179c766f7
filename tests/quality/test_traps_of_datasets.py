"""Traps in a dataset: planted ones are found and treated as declared, clean data raise no flag."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from sidemine.prepare.expression_store import store_provenance
from sidemine.prepare.record import made_in_process
from sidemine.quality.assessment import assess_quality, flag_platform
from sidemine.quality.contrast_quality import reused_sides
from sidemine.quality.near_copies import differences_within, distances_from, distances_within, find_copies, flag_apart
from sidemine.quality.record import ReusedSample, SharedSamples
from sidemine.quality.reuse import find_relations, flag_reuse
from sidemine.quality.sex_check import Y_GENES, find_sex_column, flag_sex, read_sex, recorded_sex
from sidemine.quality.shared_samples import find_families, find_shared_samples
from sidemine.study.projections import DatasetToAssess, DatasetToCount, TrapsOfDataset
from sidemine.study.settings import Traps

SEX_GENES = ["XIST", *Y_GENES]
ROW = DatasetToAssess(dataset="d", platform="", sex_column="", batch_columns=[])


def sex_values(is_female, seed=3, noise=0.3):
    """Sex genes × samples, on an array-like scale."""
    rng = np.random.default_rng(seed)
    on = np.array([is_female, *([~is_female] * len(Y_GENES))])
    return np.where(on, 9.0, 3.5) + rng.normal(0, noise, on.shape)


def cohort(n=20, seed=1):
    """Expression (samples × genes) with sex genes, and its samples with a `gender` column."""
    rng = np.random.default_rng(seed)
    is_female = np.arange(n) % 2 == 0
    values = np.vstack([sex_values(is_female), rng.normal(8, 1, (300, 1)) + rng.normal(0, 0.5, (300, n))]).T
    names = [f"GSM{100 + number}" for number in range(n)]
    gender = ["female" if female else "male" for female in is_female]
    genes = [*SEX_GENES, *(f"G{gene}" for gene in range(300))]
    data = ad.AnnData(obs=pd.DataFrame(index=names), var=pd.DataFrame(index=genes), layers={"log2": values})
    store_provenance(data, made_in_process("d"))
    samples = pd.DataFrame({"sample": names, "unit": names, "fate": "used", "gender": gender, "relation": ""})
    return data, samples


def assess(data, samples, shared=(), **actions):
    study = SharedSamples([], {"d": list(shared)}, {})
    return assess_quality(data, samples, ROW, study, TrapsOfDataset.of(Traps(**actions)))


def test_clean_cohort_raises_no_flag_and_drops_nobody():
    """No false alarm where nothing is planted, for several draws."""
    for seed in range(1, 6):
        quality, treatment, problems = assess(*cohort(seed=seed))
        assert {item.status for item in quality.flags} == {"ok"}
        assert treatment.drop == {}
        assert problems == []


@pytest.mark.parametrize("action", ["warn", "drop", "adjust", "stop"])
def test_swapped_sex_is_found_and_treated_as_declared(action):
    """Two swapped labels are named; each declared consequence is carried out."""
    data, samples = cohort()
    samples.loc[[4, 7], "gender"] = ["male", "female"]
    quality, treatment, problems = assess(data, samples, sex_mismatch=action)
    found = next(item for item in quality.flags if item.trap == "sex_mismatch")
    assert found.status == "warn"
    assert found.samples == ("GSM104", "GSM107")
    assert sorted(treatment.drop) == (["GSM104", "GSM107"] if action == "drop" else [])
    assert treatment.sex.values.get("GSM104") == ("female" if action == "adjust" else None)
    assert len(problems) == (action == "stop")


def test_pool_of_both_sexes_is_ambiguous_not_wrong():
    """A sample with XIST and Y genes (a pool, XXY) is told apart, and contradicts no label."""
    values = sex_values(np.arange(12) % 2 == 0)
    values[:, 0] = 9.0
    reading = read_sex(values, SEX_GENES, [f"s{n}" for n in range(12)])
    assert reading.by_genes["s0"] == "ambiguous"
    recorded = {f"s{n}": "MF"[n % 2] for n in range(12)}
    recorded |= {f"s{n}": "FM"[n % 2] for n in range(1, 12)}
    assert flag_sex(reading, recorded, "sex", "warn").status == "ok"


def test_one_sex_is_not_halved():
    """Samples of one sex are never split into two, however they scatter."""
    for seed in range(200):
        values = sex_values(np.ones(6 + seed % 60, dtype=bool), seed, noise=0.6)
        reading = read_sex(values, SEX_GENES, [str(n) for n in range(values.shape[1])])
        assert reading.by_genes == {}


def test_sex_is_read_from_the_genes_that_are_measured():
    """XIST alone or Y genes alone still tell; none at all says so."""
    is_female = np.arange(10) < 4
    values = sex_values(is_female)
    names = [str(n) for n in range(10)]
    for genes, rows in ((["XIST"], [0]), (["DDX3Y", "EIF1AY"], [3, 4])):
        told = read_sex(values[rows], genes, names).by_genes
        assert [told[name] == "female" for name in names] == is_female.tolist()
    assert "neither" in read_sex(values[:1], ["ACTB"], names).words


def test_sex_column_is_found_by_name_or_declared():
    """A column named sex or gender that can be read is taken; a declared one wins."""
    table = pd.DataFrame({"sexual_history": ["x"], "donor_sex": ["F"], "code": ["M"]})
    assert find_sex_column(table) == "donor_sex"
    assert find_sex_column(table, "code") == "code"
    assert find_sex_column(pd.DataFrame({"sex": ["1"]})) == ""
    assert recorded_sex(" Woman ") == "female"


def test_reanalysis_is_found_in_any_wording_of_geo():
    """`Reanalysis of`, `Alternative to` and both spellings count; later use by others does not, unless in this study."""
    relations = {
        "GSM1": "BioSample: x | Reanalysis of: GSM77",
        "GSM2": "Reanalyzed by: GSE99",
        "GSM3": "Reanalysed by: GSM5",
        "GSM4": "Alternative to: GSM8 (gene-level)",
        "GSM5": "SRA: https://www.ncbi.nlm.nih.gov/sra?term=SRX1",
    }
    found = find_relations(relations, {"GSM5"})
    assert [(row.sample, row.other) for row in found] == [("GSM1", "GSM77"), ("GSM3", "GSM5"), ("GSM4", "GSM8")]


def test_reused_samples_leave_when_declared():
    """With `drop`, samples re-used by relation or held by an earlier dataset leave, with the reason."""
    data, samples = cohort()
    samples.loc[3, "relation"] = "Reanalysis of: GSM77"
    shared = [ReusedSample("GSM105", "GSM105", "the same sample", "e")]
    quality, treatment, _ = assess(data, samples, shared, reused_samples="drop")
    assert sorted(treatment.drop) == ["GSM103", "GSM105"]
    assert "settings.traps.reused_samples: drop" in treatment.drop["GSM103"]
    assert [row.sample for row in quality.reused_samples] == ["GSM103", "GSM105"]


def test_a_renormalised_copy_is_found_and_replicates_are_not():
    """A copy with another scale and a little noise is a copy; replicates of one strong treatment are not."""
    rng = np.random.default_rng(5)
    values = rng.normal(8, 1.5, (400, 12)) * 0 + rng.normal(8, 1.5, (400, 1)) + rng.normal(0, 0.3, (400, 12))
    values[:40, 6:] += 4
    names = [f"s{n}" for n in range(12)]
    assert find_copies(differences_within(values), names) == []
    values[:, 9] = values[:, 2] + 0.7 + rng.normal(0, 0.05, 400)
    pairs = find_copies(differences_within(values), names)
    assert [(pair.first, pair.second) for pair in pairs] == [("s2", "s9")]


def test_a_noisy_sample_lies_apart_and_a_small_arm_does_not():
    """Three times the noise lies apart; three samples of a strong treatment among twenty do not."""
    rng = np.random.default_rng(6)
    values = rng.normal(8, 1.5, (400, 1)) + rng.normal(0, 0.3, (400, 20))
    values[:80, :3] += 4
    names = [f"s{n}" for n in range(20)]
    assert flag_apart(distances_within(values), names, "warn").status == "ok"
    values[:, 10] += rng.normal(0, 0.9, 400)
    assert flag_apart(distances_within(values), names, "warn").samples == ("s10",)


def test_distances_are_those_of_the_definition_and_the_same_both_ways():
    """Half of the pairs are computed; the others must be equal to the last bit, or copies would depend on the order."""
    values = np.random.default_rng(5).normal(8, 1, (101, 6))
    difference = values[:, 4] - values[:, 1]
    expected = 1.4826 * np.median(np.abs(difference - np.median(difference)))
    both_ways = np.array([distances_from(sample, values.T) for sample in values.T])
    assert both_ways[1, 4] == both_ways[4, 1] == expected
    within = distances_within(np.vstack([values, values - 20]))
    np.testing.assert_array_equal(within, np.where(np.eye(6) == 1, np.inf, both_ways))


def test_samples_of_two_datasets_are_compared_by_accession_and_by_values():
    """The later of two datasets holds the finding, by accession, or by values under another name."""
    first, one = cohort(seed=1)
    second, two = cohort(seed=2)
    layer = second.layers["log2"].copy()
    layer[6] = first.layers["log2"][2] + 0.4
    second.layers["log2"] = layer
    two["sample"] = second.obs_names = [f"GSM{900 + n}" for n in range(19)] + ["GSM119"]
    rows = [DatasetToCount(dataset=name, accession=f"GSE{name}", source="", declared_apart=False) for name in "ab"]
    found = find_shared_samples(rows, {"a": one, "b": two}, {"a": first, "b": second}.__getitem__)
    assert found.shared["a"] == []
    assert [(row.sample, row.other) for row in found.shared["b"]] == [
        ("GSM119", "GSM119"),
        ("GSM906", "GSM102"),
    ]


def test_datasets_that_cannot_be_compared_are_not_said_to_share_nothing():
    """A panel of 92 proteins under two accessions: too few genes to tell copies by, and the check says so of both."""
    first, one = cohort(seed=1)
    second = first[:, :92].copy()
    two = one.copy()
    two["sample"] = second.obs_names = [f"GSM{900 + n}" for n in range(20)]
    rows = [DatasetToCount(dataset=name, accession=f"GSE{name}", source="", declared_apart=False) for name in "ab"]
    found = find_shared_samples(rows, {"a": one, "b": two}, {"a": first, "b": second}.__getitem__)
    assert found.not_compared == {
        name: {other: "92 genes in common, about 100 are needed"} for name, other in ("ab", "ba")
    }
    flag = flag_reuse([], found.shared["b"], 20, "warn", found.not_compared["b"])
    assert "could not be compared with those of a (92 genes in common" in flag.evidence
    more = first[:, :120].copy()
    more.obs_names = two["sample"]
    compared = find_shared_samples(rows, {"a": one, "b": two}, {"a": first, "b": more}.__getitem__)
    assert (len(compared.shared["b"]), compared.not_compared) == (20, {})


def test_a_sample_of_two_rows_of_one_series_was_not_processed_elsewhere():
    """It makes the two rows one source, and is no re-used control of another series."""
    first, one = cohort(seed=1)
    second, two = cohort(seed=2)
    for accession, elsewhere in (("GSEa", []), ("GSEb", ["GSM100"])):
        rows = [
            DatasetToCount(
                dataset=name, accession=accession if name == "b" else "GSEa", source="", declared_apart=False
            )
            for name in "ab"
        ]
        shared = find_shared_samples(rows, {"a": one, "b": two}, {"a": first, "b": second}.__getitem__).shared["b"]
        assert len(shared) == 20
        assert reused_sides(shared, ["GSM119"], ["GSM100"]).reference == elsewhere
        assert ("processed elsewhere" in flag_reuse([], shared, 20, "warn").consequence) == bool(elsewhere)


def test_samples_of_one_biosample_are_the_same():
    """Two GEO samples of one BioSample, in two series: a second run of one person's RNA, whatever its values."""
    first, one = cohort(seed=1)
    second, two = cohort(seed=2)
    two["sample"] = second.obs_names = [f"GSM{900 + n}" for n in range(20)]
    address = "BioSample: https://www.ncbi.nlm.nih.gov/biosample/SAMN"
    one["relation"] = [f"{address}{n} | SRA: https://x.org/SRX{n}" for n in range(100, 120)]
    two["relation"] = [f"{address}{n}" for n in range(118, 138)]
    rows = [DatasetToCount(dataset=name, accession=f"GSE{name}", source="", declared_apart=False) for name in "ab"]
    found = find_shared_samples(rows, {"a": one, "b": two}, {"a": first, "b": second}.__getitem__)
    assert [(row.sample, row.other, row.how) for row in found.shared["b"]] == [
        ("GSM900", "GSM118", "the same BioSample SAMN118"),
        ("GSM901", "GSM119", "the same BioSample SAMN119"),
    ]
    assert found.same == {"a": {f"GSM{118 + n}": f"GSM{118 + n}" for n in (0, 1)},
                          "b": {f"GSM{900 + n}": f"GSM{118 + n}" for n in (0, 1)}}  # fmt: skip


@pytest.mark.parametrize("apart", [False, True])
def test_series_of_one_superseries_are_one_source(apart):
    """By the records of their samples, also where the SuperSeries itself is no dataset; a declared reason takes apart."""
    told = {
        "a": "SubSeries of: GSE9",
        "b": "SubSeries of: GSE9 | SubSeries of: GSE8",
        "c": None,
        "d": "SuperSeries of: GSE3",
    }
    rows = [
        DatasetToCount(dataset=name, accession=f"GSE{place}", source="", declared_apart=apart and name == "b")
        for place, name in enumerate("abcd", 1)
    ]
    tables = {name: pd.DataFrame({"sample": ["x"]}) for name in told}
    for name, text in told.items():
        if text:
            tables[name]["series_relation"] = text
    found = find_families(rows, tables)
    if apart:
        assert found == {"c": "GSE3", "d": "GSE3"}
    else:
        assert found == {"a": "GSE1", "b": "GSE1", "c": "GSE3", "d": "GSE3"}
    assert {row.dataset: row.within(found).independent_source for row in rows} == {
        "a": "gse1", "b": "gse2" if apart else "gse1", "c": "gse3", "d": "gse3",
    }  # fmt: skip


def test_another_platform_is_told():
    """A matrix that lacks most of the platform's probes, or whose samples name another platform, is flagged."""
    samples = pd.DataFrame({"platform_id": ["GPL570", "GPL570"]})
    assert flag_platform(0.9, 0.99, samples, "GPL570", "warn").status == "ok"
    assert "GPL570, not GPL571" in flag_platform(0.9, 0.99, samples, "GPL571", "warn").evidence
    assert flag_platform(0.9, 0.4, samples, "GPL570", "warn").status == "warn"
