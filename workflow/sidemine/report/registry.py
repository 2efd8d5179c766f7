"""The sections of the page, in the order in which they stand there and in its contents.

A new section is a file in `sections/` and a line here. Sections that hold panels and nothing else need no template.
"""

from __future__ import annotations

from collections.abc import Callable

from sidemine.report.collect import StudyResults
from sidemine.report.section import Section
from sidemine.report.sections.across import across_section
from sidemine.report.sections.answers import answers_section
from sidemine.report.sections.calibration import calibration_section
from sidemine.report.sections.cell_maps import cell_maps_section
from sidemine.report.sections.context import context_section
from sidemine.report.sections.contrasts import contrasts_section
from sidemine.report.sections.datasets import datasets_section
from sidemine.report.sections.explorer import explorer_section
from sidemine.report.sections.gene_sets import gene_sets_section
from sidemine.report.sections.guide import guide_section
from sidemine.report.sections.methods import methods_section
from sidemine.report.sections.published import published_section
from sidemine.report.sections.reproduction import provenance_section
from sidemine.report.sections.screens import screens_section
from sidemine.report.sections.threats import threats_section
from sidemine.report.sections.untested import untested_section

SECTIONS: tuple[Callable[[StudyResults], Section | None], ...] = (
    answers_section,
    guide_section,
    untested_section,
    across_section,
    contrasts_section,
    explorer_section,
    threats_section,
    screens_section,
    cell_maps_section,
    published_section,
    datasets_section,
    gene_sets_section,
    calibration_section,
    context_section,
    methods_section,
    provenance_section,
)
"""Each returns its section, or None where the study has nothing for it."""
THINNED_SECTIONS = (contrasts_section,)
"""Those that tell what a page leaves out: made again where a large study is thinned."""


def sections_of(results: StudyResults) -> list[Section]:
    """Return the sections of one study's page, in order."""
    return [section for make in SECTIONS if (section := make(results)) is not None]


def thinned_sections_of(results: StudyResults) -> list[Section]:
    """Return the sections that differ where `results.thinning` does."""
    return [make(results) for make in THINNED_SECTIONS]
