"""One set in one study: which genes are lost and counted, both tests, places, caps; and the platelet count of 408,112 people."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from sidemine.errors import InputError
from sidemine.lines.evidence import Size, judged
from sidemine.lines.genetics.config import LAYER
from sidemine.lines.genetics.gene_results import Neighbours
from sidemine.lines.genetics.measure import GeneResults, bounded, measure_genetics, prepare_genes
from sidemine.lines.genetics.panel import genetics_panel
from sidemine.lines.genetics.reading import read_results, read_window
from sidemine.lines.genetics.snps import acat
from sidemine.lines.specification import DeclaredLine
from sidemine.prepare.gene_table import GeneTable, read_gene_table
from sidemine.study.projections import GeneTableToRead

N = 1500
SYMBOLS = [f"G{i}" for i in range(N)]
TABLE = GeneTable(
    pd.DataFrame(
        {"entrez": [str(i + 1) for i in range(N)], "ensembl": [""] * N},
        index=pd.Index(SYMBOLS, dtype=object),
        dtype=object,
    ),
    [("OLD1", "G1")],
    [],
)


def results(rng: np.random.Generator, **changes: object) -> GeneResults:
    place = np.arange(N)
    size = np.exp(rng.normal(4, 1, N)).round() + 2
    frame = pd.DataFrame(
        {
            "gene": [str(i + 1) for i in range(N)],
            "symbol": "",
            "chromosome": place // 100 + 1,
            "start": place * 100_000 + 1,
            "stop": place * 100_000 + 50_000,
            "n_snps": size * 3,
            "n_param": size,
            "n": 1000.0,
            "mac": np.nan,
            "z": rng.normal(size=N) + 0.3 * np.log(size),
            "p": np.nan,
        }
    )
    return GeneResults(frame.assign(**changes))


def sets(**genes: list[str]) -> pd.DataFrame:
    rows = [
        (name, "comparator" if name.startswith("C") else "target", gene)
        for name, group in genes.items()
        for gene in group
    ]
    return pd.DataFrame(rows, columns=["gene_set", "family", "gene"])


def test_lost_genes_are_counted_each_for_its_reason() -> None:
    rng = np.random.default_rng(1)
    found = results(rng)
    frame = found.genes
    frame["gene"] = frame["gene"].astype(object)
    frame.loc[0, "gene"] = "999999"
    frame.loc[1, "chromosome"] = 0
    frame.loc[2, ["z", "p"]] = np.nan
    frame.loc[3, "gene"], frame.loc[3, "n_snps"] = "5", 1e6  # the same gene as row 4, with more SNPs
    frame.loc[5, "z"], frame.loc[5, "p"] = np.nan, 0.0
    prepared = prepare_genes(found, TABLE, frozenset(SYMBOLS[:-10]))
    assert {count.what: count.n for count in found.counts} == {
        "genes read": N,
        "p-values of genes below 1e-300 taken as that": 1,
        "genes without a p-value dropped": 1,
        "genes without a known position dropped": 1,
        "genes without an approved symbol dropped": 1,
        "genes outside of the declared universe dropped": 10,
        "genes whose symbol another one has dropped": 1,
        "genes whose z was bounded to 3 SD below or 6 above the mean": int((prepared.z != prepared.genes["z"]).sum()),
    }
    assert len(prepared.genes) == N - 14
    assert prepared.genes["gene"].iloc[0] == "G4"
    assert prepared.genes["n_snps"].iloc[0] == 1e6
    assert prepared.names == ["gene size", "log gene size", "gene density"]


def test_several_rows_of_a_gene_are_refused_where_their_order_would_decide() -> None:
    """Tables come sorted by p, so the first row of a gene is the one with its smallest p."""
    frame = results(np.random.default_rng(1), n_snps=np.nan, n_param=np.nan).genes
    again = frame.iloc[7 : 7 + N // 10].assign(z=3.0)
    stacked = GeneResults(pd.concat([again, frame], ignore_index=True), where="twas.tsv")
    with pytest.raises(
        InputError, match=r"150 genes stand in several rows[\s\S]*twas.tsv: G7 in rows 1, 158 below"
    ) as told:
        prepare_genes(stacked, TABLE, None)
    assert "z = 3, " in str(told.value)
    with pytest.raises(InputError, match="the order of the rows would decide"):
        prepare_genes(GeneResults(stacked.genes.assign(n_snps=12.0)), TABLE, None)
    # Numbers of SNPs tell which one counts, whatever the order; rows that are the same are one.
    for rows in (stacked.genes.assign(n_snps=[*[9.0] * 150, *[12.0] * N]), pd.concat([frame.iloc[[7]], frame])):
        for ordered in (rows, rows.iloc[::-1]):
            prepared = prepare_genes(GeneResults(ordered.reset_index(drop=True)), TABLE, None)
            np.testing.assert_array_equal(prepared.genes["z"], frame["z"])


def test_the_p_values_of_a_few_genes_with_several_rows_are_joined_whatever_the_order() -> None:
    frame = results(np.random.default_rng(1), n_snps=np.nan, n_param=np.nan).genes
    again = frame.iloc[[7, 9, 9]].assign(z=[3.0, 4.0, 0.0], n=[5.0, 6.0, 7.0])
    for rows in (pd.concat([again, frame]), pd.concat([frame, again.iloc[::-1]])):
        found = GeneResults(rows.reset_index(drop=True))
        prepared = prepare_genes(found, TABLE, None)
        expected = frame["z"].to_numpy(copy=True)
        for gene, z in ((7, [3.0, frame["z"][7]]), (9, [4.0, 0.0, frame["z"][9]])):
            expected[gene] = norm.isf(acat(norm.sf(z)))
        assert prepared.genes["gene"].tolist() == SYMBOLS
        np.testing.assert_allclose(prepared.genes["z"], expected, atol=1e-12)
        told = {count.what: count.n for count in found.counts}
        assert told["genes of several rows whose p-values were joined (ACAT)"] == 2
    neighbours = [Neighbours([*frame["gene"]], np.eye(N))]
    with pytest.raises(InputError, match="2 genes stand in several rows"):
        prepare_genes(GeneResults(pd.concat([again, frame], ignore_index=True), neighbours), TABLE, None)


@pytest.mark.parametrize(("n_rows", "correlation"), [(2, 0.8), (8, 0.5), (8, 0.0)])
def test_joined_p_values_of_no_association_have_mean_0(n_rows: int, correlation: float) -> None:
    """A set whose genes have several rows each stands no higher than others: its mean is what is compared."""
    rng = np.random.default_rng(n_rows)
    shared = rng.normal(size=(20_000, 1))
    z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * rng.normal(size=(20_000, n_rows))
    joined = norm.isf([acat(p) for p in norm.sf(z)])
    assert abs(joined.mean()) < 3 / np.sqrt(20_000)


def test_a_p_printed_as_0_or_1_is_half_of_the_last_digit() -> None:
    """0.00 is below .005, not 1e-300: of 1,500 genes without any association seven are printed so."""
    p_values = np.round(norm.sf(np.random.default_rng(5).normal(size=N)), 2)
    assert {0.0, 1.0} < set(p_values)
    found = results(np.random.default_rng(1), z=np.nan, p=p_values)
    prepared = prepare_genes(found, TABLE, None)
    np.testing.assert_allclose(prepared.genes["z"], norm.isf(np.clip(p_values, 0.005, 0.995)), atol=1e-9)
    told = {count.what: count.n for count in found.counts}
    assert told["p-values of genes below 0.005 taken as that"] == (p_values == 0).sum()
    assert told["p-values of genes of 1 taken as 0.995"] == (p_values == 1).sum()


def test_of_two_names_of_a_gene_the_longer_counts_whatever_the_order() -> None:
    frame = results(np.random.default_rng(1), n_snps=np.nan, n_param=np.nan).genes
    alias = frame.iloc[[1]].assign(gene="OLD1", stop=lambda rows: rows["stop"] - 9, z=5.0)
    for rows in (pd.concat([alias, frame]), pd.concat([frame, alias])):
        prepared = prepare_genes(GeneResults(rows.reset_index(drop=True)), TABLE, None)
        np.testing.assert_array_equal(prepared.genes["z"], frame["z"])


def test_a_list_of_associated_genes_is_described_and_not_tested() -> None:
    """Within a list the set would be compared with other associated genes alone."""
    rng = np.random.default_rng(4)
    found = results(rng)
    found.genes["z"] = np.abs(found.genes["z"]) + 1.3
    measured, details, _ = measure_genetics("g", "T", found, prepare_genes(found, TABLE, None), sets(T=SYMBOLS[:50]), 7)
    assert (measured.instead, measured.p_declared, measured.n_measured) == ("described", None, 50)
    assert measured.reason.startswith("The table was cut (its largest p is 0.0")
    assert "50 of 50 genes of the set are among the 1,500 genes that it lists" in measured.reason
    row = judged(ROW, LAYER, measured, Size(0.05, 0.06))
    assert row.call == "described"
    assert genetics_panel(row, details).facts[0] == measured.reason


def test_numbers_of_people_are_a_covariate_where_they_vary() -> None:
    rng = np.random.default_rng(1)
    varying = results(rng, n=rng.integers(100, 1000, N).astype(float))
    assert prepare_genes(varying, TABLE, None).names[-2:] == ["number of people", "log number of people"]
    without = results(rng, n_snps=np.nan, n_param=np.nan, n=np.nan)
    assert prepare_genes(without, TABLE, None).names == []  # all of one length
    assert "length" in without.notes[0]


def test_z_is_bounded() -> None:
    z = np.array([0.0] * 98 + [-50, 50])
    assert bounded(z).min() == pytest.approx(-3 * z.std())
    assert bounded(z).max() == pytest.approx(6 * z.std())
    assert len(bounded(np.zeros(0))) == 0


def test_a_planted_set_is_found_by_both_tests_and_a_null_set_is_not() -> None:
    rng = np.random.default_rng(3)
    found = results(rng)
    links = rng.uniform(0.1, 0.6, N)
    blocks = []
    for chromosome in range(15):
        rows = slice(chromosome * 100, chromosome * 100 + 100)
        log = np.cumsum(np.log(links[rows]))
        matrix = np.exp(-np.abs(log[:, None] - log[None, :]))
        found.genes.loc[found.genes.index[rows], "z"] += np.linalg.cholesky(matrix) @ rng.normal(size=100)
        blocks.append(Neighbours(found.genes["gene"].iloc[rows].tolist(), matrix))
    planted = rng.choice(N, 60, replace=False)
    found.genes.loc[planted, "z"] += 1.5
    null = [f"G{i}" for i in rng.choice(N, 60, replace=False)]
    table = sets(T=[f"G{i}" for i in planted], C1=null, C2=SYMBOLS[200:240])
    for neighbours, test in ((None, "rotation"), (blocks[::-1], "genes_raw")):
        found.neighbours, found.counts = neighbours, []
        prepared = prepare_genes(found, TABLE, None)
        measured, details, word = measure_genetics("g", "T", found, prepared, table, 7)
        assert word == details.test == test
        assert measured.p_declared is not None
        assert measured.p_declared < 0.01
        assert measured.ci_low is not None
        assert measured.ci_low > 0
        assert details.matched_percentile == 100
        assert (details.comparator_rank, details.n_comparators) == (1, 2)
        assert details.p_without_top_locus is not None
        assert details.p_without_top_locus < 0.05
        assert measured.cap == ""
        assert len(details.genes) == measured.n_measured == 60
        assert details.rotations == N
        other, _, _ = measure_genetics("g", "C1", found, prepared, table, 7)
        assert other.p_declared is not None
        assert other.p_declared > 0.05
    if prepared.blocks is None:
        pytest.fail("the second round has correlations")
    np.testing.assert_allclose(prepared.blocks[3], blocks[3].correlation)


def test_a_set_that_one_locus_carries_is_capped() -> None:
    rng = np.random.default_rng(5)
    found = results(rng)
    array, rest = np.arange(310, 330), rng.choice(np.arange(500, N), 40, replace=False)
    found.genes.loc[array, "z"] += 5
    table = sets(T=[f"G{i}" for i in [*array, *rest]])
    measured, details, _ = measure_genetics("g", "T", found, prepare_genes(found, TABLE, None), table, 7)
    assert measured.p_declared is not None
    assert measured.p_declared <= 0.05
    assert details.top_locus == [f"G{i}" for i in array]
    assert details.p_without_top_locus is not None
    assert details.p_without_top_locus > 0.05
    assert (details.p_top_locus_held_back or 0) > 0.05
    assert measured.cap.startswith("one locus carries it (G310, G311, G312, G313 …)")


def test_a_set_of_which_every_locus_is_associated_is_not_carried_by_the_largest() -> None:
    """The largest of 20 loci is large by selection: without it the call is often lost; held back to the third, it seldom is."""
    lost = capped = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        found = results(rng)
        chosen = rng.choice(np.arange(0, N, 12), 20, replace=False)
        found.genes.loc[chosen, "z"] += 0.5
        table = sets(T=[f"G{i}" for i in chosen])
        measured, details, _ = measure_genetics("g", "T", found, prepare_genes(found, TABLE, None), table, 7)
        if (measured.p_declared or 1) <= 0.05 < (details.p_without_top_locus or 0):
            lost += 1
            capped += bool(measured.cap)
    assert 2 * capped <= lost
    assert lost > 1


def test_correlations_that_are_none_are_told() -> None:
    found = results(np.random.default_rng(1))
    found.neighbours = [Neighbours(found.genes["gene"].tolist()[:100], np.full((100, 100), 5.0))]
    found.neighbours += [
        Neighbours(found.genes["gene"].tolist()[start : start + 100], np.eye(100)) for start in range(100, N, 100)
    ]
    prepared = prepare_genes(found, TABLE, None)
    with pytest.raises(InputError, match="no correlations"):
        measure_genetics("g", "T", found, prepared, sets(T=SYMBOLS[::20]), 7)


@pytest.mark.parametrize("few", ["of the set", "of the genome"])
def test_too_few_genes_are_not_tested(few: str) -> None:
    found = results(np.random.default_rng(1))
    if few == "of the genome":
        found.genes = found.genes.iloc[:900]
    genes = SYMBOLS[:4] if few == "of the set" else SYMBOLS[:50]
    measured, details, _ = measure_genetics("g", "T", found, prepare_genes(found, TABLE, None), sets(T=genes), 7)
    assert measured.p_declared is None
    assert measured.reason.startswith("Not testable: ")
    row = judged(ROW, LAYER, measured, Size(0.05, 0.06))
    assert row.call == "not testable"
    assert genetics_panel(row, details).chart is None


ROW = DeclaredLine(
    line="g", layer="genetics", format="magma_genes_out", columns={}, set="T", direction="associated", status="verified"
)


def test_the_panel_draws_every_gene_of_the_set() -> None:
    rng = np.random.default_rng(3)
    found = results(rng)
    measured, details, _ = measure_genetics(
        "g", "T", found, prepare_genes(found, TABLE, None), sets(T=SYMBOLS[::30]), 7
    )
    panel = genetics_panel(judged(ROW, LAYER, measured, Size(0.05, 0.06)), details)
    assert panel.chart is not None
    drawn = panel.chart["layer"][3]["data"]["values"]
    assert sorted(one["gene"] for one in drawn) == sorted(SYMBOLS[::30])
    named = panel.chart["layer"][4]["data"]["values"]
    assert len(named) > 2
    assert named[0]["gene"] == details.genes[0].gene
    width = panel.chart["layer"][0]["encoding"]["x"]["scale"]["domain"][1]
    height = max(one["z"] for one in drawn) - min(one["z"] for one in drawn)
    for one, other in combinations(named, 2):  # no name lies over another
        assert abs(one["x"] - other["x"]) > 0.2 * width or abs(one["z"] - other["z"]) > 0.08 * height
    assert panel.table is not None
    assert len(panel.table.rows) == 15
    assert any("What was read: genes read: 1,500" in fact for fact in panel.facts)
    assert "linkage disequilibrium" in panel.caption


def test_genes_of_one_size_have_no_slope_on_size() -> None:
    """Rounding of a constant gave a slope of −2 × 10¹⁴."""
    found = results(np.random.default_rng(3), n_snps=6.0, n_param=np.nan)
    measured, details, _ = measure_genetics(
        "g", "T", found, prepare_genes(found, TABLE, None), sets(T=SYMBOLS[::30]), 7
    )
    assert details.gene_size_beta is None
    facts = genetics_panel(judged(ROW, LAYER, measured, Size(0.05, 0.06)), details).facts
    assert any(fact.endswith("; all genes are of one size.") for fact in facts)


def test_windows() -> None:
    row = ROW.model_copy(update={"columns": {"window_kb": "50/5"}})
    assert read_window(row) == (50_000, 5_000)
    assert read_window(ROW) == (35_000, 10_000)
    for wrong in ("50-5", "2000", "x"):
        with pytest.raises(InputError, match="no window around genes"):
            read_window(ROW.model_copy(update={"columns": {"window_kb": wrong}}))


@pytest.mark.real_files
def test_platelet_count(real_files: Path) -> None:
    import gzip

    data = real_files / "data"
    table = read_gene_table(
        data / "genes" / "grch38_genes.tsv.gz", GeneTableToRead(key="x", format="ensembl", version="")
    )
    with gzip.open(data / "genesets" / "c2.cp.kegg.v7.5.1.symbols.gmt.gz", "rt") as stream:
        lines = stream.read().splitlines()
    hallmark = real_files / "mirror/data.broadinstitute.org/gsea-msigdb/msigdb/release/7.0/h.all.v7.0.symbols.gmt"
    lines += hallmark.read_text().splitlines()
    wanted = ("HALLMARK_HEME_METABOLISM", "KEGG_HEMATOPOIETIC_CELL_LINEAGE", "KEGG_JAK_STAT_SIGNALING_PATHWAY",
              "KEGG_OLFACTORY_TRANSDUCTION")  # fmt: skip
    members = {line.split("\t")[0]: line.split("\t")[2:] for line in lines}
    gene_sets = sets(**{
        name: [one.symbol for one in table.resolve_symbols(members[name]) if one.symbol] for name in wanted
    })  # fmt: skip
    found = read_results(ROW, {"file": data / "gwas" / "Vuckovic2020.plt.tsv.gz.genes.out.gz"})
    prepared = prepare_genes(found, table, None)
    assert found.counts[0].n == 18157
    assert len(prepared.genes) > 17_000
    p = {}
    for name in wanted:
        measured, details, _ = measure_genetics("plt", name, found, prepared, gene_sets, 1)
        p[name] = measured.p_declared
        assert details.gene_size_beta is not None
        assert details.gene_size_beta > 0.05
    heme, lineage, jak, olfactory = (p[name] for name in wanted)
    assert heme <= 0.002
    assert lineage <= 0.05
    assert 0.1 < jak < 0.3
    assert olfactory > 0.98


def test_a_set_within_one_locus_is_capped_and_the_whole_universe_says_why_not() -> None:
    """Without its only locus nothing is left of the set: that locus carries it."""
    rng = np.random.default_rng(3)
    found = results(rng)
    found.genes.loc[:19, "z"] += 3.0
    prepared = prepare_genes(found, TABLE, None)
    chosen = sets(T=SYMBOLS[:20], ALL=SYMBOLS)
    measured, details, _ = measure_genetics("g", "T", found, prepared, chosen, 1)
    assert (details.n_loci, details.p_without_top_locus) == (1, None)
    assert measured.cap.startswith("one locus carries it")
    assert "20 genes at 1 locus are more associated" in measured.reason
    measured, _, _ = measure_genetics("g", "ALL", found, prepared, chosen, 1)
    assert measured.p_declared is None
    assert measured.reason.endswith("at least 5 of at least 1,000 are needed, and 500 others.")
