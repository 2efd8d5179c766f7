"""`sidemine run`: look at a study folder as at a stranger's letter, and only then start Snakemake on it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidemine.errors import Problem, SidemineError, StudyError
from sidemine.places import WORKFLOW
from sidemine.retrieve.study_sources import StudySources
from sidemine.study.command_line import OVERRIDES, TYPED, profiles_of, values_of
from sidemine.study.config_file import read_config
from sidemine.study.load import Study, load_study
from sidemine.study.reach import find_outside_inputs, find_outside_keys, reach_of

_DEPLOYMENTS = Path(".snakemake/pip-deployments")
_NO_CORES = ("--cores", "-c", "--jobs", "-j", "--executor", "-e", "--lint", "--version", "--help", "-h")


def find_config(study: Path) -> Path:
    """Return the config file of a study, which is named by its folder or by the file itself."""
    return study / "config.yaml" if study.is_dir() else study


def load_checked(study: Path, *, allowed: Sequence[Path] = (), overrides: Mapping[str, str] | None = None) -> Study:
    """Load a study after checking that its folder is data, and reads and writes nothing but its own.

    Parameters
    ----------
    study
        Folder or config file.
    allowed
        Folders outside that the user allows it.
    overrides
        What the user replaces on the command line.

    Raises
    ------
    StudyError
        With everything that is wrong.
    """
    config_path = find_config(study)
    problems: list[Problem] = []
    raw = read_config(config_path, None, problems)
    if raw:
        problems += find_outside_keys(raw, config_path, allowed, overrides or {})
    if problems:
        raise StudyError(problems)
    loaded = load_study(config_path, overrides, within=reach_of(config_path.parent, allowed))
    outside = find_outside_inputs(loaded.folder, StudySources.of(loaded).by_key.values(), allowed)
    if outside:
        raise StudyError(outside)
    return loaded


def snakemake_command(config_path: Path, options: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the command that runs a study.

    Everything that Snakemake would otherwise look for in the working directory is named: the workflow and its profile.
    `-P` keeps Python from importing modules that lie there.

    Parameters
    ----------
    config_path
        The config file.
    options
        Options of Snakemake, as the user typed them.
    environment
        Environment variables: a profile, which says itself how many cores there are, may be named there.
    """
    command = [sys.executable, "-P", "-m", "snakemake", "--snakefile", str(WORKFLOW / "Snakefile")]
    if not _has(options, "--workflow-profile"):
        command += ["--workflow-profile", str(WORKFLOW / "profiles" / "default")]
    if not _has(options, *_NO_CORES) and not profiles_of(options, environment):
        command += ["--cores", "all"]
    return [*command, *options, "--configfile", str(config_path.resolve())]


def snakemake_environment(environment: Mapping[str, str], typed: Sequence[str]) -> dict[str, str]:
    """Return the environment for Snakemake and its jobs.

    Python starts without the working directory on its path, and the command stands in it as the user typed it.
    """
    return {**environment, "PYTHONSAFEPATH": "1", TYPED: shlex.join(["sidemine", *typed])}


def check_options(options: Sequence[str], study_folder: Path, environment: Mapping[str, str]) -> None:
    """Refuse options that would undo what was checked.

    Parameters
    ----------
    options
        Options of Snakemake.
    study_folder
        Folder of the study.
    environment
        Environment variables: SNAKEMAKE_PROFILE names a profile as --profile does.

    Raises
    ------
    StudyError
        With every such option.
    """
    problems = [
        Problem(
            f"sidemine does not take {option}",
            f"option {option}",
            "sidemine run STUDY [options of Snakemake], the study named once, by its folder or config file; sidemine atlas DIR … alike",
            "Leave the option out; who wants another workflow or several config files calls snakemake itself.",
        )
        for option in options
        if option.startswith(("--configf", "--snakef", "-s", "config_file="))
    ]
    if sum(option.startswith("-C") or option.partition("=")[0] == "--config" for option in options) > 1:
        problems.append(
            Problem(
                "--config stands twice on the command line, and Snakemake takes the last one only",
                "option --config (or -C)",
                "one --config with all its keys: --config mirror=FOLDER results=FOLDER",
                "Write all keys behind one --config.",
            )
        )
    profiles = [*values_of(options, "--profile"), *values_of(options, "--workflow-profile")]
    profiles += [environment["SNAKEMAKE_PROFILE"]] if environment.get("SNAKEMAKE_PROFILE") else []
    folder = study_folder.resolve()
    problems += [
        Problem(
            "a profile of Snakemake lies in the study's folder",
            f"profile {profile}: {Path(profile).resolve()}",
            "profiles of your own: they may hold code and any option",
            "Name a profile that lies elsewhere, by its whole path.",
        )
        for profile in profiles
        if profile != "none" and Path(profile).exists() and Path(profile).resolve().is_relative_to(folder)
    ]
    for directory in {".", *values_of(options, "--directory"), *values_of(options, "-d")}:
        place = Path(directory) / _DEPLOYMENTS
        if place.exists():
            problems.append(
                Problem(
                    "the working directory holds modules that Snakemake may import",
                    str(place.absolute()),
                    f"a working directory without {_DEPLOYMENTS}",
                    "Run from a folder of your own, or delete it if you do not know where it comes from.",
                )
            )
    if problems:
        raise StudyError(problems)


def _has(options: Sequence[str], *names: str) -> bool:
    return any(
        option.split("=", 1)[0] in names or (option[:2] in names and option[:2] in {"-c", "-j", "-e"})
        for option in options
    )


def overrides_of(options: Sequence[str]) -> dict[str, str]:
    """Return what `--config key=value …` replaces of config.yaml.

    >>> overrides_of(["--cores", "2", "--config", "mirror=/m", "relock=yes", "-n"])
    {'mirror': '/m'}
    """
    pairs = [entry.partition("=") for name in ("--config", "-C") for entry in values_of(options, name)]
    return {key: value for key, _, value in pairs if key in OVERRIDES}


def run_study(study: Path, options: Sequence[str], *, allowed: Sequence[Path] = ()) -> int:
    """Check a study and run it; return Snakemake's exit code.

    Parameters
    ----------
    study
        Folder or config file.
    options
        Options of Snakemake.
    allowed
        Folders outside the study that it may read or write.

    Raises
    ------
    StudyError
        When the folder is more than data, reaches outside, or is wrong in itself; nothing was run then.
    """
    config_path = find_config(study)
    problems: list[Problem] = []
    for check in (
        lambda: check_options(options, config_path.parent, os.environ),
        lambda: load_checked(study, allowed=allowed, overrides=overrides_of(options)),
    ):
        try:
            check()
        except SidemineError as error:
            problems += error.problems
    if problems:
        raise StudyError(problems)
    sys.stdout.flush()
    command = snakemake_command(config_path, options, os.environ)
    os.execve(command[0], command, snakemake_environment(os.environ, sys.argv[1:]))  # noqa: S606 - no shell; signals reach Snakemake
