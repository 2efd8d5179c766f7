"""Measure sidemine's series matrix reader beside R's GEOquery, on one generated file, in alternation.

Run: python benchmarks/read_series_matrix.py [--probes 54675] [--samples 500] [--repeats 3]

Prints the median seconds of reading (library start-up of R left out, of Python counted in), the peak resident memory
of each process, and whether both saw the same numbers. The generated file is the same for the same sizes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
READ_WITH_SIDEMINE = """
import json, sys, time
from pathlib import Path
started = time.perf_counter()
from sidemine.sources.series_matrix import read_series_matrix
matrix = read_series_matrix(Path(sys.argv[1]))
seconds = time.perf_counter() - started
import numpy, pyarrow
rows, columns = matrix.values.shape
print(json.dumps({"seconds": seconds, "rows": rows, "columns": columns, "sum": float(numpy.nansum(matrix.values)),
                  "version": "pyarrow " + pyarrow.__version__}))
"""


def write_matrix(path: Path, probes: int, samples: int) -> None:
    """Write a series matrix with RMA-like values of six digits, one missing value in a thousand, the same each time."""
    rng = np.random.default_rng(1)
    accessions = [f"GSM{9_000_000 + number}" for number in range(samples)]

    def row(key: str, cells: list[str]) -> str:
        return "\t".join([key, *(f'"{cell}"' for cell in cells)]) + "\n"

    with gzip.GzipFile(path, "wb", compresslevel=6, mtime=0) as stream:
        header = [
            row("!Series_title", ["Benchmark"]),
            row("!Series_geo_accession", ["GSE9000000"]),
            row("!Series_platform_id", ["GPL570"]),
            row("!Series_sample_id", [" ".join(accessions)]),
            "\n",
            row("!Sample_title", [f"sample {number}" for number in range(samples)]),
            row("!Sample_geo_accession", accessions),
            row("!Sample_characteristics_ch1", [f"group: {'AB'[number % 2]}" for number in range(samples)]),
            row("!Sample_platform_id", ["GPL570"] * samples),
            "!series_matrix_table_begin\n",
            row('"ID_REF"', accessions),
        ]
        stream.write("".join(header).encode())
        for number in range(probes):
            cells = [f"{value:.6g}" for value in rng.normal(7.5, 2.2, samples).clip(1.5, 15.5)]
            if number % 2 == 0:
                cells[int(rng.integers(samples))] = "null" if number % 4 else ""
            stream.write(f'"{number}_at"\t{chr(9).join(cells)}\n'.encode())
        stream.write(b"!series_matrix_table_end\n")


def measure(command: list[str]) -> dict[str, float | str]:
    """Run a reader in a process of its own; return what it prints, with its wall time (s) and peak memory (MB)."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command[0]} failed with exit code {process.returncode}")
        output.seek(0)
        result: dict[str, float | str] = json.loads(output.read().decode().strip().splitlines()[-1])
    return result | {"wall": wall, "peak_mb": usage.ru_maxrss / 1024}


def main() -> None:
    """Write the file, run both readers in alternation, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probes", type=int, default=54_675)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="write the file here and keep it (used again when it is there)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "GSE9000000_series_matrix.txt.gz"
        if not path.exists():
            write_matrix(path, options.probes, options.samples)
        readers = {
            "sidemine": [sys.executable, "-c", READ_WITH_SIDEMINE, str(path)],
            "GEOquery": ["Rscript", str(HERE / "read_series_matrix.R"), str(path)],
        }
        runs: dict[str, list[dict[str, float | str]]] = {name: [] for name in readers}
        for _ in range(options.repeats):
            for name, command in readers.items():
                runs[name].append(measure(command))
    ours, theirs = runs["sidemine"][0], runs["GEOquery"][0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{ours['rows']} probes x {ours['columns']} samples, {options.repeats} runs each, in alternation")
    medians = {}
    for name, results in runs.items():
        medians[name] = statistics.median(float(result["seconds"]) for result in results)
        wall = statistics.median(float(result["wall"]) for result in results)
        peak = max(float(result["peak_mb"]) for result in results)
        each = ", ".join(f"{float(result['seconds']):.2f}" for result in results)
        print(
            f"{name:9} ({results[0]['version']}): median {medians[name]:.2f} s ({each}), "
            f"whole process {wall:.2f} s, peak {peak:.0f} MB"
        )
    same = all(ours[key] == theirs[key] for key in ("rows", "columns")) and np.isclose(
        float(ours["sum"]), float(theirs["sum"]), rtol=1e-9
    )
    print(f"ratio sidemine / GEOquery: {medians['sidemine'] / medians['GEOquery']:.3f}; same numbers: {bool(same)}")


if __name__ == "__main__":
    main()
