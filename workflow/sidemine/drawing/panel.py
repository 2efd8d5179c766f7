"""A panel of the page as data: its figure with words around it; and a tile, one key figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from sidemine.drawing.charts import Spec
from sidemine.drawing.words import shortened
from sidemine.effect.record import ContrastEvidence, Interval, Margin

LONGEST_REASON = 150
NO_MARGIN = Margin(None, "", "none was declared")

Columns = TypeVar("Columns")
Status = Literal["nothing found", "see the checks", "not known"]
CLEAR: Status = "nothing found"
TOLD: Status = "see the checks"
UNKNOWN: Status = "not known"


@dataclass(frozen=True)
class ComparatorEffect:
    """Effect of a comparator set in one contrast (`specificity.tsv`)."""

    contrast: str
    gene_set: str
    effect: float


@dataclass(frozen=True)
class Subject:
    """What the panels of one answer card are about.

    Attributes
    ----------
    hypothesis, primary_set, is_cohort
        Its id, its primary set, and whether people are compared.
    unit
        Unit of its effects.
    evidence
        Its contrasts.
    missing
        For each column of the card that is null: why.
    considered
        What the considerations filled in: one record of columns each.
    comparators
        Comparator sets beside the primary set.
    doubt
        The strongest reason to doubt its answer.
    direction, margin, main_effect
        Declared direction and margin; the effect that the answer rests on, where there is a single one.
    """

    hypothesis: str
    primary_set: str
    is_cohort: bool
    unit: str
    evidence: Sequence[ContrastEvidence]
    missing: Mapping[str, str]
    considered: Sequence[object] = ()
    comparators: Sequence[ComparatorEffect] = ()
    doubt: str = ""
    direction: str = "either"
    margin: Margin = NO_MARGIN
    main_effect: Interval | None = None

    def columns_of(self, kind: type[Columns]) -> Columns:
        """Return the columns that one consideration filled in.

        Raises
        ------
        KeyError
            When it filled none.
        """
        return columns_of(self.considered, kind)


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, the key of its cells in a row, and their style (`short`, `text`)."""

    heading: str
    key: str
    style: str = ""


@dataclass(frozen=True)
class Table:
    """A table behind a heading: cells in words by key. The first column names a row, the second is its figure."""

    label: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes
    ----------
    kind, element
        Kind of figure, and the id of its element on the page.
    title, caption, why_empty
        Heading, words under the figure, and why there is none.
    leads
        Stands beside the answer; others are checks of it, behind a heading.
    chart
        The figure; None: cannot be drawn.
    facts, table
        Sentences and a table behind a heading.
    source
        File or folder of the results that it is drawn from.
    """

    kind: str
    element: str
    title: str
    caption: str
    why_empty: str
    chart: Spec | None = None
    facts: Sequence[str] = ()
    table: Table | None = None
    leads: bool = False
    source: str = ""

    @property
    def id(self) -> str:
        """Id of the figure's element; empty without a figure."""
        return "" if self.chart is None else self.element

    @property
    def is_empty(self) -> bool:
        """Has neither a figure nor words of its own: all there is to say is why."""
        return self.chart is None and bool(self.why_empty) and not any(self.facts) and self.table is None


@dataclass(frozen=True)
class Figure:
    """A figure of a card in words, or why there is none."""

    name: str
    value: str


@dataclass(frozen=True)
class Remarks:
    """Sentences under a heading of their own."""

    heading: str
    sentences: Sequence[str]


@dataclass(frozen=True)
class Detail:
    """A table of a card behind a heading of its own, with a sentence above it."""

    summary: str
    sentence: str
    table: Table


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a consideration adds to the words of an answer card; most add little.

    Attributes
    ----------
    of_arms, pattern, answer, effects
        Of a panel: the sentence that answers it, its answer in a few words, what was found and what was not, and its effects in a line.
    clause, amount, brief
        What ends the sentence of the main effect of people compared, the figure in it that stands out, and the same for the
        line of an overview.
    beside, unsettled
        The figure that stands beside the main effect, and what an adjusted effect says where that leaves the direction open.
    part
        Which part of a question of two parts the verdict is on, where it is not on both.
    checked
        What came of the run that takes away what is doubted.
    figure, remarks, detail
        Among the checks of the answer.
    """

    of_arms: str = ""
    pattern: str = ""
    answer: str = ""
    effects: str = ""
    beside: str = ""
    unsettled: str = ""
    part: str = ""
    clause: str = ""
    amount: str = ""
    brief: str = ""
    checked: str = ""
    figure: Figure | None = None
    remarks: Remarks | None = None
    detail: Detail | None = None


def columns_of(considered: Sequence[object], kind: type[Columns]) -> Columns:
    """Return the one record of a kind.

    Raises
    ------
    KeyError
        When there is none.
    """
    for columns in considered:
        if isinstance(columns, kind):
            return columns
    raise KeyError(kind.__name__)


@dataclass(frozen=True)
class Tile:
    """One key figure: what is asked, the figure, and what it means or why there is none, short and whole."""

    key: str
    name: str
    value: str
    hint: str
    more: str


@dataclass(frozen=True)
class Light:
    """A mark beside one comparison in the forest plot: what was looked at, what came of it, and that in words."""

    name: str
    status: Status
    words: str


@dataclass(frozen=True)
class FurtherEffect:
    """A row below the pooled effect in the forest plot: its key (no id of a contrast), its label, what else is known of it."""

    key: str
    label: str
    facts: str
    effect: Interval


def make_tile(key: str, name: str, value: str, hint: str) -> Tile:
    """Return a key figure for the head of a panel.

    Parameters
    ----------
    key
        Names the figure in tests and styles.
    name
        What is asked.
    value
        The figure.
    hint
        What it means, or why there is none; shortened, with the whole beneath.
    """
    return Tile(key, name, value, shortened(hint, LONGEST_REASON), hint)
