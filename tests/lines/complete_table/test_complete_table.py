"""A table without samples: tested within its own genes, with a borrowed correlation; described where it was cut."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sidemine.differential.gene_statistics import TableColumns
from sidemine.enrichment.preranked_camera import MIN_CORRELATION, Reference, members_by_value, reference_correlations
from sidemine.errors import InputError
from sidemine.lines.complete_table.config import PROTEIN
from sidemine.lines.complete_table.measure import TableToTest, bound_deviates, measure_table
from sidemine.lines.complete_table.panel import table_panel
from sidemine.lines.complete_table.reader import read_reference, read_rows
from sidemine.lines.complete_table.record import TableDetails
from sidemine.lines.complete_table.rows import TableRows, genes_of_rows
from sidemine.lines.evidence import Measured, Size, judged
from sidemine.lines.gene_list import read_gene_list
from sidemine.lines.specification import DeclaredLine
from sidemine.prepare.gene_table import GeneTable, read_gene_table
from sidemine.simulate.gene_tables import write_gene_tables
from sidemine.simulate.genes import make_universe
from sidemine.simulate.geo_files import write_gene_table
from sidemine.stats.multiplicity import benjamini_hochberg
from sidemine.study.projections import GeneTableToRead

N = 300
GENES = [f"GENE{n:03d}" for n in range(N)]
ACCESSIONS = [f"P{n:05d}" for n in range(N)]
TABLE = GeneTable(
    pd.DataFrame({"entrez": [""] * N, "ensembl": [""] * N}, index=pd.Index(GENES, name="gene")),
    [("OLD", "GENE000")],
    [],
    uniprot_ids=[*zip(ACCESSIONS, GENES, strict=True), ("Q00001", "GENE007"), ("Q00001", "GENE008")],
)
SETS = pd.DataFrame(
    [("SHIFTED", gene) for gene in [*GENES[:20], "ABSENT1", "ABSENT2"]]
    + [("FLAT", gene) for gene in GENES[100:130]]
    + [("TINY", gene) for gene in GENES[:4]]
    + [("HALF", gene) for gene in [*GENES[40:46], *(f"ABSENT{n}" for n in range(20))]],
    columns=["gene_set", "gene"],
).assign(family="pathway", version="1", weight=1.0)
RNG = np.random.default_rng(11)
RESIDUALS = RNG.normal(size=(N, 80))
RESIDUALS[:20] += 0.8 * RNG.normal(size=80)
REFERENCE = Reference("contrast a (82 samples)", GENES, RESIDUALS)
Z = RNG.normal(size=N) + np.where(np.arange(N) < 20, 1.8, 0.0)


def declared(gene_set: str = "SHIFTED", direction: str = "up", form: str = "table", **columns: str) -> DeclaredLine:
    """A row of `lines.tsv`."""
    return DeclaredLine(
        line="p1", layer="protein", format=form, columns=columns, set=gene_set, direction=direction, status="verified"
    )


def to_test(columns: TableColumns, genes: list[str] = GENES, **more: object) -> TableToTest:
    """A table with a reference."""
    rows = TableRows("table.tsv", genes, None, columns)
    return replace(TableToTest(rows, None, SETS, TABLE, [REFERENCE]), **more)


def full_table(z: np.ndarray = Z) -> TableColumns:
    """What a table of results holds."""
    p = 2 * stats.norm.sf(np.abs(z))
    return TableColumns(effect=z / 4, se=np.full(len(z), 0.25), p_value=p, adjusted_p=benjamini_hochberg(p))


def measure(row: DeclaredLine, table: TableToTest) -> tuple[Measured, TableDetails]:
    """Measure, and hold that the row can be judged."""
    measured, details = measure_table(row, table)
    judged(row, PROTEIN, measured, Size(0.03, 0.1))
    return measured, details


def test_a_planted_shift_is_found_and_the_correlation_is_that_of_the_reference() -> None:
    """With a set correlation of about .39 the shift of 1.8 is still seen; a flat set is not."""
    measured, details = measure(declared(), to_test(full_table()))
    expected = np.corrcoef(RESIDUALS[:20])[np.triu_indices(20, 1)].mean()
    assert details.correlation == pytest.approx(expected, abs=0.02)
    assert details.correlation_used == details.correlation > MIN_CORRELATION
    assert (measured.universe_n, measured.n_in_set, measured.n_measured) == (N, 22, 20)
    assert measured.p_declared == pytest.approx((measured.p_value or 0) / 2)
    assert 0 < (measured.p_declared or 1) < 0.05
    assert judged(declared(), PROTEIN, measured, Size(0.03, 0.1)).call == "in favour"
    assert (details.p_simes or 1) < 0.01
    opposite, _ = measure(declared(direction="down"), to_test(full_table()))
    assert opposite.p_declared == pytest.approx(1 - (measured.p_declared or 0))
    flat, details = measure(declared("FLAT"), to_test(full_table()))
    assert details.correlation_used == MIN_CORRELATION > (details.correlation or 0)
    assert (flat.p_value or 0) > 0.05


INDEPENDENT = Reference("other", GENES, np.random.default_rng(5).normal(size=(N, 300)))


def with_one_gene(of_one: float, of_others: float = 0.0) -> np.ndarray:
    """Deviates of a table of which one gene of the set SHIFTED has `of_one`, and its others lie `of_others` higher."""
    z = stats.norm.ppf((np.random.default_rng(8).permutation(N) + 0.5) / N)
    z[:20] = stats.norm.ppf((np.arange(20) + 0.5) / 20) + of_others
    z[3] = of_one
    return z


def test_a_set_that_is_called_for_one_gene_is_capped() -> None:
    """Bounded at 6 SD a single gene can still make p small; not where the others are higher, too."""
    row, other = declared(direction="up"), declared(direction="down")
    table = to_test(full_table(with_one_gene(14, 0.2)), references=[INDEPENDENT])
    measured, details = measure(row, table)
    assert (measured.p_declared or 1) <= 0.05 < (details.p_held_back or 0)
    assert details.leading == ["GENE003", "GENE019"]
    assert measured.cap == "one or two proteins carry it (GENE003 and GENE019)"
    against, _ = measure(other, table)
    assert (against.cap, judged(other, PROTEIN, against, Size(0.03)).call) == (measured.cap, "against")
    lower, details = measure(row, to_test(full_table(-with_one_gene(14, 0.2)), references=[INDEPENDENT]))
    assert (details.leading, lower.cap) == (["GENE003", "GENE019"], measured.cap)
    of_genes, _ = measure_table(row.model_copy(update={"layer": "mrna_table"}), table)
    assert of_genes.cap == "one or two genes carry it (GENE003 and GENE019)"
    shifted, details = measure(row, to_test(full_table(with_one_gene(4, 1.5)), references=[INDEPENDENT]))
    assert (shifted.p_declared or 1) < 0.001
    assert ((details.p_held_back or 1) <= 0.05, shifted.cap) == (True, "")
    panel = table_panel(judged(row, PROTEIN, measured, Size(0.03, 0.1)), measure(row, table)[1])
    assert any(
        fact.startswith("If GENE003 and GENE019, which add most to the effect, added no more than the third: p")
        for fact in panel.facts
    )


def test_a_set_that_is_shifted_as_a_whole_is_not_carried_by_its_largest_genes() -> None:
    """Left out, the largest of 20 takes the call away, although it holds a fifth of the effect, as the largest of any 20 does."""
    row = declared(direction="up")
    for shift in (0.54, 0.56):
        z = with_one_gene(0, shift)
        z[3] = stats.norm.ppf(3.5 / 20) + shift
        measured, details = measure(row, to_test(full_table(z), references=[INDEPENDENT]))
        assert (measured.p_declared or 1) < (details.p_held_back or 0) <= 0.05
        assert measured.cap == ""


def test_two_genes_that_carry_a_set_are_told() -> None:
    """Without the larger one the other still made it."""
    z = with_one_gene(7)
    z[4] = 7
    measured, details = measure(declared(direction="up"), to_test(full_table(z), references=[INDEPENDENT]))
    assert (measured.p_declared or 1) <= 0.05 < (details.p_held_back or 0)
    assert measured.cap == "one or two proteins carry it (GENE003 and GENE004)"


def test_p_printed_as_zero_neither_makes_the_sign_nor_the_spread_of_a_set() -> None:
    """One gene down beside 19 that are up, p to three decimals; and a shifted set beside others of which a tenth has p = 0.000."""
    columns = full_table(with_one_gene(-4.5, 1.2))
    rounded = TableColumns(effect=columns.effect, p_value=columns.p_value.round(3))
    assert (rounded.p_value == 0).any()
    measured, _ = measure(declared(), to_test(rounded, references=[INDEPENDENT]))
    whole, _ = measure(declared(), to_test(columns, references=[INDEPENDENT]))
    assert (measured.effect or 0) == pytest.approx(whole.effect, abs=0.1)
    z = with_one_gene(1, 1.2)
    z[40:70] = np.tile([5.0, -5.0], 15)
    columns = full_table(z)
    rounded = TableColumns(effect=columns.effect, p_value=columns.p_value.round(3))
    measured, _ = measure(declared(), to_test(rounded, references=[INDEPENDENT]))
    assert (measured.p_declared or 1) < 0.05


def test_deviates_are_bounded_in_the_spread_of_the_table() -> None:
    """6 SD of the quartiles: a table in which most genes differ keeps its large ones."""
    z = with_one_gene(20)
    np.testing.assert_array_equal(np.delete(bound_deviates(z), 3), np.delete(z, 3))
    assert bound_deviates(z)[3] == pytest.approx(6, abs=0.2)
    np.testing.assert_array_equal(bound_deviates(4 * with_one_gene(5)), 4 * with_one_gene(5))
    _, details = measure(declared(), to_test(full_table(z)))
    assert "Values more than 6 SD from the median: 1; bounded there in the test." in details.notes


def test_a_correlated_set_needs_a_larger_shift_than_an_uncorrelated_one() -> None:
    independent = Reference("other", GENES, RNG.normal(size=(N, 80)))
    strict, _ = measure(declared(), to_test(full_table()))
    lax, _ = measure(declared(), to_test(full_table(), references=[independent]))
    assert (strict.p_value or 0) > 5 * (lax.p_value or 0)
    assert strict.effect == lax.effect


def test_references_are_averaged_by_their_degrees_of_freedom() -> None:
    """Over the genes that table and reference share; a set of which no reference knows two genes has none."""
    none = Reference("other", GENES[:19], np.random.default_rng(1).normal(size=(19, 20)))
    both = reference_correlations([REFERENCE, none], SETS, GENES)["SHIFTED"]
    one, other = (reference_correlations([part], SETS, GENES)["SHIFTED"] for part in (REFERENCE, none))
    assert both == pytest.approx((80 * one + 20 * other) / 100)
    assert reference_correlations([none], SETS, GENES[:1]) == {}


def in_one_group(n: int) -> list[str]:
    """The names of a table whose first n genes are one group of proteins: one row for all of them."""
    return [";".join(GENES[:n]), *GENES[n:]]


def test_a_group_of_proteins_counts_once_in_its_set() -> None:
    """The same test as of a table that holds one of its genes alone; the genes are told beside the values."""
    independent = Reference("other", GENES, np.random.default_rng(5).normal(size=(N, 300)))
    grouped, details = measure(declared(), to_test(full_table(Z[7:]), in_one_group(8), references=[independent]))
    single, _ = measure(declared(), to_test(full_table(Z[7:]), GENES[7:], references=[independent]))
    assert details.correlation_used == MIN_CORRELATION
    assert (grouped.universe_n, grouped.n_measured) == (single.universe_n, single.n_measured) == (N - 7, 13)
    assert (grouped.effect, grouped.p_value) == pytest.approx((single.effect, single.p_value))
    assert grouped.reason.startswith("20 of 22 genes of the set are measured, in 13 values: ")
    assert "genes or groups of genes" in grouped.null_used
    assert [member.gene for member in details.members].count(";".join(GENES[:8])) == 1
    few, _ = measure(declared("SHIFTED"), to_test(full_table(Z[16:]), in_one_group(17), references=[independent]))
    assert few.reason == "20 of 22 genes of the set are measured, in 4 values, fewer than 5."


def test_no_value_and_no_gene_counts_more_than_once_in_a_set() -> None:
    """A stands alone and in a group, B and C in that group alone, D lies outside of the set; genes of both signs cancel."""
    groups = [("A",), ("A", "B", "C", "D"), ("D",), ("E", "F")]
    rows = [("A", 1.0), ("B", 1.0), ("C", 1.0), ("E", 1.0), ("F", -1.0)]
    members = pd.DataFrame(rows, columns=["gene", "weight"]).assign(gene_set="S", family="x", version="1")
    by_value, by_gene = members_by_value(members, groups)
    assert dict(zip(by_value["gene"], by_value["weight"], strict=True)) == pytest.approx({"A": 0.5, "A;B;C;D": 1.0})
    weights = dict(zip(by_gene["gene"], by_gene["weight"], strict=True))
    assert weights == pytest.approx({"A": 0.7, "B": 0.4, "C": 0.4, "E": 0.5, "F": -0.5})
    plain, alone = members_by_value(members, [(gene,) for gene in "ABCDEF"])
    for found in (plain, alone):
        assert found[["gene", "weight"]].to_numpy().tolist() == [[gene, weight] for gene, weight in rows]


def test_without_an_effect_a_set_with_a_group_is_called_no_more_often() -> None:
    """20 genes, 8 of them one row: called in 17 % of tables where that row counted eight times."""
    independent = Reference("other", GENES, np.random.default_rng(5).normal(size=(N, 300)))
    called = 0
    for seed in range(200):
        z = np.random.default_rng([seed, 8]).normal(size=N - 7)
        measured, _ = measure_table(declared(), to_test(TableColumns(z=z), in_one_group(8), references=[independent]))
        called += (measured.p_value or 0) <= 0.05
    assert called <= 14


def test_a_list_counts_a_group_once_within_its_universe(tmp_path: Path) -> None:
    """Twenty listed genes in 13 values: hypergeometric over values and over the genes that are not listed."""
    (tmp_path / "universe.txt").write_text("\n".join(GENES))
    universe = read_gene_list(tmp_path / "universe.txt", TABLE)[0]
    names = in_one_group(8)[:33]
    effect = np.where(np.arange(33) < 13, 2.0, -2.0)
    table = to_test(TableColumns(effect=effect, p_value=np.full(33, 0.001)), names, universe=universe)
    measured, details = measure(declared(), table)
    up = next(one for one in details.listed if one.direction == "up")
    assert (up.listed, up.hits) == (13, 13)
    assert up.p_value == pytest.approx(stats.hypergeom.sf(12, N - 7, 13, 13))
    assert (measured.universe_n, measured.n_measured) == (N - 7, 13)


@pytest.mark.parametrize(
    ("row", "more", "words"),
    [
        (declared("TINY"), {}, "4 of 4 genes of the set are measured, fewer than 5"),
        (declared(), {"references": []}, "tells how the genes of the set correlate"),
        (declared(), {"references": [Reference("x", ["GENE000"], np.ones((1, 3)))]}, "tells how the genes"),
    ],
)
def test_what_cannot_be_tested_says_why(row: DeclaredLine, more: dict[str, object], words: str) -> None:
    measured, _ = measure(row, to_test(full_table(), **more))
    assert words in measured.reason
    evidence = judged(row, PROTEIN, measured, Size(0.03, 0.1))
    assert (evidence.call, evidence.p_declared) == ("not testable", None)


def test_a_set_of_which_most_genes_are_not_measured_weighs_less() -> None:
    measured, _ = measure(declared("HALF"), to_test(full_table()))
    assert "the table measures 6 of 26 genes of the set" in measured.downgrades


def test_a_table_that_was_cut_is_described_within_its_universe_and_never_tested(tmp_path: Path) -> None:
    """The hypergeometric p stands in the details, not in the row."""
    full = full_table()
    listed = full.adjusted_p <= 0.05
    columns = TableColumns(effect=full.effect[listed], p_value=full.p_value[listed], adjusted_p=full.adjusted_p[listed])
    names = [gene for gene, kept in zip(GENES, listed, strict=True) if kept]
    (tmp_path / "universe.txt").write_text("# measured\n" + "\n".join(GENES))
    for universe in (None, read_gene_list(tmp_path / "universe.txt", TABLE)[0]):
        measured, details = measure(declared(), to_test(columns, names, universe=universe))
        assert (measured.instead, measured.p_value, measured.p_declared) == ("described", None, None)
        assert "its largest adjusted p is" in details.threshold
        up = next(one for one in details.listed if one.direction == "up")
        hits = sum(gene in GENES[:20] for gene in names)
        assert up.hits == hits >= 2
        n_up = int((full.effect[listed] > 0).sum())
        assert up.p_value == (None if universe is None else pytest.approx(stats.hypergeom.sf(hits - 1, N, 20, n_up)))
        assert measured.universe_n == (len(names) if universe is None else N)


def test_a_table_with_fewer_genes_than_were_measured_was_cut(tmp_path: Path) -> None:
    (tmp_path / "universe.txt").write_text("\n".join(ACCESSIONS))
    columns = TableColumns(z=Z[:200])
    measured, details = measure(
        declared(), to_test(columns, GENES[:200], universe=read_gene_list(tmp_path / "universe.txt", TABLE)[0])
    )
    assert measured.instead == "described"
    assert details.threshold == "it holds 200 of the 300 genes that were measured"


def test_accessions_decide_and_symbols_serve_where_they_fail() -> None:
    """A complex has two genes; an unknown accession its symbol; an ambiguous one is lost, and counted by reason."""
    rows = TableRows(
        "t",
        ["GENE000", "x", "GENE002", "GENE050", "nothing", "GENE007"],
        ["P00000-2", "P00003;P00004", "Q99999", "P00051", "Q99998", "Q00001"],
        TableColumns(z=np.arange(6.0) - 3),
    )
    found = genes_of_rows(rows, TABLE)
    assert found.genes == [("GENE000",), ("GENE003", "GENE004"), ("GENE002",), ("GENE051",), (), ("GENE007",)]
    assert (found.compared, found.contradicted) == (2, 1)
    assert "obsolete" in found.reasons[4]
    with pytest.raises(InputError, match="no column of genes is declared"):
        genes_of_rows(replace(rows, symbols=None, accessions=None), TABLE)
    alone = genes_of_rows(replace(rows, symbols=None), TABLE)
    assert alone.reasons[5] == "ambiguous"


@pytest.mark.parametrize(
    ("form", "n", "status", "words"),
    [
        ("olink_target_96", 92, "agrees", "The table has 92 rows; Olink Target 96 has 88 to 96 assays"),
        ("olink_target_96", 300, "contradicts", "Impossible"),
        ("olink_explore_384", 92, "contradicts", "were rows left out?"),
        ("somascan_5k", 300, "contradicts", "Too few for the whole panel"),
    ],
)
def test_the_number_of_assays_is_held_against_the_declared_panel(form: str, n: int, status: str, words: str) -> None:
    z = np.random.default_rng(3).normal(size=n)
    measured, details = measure(declared("FLAT", form=form), to_test(full_table(z), GENES[:n]))
    (check,) = (one for one in details.checks if one.check == "number of assays")
    assert check.status == status
    assert words in check.detail
    assert ("number of assays" in measured.cap) == (status == "contradicts")


def test_symbols_in_place_of_accessions_ratios_and_huge_differences_are_told() -> None:
    rows = TableRows("t", GENES, GENES, TableColumns(effect=20 * Z, se=np.ones(N)))
    _, details = measure(declared(form="olink_target_96"), to_test(TableColumns(), rows=rows))
    told = {check.check: check.status for check in details.checks}
    assert told["form of the accessions"] == "contradicts"
    assert told["range of differences in NPX"] == "contradicts"
    with pytest.raises(InputError, match="no row of the column of effect lies below 0"):
        measure_table(declared(), to_test(TableColumns(effect=np.exp2(Z), p_value=full_table().p_value)))


def test_several_comparisons_in_one_table_are_not_averaged() -> None:
    """Every protein twice; some genes with several probes are another thing."""
    with pytest.raises(InputError, match="300 of 300 names stand in 2 rows each"):
        measure_table(declared(), to_test(TableColumns(z=np.concatenate([Z, Z])), [*GENES, *GENES]))
    measured, _ = measure(declared(), to_test(TableColumns(z=np.concatenate([Z, Z[:200]])), [*GENES, *GENES[:200]]))
    assert measured.p_value is not None


def test_a_reference_that_knows_few_genes_of_the_set_is_told() -> None:
    reference = Reference("small", GENES[:6], RESIDUALS[:6])
    measured, _ = measure(declared(), to_test(full_table(), references=[reference]))
    assert "the correlation is known of 6 of 20 measured genes" in measured.downgrades


def test_files_are_read_by_their_headers(tmp_path: Path) -> None:
    """A table with its p as text is refused with its place; a reference gives residuals of genes that vary."""
    (tmp_path / "t.csv").write_text("Assay,UniProt,NPX diff,pval\nGENE001,P00001,-0.5,0.01\nGENE002,P00002,0.25,NA\n")
    rows = read_rows(tmp_path / "t.csv", {"gene": "Assay", "uniprot": "UniProt", "effect": "NPX diff", "p": "pval"})
    assert (rows.symbols, rows.accessions, rows.n_rows) == (["GENE001", "GENE002"], ["P00001", "P00002"], 2)
    np.testing.assert_array_equal(rows.columns.p_value, [0.01, np.nan])
    with pytest.raises(InputError, match=r"(?s)lacks column 'beta'.*column columns of lines\.tsv"):
        read_rows(tmp_path / "t.csv", {"gene": "Assay", "effect": "beta"})
    values = "\n".join(f"GENE{n:03d}\t" + "\t".join(map(str, RNG.normal(n, 1, 6))) for n in range(8))
    (tmp_path / "r.tsv").write_text(
        "gene\t" + "\t".join(f"s{n}" for n in range(6)) + f"\n{values}\nGENE009" + "\t1.5" * 6
    )
    reference = read_reference(tmp_path / "r.tsv", TABLE)
    assert list(reference.genes) == GENES[:8]
    np.testing.assert_allclose(reference.residuals.mean(axis=1), 0, atol=1e-12)
    (tmp_path / "r.tsv").write_text("gene\ts1\ts2\ts3\ts4\nGENE001\t1\t2\t3\t4\nGENE002\t900\t12\t310\t5\n")
    with pytest.raises(InputError, match=r"no logarithms[^$]*values up to 900"):
        read_reference(tmp_path / "r.tsv", TABLE)


def test_the_panel_shows_the_set_and_its_genes() -> None:
    measured, details = measure(declared(), to_test(full_table()))
    panel = table_panel(judged(declared(), PROTEIN, measured, Size(0.03, 0.1)), details)
    assert panel.chart is not None
    assert len(panel.table.rows) == 20  # type: ignore[union-attr]
    assert any("Correlation within the set" in fact for fact in panel.facts)


def test_the_simulated_tables_of_the_demo_hold_a_planted_and_a_null_set(tmp_path: Path) -> None:
    universe = make_universe(1700, 20260712)
    write_gene_tables(tmp_path, universe, "interferon_response", "negative_control", 20260712)
    write_gene_table(tmp_path / "genes.tsv.gz", universe)
    genes = read_gene_table(tmp_path / "genes.tsv.gz", GeneTableToRead(key="x", format="ensembl", version="1"))
    modules = {"SHIFTED": universe.modules["interferon_response"], "FLAT": universe.modules["negative_control"]}
    sets = pd.DataFrame(
        [(name, gene) for name, members in modules.items() for gene in members], columns=["gene_set", "gene"]
    )
    sets = sets.assign(family="pathway", version="1", weight=1.0)
    residuals = np.random.default_rng(2).normal(size=(1700, 120))
    residuals[universe.rows(modules["SHIFTED"])] += 0.65 * np.random.default_rng(3).normal(size=120)
    reference = Reference("other", universe.symbols, residuals)
    tables = {
        "proteins.tsv": (
            "olink_explore_384",
            {"gene": "Assay", "effect": "estimate", "se": "std.error", "p": "p.value"},
        ),
        "expression.csv": ("table", {"effect": "logFC", "t": "t", "p": "P.Value", "adjusted_p": "adj.P.Val"}),
    }
    for name, (form, columns) in tables.items():
        rows = read_rows(tmp_path / name, columns)
        for gene_set, call in (("SHIFTED", "in favour"), ("FLAT", "undecided")):
            row = declared(gene_set, form=form)
            measured, details = measure(row, TableToTest(rows, None, sets, genes, [reference]))
            assert judged(row, PROTEIN, measured, Size(0.03, 0.1)).call == call
            assert (details.losses, {check.status for check in details.checks[:-1]}) == ({}, {"agrees"})


REAL = Path(os.environ.get("SIDEMINE_REAL_FILES", "/nowhere"))


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real files (SIDEMINE_REAL_FILES)")
def test_a_real_table_of_vemurafenib_and_a_published_list() -> None:
    """The complete table is complete, and its z are those of its t; the VTE lists are seen to be cut."""
    table = read_rows(
        REAL / "data/reference_results/GSE42872_limma_gene_level.csv.gz",
        {"effect": "logFC", "t": "t", "p": "P.Value", "adjusted_p": "adj.P.Val"},
    )
    genes = read_gene_table(
        REAL / "data/genes/grch38_genes.tsv.gz", GeneTableToRead(key="x", format="ensembl", version="1")
    )
    sets = pd.DataFrame(
        [(line.split("\t")[0], gene) for path in REAL.glob("mirror/**/h.all.v7.0.symbols.gmt")
         for line in path.read_text().splitlines() for gene in line.split("\t")[2:]],
        columns=["gene_set", "gene"],
    ).assign(family="pathway", version="7", weight=1.0)  # fmt: skip
    symbols = [found.symbol for found in genes.resolve_symbols(table.symbols or [])]
    reference = Reference(
        "none",
        [s for s in dict.fromkeys(symbols) if s],
        np.random.default_rng(1).normal(size=(len({s for s in symbols if s}), 10)),
    )
    calls = {}
    for name in ("HALLMARK_E2F_TARGETS", "HALLMARK_INTERFERON_ALPHA_RESPONSE", "HALLMARK_IL6_JAK_STAT3_SIGNALING"):
        row = declared(name)
        measured, details = measure(row, TableToTest(table, None, sets, genes, [reference]))
        assert details.threshold == ""
        calls[name] = (np.sign(measured.effect or 0), (measured.p_value or 1) < 0.05)
    assert calls["HALLMARK_E2F_TARGETS"] == (-1, True)
    assert calls["HALLMARK_INTERFERON_ALPHA_RESPONSE"][0] == 1
    assert not calls["HALLMARK_IL6_JAK_STAT3_SIGNALING"][1]
    cut = read_rows(
        REAL / "data/published_tables/GSE19151_degs_1.2_0.05_limma.xlsx",
        {"gene": "Tag", "effect": "logFC", "p": "P.Value", "adjusted_p": "adj.P.Val"},
    )
    measured, details = measure(declared("HALLMARK_HEME_METABOLISM"), TableToTest(cut, None, sets, genes, [reference]))
    assert measured.instead == "described"


def test_one_sided_p_values_and_ratios_are_refused_and_not_described_as_cut() -> None:
    """Their p-values say that the table is whole."""
    p = stats.norm.sf(Z)
    with pytest.raises(InputError, match="the p-values are one-sided"):
        measure(declared(), to_test(TableColumns(effect=Z / 4, p_value=p)))
    with pytest.raises(InputError, match="the p-values are one-sided"):
        measure(declared(), to_test(TableColumns(effect=Z / 4, p_value=1 - p)))
    with pytest.raises(InputError, match="no row of the column of effect lies below 0"):
        measure(declared(), to_test(replace(full_table(), effect=np.exp(Z / 20), se=None)))


def test_signed_fold_changes_of_a_whole_table_are_taken_as_their_logarithms() -> None:
    """1.3 and −1.3, with p to 1: it was told as a list that was cut. The test is that of the logarithms; t serves in place of p."""
    log2 = full_table(Z)
    folds = np.sign(Z) * 2 ** (np.abs(Z) / 4)
    expected, _ = measure(declared(), to_test(replace(log2, se=None)))
    for columns in (replace(log2, effect=folds, se=None), replace(log2, effect=folds), TableColumns(effect=folds, t=Z)):
        measured, details = measure(declared(), to_test(columns))
        assert measured.p_value == pytest.approx(expected.p_value)
        assert details.threshold == ""
        assert any("signed fold changes" in note for note in details.notes)
        of_one = next(member for member in details.members if member.gene == "GENE003")
        assert of_one.effect == pytest.approx(Z[3] / 4)


def test_a_list_that_was_cut_at_a_difference_of_1_is_none_of_signed_fold_changes() -> None:
    """Whatever its p: with standard errors up to 2 few genes that differ by two-fold have a p above .9."""
    rng = np.random.default_rng(2)
    se = rng.uniform(0.2, 2, size=3000)
    effect = se * rng.normal(size=3000)
    listed = np.flatnonzero(np.abs(effect) >= 1)[:N]
    columns = TableColumns(effect=effect[listed], p_value=2 * stats.norm.sf(np.abs(effect / se)[listed]))
    assert np.nanmax(columns.p_value) > 0.5
    measured, details = measure(declared(), to_test(columns))
    assert measured.instead == "described"
    assert details.threshold.startswith("its smallest |effect| is 1")


def test_a_list_of_ratios_is_not_told_as_higher_genes() -> None:
    """Significant odds ratios, three quarters of them below 1; a list whose effects lie all above 1, or below 0 too, is told as before."""
    ratios = np.concatenate([np.linspace(0.3, 0.8, 30), np.linspace(1.2, 2.5, 10)])
    listed = TableColumns(effect=ratios, p_value=np.full(40, 0.01))
    measured, details = measure(declared(), to_test(listed, GENES[:40]))
    assert details.listed == []
    assert "higher ones" not in measured.reason
    assert "20 of 40; whether these are higher or lower is not told" in measured.reason
    assert "30 of 40 lie below 1" in next(c for c in details.checks if c.status == "contradicts").detail
    assert "differences with a sign" in measured.cap
    for effects in (np.log2(ratios), ratios + 1):
        measured, details = measure(declared(), to_test(replace(listed, effect=effects), GENES[:40]))
        assert len(details.listed) == 2
        assert measured.cap == ""
