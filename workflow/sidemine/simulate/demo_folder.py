"""The embedded demo, laid out in any folder: its study to read and copy, and the simulated files that it names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from sidemine.places import DEMO
from sidemine.simulate.studies import write_demo


def lay_out_demo(folder: Path) -> Path:
    """Write `config/demo/` and `demo_data/` below a folder; one that is there is left as it is.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    pathlib.Path
        The study's folder, as `sidemine run` takes it.
    """
    study = folder / "config" / "demo"
    _make_whole(study, lambda place: shutil.copytree(DEMO, place))
    _make_whole(folder / "demo_data", write_demo)
    return study


def _make_whole(folder: Path, fill: Callable[[Path], object]) -> None:
    """Make a folder with all that belongs into it, or, when that fails or is stopped, none of that name."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    beginning = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    try:
        fill(beginning)
        beginning.rename(folder)
    finally:
        shutil.rmtree(beginning, ignore_errors=True)
