"""Methods text with the numbers of this very run, the reading guide, and the references."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sidemine.report.collect import StudyResults
from sidemine.report.payload import MOST_VALUES, TOP_GENES
from sidemine.report.words import count, listed

REFERENCES = (
    ("limma", "Ritchie ME et al. limma powers differential expression analyses. Nucleic Acids Res 2015.",
     "10.1093/nar/gkv007"),
    ("voom", "Law CW et al. voom: precision weights unlock linear model tools for RNA-seq read counts. "
     "Genome Biol 2014.", "10.1186/gb-2014-15-2-r29"),
    ("CAMERA", "Wu D, Smyth GK. Camera: a competitive gene set test accounting for inter-gene correlation. "
     "Nucleic Acids Res 2012.", "10.1093/nar/gks461"),
    ("ROAST, FRY", "Wu D et al. ROAST: rotation gene set tests for complex microarray experiments. "
     "Bioinformatics 2010.", "10.1093/bioinformatics/btq401"),
    ("GSEA", "Subramanian A et al. Gene set enrichment analysis. PNAS 2005.", "10.1073/pnas.0506580102"),
    ("false discovery rate", "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 1995; "
     "57:289–300.", ""),
    ("Aarhus study", "Haysen SR et al. Inflammopharmacology 2025.", "10.1007/s10787-025-01677-2"),
    ("NTNU study", "Ravlo E, Ianevski A et al. NAR Molecular Medicine 2025.", ""),
)  # fmt: skip

_PROBE_RULES = {
    "highest_mean": "the probe with the highest mean over all samples speaks for it (groups are not looked at)",
    "highest_variance": "the probe with the highest variance over all samples speaks for it (groups are not looked at)",
    "mean_of_probes": "the mean of its probes is taken",
}
_PACKAGES_NAMED = ("pylimma", "numpy", "scipy", "pandas", "anndata", "gseapy", "decoupler", "scanpy", "snakemake")


def references() -> list[dict[str, str]]:
    """Return the references: what for, the text, and the DOI (empty where we have not seen one)."""
    return [{"what": what, "text": text, "doi": doi} for what, text, doi in REFERENCES]


def reading_guide(results: StudyResults) -> list[str]:
    """Return what the page may and may not be taken to say; fixed wording, the study's own names filled in."""
    study = results.verdicts["study"]
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
        "Preparation. Values were brought to log2 where they were deposited on a linear scale, after a check of the "
        f"declared scale against the values; counts stay counts. Probes of several genes {several}; where several probes "
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
        f"{f' ({named})' if named else ''}, over {genes}; intervals are 95 %; q-values are Benjamini–Hochberg over the genes of one contrast.{blocks}"
    )


def _set_tests(results: StudyResults) -> str:
    settings = results.settings
    n_sets = int(results.gene_sets["gene_set"].nunique())
    return (
        f"Gene sets. {count(n_sets, 'set')} were read; sets of fewer than {settings['min_set_size']} measured genes were "
        f"not tested, nor comparator sets of more than {settings['max_set_size']:,}. FRY (directional) asks "
        f"whether the set changed at all, and so does rotation by {settings['rotations']:,} random rotations of contrast and "
        f"residuals (seed {settings['seed']}; approximate where counts are weighted by voom or blocks by a correlation); "
        "CAMERA, with the inter-gene correlation estimated from the residuals, asks whether it changed more than other "
        "measured genes. Rotation over other genes is descriptive. Over-representation (genes at FDR "
        f"{settings['over_representation_fdr']:g}; universe: the genes tested in that contrast) and pre-ranked GSEA "
        f"({settings['prerank_permutations']:,} gene permutations, seed {settings['seed']}) are descriptive: their p-values "
        "ignore that the genes of a set move together, so they never carry a verdict. q-values of sets are "
        "Benjamini–Hochberg over one family of sets and the contrasts of one role; the size of that family is shown."
    )


def _answers(results: StudyResults) -> str:
    return (
        f"Answers. Verdicts follow the closed rule table, version {results.verdicts['rules_version']}, from one primary "
        "set, test, direction and margin per hypothesis, all declared beforehand. Effects of cohorts are Hedges g of a "
        "per-sample set score (mean signed z over the genes that all cohorts measured; SD: the residual one of the same "
        "model, within pairs where pairs are modelled); effects of experiments are the mean signed log2 fold change of the "
        "set minus that of the other measured genes. Contrasts of one accession and tissue count as one source. The two are never pooled with each other."
    )


def _software(results: StudyResults) -> str:
    versions = results.manifest["versions"]
    packages = versions["packages"]
    named = [f"{name} {packages[name]}" for name in _PACKAGES_NAMED if name in packages]
    return (
        f"Software. sidemine {packages.get('sidemine', '(version not recorded)')}, Python {versions['python']}"
        f"{', ' if named else ''}{', '.join(named)}. Seed {results.manifest['seed']}. Digests: code "
        f"{results.manifest['code_digest'][:12]}, lock {results.manifest['lock_digest'][:12]}."
    )


def page_limits(results: StudyResults) -> str:
    """Say which genes carry per-sample values on the page."""
    return (
        f"Per-sample values are on this page for the genes of declared sets (comparators apart) and the top {TOP_GENES} "
        f"genes of each contrast, up to {MOST_VALUES:,} values per dataset; every other gene shows its group mean ± SD. "
        f"Numbers are rounded for reading; the full tables are beside this page "
        f"(contrasts/{next(iter(results.contrasts), '…')}/differential.tsv.gz, and so on)."
    )
