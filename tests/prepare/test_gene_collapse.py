"""Identifiers to genes: rules for probes, sums for counts, and a ledger without gaps."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidemine.errors import InputError
from sidemine.prepare.gene_collapse import collapse_to_genes, leave_out_sums
from sidemine.prepare.gene_mapping import MappedIdentifiers, map_ids, map_probes, map_symbols, split_symbols
from sidemine.prepare.gene_table import GeneTable

GENES = pd.DataFrame(
    {"entrez": ["1", "2", "3", "4"], "ensembl": [f"ENSG0000000000{n}" for n in range(1, 5)]},
    index=pd.Index(["AAA1", "BBB1", "CCC1", "DDD1"], name="gene"),
)
TABLE = GeneTable(GENES, [("OLD1", "AAA1")], [("ALI1", "BBB1")])
PLATFORM = pd.DataFrame(
    {
        "identifier": ["p1", "p2", "p3", "p4", "p5", "p6"],
        "symbol": ["AAA1", "OLD1", "AAA1 /// BBB1", "", "GONE", "BBB1 /// ALI1"],
        "entrez": ["1", "1", "1 /// 2", "", "3", "2"],
    }
)


def _mapped(genes: list[str | None]) -> MappedIdentifiers:
    return MappedIdentifiers(genes, ["approved symbol" if gene else "unknown symbol" for gene in genes], 1.0)


def test_probes_map_with_their_reasons() -> None:
    """Multi-gene probes are dropped, several names of one gene are not, a withdrawn symbol falls back to Entrez."""
    mapped = map_probes(["p1", "p2", "p3", "p4", "p5", "p6", "p9"], PLATFORM, TABLE, "drop", "here")
    assert mapped.genes == ["AAA1", "AAA1", None, None, "CCC1", "BBB1", None]
    assert mapped.reasons[2] == "several genes: AAA1, BBB1"
    assert mapped.reasons[3] == "no gene named"
    assert mapped.reasons[6] == "not on the platform"
    assert mapped.share_found == pytest.approx(6 / 7)


def test_first_gene_rule() -> None:
    """The other rule gives the probe to the first gene named."""
    assert map_probes(["p3"], PLATFORM, TABLE, "first", "here").genes == ["AAA1"]


def test_identifiers_of_another_platform_are_refused() -> None:
    """Fewer than half found: the share and examples of both sides are told."""
    with pytest.raises(InputError, match=r"1 of 3 \(33%\).*\n.*'x1'.*'p1'"):
        map_probes(["x1", "x2", "p1"], PLATFORM, TABLE, "drop", "here")


def test_other_identifiers_that_do_not_fit_are_refused() -> None:
    """Symbols declared as Ensembl ids, and the reverse, are refused."""
    with pytest.raises(InputError, match="do not fit the gene table"):
        map_ids(["AAA1", "BBB1"], TABLE, "ensembl", "here")
    with pytest.raises(InputError, match="do not fit the gene table"):
        map_symbols(["X", "Y", "AAA1"], TABLE, "drop", "here")


@pytest.mark.parametrize(
    ("names", "declared", "words"),
    [
        (["AAA1", "BBB1", "CCC1"], "ensembl", "set identifiers to symbol"),
        (
            ["ENSG00000000001|AAA1", "ENSG00000000002|BBB1"],
            "ensembl",
            "leave 'ENSG00000000001' of 'ENSG00000000001|AAA1', and so on",
        ),
        (["GRCh38_AAA1", "GRCh38_BBB1", "X"], "ensembl", "leave 'AAA1' of 'GRCh38_AAA1'"),
        (["X1", "Y1", "Z1"], "ensembl", "next:    Check platform"),
    ],
)
def test_what_identifiers_are_that_do_not_fit_is_told(names, declared, words) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        map_ids(names, TABLE, declared, "here")


def test_another_species_is_refused() -> None:
    """Mouse symbols fit human ones but for case: that is another species, not a spelling."""
    with pytest.raises(InputError, match="another species"):
        map_symbols(["Aaa1", "Bbb1", "CCC1"], TABLE, "drop", "here")


def test_symbols_in_another_case_are_human_where_the_sheet_says_so() -> None:
    mapped = map_symbols(["Aaa1", "Bbb1", "CCC1"], TABLE, "drop", "here", human=True)
    assert mapped.genes == ["AAA1", "BBB1", "CCC1"]
    assert mapped.n_by_case == 2
    symbols = [f"GENE{number}" for number in range(60)]
    genes = GeneTable(pd.DataFrame({"entrez": "", "ensembl": ""}, index=symbols), None, None)
    both = [*symbols[:50], *(symbol.capitalize() for symbol in symbols[20:])]
    mapped = map_symbols(both, genes, "drop", "here", human=True)
    assert mapped.genes == [*symbols[:50], *[None] * 30, *symbols[50:]]
    assert mapped.n_by_case == 10


def test_alias_beside_its_own_gene_is_dropped() -> None:
    """Counts of an alias are not added to a gene that the file also holds by name."""
    mapped = map_symbols(["BBB1", "ALI1", "AAA1"], TABLE, "drop", "here")
    assert mapped.genes == ["BBB1", None, "AAA1"]
    assert mapped.reasons[1] == "alias ALI1 of BBB1, which the file also holds by name"
    assert map_symbols(["ALI1", "AAA1"], TABLE, "drop", "here").genes == ["BBB1", "AAA1"]


def test_another_spelling_beside_its_own_gene_is_dropped() -> None:
    mapped = map_symbols(["BBB1", "Bbb1", "AAA1", "Ccc1"], TABLE, "drop", "here")
    assert mapped.genes == ["BBB1", None, "AAA1", "CCC1"]
    assert mapped.reasons[1] == "Bbb1 but for upper and lower case: BBB1, which the file also holds by name"


def test_of_two_species_in_one_file_the_human_one_is_read() -> None:
    """Xenografts: mouse genes whose human one is missing from the file are no human genes, either."""
    symbols = [f"GENE{number}" for number in range(60)]
    genes = pd.DataFrame({"entrez": "", "ensembl": ""}, index=symbols)
    mouse = [symbol.capitalize() for symbol in symbols]
    mapped = map_symbols([*symbols[:50], *mouse[20:]], GeneTable(genes, None, None), "drop", "here")
    assert mapped.genes == [*symbols[:50], *[None] * 40]
    assert "of another species" in mapped.reasons[-1]


def test_a_row_that_adds_up_all_others_is_no_gene() -> None:
    """Whatever it is called; a gene that holds half of the reads in one sample stays."""
    rng = np.random.default_rng(0)
    values = rng.poisson(50, (30, 4)).astype(float)
    values[3, 0] = values[:, 0].sum() - values[3, 0]
    genes = [f"G{row}" for row in range(31)]
    mapped = _mapped(list(genes))
    assert leave_out_sums(mapped, np.vstack([values, values.sum(axis=0)])) == 1
    assert mapped.genes == [*genes[:30], None]
    assert leave_out_sums(_mapped(genes[:30]), values) == 0


def test_highest_mean_speaks_and_ties_go_by_name() -> None:
    """The probe with the highest mean speaks for its gene; equal means are settled by identifier."""
    values = np.array([[1.0, 1], [5, 5], [2, 4], [3, 3]])
    collapsed = collapse_to_genes(["a", "b", "z", "y"], _mapped(["G1", "G1", "G2", "G2"]), values, "highest_mean")
    assert collapsed.genes == ["G1", "G2"]
    assert collapsed.identifiers == ["b", "y"]
    np.testing.assert_array_equal(collapsed.values, [[5, 5], [3, 3]])
    assert collapsed.ledger["fate"].tolist() == ["dropped", "kept", "dropped", "kept"]
    assert collapsed.ledger["reason"].iloc[0] == "approved symbol; other probe has the higher mean: b"


def test_highest_variance_speaks() -> None:
    """The other rule chooses by variance."""
    values = np.array([[9.0, 9], [1, 5]])
    collapsed = collapse_to_genes(["a", "b"], _mapped(["G", "G"]), values, "highest_variance")
    assert collapsed.identifiers == ["b"]


def test_mean_of_probes_skips_missing_values() -> None:
    """Probes are averaged over what was measured."""
    values = np.array([[1.0, np.nan], [3, 5]])
    collapsed = collapse_to_genes(["a", "b"], _mapped(["G", "G"]), values, "mean_of_probes")
    np.testing.assert_array_equal(collapsed.values, [[2, 5]])
    assert collapsed.ledger["fate"].tolist() == ["merged", "merged"]
    assert collapsed.identifiers == ["a;b"]


def test_counts_of_one_gene_are_added() -> None:
    """Counts are additive, and no read is lost."""
    values = np.array([[1.0, 2], [3, 4], [5, 6]])
    collapsed = collapse_to_genes(["a", "b", "c"], _mapped(["G", "H", "G"]), values, "sum")
    np.testing.assert_array_equal(collapsed.values, [[6, 8], [3, 4]])


def test_rows_without_any_value_are_dropped() -> None:
    """A probe that was never measured cannot speak for its gene."""
    values = np.array([[np.nan, np.nan], [3, 4]])
    collapsed = collapse_to_genes(["a", "b"], _mapped(["G", "G"]), values, "highest_mean")
    assert collapsed.identifiers == ["b"]
    assert collapsed.ledger["reason"].iloc[0].endswith("no value in any sample")


def test_nothing_mapped_is_an_empty_matrix() -> None:
    """No gene at all is a typed empty result with a full ledger."""
    collapsed = collapse_to_genes(["a"], _mapped([None]), np.ones((1, 3)), "highest_mean")
    assert collapsed.values.shape == (0, 3)
    assert collapsed.ledger["fate"].tolist() == ["dropped"]


@given(
    st.lists(st.sampled_from(["G1", "G2", "G3", None]), min_size=1, max_size=30),
    st.sampled_from(["highest_mean", "highest_variance", "mean_of_probes", "sum"]),
    st.integers(1, 1000),
)
def test_every_identifier_has_one_fate(genes: list[str | None], rule: str, seed: int) -> None:
    """The ledger has one row per identifier, and each gene is spoken for by rows of its own only."""
    values = np.random.default_rng(seed).integers(0, 50, (len(genes), 4)).astype(float)
    identifiers = [f"p{row}" for row in range(len(genes))]
    collapsed = collapse_to_genes(identifiers, _mapped(genes), values, rule)  # type: ignore[arg-type]
    assert collapsed.ledger["identifier"].tolist() == identifiers
    assert set(collapsed.ledger["fate"]) <= {"kept", "merged", "dropped"}
    assert collapsed.genes == sorted({gene for gene in genes if gene})
    for gene, spoken in zip(collapsed.genes, collapsed.identifiers, strict=True):
        assert {genes[int(name[1:])] for name in spoken.split(";")} == {gene}
    if rule == "sum":
        mapped_rows = [row for row, gene in enumerate(genes) if gene]
        assert collapsed.values.sum() == values[mapped_rows].sum()


@pytest.mark.parametrize("text", ["A///B", "A /// B", "A // B", "A,B", "A;B", "A ; B", "A|B", "A /// B /// A"])
def test_all_separators(text: str) -> None:
    """Platforms separate genes in different ways."""
    assert split_symbols(text) == ["A", "B"]


def test_withdrawn_separator_like_symbols_stay_whole() -> None:
    """A hyphen or a slash inside a symbol is no separator."""
    assert split_symbols("HLA-A") == ["HLA-A"]
    assert split_symbols("A1BG|1") == ["A1BG"]
    assert split_symbols("SEPT5-GP1BB") == ["SEPT5-GP1BB"]


def test_columns_of_a_platform_that_contradict_each_other_are_refused():
    """One column sorted by itself gives every probe a wrong gene; a few outdated rows are usual."""
    names = [f"GENE{n}" for n in range(40)]
    ids = [str(n) for n in range(100, 140)]
    genes = GeneTable(pd.DataFrame({"entrez": ids, "ensembl": ""}, index=pd.Index(names, name="gene")), [], [])
    probes = [f"p{n}" for n in range(40)]
    platform = pd.DataFrame({"identifier": probes, "symbol": names, "entrez": ids})
    assert map_probes(probes, platform, genes, "drop", "here").genes == names
    few = platform.assign(entrez=[ids[1], ids[0], *ids[2:]])
    assert map_probes(probes, few, genes, "drop", "here").genes == names
    with pytest.raises(InputError, match="name different genes in 40 of 40 rows of the platform"):
        map_probes(probes, platform.assign(entrez=[*ids[1:], ids[0]]), genes, "drop", "here")
