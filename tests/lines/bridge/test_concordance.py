"""Bridges with a known truth: mimics, opposes, no resemblance, undetermined, refused; derived sets; interactions."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from lines.bridge.planted_profiles import GENES, IN_SET, N_GENES, SETS, fit_study, source_of

from sidemine.errors import InputError
from sidemine.lines.bridge.comparators import gather_comparators, place_among, read_signatures
from sidemine.lines.bridge.config import ComparatorSignatures, Concordance
from sidemine.lines.bridge.library import SignatureLibrary, judge_library
from sidemine.lines.bridge.measure import ConcordanceInputs, measure_concordance
from sidemine.lines.bridge.profiles import FrozenProfile
from sidemine.lines.bridge.record import CONCORDANCE, NO_RESEMBLANCE, ConcordanceOfStudy, LeftOut, PrimaryPair
from sidemine.lines.bridge.specification import ConcordanceToMeasure
from sidemine.lines.bridge.strength import expected_sizes
from sidemine.places import RESOURCES
from sidemine.prepare.gene_table import GeneTable
from sidemine.records import as_json, as_record
from sidemine.tables import check_table, table_of

DENSE = np.random.default_rng(99).standard_normal((2, N_GENES))


@pytest.fixture(scope="module")
def markers():
    """Two cell types whose markers lie in the last blocks of genes."""
    return {"blood": {"erythroid": GENES[520:550], "platelet": GENES[560:590]}}


def signatures(n=24, seed=4, own=-3.0, genes=GENES):
    """A library whose own perturbation lowers the set; each of the others changes a tenth of all genes."""
    rng = np.random.default_rng(seed)
    control = rng.standard_normal((1, len(genes))) + own * np.isin(genes, GENES[:40])
    values = rng.standard_normal((n, len(genes)))
    values += 6 * rng.standard_normal(values.shape) * (rng.random(values.shape) < 0.1)
    others = pd.DataFrame(values, index=[f"c{i}" for i in range(n)], columns=genes)
    return SignatureLibrary(others, pd.DataFrame(control, index=["own"], columns=genes))


SPREAD = 2**0.5
"""Of the mean square of noise in independent genes."""
CONTROL = {"perturbation": "own", "set": "T", "expected": "down"}
LIBRARY = {"file": "x", "identifiers": "symbol", "licence": "x", "version": "1", "positive_control": CONTROL}


def bridge(**changed):
    return {
        "id": "b",
        "question": "Does the drug resemble the disease?",
        "drug": ["drug_a", "drug_b"],
        "disease": ["cohort_a", "cohort_b"],
        "sets": ["T"],
        "comparator_signatures": LIBRARY,
        **changed,
    }


def fits_of(drug, disease, correlation=0.2, seed=0):
    """Two experiments and two cohorts with these shifts."""
    return {
        "drug_a": fit_study(seed + 51, 4, 4, drug, correlation),
        "drug_b": fit_study(seed + 52, 3, 3, drug, correlation),
        "cohort_a": fit_study(seed + 53, 60, 50, disease, correlation),
        "cohort_b": fit_study(seed + 54, 70, 30, disease, correlation),
    }


def sources_of(fits, **changed):
    made = {
        name: source_of(name, fit, panel="blood" if name.startswith("cohort") else "") for name, fit in fits.items()
    }
    return {name: replace(source, **changed.get(name, {})) for name, source in made.items()}


def measure(sources, markers, declared=None, given=None, seed=5):
    """Return the table and the record of a study with these contrasts."""
    inputs = ConcordanceInputs(sources, SETS, markers, {"b": signatures() if given is None else given}, 499, seed)
    declared = Concordance.model_validate(declared or {"bridges": [bridge()]})
    record = measure_concordance(ConcordanceToMeasure.of(declared), inputs)
    assert as_record(ConcordanceOfStudy, as_json(record)) == record
    table = table_of([row for bridge in record.bridges for row in bridge.rows], CONCORDANCE)
    check_table(table, CONCORDANCE, "test")
    return table, record


def measure_bridge(sources, markers, declared=None, given=None):
    """Return the record of the only bridge."""
    (measured,) = measure(sources, markers, declared, given)[1].bridges
    return measured


@pytest.mark.parametrize(("sign", "call"), [(1, "mimics"), (-1, "opposes")])
def test_planted_resemblance_is_called_with_its_sign(sign, call, markers):
    """Both sides change the set: the bridge, each pair and the pooled profiles say how."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, sign * 0.8, 0)))
    table, record = measure(sources, markers)
    (one,) = record.bridges
    assert one.call == call, one.sentence
    assert ("the same sign" if sign > 0 else "opposite signs") in one.sentence
    assert one.primary == PrimaryPair("pooled", "pooled", "target", "T")
    target = table[(table["scope"] == "target") & (table["estimand"] == "total")]
    assert len(target) == 9  # (two drugs and their common effect) × (two cohorts and theirs)
    assert (np.sign(target["concordance"]) == sign).all()
    assert set(target.iloc[-1]["leading_genes"].split(",")) <= set(GENES[:40])
    responsive = table[(table["scope"] == "responsive") & (table["drug_contrast"] == "pooled")]
    assert responsive["n_genes"].between(35, 60).all()
    adjusted = table[table["estimand"] == "adjusted"]
    assert (np.sign(adjusted.loc[adjusted["scope"] == "target", "concordance"]) == sign).all()
    assert (table["p_value"] == table[["p_disease_rotated", "p_drug_rotated"]].max(axis=1)).all()


@pytest.mark.parametrize("disease", [0.8, 0.0])
def test_a_bridge_on_wells_of_one_culture_is_undetermined(disease, markers):
    """Neither a resemblance nor that there is none: how another culture would answer is not in p, interval or reliability."""
    fits = fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, disease, 0))
    assert measure_bridge(sources_of(fits, drug_a={"of_wells": False}), markers).call != "refused"
    one = measure_bridge(sources_of(fits, drug_a={"of_wells": True}), markers)
    assert one.call == "undetermined"
    assert "the samples of drug_a are wells of one culture" in one.sentence
    of_b = next(row for row in one.rows if row.drug_contrast == "drug_b" and row.scope == "target")
    assert "wells" not in of_b.reason


def test_real_profiles_of_different_genes_show_no_resemblance_beyond_the_margin(markers):
    """Both sides show a great deal, and nothing in common: the interval without noise lies within what others reach."""
    sources = sources_of(
        fits_of(3 * DENSE[0], DENSE[1] - DENSE[0] * (DENSE[0] @ DENSE[1]) / (DENSE[0] @ DENSE[0]), 0.02)
    )
    library = signatures()
    library.others.iloc[::4] += np.where(np.arange(6)[:, None] % 2, 1, -1) * 0.4 * DENSE[1]  # some do resemble it
    declared = {"bridges": [bridge(scope="all")]}
    table, record = measure(sources, markers, declared, library)
    (one,) = record.bridges
    assert one.call == NO_RESEMBLANCE, one.sentence
    reached = np.abs([row.concordance for row in one.comparators])
    assert one.primary_row.margin == pytest.approx(np.quantile(reached, 0.9, method="lower"))
    assert "This says nothing about safety." in one.sentence
    assert NO_RESEMBLANCE in set(table["call"])


def test_nothing_on_either_side_is_undetermined(markers):
    """Noise correlates by nearly 0: that is no evidence of being unrelated."""
    one = measure_bridge(sources_of(fits_of(None, None)), markers, {"bridges": [bridge(scope="all")]})
    assert one.call == "undetermined"
    assert "does not stand out from noise" in one.sentence


COMPARED = ["other_a", "other_b", "other_c", "other_d"]


@pytest.mark.parametrize("n", [0, 1, 4])
def test_without_ten_comparators_nothing_is_called(n, markers):
    """No, one or four other perturbations are no comparison, however strong the concordance: its sign is told, and that."""
    fits = fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0))
    rng = np.random.default_rng(6)
    fits |= {
        name: fit_study(200 + row, 3, 3, 4 * rng.standard_normal(N_GENES) * IN_SET)
        for row, name in enumerate(COMPARED[:n])
    }
    one = measure_bridge(
        sources_of(fits), markers, {"bridges": [bridge(comparators=COMPARED[:n], comparator_signatures=None)]}
    )
    assert one.call == "undetermined"
    assert "the profiles have the same sign" in one.sentence
    assert f"too few comparators to say more: {n} other perturbation" in one.sentence
    assert (one.primary_row.margin, one.primary_row.percentile_comparators) == (None, None)
    assert one.library is None


def test_a_library_that_measures_no_gene_of_the_set_gives_no_comparator(markers):
    """Its signatures drop out on the set, and its positive control is not to be had: it is uninformative."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0)))
    one = measure_bridge(sources, markers, given=signatures(genes=GENES[100:]))
    assert (one.call, one.comparators) == ("undetermined", [])
    assert "of 40 genes of T it measures 0" in one.library.words
    # One that passes on other genes still compares on those it has: none of this set.
    elsewhere = SETS.assign(gene_set="ELSEWHERE", gene=GENES[120:160])
    library = signatures(genes=GENES[100:])
    library.control.iloc[:, 20:60] -= 3
    control = {**LIBRARY, "positive_control": {**CONTROL, "set": "ELSEWHERE"}}
    declared = ConcordanceToMeasure.of(Concordance.model_validate({"bridges": [bridge(comparator_signatures=control)]}))
    inputs = ConcordanceInputs(sources, pd.concat([SETS, elsewhere]), markers, {"b": library}, 99, 5)
    (one,) = measure_concordance(declared, inputs).bridges
    assert one.library.admissible
    assert (one.call, one.comparators) == ("undetermined", [])
    assert "too few comparators to say more: 0 other perturbations" in one.sentence


@pytest.mark.parametrize(
    ("own", "control", "words"),
    [
        (0.0, CONTROL, "and at most 5 is needed"),
        (3.0, CONTROL, "at percentile 100"),
        (-3.0, None, "no positive control is declared"),
    ],
)
def test_a_library_without_a_positive_control_that_passes_is_uninformative(own, control, words, markers):
    """No effect of its own perturbation, the wrong direction, nothing declared: no signature of it is a comparator."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0)))
    declared = {"bridges": [bridge(comparator_signatures={**LIBRARY, "positive_control": control})]}
    one = measure_bridge(sources, markers, declared, signatures(own=own))
    assert not one.library.admissible
    assert one.library.words.startswith("uninformative: ")
    assert words in one.library.words
    assert one.comparators == []
    assert LeftOut("comparator signatures", one.library.words) in one.left_out


def test_a_drug_that_could_not_be_tested_and_a_disease_of_one_cohort(markers):
    """No drug contrast: nothing is compared. One of two cohorts: the other stands for the disease, and the record tells."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0)))
    silent = {name: replace(sources[name], fit=None) for name in ("drug_a", "drug_b")}
    one = measure_bridge(sources | silent, markers)
    assert (one.call, one.primary, one.profile) == ("undetermined", None, None)
    assert one.sentence == "Not compared: no contrast of one side could be tested."
    single = measure_bridge(sources | {"cohort_b": replace(sources["cohort_b"], fit=None)}, markers)
    assert single.primary.disease_contrast == "cohort_a"
    assert single.call == "mimics", single.sentence
    assert LeftOut("cohort_b", "could not be tested") in single.left_out


def test_perturbations_of_one_target_pathway_are_one_unit(markers):
    """Fifteen signatures of one pathway do not make ten comparators, and one pathway's many do not move the percentile."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0)))
    class_of = {"target_pathways": {"p": [f"c{i}" for i in range(16)]}}
    library = signatures()
    library.others.loc[:, GENES[:40]] *= 3  # each of them moves the set
    one = measure_bridge(sources, markers, {"bridges": [bridge(**class_of)]}, given=library)
    assert len(one.comparators) == 24
    assert one.primary_row.n_comparators == 9
    assert "too few comparators to say more: 9 other perturbations" in one.sentence
    own = {"target_pathways": {"p": ["drug_a", *(f"c{i}" for i in range(16))]}}
    rest = measure_bridge(sources, markers, {"bridges": [bridge(**own)]})
    assert [row.name for row in rest.comparators] == [f"c{i}" for i in range(16, 24)]


def test_any_perturbation_may_be_the_drug_side_and_is_never_called_a_drug(markers):
    """A cytokine that does what the disease does."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0)))
    one = measure_bridge(sources, markers, {"bridges": [bridge(expected="mimics")]})
    assert one.call == "mimics"
    assert "That was expected beforehand." in one.sentence
    for words in (one.sentence, *(row.reason for row in one.rows), *(row.scope for row in one.rows)):
        assert not re.search(r"\bdrug\b", words), words


def test_not_blood_means_no_adjusted_profile_and_no_call(markers):
    """Where composition cannot be adjusted for, the third condition is not met, and the reason says so."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0)))
    sources["cohort_b"] = replace(sources["cohort_b"], panel="")
    one = measure_bridge(sources, markers)
    assert one.call == "undetermined"
    assert "cohort_b has no declared cell markers" in one.sentence


@pytest.mark.parametrize(
    "shared", [{"source": ("GSE_cohort_a", "cells")}, {"units": frozenset({"GSE_cohort_a/s53_0"})}]
)
def test_drug_and_disease_that_share_samples_are_refused(shared, markers):
    """One accession or one sample in common: the pair is refused with the reason; the other drug is still measured."""
    sources = sources_of(fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0)), drug_a=shared)
    table, record = measure(sources, markers)
    refused = table[table.call == "refused"]
    assert refused[["disease_contrast", "drug_contrast"]].to_numpy().tolist() == [["cohort_a", "drug_a"]]
    assert "same source" in refused.iloc[0]["reason"] or "shares 1 sample " in refused.iloc[0]["reason"]
    assert set(table.loc[table.call != "refused", "drug_contrast"]) == {"drug_b"}
    assert "drug_a" in [entry.name for entry in record.bridges[0].left_out]
    both = sources_of(fits_of(None, None), drug_a=shared, drug_b=shared)
    one = measure_bridge(both, markers)
    assert one.call == "refused"
    assert one.profile is None


def test_drugs_that_share_samples_are_not_pooled(markers):
    """Two drugs against one reference are measured each, and only the first enters a common effect: here, none is left."""
    common = frozenset({"x/1"})
    sources = sources_of(fits_of(None, None), drug_a={"units": common}, drug_b={"units": common})
    table, record = measure(sources, markers)
    assert set(table["drug_contrast"]) == {"drug_a", "drug_b"}
    assert (
        LeftOut("drug_b", "not in the pooled profile: it shares 1 sample with drug_a, which was declared first")
        in record.bridges[0].left_out
    )
    assert record.bridges[0].primary.drug_contrast == "drug_a"


def test_comparators_that_share_an_arm_with_the_drug_are_left_out(markers):
    """A stimulus whose target is the drug's reference is its mirror image, no comparator."""
    fits = fits_of(None, None) | {"stimulus": fit_study(77, 3, 3)}
    sources = sources_of(fits, stimulus={"units": frozenset({"GSE_drug_a/s51_0"})})
    record = measure_bridge(sources, markers, {"bridges": [bridge(comparators=["stimulus"])]})
    assert "stimulus" not in [row.name for row in record.comparators]
    assert any(row.name == "stimulus" and "shares samples" in row.reason for row in record.left_out)


DERIVE = {"derive": {"from": ["drug_a"], "confirm": ["drug_b"]}}


def test_derived_set_is_frozen_before_the_disease(markers):
    """Other disease data leave genes, weights and digest as they were; its test, its overlap and the rest are told."""
    extra = np.where((np.arange(N_GENES) >= 80) & (np.arange(N_GENES) < 120), 4.0, 0)
    drug = np.where(IN_SET, 4.0, 0) + extra
    disease = np.where(IN_SET, 0.8, 0) + 0.2 * extra
    sets = []
    for shift in (disease, None):
        fits = fits_of(drug, disease)
        if shift is None:
            fits |= {name: fit_study(900, 60, 50) for name in ("cohort_a", "cohort_b")}
        table, record = measure(sources_of(fits), markers, {"bridges": [bridge(**DERIVE)]})
        sets.append((table, record.bridges[0].derived_sets[0]))
    (table, first), (_, second) = sets
    assert (first.genes, first.weights, first.digest) == (second.genes, second.weights, second.digest)
    assert first.n_confirmed == len(first.genes) >= 60
    assert first.p_confirmed <= 0.01
    assert first.overlaps[0].shared >= 30
    assert first.overlaps[0].same_evidence is True
    rows = table[(table["scope"] == "derived") & (table["disease_contrast"] == "pooled")]
    rows = rows[rows["estimand"] == "total"].set_index("gene_set")
    assert rows.loc["b_derived", "call"] == "mimics"
    without = rows.loc["b_derived without the target sets"]
    assert without["n_genes"] == rows.loc["b_derived", "n_genes"] - first.overlaps[0].shared
    assert not set(without["leading_genes"].split(",")) & set(GENES[:40])


def test_a_derived_set_that_wells_confirm_is_undetermined(markers):
    """Its p on the side of the drug is that of the confirmation, which knows how wells differ, not cultures; other rows keep their calls."""
    fits = fits_of(np.where(IN_SET, 4.0, 0), np.where(IN_SET, 0.8, 0))
    declared = {"bridges": [bridge(drug=["drug_a"], **DERIVE)]}

    def calls(**wells):
        table, _ = measure(sources_of(fits, **{name: {"of_wells": True} for name in wells}), markers, declared)
        rows = table[(table["disease_contrast"] == "pooled") & (table["estimand"] == "total")]
        return rows.set_index("gene_set").loc[["T", "b_derived"], ["call", "reason"]]

    plain, confirmed, found = calls(), calls(drug_b=True), calls(drug_a=True)
    assert plain["call"].tolist() == ["mimics", "mimics"]
    assert confirmed["call"].tolist() == ["mimics", "undetermined"]
    assert "the samples of drug_b are wells of one culture" in confirmed.loc["b_derived", "reason"]
    # What was found in wells and confirmed in cultures is no worse for it: nothing but the confirmation is tested.
    assert found["call"].tolist() == ["undetermined", "mimics"]


def test_derived_set_needs_independent_experiments_and_enough_genes(markers):
    """A confirmation by the same samples is refused; a drug that does nothing gives no set."""
    drug = np.where(IN_SET, 4.0, 0)
    same = sources_of(fits_of(drug, None), drug_b={"source": ("GSE_drug_a", "cells")})
    declared = {"bridges": [bridge(**DERIVE)]}
    (found,) = measure_bridge(same, markers, declared).derived_sets
    assert found.genes == []
    assert "same source" in found.reason
    (nothing,) = measure_bridge(sources_of(fits_of(None, None)), markers, declared).derived_sets
    assert nothing.genes == []
    assert "fewer than 10" in nothing.reason


def test_same_inputs_give_the_same_table_and_another_seed_only_other_p(markers):
    sources = sources_of(fits_of(np.where(IN_SET, 1.0, 0), np.where(IN_SET, 0.3, 0)))
    first, again, other = (measure(sources, markers, seed=seed)[0] for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(first, again)
    assert not first["p_disease_rotated"].equals(other["p_disease_rotated"])
    pd.testing.assert_series_equal(first["concordance"], other["concordance"])


def test_an_interaction_tells_how_many_data_sets_it_is_pooled_over(markers):
    """Three contrasts, one of them of the same people as the first: two data sets. It stands in the same record."""
    fits = {name: fit_study(61 + row, 40, 40) for row, name in enumerate(("pe_a", "pe_b", "pe_c"))}
    sources = sources_of(fits)
    sources["pe_c"] = replace(sources["pe_c"], source=sources["pe_a"].source)
    interaction = {"id": "i", "question": "Do the two kinds differ?", "set": "T", "contrasts": list(fits)}
    pooled = measure(sources, markers, {"interactions": [interaction]})[1].interactions[-1]
    assert pooled.place == "pooled over 2 data sets"


def test_comparators_meet_the_drug_on_shared_genes_only():
    """A signature of a tenth of the genes is compared with the drug on that tenth."""
    rng = np.random.default_rng(3)
    few = pd.DataFrame(2 * rng.standard_normal((12, 60)), columns=GENES[:60], index=[f"c{i}" for i in range(12)])
    disease = np.where(np.arange(N_GENES) < 60, 0.0, 1.0) + 0.1 * rng.standard_normal(N_GENES)
    drug = np.where(np.arange(N_GENES) < 60, rng.standard_normal(N_GENES), 1.0)
    everywhere = place_among(
        FrozenProfile("drug", drug, 0.0),
        disease,
        np.ones(N_GENES, bool),
        gather_comparators({}, few, GENES),
        spread=SPREAD,
    )
    assert everywhere.percentile < 100  # the agreement lies outside what the signatures measured
    nowhere = place_among(
        FrozenProfile("drug", drug, 0.0),
        disease,
        np.arange(N_GENES) >= 60,
        gather_comparators({}, few, GENES),
        spread=SPREAD,
    )
    assert nowhere.percentile is None
    assert nowhere.names == []


def gene_table():
    frame = pd.DataFrame({"entrez": ["7157", "4609"], "ensembl": ["", ""]}, index=["TP53", "MYC"])
    return GeneTable(frame, [], [])


def signature_file(tmp_path, text):
    path = tmp_path / "signatures.tsv"
    path.write_text(text)
    return path


def declared_signatures(**changed):
    return ComparatorSignatures(
        **{"file": "x", "identifiers": "entrez", "licence": "CC0 1.0", "version": "1", **changed}
    )


def test_signatures_are_read_by_entrez_id_without_the_drugs_own(tmp_path):
    """The layout of LINCS consensus signatures: perturbations × Entrez ids; unknown ids and excluded rows go."""
    path = signature_file(tmp_path, "perturbagen\t7157\t1\t4609\nDB1\t1.5\t0\t-2\nDB2\t0.1\t0\t0.2\n")
    found = read_signatures(path, declared_signatures(exclude=["DB2"]), gene_table())
    assert found.others.to_dict("index") == {"DB1": {"TP53": 1.5, "MYC": -2.0}}
    assert found.control is None
    control = {"perturbation": "DB2", "set": "T", "expected": "down"}
    found = read_signatures(path, declared_signatures(positive_control=control), gene_table())
    assert list(found.others.index) == ["DB1"]
    assert found.control.to_dict("index") == {"DB2": {"TP53": 0.1, "MYC": 0.2}}


def test_faulty_signatures_are_told(tmp_path):
    path = signature_file(tmp_path, "perturbagen\t7157\t4609\nDB1\t1,5\t-2\n")
    with pytest.raises(InputError, match=r"decimal comma(.|\n)*line 2 \(DB1\), column '7157'") as told:
        read_signatures(path, declared_signatures(exclude=["DB9"]), gene_table(), ["DB8"])
    assert "DB8, DB9" in str(told.value)


def test_a_positive_control_with_two_rows_is_refused(tmp_path):
    path = signature_file(tmp_path, "perturbagen\t7157\t4609\nDB1\t1\t-2\nDB1\t1\t-2\nDB2\t1\t1\n")
    control = {"perturbation": "DB1", "set": "T", "expected": "down"}
    with pytest.raises(InputError, match="DB1 has 2 rows"):
        read_signatures(path, declared_signatures(positive_control=control), gene_table())


@pytest.mark.parametrize("exclude", [[], ["DB08877"]])
def test_real_consensus_signatures_can_be_read(real_files, exclude):
    """The real layout of LINCS consensus signatures, by Entrez ids."""
    path = real_files / "data" / "LINCS_L1000_consensus" / "consensi-drugbank.tsv.gz"
    if not path.is_file():
        pytest.skip("no LINCS file here")
    frame = pd.DataFrame({"entrez": ["5601", "1017", "5747"], "ensembl": ""}, index=["MAPK9", "CDK2", "PTK2"])
    found = read_signatures(path, declared_signatures(exclude=exclude), GeneTable(frame, [], []))
    assert len(found.others) == 1170 - len(exclude)
    assert "CDK2" in found.others.columns


def test_in_real_consensus_signatures_ruxolitinib_fails_its_positive_control(real_files):
    """L1000 does not see what a JAK inhibitor is known to do: no conclusion may be drawn from it."""
    folder = real_files / "data" / "LINCS_L1000_consensus"
    if not folder.is_dir():
        pytest.skip("no LINCS file here")
    genes = pd.read_csv(folder / "genes.tsv.gz", sep="\t", dtype=str).drop_duplicates("symbol")
    table = GeneTable(
        pd.DataFrame({"entrez": genes["entrez_gene_id"].to_numpy(), "ensembl": ""}, index=genes["symbol"]), [], []
    )
    control = {"perturbation": "DB08877", "set": "CORE_ISG", "expected": "down"}
    declared = declared_signatures(positive_control=control)
    library = read_signatures(folder / "consensi-drugbank.tsv.gz", declared, table)
    core = pd.read_csv(RESOURCES / "gene_sets" / "isg.tsv", sep="\t")
    judged = judge_library(library, declared.positive_control, core)
    assert (judged.n_signatures, judged.admissible) == (1169, False)
    assert judged.words.startswith("uninformative: ")


@pytest.mark.parametrize("n_signatures", [50, 300])
def test_a_positive_control_does_not_pass_by_the_strength_of_its_noise(n_signatures):
    """A signature of noise, twice as strong as the strongest: admitted in a fifth to a third of libraries if strength did not count."""
    rng = np.random.default_rng(8)
    genes = [f"G{number}" for number in range(150)]
    control_set = pd.DataFrame({"gene_set": "T", "gene": genes[:30], "weight": 1.0})
    declared = declared_signatures(
        positive_control={"perturbation": "D", "set": "T", "expected": "up"}
    ).positive_control
    passed = 0
    for _ in range(60):
        strengths = np.exp(0.35 * rng.standard_normal(n_signatures))
        strengths = np.append(strengths, 2 * strengths.max())
        # A fifth of the variance is shared by the genes of the set.
        noise = np.sqrt(0.8) * rng.standard_normal((n_signatures + 1, 150))
        noise += np.sqrt(0.2) * np.repeat(rng.standard_normal((n_signatures + 1, 5)), 30, axis=1)
        rows = pd.DataFrame(noise * strengths[:, None], [*map(str, range(n_signatures)), "D"], genes)
        passed += judge_library(SignatureLibrary(rows.iloc[:-1], rows.iloc[-1:]), declared, control_set).admissible
    assert passed <= 8


def test_a_strong_positive_control_that_does_what_is_expected_passes():
    """Strength is no reason against a library: the set's genes move beyond what the others of the signature do."""
    rng = np.random.default_rng(9)
    genes = [f"G{number}" for number in range(150)]
    control_set = pd.DataFrame({"gene_set": "T", "gene": genes[:30], "weight": 1.0})
    declared = declared_signatures(
        positive_control={"perturbation": "D", "set": "T", "expected": "up"}
    ).positive_control
    for n_signatures in (50, 300):
        rows = pd.DataFrame(rng.standard_normal((n_signatures + 1, 150)), [*map(str, range(n_signatures)), "D"], genes)
        rows.loc["D"] *= 4
        rows.loc["D", genes[:30]] += 6
        judged = judge_library(SignatureLibrary(rows.iloc[:-1], rows.iloc[-1:]), declared, control_set)
        assert judged.admissible, judged.words


def test_a_strong_signature_is_no_extreme_one():
    """Sizes that grow with strength: what is large for its strength stands out, not what is strong. Few: sizes are equal."""
    rng = np.random.default_rng(2)
    strengths = rng.uniform(1, 5, 400)
    scores = rng.choice([-1, 1], 400) * strengths * rng.uniform(0.5, 1.5, 400)
    sizes, own = expected_sizes(scores, strengths, 5.0)
    ratio = np.abs(scores) / sizes
    assert abs(np.corrcoef(ratio, strengths)[0, 1]) < 0.1 < 0.5 < np.corrcoef(np.abs(scores), strengths)[0, 1]
    at_one, one = expected_sizes(scores, strengths, 1.0)
    assert own / one == pytest.approx(5, rel=0.15)
    np.testing.assert_array_equal(sizes, at_one)
    falling, _ = expected_sizes(scores, 1 / strengths, 1.0)
    assert np.ptp(falling) == 0  # a weaker signature with a larger score is no reason to enlarge it
    few, own = expected_sizes(scores[:99], strengths[:99], 5.0)
    assert (set(few), own) == ({1.0}, 1.0)
    assert set(expected_sizes(np.zeros(200), np.ones(200), 1.0)[0]) == {1.0}
    assert expected_sizes(scores, strengths, np.nan)[1] == 1.0
    beyond = [expected_sizes(scores, strengths, at)[1] for at in (50.0, strengths.max())]
    assert beyond[0] == beyond[1]  # no line is drawn on beyond the signatures


def test_a_strong_perturbation_is_placed_for_its_strength_among_a_whole_library():
    """Signatures resemble the disease the more, the stronger they are: one of the same strength is not extreme."""
    rng = np.random.default_rng(9)
    disease = rng.standard_normal(N_GENES)
    strength = rng.uniform(0.7, 2, 300)
    library = pd.DataFrame(
        rng.standard_normal((300, N_GENES)) + strength[:, None] * (disease + rng.standard_normal((300, N_GENES))),
        columns=GENES,
    )
    everything = np.ones(N_GENES, bool)
    drug = rng.standard_normal(N_GENES) + 1.8 * (disease + rng.standard_normal(N_GENES))

    def percentile(n, strength=float("nan")):
        comparators = gather_comparators({}, library.iloc[:n], GENES)
        profile = FrozenProfile("drug", drug, np.mean(drug**2 - 1) * 2 / 3, strength=strength)
        return place_among(profile, disease, everything, comparators, spread=SPREAD).percentile

    own = float(np.sqrt(np.mean(drug**2)))
    assert percentile(300, own) < 65 < 75 < percentile(300)
    assert percentile(99, own) == percentile(99)  # too few for a slope


def test_a_place_is_by_size_among_comparators_as_strong():
    """40 genes, both sides really changed without relation: a tenth are extreme, not a tenth at each end; inert ones do not count."""
    rng = np.random.default_rng(3)
    places = []
    for _ in range(200):
        disease, drug = rng.standard_normal(N_GENES), 3 * rng.standard_normal(N_GENES)
        others = pd.DataFrame(3 * rng.standard_normal((20, N_GENES)), columns=GENES)
        others.iloc[:5] /= 3
        comparators = gather_comparators({}, others, GENES)
        frozen = FrozenProfile("drug", drug, np.mean(drug**2 - 1) * 2 / 3)
        places.append(place_among(frozen, disease, IN_SET, comparators, spread=SPREAD))
    assert 8 <= sum(place.percentile >= 90 for place in places) <= 32
    assert sum((place.n, place.n_weak) == (15, 5) for place in places) >= 190
    assert all(
        place.margin == np.quantile(abs(place.concordances[place.counts]), 0.9, method="lower") for place in places
    )
    # A class of weak ones is one unit, and a whole library is asked as a small one is.
    together = gather_comparators({}, others, GENES, {"class": [str(row) for row in range(5)]})
    placed = place_among(frozen, disease, IN_SET, together, spread=SPREAD)
    assert (placed.n, placed.n_weak, list(placed.counts)) == (15, 1, [False] * 5 + [True] * 15)
    library = pd.DataFrame(rng.standard_normal((120, N_GENES)), columns=GENES)
    alone = gather_comparators({}, library, GENES)
    inert = place_among(replace(frozen, strength=3.0), disease, IN_SET, alone, spread=SPREAD)
    assert (inert.n, inert.n_weak, inert.percentile, inert.margin) == (0, 120, None, None)


def test_of_many_inert_comparators_too_few_count_for_a_place():
    """Of a thousand that do nothing 50 stand out at .05: enough to place a perturbation of the set alone among them."""
    rng = np.random.default_rng(6)
    drug = rng.standard_normal(N_GENES) + np.where(IN_SET, 3, 0) * rng.choice([-1, 1], N_GENES)
    counts = []
    for _ in range(20):
        library = pd.DataFrame(rng.standard_normal((1000, N_GENES)), columns=GENES)
        comparators = gather_comparators({}, library, GENES)
        placed = place_among(
            FrozenProfile("drug", drug, 0.01), rng.standard_normal(N_GENES), IN_SET, comparators, spread=SPREAD
        )
        counts.append(placed.n)
        assert (placed.percentile is None) == (placed.n < 10)
    assert sum(counts) < 6 * len(counts)
    assert sum(count >= 10 for count in counts) <= 1


def test_inert_comparators_do_not_count_beside_a_perturbation_of_the_set_alone():
    """Over all genes it is hardly stronger than noise, so that a third of its strength asks nothing: what is inert is still told."""
    rng = np.random.default_rng(4)
    drug = rng.standard_normal(N_GENES) + np.where(IN_SET, 1.5, 0) * rng.choice([-1, 1], N_GENES)
    profile = FrozenProfile("drug", drug, 0.01)
    disease = rng.standard_normal(N_GENES)

    def place(size):
        others = pd.DataFrame(rng.standard_normal((30, N_GENES)) * np.where(IN_SET, 1, size), columns=GENES)
        return place_among(profile, disease, IN_SET, gather_comparators({}, others, GENES), spread=SPREAD)

    assert place(1).n <= 6
    assert place(2).n == 30  # they act, elsewhere


def test_a_pair_that_is_opposed_on_the_comparators_genes_is_behind_them():
    """A library of few of the set's genes, on which the pair points the other way than on all: no extreme resemblance."""
    rng = np.random.default_rng(5)
    places = np.flatnonzero(IN_SET)
    few = places[:12]
    disease = 3 * rng.standard_normal(N_GENES)
    drug = disease.copy()
    drug[few] *= -1
    others = pd.DataFrame(3 * rng.standard_normal((20, 12)), columns=[GENES[place] for place in few])
    comparators = gather_comparators({}, others, GENES)
    placed = place_among(FrozenProfile("drug", drug, np.mean(drug**2)), disease, IN_SET, comparators, spread=SPREAD)
    assert (placed.n, placed.n_genes, placed.percentile) == (20, 12, 0.0)
    drug[few] *= -1
    assert (
        place_among(
            FrozenProfile("drug", drug, np.mean(drug**2)), disease, IN_SET, comparators, spread=SPREAD
        ).percentile
        == 100.0
    )
