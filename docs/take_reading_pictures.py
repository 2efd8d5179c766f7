"""Take the pictures of docs/reading-the-page.md from a report of the demo: `make picture` after `make demo`."""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path

from take_report_picture import open_report

PICTURES = {
    "summary": "#overview",
    "card": ".card .card-top",
    "resemblance": ".card [data-panel=concordance]",
    "comparison": ".contrast.shown .linked",
}
"""Parts of the page, by the name of the picture that shows them: the first element that matches."""
HEIGHT = 900
TALLEST = 640
"""Pixels of a picture: what is longer is shown from its beginning."""


def take_pictures(page: Path, folder: Path) -> None:
    """Write one PNG per part of the page."""
    from PIL import Image

    with open_report(page, HEIGHT) as tab:
        for name, selector in PICTURES.items():
            part = tab.locator(selector).first
            part.scroll_into_view_if_needed()
            box = part.bounding_box()
            if box is None:
                raise SystemExit(f"{page} shows nothing at {selector}: is it a report of the demo?")
            top = tab.evaluate("window.scrollY") + box["y"]
            clip = {"x": box["x"], "y": top, "width": box["width"], "height": min(box["height"], TALLEST)}
            shot = Image.open(BytesIO(tab.screenshot(clip=clip, full_page=True)))
            shot.convert("RGB").quantize(96).save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path, nargs="?", default=Path("results/demo/report.html"))
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/reading"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(exist_ok=True)
    take_pictures(arguments.page, arguments.folder)
