"""Drawings of pathways: files of strangers. What is not a shape, a word or a gene never reaches the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine.errors import InputError
from sidemine.study.drawing import LARGEST, clean_drawing
from sidemine.study.pathways import PathwayFile, read_drawings

CONFIG = Path(__file__).parents[2] / "config"
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10"'


def clean(body, head=HEAD):
    return clean_drawing(f"{head}>{body}</svg>", "here")


@pytest.mark.parametrize(
    ("body", "gone"),
    [
        ("<script>alert(1)</script>", "script"),
        ("<style>*{fill:url(https://x.org)}</style>", "style"),
        ('<image href="https://x.org/a.png"/>', "image"),
        (
            '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="x"/></body></foreignObject>',
            "foreignObject",
        ),
        ('<a xlink:href="javascript:alert(1)"><rect/></a>', "element a"),
        ('<use xlink:href="#x"/>', "use"),
        ('<animate attributeName="href" to="javascript:alert(1)"/>', "animate"),
        ('<set attributeName="onclick" to="alert(1)"/>', "set"),
        ('<rect onclick="alert(1)"/>', "onclick"),
        ('<rect style="fill:url(https://x.org/a)"/>', "style"),
        ('<rect fill="url(https://x.org/a)"/>', "fill"),
        ('<path d="M0 0 url(x)"/>', "attribute d"),
        ('<rect transform="translate(1) url(x)"/>', "transform"),
        ('<svg viewBox="0 0 1 1"><rect/></svg>', "element svg"),
        ('<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>', "script"),
    ],
)
def test_hostile_parts_are_left_out_and_told(body, gone):
    found = clean(f'{body}<rect data-gene="STAT1" x="1" y="1" width="2" height="2"/>')
    assert found.genes == ["STAT1"]
    assert any(gone in words for words in found.left_out), found.left_out
    for word in ("script", "http://www.w3.org/1999", "x.org", "url(", "javascript", "onclick", "href", "style"):
        assert word not in found.svg


def test_words_stay_words():
    """Markup in a label is written out; it can neither close the drawing nor open an element."""
    found = clean('<text data-gene="JAK1">&lt;/svg&gt;&lt;script&gt; &amp; <tspan>x</tspan></text>')
    assert "&lt;/svg&gt;&lt;script&gt; &amp; " in found.svg
    assert found.svg.count("<svg") == found.svg.count("</svg>") == 1


def test_genes_are_data_gene_or_id_and_what_was_clean_stays_as_it_is():
    found = clean(
        '<g id="STAT1"><rect class="box other" x="1"/></g><rect id="JAK2"/><g id="a b"/>', f'{HEAD} id="svg8"'
    )
    assert found.genes == ["STAT1", "JAK2"]
    assert 'class="box"' in found.svg
    again = clean_drawing(found.svg, "here")
    assert (again.svg, again.genes, again.left_out) == (found.svg, found.genes, [])


def test_where_parts_say_which_are_genes_an_id_of_an_editor_is_none():
    """Nor is the whole drawing ever one: a click anywhere would open it."""
    found = clean('<g data-gene="JAK1" id="g12"><rect id="rect34"/></g><path id="path56"/>', f'{HEAD} data-gene="X"')
    assert found.genes == ["JAK1"]
    assert found.svg.count("data-gene") == 1


def test_the_page_sets_the_size_of_a_drawing():
    """Not the file: a width in pixels would not fit a telephone. Those of its parts stay."""
    found = clean('<rect data-gene="JAK1" width="3" height="2"/>', f'{HEAD} width="900" height="700"')
    assert "900" not in found.svg
    assert "700" not in found.svg
    assert 'width="3"' in found.svg


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg/>', "document type"),
        ("<svg", "cannot be read"),
        ("<html/>", "no SVG"),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "no viewBox"),
        (f"{HEAD}><rect/></svg>", "names no gene"),
        (f"{HEAD}>{'<g>' * 40}{'</g>' * 40}</svg>", "groups in groups"),
        (f"{HEAD}>{'<g/>' * 6000}</svg>", "too many elements"),
        (" " * (LARGEST + 1), "too large"),
    ],
)
def test_what_cannot_be_a_drawing_is_refused_in_four_parts(text, what):
    with pytest.raises(InputError, match=what) as raised:
        clean_drawing(text, "config.yaml, pathway p")
    (problem,) = raised.value.problems
    assert problem.where.startswith("config.yaml, pathway p")
    assert problem.allowed
    assert problem.next_step


def row(file, name="p"):
    return PathwayFile(id=name, title="A pathway", file=file, source="Nobody 2020", licence="CC0")


def test_both_shipped_drawings_are_whole_and_alike():
    """The drawing of the demo is that of the real study; nothing of it is left out."""
    problems = []
    drawings = [
        *read_drawings([row("jak_stat.svg")], CONFIG / "config.yaml", problems),
        *read_drawings([row("jak_stat.svg")], CONFIG / "demo" / "config.yaml", problems),
    ]
    assert problems == []
    assert drawings[0] == drawings[1]
    assert drawings[0].left_out == []
    assert {"JAK1", "JAK2", "JAK3", "TYK2", "STAT1", "STAT3", "SOCS1", "SOCS3", "IFNAR1"} <= set(drawings[0].genes)


def test_mistakes_of_files_are_told_all_at_once(tmp_path):
    """A missing file, one that is not UTF-8, an id used twice, and a file outside of what a stranger's study may open."""
    (tmp_path / "latin.svg").write_bytes(b"<svg>\xff</svg>")
    outside = tmp_path.parent / "outside.svg"
    problems = []
    rows = [row("missing.svg"), row("latin.svg"), row(str(outside), "q")]
    assert read_drawings(rows, tmp_path / "config.yaml", problems, within=[tmp_path]) == []
    told = [problem.what for problem in problems]
    assert len(told) == 4
    for words in ("used twice", "cannot be opened", "not written in UTF-8", "outside"):
        assert any(words in what for what in told), told
