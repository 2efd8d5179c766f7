"""Figures of the engine's own report: all there, the same bytes, and marked when simulated."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from beside_results import add_beside
from example_results import CONTRASTS, write_example_results

from sidemine.report.annex import annex_figures, figure_svg, light_colours, write_annex
from sidemine.report.annex_files import annex_names
from sidemine.report.collect import collect


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return add_beside(write_example_results(tmp_path_factory.mktemp("annex") / "results"))


def test_every_promised_figure_is_written(folder, tmp_path):
    """The rule's outputs are what the function writes, each one an SVG; what cannot be drawn says why."""
    write_annex(folder, tmp_path)
    hypotheses = ["vte_targets", "inhibitor_isg", "heme_null", "vte_conflict", "skin"]
    wanted = {name for names in annex_names(hypotheses, list(CONTRASTS)).values() for name in names}
    assert {path.name for path in tmp_path.iterdir()} == wanted
    for path in tmp_path.iterdir():
        assert ElementTree.fromstring(path.read_text()).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
    assert "No figure: no gene was tested" in (tmp_path / "histogram_too_small.svg").read_text()
    forest = (tmp_path / "forest_vte_targets.svg").read_text()
    assert "SIMULATED DATA" in forest
    assert "vte_a" in forest
    assert "@" not in forest.split("aria-label", 1)[0]


def test_drawing_again_gives_the_same_bytes(folder):
    """No date, no random id."""
    _, spec, _ = next(annex_figures(collect(folder)))
    assert figure_svg(spec, "") == figure_svg(spec, "")
    assert "SIMULATED" not in figure_svg(spec, "")


def test_colours_come_from_the_page():
    """Higher and lower have the page's colours."""
    assert {"higher", "lower", "surface", "band"} <= set(light_colours())


def test_reason_is_escaped():
    """A hostile reason is text."""
    assert "<script>" not in figure_svg(None, "<script>x</script>")
