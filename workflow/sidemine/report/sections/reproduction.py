"""Provenance: versions, digests and inputs of the run, and the commands that give the same again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidemine.report import assets
from sidemine.report.collect import StudyResults
from sidemine.report.inputs import InputRow, input_row
from sidemine.report.manifest import Manifest
from sidemine.report.section import Section


@dataclass(frozen=True)
class Command:
    """A command, and what it needs or gives."""

    command: str
    words: str


@dataclass(frozen=True)
class Reproduction:
    """What the section shows."""

    manifest: Manifest
    commands: Sequence[Command]
    inputs: Sequence[InputRow]
    packages: Sequence[tuple[str, str]]
    licences: Sequence[assets.Licence]


def provenance_section(results: StudyResults) -> Section:
    """Return what another run needs to give the same bytes."""
    manifest = results.manifest
    content = Reproduction(
        manifest=manifest,
        commands=commands(results),
        inputs=[input_row(record) for record in manifest.inputs],
        packages=sorted(manifest.versions.packages.items()),
        licences=assets.licences(),
    )
    return Section("provenance", "Provenance", content=content, template="provenance.html.j2")


def commands(results: StudyResults) -> list[Command]:
    """Return the commands that give these results and this page again, and what each needs."""
    manifest = results.manifest
    return [
        Command(
            "snakemake --cores 2 --configfile CONFIG",
            f"with the study's config.yaml (digest {manifest.config_digest[:12]}), the inputs of its lock "
            f"(digest {manifest.lock_digest[:12]}) and this code (digest {manifest.code_digest}); the "
            "number of cores changes no byte",
        ),
        Command(
            f"sidemine report results/{results.study.config.study.id}",
            "builds this page again from the results alone",
        ),
    ]
