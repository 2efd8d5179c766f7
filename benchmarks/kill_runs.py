"""Kill runs with `kill -9` at many moments, for 1, 2 and 4 cores and two copies of the workflow; all must end with the same bytes.

A planted study is run undisturbed, and once more with the groups of one contrast exchanged. Then the latter is run again
and again, in turn from nothing and from the finished results of the former; each run and all of its jobs are killed at
random moments, and the same command is given until the run ends by itself. All result files but `run.json` must equal
those of the undisturbed run of the exchanged groups. Exit code 1 when one does not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sidemine.simulate.studies import write_planted

REPOSITORY = Path(__file__).resolve().parents[1]
CORES = (1, 2, 4)


def copy_workflow(target: Path) -> Path:
    """Copy the workflow and its resources, as another clone has them; return the copy's Snakefile."""
    for name in ("workflow", "resources"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, target / name, ignore=ignored, symlinks=True)
    return target / "workflow" / "Snakefile"


def start(folder: Path, snakefile: Path, cores: int) -> subprocess.Popen[bytes]:
    """Start the study of a folder in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(folder)]
    command += ["--configfile", str(folder / "config.yaml"), "--cores", str(cores)]
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def run_killed(folder: Path, snakefile: Path, cores: int, pauses: Sequence[float]) -> int:
    """Run a study, killed after each of these seconds and started again; return how often it was really killed."""
    kills = 0
    for seconds in pauses:
        process = start(folder, snakefile, cores)
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
            continue
        if code:
            raise SystemExit(f"a run failed: {folder / 'run.log'}")
        return kills
    if start(folder, snakefile, cores).wait():
        raise SystemExit(f"a run failed: {folder / 'run.log'}")
    return kills


def exchange_groups(folder: Path) -> None:
    """Exchange target and reference of the first contrast of a study."""
    sheet = folder / "contrasts.tsv"
    header, first, *others = [line.split("\t") for line in sheet.read_text(encoding="utf-8").splitlines()]
    target, reference = header.index("target"), header.index("reference")
    first[target], first[reference] = first[reference], first[target]
    sheet.write_text("".join("\t".join(line) + "\n" for line in (header, first, *others)), encoding="utf-8")


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every result file but `run.json`."""
    results = folder / "results"
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def main() -> int:
    """Run the comparison and print a line per run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=50, help="kills in all (default 50)")
    parser.add_argument("--per-run", type=int, default=8, help="most kills of one run (default 8)")
    parser.add_argument("--longest", type=float, default=12.0, help="most seconds before a kill (default 12)")
    parser.add_argument("--study", default="positive", help="planted study (default positive)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)  # noqa: S311 - moments, not secrets
    kills = unequal = runs = 0
    with tempfile.TemporaryDirectory(prefix="kill_runs_") as name:
        place = Path(name)
        snakefiles = [copy_workflow(place / f"clone_{number}") for number in (1, 2)]
        before, undisturbed = place / "before", place / "undisturbed"
        for folder in (before, undisturbed):
            write_planted(arguments.study, folder, 11)
        exchange_groups(undisturbed)
        for folder in (before, undisturbed):
            run_killed(folder, snakefiles[0], 2, [])
        expected = digests(undisturbed)
        if expected == digests(before):
            raise SystemExit("the exchange of groups changed no result: the comparison would show nothing")
        while kills < arguments.moments:
            folder, cores = place / f"run_{runs}", CORES[runs % len(CORES)]
            edited = runs % 4 in {1, 2}
            if edited:
                shutil.copytree(before, folder)
            else:
                write_planted(arguments.study, folder, 11)
            exchange_groups(folder)
            pauses = [generator.uniform(1.0, arguments.longest) for _ in range(arguments.per_run)]
            killed = run_killed(folder, snakefiles[runs % 2], cores, pauses[: arguments.moments - kills])
            found = digests(folder)
            different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            kills, runs, unequal = kills + killed, runs + 1, unequal + bool(different)
            sys.stdout.write(
                f"run {runs}: {cores} cores, clone {snakefiles.index(snakefiles[(runs - 1) % 2]) + 1}, killed {killed} times, "
                f"{'after an edit' if edited else 'from nothing'}, "
                f"{len(found)} files, different: {', '.join(different) or 'none'}\n"
            )
            sys.stdout.flush()
            shutil.rmtree(folder)
    sys.stdout.write(f"{kills} kills in {runs} runs; runs that ended with other bytes: {unequal}\n")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
