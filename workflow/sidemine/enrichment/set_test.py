"""What a set test declares of itself: its names, its role, its papers, its words on the page, and the function.

A file that holds a test makes one `SetTest`; `registry.py` lists them. Tables, families of false discovery rates, page
and references take everything from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np

from sidemine.enrichment.set_membership import SetMembership
from sidemine.enrichment.set_test_table import SET_TESTS
from sidemine.paper import Paper
from sidemine.study.specifications import GeneSettings

if TYPE_CHECKING:
    import pandas as pd

    from sidemine.differential.contrast_fit import ContrastFit

SetTestRole = Literal["verdict", "descriptive"]


@dataclass(frozen=True)
class Statistic:
    """One p-value that a test gives per set: one value of the column `test`.

    Attributes
    ----------
    name
        As in the column `test`.
    label
        Heading of its columns on the page.
    role
        verdict: its p-value may enter a verdict. descriptive: it never does.
    smallest_p
        Where its p-values stop: one of this size is at most this. 0: they do not.
    competitive
        Whether it asks about the set over the other genes.
    """

    name: str
    label: str
    role: SetTestRole = "descriptive"
    smallest_p: float = 0.0
    competitive: bool = False


SELF_CONTAINED = Statistic("fry", "FRY", "verdict")
COMPETITIVE = Statistic("camera", "CAMERA", "verdict", competitive=True)
"""The tests that verdicts rest on: did the set change at all, and more than other measured genes?"""


@dataclass(frozen=True)
class SampleSettings:
    """Settings of the tests whose null is that of the samples: number of random rotations, and the study's seed."""

    rotations: int
    seed: int


Settings = TypeVar("Settings", SampleSettings, GeneSettings)


@dataclass(frozen=True)
class SetTest(Generic[Settings]):
    """One set test.

    Attributes
    ----------
    statistics
        What it gives per set, in the order of the page.
    words
        What it asks, as a sentence of the page's methods; settings of the study stand in braces ({rotations:,}).
    papers
        What it comes from.
    run
        Gives, from a fitted contrast, sets × genes of that fit and settings, a table with a row per set and statistic:
        gene_set, test (name of the statistic), direction (up, down or none; target minus reference), statistic and
        p_value; where they are its own, also n_measured, effect, effect_scale, n_permutations. Other columns stay behind.
    """

    statistics: tuple[Statistic, ...]
    words: str
    papers: tuple[Paper, ...]
    run: Callable[[ContrastFit, SetMembership, Settings], pd.DataFrame]

    def rows(
        self, fit: ContrastFit, membership: SetMembership, settings: Settings, shared: pd.DataFrame
    ) -> pd.DataFrame:
        """Run the test and complete its rows.

        Parameters
        ----------
        fit
            A fitted contrast.
        membership
            Sets × genes of that fit.
        settings
            The study's settings.
        shared
            What all tests of these sets have in common: one row per set (index), columns of `SET_TESTS`.

        Returns
        -------
        pandas.DataFrame
            Rows of `SET_TESTS`.
        """
        result = self.run(fit, membership, settings)
        # What the test gives itself stands in place of what is shared.
        rows = shared.loc[result["gene_set"]].reset_index(drop=True)
        given = [column for column in result.columns if column in SET_TESTS.names]
        rows[given] = result[given].reset_index(drop=True)
        rows["role"] = rows["test"].map({statistic.name: statistic.role for statistic in self.statistics})
        rows["seed"] = np.where(rows["n_permutations"] > 0, settings.seed, 0)
        return rows[SET_TESTS.names]
