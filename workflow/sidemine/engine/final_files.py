"""The files that a run is asked for: all that its jobs write; of retrieved files, the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

_WILDCARD = re.compile(r"{(\w+)}")


def final_files(
    jobs: Mapping[str, Iterable[str]], outputs_of: Callable[[str], Iterable[str]], retrieved: Iterable[str]
) -> list[str]:
    """Return every target of a study.

    A file that only other jobs ask for may be missing without Snakemake taking offence: deleted by hand, or by a job
    that failed or was killed after an edit. What was computed of its predecessor would stay, as if up to date.

    Parameters
    ----------
    jobs
        By stage: what its jobs are about.
    outputs_of
        Returns the patterns of the files that a rule writes, by its name. `analyse_dataset` has a rule for each dataset.
    retrieved
        Keys of the retrieved files.
    """
    files = ["<results>/report.html", "<results>/run.json", *(f"<downloads>/{key}.record.json" for key in retrieved)]
    for name, about in jobs.items():
        if name == "analyse_dataset":
            files += [str(file) for each in about for file in outputs_of(f"{name}_{each}")]
        elif name != "retrieve_input":
            files += [file for pattern in outputs_of(name) for file in _filled(str(pattern), list(about))]
    return files


def _filled(pattern: str, about: list[str]) -> list[str]:
    """Return the files of a pattern: one for everything that its jobs are about."""
    files = [pattern]
    for wildcard in dict.fromkeys(_WILDCARD.findall(pattern)):
        files = [file.replace(f"{{{wildcard}}}", one) for file in files for one in about]
    return files
