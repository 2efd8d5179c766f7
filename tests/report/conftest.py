"""Fixtures of the report's tests: an example study, its page, and a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from example_results import write_example_results
from open_page import OpenPage

from sidemine.report.page import build_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def example_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results folder of the invented example study."""
    return write_example_results(tmp_path_factory.mktemp("example") / "results")


@pytest.fixture(scope="session")
def example_page(example_results: Path) -> Path:
    """Report of the example study."""
    page = example_results.parent / "report.html"
    build_report(example_results, page)
    return page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """System Chromium; without one, fail in CI and skip aloud elsewhere."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        message = f"no Chromium at {CHROMIUM}: the report was not looked at in a browser"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, example_page: Path) -> Iterator[OpenPage]:
    """Example page at 1440 pixels; shared by the tests of a module, which leave it as any reader might."""
    page = OpenPage(browser, example_page)
    yield page
    page.tab.close()


@pytest.fixture(scope="module")
def phone(browser: Browser, example_page: Path) -> Iterator[OpenPage]:
    """Example page at the width of a phone."""
    page = OpenPage(browser, example_page, width=390)
    yield page
    page.tab.close()
