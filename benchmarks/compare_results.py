"""Tell which result files of two runs differ: for moves and clean-ups that must not change a number.

python benchmarks/compare_results.py RESULTS_BEFORE RESULTS_AFTER

Compressed files, and the data blocks of the page, are compared by what they hold. What names the code or the moment of a run
does not count: `run.json`, the digest of the code wherever it stands, and in `provenance/` the digests of files that are compared
themselves. Exit status 1: something differs.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import io
import json
import re
import sys
from pathlib import Path

import numpy as np

IGNORED = {"run.json", ".run_lock"}
DIGEST = re.compile(rb"\b[0-9a-f]{16}\b")
BLOCK = re.compile(rb"\bH4sI[A-Za-z0-9+/=]+")
"""A gzipped data block of the page, in base64."""


def content_of(path: Path, results: Path, digests: set[bytes]) -> bytes:
    """Return what a result file says, without compression and without the digests of code."""
    data = path.read_bytes()
    if path.relative_to(results).parts[0] == "provenance":
        data = _without_code(data, results)
    elif path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".npz":
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            data = b"".join(name.encode() + stored[name].tobytes() for name in sorted(stored.files))
    elif path.suffix == ".html":
        data = BLOCK.sub(lambda block: gzip.decompress(base64.b64decode(block[0])), data)
    for digest in digests:
        data = data.replace(digest, b"digest").replace(digest[:12], b"digest")
    return data


def _without_code(data: bytes, results: Path) -> bytes:
    """Return the record of a job without the digests of its code and of results: these may hold a digest of code themselves."""
    record = json.loads(data)
    record["code"] = ""
    for part in ("inputs", "outputs"):
        record[part] = {name: "" if (results / name).is_file() else digest for name, digest in record[part].items()}
    return json.dumps(record).encode()


def code_digests(results: Path) -> set[bytes]:
    """Return the digests that a manifest names and that change with the code."""
    manifest = results / "manifest.json"
    return set(DIGEST.findall(manifest.read_bytes())) if manifest.is_file() else set()


def differing_files(before: Path, after: Path) -> list[str]:
    """Return the relative paths of files that differ or stand on one side only."""
    names = {
        path.relative_to(root).as_posix()
        for root in (before, after)
        for path in root.rglob("*")
        if path.is_file() and path.name not in IGNORED
    }
    told = []
    for name in sorted(names):
        one, other = before / name, after / name
        if not (one.is_file() and other.is_file()):
            told.append(f"{name}: only in {before if one.is_file() else after}")
        elif content_of(one, before, code_digests(before)) != content_of(other, after, code_digests(after)):
            told.append(name)
    return told


def main() -> int:
    """Compare two folders of results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    given = parser.parse_args()
    for folder in (given.before, given.after):
        if not (folder / "report.html").is_file():  # two folders without a finished run would be equal
            parser.error(f"no results of a finished run: {folder}")
    differing = differing_files(given.before, given.after)
    print("\n".join(differing) or "equal")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
