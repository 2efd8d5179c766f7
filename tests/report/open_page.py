"""The report in a browser tab, for the tests that drive it."""

from __future__ import annotations

import re
from pathlib import Path

FIREFOX = Path("/usr/bin/firefox-esr")
KEEP_SAVED = """
window.saved = [];
const keep = URL.createObjectURL;
URL.createObjectURL = (blob) => { window.saved.push(blob); return keep(blob); };
"""
"""Firefox tells its driver nothing of a blob that it saves: the page's script keeps what it hands over."""


def without_terms(html: str) -> str:
    """Return the page without the buttons of its glossary: sentences whole again."""
    plain = re.sub(r'<button type="button" class="term"[^>]*>([^<]*)</button>', r"\1", html)
    return re.sub(r'<span class="whole">([^<]*)</span>', r"\1", plain)


class Firefox:
    """Firefox, one per colour scheme: its driver cannot change the scheme of one that runs."""

    def __init__(self, playwright) -> None:
        self._playwright = playwright
        self._running = {}

    def new_page(self, *, viewport, color_scheme="light"):
        """Open a tab of the Firefox of this scheme."""
        if color_scheme not in self._running:
            self._running[color_scheme] = self._playwright.firefox.launch(
                channel="moz-firefox",
                executable_path=str(FIREFOX),
                firefox_user_prefs={
                    "layout.css.prefers-color-scheme.content-override": int(color_scheme != "dark"),
                    "ui.useOverlayScrollbars": 1,  # as on a phone
                    "browser.download.alwaysOpenPanel": False,  # the panel of downloads takes every key from the page
                },
                timeout=120_000,
            )
        tab = self._running[color_scheme].new_page(viewport=viewport, color_scheme="null")
        tab.add_init_script(KEEP_SAVED)
        return tab

    def close(self) -> None:
        """Close all of them."""
        for running in self._running.values():
            running.close()


class OpenPage:
    """The report in a browser tab, with everything it asked for or complained about."""

    def __init__(self, browser, path: Path, width: int = 1440, scheme: str = "light", fragment: str = "") -> None:
        self.is_firefox = isinstance(browser, Firefox)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.tab = browser.new_page(
            viewport={"width": width, "height": 844 if width < 600 else 900}, color_scheme=scheme
        )
        self.tab.set_default_timeout(120_000)  # a busy machine draws slowly
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.goto(path.as_uri() + fragment)
        self.tab.wait_for_selector("html[data-ready]")

    def saved_by(self, selector: str) -> bytes:
        """Click the first element that matches, and return the file that the reader then has."""
        button = self.tab.locator(selector).first
        if not self.is_firefox:
            with self.tab.expect_download() as download:
                button.click()
            return Path(download.value.path()).read_bytes()
        self.tab.evaluate("window.saved.length = 0")
        button.click()
        self.tab.wait_for_function("() => window.saved.length > 0")
        return bytes(self.tab.evaluate("window.saved[0].arrayBuffer().then((bytes) => [...new Uint8Array(bytes)])"))

    def show(self, contrast: str) -> None:
        """Choose a comparison, wait until it is drawn, and take back filters that were set before."""
        self.tab.bring_to_front()  # Firefox hands keys to the page in front alone
        self.tab.select_option("#contrast-picker", contrast)
        self.tab.wait_for_selector(f"#contrast-{contrast}.shown[data-ready]")
        self.tab.eval_on_selector_all(
            f"#contrast-{contrast} .rank-and-heat", "parts => parts.forEach(part => { part.open = true; })"
        )
        fields = f"#contrast-{contrast} .filters select, #contrast-{contrast} .filters input, #genes-{contrast}_wrapper .dt-search input"
        self.tab.eval_on_selector_all(
            fields,
            "fields => fields.forEach(field => { field.value = ''; field.dispatchEvent(new Event('input', { bubbles: true })); })",
        )

    def wait_until_complete(self) -> None:
        """Wait until every chart of the cards is drawn."""
        self.tab.wait_for_selector("html[data-complete]")

    def unfold(self, selector: str) -> None:
        """Open everything that is folded away under an element."""
        self.tab.eval_on_selector_all(f"{selector} details", "parts => parts.forEach(part => { part.open = true; })")

    def box(self, selector: str) -> dict[str, float]:
        """Return the place of the first element that matches, on the page."""
        box = self.tab.locator(selector).first.bounding_box()
        assert box is not None, selector
        return box

    def rows(self, contrast: str) -> list[list[str]]:
        """Cells of the gene table's rows as shown."""
        return self.tab.eval_on_selector_all(
            f"#genes-{contrast} tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
        )

    def wait_for_rows(self, contrast: str, number_of_rows: int) -> None:
        """Wait until the gene table shows so many rows; DataTables redraws in its own time."""
        self.tab.wait_for_function(
            "([id, wanted]) => document.querySelectorAll(`#genes-${id} tbody tr`).length === wanted",
            arg=[contrast, number_of_rows],
        )
