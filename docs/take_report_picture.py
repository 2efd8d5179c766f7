"""Take the README's picture of the demo's report: `make picture` after `make demo`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDTH, HEIGHT = 1440, 1490


@contextmanager
def open_report(page: Path, height: int) -> Iterator[Page]:
    """Open a report in a browser, `height` pixels high, and wait until all of it is drawn."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("html[data-complete]", timeout=120_000)
        yield tab
        browser.close()


def take_picture(page: Path, picture: Path) -> None:
    """Write the first screens of a report as PNG, without what follows the first card's evidence."""
    with open_report(page, HEIGHT) as tab:
        tab.screenshot(path=picture)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, nargs="?", default=Path("results/demo/report.html"))
    parser.add_argument("picture", type=Path, nargs="?", default=Path("docs/report.png"))
    arguments = parser.parse_args()
    take_picture(arguments.page, arguments.picture)
