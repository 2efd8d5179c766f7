"""`sidemine fetch`: bring all that a study fetches into a mirror, and say what else a machine without network needs."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sidemine.errors import Problem
from sidemine.retrieve.fill_mirror import fill_mirror
from sidemine.retrieve.lock import read_lock
from sidemine.retrieve.patience import Retries
from sidemine.retrieve.study_sources import StudySources
from sidemine.study.load import Study

if TYPE_CHECKING:
    import requests


def fetch_study(
    study: Study,
    mirror: Path,
    tell: Callable[[str], object],
    *,
    session: requests.Session | None = None,
    retries: Retries | None = None,
    allow_loopback_http: bool = False,
) -> list[Problem]:
    """Fill a mirror with the inputs of a study, and tell what was left out.

    Parameters
    ----------
    study
        The study. Where it names a mirror of its own, this is copied from, unless it is the folder to fill.
    mirror
        The folder to fill.
    tell
        Takes each line, as soon as it is known.
    session, retries, allow_loopback_http
        As in `retrieve.download.fetch`.

    Returns
    -------
    list of Problem
        All that could not be had, and all that differs from the study's lock.
    """
    sources = StudySources.of(study)
    total = sum(source.local_path is None for source in sources.by_key.values())
    from_mirror = study.mirror is not None and study.mirror.resolve() != mirror.resolve()
    problems: list[Problem] = []
    count = size = 0
    settled = fill_mirror(
        sources.by_key.values(),
        mirror,
        max_bytes=int(study.config.settings.max_download_gb * 1e9),
        lock=read_lock(study.lock),
        origin=study.mirror if from_mirror else None,
        session=session,
        retries=retries,
        allow_loopback_http=allow_loopback_http,
    )
    for number, one in enumerate(settled, start=1):
        what = f"{one.record.size:,} bytes  {one.record.url}" if one.record else one.source.locations[0]
        tell(f"[{number}/{total}] {one.state}  {what}")
        problems += one.problems
        count += one.record is not None
        size += one.record.size if one.record else 0
    for note in _notes(study, sources):
        tell(note)
    tell(f"{count} of {total} files ({size:,} bytes) are in {mirror}, each with its record.")
    if not problems:
        tell(
            "Copy it and the study's folder to the other machine, and give there:\n"
            f"  sidemine run {shlex.quote(str(study.folder))} --config mirror={shlex.quote('/path/to/' + mirror.resolve().name)}"
        )
    return problems


def _notes(study: Study, sources: StudySources) -> list[str]:
    """Return what was left out, what nobody has seen to work, and what has to be copied besides."""
    used = {row.gene_set for row in study.used_gene_sets}
    left_out = [f"gene set {row.gene_set}" for row in study.gene_set_rows if row.gene_set not in used]
    left_out += [f"line {name}" for name, row in study.lines.items() if not row.runs]
    unverified = [f"dataset {name}" for name, row in study.datasets.items() if row.status == "unverified"]
    unverified += [f"line {name}" for name, row in study.lines.items() if row.status == "unverified"]
    folder = study.folder.resolve()
    outside = sorted(
        str(source.local_path)
        for source in sources.by_key.values()
        if source.local_path is not None and not source.local_path.resolve().is_relative_to(folder)
    )
    notes = (
        ("Left out, because the study does not opt in to it", left_out),
        ("Fetched, though its row is unverified: a run may still refuse what it holds", unverified),
        ("Local files outside the study's folder: copy them too, to the same place seen from it", outside),
    )
    return [f"{words}: {', '.join(names)}." for words, names in notes if names]
