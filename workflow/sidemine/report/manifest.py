"""What a run was made of (manifest) and when and where it was made (run record)."""

from __future__ import annotations

import hashlib
import platform
import shlex
import socket
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import sidemine

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
    "decoupler",
    "vl-convert-python",
    "itables",
)
"""Packages that results depend on."""


def describe_environment() -> dict[str, Any]:
    """Return the versions of sidemine, Python and every package that results depend on."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "versions": {"sidemine": sidemine.__version__, "python": platform.python_version(), "packages": versions},
        "machine": {"system": platform.system(), "architecture": platform.machine()},
    }


def digest_of_inputs(inputs: list[dict[str, Any]]) -> str:
    """Return one digest of all inputs: which address, which content."""
    lines = sorted(f"{record['url']}\t{record['sha256']}" for record in inputs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def describe_run(config_file: str) -> dict[str, str]:
    """Return date, host and command of this run: the only things that differ between two equal runs."""
    return {
        "finished": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "host": socket.gethostname(),
        "command": shlex.join(sys.orig_argv),
        "config_file": config_file,
    }
