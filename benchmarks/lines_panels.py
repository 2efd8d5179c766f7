"""How often a panel says what is not so, and how often it sees what is: class-wide, vehicle guard, dose shapes.

python benchmarks/lines_panels.py [--repetitions 400] [--seed 20261127] [--cell WORD]

Own generator, shipped functions: samples of every arm are drawn gene by gene (variances of an inverse χ², a set whose genes
share a factor within each sample), `measure_compounds` fits all arms in one model, `read_panel` reads it. Three samples per
arm, five compounds of the class, three of another one, one shared vehicle. An effect is in log2 units; the margin is .4.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sidemine.effect.compound_reading import PanelReading, read_panel
from sidemine.effect.compound_record import CompoundEvidence
from sidemine.effect.compounds import ArmData, measure_compounds
from sidemine.quality.record import NO_TREATMENT
from sidemine.study.projections import ContrastToFit, HypothesisOfCompounds

N_GENES, N_SET, N_PER_ARM = 1000, 40, 3
CORRELATION = 0.2
"""Of two genes of the set within a sample."""
SCORE_SD = 0.35 * float(np.sqrt(CORRELATION + (1 - CORRELATION) / N_SET))
"""Standard deviation of a sample's mean over the set, for the typical gene."""
MARGIN = 0.4
ROTATIONS = 499
CLASS = ("a", "b", "c", "d", "e")
OTHERS = ("x", "y", "z")
DOSES = (1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True)
class Cell:
    """One truth: the set's change in every arm (down is negative), that of the vehicle, and what is counted."""

    asks: str
    arms: Mapping[str, float]
    counted: Callable[[PanelReading, CompoundEvidence], bool]
    vehicle: float = 0.0
    doses: Mapping[str, float] = field(default_factory=dict)


def draw(cell: Cell, rng: np.random.Generator) -> ArmData:
    """Draw one dataset: vehicle first, then every arm."""
    shifts = {"vehicle": cell.vehicle, **cell.arms}
    arm = np.repeat(list(shifts), N_PER_ARM)
    sd = 0.35 * np.sqrt(8 / rng.chisquare(8, N_GENES))
    noise = rng.standard_normal((len(arm), N_GENES))
    factor = rng.standard_normal((len(arm), 1))
    noise[:, :N_SET] = np.sqrt(1 - CORRELATION) * noise[:, :N_SET] + np.sqrt(CORRELATION) * factor
    values = rng.uniform(6, 12, N_GENES) + sd * noise
    values[:, :N_SET] += np.array([shifts[name] for name in arm])[:, None]
    names = [f"s{place}" for place in range(len(arm))]
    samples = pd.DataFrame({"sample": names, "unit": names, "fate": "used", "value_column": names, "arm": arm})
    genes = [f"g{place}" for place in range(N_GENES)]
    return ArmData(values, names, genes, "log2", False, samples, NO_TREATMENT)


def panel_of(cell: Cell) -> tuple[HypothesisOfCompounds, dict[str, ContrastToFit]]:
    """Return the hypothesis and the contrasts of a cell."""
    carrying = [name for name in cell.arms if name not in OTHERS]
    arms = [
        {"contrast": name, "compound": "a" if cell.doses else name, "of_class": name not in OTHERS}
        | ({"dose": cell.doses[name]} if name in cell.doses else {})
        for name in cell.arms
    ]
    if cell.doses:
        arms = [arm | ({"compound": arm["contrast"]} if not arm["of_class"] else {}) for arm in arms]
    hypothesis = HypothesisOfCompounds.model_validate(
        {
            "id": "panel",
            "primary": {"set": "SET", "contrasts": carrying, "score": "mean", "direction": "down"},
            "compounds": {"asks": cell.asks, "arms": arms},
        }
    )
    rows = {
        name: ContrastToFit(
            contrast=name, dataset="d", target=f"arm = {name}", reference="arm = vehicle", covariates=[], block="",
            blocking="auto", array_weights=False, robust=False, missing_covariates="refuse", samples_in_block="units",
        )
        for name in cell.arms
    }  # fmt: skip
    return hypothesis, rows


SETS = pd.DataFrame({"gene_set": "SET", "gene": [f"g{place}" for place in range(N_SET)]}).assign(
    weight=1.0, family="target", version="", source=""
)


def measure(cell: Cell, seed: np.random.SeedSequence) -> tuple[PanelReading, CompoundEvidence]:
    """Draw, fit and read one panel."""
    hypothesis, rows = panel_of(cell)
    data = draw(cell, np.random.default_rng(seed))
    found = measure_compounds(
        hypothesis, rows, data, SETS, min_group_size=3, min_set_size=5, rotations=ROTATIONS, seed=1 + int(seed.generate_state(1)[0] % 10_000)
    )  # fmt: skip
    if found.problem is not None:
        raise SystemExit(str(found.problem))
    return read_panel(found, MARGIN), found


def _against_vehicle(level: float) -> Callable[[PanelReading, CompoundEvidence], bool]:
    return lambda reading, _: reading.p_vehicle is not None and reading.p_vehicle <= level


def _guarded(level: float) -> Callable[[PanelReading, CompoundEvidence], bool]:
    return lambda reading, _: reading.p is not None and reading.p <= level


def _separate_fits_of_class_mean(_: PanelReading, found: CompoundEvidence) -> bool:
    """Return whether a test of the class mean would call it: what LINES of evidence must not rest on."""
    arms = found.carrying
    effect = np.mean([arm.effect or 0.0 for arm in arms])
    ses = np.array([arm.effect_se or 0.0 for arm in arms])
    # Arms share the vehicle: correlation ½ between equal groups.
    se = np.sqrt((ses**2).mean() * (1 + (len(arms) - 1) / 2) / len(arms))
    return bool(effect / se < -1.7)


def _pattern(word: str) -> Callable[[PanelReading, CompoundEvidence], bool]:
    return lambda reading, _: reading.pattern.startswith(word)


def cells() -> dict[str, Cell]:
    """Return the truths."""
    null_others = dict.fromkeys(OTHERS, 0.0)
    three = {name: -1.5 * (name in CLASS[:3]) for name in CLASS}
    four = {name: -0.5 * (name in CLASS[:4]) for name in CLASS}
    one = {name: -1.5 * (name == "a") for name in CLASS}
    nothing = dict.fromkeys(CLASS, 0.0)
    off = 1.5 * SCORE_SD
    found = {
        "class null: 3 of 5 act, vehicle alone, .05": Cell("class_wide", three | null_others, _against_vehicle(0.05)),
        "class null: 3 of 5 act, guarded, .05": Cell("class_wide", three | null_others, _guarded(0.05)),
        "class null: 3 of 5 act, guarded, .025 (the rule)": Cell("class_wide", three | null_others, _guarded(0.025)),
        "class null: 3 of 5 act, no others, .05": Cell("class_wide", three, _guarded(0.05)),
        "class null: nothing acts, guarded, .05": Cell("class_wide", nothing | null_others, _guarded(0.05)),
        "class null: one acts, mean of the class instead": Cell("class_wide", one | null_others, _separate_fits_of_class_mean),
        "class null: one acts, word is class-wide": Cell("class_wide", one | null_others, _pattern("class-wide")),
        "vehicle off 1.5 SD: 3 of 5 act, vehicle alone, .05": Cell("class_wide", three | null_others, _against_vehicle(0.05), off),
        "vehicle off 1.5 SD: 3 of 5 act, guarded, .05": Cell("class_wide", three | null_others, _guarded(0.05), off),
        "vehicle off 1.5 SD: nothing acts, vehicle alone, .05": Cell("class_wide", nothing | null_others, _against_vehicle(0.05), off),
        "vehicle off 1.5 SD: nothing acts, guarded, .05": Cell("class_wide", nothing | null_others, _guarded(0.05), off),
        "class power: 5 of 5 at −.5, vehicle alone, .05": Cell("class_wide", dict.fromkeys(CLASS, -0.5) | null_others, _against_vehicle(0.05)),
        "class power: 5 of 5 at −.5, guarded, .05": Cell("class_wide", dict.fromkeys(CLASS, -0.5) | null_others, _guarded(0.05)),
        "class power: 4 of 5 at −.5, guarded, .05": Cell("class_wide", four | null_others, _guarded(0.05)),
        "class power: 5 of 5 at −.5, the word": Cell("class_wide", dict.fromkeys(CLASS, -0.5) | null_others, _pattern("class-wide")),
        "one compound: the word is its own": Cell("class_wide", one | null_others, _pattern("this compound only")),
    }  # fmt: skip
    names = [f"d{place}" for place in range(len(DOSES))]
    doses = dict(zip(names, DOSES, strict=True))
    at = np.array(DOSES)
    truths = {
        "nothing": 0 * at,
        "linear": at / at[-1],
        "plateau": np.ones(len(at)),
        "Emax": at / (at + 3) / (at[-1] / (at[-1] + 3)),
        "top only": np.array([0.0, 0, 0, 1]),
        "rising with log dose": np.arange(1, len(at) + 1) / len(at),
    }
    for word, means in truths.items():
        arms = {name: -0.4 * float(mean) for name, mean in zip(names, means, strict=True)}
        found[f"dose {'size' if word == 'nothing' else 'power'}: {word}, .05"] = Cell(
            "dose", arms, _against_vehicle(0.05), doses=doses
        )
        strong = {name: 2 * effect for name, effect in arms.items()} | null_others
        found[f"dose word dose-dependent, −.8: {word}"] = Cell("dose", strong, _pattern("dose-dependent"), doses=doses)
    found["dose, vehicle off 1.5 SD: nothing, guarded, .05"] = Cell(
        "dose", dict.fromkeys(names, 0.0) | null_others, _guarded(0.05), off, doses
    )
    found["dose, vehicle off 1.5 SD: nothing, vehicle alone, .05"] = Cell(
        "dose", dict.fromkeys(names, 0.0), _against_vehicle(0.05), off, doses
    )
    return found


def main() -> None:
    """Print, per truth, how often it was called, with its 95 % limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20261127)
    parser.add_argument("--cell", default="", help="only truths whose name begins so")
    asked = parser.parse_args()
    # Truths that share their draws are drawn once.
    runs: dict[str, list[tuple[PanelReading, CompoundEvidence]]] = {}
    for name, cell in cells().items():
        if not name.startswith(asked.cell):
            continue
        key = repr((cell.asks, cell.arms, cell.vehicle, cell.doses))
        if key not in runs:
            seeds = np.random.SeedSequence([asked.seed, len(runs)]).spawn(asked.repetitions)
            runs[key] = [measure(cell, seed) for seed in seeds]
        called = sum(cell.counted(*found) for found in runs[key])
        share, n = called / asked.repetitions, asked.repetitions
        half = 1.96 * np.sqrt(max(share * (1 - share), 0.25 / n) / n)
        print(f"{name:58} {share:.3f}  ({max(0, share - half):.3f} to {min(1, share + half):.3f}, n = {n})", flush=True)


if __name__ == "__main__":
    main()
