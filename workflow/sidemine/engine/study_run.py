"""One run of the workflow on one study: checked before any work, alone in its folders."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidemine.engine.local_files import forget_replaced
from sidemine.engine.slurm import refuse_jobs_of_earlier_run
from sidemine.errors import StudyError
from sidemine.retrieve.lock import find_accepted, read_lock, update_lock
from sidemine.retrieve.refusal import Refusal, alone_on, forget_missing_inputs, set_aside_refused
from sidemine.retrieve.study_sources import StudySources
from sidemine.run_lock import hold_run_lock
from sidemine.study.command_line import OVERRIDES, check_command_line
from sidemine.study.load import Study, load_study
from sidemine.system_errors import check_writable, explain_system_error


@dataclass(frozen=True)
class StudyRun:
    """A study, its external files, and the folders that a run of it uses.

    Attributes
    ----------
    study
        The study, checked.
    sources
        Its external files.
    started
        When the run began (seconds since 1970).
    """

    study: Study
    sources: StudySources
    started: float

    @property
    def results(self) -> Path:
        """Folder of the results of this study."""
        return self.study.results_dir

    @property
    def downloads(self) -> Path:
        """Folder of its retrieved inputs."""
        return self.study.downloads_dir

    @property
    def logs(self) -> Path:
        """Folder of the logs of its jobs."""
        return Path("logs") / self.study.config.study.id

    def accepted_inputs(self) -> set[str]:
        """Return the keys of the inputs that all their readers accepted."""
        return find_accepted(self.sources.accepted_by, self.downloads, self.results)

    def set_aside_refused_inputs(self) -> list[Refusal]:
        """Move inputs that a reader refused out of the way, so that this or the next run fetches them again.

        Returns
        -------
        list of Refusal
            What was done; nothing where another run uses the same downloads.
        """
        locked = {url: entry.sha256 for url, entry in read_lock(self.study.lock).items()}
        with alone_on(self.downloads) as alone:
            return (
                set_aside_refused(self.downloads, self.sources.by_key, locked, self.accepted_inputs()) if alone else []
            )

    def forget_missing_inputs(self) -> None:
        """Have inputs that could not be had looked for again; nothing where another run uses the same downloads."""
        with alone_on(self.downloads) as alone:
            if alone:
                forget_missing_inputs(self.downloads, self.sources.by_key)

    def forget_replaced_inputs(self) -> None:
        """Have local files copied again whose content is another one now; nothing where another run uses the same downloads."""
        with alone_on(self.downloads) as alone:
            if alone:
                forget_replaced(self.sources.by_key, self.study.mirror, self.downloads)


def open_run(file: Path, given: Mapping[str, Any], *, works: bool) -> StudyRun:
    """Read and check a study; all problems are told at once, before any work.

    Parameters
    ----------
    file
        Its config.yaml.
    given
        What stands on the command line after `--config`.
    works
        Whether this process is the one that runs the jobs, and not a dry run: then the folders must be writable and
        free, they are held until the process ends, and inputs that a reader refused earlier are set aside.

    Raises
    ------
    StudyError
        With every problem of the study, of the command line and of the folders.
    """
    try:
        check_command_line(given)
        study = load_study(file, {key: given[key] for key in OVERRIDES if key in given})
        run = StudyRun(study, StudySources.of(study), time.time())
        if works:
            # Snakemake's own folder is written too.
            check_writable([run.results, run.downloads, run.logs, Path(".snakemake")])
            hold_run_lock(run.results)
            refuse_jobs_of_earlier_run(run.results)
            run.set_aside_refused_inputs()
            run.forget_missing_inputs()
            run.forget_replaced_inputs()
            update_lock(study.lock, [])  # an edit of the lock, or its loss, is seen if it was there before
    except (OSError, MemoryError) as error:
        if (problem := explain_system_error(error)) is None:
            raise
        raise StudyError(problem) from error
    return run
