"""`sidemine atlas`: propose an atlas of finished studies where there is none, and run it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidemine.atlas.config import CONFIG, load_atlas
from sidemine.atlas.finished import read_members
from sidemine.atlas.propose import propose_atlas
from sidemine.errors import InputError, Problem, StudyError
from sidemine.places import WORKFLOW
from sidemine.provenance import check_results
from sidemine.run_study import check_options, snakemake_command, snakemake_environment

_SNAKEFILE = WORKFLOW / "atlas" / "Snakefile"


def atlas_folder(folders: Sequence[Path], to: Path) -> Path:
    """Return the atlas folder that the command names: itself, or one proposed from results folders of studies."""
    if len(folders) == 1 and (folders[0] / CONFIG).is_file():
        return folders[0]
    propose_atlas(folders, to)
    return to


def atlas_command(folder: Path, options: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the command that runs an atlas.

    Parameters
    ----------
    folder
        The atlas folder.
    options
        Options of Snakemake.
    environment
        Environment variables.
    """
    command = snakemake_command(folder / CONFIG, options, environment)
    command[command.index("--snakefile") + 1] = str(_SNAKEFILE)
    del command[command.index("--configfile") :]
    if not any(option.startswith(("--directory", "-d")) for option in options):
        # What Snakemake remembers of each job lies in the folder, wherever the command is given: edits are seen.
        command += ["--directory", str(folder.resolve())]
    return [*command, "--config", f"atlas={folder.resolve()}"]


def run_atlas(folders: Sequence[Path], to: Path, options: Sequence[str]) -> int:
    """Check an atlas and run it; return Snakemake's exit code.

    Parameters
    ----------
    folders
        One atlas folder, or results folders of finished studies.
    to
        Where an atlas that is proposed from the latter is written.
    options
        Options of Snakemake.

    Raises
    ------
    StudyError, InputError
        With everything that is wrong; nothing was run then.
    """
    folder = atlas_folder(folders, to)
    atlas = load_atlas(folder)
    # The folder is also the working directory: what Snakemake may import from one must not lie there.
    check_options([*options, "--config", f"atlas={folder}", "--directory", str(folder)], folder, os.environ)
    problems: list[Problem] = []
    for name in atlas.config.studies:
        try:
            check_results(atlas.study(name))
        except InputError as error:
            problems += [problem.within(f"study {name}") for problem in error.problems]
    for row in atlas.pathways:
        try:
            read_members(atlas, row)
        except InputError as error:
            problems += error.problems
    if problems:
        raise StudyError(problems)
    sys.stdout.flush()
    command = atlas_command(folder, options, os.environ)
    os.execve(command[0], command, snakemake_environment(os.environ, sys.argv[1:]))  # noqa: S606 - no shell; signals reach Snakemake
