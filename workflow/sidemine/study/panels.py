"""Gene panels that a study declares beforehand, for the heat map of every comparison. They carry no verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from sidemine.errors import Problem
from sidemine.study.closed_model import ClosedModel
from sidemine.study.hints import dangling

PanelId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.@/-]{0,39}$")]
LONGEST_PANEL = 60
"""Most genes of a panel: more rows cannot be read in a heat map."""


class GenePanel(ClosedModel):
    """A panel of genes that the report draws sample by sample in every comparison."""

    id: PanelId = Field(description="Id of the panel.")
    title: str = Field(min_length=3, description="What its genes are, in words, for the report.")
    set: str = Field(default="", description="A set of `gene_sets.tsv` whose genes are the panel; or give `genes`.")
    genes: list[Symbol] = Field(
        default_factory=list,
        max_length=LONGEST_PANEL,
        description=f"Approved symbols, at most {LONGEST_PANEL}; or give `set` (its first {LONGEST_PANEL} genes are drawn).",
    )

    @model_validator(mode="after")
    def _set_or_genes(self) -> GenePanel:
        if bool(self.set) == bool(self.genes):
            raise ValueError("a panel has either `set` or `genes`")
        return self


def check_panels(panels: Sequence[GenePanel], sets: Collection[str], where: str) -> list[Problem]:
    """Return panels that cannot be drawn: an id or a gene given twice, a set that the study does not have.

    Parameters
    ----------
    panels
        As declared.
    sets
        Ids of the sheet of gene sets; `*` brings every set of a library, so that names cannot be checked.
    where
        The config file.
    """
    problems = [
        Problem(
            f"panel id {name!r} is used twice", f"{where}, key panels", "each panel has an id of its own", "Rename one."
        )
        for name, number in Counter(panel.id for panel in panels).items()
        if number > 1
    ]
    for panel in panels:
        place = f"{where}, panel {panel.id}"
        if panel.set and "*" not in sets and panel.set not in sets:
            problems.append(dangling("gene set", panel.set, sets, f"{place}, key set"))
        twice = sorted(gene for gene, number in Counter(panel.genes).items() if number > 1)
        if twice:
            problems.append(
                Problem(
                    f"gene {', '.join(twice)} is listed twice", f"{place}, key genes", "each gene once", "Delete one."
                )
            )
    return problems
