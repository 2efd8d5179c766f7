"""Whether each line of evidence can be tested at all, and whether what it declares of the others is possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sidemine.errors import Problem
from sidemine.lines.layer import Format, Layer
from sidemine.lines.layers import EXPRESSION, LAYERS
from sidemine.study.draft import Draft
from sidemine.study.hints import dangling, did_you_mean
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.rows import LineRow
from sidemine.study.sheets import SheetRow

_Row = SheetRow[LineRow]


def check_lines(draft: Draft) -> list[Problem]:
    """Return what is wrong with the rows of `lines.tsv`.

    Parameters
    ----------
    draft
        The parts of the study that are right in themselves.
    """
    hypotheses = {entry.id: entry for entry in draft.config.hypotheses}
    rows = {row.model.line: row for row in draft.lines.rows}
    problems: list[Problem] = []
    for row in draft.lines.rows:
        problems += _check_references(row, hypotheses, draft)
        problems += _check_layer(row, hypotheses.get(row.model.hypothesis))
        problems += _check_independence(row, rows, draft.lines.ids)
    return problems


def _check_references(row: _Row, hypotheses: Mapping[str, Hypothesis], draft: Draft) -> Iterator[Problem]:
    line, sets = row.model, draft.gene_sets
    hypothesis = hypotheses.get(line.hypothesis)
    if line.hypothesis not in draft.hypothesis_ids:
        yield dangling("hypothesis", line.hypothesis, draft.hypothesis_ids, f"{row.where}, column hypothesis")
    elif hypothesis and hypothesis.role != "question":
        yield Problem(
            "a line of evidence speaks to a control",
            f"{row.where}, column hypothesis: {line.hypothesis} ({hypothesis.role})",
            "a hypothesis of role question",
            "Name the question that it speaks to.",
        )
    if line.line.lower() == EXPRESSION:
        yield Problem(
            f"a row is called {line.line!r}",
            f"{row.where}, column line",
            f"any other id: {EXPRESSION!r} means the contrasts of the hypothesis",
            "Rename the row.",
        )
    if line.set not in sets.ids and "*" not in sets.ids:
        yield dangling("gene set", line.set, sets.ids, f"{row.where}, column set")
    offered = {entry.model.gene_set: entry.model for entry in sets.rows}
    chosen = offered.get(line.set)
    if line.runs and chosen and chosen.opt_in and line.set not in draft.config.settings.opt_in:
        yield Problem(
            f"set {line.set!r} is opt-in, and nobody opted in to it",
            f"{row.where}, column set",
            "a set that is used",
            f"Add {line.set} to settings.opt_in, or name another set.",
        )


def _check_layer(row: _Row, hypothesis: Hypothesis | None) -> Iterator[Problem]:
    line = row.model
    layer = LAYERS.get(line.layer)
    if layer is None:
        yield _not_one_of("layer", line.layer, LAYERS, row)
        return
    if hypothesis and hypothesis.kind not in layer.kinds:
        yield Problem(
            f"layer {layer.word} cannot speak to this hypothesis",
            f"{row.where}, column hypothesis: {line.hypothesis} (kind {hypothesis.kind})",
            f"hypotheses of kind {' or '.join(layer.kinds)}",
            "Name another hypothesis, or leave the row out.",
        )
    if line.direction not in layer.directions:
        yield _not_one_of("direction", line.direction, layer.directions, row)
    if layer.needs_universe and not line.own_universe:
        yield Problem(
            f"layer {layer.word} needs a list of what was measured",
            f"{row.where}, column universe, value 'table'",
            "URL or path of a list, one name per line: the file lists results only",
            "Get the list of the assay, and name it.",
        )
    if (form := layer.formats.get(line.format)) is None:
        yield _not_one_of("format", line.format, layer.formats, row)
        return
    yield from _check_roles(row, layer, form)


def _not_one_of(column: str, value: str, allowed: Collection[str], row: _Row) -> Problem:
    return Problem(
        f"there is no {column} {value!r}",
        f"{row.where}, column {column}",
        f"one of: {', '.join(allowed)}",
        did_you_mean(value, allowed) + f"Correct the {column}.",
    )


def _check_roles(row: _Row, layer: Layer, form: Format) -> Iterator[Problem]:
    asked = (
        ("files", row.model.files, form.needed_files, form.files, "role=URL or path"),
        ("columns", row.model.columns, form.needed_columns, form.columns, "role=header"),
    )
    for column, given, needed, known, written in asked:
        allowed = "; ".join(f"{role}: {meaning}" for role, meaning in known.items()) or "none"
        where = f"{row.where}, column {column}"
        for role in [role for role in given if role not in known]:
            yield Problem(
                f"format {row.model.format} of layer {layer.word} has no role {role!r}",
                where,
                allowed,
                did_you_mean(role, known) + "Correct the role, or leave it out.",
            )
        for role in [role for role in needed if role not in given]:
            yield Problem(
                f"format {row.model.format} of layer {layer.word} needs {role}: {needed[role]}",
                where,
                f"a comma list of {written}; {allowed}",
                f"Add {role}=…",
            )


def _check_independence(row: _Row, rows: Mapping[str, _Row], ids: Collection[str]) -> Iterator[Problem]:
    line, where = row.model, f"{row.where}, column independent_of"
    layer = LAYERS.get(line.layer)
    for name in line.independent_of:
        if name == EXPRESSION:
            if layer and not layer.own_data:
                yield Problem(
                    f"layer {layer.word} reads the expression of its hypothesis, so it is not independent of it",
                    where,
                    "ids of rows with data of their own",
                    f"Leave {EXPRESSION} out.",
                )
        elif name not in ids:
            yield dangling("line", name, {*ids, EXPRESSION}, where)
        elif name == line.line:
            yield Problem("a row is declared independent of itself", where, "ids of other rows", "Leave it out.")
        elif (other := rows.get(name)) and other.model.hypothesis != line.hypothesis:
            yield Problem(
                f"rows {line.line} and {name} speak to different hypotheses",
                where,
                f"ids of rows of {line.hypothesis}, or {EXPRESSION}",
                "Leave it out: only rows of one hypothesis are counted together.",
            )
        elif other and (shared := _shared(line, other.model, rows.values())):
            yield Problem(
                f"rows {line.line} and {name} are declared independent and share their {shared}",
                where,
                "rows that share neither samples nor a list",
                "Leave it out: what shares samples is one line of evidence.",
            )


def _shared(first: LineRow, second: LineRow, rows: Iterable[_Row]) -> str:
    """Return what two rows share, also by another row of their sources: what is said of one holds for all rows of a source."""
    one, two = (row.source.casefold() for row in (first, second))
    if one == two:
        return f"source ({first.source})"
    files = [{row.model.file for row in rows if row.model.source.casefold() == source} for source in (one, two)]
    common = sorted(files[0] & files[1])
    return f"file ({common[0]})" if common else ""
