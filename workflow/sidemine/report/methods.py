"""Methods text with the numbers of this very run, the command that repeats it, and the reading guide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sidemine.drawing.words import count, listed
from sidemine.enrichment.registry import GENE_TESTS, SAMPLE_TESTS
from sidemine.enrichment.set_test import SetTest
from sidemine.report.collect import StudyResults
from sidemine.report.methods_checks import paragraphs_of_checks
from sidemine.report.payload import TOP_GENES, unit_words
from sidemine.report.references import references_text
from sidemine.report.thinning import COMPLETE, Thinning

_PROBE_RULES = {
    "highest_mean": "the probe with the highest mean over all samples speaks for it (groups are not looked at)",
    "highest_variance": "the probe with the highest variance over all samples speaks for it (groups are not looked at)",
    "mean_of_probes": "the mean of its probes is taken",
}
_PACKAGES_NAMED = ("pylimma", "numpy", "scipy", "pandas", "anndata", "gseapy", "decoupler", "scanpy", "snakemake")


def reading_guide(results: StudyResults) -> list[str]:
    """Return what the page may and may not be taken to say; fixed wording, the study's own names filled in."""
    study = results.study["config"]["study"]
    return [
        "The question is always: is the drug's transcriptional change similar to, opposite to, or unrelated to the "
        "difference between patients (after the event) and controls, on the genes that its target pathway regulates?",
        "This is association, never cause, and never a person's risk.",
        f"No cohort here is known to have users of {study['drug_class']}. In disease cohorts, cases are sampled after the "
        "event, often on treatment for it (anticoagulants, for example), and are often older than controls.",
        "“Interferon-stimulated genes are lower” is not “antiviral defence is off”.",
        "p > 0.05 is never “no effect”: each card says which effect the data could have excluded.",
        "Every signed number is target minus reference: positive means higher in the target group.",
        "Nothing here is medical advice; nobody should start or stop a medicine because of it.",
    ]


def paragraphs(results: StudyResults) -> list[str]:
    """Return the methods text, ready to paste, from the actual settings, sizes, seed and versions."""
    return [
        _data(results),
        _preparation(results.settings),
        _models(results),
        _set_tests(results),
        _answers(results),
        *paragraphs_of_checks(results),
        _software(results),
    ]


def _data(results: StudyResults) -> str:
    accessions = sorted({str(found.row["accession"]) for found in results.datasets.values()})
    tested = [item for item in results.contrasts.values() if item.design["testable"]]
    used = sum(int((found.quality["samples_per_fate"] or {}).get("used", 0)) for found in results.datasets.values())
    simulated = " All or some of these files were simulated." if results.simulated else ""
    return (
        f"Data. {count(len(results.datasets), 'dataset')} ({listed(accessions)}) with {count(used, 'sample')} in use "
        f"gave {count(len(results.contrasts), 'contrast')}, of which {len(tested)} could be tested.{simulated} Groups were "
        "chosen by the selectors given under each contrast, recorded in the study's configuration "
        f"(digest {results.manifest['config_digest'][:12]}) before any result was computed."
    )


def _preparation(settings: dict[str, Any]) -> str:
    several = "are dropped" if settings["multi_gene_probes"] == "drop" else "are given to the first gene"
    return (
        "Preparation. The declared scale of each data set was checked against its values. Counts stay counts, z-scores and "
        "fractions are taken as they are, and all other values become log2: logarithms of another base exactly, normalised "
        "counts, CPM, TPM and FPKM as log2(x + 1), linear values by a generalised logarithm with an offset from the data "
        f"where some are not positive; the data table tells what was done and how many values the offset moved. Probes of several genes {several}; where several probes "
        f"stand for one gene, {_PROBE_RULES[settings['probe_rule']]}; counts of one gene are added. Groups of fewer than "
        f"{settings['min_group_size']} independent units were not tested."
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
    paired = sum(1 for item in results.contrasts.values() if item.design.get("blocking") == "fixed")
    correlated = sum(1 for item in results.contrasts.values() if item.design.get("blocking") == "correlation")
    blocks = (
        f" Pairs or blocks entered as fixed effects in {count(paired, 'contrast')} and by duplicate correlation in "
        f"{count(correlated, 'contrast')}."
    )
    engines = Counter(str((item.design.get("fit") or {}).get("engine", "")) for item in results.contrasts.values())
    engines.pop("", None)
    named = "; ".join(f"{engine} in {count(number, 'contrast')}" for engine, number in sorted(engines.items()))
    return (
        "Differential expression. Moderated linear models (limma) on log2 values, with voom weights for counts"
        f"{f' ({named})' if named else ''}, over {genes}{_no_fold_changes(results)}; intervals are 95 %; q-values are Benjamini–Hochberg over the genes of one contrast.{blocks}"
    )


def _no_fold_changes(results: StudyResults) -> str:
    """Tell how many contrasts are of values without fold changes."""
    number = sum(bool(unit_words(item)) for item in results.contrasts.values())
    return f"; {count(number, 'contrast')} of z-scores or fractions, in that unit, not in log2" if number else ""


def _set_tests(results: StudyResults) -> str:
    settings = results.settings
    n_sets = int(results.gene_sets["gene_set"].nunique())
    return (
        f"Gene sets. {count(n_sets, 'set')} were read; sets of fewer than {settings['min_set_size']} measured genes were "
        f"not tested, nor comparator sets of more than {settings['max_set_size']:,}. "
        f"{_words_of(SAMPLE_TESTS, settings)} {_words_of(GENE_TESTS, settings)} The last ones ignore that "
        "the genes of a set move together, so they describe and never carry a verdict. q-values of sets are "
        "Benjamini–Hochberg over one family of sets and the contrasts of one role; the size of that family is shown."
    )


def _words_of(tests: Iterable[SetTest[Any]], settings: dict[str, Any]) -> str:
    return " ".join(test.words.format_map(settings) for test in tests)


def _answers(results: StudyResults) -> str:
    return (
        f"Answers. Verdicts follow the closed rule table, version {results.verdicts.rules_version}, from one primary "
        "set, test, direction and margin per hypothesis, all declared beforehand. Effects of cohorts are Hedges g of a "
        "per-sample set score (mean signed z over the genes that all cohorts measured; SD: the residual one of the same "
        "model, within pairs where pairs are modelled); effects of experiments are the mean signed log2 fold change of the "
        "set minus that of the other measured genes. Contrasts of one declared source, or of one accession and tissue, "
        "count as one. The two are never pooled with each other. Independent datasets are pooled by the common effect (inverse variance; t limits, "
        "for experiments widened because their weights are estimated) below five datasets and by random effects (REML, "
        "Hartung–Knapp) from five on; τ², I² and prediction intervals need at least three. Contrasts that share a source, "
        "samples or units are not pooled: the one declared first enters. Primary p-values are Holm-adjusted over the "
        f"{len(results.verdicts.verdicts)} hypotheses of the study. "
        "Specificity: percentiles of the primary set's effect, in the declared direction, among random sets of the same "
        "size, mean expression and residual inter-gene correlation (target genes and their neighbours excluded) and among "
        "the comparator sets; percentiles are no p-values. Blood composition: the same model with the mean z scores of "
        "cell markers as covariates (markers in target or member sets excluded; proxies that move in stimulated blood are "
        "dropped, and adjusted for as well where their cells differ between the groups); the bound assumes that 0.7 of a proxy's variance is cells; intervals of differences are parametric "
        "bootstrap."
    )


def _software(results: StudyResults) -> str:
    versions = results.manifest["versions"]
    packages = versions["packages"]
    named = [f"{name} {packages[name]}" for name in _PACKAGES_NAMED if name in packages]
    return (
        f"Software. sidemine {versions['sidemine']}, Python {versions['python']}"
        f"{', ' if named else ''}{', '.join(named)}. Seed {results.manifest['seed']}. Digests: code "
        f"{results.manifest['code_digest'][:12]}, lock {results.manifest['lock_digest'][:12]}."
    )


def commands(results: StudyResults) -> list[dict[str, str]]:
    """Return the commands that give these results and this page again, and what each needs."""
    study = results.study["config"]["study"]["id"]
    return [
        {
            "command": "snakemake --cores 2 --configfile CONFIG",
            "words": f"with the study's config.yaml (digest {results.manifest['config_digest'][:12]}), the inputs of its lock "
            f"(digest {results.manifest['lock_digest'][:12]}) and this code (digest {results.manifest['code_digest']}); the "
            "number of cores changes no byte",
        },
        {"command": f"sidemine report results/{study}", "words": "builds this page again from the results alone"},
    ]


def methods_text(results: StudyResults) -> str:
    """Return the methods as plain text with references, for the copy button."""
    return "\n\n".join([*paragraphs(results), references_text()]) + "\n"


def page_limits(results: StudyResults, thinning: Thinning = COMPLETE) -> str:
    """Say which genes carry per-sample values on the page."""
    return (
        f"Per-sample values are on this page for the genes of declared sets (comparators apart) and the top {TOP_GENES} "
        f"genes of each contrast, up to {thinning.values:,} values per dataset; every other gene shows its group mean ± SD. "
        f"Numbers are rounded for reading; the full tables are beside this page "
        f"(contrasts/{next(iter(results.contrasts), '…')}/differential.tsv.gz, and so on)."
    )
