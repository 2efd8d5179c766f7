"""One contrast as the variants need it: its samples and values, fitted again with one decision changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sidemine.considerations.robustness.variants import Change
from sidemine.differential.contrast import values_of_rows
from sidemine.differential.contrast_fit import ContrastFit
from sidemine.differential.counts import MIN_COUNT
from sidemine.differential.design import Design
from sidemine.differential.fit import MIN_MEAN_LOG2_NORMALISED_COUNT, fit_contrast, moderate_robustly
from sidemine.differential.groups import Groups, design_contrast
from sidemine.errors import Untestable
from sidemine.quality.sex_check import recorded_sex
from sidemine.sources.scales import Layer
from sidemine.study.covariates import parse_covariate
from sidemine.study.projections import ContrastToFit
from sidemine.text.columns import read_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRICTER_COUNT, LOOSER_COUNT = 20.0, 5.0
STRICTER_MEAN, LOOSER_MEAN = 2.0, 0.5
LOWEST_SHARE = 0.25
"""Of the genes of an array, by mean expression, that the stricter filter drops."""
NOT_REUSED = "no sample is known to be re-used"
NO_AGE = "no age is recorded"
_ADDED = {"sex": "robustness_sex", "age": "robustness_age"}


class NotApplicable(Exception):
    """A variant does not change this contrast; the text says why."""


@dataclass(frozen=True)
class Refit:
    """A contrast fitted under a change, and the samples × genes that were fitted."""

    fit: ContrastFit
    design: Design


@dataclass
class ContrastData:
    """The data of one contrast, as the reference run fitted them.

    Attributes
    ----------
    contrast
        Its row, with the covariates that the study's traps added.
    groups
        Samples and groups, without the samples that the study's traps dropped.
    values, genes
        Samples × genes of the dataset (log2 or counts), rows as `groups.samples`, and the names of the genes.
    layer, filter_low, min_group_size
        As the reference run used them.
    other_probes
        By probe rule: the same samples with other probes speaking (genes, samples × genes). Empty where values are
        not by probe.
    sex_column, age_column
        Metadata columns of recorded sex and age; '' where none is known.
    reused, sex_mismatched
        Samples re-used from another series, and those whose recorded sex contradicts their genes.
    shared_ages
        Samples within the ages that both groups share; None where no age is recorded.
    markers, contaminated
        Markers of the declared panel and the cell types that cannot be trusted; None where no panel is declared.
    without_markers
        Why there are no markers, in words.
    """

    contrast: ContrastToFit
    groups: Groups
    values: NDArray[np.float64]
    genes: list[str]
    layer: Layer = "log2"
    filter_low: bool = False
    min_group_size: int = 3
    other_probes: Mapping[str, tuple[list[str], NDArray[np.float64]]] = field(default_factory=dict)
    sex_column: str = ""
    age_column: str = ""
    reused: frozenset[str] = frozenset()
    sex_mismatched: frozenset[str] = frozenset()
    shared_ages: frozenset[str] | None = None
    markers: Mapping[str, list[str]] | None = None
    contaminated: Mapping[str, str] = field(default_factory=dict)
    without_markers: str = ""
    _designs: dict[tuple[object, ...], Design] = field(default_factory=dict, repr=False)
    _fits: dict[tuple[object, ...], Refit] = field(default_factory=dict, repr=False)

    @property
    def models_age(self) -> bool:
        """Whether the recorded age is a covariate of the contrast."""
        return bool(self.age_column) and self.age_column in {parse_covariate(text).name for text in self.covariates}

    @property
    def covariates(self) -> list[str]:
        """Covariates of the reference run."""
        return self.contrast.covariate_names

    def reference(self) -> Refit:
        """Return the contrast as the reference run fitted it."""
        return self.refit(Change())

    def applicable(self, change: Change) -> tuple[Change, list[str]]:
        """Return what of a change concerns this contrast, and why the rest does not."""
        kept, reasons = Change(), []
        for part in change.parts():
            try:
                self._refuse_inapplicable(part)
            except NotApplicable as error:
                reasons.append(str(error))
            else:
                kept = kept.joined(part)
        return kept, reasons

    def refit(self, change: Change, only: Collection[str] | None = None) -> Refit:
        """Fit the contrast again under a change.

        Parameters
        ----------
        change
            What is done otherwise.
        only
            Genes whose scores are wanted and nothing else: much quicker, see `fit.fit_contrast`. None: all genes.

        Raises
        ------
        NotApplicable
            When the change does not concern this contrast.
        Untestable
            When the contrast cannot be fitted under it.
        """
        self._refuse_inapplicable(change)
        key = (*self._key(change), None if only is None else frozenset(only))
        if key in self._fits:
            return self._fits[key]
        if change.robust:
            plain = self.refit(replace(change, robust=False), only)
            self._fits[key] = Refit(moderate_robustly(plain.fit), plain.design)
            return self._fits[key]
        design = self._design(change)
        genes, values = self.other_probes[change.probe_rule] if change.probe_rule else (self.genes, self.values)
        rows = self._rows(change, design, genes, values, only)
        chosen = values if rows is None else values[:, rows]
        fit = fit_contrast(
            values_of_rows(chosen, self.groups.samples.index, design, self.layer),
            genes if rows is None else [genes[row] for row in rows],
            design,
            layer=self.layer,
            robust=self.contrast.robust,
            array_weights=self.contrast.array_weights or change.array_weights,
            filter_low_expression=self.filter_low,
            min_count={"declared": MIN_COUNT, "stricter": STRICTER_COUNT, "looser": LOOSER_COUNT}[change.filter],
            min_mean={
                "declared": MIN_MEAN_LOG2_NORMALISED_COUNT,
                "stricter": STRICTER_MEAN,
                "looser": LOOSER_MEAN,
            }[change.filter],
            only=only,
        )
        self._fits[key] = Refit(fit, design)
        return self._fits[key]

    def values_of(self, genes: Sequence[str], design: Design) -> NDArray[np.float64]:
        """Return genes × rows of a design, as deposited under the reference run's probe rule."""
        position = {gene: column for column, gene in enumerate(self.genes)}
        chosen = self.values[:, [position[gene] for gene in genes]]
        return values_of_rows(chosen, self.groups.samples.index, design, self.layer)

    def _key(self, change: Change) -> tuple[object, ...]:
        design = (change.without, change.added, change.samples)
        return (*design, change.filter, change.probe_rule, change.robust, change.array_weights)

    def _rows(
        self,
        change: Change,
        design: Design,
        genes: list[str],
        values: NDArray[np.float64],
        only: Collection[str] | None,
    ) -> NDArray[np.intp] | None:
        """Return the genes to fit, None for all. Where genes do not shape each other's scores, those of `only` do."""
        keep = np.ones(len(genes), dtype=bool)
        if change.filter == "stricter" and self._is_array():
            used = {name for members in design.row_members for name in members}
            means = values[self.groups.samples.index.isin(used)].mean(axis=0)
            finite = np.isfinite(means)
            keep = finite & (means >= np.quantile(means[finite], LOWEST_SHARE))
        weighted = self.contrast.array_weights or change.array_weights or design.blocking == "correlation"
        if only is not None and self.layer != "counts" and not weighted:
            wanted = set(only)
            keep &= np.fromiter((gene in wanted for gene in genes), dtype=bool, count=len(genes))
        return None if keep.all() else np.flatnonzero(keep)

    def _is_array(self) -> bool:
        return self.layer != "counts" and not self.filter_low

    def _refuse_inapplicable(self, change: Change) -> None:
        """Raise with the first reason why a change means nothing for this contrast."""
        if change.without and not set(change.without) & set(self.covariates):
            raise NotApplicable(f"no covariate {' or '.join(change.without)}" if self.covariates else "no covariates")
        if change.added:
            self._refuse_added(change.added)
        if change.filter != "declared" and self.layer == "z_score":
            raise NotApplicable("z-scores have no level to filter genes by")
        if change.filter == "looser" and self._is_array():
            raise NotApplicable("arrays are not filtered by expression, so nothing can be loosened")
        if change.probe_rule and change.probe_rule not in self.other_probes:
            raise NotApplicable("values are not by probe")
        if change.robust and self.contrast.robust:
            raise NotApplicable("the reference run is robust already")
        if change.array_weights and self.contrast.array_weights:
            raise NotApplicable("the reference run weighs samples already")
        if change.array_weights and self.layer == "counts":
            raise NotApplicable("sample weights beside voom's are not part of the grid: they take too long")
        self._refuse_samples(change)

    def _refuse_added(self, added: str) -> None:
        column = self.sex_column if added == "sex" else self.age_column
        if not column:
            raise NotApplicable(f"no {added} is recorded")
        if {column, *({"sex_by_genes"} if added == "sex" else ())} & {*self.covariates, self.contrast.block}:
            raise NotApplicable(f"{added} is in the design already")

    def _refuse_samples(self, change: Change) -> None:
        if change.samples == "all":
            return
        members = set(self.groups.samples.index[self.groups.target | self.groups.reference].astype(str))
        if change.samples == "no_reused_controls" and not members & self.reused:
            raise NotApplicable(NOT_REUSED)
        if change.samples == "no_sex_mismatch" and not members & self.sex_mismatched:
            raise NotApplicable("no recorded sex contradicts the genes")
        if change.samples == "age_overlap" and self.shared_ages is None:
            raise NotApplicable(NO_AGE)

    def _design(self, change: Change) -> Design:
        key = (change.without, change.added, change.samples)
        if key not in self._designs:
            groups = self._restricted(change)
            kept = [text for text in self._covariates(change) if parse_covariate(text).name not in change.without]
            if change.added:
                kept.append(_ADDED[change.added])
                groups = self._with_column(groups, change.added)
            needed = ["unit", *(parse_covariate(text).name for text in kept), self.contrast.block]
            slim = groups.samples[[name for name in groups.samples.columns if name in needed]]
            row = self.contrast.model_copy(update={"covariates": kept})
            self._designs[key] = design_contrast(row, replace(groups, samples=slim), self.min_group_size)
        return self._designs[key]

    def _covariates(self, change: Change) -> list[str]:
        """Return the covariates as the reference run read them: fewer samples must not turn a number into a factor."""
        if change == Change():
            return list(self.contrast.covariates)
        return [
            f"{kind_of_covariate.kind}({kind_of_covariate.name})"
            for kind_of_covariate in self._design(Change()).covariate_kinds
        ]

    def _restricted(self, change: Change) -> Groups:
        names = self.groups.samples.index.astype(str)
        if change.samples == "all":
            return self.groups
        if change.samples == "age_overlap":
            keep = names.isin(sorted(self.shared_ages or ()))
        else:
            gone = self.reused if change.samples == "no_reused_controls" else self.sex_mismatched
            keep = ~names.isin(sorted(gone))
        return replace(self.groups, target=self.groups.target & keep, reference=self.groups.reference & keep)

    def _with_column(self, groups: Groups, added: str) -> Groups:
        """Add recorded sex or age in one spelling."""
        texts = [str(value) for value in groups.samples[self.sex_column if added == "sex" else self.age_column]]
        if added == "sex":
            values = [recorded_sex(text) for text in texts]
        else:
            ages = read_numbers(texts)
            values = ["" if ages is None or np.isnan(ages[row]) else f"{ages[row]:.10g}" for row in range(len(texts))]
        return replace(groups, samples=groups.samples.assign(**{_ADDED[added]: values}))


def told(error: NotApplicable | Untestable) -> str:
    """Return in words why a contrast could not take a change."""
    return error.problems[0].what if isinstance(error, Untestable) else str(error)
