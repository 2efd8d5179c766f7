"""The study's sets are taken from their libraries as the sheet says, and every symbol is accounted for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.gene_sets import (
    GENE_SETS_LEDGER,
    build_gene_sets,
    safe_set_name,
)
from sidemine.enrichment.set_membership import build_membership
from sidemine.errors import InputError, StudyError
from sidemine.study.rows import GeneSetRow
from sidemine.tables import check_table

GMT = (
    "ALPHA\td\tMX1\tIFIT1\tOLD1\nBETA\td\tSTAT1\tNOBODY\nA+B\td\tJAK1\nSECRET\td\tTYK2\nEMPTY\td\nOdd name/x\td\tMX1\n"
)
REGULON = "source,target,weight\nSTAT1,IRF1,1\nSTAT1,MYC,-1\nSTAT1,BOTH,1\nSTAT2,IRF1,1\nSTAT2,BOTH,-1\nREP,MYC,-1\n"


@dataclass(frozen=True)
class _Answer:
    symbol: str | None
    how: str


class _Table:
    """Knows one old symbol, does not know NOBODY."""

    def resolve_symbols(self, symbols: list[str]) -> list[_Answer]:
        known = {"OLD1": _Answer("IFIT1", "previous symbol OLD1"), "NOBODY": _Answer(None, "unknown symbol")}
        return [known.get(symbol, _Answer(symbol, "approved symbol")) for symbol in symbols]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {"lib.gmt": tmp_path / "lib.gmt", "reg.csv": tmp_path / "reg.csv"}
    paths["lib.gmt"].write_text(GMT)
    paths["reg.csv"].write_text(REGULON)
    return paths


def _row(gene_set: str, member: str, **more: Any) -> GeneSetRow:
    values = {"family": "target", "source": "lib.gmt", "format": "gmt", "licence": "CC0", "version": "1", **more}
    return GeneSetRow(gene_set=gene_set, member=member, **values)


def _regulon(gene_set: str, member: str, weighted: str) -> GeneSetRow:
    return _row(gene_set, member, source="reg.csv", format="collectri", weighted=weighted)


def _weights(table: pd.DataFrame, name: str) -> dict[str, float]:
    rows = table[table["gene_set"] == name]
    return dict(zip(rows["gene"], rows["weight"], strict=True))


def test_one_named_set_merges_symbols_that_are_one_gene(files: dict[str, Path]) -> None:
    table, ledger = build_gene_sets([_row("MINE", "ALPHA")], files, _Table())
    check_table(table, GENE_SETS, "sets")
    check_table(ledger, GENE_SETS_LEDGER, "ledger")
    assert _weights(table, "MINE") == {"IFIT1": 1.0, "MX1": 1.0}
    assert ledger[["identifier", "gene", "fate"]].values.tolist() == [
        ["IFIT1", "IFIT1", "merged"],
        ["OLD1", "IFIT1", "merged"],
    ]


def test_names_joined_by_plus_are_united_but_a_name_with_plus_is_itself(files: dict[str, Path]) -> None:
    table, ledger = build_gene_sets([_row("BOTH", "ALPHA + BETA"), _row("PLUS", "A+B")], files, _Table())
    assert set(_weights(table, "BOTH")) == {"IFIT1", "MX1", "STAT1"}
    assert set(_weights(table, "PLUS")) == {"JAK1"}
    assert ["BOTH", "NOBODY", "", "dropped", "unknown symbol"] in ledger.values.tolist()


def test_star_takes_all_sets_that_no_other_row_names_not_even_an_unused_opt_in_row(files: dict[str, Path]) -> None:
    rows = [_row("MINE", "ALPHA"), _row("KEGG", "SECRET", opt_in="yes"), _row("*", "*", family="comparator")]
    table, ledger = build_gene_sets(rows, files, _Table())
    assert sorted(table["gene_set"].unique()) == ["A+B", "BETA", "MINE", "Odd_name_x"]
    assert ["EMPTY", "", "", "dropped", "the library's set holds no gene"] in ledger.values.tolist()


def test_opt_in_set_is_used_only_when_the_study_lists_it(files: dict[str, Path]) -> None:
    rows = [_row("MINE", "ALPHA"), _row("KEGG", "SECRET", opt_in="yes")]
    assert set(build_gene_sets(rows, files, _Table())[0]["gene_set"]) == {"MINE"}
    assert set(build_gene_sets(rows, files, _Table(), ["KEGG"])[0]["gene_set"]) == {"MINE", "KEGG"}


def test_unused_opt_in_row_needs_no_file(files: dict[str, Path]) -> None:
    rows = [_row("MINE", "ALPHA"), _row("KEGG", "X", source="https://nowhere", opt_in="yes")]
    assert set(build_gene_sets(rows, files, _Table())[0]["gene_set"]) == {"MINE"}


def test_signed_regulons_sum_their_weights_and_drop_what_cancels(files: dict[str, Path]) -> None:
    table, ledger = build_gene_sets([_regulon("R", "STAT1+STAT2", "yes")], files, _Table())
    assert _weights(table, "R") == {"IRF1": 2.0, "MYC": -1.0}
    assert ["R", "BOTH", "BOTH", "dropped", "its weights cancel out"] in ledger.values.tolist()


@pytest.mark.parametrize("header", ["Weight", "sign", "mor"])
def test_weights_that_stand_under_another_header_are_never_passed_over(tmp_path: Path, header: str) -> None:
    """All genes would count as induced, the repressed ones, too."""
    path = tmp_path / "sets.tsv"
    row = _row("MINE", "MINE", source="sets.tsv", format="sets_tsv", weighted="yes")
    path.write_text(f"gene_set\tgene\t{header}\nMINE\tMX1\t1\nMINE\tISG15\t-1\n")
    with pytest.raises(InputError, match=rf"the library has none[^$]*'{header}' holds them"):
        build_gene_sets([row], {"sets.tsv": path}, _Table())
    path.write_text("gene_set\tgene\tweight\nMINE\tMX1\t1\nMINE\tISG15\t-1\n")
    assert _weights(build_gene_sets([row], {"sets.tsv": path}, _Table())[0], "MINE") == {"ISG15": -1, "MX1": 1}


def test_unweighted_regulon_keeps_activated_genes_only(files: dict[str, Path]) -> None:
    table, ledger = build_gene_sets([_regulon("R", "STAT1", "no")], files, _Table())
    assert _weights(table, "R") == {"BOTH": 1.0, "IRF1": 1.0}
    assert "negative weight; this set is used without signs" in set(ledger["reason"])


def test_set_without_any_usable_gene_is_an_error(files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="'R' keeps no gene"):
        build_gene_sets([_regulon("R", "REP", "no")], files, _Table())


def test_unknown_members_are_told_all_at_once(files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"(?s)2 problems.*nearest names: ALPHA.*'STAT9' is not in its library"):
        build_gene_sets([_row("X", "alpha"), _regulon("Y", "STAT9", "yes")], files, _Table())


def test_same_name_twice_is_an_error_of_the_study(files: dict[str, Path]) -> None:
    with pytest.raises(StudyError, match="'BETA' stands twice"):
        build_gene_sets([_row("BETA", "ALPHA"), _row("*", "*", family="comparator")], files, _Table())


def test_missing_file_is_told(files: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="no file was retrieved"):
        build_gene_sets([_row("X", "ALPHA", source="https://nowhere")], files, _Table())


def test_licence_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="licence"):
        _row("X", "ALPHA", licence="")


def test_row_order_of_the_sheet_does_not_change_the_tables(files: dict[str, Path]) -> None:
    rows = [_row("MINE", "ALPHA"), _regulon("R", "STAT1", "yes"), _row("*", "*", family="comparator")]
    forward, backward = build_gene_sets(rows, files, _Table()), build_gene_sets(rows[::-1], files, _Table())
    for one, other in zip(forward, backward, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_safe_names_stay_apart() -> None:
    taken: set[str] = set()
    assert [safe_set_name(name, taken) for name in ("A/B", "A B", "A_B")] == ["A_B", "A_B_2", "A_B_3"]
    assert safe_set_name("(+)x", set()) == "set_(+)x"


def test_measured_sets_respect_sizes_but_only_comparators_can_be_too_large(files: dict[str, Path]) -> None:
    rows = [_row("MINE", "ALPHA+BETA"), _regulon("R", "STAT1", "yes"), _row("*", "*", family="comparator")]
    table, _ = build_gene_sets(rows, files, _Table())
    sets = build_membership(table, ["MX1", "IFIT1", "STAT1", "MYC"], 1, 2)
    assert sets.gene_sets == ["MINE", "Odd_name_x", "R"]
    assert sets.n_in_set.tolist()[::2] == [3, 3]
    assert sets.n_measured.tolist() == [3, 1, 1]
    assert sets.signed.tolist() == [False, False, True]
    comparators = build_membership(table.assign(family="comparator"), ["MX1", "IFIT1", "STAT1"], 1, 2)
    assert comparators.gene_sets == ["Odd_name_x"]
