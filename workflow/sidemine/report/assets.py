"""Scripts and styles of other people, read at build time from locked packages, with their licences.

Nothing third-party is committed here: Vega comes with `vl-convert-python`, DataTables with `itables`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

from sidemine.errors import InputError, Problem
from sidemine.tables import write_text

FIRST_SCRIPT = "first.js"
"""The page's own script that runs before its body is read."""
OWN_SCRIPTS = (
    "core.js",
    "export.js",
    "cards.js",
    "pictures.js",
    "contrasts.js",
    "explorer.js",
    "pathways.js",
    "calibration.js",
    "records.js",
    "state.js",
)
"""The page's own scripts, in the order in which they run; what they share is in the first."""
OWN_STYLES = ("page.css", "side_panels.css", "print.css")
"""The page's own style sheets."""
_EXPORT = re.compile(r"export\s*\{([^{}]*)\}\s*;?")


@dataclass(frozen=True)
class Licence:
    """Licence text of one embedded library."""

    name: str
    text: str


def _kept_bundle() -> Path:
    """Return where `make setup` keeps the bundle of this environment: making it takes longer than the whole page."""
    return Path(sys.prefix) / "share" / "sidemine" / f"vega-{distribution('vl-convert-python').version}.js"


def _make_bundle() -> str:
    import vl_convert

    # The stub file demands the snippet; without one the bundle sets window.vegaEmbed, which is what we want.
    return str(vl_convert.javascript_bundle())  # type: ignore[call-arg]


def keep_bundle() -> Path:
    """Make the bundle of the charting library once, and keep it in the environment that it belongs to."""
    kept = _kept_bundle()
    write_text(_make_bundle(), kept)
    return kept


@cache
def chart_script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one classic script (sets `window.vegaEmbed`)."""
    kept = _kept_bundle()
    return _closed(kept.read_text(encoding="utf-8") if kept.is_file() else _make_bundle())


@cache
def table_script() -> str:
    """Return DataTables as a classic script that sets `window.DataTable`.

    The bundle is an ES module. A module cannot be imported from within a page without a URL, so its export list is
    turned into an assignment.

    Raises
    ------
    InputError
        When the bundle of the installed version has no export list with a default export.
    """
    source = files("itables").joinpath("html/dt_bundle.js").read_text(encoding="utf-8")
    exports = [match for match in _EXPORT.finditer(source) if re.search(r"\bas default\b", match[1])]
    if len(exports) != 1:
        raise InputError(
            Problem(
                "the DataTables bundle of itables has another shape than expected",
                f"itables {distribution('itables').version}, html/dt_bundle.js",
                "an ES module with one export list that names a default",
                "Install the versions of requirements.lock.",
            )
        )
    name = re.search(r"([\w$]+)\s+as\s+default\b", exports[0][1])
    start, end = exports[0].span()
    assignment = f"window.DataTable={name[1] if name else 'undefined'};"
    return _closed(f'(()=>{{"use strict";{source[:start]}{assignment}{source[end:]}\n}})();')


@cache
def table_style() -> str:
    """Return the style sheet of DataTables."""
    return files("itables").joinpath("html/dt_bundle.css").read_text(encoding="utf-8").replace("</", "<\\/")


@cache
def licences() -> tuple[Licence, ...]:
    """Return the licence texts of what is embedded."""
    bundle = files("itables").joinpath("html/dt_bundle.js").read_text(encoding="utf-8")
    notices = bundle[bundle.rindex("/*! Bundled license information") :] if "/*! Bundled license" in bundle else ""
    return (
        Licence("Vega, Vega-Lite, Vega-Embed, by vl-convert-python", _licence_text("vl-convert-python")),
        Licence("DataTables and its extensions, by itables", f"{_licence_text('itables')}\n\n{notices}".strip()),
    )


def _licence_text(package: str) -> str:
    installed = distribution(package)
    texts = [path for path in installed.files or [] if path.name.upper().startswith(("LICENSE", "LICENCE"))]
    return texts[0].read_text(encoding="utf-8") if texts else f"See the package {package}."


def own_file(name: str) -> str:
    """Return one of the page's own templates, scripts or styles."""
    return files("sidemine.report").joinpath("templates", name).read_text(encoding="utf-8")


def source_hash(text: str) -> str:
    """Return the content-security-policy source of an inline script or style: its SHA-256.

    >>> source_hash("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _closed(script: str) -> str:
    # Inside HTML a script ends at the first `</script`, wherever it stands, and `<!--` changes how it is read.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("\r\n", "\n").replace("\r", "\n")
