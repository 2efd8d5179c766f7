"""All set tests. A new test is a file that makes a `SetTest`, and its name in one of the two lists here."""

from __future__ import annotations

from sidemine.enrichment.camera import CAMERA
from sidemine.enrichment.fry import FRY
from sidemine.enrichment.over_representation import OVER_REPRESENTATION
from sidemine.enrichment.prerank import PRERANK
from sidemine.enrichment.rotation import ROTATION
from sidemine.enrichment.set_test import SampleSettings, SetTest, Statistic
from sidemine.paper import Paper
from sidemine.study.specifications import GeneSettings

SAMPLE_TESTS: tuple[SetTest[SampleSettings], ...] = (FRY, ROTATION, CAMERA)
"""Their null is that of the samples: genes of a set may move together. In the order of the page."""

GENE_TESTS: tuple[SetTest[GeneSettings], ...] = (OVER_REPRESENTATION, PRERANK)
"""They take genes as independent, as many papers do. They hold no size on co-expressed sets, so they only describe."""

_ALL: tuple[SetTest[SampleSettings] | SetTest[GeneSettings], ...] = (*SAMPLE_TESTS, *GENE_TESTS)


def statistics() -> list[Statistic]:
    """Return what all tests give, in the order of the page."""
    return [statistic for test in _ALL for statistic in test.statistics]


def papers() -> list[Paper]:
    """Return the papers of all tests, each once, in the order of the tests."""
    return list(dict.fromkeys(paper for test in _ALL for paper in test.papers))
