"""The index page of an atlas: the global test first, then each declared pair, in alphabetical order; nothing is ranked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sidemine.atlas.global_test import LEVEL
from sidemine.atlas.record import AtlasRecord
from sidemine.lines.bridge.call import MECHANISM_ONLY, NOT_SAFETY
from sidemine.lines.bridge.prediction import figure_words
from sidemine.report import assets
from sidemine.report.glossary import unbroken_html
from sidemine.report.page import page_template, security_policy
from sidemine.tables import write_text

_PAGE = "report.html"
_CLASS = {"same direction": "up", "opposite direction": "down"}


def draw_page(record: AtlasRecord, studies: Mapping[str, Path], output: Path) -> None:
    """Write the page: the same bytes for the same record in the same place.

    Parameters
    ----------
    record
        The atlas.
    studies
        Results folder of each study; its page is linked to where it is there.
    output
        Where the page goes; links are relative to its folder.
    """
    style = assets.own_file("page.css")
    links = {
        name: quote(Path(os.path.relpath(folder / _PAGE, output.resolve().parent)).as_posix())
        for name, folder in studies.items()
        if (folder / _PAGE).is_file()
    }
    asked = [unit for unit in record.units if unit.asked]
    page = page_template("atlas.html.j2").render(
        atlas=record,
        asked=asked,
        studies=list(studies),
        links=links,
        figure_words=figure_words,
        sentence=_beside_every_call(record),
        level=LEVEL,
        classes=_CLASS,
        style=style,
        policy=security_policy([], [style]),
    )
    write_text(unbroken_html(page), output)


def _beside_every_call(record: AtlasRecord) -> str:
    """Return the sentence of "Evidence is not prediction", with its first figure."""
    known = f" (AUROC {figure_words(record.prediction[0])}; .5 is a coin)" if record.prediction else ""
    return f"Evidence is not prediction{known}. {MECHANISM_ONLY} {NOT_SAFETY}"
