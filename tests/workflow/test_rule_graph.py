"""The picture of the rules shows what Snakemake plans."""

from __future__ import annotations

import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from draw_rule_graph import PICTURE, REPOSITORY, arrange, ask_snakemake, draw, edges_of_picture, reduce

from sidemine.registered_jobs import STUDY_JOBS

DIAMOND = {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")}


def test_the_picture_is_up_to_date(tmp_path):
    """`make rule-graph` writes it anew."""
    assert edges_of_picture(PICTURE.read_text(encoding="utf-8")) == ask_snakemake(tmp_path)


def test_edges_that_follow_from_others_are_left_out():
    assert reduce(DIAMOND) == DIAMOND - {("a", "d")}


def test_a_rule_stands_below_all_that_it_reads_from():
    assert arrange(DIAMOND) == [["a"], ["b", "c"], ["d"]]


def test_every_edge_is_drawn():
    assert edges_of_picture(draw(DIAMOND)) == DIAMOND


def test_the_groups_of_a_cluster_wait_for_one_another_in_one_direction():
    """A group that waits for a job that waits for the group could never be submitted."""
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))
    blocks = re.split(r"^(?:rule|checkpoint) (\w+):$", rules, flags=re.MULTILINE)
    groups = {job.name: job.group for job in STUDY_JOBS} | {"analyse_dataset": "contrasts"}
    for name, block in zip(blocks[1::2], blocks[2::2], strict=True):
        if (group := re.match(r'(?:\n|    .*\n)*?    group:\n        "(\w+)"', block)) is not None:
            groups[name] = group[1]
        elif "script:" in block:
            assert "    localrule: True\n" in block, f"{name} is in no group, and would be a submission of its own"
    edges = edges_of_picture(PICTURE.read_text(encoding="utf-8"))
    between = {(groups.get(first, first), groups.get(last, last)) for first, last in edges}
    assert {"samples", "datasets", "contrasts", "evidence"} <= {name for edge in between for name in edge}
    tuple(TopologicalSorter(_predecessors({(a, b) for a, b in between if a != b})).static_order())


def _predecessors(edges):
    """Return what each waits for; `TopologicalSorter` raises where that goes round."""
    found: dict[str, set[str]] = {}
    for first, last in edges:
        found.setdefault(last, set()).add(first)
    return found
