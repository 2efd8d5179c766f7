"""Draw the rules of the workflow and what hands files to what, as docs/rule_graph.svg: `make rule-graph`.

The edges are those that Snakemake itself finds for the default study (config/config.yaml), without those that follow from
others. `analyse_dataset`, which has a rule for each dataset, is one box.
"""

from __future__ import annotations

import re
import subprocess
import sys
from html import escape
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURE = REPOSITORY / "docs" / "rule_graph.svg"
TARGETS = {"all", "study"}
WIDTH, HEIGHT, GAP, LEVEL = 168, 26, 14, 58
"""Size of a box, the gap between two of them, and the distance of two levels, in pixels."""

Edges = set[tuple[str, str]]


def ask_snakemake(folder: Path) -> Edges:
    """Return which rule hands files to which, as Snakemake plans it in an empty folder."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "--snakefile", str(REPOSITORY / "Snakefile")]
    command += ["--configfile", str(REPOSITORY / "config" / "config.yaml"), "--directory", str(folder)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own words
    names = {
        node: re.sub(r"^(analyse_dataset)_\w+", r"\1", rule)
        for node, rule in re.findall(r'(\d+)\[label = "(\w+)', text)
    }
    edges = {(names[first], names[last]) for first, last in re.findall(r"(\d+) -> (\d+)", text)}
    return reduce({edge for edge in edges if not TARGETS & {*edge}})


def reduce(edges: Edges) -> Edges:
    """Return the edges of an acyclic graph without those that a longer way makes needless."""
    after: dict[str, set[str]] = {}
    for first, last in edges:
        after.setdefault(first, set()).add(last)

    def reached(rule: str) -> set[str]:
        return {place for step in after.get(rule, ()) for place in (step, *reached(step))}

    beyond = {rule: {place for step in steps for place in reached(step)} for rule, steps in after.items()}
    return {(first, last) for first, last in edges if last not in beyond[first]}


def arrange(edges: Edges) -> list[list[str]]:
    """Return the rules by level, each below all that it reads from; within a level near what it reads from."""
    rules = sorted({rule for edge in edges for rule in edge})
    level = dict.fromkeys(rules, 0)
    for _ in rules:
        for first, last in edges:
            level[last] = max(level[last], level[first] + 1)
    rows: list[list[str]] = []
    for number in range(max(level.values()) + 1):
        above = {rule: place / len(row) for row in rows for place, rule in enumerate(row, 1)}
        here = [rule for rule in rules if level[rule] == number]
        sources = {rule: [above[first] for first, last in sorted(edges) if last == rule] for rule in here}
        rows.append(sorted(here, key=lambda rule: (sum(sources[rule]) / max(len(sources[rule]), 1), rule)))
    return rows


def draw(edges: Edges) -> str:
    """Return the picture as SVG; every edge says in `data-edge` what it joins."""
    rows = arrange(edges)
    width = max(len(row) for row in rows) * (WIDTH + GAP) + GAP
    middle = {
        rule: (round(width * (place + 0.5) / len(row)), GAP + number * LEVEL)
        for number, row in enumerate(rows)
        for place, rule in enumerate(row)
    }
    height = len(rows) * LEVEL
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        "<title>The rules of the workflow, and which hands files to which</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for first, last in sorted(edges):
        (x, y), (to_x, to_y) = middle[first], middle[last]
        path = f"M{x},{y + HEIGHT} C{x},{y + LEVEL - 6} {to_x},{to_y - LEVEL + HEIGHT + 6} {to_x},{to_y}"
        lines.append(f'<path data-edge="{first} {last}" d="{path}" fill="none" stroke="#8a97a5"/>')
    for rule, (x, y) in middle.items():
        lines += [
            f'<rect x="{x - WIDTH // 2}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="#eef3f8" stroke="#33557a"/>',
            f'<text x="{x}" y="{y + 17}" text-anchor="middle" fill="#1b2733">{escape(rule)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def edges_of_picture(text: str) -> Edges:
    """Return what a picture shows."""
    return {(first, last) for first, last in re.findall(r'data-edge="(\w+) (\w+)"', text)}


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        PICTURE.write_text(draw(ask_snakemake(Path(folder))), encoding="utf-8")
