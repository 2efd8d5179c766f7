"""Take the README's picture of the demo's report: `make picture` after `make demo`."""

from __future__ import annotations

import argparse
from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDTH, HEIGHT = 1440, 1490


def take_picture(page: Path, picture: Path) -> None:
    """Write the first screens of a report as PNG, without what follows the first card's evidence."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("html[data-complete]", timeout=120_000)
        tab.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, nargs="?", default=Path("results/demo/report.html"))
    parser.add_argument("picture", type=Path, nargs="?", default=Path("docs/report.png"))
    arguments = parser.parse_args()
    take_picture(arguments.page, arguments.picture)
