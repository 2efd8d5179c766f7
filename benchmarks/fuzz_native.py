"""Damage files that native readers read (h5ad, 10x .h5, MatrixMarket, xlsx, ods, Parquet) and see that no damage reaches the user.

    python benchmarks/fuzz_native.py [--executions 20000] [--real 200] [--seed 1]

Each execution reads one damaged file in a forked process under the limits of `run_isolated`; MatrixMarket, whose lines
are checked before native code sees them, is also read many times in one process. `--real` files of each kind go all the way through
`run_isolated`, in an interpreter of their own. Counted: how the reader ended, what would have reached the user as
something else than an `InputError` (must be 0), runs over 10 s, and the largest memory beyond 10 × the file + 300 MB.
"""

from __future__ import annotations

import argparse
import collections
import io
import os
import random
import resource
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
import python_calamine  # noqa: F401 - loaded before the limits are set, as `preload` does
import scipy.io
import scipy.sparse as sp

from sidemine.errors import SidemineError
from sidemine.isolation import Limits, run_isolated
from sidemine.isolation.channel import send
from sidemine.isolation.child import set_limits
from sidemine.isolation.matrix_market import read_matrix_market
from sidemine.isolation.parquet import PRELOAD, read_parquet_columns
from sidemine.isolation.spreadsheet import read_sheets
from sidemine.prepare.inspection import inspect_file
from sidemine.sources import h5ad_cells as h5ad
from sidemine.sources import tenx_cells as tenx
from sidemine.sources.cells import CellsWanted

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
HANG_SECONDS = 10
BASELINE = 0
"""Memory of this process before it forks."""


@dataclass
class Kind:
    """One kind of file: its seeds, the reader as it runs in the child, and as the user calls it."""

    suffix: str
    seeds: list[bytes]
    inside: Callable[[Path], object]
    public: Callable[[Path], object]
    ends: collections.Counter[str] = field(default_factory=collections.Counter)
    reached_user: collections.Counter[str] = field(default_factory=collections.Counter)
    slow: int = 0
    most_memory: float = 0.0
    most_share: float = 0.0


def _bytes_of(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed"
        write(path)
        return path.read_bytes()


def h5ad_seeds() -> list[bytes]:
    """Return h5ad files: compressed and plain, sparse and dense, with raw and layers, records in the old layout."""
    rng = np.random.default_rng(1)
    obs = pd.DataFrame(
        {
            "donor": pd.Categorical(["D1", "D2"] * 15),
            "age": rng.random(30),
            "ok": [True, False] * 15,
            "note": ["µ"] * 30,
        },
        index=[f"c{n}" for n in range(30)],
    )
    sparse = ad.AnnData(sp.csr_matrix(rng.poisson(1, (30, 12)).astype(np.float32)), obs=obs)
    sparse.layers["counts"] = sp.csc_matrix(sparse.X)
    sparse.raw = sparse
    sparse.uns["simulated"] = "no"
    dense = ad.AnnData(rng.poisson(1, (30, 12)), obs=obs[["donor"]])

    def old(path: Path) -> None:
        with h5py.File(path, "w") as file:
            file["obs"] = np.array([(b"c%d" % n, n % 2) for n in range(30)], dtype=[("index", "S5"), ("donor", "i4")])
            file["var"] = np.array([(b"g%d" % n,) for n in range(12)], dtype=[("index", "S5")])
            file["uns/donor_categories"] = np.array([b"D1", b"D2"])
            file["X"] = rng.poisson(1, (30, 12)).astype("f4")

    return [
        _bytes_of(lambda path: sparse.write_h5ad(path, compression="gzip")),
        _bytes_of(sparse.write_h5ad),
        _bytes_of(dense.write_h5ad),
        _bytes_of(old),
    ]


def tenx_seeds() -> list[bytes]:
    """Return .h5 files as Cell Ranger 3 and 2 write them."""

    def write(path: Path, new: bool) -> None:
        matrix = sp.csc_matrix(np.random.default_rng(2).poisson(1, (20, 30)))
        with h5py.File(path, "w") as file:
            group = file.create_group("matrix" if new else "GRCh38")
            for name in ("data", "indices", "indptr"):
                group.create_dataset(name, data=getattr(matrix, name), compression="gzip", chunks=True)
            group["shape"] = matrix.shape
            group["barcodes"] = np.array([f"BC{n}-1" for n in range(30)], dtype="S18")
            features = group.create_group("features") if new else group
            for name in ("id", "name", "feature_type") if new else ("genes", "gene_names"):
                features[name] = np.array([f"{name}{n}" for n in range(20)], dtype="S20")

    return [_bytes_of(lambda path: write(path, True)), _bytes_of(lambda path: write(path, False))]


def matrix_seeds() -> list[bytes]:
    """Return MatrixMarket files of integers and reals."""
    seeds = []
    for dtype in (np.int64, np.float64):
        written = io.BytesIO()
        matrix = sp.coo_array(np.random.default_rng(3).poisson(1, (20, 15)).astype(dtype))
        scipy.io.mmwrite(written, matrix, symmetry="general")
        seeds.append(written.getvalue())
    return seeds


def spreadsheet_seeds() -> list[bytes]:
    """Return an xlsx and an ods."""
    book = openpyxl.Workbook()
    for row in [["gene", "s1", "s2"], *([f"G{n}", n * 1.5, n] for n in range(20)), ["date", True, None]]:
        book.active.append(row)
    xlsx = io.BytesIO()
    book.save(xlsx)
    cell = '<table:table-cell office:value-type="float" office:value="1.5"><text:p>1.5</text:p></table:table-cell>'
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="a"><table:table-row table:number-rows-repeated="3">{cell * 3}</table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    ods = io.BytesIO()
    with zipfile.ZipFile(ods, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:x"/>')
    return [xlsx.getvalue(), ods.getvalue()]


PARQUET_COLUMNS = ["SampleID", "NPX", "LOD", "absent"]


def parquet_seeds() -> list[bytes]:
    """Return Parquet files: plain and compressed, of texts, dictionaries and numbers, in one and several row groups."""
    table = pa.table(
        {
            "SampleID": [f"s{n}" for n in range(40)],
            "Assay": pa.array(["IL6", "MX1"] * 20).dictionary_encode(),
            "NPX": pa.array([n / 7 if n % 5 else None for n in range(40)]),
            "LOD": pa.array(range(40), pa.int32()),
        }
    )
    seeds = []
    for compression, dictionary, rows in (
        ("none", False, 40),
        ("snappy", True, 16),
        ("zstd", True, 40),
        ("gzip", False, 16),
    ):
        written = io.BytesIO()
        pa.parquet.write_table(table, written, compression=compression, use_dictionary=dictionary, row_group_size=rows)
        seeds.append(written.getvalue())
    return seeds


def damage(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes; of a zip, half of the time within a member, so that its checksum fits again."""
    if data.startswith(b"PK") and rng.random() < 0.6:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        name = rng.choice(list(content))
        content[name] = _damage_bytes(content[name], rng)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, inner in content.items():
                archive.writestr(member, inner)
        return packed.getvalue()
    return _damage_bytes(data, rng)


def _damage_bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        place = rng.randrange(len(changed)) if changed else 0
        way = rng.randrange(7)
        if way == 0 and changed:
            changed[place] ^= 1 << rng.randrange(8)
        elif way == 1 and changed:
            changed[place] = rng.randrange(256)
        elif way == 2:
            width = rng.choice((1, 2, 4, 8))
            number = rng.choice(INTERESTING) % 256**width
            changed[place : place + width] = number.to_bytes(width, "little")
        elif way == 3:
            del changed[place : place + rng.choice((1, 2, 8, 64))]
        elif way == 4:
            changed[place:place] = changed[place : place + rng.choice((1, 8, 64, 1024))]
        elif way == 5:
            digits = [at for at, byte in enumerate(changed) if 48 <= byte < 58] or [place]
            at = rng.choice(digits)
            changed[at : at + 1] = rng.choice((b"9" * 9, b"-1", b"1e9", b"0", b"", b"99999999999999999999"))
        elif rng.random() < 0.2:
            del changed[place:]
    return bytes(changed)


def read_forked(kind: Kind, path: Path) -> None:
    """Read one file in a fork of this process under its limits, and count how it ended."""
    size = path.stat().st_size
    limits = Limits.of_size(size)
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(kind, path, limits)
    _, status, usage = os.wait4(pid, 0)
    took = time.monotonic() - started
    kind.slow += usage.ru_utime + usage.ru_stime > HANG_SECONDS
    beyond = max(0, usage.ru_maxrss * 1024 - BASELINE)
    kind.most_memory = max(kind.most_memory, beyond)
    kind.most_share = max(kind.most_share, beyond / (10 * size + 300e6))
    if os.WIFSIGNALED(status):
        kind.ends[f"contained {signal.Signals(os.WTERMSIG(status)).name}"] += 1
        kind.slow += took > 60 + HANG_SECONDS
    else:
        kind.ends[
            {0: "read", 1: "refused", 2: "contained memory", 3: "contained exception"}[os.WEXITSTATUS(status)]
        ] += 1


def _child(kind: Kind, path: Path, limits: Limits) -> None:
    code = 3
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        set_limits(limits.memory, limits.cpu_seconds, limits.memory)
        with os.fdopen(null, "wb") as stream:
            send(stream, kind.inside(path))
        code = 0
    except SidemineError:
        code = 1
    except MemoryError:
        code = 2
    except BaseException as error:  # noqa: BLE001 - counted
        if os.environ.get("FUZZ_SHOW"):
            sys.stdout.write(f"{type(error).__name__}: {str(error)[:150]}\n")
            sys.stdout.flush()
    os._exit(code)


def read_as_user(kind: Kind, path: Path) -> None:
    """Read one file as the user does: nothing but an `InputError` may come out."""
    started = time.monotonic()
    try:
        kind.public(path)
    except SidemineError:
        pass
    except BaseException as error:  # noqa: BLE001 - counted
        kind.reached_user[f"{type(error).__name__}: {str(error)[:120]}"] += 1
    kind.slow += time.monotonic() - started > 60 + HANG_SECONDS


def main() -> None:
    """Run all kinds and print the counts."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=20_000, help="forked readings, over all kinds")
    parser.add_argument("--in-process", type=int, default=200_000, help="MatrixMarket readings in one process")
    parser.add_argument("--real", type=int, default=50, help="readings of each kind as the user calls them")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311 - no secret

    def read_mtx(path: Path) -> object:
        with path.open("rb") as stream:
            return list(read_matrix_market(stream, str(path))[1])

    def isolated(reader: Callable[[Path], object]) -> Callable[[Path], object]:
        return lambda path: run_isolated(reader, path, where=path)

    kinds = {
        "h5ad": Kind(
            ".h5ad",
            h5ad_seeds(),
            lambda path: h5ad._read_cells(path, "symbol", {}, ""),
            lambda path: (inspect_file(path), h5ad.read_h5ad_cells(path, "symbol", CellsWanted())),
        ),
        "10x .h5": Kind(
            ".h5",
            tenx_seeds(),
            lambda path: tenx._read_cells(path, "symbol", None),
            lambda path: tenx.read_tenx_cells(path, "symbol"),
        ),
        "MatrixMarket": Kind(".mtx", matrix_seeds(), read_mtx, lambda path: _triplet(path)),
        "spreadsheet": Kind(".xlsx", spreadsheet_seeds(), read_sheets, isolated(read_sheets)),
        "Parquet": Kind(
            ".parquet",
            parquet_seeds(),
            lambda path: read_parquet_columns(path, PARQUET_COLUMNS),
            lambda path: run_isolated(read_parquet_columns, path, PARQUET_COLUMNS, where=path, preload=PRELOAD),
        ),
    }
    global BASELINE
    BASELINE = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with tempfile.TemporaryDirectory() as folder:
        for number, kind in enumerate(kinds.values()):
            path = Path(folder) / f"fuzzed{number}{kind.suffix}"
            for run in range(options.executions // len(kinds) + options.real):
                path.write_bytes(damage(rng.choice(kind.seeds), rng))
                (read_as_user if run < options.real else read_forked)(kind, path)
    started = time.monotonic()
    for _ in range(options.in_process):
        _read_matrix_here(kinds["MatrixMarket"], damage(rng.choice(kinds["MatrixMarket"].seeds), rng))
    _report(kinds, options, time.monotonic() - started)


def _triplet(path: Path) -> object:
    folder = Path(tempfile.mkdtemp(dir=path.parent))
    (folder / "matrix.mtx").write_bytes(path.read_bytes())
    (folder / "features.tsv").write_text("".join(f"ENSG{n}\tG{n}\n" for n in range(20)))
    (folder / "barcodes.tsv").write_text("".join(f"BC{n}\n" for n in range(15)))
    return tenx.read_tenx_cells(folder, "symbol")


def _read_matrix_here(kind: Kind, data: bytes) -> None:
    # A claim that only the limit of memory would stop is left to the forked readings.
    if any(len(word) > 6 for word in data[:200].split()[5:]):
        return
    try:
        list(read_matrix_market(io.BytesIO(data), "fuzzed")[1])
        kind.ends["in process: read"] += 1
    except SidemineError:
        kind.ends["in process: refused"] += 1
    except Exception as error:  # noqa: BLE001 - counted
        kind.reached_user[f"in process: {type(error).__name__}: {str(error)[:120]}"] += 1


def _report(kinds: dict[str, Kind], options: argparse.Namespace, seconds: float) -> None:
    for name, kind in kinds.items():
        ends = ", ".join(f"{end} {count:,}" for end, count in sorted(kind.ends.items()))
        sys.stdout.write(
            f"{name}: {ends}; as the user {options.real}: reached the user {sum(kind.reached_user.values())} "
            f"{dict(kind.reached_user) or ''}; slow {kind.slow}; most memory {kind.most_memory / 1e6:.0f} MB "
            f"({kind.most_share:.2f} of 10 × file + 300 MB)\n"
        )
    sys.stdout.write(
        f"in process: {seconds:.0f} s; peak here {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} kB\n"
    )


if __name__ == "__main__":
    main()
