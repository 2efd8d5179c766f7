"""Methods text with the numbers of this very run, and references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.differential.record import FittedDesign
from sidemine.drawing.words import count
from sidemine.effect.measure import FEWEST_DF_TO_EXAMINE
from sidemine.enrichment.registry import GENE_TESTS, SAMPLE_TESTS
from sidemine.enrichment.set_test import SampleSettings, SetTest
from sidemine.lines.evidence import IN_FAVOUR_P
from sidemine.lines.registry import LINES
from sidemine.paper import Paper
from sidemine.prepare.metadata import USED
from sidemine.report.collect import StudyResults
from sidemine.report.references import REFERENCES, references_text
from sidemine.report.section import Section
from sidemine.sources.scales import LOG2_FOLD_CHANGE
from sidemine.study.settings import Settings
from sidemine.study.specifications import GeneSettings
from sidemine.text.phrases import listed
from sidemine.verdict.card import Card

_PROBE_RULES = {
    "highest_mean": "the probe with the highest mean over all samples speaks for it (groups are not looked at)",
    "highest_variance": "the probe with the highest variance over all samples speaks for it (groups are not looked at)",
    "mean_of_probes": "the mean of its probes is taken",
}
_PACKAGES_NAMED = ("pylimma", "numpy", "scipy", "pandas", "anndata", "gseapy", "scanpy", "snakemake")


@dataclass(frozen=True)
class Methods:
    """Paragraphs, references, and both as plain text for the copy button."""

    paragraphs: Sequence[str]
    references: Sequence[Paper]
    text: str


def methods_section(results: StudyResults) -> Section:
    """Return the methods of this run."""
    content = Methods(paragraphs(results), REFERENCES, methods_text(results))
    return Section("methods", "Methods and references", content=content, template="methods.html.j2")


def paragraphs(results: StudyResults) -> list[str]:
    """Return the methods text, ready to paste, from the actual settings, sizes, seed and versions."""
    return [
        _data(results),
        _preparation(results.settings),
        _models(results),
        _set_tests(results),
        _answers(results),
        *(words for entry in CONSIDERATIONS if (words := entry.methods(results.considered))),
        *(paragraph for line in LINES for paragraph in line.methods(results.beside.lines)),
        *_layers(results),
        _software(results),
    ]


def _layers(results: StudyResults) -> list[str]:
    """Tell by which tests the declared layers of evidence were read, and how they were put together."""
    used = {row.layer for row, _ in results.beside.lines.layers.values()}
    if not used:
        return []
    together = (
        "Lines of evidence. Layers that were not declared independent of each other are one line, for which the row that was "
        f"declared first speaks. A row is in favour at a one-sided p of at most {IN_FAVOUR_P:g} in the declared direction. Of how "
        "many lines it is shown that they hold follows from partial conjunctions with Bonferroni's bound; p-values of lines are "
        "never combined."
    )
    return [together, *(line.line_methods for line in LINES if line.layer in used)]


def _data(results: StudyResults) -> str:
    accessions = sorted({dataset.row.accession for dataset in results.datasets.values()})
    tested = [item for item in results.contrasts.values() if item.design.testable]
    used = sum(dataset.quality.samples_per_fate.get(USED, 0) for dataset in results.datasets.values())
    simulated = " All or some of these files were simulated." if results.simulated else ""
    return (
        f"Data. {count(len(results.datasets), 'dataset')} ({listed(accessions)}) with {count(used, 'sample')} in use "
        f"gave {count(len(results.contrasts), 'contrast')}, of which {len(tested)} could be tested.{simulated} Groups were "
        "chosen by the selectors given under each contrast, recorded in the study's configuration "
        f"(digest {results.manifest.config_digest[:12]}) before any result was computed."
    )


def _preparation(settings: Settings) -> str:
    several = "are dropped" if settings.multi_gene_probes == "drop" else "are given to the first gene"
    return (
        "Preparation. The declared scale of each data set was checked against its values. Counts stay counts, z-scores and "
        "fractions are taken as they are, and all other values become log2: logarithms of another base exactly, normalised "
        "counts, CPM, TPM and FPKM as log2(x + 1), linear values by a generalised logarithm with an offset from the data "
        f"where some are not positive; the data table tells what was done and how many values the offset moved. Probes of several genes {several}; where several probes "
        f"stand for one gene, {_PROBE_RULES[settings.probe_rule]}; counts of one gene are added. Groups of fewer than "
        f"{settings.min_group_size} independent units were not tested."
    )


def _models(results: StudyResults) -> str:
    sizes = [len(item.differential) for item in results.contrasts.values() if len(item.differential)]
    genes = (
        f"{min(sizes):,} to {max(sizes):,} genes per contrast"
        if len(set(sizes)) > 1
        else count(sizes[0], "gene")
        if sizes
        else "no gene"
    )
    blocking = Counter(item.design.blocking for item in results.contrasts.values())
    entered = (("as fixed effects", blocking["fixed"]), ("by duplicate correlation", blocking["correlation"]))
    ways = [f"{how} in {count(number, 'contrast')}" for how, number in entered if number]
    blocks = f" Pairs or blocks entered {listed(ways)}." if ways else " No contrast has pairs or blocks."
    designs = [item.design for item in results.contrasts.values()]
    engines = Counter(design.fit.engine for design in designs if isinstance(design, FittedDesign))
    named = "; ".join(f"{engine} in {count(number, 'contrast')}" for engine, number in sorted(engines.items()))
    return (
        "Differential expression. Moderated linear models (limma) on log2 values, with voom weights for counts"
        f"{f' ({named})' if named else ''}, over {genes}{_no_fold_changes(results)}; intervals are 95 %; q-values are Benjamini–Hochberg over the genes of one contrast.{blocks}"
    )


def _no_fold_changes(results: StudyResults) -> str:
    """Tell how many contrasts are of values without fold changes."""
    number = sum(item.unit != LOG2_FOLD_CHANGE for item in results.contrasts.values())
    return f"; {count(number, 'contrast')} of z-scores or fractions, in that unit, not in log2" if number else ""


def _set_tests(results: StudyResults) -> str:
    settings = results.settings
    n_sets = int(results.gene_sets["gene_set"].nunique())
    return (
        f"Gene sets. {count(n_sets, 'set')} were read; sets of fewer than {settings.min_set_size} measured genes were "
        f"not tested, nor comparator sets of more than {settings.max_set_size:,}. "
        f"{_words_of(SAMPLE_TESTS, settings)} {_words_of(GENE_TESTS, settings)} The last ones ignore that "
        "the genes of a set move together, so they describe and never carry a verdict. q-values of sets are "
        "Benjamini–Hochberg over one family of sets and the contrasts of one role; the size of that family is shown."
    )


def _words_of(tests: Iterable[SetTest[SampleSettings] | SetTest[GeneSettings]], settings: Settings) -> str:
    return " ".join(test.words.format_map(settings.model_dump()) for test in tests)


def _family(cards: Sequence[Card]) -> str:
    """Tell over what Holm's adjustment runs, and which controls stand outside of it."""
    controls = [card for card in cards if card.is_control]
    did = Counter(str(card.word) for card in controls)
    told = ", ".join(f"{number} {word}" for word, number in did.items())
    outside = f" {count(len(controls), 'control')} stood outside of it, at the level of {'its' if len(controls) == 1 else 'their'} own ({told})."
    return (
        f"Primary p-values are Holm-adjusted over the {count(len(cards) - len(controls), 'question')} of this study, answered or "
        f"not; the adjustment knows of no other study of the same data.{outside if controls else ''}"
    )


def _robust_scores(cards: Sequence[Card]) -> str:
    """Tell of which hypotheses the score is robust; '' where of none."""
    named = [card.hypothesis for card in cards if card.declared.score == "huber"]
    return (
        f"In {listed(named)} the set score was regressed by Huber's method (k = 1.345, scale by the median absolute "
        "residual), as declared; the other figures of that effect rest on its pseudo-values. "
        if named
        else ""
    )


def _answers(results: StudyResults) -> str:
    return (
        f"Answers. Verdicts follow the closed rule table, version {results.verdicts.rules_version}, from one primary "
        "set, test, direction and margin per hypothesis, all declared beforehand. Effects of cohorts are Hedges g of a "
        "per-sample set score (mean signed z over the genes that all pooled cohorts measured; SD: between "
        "people of one group, without covariates and pairs; standard errors HC2 with Bell–McCaffrey degrees of freedom (CR2 "
        "by block where blocks enter as a correlation); the one-sided limits that exclude an effect without Hedges’ J); effects of experiments are the mean signed log2 fold change of the "
        f"set minus that of the other measured genes. {_robust_scores(results.verdicts.verdicts)}Contrasts of one declared source, or of one accession, "
        "count as one. The two are never pooled with each other. Independent datasets are pooled by the common effect (weights of "
        "the design for cohorts; inverse variance for experiments, widened because these weights are estimated; t limits) below "
        "five datasets; from five on by random effects (REML, Hartung–Knapp, standard error never below the plain one), and "
        "the common effect must show it too; τ², I² and prediction intervals need at least three. Contrasts that share a source, "
        "samples or units are not pooled: the one declared first enters. "
        f"Where two independent cohorts have {FEWEST_DF_TO_EXAMINE} residual degrees of freedom or more, smaller ones are shown and not pooled; the answer is at most "
        "suggestive where one of them, or all together, is significantly opposite. "
        f"{_family(results.verdicts.verdicts)}"
    )


def _software(results: StudyResults) -> str:
    versions = results.manifest.versions
    packages = versions.packages
    named = [f"{name} {packages[name]}" for name in _PACKAGES_NAMED if name in packages]
    return (
        f"Software. sidemine {versions.sidemine}, Python {versions.python}"
        f"{', ' if named else ''}{', '.join(named)}. Seed {results.manifest.seed}. Digests: code "
        f"{results.manifest.code_digest[:12]}, lock {results.manifest.lock_digest[:12]}."
    )


def methods_text(results: StudyResults) -> str:
    """Return the methods as plain text with references, for the copy button."""
    return "\n\n".join([*paragraphs(results), references_text()]) + "\n"
