"""What a study's stand-ins hold, as `standins.yaml` in its folder says: the samples of each series, and what is planted.

Where the files lie and how they are laid out is not said here: the study's sheets say that.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from sidemine.errors import Problem, StudyError
from sidemine.study.closed_model import ClosedModel
from sidemine.study.explain import model_problems
from sidemine.study.identifiers import Identifier
from sidemine.study.plain_yaml import LOADER, find_unplain

STANDINS = "standins.yaml"
"""The file, beside `config.yaml`."""


class StandinGroup(ClosedModel):
    """Samples that share their labels.

    In the templates `{i}` is the number within the group, `{person}` that of the person or culture, `{age}` and `{sex}` are
    drawn per sample, and `{donor}` is filled from `donors`.
    """

    n: int = Field(ge=1, description="Number of samples.")
    title: str = Field(description="Template of the title.")
    source_name: str = Field(default="", description="Source name.")
    characteristics: tuple[str, ...] = Field(default=(), description="Templates of the characteristics, 'key: value'.")
    description: str = Field(default="", description="Template of the description.")
    log2: dict[str, float] = Field(
        default={}, description="Planted log2 change of the genes of a set, by name of the set."
    )
    score: dict[str, float] = Field(
        default={},
        description="The same as a change of the mean z score, in Hedges g of each part: of the sets that `contains` names, and of the rest of the set.",
    )
    cells: dict[str, float] = Field(default={}, description="Planted change of the share of a cell type, in SD.")
    first: int = Field(default=1, description="Number of the first sample in the templates.")
    first_sample: int = Field(default=0, description="Number of the first GSM; 0: follows the group before.")
    paired: bool = Field(default=False, description="Sample number i is of person number i of all paired groups.")
    donors: tuple[str, ...] = Field(default=(), description="Donor of each sample; samples of one name share effects.")
    age: tuple[int, int] | None = Field(default=None, description="Youngest and oldest.")
    n_female: int = Field(default=0, description="Women; they come first.")
    n_swapped_sex: int = Field(default=0, description="Women whose label is a man's, and as many the other way round.")
    reanalysis: bool = Field(default=False, description="The samples are re-analysed samples of another series.")


class StandinSeries(ClosedModel):
    """One accession: its samples in file order, what is known of the real one, and what had to be assumed."""

    first_sample: int = Field(description="Number of the first GSM.")
    probes: str = Field(default="affymetrix", description="Style of the probe ids: affymetrix, illumina or integer.")
    noise: float = Field(default=0.8, gt=0, description="Factor on the residual SDs: cell lines vary less than people.")
    groups: tuple[StandinGroup, ...]
    recorded: tuple[str, ...] = Field(description="Facts that were read somewhere.")
    assumed: tuple[str, ...] = Field(description="Guesses that the stand-in needs; none is evidence for a selector.")


class StandinTruth(ClosedModel):
    """The whole file."""

    planted: tuple[str, ...] = Field(min_length=1, description="What is planted, a sentence each.")
    seed: int = Field(ge=1, description="Seed of everything drawn.")
    n_genes: int = Field(default=2400, description="Genes, real and invented.")
    contains: dict[str, tuple[Identifier, ...]] = Field(
        default={}, description="Sets of a library that hold sets of the study's own files, beside invented genes."
    )
    cell_slope: dict[str, dict[str, float]] = Field(
        default={},
        description="Set → cell type → log2 change of its genes per SD of the cell's share: a mix of cells that looks like an effect.",
    )
    series: dict[str, StandinSeries] = Field(description="By accession.")


def read_truth(config: Path) -> StandinTruth:
    """Return what the stand-ins of a study hold.

    Parameters
    ----------
    config
        The study's `config.yaml`; `standins.yaml` lies beside it.

    Raises
    ------
    StudyError
        When there is no such file, or something in it is wrong; all mistakes are told at once.
    """
    path = config.parent / STANDINS
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(
            Problem(
                "the study does not say what its stand-ins hold",
                str(path),
                f"a file {STANDINS} beside config.yaml",
                "Write one: config/glucocorticoids/standins.yaml is an example.",
            )
        ) from None
    if unplain := find_unplain(text, path):
        raise StudyError(unplain)
    try:
        return StandinTruth.model_validate(yaml.load(text, Loader=LOADER))  # noqa: S506 - a safe loader
    except ValidationError as error:
        raise StudyError(model_problems(error, StandinTruth, str(path), "key")) from error
