"""What the simulated studies are about, as `scene.yaml` says: words of the drug and the disease, and gene symbols."""

from __future__ import annotations

from importlib import resources
from typing import Annotated

import yaml
from pydantic import BeforeValidator, Field

from sidemine.study.closed_model import ClosedModel
from sidemine.study.plain_yaml import LOADER


def _words(value: object) -> object:
    return value.split() if isinstance(value, str) else value


Symbols = Annotated[tuple[str, ...], BeforeValidator(_words)]


class Disease(ClosedModel):
    """How the records of simulated patients speak of their disease."""

    state: str = Field(description="Value of `disease state`.")
    patients: str = Field(description="Word for patients in titles.")
    series: str = Field(description="Word in the title of a series.")
    contrast: str = Field(description="Last part of the names of contrasts.")
    label: str = Field(description="The patients, in words.")
    events: tuple[str, str] = Field(description="Values of `event`.")
    sites: tuple[str, str] = Field(description="Values of `site`; every third patient has the second.")


class SetNames(ClosedModel):
    """Names of the gene sets of the pathway."""

    targets: str
    members: str
    footprint: str


class Scene(ClosedModel):
    """The whole file."""

    drug_class: str
    outcome: str
    disease: Disease
    members: str = Field(description="Module of the pathway's members.")
    repressed: str = Field(description="Module of the genes that the pathway represses.")
    sets: SetNames
    genes: dict[str, Symbols] = Field(description="Real symbols of every study, by module.")
    tissue_genes: dict[str, Symbols] = Field(description="Real symbols of a tissue, by module.")


def _read() -> Scene:
    text = resources.files("sidemine.simulate").joinpath("scene.yaml").read_text(encoding="utf-8")
    return Scene.model_validate(yaml.load(text, Loader=LOADER))  # noqa: S506 - a safe loader


SCENE = _read()
