"""The picture of the rules shows what Snakemake plans."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from draw_rule_graph import PICTURE, arrange, ask_snakemake, draw, edges_of_picture, reduce

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
