"""One contrast of a dataset from its samples to its set tests: fit, quality, tests and descriptions of sets."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sidemine.differential.contrast import ContrastOutcome, fit_declared_contrast
from sidemine.differential.declared_traps import group_columns
from sidemine.differential.record import compared_samples
from sidemine.enrichment.set_membership import build_membership
from sidemine.enrichment.set_tests import describe_gene_sets, run_set_tests
from sidemine.enrichment.unit_errors import genes_by_unit
from sidemine.errors import Problem, StudyError
from sidemine.prepare.log_expression import log2_expression
from sidemine.quality.contrast_quality import assess_contrast
from sidemine.quality.flags import stop_problems
from sidemine.quality.record import ContrastQuality, DatasetQuality, Treatment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from anndata import AnnData

    from sidemine.study.specifications import AnalyseDataset

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ContrastAnalysis:
    """What came of one contrast.

    Attributes
    ----------
    outcome, checks
        Its fit, and what is wrong with its samples or p-values.
    set_tests, descriptions
        As `set_test_table.SET_TESTS` describes.
    """

    outcome: ContrastOutcome
    checks: ContrastQuality
    set_tests: pd.DataFrame
    descriptions: pd.DataFrame


def analyse_contrasts(
    expression: AnnData,
    not_used: pd.DataFrame,
    quality: DatasetQuality,
    treatment: Treatment,
    sets: pd.DataFrame,
    asked: AnalyseDataset,
) -> Iterator[ContrastAnalysis]:
    """Fit, assess and test the contrasts of a dataset one by one.

    Parameters
    ----------
    expression
        The prepared dataset: samples × genes, layer log2 or counts, provenance in uns.
    not_used
        Rows of `samples.tsv` of samples that take no part.
    quality, treatment
        What is wrong with its samples, and what is therefore dropped or added to the designs.
    sets
        As `gene_set_table.GENE_SETS` describes.
    asked
        The contrasts, and how they are checked, fitted and tested.

    Yields
    ------
    ContrastAnalysis
        In the declared order. Every signed number is target minus reference.

    Raises
    ------
    StudyError
        At the end, with the findings of all contrasts: one cannot be tested and `on_untestable` is stop, or a check of it
        stops the run. After the first finding contrasts are looked at and not tested.
    """
    samples = expression.obs.astype(str)
    values = log2_expression(expression)
    counts = np.asarray(expression.layers["counts"], dtype=float) if "counts" in expression.layers else None
    problems: list[Problem] = []
    for contrast in asked.contrasts:
        log.info("contrast %s", contrast.contrast)
        try:
            outcome = fit_declared_contrast(
                expression,
                contrast,
                treatment=treatment,
                not_used=not_used,
                min_group_size=asked.min_group_size,
                on_untestable=asked.on_untestable,
            )
            checks = assess_contrast(
                compared_samples(outcome.design),
                samples,
                values,
                counts,
                outcome.table,
                None if outcome.fit is None else genes_by_unit(outcome.fit),
                quality,
                group_columns=group_columns(contrast),
                row=asked.dataset_of_contrasts,
                traps=asked.traps_of_contrasts,
            )
            problems += stop_problems(checks.flags, asked.traps_of_contrasts, f"contrast {contrast.contrast}")
            if problems:
                continue
            fit, settings = outcome.fit, asked.tests
            sizes = settings.min_set_size, settings.max_set_size
            membership = None if fit is None else build_membership(sets, fit.genes, *sizes)
            tests = run_set_tests(fit, membership, rotations=settings.rotations, seed=settings.seed)
            descriptions = describe_gene_sets(fit, membership, asked.descriptions)
        except StudyError as error:
            problems += error.problems
            continue
        except Exception as error:
            error.add_note(f"This happened in contrast {contrast.contrast}.")
            raise
        yield ContrastAnalysis(outcome, checks, tests, descriptions)
    if problems:
        raise StudyError(problems)
