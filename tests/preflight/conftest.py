"""A study of stand-ins, and the server that stands for GEO."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from standin_server import StandinServer, serve

from sidemine.preflight.look_ahead import Ahead, look_ahead
from sidemine.preflight.time_budget import TimeBudget
from sidemine.simulate.standins import write_standins
from sidemine.study.load import load_study

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def standins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror folder of simulated files under the real accessions' names."""
    folder = tmp_path_factory.mktemp("standins")
    write_standins(CONFIG / "config.yaml", folder)
    return folder


@pytest.fixture
def server(standins: Path) -> Iterator[StandinServer]:
    """The stand-ins on loopback."""
    with serve(standins) as running:
        yield running


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A copy of the real study that a test may alter, with nothing downloaded."""
    folder = tmp_path / "study"
    folder.mkdir()
    for path in [CONFIG / "config.yaml", *CONFIG.glob("*.tsv"), *CONFIG.glob("*.svg")]:
        text = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(
            text.replace("../resources", str(CONFIG.parent / "resources")), encoding="utf-8"
        )
    return folder / "config.yaml"


@pytest.fixture
def preflight(server: StandinServer, tmp_path: Path) -> Callable[..., Ahead]:
    """Look ahead at a study through the server; files of more than 1 kB by their beginnings only."""

    def look(config: Path, *, seconds: float = 45.0, whole: int = 1_000, **overrides: str) -> Ahead:
        places = {"downloads": str(tmp_path / "downloads"), **overrides}
        budget = TimeBudget(seconds, address_of=server.address_of, allow_loopback_http=True)
        return look_ahead(load_study(config, places), budget, whole=whole)

    return look
