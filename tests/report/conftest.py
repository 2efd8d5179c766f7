"""Fixtures of the report's tests: an example study, its page, and two browsers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from example_results import write_example_results
from open_page import FIREFOX, Firefox, OpenPage

from sidemine.report.page import build_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

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
def playwright() -> Iterator[Playwright]:
    """What drives the browsers."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


def _require(browser: str, program: Path, package: str) -> None:
    """Without the browser, fail in CI and skip aloud elsewhere."""
    if not program.exists():
        message = f"no {browser} at {program} (apt-get install {package}): the report was not looked at in it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """System Chromium."""
    _require("Chromium", CHROMIUM, "chromium")
    opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def firefox(playwright: Playwright) -> Iterator[Firefox]:
    """System Firefox."""
    _require("Firefox", FIREFOX, "firefox-esr")
    opened = Firefox(playwright)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Browser | Firefox:
    """Chromium, or what `SIDEMINE_BROWSER` names: `SIDEMINE_BROWSER=firefox pytest -m browser` drives all of it in Firefox."""
    return request.getfixturevalue(os.environ.get("SIDEMINE_BROWSER", "chromium"))


@pytest.fixture(scope="session", params=["chromium", "firefox"])
def each_browser(request: pytest.FixtureRequest) -> Browser | Firefox:
    """Chromium, then Firefox: for what differs between browsers."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def chromium_only(browser: Browser | Firefox) -> None:
    """Skip where the browser cannot be asked for what the test needs: the media of paper, or its processor time."""
    if isinstance(browser, Firefox):
        pytest.skip("Firefox has no command that emulates paper or tells processor time")


@pytest.fixture(scope="module")
def opened(browser: Browser | Firefox, example_page: Path) -> Iterator[OpenPage]:
    """Example page at 1440 pixels; shared by the tests of a module, which leave it as any reader might."""
    page = OpenPage(browser, example_page)
    yield page
    page.tab.close()


@pytest.fixture(scope="module")
def phone(browser: Browser | Firefox, example_page: Path) -> Iterator[OpenPage]:
    """Example page at the width of a phone."""
    page = OpenPage(browser, example_page, width=390)
    yield page
    page.tab.close()
