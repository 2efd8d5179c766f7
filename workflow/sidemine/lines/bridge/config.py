"""Closed schema of the bridges between perturbation and disease, and of direct contrasts between subgroups of patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from sidemine.lines.interaction.config import Interaction
from sidemine.study.closed_model import ClosedModel
from sidemine.study.identifiers import Identifier, SetName

Relation = Literal["mimics", "opposes", "either"]


class PositiveControl(ClosedModel):
    """What the perturbation must do in a library before the library may speak: otherwise it is uninformative."""

    perturbation: str = Field(min_length=1, description="Row of the file: the perturbation itself.")
    set: SetName = Field(description="Set that it is known to move.")
    expected: Literal["up", "down"] = Field(
        description="Direction. Among all signatures, for their strength, it must be within the outermost 5 %."
    )


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
        description="Perturbations of its own class: they are no comparators. Name them all.",
    )
    positive_control: PositiveControl | None = Field(
        default=None,
        description="Without one that passes, the library is uninformative, and its signatures do not count.",
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
    """One bridge: the profile of a drug, or of any other perturbation, against a disease profile."""

    id: Identifier = Field(description="Id of the bridge.")
    question: str = Field(min_length=10, description="The question, as a reader would ask it.")
    drug: list[Identifier] = Field(
        min_length=1,
        description="Contrasts of role inhibitor, stimulus or negative_control that give the profile of the perturbation: a "
        "drug, a cytokine, a knock-out, an infection.",
    )
    perturbation: str = Field(default="", description="What the perturbation is, in words: the page calls it so.")
    expected: Relation = Field(default="either", description="Relation that is expected, before any result is seen.")
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
    target_pathways: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Perturbations that share a target pathway, by its name: contrasts, or rows of the signatures. They are one "
        "unit among the comparators, and no comparators where the perturbation itself is among them.",
    )
    derive: DerivedSetRule | None = Field(
        default=None, description="A signed set derived from the perturbation's experiments."
    )

    @model_validator(mode="after")
    def _no_name_twice(self) -> Bridge:
        for key in ("drug", "disease", "sets", "comparators"):
            names = getattr(self, key)
            if len(set(names)) < len(names):
                raise ValueError(f"{key} names one thing twice")
        if overlap := sorted({*self.drug, *self.disease} & set(self.comparators)):
            raise ValueError(f"{', '.join(overlap)} cannot be its own comparator")
        grouped = [name for names in self.target_pathways.values() for name in names]
        if len(set(grouped)) < len(grouped):
            raise ValueError("target_pathways names one perturbation twice")
        if alike := sorted(set(self.same_pathway) & set(self.comparators)):
            raise ValueError(f"comparators names what shares the perturbation's target pathway: {', '.join(alike)}")
        return self

    @property
    def same_pathway(self) -> list[str]:
        """What shares a target pathway with the perturbation."""
        own = set(self.drug)
        return [
            name for names in self.target_pathways.values() if own & set(names) for name in names if name not in own
        ]


class Concordance(ClosedModel):
    """Bridges between perturbation and disease, and interactions between subgroups."""

    bridges: list[Bridge] = Field(
        default_factory=list, description="Profile of a perturbation against profile of a disease."
    )
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
