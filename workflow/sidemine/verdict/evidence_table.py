"""`evidence.tsv`: every layer of evidence of every question, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sidemine.tables import Column, TableSpec

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.verdict.card import Card

EVIDENCE = TableSpec(
    "evidence.tsv",
    (
        Column("hypothesis", "text", "Id of the question."),
        Column("line", "text", "Id of the row of lines.tsv; expression: the hypothesis' own contrasts."),
        Column("layer", "text", "Layer of evidence."),
        Column("in_line", "text", "Id of the row that speaks for its line; empty: not declared.", may_be_empty=True),
        Column("source", "text", "What the data are.", may_be_empty=True),
        Column("licence", "text", "Terms of use.", may_be_empty=True),
        Column("status", "text", "verified, unverified or opt_in.", may_be_empty=True),
        Column("unit", "text", "Unit of effect.", may_be_empty=True),
        Column("universe_n", "integer", "Genes (or other units) that could have been found.", may_be_empty=True),
        Column("gene_set", "text", "The set that was tested."),
        Column("n_in_set", "integer", "Genes of the set.", may_be_empty=True),
        Column("n_measured", "integer", "Those of them within the universe.", may_be_empty=True),
        Column("direction", "text", "Declared direction.", may_be_empty=True),
        Column("effect", "number", "Effect, in unit.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of its 95 % interval.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of that interval.", may_be_empty=True),
        Column("p_value", "number", "Two-sided where the layer has two directions; never 0.", may_be_empty=True),
        Column("p_declared", "number", "One-sided, in the declared direction; never 0.", may_be_empty=True),
        Column("null_used", "text", "Null distribution behind p.", may_be_empty=True),
        Column("size_measured", "number", "Planted nulls called at 5 %, mean over sets.", may_be_empty=True),
        Column("worst_set_size", "number", "The same share of the worst set.", may_be_empty=True),
        Column("percentile", "number", "Place among comparable sets, 0 to 100.", may_be_empty=True),
        Column("call", "text", "How the row reads."),
        Column("cap", "text", "Why it is suggestive at most.", may_be_empty=True),
        Column("downgrades", "text", "Why it weighs less, divided by semicolons.", may_be_empty=True),
        Column("reason", "text", "What was seen, or why there is nothing.", may_be_empty=True),
    ),
)


def evidence_table(cards: Sequence[Card]) -> pd.DataFrame:
    """Return all rows of evidence, by question in declared order.

    Parameters
    ----------
    cards
        Answers of the study; controls have no rows.

    Returns
    -------
    pandas.DataFrame
        Columns as `EVIDENCE` has them.
    """
    import pandas as pd

    rows = [row for card in cards if card.synthesis for row in card.synthesis.rows]
    cells = [
        [
            "; ".join(row.downgrades)
            if name == "downgrades"
            else " ".join(value.split())
            if isinstance(value, str)
            else value
            for name in EVIDENCE.names
            for value in [getattr(row, name)]
        ]
        for row in rows
    ]
    table = pd.DataFrame(cells, columns=EVIDENCE.names)
    whole = [column.name for column in EVIDENCE.columns if column.kind == "integer"]
    return table.astype(dict.fromkeys(whole, "Int64"))
