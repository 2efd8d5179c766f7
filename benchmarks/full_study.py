"""Wall time and peak memory of a study of the default size (informative).

python benchmarks/full_study.py FOLDER [--genes 20000] [--cores 2]

FOLDER is filled with the embedded demo at full size, as invented GEO records, and the workflow is run on it: 2 blood
cohorts (70 v 63 and 107 v 25) and 4 experiments of 20,000 genes; 12 contrasts, 6 of them of inhibitors; 50 declared and
300 comparator sets; 10,000 rotations; 1,000 matched random sets per primary set and contrast. Aims on 2 cores: 5 minutes,
4 GB. Told are wall time, processor time, the largest sum of the memory of all processes at one time (resident, where what
they share counts more than once, and proportional, where it counts once), and the time of the jobs of each rule.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

from sidemine.simulate.demo import sheet_text, write_demo

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "config" / "demo"
ROTATIONS, MATCHED_SETS = 10_000, 1_000
DECLARED, COMPARATORS = 50, 300
MODULES = 340
"""Invented modules: 300 comparators, and 40 that are declared beside the demo's own 10 sets."""
MORE_CONTRASTS = (
    ("lung_b_low", 'inhibitor = "compound B" and dose = "50 nM"', "stimulus = interferon and inhibitor = none"),
    ("lung_a_dose", 'inhibitor = "compound A" and dose = "500 nM"', 'inhibitor = "compound A" and dose = "50 nM"'),
)


def main() -> None:
    """Write the study, run it, print."""
    folder, cores, genes = read_arguments(__doc__, "--genes", 20_000)
    write_study(folder, genes)
    command = snakemake_command(folder, folder / "config.yaml", cores)
    with (folder / "run.log").open("w", encoding="utf-8") as log:
        started = time.perf_counter()
        process = psutil.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        peak, shared_once, largest = watch(process)
        wall = time.perf_counter() - started
    if process.returncode != 0:
        sys.exit(f"the run failed: {folder / 'run.log'}")
    spent = process_times()
    print(f"{wall:.0f} s of wall time, {spent:.0f} s of processor time on {cores} cores")
    print(f"peak memory {peak / 1e9:.2f} GB in all processes, {largest / 1e9:.2f} GB in the largest")
    print(f"{shared_once / 1e9:.2f} GB in all processes where what they share counts once")
    print(f"report.html {(folder / 'results/full_study/report.html').stat().st_size / 1e6:.1f} MB")
    for rule, seconds in sorted(seconds_of_rules(folder).items(), key=lambda item: -sum(item[1])):
        print(f"{sum(seconds):7.1f} s  {rule} ({len(seconds)} jobs, longest {max(seconds):.1f} s)")


def read_arguments(words: str | None, further: str, default: int) -> tuple[Path, int, int]:
    """Return the folder and the cores of the command line, and a further number that has a default."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(further, dest="further", metavar="N", type=int, default=default)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    return options.folder.resolve(), options.cores, options.further


def snakemake_command(folder: Path, config: Path, cores: int) -> list[str]:
    """Return the command that runs a study in a folder of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return [*command, "--configfile", str(config), "--cores", str(cores)]


def write_study(folder: Path, n_genes: int) -> None:
    """Write the demo's records at full size, its config and its sheets with more contrasts and sets."""
    write_demo(folder, n_genes=n_genes, n_comparators=MODULES)
    for name in ("datasets.tsv", "lines.tsv", "jak_stat.svg"):
        (folder / name).write_text(demo_text(name), encoding="utf-8")
    contrasts = read_sheet("contrasts.tsv")
    like = next(row for row in contrasts if row["contrast"] == "lung_b_high")
    for name, target, reference in MORE_CONTRASTS:
        contrasts.append({**like, "contrast": name, "target": target, "reference": reference})
    (folder / "contrasts.tsv").write_text(sheet_text(contrasts), encoding="utf-8")
    sets = read_sheet("gene_sets.tsv")
    own = len(sets) - 1  # the last row takes all other sets as comparators
    declared = [f"SIM_MODULE_{number:02d}" for number in range(MODULES - (DECLARED - own) + 1, MODULES + 1)]
    like = next(row for row in sets if row["family"] == "confounder")
    more = [{**like, "gene_set": name, "member": name} for name in declared]
    (folder / "gene_sets.tsv").write_text(sheet_text([*sets[:-1], *more, sets[-1]]), encoding="utf-8")
    config = yaml.safe_load(demo_text("config.yaml"))
    config["study"] |= {"id": "full_study", "title": "A simulated study of the default size"}
    config["settings"] |= {"rotations": ROTATIONS, "matched_sets": MATCHED_SETS}
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")


def demo_text(name: str) -> str:
    """Return a file of the demo's config, its data beside it."""
    return (DEMO / name).read_text(encoding="utf-8").replace("../../demo_data/", "")


def read_sheet(name: str) -> list[dict[str, str]]:
    """Return the rows of a sheet of the demo."""
    return list(csv.DictReader(demo_text(name).splitlines(), delimiter="\t"))


def watch(process: psutil.Popen) -> tuple[int, int, int]:
    """Wait for a process; return the peak memory of it with its descendants, resident and proportional, and of the largest."""
    peak = shared_once = largest = looks = 0
    while process.poll() is None:
        sizes, shares = [0], [0]
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):  # AccessDenied: it is about to end
                sizes.append(one.memory_info().rss)
                if looks % 5 == 0:  # it takes longer
                    shares.append(one.memory_full_info().pss)
        peak, shared_once, largest = max(peak, sum(sizes)), max(shared_once, sum(shares)), max(largest, *sizes)
        looks += 1
        time.sleep(0.1)
    return peak, shared_once, largest


def process_times() -> float:
    """Return the processor seconds of all processes that this one started."""
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system


def seconds_of_rules(folder: Path) -> dict[str, list[float]]:
    """Return the seconds of every job by its rule, as Snakemake recorded them."""
    jobs: dict[int, tuple[str, float]] = {}
    for path in (folder / ".snakemake" / "metadata").rglob("*"):
        if path.is_file():
            record = json.loads(path.read_text(encoding="utf-8"))
            # Every output of a job has a record of its own.
            jobs[record["job_hash"]] = record["rule"], record["endtime"] - record["starttime"]
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for rule, duration in jobs.values():
        seconds[rule].append(duration)
    return dict(seconds)


if __name__ == "__main__":
    main()
