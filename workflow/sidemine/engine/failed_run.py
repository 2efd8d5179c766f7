"""What is done and told after a run that failed, so that the same command goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sidemine.engine.study_run import StudyRun
from sidemine.errors import Problem, SidemineError
from sidemine.retrieve.lock import update_lock
from sidemine.retrieve.record import InputRecord
from sidemine.script_log import collect_errors


def forget_missing(outputs: Iterable[str], forget: Callable[[str], object]) -> None:
    """Let the next run try again what failed in this one.

    Snakemake records a failed job as if it had seen its inputs and clears its output. Where results of an earlier run
    stand downstream, the same command would then find nothing to do and leave them there as if they were fresh.

    Parameters
    ----------
    outputs
        The outputs of all jobs of the run.
    forget
        Removes what Snakemake keeps of one of them.
    """
    for file in outputs:
        if not Path(file).exists():
            forget(file)


def close_failed_run(run: StudyRun, ended: Iterable[Problem] = (), *, relock: bool) -> str:
    """Lock the inputs that their own readers accepted, set aside what was refused, and say what went wrong.

    Parameters
    ----------
    run
        The run, at its end.
    ended
        Jobs that ended without a word of their own.
    relock
        Whether changed inputs are recorded anew.

    Returns
    -------
    str
        Every problem in the words of the job that met it, and what to do next; '' where no job told of any.
    """
    more = [str(problem) for problem in ended]
    try:
        records = [InputRecord.read(run.downloads / key) for key in run.accepted_inputs()]
        update_lock(run.study.lock, records, relock=relock)
        more += [str(refusal) for refusal in run.set_aside_refused_inputs()]
    except SidemineError as error:
        more.append(str(error))
    errors = collect_errors(run.logs, run.started)
    told = "\n\n".join(filter(None, [errors, *(words for words in more if words not in errors)]))
    if not told:
        return ""
    return (
        f"\nWhat went wrong\n===============\n{told}\n\n{describe_progress(run)}\n"
        "Everything that was computed before is kept: mend this and give the same command again.\n"
    )


def describe_progress(run: StudyRun) -> str:
    """Say in a sentence which inputs are in place and which datasets could be read."""
    keys, datasets = run.sources.by_key, run.study.datasets
    inputs = [key for key in keys if (run.downloads / f"{key}.record.json").is_file()]
    read = [name for name in datasets if (run.results / "datasets" / name / "samples.tsv").is_file()]
    return (
        f"What is fine: {len(inputs)} of {len(keys)} inputs are in place; the samples of {len(read)} of "
        f"{len(datasets)} datasets are read."
    )
