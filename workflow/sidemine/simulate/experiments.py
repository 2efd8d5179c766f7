"""Simulated experiments: cells or blood with interferon, with and without an inhibitor, written as GEO would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sidemine.simulate.addresses import matrix_url, mirror_path, series_url
from sidemine.simulate.expression import (
    IntArray,
    SampleModel,
    normalised,
    simulate_counts,
    simulate_log2,
)
from sidemine.simulate.genes import FloatArray, GeneUniverse
from sidemine.simulate.geo_files import (
    Platform,
    Sample,
    Series,
    probe_values,
    write_htseq_archive,
    write_series_matrix,
    write_table_file,
)
from sidemine.simulate.scene import SCENE


@dataclass(frozen=True)
class Arm:
    """One group of an experiment.

    Attributes
    ----------
    name
        Word that stands in titles and file names.
    characteristics
        Key and value of every characteristic.
    interferon
        log2 change of the interferon-response genes against the untreated cells.
    shifts
        log2 change of other modules.
    """

    name: str
    characteristics: Mapping[str, str]
    interferon: float = 0.0
    shifts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentPlan:
    """An experiment: its arms, each with the same number of replicates.

    Attributes
    ----------
    accession, first_sample
        Series accession; number of its first GSM.
    cells
        What was treated, in words.
    arms
        The groups.
    n_replicates
        Samples per arm; replicate r of every arm is the same donor or plate.
    donor_sd
        SD of donor or plate effects, as a fraction of the residual SD.
    noise
        Factor on the residual SDs.
    sequencing_platform
        GPL number that the record shows.
    """

    accession: str
    first_sample: int
    cells: str
    arms: tuple[Arm, ...]
    n_replicates: int = 3
    donor_sd: float = 0.3
    noise: float = 0.6
    sequencing_platform: str = "GPL924676"


def experiment_log2(plan: ExperimentPlan, universe: GeneUniverse, seed: int) -> FloatArray:
    """Draw log2 expression, genes × samples (arm by arm).

    Parameters
    ----------
    plan
        What the experiment is.
    universe
        Genes, with their modules.
    seed
        Seed of the draw; never 0.
    """
    arm = np.repeat(np.arange(len(plan.arms)), plan.n_replicates)
    interferon = np.array([group.interferon for group in plan.arms])[arm]
    shifts: dict[str, FloatArray] = {
        "interferon_response": interferon,
        SCENE.repressed: -0.3 * interferon,
        SCENE.members: 0.1 * interferon,
    }
    for name in sorted({key for group in plan.arms for key in group.shifts}):
        added = np.array([group.shifts.get(name, 0.0) for group in plan.arms])[arm]
        shifts[name] = shifts.get(name, np.zeros(arm.size)) + added
    model = SampleModel(
        arm.size,
        log2_shift=shifts,
        donor=np.tile(np.arange(plan.n_replicates), len(plan.arms)).astype(np.int64),
        donor_sd=plan.donor_sd,
        noise=plan.noise,
        # One cell line in one incubator: what co-varies in blood hardly varies here. The interferon response does:
        # no two wells answer alike.
        correlation={**dict.fromkeys(universe.modules, 0.05), "interferon_response": 0.3},
    )
    return simulate_log2(universe, model, seed)


def experiment_series(plan: ExperimentPlan, platform: str, *, sequencing: bool) -> Series:
    """Return the experiment's GEO record; titles are `<arm>_rep<number>`.

    Parameters
    ----------
    plan
        What the experiment is.
    platform
        GPL number that the record shows.
    sequencing
        Whether it is a sequencing series, whose matrix GEO serves without values.
    """
    samples = []
    for number, arm in enumerate(plan.arms):
        for replicate in range(plan.n_replicates):
            position = number * plan.n_replicates + replicate
            cells = [f"cell type: {plan.cells}"]
            cells += [f"{key}: {value}" for key, value in arm.characteristics.items()]
            cells.append(f"donor: D{replicate + 1}")
            samples.append(
                Sample(
                    f"GSM{plan.first_sample + position}",
                    f"{arm.name}_rep{replicate + 1}",
                    plan.cells,
                    tuple(cells),
                    description=f"SIM-{plan.accession}-{position + 1}",
                )
            )
    return Series(plan.accession, f"Simulated {plan.cells}", platform, tuple(samples), sequencing=sequencing)


@dataclass(frozen=True)
class Deposit:
    """An experiment to be written as GEO would keep it, in one of several forms.

    Attributes
    ----------
    mirror
        Folder that stands for the servers.
    plan
        What the experiment is.
    universe
        Genes, with their modules.
    seed
        Seed of everything drawn; never 0.
    """

    mirror: Path
    plan: ExperimentPlan
    universe: GeneUniverse
    seed: int

    def write_archive(self) -> None:
        """Write `_RAW.tar` of HTSeq files, and a header-only series matrix."""
        series = self._sequencing_series()
        members = [f"{sample.accession}_{sample.title}.txt.gz" for sample in series.samples]
        write_htseq_archive(self._place("RAW.tar"), self.universe.symbols, self._counts(), members)

    def write_count_table(self) -> None:
        """Write one table of counts (Ensembl ids with versions, columns named by title), and a header-only matrix."""
        names = [f"{identifier}.{1 + row % 9}" for row, identifier in enumerate(self.universe.ensembl())]
        titles = [sample.title for sample in self._sequencing_series().samples]
        write_table_file(self._place("counts.tsv.gz"), names, titles, self._counts(), corner="gene_id")

    def write_normalised(self) -> None:
        """Write normalised counts on the linear scale (symbols, columns named by title), and a header-only matrix."""
        titles = [sample.title for sample in self._sequencing_series().samples]
        values = normalised(self._counts())
        write_table_file(self._place("normalized_counts.txt.gz"), self.universe.symbols, titles, values, corner="Gene")

    def write_array(self, platform: Platform) -> None:
        """Write a series matrix of log2 array values; the platform's annotation stands already."""
        series = experiment_series(self.plan, platform.accession, sequencing=False)
        log2 = experiment_log2(self.plan, self.universe, self.seed)
        values = probe_values(self.universe, log2, platform, self.seed)
        write_series_matrix(mirror_path(self.mirror, matrix_url(series.accession)), series, platform.probes, values)

    def _sequencing_series(self) -> Series:
        series = experiment_series(self.plan, self.plan.sequencing_platform, sequencing=True)
        write_series_matrix(mirror_path(self.mirror, matrix_url(series.accession)), series)
        return series

    def _counts(self) -> IntArray:
        return simulate_counts(experiment_log2(self.plan, self.universe, self.seed), self.seed)

    def _place(self, name: str) -> Path:
        accession = self.plan.accession
        return mirror_path(self.mirror, series_url(accession, "suppl", f"{accession}_{name}"))
