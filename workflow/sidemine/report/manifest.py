"""What a run was made of (manifest) and when and where it was made (run record)."""

from __future__ import annotations

import hashlib
import platform
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import sidemine
from sidemine.retrieve.record import InputRecord

PACKAGES = (
    "snakemake",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "anndata",
    "scanpy",
    "pylimma",
    "gseapy",
    "vl-convert-python",
    "itables",
)
"""Packages that results depend on."""


@dataclass(frozen=True)
class Versions:
    """Versions of sidemine, of Python, and of every package that results depend on."""

    sidemine: str
    python: str
    packages: dict[str, str]


@dataclass(frozen=True)
class Machine:
    """What the run was made on."""

    system: str
    architecture: str


@dataclass(frozen=True)
class Manifest:
    """`manifest.json`: inputs, versions and digests, all that another run needs to give the same bytes.

    Attributes
    ----------
    inputs
        Every retrieved or local file.
    lock_digest, config_digest, code_digest
        SHA-256 of the inputs (which address, which content), of the study, and of the code.
    seed
        The study's seed.
    versions, machine
        The software and the kind of machine.
    """

    inputs: list[InputRecord]
    lock_digest: str
    seed: int
    config_digest: str
    code_digest: str
    versions: Versions
    machine: Machine


@dataclass(frozen=True)
class Run:
    """`run.json`: date, host and command, all that differs between two equal runs.

    Attributes
    ----------
    finished, host
        When and where.
    command
        As the user typed it.
    executor
        What ran the jobs: `local`, `slurm`, ….
    profiles
        The profiles of Snakemake that the command names.
    config_file
        Of the study.
    """

    finished: str
    host: str
    command: str
    executor: str
    profiles: list[str]
    config_file: str


def describe_manifest(inputs: list[InputRecord], *, seed: int, config_digest: str, code_digest: str) -> Manifest:
    """Return the manifest of a run on this machine.

    Parameters
    ----------
    inputs
        What was retrieved.
    seed, config_digest, code_digest
        As in `Manifest`.
    """
    packages = {package: _version(package) for package in PACKAGES}
    return Manifest(
        inputs=inputs,
        lock_digest=digest_of_inputs(inputs),
        seed=seed,
        config_digest=config_digest,
        code_digest=code_digest,
        versions=Versions(sidemine.__version__, platform.python_version(), packages),
        machine=Machine(platform.system(), platform.machine()),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def digest_of_inputs(inputs: list[InputRecord]) -> str:
    """Return one digest of all inputs: which address, which content."""
    lines = sorted(f"{record.url}\t{record.sha256}" for record in inputs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def describe_run(command: str, executor: str, profiles: Sequence[str], config_file: str) -> Run:
    """Return when, where and by which command this run was made.

    Parameters
    ----------
    command, executor, profiles, config_file
        As in `Run`.
    """
    return Run(
        finished=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        host=socket.gethostname(),
        command=command,
        executor=executor,
        profiles=[*profiles],
        config_file=config_file,
    )
