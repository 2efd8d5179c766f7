"""The page speaks of its own study: other words in, none of the first study's out; and a study of one question."""

from __future__ import annotations

import gzip
import json
import re
import shutil

import pytest
from example_results import write_example_results

from sidemine.report.page import build_report

OTHER = {
    "JAK–STAT": "glucocorticoid receptor", "JAK_STAT": "GR", "JAK inhibitors": "glucocorticoids", "interferon": "dexa",
    "Interferon": "Dexa", "INTERFERON": "DEXA", "VTE": "asthma", "vte": "asth", "venous thromboembolism": "asthma",
}  # fmt: skip
FIRST_STUDY = re.compile(r"VTE|[Vv]enous|[Tt]hrombo|JAK(?!2)|[Ii]nterferon|tofacitinib|ruxolitinib|COVID")
UNSEEN = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL)


def worded(text):
    for word, other in OTHER.items():
        text = text.replace(word, other)
    return text


@pytest.fixture(scope="module")
def other_study(tmp_path_factory):
    """The example study with another drug and another outcome."""
    folder = write_example_results(tmp_path_factory.mktemp("other") / "results")
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.suffix in {".json", ".tsv"}:
            path.write_text(worded(path.read_text()))
        elif path.suffix == ".gz":
            path.write_bytes(gzip.compress(worded(gzip.decompress(path.read_bytes()).decode()).encode()))
        if path.name != worded(path.name):
            path.rename(path.with_name(worded(path.name)))
    return folder


def seen(results, page):
    """What a reader of the page can read."""
    build_report(results, page)
    return UNSEEN.sub(" ", page.read_text(encoding="utf-8"))


def test_a_study_of_another_drug_and_outcome_has_none_of_the_first_study_s_words(other_study, tmp_path):
    """No word of thrombosis, JAK or interferon comes from the program."""
    told = seen(other_study, tmp_path / "report.html")
    assert "asthma" in told
    found = [told[max(0, match.start() - 60) : match.end() + 40] for match in FIRST_STUDY.finditer(told)]
    assert found == []


def test_a_study_of_one_question_has_a_page(example_results, tmp_path):
    """One row, its footnotes, and no block of controls."""
    results = tmp_path / "results"
    shutil.copytree(example_results, results)
    study, verdicts = (json.loads((results / name).read_text()) for name in ("study.json", "verdicts.json"))
    study["config"]["hypotheses"] = study["config"]["hypotheses"][:1]
    verdicts["verdicts"] = verdicts["verdicts"][:1]
    (results / "study.json").write_text(json.dumps(study))
    (results / "verdicts.json").write_text(json.dumps(verdicts))
    build_report(results, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count('<tr class="verdict-') == 1
    assert 'id="note-a"' in page
    assert 'class="controls-brief"' not in page
