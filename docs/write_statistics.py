"""Write the tables of docs/statistics.md from what was measured: `python docs/write_statistics.py`.

The figures lie in resources/calibration/, where the benchmarks write them; none is typed. A test fails while they differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from sidemine.considerations.calibration.table import CALIBRATION
from sidemine.lines.evidence import LINE_SIZES
from sidemine.report.references import REFERENCES
from sidemine.tables import read_table

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "statistics.md"
MEASURED = REPOSITORY / "resources" / "calibration"
SET_TESTS = {"fry": "FRY", "rotation": "rotation", "camera": "CAMERA"}
VERDICTS = ("supported", "suggestive", "not supported", "conflicting", "not testable")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(header)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *map(list, rows)])


def _behind(table: pd.DataFrame, what: str) -> str:
    """Return the sentence that says on how many simulated things each figure rests, and on which seeds."""
    numbers = sorted({f"{number:,}" for number in table["n"].astype(int)}, key=lambda text: int(text.replace(",", "")))
    seeds = sorted({str(seed) for seed in table["seed"].astype(int)})
    return f"\n\n{' or '.join(numbers)} {what} behind each figure (seed {', '.join(seeds)})."


def _design_classes() -> pd.DataFrame:
    table = read_table(MEASURED / "design_classes.tsv", CALIBRATION)
    table["correlation"] = table["parameter"].str.extract(r"r=([\d.]+)")[0].astype(float)
    table["condition"] = table["parameter"].str.replace(r",? ?r=[\d.]+,? ?", "", regex=True)
    return table


def _worst(rows: pd.DataFrame) -> str:
    """Return the largest share over the correlations within sets, with its upper limit."""
    if rows.empty:
        return "–"
    row = rows.loc[rows["rate"].idxmax()]
    return f"{_percent(row['rate'])} ({_percent(row['upper_95'])})"


def _with_interval(row: pd.Series[object]) -> str:
    return f"{_percent(row['rate'])} ({_percent(row['ci_low'])} to {_percent(row['ci_high'])})"


def set_test_sizes() -> str:
    """Return how often each test calls a null set, by design and null."""
    table = _design_classes()
    table = table[(table["quantity"] == "size") & (table["level"] == 0.05) & table["test"].isin(SET_TESTS)]
    # Without correlation within sets there are no genes that shift together because cells do.
    table = table[(table["null"] != "composition") | (table["correlation"] > 0)]
    rows = []
    for (design, null, condition), group in table.groupby(["subject", "null", "condition"], sort=True):
        if condition.endswith("reliability 1"):
            continue
        of_test = [_worst(group[group["test"] == test]) for test in SET_TESTS]
        rows.append([design, ", ".join(filter(None, [null, condition])), *of_test])
    return _table(["design", "null", *SET_TESTS.values()], rows) + _behind(table, "null sets")


def set_test_power() -> str:
    """Return how often each test finds a planted effect, smallest and largest over the correlations within sets."""
    table = _design_classes()
    table = table[(table["quantity"] == "power") & (table["level"] == 0.05) & table["test"].isin(SET_TESTS)]
    rows = [
        [design, effect.removeprefix("g="), *(_range(group[group["test"] == test]["rate"]) for test in SET_TESTS)]
        for (design, effect), group in table.groupby(["subject", "condition"], sort=True)
    ]
    return _table(["design", "effect, SD", *SET_TESTS.values()], rows) + _behind(table, "sets")


def _range(shares: pd.Series[float]) -> str:
    return f"{_percent(shares.min())} to {_percent(shares.max())}" if len(shares) else "–"


def descriptive_sizes() -> str:
    """Return how often the tests that only describe call a null set."""
    table = _design_classes()
    names = {"over_representation_up": "over-representation", "prerank": "pre-ranked GSEA"}
    table = table[(table["level"] == 0.05) & table["test"].isin(names)]
    rows = [
        [f"{correlation:g}", *(_worst(group[group["test"] == name]) for name in names)]
        for correlation, group in table.groupby("correlation")
    ]
    return _table(["correlation within the set", *names.values()], rows) + _behind(table, "null sets")


def pooled_sizes() -> str:
    """Return how often the pooled effect of two cohorts is called when there is none on average."""
    table = _design_classes()
    table = table[table["test"] == "pooled"]
    rows = [
        [f"τ = {condition.removeprefix('tau=')}", *(_worst(group[group["level"] == level]) for level in (0.05, 0.01))]
        for condition, group in table.groupby("condition")
    ]
    return _table(["true effects of the cohorts vary by", "p ≤ .05", "p ≤ .01"], rows) + _behind(table, "sets")


def whole_rule() -> str:
    """Return the verdicts of the whole rule on planted studies."""
    table = read_table(MEASURED / "whole_rule.tsv", CALIBRATION)
    table["parameter"] = table["parameter"].fillna("")
    rows = []
    for (kind, parameter), group in table.groupby(["subject", "parameter"], sort=False):
        by_verdict = group.drop_duplicates("test").set_index("test")
        planted = re.sub(r"^\d+ of \d+ studies\. (.*?)\.? Right: .*", r"\1", str(by_verdict["reason"].iloc[0]))
        supported = by_verdict.loc["supported"]
        rest = [_percent(by_verdict.loc[verdict, "rate"]) for verdict in VERDICTS[1:]]
        name = " ".join(filter(None, [str(kind).replace("_", " "), parameter]))
        rules = str(by_verdict["reason"].iloc[0]).rsplit("Rules ", 1)[1].rstrip(".")
        rows.append([f"{name}: {planted}", rules, f"{supported['n']:.0f}", _with_interval(supported), *rest])
    seeds = sorted({str(seed) for seed in table["seed"].astype(int)})
    return _table(["planted", "rules", "studies", *VERDICTS], rows) + f"\n\nSeeds {', '.join(seeds)}."


def plasmode() -> str:
    """Return size and power on draws from real arrays."""
    table = read_table(MEASURED / "plasmode.tsv", CALIBRATION)
    table["arrays"] = table["parameter"].str.replace(r", d=.*", "", regex=True)
    rows = []
    for (arrays, groups), group in table.groupby(["arrays", "subject"], sort=False):
        sizes = group[(group["quantity"] == "size") & (group["level"] == 0.05)]
        ruled = group[group["test"] == "supported"].set_index("quantity")
        of_rule = [_with_interval(ruled.loc[quantity]) for quantity in ("verdict_rate", "power")]
        rows.append([arrays, groups, *(_worst(sizes[sizes["test"] == test]) for test in SET_TESTS), *of_rule])
    header = ["arrays", "groups", *SET_TESTS.values(), "supported, no effect", "supported, 4 SD"]
    return _table(header, rows) + _behind(table, "null sets, or pairs of draws under the rule,")


def lines() -> str:
    """Return size and power of the tests of further lines, smallest and largest over what was planted."""
    rows = []
    for file in sorted((MEASURED / "lines").glob("*.tsv")):
        table = read_table(file, LINE_SIZES)
        table = table[table["level"] == 0.05]
        for (test, null, quantity), group in table.groupby(["test", "null", "quantity"], sort=False):
            worst = group["worst_set"].max()
            share = _range(group["rate"]) if len(group) > 1 else _percent(group["rate"].iloc[0])
            sizes = "" if quantity == "power" or pd.isna(worst) else _percent(worst)
            rows.append(
                [file.stem.replace("_", " "), str(test).replace("_", " "), str(null), str(quantity), share, sizes]
            )
    return _table(["layer", "test", "planted", "what", "called at 5 %", "worst set"], rows)


def references() -> str:
    """Return the papers of the methods text."""
    return "\n".join(
        f"{number}. *{paper.what}*: {paper.text}"
        + (f" [{paper.doi}](https://doi.org/{paper.doi})" if paper.doi else "")
        for number, paper in enumerate(REFERENCES, start=1)
    )


TABLES: tuple[Callable[[], str], ...] = (
    set_test_sizes,
    set_test_power,
    descriptive_sizes,
    pooled_sizes,
    whole_rule,
    plasmode,
    lines,
    references,
)


def with_tables(text: str) -> str:
    """Return the text of the page with every table between its marks as it is now."""
    for make in TABLES:
        marks = rf"(<!-- {make.__name__}: written by docs/write_statistics.py -->\n).*?(<!-- end -->)"
        text, found = re.subn(
            marks, lambda place, make=make: f"{place[1]}\n{make()}\n\n{place[2]}", text, flags=re.DOTALL
        )
        if found != 1:
            raise ValueError(f"{PAGE.name} has {found} places for {make.__name__}")
    return text


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
