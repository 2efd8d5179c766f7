"""The documentation as a site: `make docs`.

Sphinx reads the Markdown where it lies, so that a link leads to the same place in the site as in the repository. Which
pages there are, and in what order, stands in docs/README.md alone.
"""

from __future__ import annotations

import re
import shutil
from itertools import chain
from pathlib import Path

from sphinx.application import Sphinx

REPOSITORY = Path(__file__).resolve().parents[1]
CONTENTS = REPOSITORY / "docs" / "README.md"


def _pages_by_heading() -> dict[str, list[str]]:
    """Return the pages below each heading of the contents, as Sphinx names them: without their ending."""
    parts = re.split(r"^## ", CONTENTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        part.splitlines()[0]: [
            (CONTENTS.parent / target).resolve().relative_to(REPOSITORY).with_suffix("").as_posix()
            for target in re.findall(r"^- \[[^]]+\]\(([^)]+\.md)\)", part, re.MULTILINE)
        ]
        for part in parts
    }


PAGES = _pages_by_heading()

project = "sidemine"
author = "The sidemine developers"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [f"{page}.md" for page in (root_doc, "docs/README", *chain(*PAGES.values()))]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "sidemine"
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # a page that is opened as a file may not fetch the others


def _hang_pages_below_the_first(_: Sphinx, page: str, source: list[str]) -> None:
    if page == root_doc:
        for heading, pages in {"Contents": ["docs/README"], **PAGES}.items():
            source[0] += "\n".join(["\n\n```{toctree}", ":hidden:", f":caption: {heading}", "", *pages, "```\n"])


def _name_the_first_page(app: Sphinx, problem: Exception | None) -> None:
    if problem is None:
        shutil.copy(Path(app.outdir) / "README.html", Path(app.outdir) / "index.html")


def setup(app: Sphinx) -> None:
    """Add the contents, which Markdown has no words for, and the name that a server looks for."""
    app.connect("source-read", _hang_pages_below_the_first)
    app.connect("build-finished", _name_the_first_page)
