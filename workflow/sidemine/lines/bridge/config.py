"""Closed schema of the bridges between drug and disease, and of direct contrasts between subgroups of patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from sidemine.lines.interaction.config import Interaction
from sidemine.study.closed_model import ClosedModel
from sidemine.study.identifiers import Identifier, SetName


class ComparatorSignatures(ClosedModel):
    """A file of consensus signatures of other perturbations, one row each (for example LINCS L1000)."""

    file: str = Field(
        min_length=1,
        description="URL or path. TSV, perturbations × genes: the first column names the perturbation, the header the "
        "genes, values are z-scores (positive: higher under the perturbation).",
    )
    identifiers: Literal["symbol", "entrez"] = Field(description="What the header holds.")
    exclude: list[str] = Field(
        default_factory=list,
        description="Perturbations of the drug's own class: they are no comparators. Name them all.",
    )
    licence: str = Field(min_length=1, description="Terms under which the file may be used.")
    version: str = Field(min_length=1, description="Release or date.")


class DerivedSetRule(ClosedModel):
    """How a signed set is derived from experiments A, confirmed in B, and frozen before the disease is looked at."""

    derived_from: list[Identifier] = Field(
        alias="from", min_length=1, description="Contrasts A: the genes and weights."
    )
    confirm: list[Identifier] = Field(
        min_length=1, description="Contrasts B, of other datasets: a gene stays when it moves the same way there."
    )
    fdr: float = Field(default=0.05, gt=0, lt=1, description="False discovery rate of a gene in A.")
    most_genes: int = Field(default=200, ge=10, le=2000, description="At most so many genes, the clearest in A.")
    confirm_p: float = Field(default=0.05, gt=0, lt=1, description="Largest two-sided p of a gene in B.")


class Bridge(ClosedModel):
    """One bridge: a drug profile against a disease profile."""

    id: Identifier = Field(description="Id of the bridge.")
    question: str = Field(min_length=10, description="The question, as a reader would ask it.")
    drug: list[Identifier] = Field(
        min_length=1, description="Contrasts of role inhibitor (or negative_control) that give the drug's profile."
    )
    disease: list[Identifier] = Field(min_length=1, description="Contrasts of role disease, one per dataset.")
    sets: list[SetName] = Field(
        min_length=1, description="Sets of family target. The first one carries the call when `scope` is target."
    )
    scope: Literal["target", "all"] = Field(
        default="target", description="Which genes carry the bridge's call: those of the first set, or all."
    )
    comparators: list[Identifier] = Field(
        default_factory=list,
        description="Contrasts of other perturbations: other cytokines, other drugs. A call needs at least 10 "
        "comparators, signatures included.",
    )
    comparator_signatures: ComparatorSignatures | None = Field(
        default=None, description="Further comparators from a file of signatures."
    )
    margin: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Correlation below which drug and disease count as unrelated. 0.2: less than 4 % of the variance "
        "of one profile goes with the other.",
    )
    derive: DerivedSetRule | None = Field(default=None, description="A signed set derived from the drug's experiments.")

    @model_validator(mode="after")
    def _no_name_twice(self) -> Bridge:
        for key in ("drug", "disease", "sets", "comparators"):
            names = getattr(self, key)
            if len(set(names)) < len(names):
                raise ValueError(f"{key} names one thing twice")
        if overlap := sorted({*self.drug, *self.disease} & set(self.comparators)):
            raise ValueError(f"{', '.join(overlap)} cannot be its own comparator")
        return self


class Concordance(ClosedModel):
    """Bridges between drug and disease, and interactions between subgroups."""

    bridges: list[Bridge] = Field(default_factory=list, description="Drug profile against disease profile.")
    interactions: list[Interaction] = Field(default_factory=list, description="Subgroup against subgroup.")


def names_of_contrasts(declared: Concordance, further: Sequence[str] = ()) -> list[str]:
    """Return every contrast that bridges and interactions name, then the further ones; each once, in this order.

    Nothing is returned where the study declares neither.
    """
    names: list[str] = []
    for bridge in declared.bridges:
        names += [*bridge.drug, *bridge.disease, *bridge.comparators]
        if bridge.derive:
            names += [*bridge.derive.derived_from, *bridge.derive.confirm]
    for interaction in declared.interactions:
        names += interaction.contrasts
    return list(dict.fromkeys([*names, *further])) if names else []
