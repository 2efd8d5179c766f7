"""The wheel holds all that a run needs: workflow, tables and demo are found without a checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from sidemine.simulate import demo_folder

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """What a wheel leaves in site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(REPOSITORY)).build(directory=str(folder))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".snakemake" not in path.parts
    }


def test_the_wheel_brings_every_file_of_the_workflow_and_its_tables(site):
    """A new folder beside the package that the wheel forgets would be missed only on somebody else's machine."""
    shipped = site / "sidemine_files"
    expected = {f"workflow/{name}" for name in files_below(REPOSITORY / "workflow") if not name.startswith("sidemine/")}
    expected |= {f"resources/{name}" for name in files_below(REPOSITORY / "resources")}
    expected |= {f"config/demo/{name}" for name in files_below(REPOSITORY / "config" / "demo")}
    assert files_below(shipped) == expected
    assert files_below(site / "sidemine") == files_below(REPOSITORY / "workflow" / "sidemine")


def test_an_installed_package_uses_its_own_files(site, tmp_path):
    asked = (
        "import sidemine, sidemine.places as places, sidemine.run_study as run_study, sidemine.study_jobs as jobs\n"
        "print(sidemine.__file__, places.DEMO, run_study.WORKFLOW, jobs.RESOURCES, sep='\\n')"
    )
    answer = subprocess.run(
        [sys.executable, "-P", "-c", asked],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    package, demo, workflow, resources = map(Path, answer.stdout.split())
    assert package.is_relative_to(site)
    for file in (demo / "config.yaml", workflow / "Snakefile", resources / "labels/blood.tsv"):
        assert file.is_relative_to(site)
        assert file.is_file()


def test_the_demo_is_laid_out_whole_or_not_at_all(tmp_path, monkeypatch):
    """A stopped beginning must not pass for the demo's data; what a user edited is not overwritten."""

    def stop(folder: Path) -> None:
        folder.mkdir()
        (folder / "planted.json").write_text("{")
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_folder, "write_demo", stop)
    with pytest.raises(KeyboardInterrupt):
        demo_folder.lay_out_demo(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"config"}
    monkeypatch.setattr(demo_folder, "write_demo", lambda folder: folder.mkdir())
    (tmp_path / "config/demo/config.yaml").write_text("mine")
    assert demo_folder.lay_out_demo(tmp_path) == tmp_path / "config" / "demo"
    assert files_below(tmp_path / "config/demo") == files_below(REPOSITORY / "config/demo")
    assert (tmp_path / "config/demo/config.yaml").read_text() == "mine"
    assert (tmp_path / "demo_data").is_dir()


def test_the_lock_holds_one_version_of_each_package():
    """On every Python the same versions, hence the same bytes; a second version would be tested on one of them only."""
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    names = [line.partition("==")[0] for line in lines if "==" in line]
    assert len(names) > 100
    assert len(set(names)) == len(names)


OTHER_NAMES = {"isal": "python-isal"}
"""Packages that conda knows under another name."""


def test_the_conda_recipe_asks_for_what_the_package_asks_for():
    """A bound that moves in one of the two would be found out by whoever installs with the other."""
    recipe = (REPOSITORY / "conda.recipe" / "meta.yaml").read_text(encoding="utf-8")
    run = recipe.partition("  run:\n")[2].partition("\n\n")[0]
    stated = {line.partition("#")[0].strip().removeprefix("- ") for line in run.splitlines()}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for dependency in project["dependencies"]:
        name, bound = re.fullmatch(r"([\w-]+)(?:\[\w+\])?(.*)", dependency).groups()
        if name == "pylimma":  # in no channel
            assert f"pip install {name}{bound} --no-deps" in recipe
        else:
            assert f"{OTHER_NAMES.get(name, name)} {bound}" in stated
    assert len(stated) == len(project["dependencies"])  # pylimma is none of them, Python is


def test_the_image_copies_only_what_is_there_and_runs_as_nobody_special():
    """What `COPY` names must pass .dockerignore; the base is named by its version; no run as root."""
    lines = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    kept = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (line.removeprefix("!") for line in kept if line.startswith("!")):
        assert (REPOSITORY / name).exists()
    build = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    packed = [*build["targets"]["wheel"]["packages"], *build["targets"]["wheel"]["force-include"]]
    assert all(any(name.startswith(one[1:]) for one in kept if one.startswith("!")) for name in packed)
    assert re.search(r"python:3\.1[123]\.\d+-", next(line for line in lines if line.startswith("ARG BASE=")))
    assert "USER sidemine" in lines
    assert 'ENTRYPOINT ["sidemine"]' in lines
