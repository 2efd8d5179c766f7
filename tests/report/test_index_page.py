"""One page over several studies: each answer as its own study tells it, links to pages that stay as they are, plain refusals."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from hashlib import sha256

import pytest
from beside_results import write_provenance
from example_results import HOSTILE_TITLE, write_example_results

from sidemine.cli import main
from sidemine.drawing.words import unbroken
from sidemine.report.badge import badge_words
from sidemine.report.collect import read_answers
from sidemine.report.first_screen import overview_line
from sidemine.report.index_page import IndexedStudy, question_rows, shared_accessions
from sidemine.tables import write_json


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    """Two studies side by side: one simulated, one that is not, with a question of its own."""
    place = tmp_path_factory.mktemp("atlas")
    first = write_example_results(place / "first study")
    second = shutil.copytree(first, place / "second")
    verdicts, manifest = (json.loads((second / name).read_text()) for name in ("verdicts.json", "manifest.json"))
    verdicts["simulated"] = False
    verdicts["verdicts"][0]["question"] = f"Another question? {HOSTILE_TITLE}"
    manifest["inputs"] = [{**item, "simulated": False} for item in manifest["inputs"]]
    write_json(verdicts, second / "verdicts.json")
    write_json(manifest, second / "manifest.json")
    for folder in (first, second):
        write_provenance(folder)
        (folder / "report.html").write_text("<title>the page of a study</title>", encoding="utf-8")
    return place


def index_of(atlas, capsys, *more: str) -> str:
    assert main(["report", str(atlas / "first study"), str(atlas / "second"), *more]) == 0
    return (atlas / capsys.readouterr().out.strip()).read_text(encoding="utf-8")


def test_every_answer_stands_in_its_column(atlas, capsys):
    """Each study's answers with their figures, linked to their cards; a question that a study does not ask says so."""
    before = {path: sha256(path.read_bytes()).digest() for path in atlas.rglob("*") if path.is_file()}
    page = index_of(atlas, capsys)
    studies = [IndexedStudy(read_answers(atlas / name), name, name) for name in ("first study", "second")]
    cards = [card for study in studies for card in study.answers.verdicts.verdicts]
    for card in cards:
        assert unbroken(overview_line(card)) in page
        assert f"</span> {badge_words(card)}</a>" in page
        assert page.count(f"report.html#card-{card.hypothesis}") == 2
    assert 'href="first%20study/report.html"' in page
    assert page.count("not asked") == 2  # the question that differs is a row of its own in each
    asked = {card.question for card in cards if not card.is_control}
    rows = question_rows(studies, controls=False)
    assert {row.question for row in rows} == {" ".join(question.split()) for question in asked}
    assert not any(cell and cell.card.is_control for row in rows for cell in row.cells)
    assert "<script" not in page
    assert index_of(atlas, capsys) == page
    (atlas / "index.html").unlink()
    assert {path: sha256(path.read_bytes()).digest() for path in atlas.rglob("*") if path.is_file()} == before


def test_one_question_asked_of_two_comparisons_has_two_rows(atlas):
    """The same words, set and direction in one study twice: neither answer takes the place of the other."""
    answers = read_answers(atlas / "second")
    first = answers.verdicts.verdicts[1]
    twin = replace(first, hypothesis="twin")
    twice = replace(answers, verdicts=replace(answers.verdicts, verdicts=[first, twin]))
    studies = [IndexedStudy(answers, "one", "one"), IndexedStudy(twice, "two", "two")]
    rows = question_rows(studies, controls=first.is_control)
    cells = [[cell and cell.card.hypothesis for cell in row.cells] for row in rows]
    assert [first.hypothesis, first.hypothesis] in cells
    assert [None, "twin"] in cells


def test_a_folder_takes_the_page_under_its_usual_name(atlas, capsys, tmp_path):
    """With a slash behind it also one that is not there yet; before, it became a file."""
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir()
    assert index_of(atlas, capsys, "-o", f"{new}/") == (new / "index.html").read_text(encoding="utf-8")
    assert index_of(atlas, capsys, "-o", str(old)) == (old / "index.html").read_text(encoding="utf-8")


def test_what_made_each_study_is_told(atlas, capsys, tmp_path):
    """Version, rules and digests of each; which are simulated; accessions that several share."""
    page = index_of(atlas, capsys, "-o", str(tmp_path / "sub" / "atlas.html"))
    manifest = json.loads((atlas / "second" / "manifest.json").read_text())
    for digest in ("lock_digest", "config_digest", "code_digest"):
        assert manifest[digest][:12] in page
    assert "Simulated: <bdi>first study</bdi>." in page
    assert page.count('class="sim"') == 2
    assert "Not independent" not in page  # simulated files are no samples of the record whose name they bear
    one = IndexedStudy(read_answers(atlas / "second"), "one", "one")
    assert shared_accessions([one]) == []
    shared = shared_accessions(
        [one, IndexedStudy(read_answers(atlas / "first study"), "two", "two"), replace(one, name="three")]
    )
    assert shared
    assert all(names == ["one", "three"] for _, names in shared)
    links = re.findall(r'href="([^"#]+)"', page.partition("<body")[2])
    assert links
    assert all(link.endswith(("/second/report.html", "/first%20study/report.html")) for link in links)


def test_what_is_no_finished_study_is_refused(atlas, capsys, tmp_path):
    """Folders without results or page, or named twice, are all told at once, and no page is written."""
    bare = shutil.copytree(atlas / "second", tmp_path / "bare")
    (bare / "report.html").unlink()
    output = tmp_path / "index.html"
    first = str(atlas / "first study")
    assert main(["report", first, str(tmp_path / "empty"), str(bare), first, "-o", str(output)]) == 1
    told = capsys.readouterr().err
    assert "there are no results of a study here" in told
    assert "a study has no page that the index could link to" in told
    assert "a study is named twice" in told
    assert "Traceback" not in told
    assert not output.exists()
    assert main(["report", first, str(atlas / "second"), "-o", f"{first}/report.html"]) == 1
    assert "take the place of a study's page" in capsys.readouterr().err


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_index_is_quiet_fits_and_holds_no_barrier(browser, atlas, capsys, width, scheme):
    """No request but the file, nothing wider than the window, no barrier that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    index_of(atlas, capsys)
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto((atlas / "index.html").as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [item["id"] for item in Axe().run(tab).response["violations"]] == []
    assert {url for url in requests if not url.startswith("data:")} <= {(atlas / "index.html").as_uri()}
    tab.close()
