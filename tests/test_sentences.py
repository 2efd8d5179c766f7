"""The table “Where a sentence of the page comes from”: the fixed words of each sentence stand in the file that it names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import sidemine

PACKAGE = Path(sidemine.__file__).parent
DOCS = PACKAGE.parents[1] / "docs" / "architecture.md"
ROW = re.compile(r"^\| “(.+?)”[^|]*\| `([\w/.]+)`", re.MULTILINE)


def sentences() -> list[tuple[str, str]]:
    """Return each sentence of the table with the first file that its row names."""
    table = (
        DOCS.read_text(encoding="utf-8").split("## Where a sentence of the page comes from", 1)[1].split("\n## ", 1)[0]
    )
    return ROW.findall(table)


def texts_of(file: Path) -> list[str]:
    """Return the texts of a module, what is filled in left out as …; or a template as it is."""
    source = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        return [source]
    texts = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
            texts.append("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append(node.value)
    return texts


def test_there_are_ten_sentences_from_several_rooms():
    rooms = {file.split("/")[0] for _, file in sentences()}
    assert len(sentences()) >= 10
    assert len(rooms) >= 4


@pytest.mark.parametrize(("sentence", "file"), sentences())
def test_fixed_words_stand_in_the_file(sentence, file):
    """The parts between … follow each other in one text of the file."""
    parts = [part.strip() for part in sentence.split("…") if part.strip()]
    assert sum(map(len, parts)) > 15
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    assert any(pattern.search(text) for text in texts_of(PACKAGE / file))
