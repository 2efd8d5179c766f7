"""Time of a study of real public files beside plain R, which does the same work (informative).

SIDEMINE_REAL_FILES=DIR python benchmarks/versus_r.py FOLDER [--rounds 3] [--cores 2]

The study is tests/real_files without its single cells: 6 datasets, 22 contrasts, 55 sets, 10,000 rotations. R reads the
same files (GEOquery, read.delim), fits with limma and edgeR's normalisation, and tests with camera, fry and mroast, as
one process and one script. sidemine runs through Snakemake: "equal work" asks for the set tests of the same contrasts
(its descriptive tests and its checks of every dataset come on top), "whole study" for the report. The runs alternate;
told are medians of processor time (with all descendants), wall time, and memory of the largest process. Then the same
stages in one process, warm: sidemine's functions beside R's. The numbers of both are compared first: a benchmark of two
programs that do not agree says nothing. R pools no genes here: `pooling_versus_metafor.py` does.

FOLDER is filled. R needs limma, edgeR and GEOquery. Run with OPENBLAS_NUM_THREADS=1 on an idle machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import pandas as pd
from full_study import ROOT, read_arguments, snakemake_command

from sidemine.differential.contrast import values_of_rows
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.design import Design, build_design
from sidemine.differential.fit import fit_contrast
from sidemine.differential.record import FittedDesign, read_design
from sidemine.enrichment.camera import camera
from sidemine.enrichment.fry import fry
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.rotation import rotation_test
from sidemine.enrichment.set_membership import SetMembership, build_membership
from sidemine.prepare.expression_store import read_expression
from sidemine.prepare.log_expression import layer_of
from sidemine.sources.scales import Layer
from sidemine.tables import read_table

STUDY = "tests/real_files"
RESULTS = Path("results/real_files")
SINGLE_CELLS = ("pbmc", "pbmc_donors")
ROTATIONS = 10_000
SEED = 20260711
Result = TypeVar("Result")
SetTestFunction = Callable[[ContrastFit, SetMembership], pd.DataFrame]


@dataclass(frozen=True)
class Spent:
    """What a process and its descendants took: seconds of processor and wall time, and GB of the largest process."""

    processor: float
    wall: float
    memory: float


@dataclass(frozen=True)
class Case:
    """What is fitted for one contrast: genes × rows of the design, and the design."""

    name: str
    values: np.ndarray
    genes: list[str]
    design: Design
    layer: Layer


def main() -> None:
    """Run both, compare, print."""
    folder, cores, rounds = read_arguments(__doc__, "--rounds", 3)
    files = Path(os.environ["SIDEMINE_REAL_FILES"])
    whole = [run_study(folder / "whole_0", cores, [])]
    results = folder / "whole_0" / RESULTS
    designs = fitted_designs(results)
    cases = [case_of(results, design) for design in designs]
    exchange = folder / "exchange"
    write_exchange(exchange, cases, results)
    wanted = [str(RESULTS / "contrasts" / case.name / "set_tests.tsv") for case in cases]
    plain, equal = [], []
    for number in range(rounds):
        plain.append(run_r(files, exchange))
        equal.append(run_study(folder / f"equal_{number}", cores, wanted))
        if number:
            whole.append(run_study(folder / f"whole_{number}", cores, []))
    print(f"{len(cases)} contrasts, {len({design.dataset for design in designs})} datasets, {rounds} rounds")
    print(compared(results, exchange, cases))
    print(f"{'':14} {'processor s':>11} {'wall s':>7} {'largest process GB':>19}")
    for name, runs in (("R", plain), ("equal work", equal), ("whole study", whole)):
        processor, wall, memory = (median(getattr(run, field) for run in runs) for field in Spent.__annotations__)
        print(f"{name:14} {processor:11.1f} {wall:7.1f} {memory:19.2f}")
    print_stages(stages_of_r(exchange), stages_in_process(cases, results, rounds))


def spent_by(command: list[str], log: Path, **environment: str) -> Spent:
    """Run a command to its end and return what it took with all its descendants."""
    with log.open("w", encoding="utf-8") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=os.environ | environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    if status:
        sys.exit(f"this command failed: {' '.join(command)}; see {log}")
    return Spent(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024**2)


def run_study(folder: Path, cores: int, wanted: list[str]) -> Spent:
    """Run the study from nothing in a folder of its own, to some files or to its report."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / STUDY, folder / STUDY)
    command = snakemake_command(folder, folder / STUDY / "config.yaml", cores)
    return spent_by([*command, *wanted], folder / "run.log")


def run_r(files: Path, exchange: Path) -> Spent:
    """Run the R script."""
    script = Path(__file__).with_suffix(".R")
    return spent_by(["Rscript", str(script), str(files), str(exchange), str(ROTATIONS)], exchange / "r.log")


def fitted_designs(results: Path) -> list[FittedDesign]:
    """Return the designs of all contrasts that were fitted, single cells apart."""
    designs = (read_design(path) for path in sorted((results / "contrasts").glob("*/design.json")))
    return [one for one in designs if isinstance(one, FittedDesign) and one.dataset not in SINGLE_CELLS]


def case_of(results: Path, record: FittedDesign) -> Case:
    """Return what sidemine fitted for a contrast."""
    folder = results / "datasets" / record.dataset
    expression = read_expression(folder / "expression.h5ad")
    samples = expression.obs.astype(str)
    target, reference = (samples.index.isin(names) for names in (record.target_samples, record.reference_samples))
    design = build_design(samples, target, reference, record.covariates, record.block)
    layer = layer_of(expression)
    values = values_of_rows(np.asarray(expression.layers[layer], dtype=np.float64), expression.obs_names, design, layer)
    genes = [str(gene) for gene in expression.var_names]
    if layer != "counts":
        tested = set(pd.read_csv(results / "contrasts" / record.contrast / "differential.tsv.gz", sep="\t")["gene"])
        rows = [row for row, gene in enumerate(genes) if gene in tested]
        values, genes = values[rows], [genes[row] for row in rows]
    return Case(record.contrast, values, genes, design, layer)


def write_exchange(folder: Path, cases: list[Case], results: Path) -> None:
    """Write for R what is fitted, and the sets."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "contrasts.txt").write_text("".join(f"{case.name}\n" for case in cases), encoding="utf-8")
    read_table(results / "gene_sets.tsv.gz", GENE_SETS).to_csv(folder / "sets.tsv", sep="\t", index=False)
    for case in cases:
        np.asfortranarray(case.values).T.tofile(folder / f"{case.name}.values")
        (folder / f"{case.name}.genes").write_text("\n".join(case.genes) + "\n", encoding="utf-8")
        np.savetxt(folder / f"{case.name}.design", case.design.matrix, delimiter="\t", fmt="%.17g")
        if case.layer == "counts":
            (folder / f"{case.name}.counts").touch()


def compared(results: Path, exchange: Path, cases: list[Case]) -> str:
    """Return the largest differences between the two programs over all contrasts."""
    genes = sets = 0
    worst = {"log2 fold change": 0.0, "log10 p of genes": 0.0, "log10 p of CAMERA": 0.0, "log10 p of FRY": 0.0}
    for case in cases:
        ours = pd.read_csv(results / "contrasts" / case.name / "differential.tsv.gz", sep="\t").set_index("gene")
        theirs = pd.read_csv(exchange / f"{case.name}.genes.tsv", sep="\t", keep_default_na=False).set_index("gene")
        if set(ours.index) != set(theirs.index):
            sys.exit(f"{case.name}: {len(ours)} genes by sidemine, {len(theirs)} by R, or others")
        ours = ours.loc[theirs.index]
        genes += len(ours)
        _widen(worst, "log2 fold change", ours["log2_fold_change"] - theirs["log2_fold_change"].astype(float))
        _widen(worst, "log10 p of genes", np.log10(ours["p_value"] / theirs["p_value"].astype(float)))
        table = pd.read_csv(exchange / f"{case.name}.sets.tsv", sep="\t").query("plain").set_index("gene_set")
        tests = pd.read_csv(results / "contrasts" / case.name / "set_tests.tsv", sep="\t")
        sets += len(table)
        for test in ("camera", "fry"):
            p = tests.query("test == @test").set_index("gene_set")["p_value"].loc[table.index]
            _widen(worst, f"log10 p of {test.upper()}", np.log10(p / table[f"{test}_p"]))
    told = ", ".join(f"{name} {value:.1g}" for name, value in worst.items())
    return f"largest differences over {genes} genes and {sets} sets, as written (10 digits): {told}"


def _widen(worst: dict[str, float], name: str, differences: pd.Series) -> None:
    worst[name] = max(worst[name], float(differences.abs().max()))


def stages_of_r(exchange: Path) -> dict[str, float]:
    """Return the processor seconds that R told of its last run."""
    lines = (line.split() for line in (exchange / "r.log").read_text(encoding="utf-8").splitlines())
    return {line[0]: float(line[1]) for line in lines if len(line) == 2}


def stages_in_process(cases: list[Case], results: Path, rounds: int) -> dict[str, float]:
    """Return the median processor seconds of sidemine's functions over all contrasts."""
    table = read_table(results / "gene_sets.tsv.gz", GENE_SETS)
    seconds: dict[str, list[float]] = {"fit": [], "camera": [], "fry": [], "rotation": []}
    for number in range(rounds + 1):
        fits, fitting = _timed(lambda: [_fit(case) for case in cases])
        members = [build_membership(table, fit.genes, 5, 2_000) for fit in fits]
        tested = {"fit": fitting}
        for name, test in (("camera", camera), ("fry", fry), ("rotation", _rotate)):
            tested[name] = _timed(partial(_test_all, test, fits, members))[1]
        for name, one in tested.items() if number else ():  # the first round warms up
            seconds[name].append(one)
    return {name: median(values) for name, values in seconds.items()}


def _fit(case: Case) -> ContrastFit:
    return fit_contrast(case.values, case.genes, case.design, layer=case.layer)


def _test_all(test: SetTestFunction, fits: list[ContrastFit], members: list[SetMembership]) -> list[pd.DataFrame]:
    return [test(fit, membership) for fit, membership in zip(fits, members, strict=True)]


def _rotate(fit: ContrastFit, membership: SetMembership) -> pd.DataFrame:
    return rotation_test(fit, membership, n_rotations=ROTATIONS, seed=SEED)


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def print_stages(theirs: dict[str, float], ours: dict[str, float]) -> None:
    """Print R's seconds beside sidemine's, stage by stage."""
    print(f"\n{'in one process':14} {'R s':>7} {'sidemine s':>11} {'ratio':>6}")
    for name in ("fit", "camera", "fry", "mroast"):
        here = ours["rotation" if name == "mroast" else name]
        print(f"{name:14} {theirs[name]:7.2f} {here:11.2f} {here / theirs[name]:6.2f}")
    print(f"R alone: reading {theirs['read']:.2f} s, writing {theirs['write']:.2f} s")


if __name__ == "__main__":
    main()
