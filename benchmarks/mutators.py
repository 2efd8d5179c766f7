"""Small faults for `mutate.py`: every way in which one node of a syntax tree may be wrong, one mutant each."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


def _both_ways(*pairs: tuple[str, str]) -> dict[str, str]:
    return {a: b for pair in pairs for a, b in (pair, pair[::-1])}


_WORDS = _both_ways(
    ("▲", "▼"),
    ("up", "down"),
    ("higher", "lower"),
    ("raises", "lowers"),
    ("cohort", "experiment"),
    ("cohorts", "experiments"),
    ("passed", "failed"),
    ("target", "reference"),
    ("ci_low", "ci_high"),
    ("fry", "camera"),
    ("liberal", "conservative"),
    ("high", "low"),
    ("greater", "less"),
)
"""Constants that mean the contrary of each other."""
_NAMES = _both_ways(
    ("min", "max"),
    ("any", "all"),
    ("ci_low", "ci_high"),
    ("n_target", "n_reference"),
    ("target_label", "reference_label"),
    ("p_self_contained", "p_competitive"),
    ("HIGHER", "LOWER"),
    ("SUPPORTED", "SUGGESTIVE"),
    ("NOT_SUPPORTED", "NOT_TESTABLE"),
    ("total", "adjusted"),
    ("k", "n"),
    ("FAULT", "REMAINS"),
    ("DATA", "OPEN"),
    ("nanmin", "nanmax"),
    ("logical_and", "logical_or"),
)
"""Functions and attributes that are taken for each other."""


@dataclass(frozen=True)
class Mutant:
    """One fault in one file.

    Attributes
    ----------
    file
        Path under `workflow/sidemine/`.
    node, variant
        Which node, in the order of `sites`, and which of its faults.
    line, end_line
        Lines of the node.
    told
        What was there and what is there now.
    in_function
        Whether the line runs when a function is called; otherwise when the module is imported.
    """

    file: str
    node: int
    variant: int
    line: int
    end_line: int
    told: str
    in_function: bool

    @property
    def key(self) -> str:
        """Name of the mutant, as long as its file does not change."""
        return f"{self.file}:{self.line}: {self.told}"


@dataclass(frozen=True)
class Site:
    """A node that may be wrong, where it stands, and whether it stands in a function."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    in_function: bool


def sites(tree: ast.AST) -> list[Site]:
    """Return all nodes but annotations, decorators, docstrings, raised errors, imports and format specifications."""
    return list(_below(tree, in_function=False))


def _below(parent: ast.AST, *, in_function: bool) -> Iterator[Site]:
    inner = in_function or isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for name, value in ast.iter_fields(parent):
        if name in {
            "annotation",
            "returns",
            "decorator_list",
            "format_spec",
            "type_params",
            "ctx",
            "ops",
            "op",
            "bases",
        }:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom):
                continue
            if not isinstance(node, ast.AST) or _is_docstring(node) or _is_for_types(node):
                continue
            # Default values of parameters are made where the function is defined.
            runs_in_function = inner and name not in {"args", "defaults", "kw_defaults"}
            yield Site(node, parent, name, index, runs_in_function)
            yield from _below(node, in_function=runs_in_function)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_for_types(node: ast.AST) -> bool:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name):
        return node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"TypeVar", "cast"}


def variants(site: Site) -> list[ast.AST]:
    """Return what may wrongly stand in the place of a node."""
    node = site.node
    match node:
        case ast.Compare():
            return [
                _with(node, ops=[*node.ops[:at], other(), *node.ops[at + 1 :]])
                for at, operator in enumerate(node.ops)
                for other in _COMPARISONS[type(operator)]
            ]
        case ast.Constant():
            return _constants(node) if not isinstance(site.parent, ast.JoinedStr) else []
        case ast.BoolOp():
            return [_with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())]
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            return [copy.deepcopy(node.operand)]
        case ast.BinOp():
            texts = any(_is_text(side) for side in (node.left, node.right))
            other = _ARITHMETIC.get(type(node.op))
            return [_with(node, op=other())] if other and not texts else []
        case ast.IfExp():
            return [_with(node, body=node.orelse, orelse=node.body)]
        case ast.If(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            return [_with(node, test=ast.UnaryOp(ast.Not(), test))]
        case ast.comprehension(ifs=[*conditions]):
            return [_with(node, ifs=[*conditions[:at], *conditions[at + 1 :]]) for at in range(len(conditions))]
        case ast.Name() if (
            isinstance(node.ctx, ast.Load) and node.id in _NAMES and node.id not in {"k", "n", "total", "adjusted"}
        ):
            return [_with(node, id=_NAMES[node.id])]
        case ast.Attribute() if isinstance(node.ctx, ast.Load) and node.attr in _NAMES:
            return [_with(node, attr=_NAMES[node.attr])]
        case ast.Dict():
            return [
                _with(
                    node,
                    keys=[*node.keys[:at], *node.keys[at + 1 :]],
                    values=[*node.values[:at], *node.values[at + 1 :]],
                )
                for at in range(len(node.keys))
            ]
        case ast.Call(func=ast.Name(id="replace")):
            named = node.keywords
            return [_with(node, keywords=[*named[:at], *named[at + 1 :]]) for at in range(len(named))]
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Delete():
            return [ast.Pass()]
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            return [ast.Pass()]
    return []


def _constants(node: ast.Constant) -> list[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        return [ast.Constant(not value)]
    if isinstance(value, int):
        return [ast.Constant(value + 1)]
    if isinstance(value, float):
        return [ast.Constant(value * factor) for factor in (1.5, 0.5)] if value else [ast.Constant(1.0)]
    if isinstance(value, str) and value in _WORDS:
        return [ast.Constant(_WORDS[value])]
    return []


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _with(node: ast.AST, **changes: object) -> ast.AST:
    changed = copy.deepcopy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Return all mutants of one file."""
    found = []
    for number, site in enumerate(sites(ast.parse(source))):
        line = getattr(site.node, "lineno", None) or getattr(site.parent, "lineno", 1)
        end = getattr(site.node, "end_lineno", None) or getattr(site.parent, "end_lineno", line)
        if isinstance(site.node, ast.If):
            end = site.node.test.end_lineno or line
        for variant, changed in enumerate(variants(site)):
            before, after = _shown(site.node), _shown(changed)
            told = _difference(before, after)
            found.append(Mutant(file, number, variant, line, end, told, site.in_function))
    return found


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.If):
        return "if " + ast.unparse(node.test)
    if isinstance(node, ast.comprehension):
        return ast.unparse(node).strip()
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))


def _difference(before: str, after: str) -> str:
    """Return both texts without what they share at their ends, with a little of it left for the reader."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    start, end = max(0, start - 40), max(0, end - 40)
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    return f"{left[:160]}  →  {right[:160]}".replace("\n", " ")


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """Return the syntax tree of a file with its fault."""
    tree = ast.parse(source)
    site = sites(tree)[mutant.node]
    changed = ast.copy_location(variants(site)[mutant.variant], site.node)
    if site.index is None:
        setattr(site.parent, site.field, changed)
    else:
        getattr(site.parent, site.field)[site.index] = changed
    return ast.fix_missing_locations(tree)
