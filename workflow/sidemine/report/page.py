"""Put the page together: one file that needs nothing else, and asks no network for anything."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any

from sidemine.considerations.calibration.panel import calibration_block, calibration_panel
from sidemine.drawing import words
from sidemine.drawing.charts import Spec
from sidemine.report import assets, cards, contrast_charts, ledger, methods, side_panels
from sidemine.report.collect import StudyResults, collect
from sidemine.report.covariates import cross_table
from sidemine.report.evidence_panels import evidence_panels
from sidemine.report.explorer import explorer_block, explorer_options
from sidemine.report.flags_mqc import multiqc_flags
from sidemine.report.payload import (
    always_shown,
    contrast_block,
    dataset_block,
    genes_block,
    named_sets,
    pack,
    pack_text,
    panels_block,
    sets_block,
)
from sidemine.report.references import references
from sidemine.report.sources import source_tables
from sidemine.report.thinning import LARGEST_PAGE, STEPS, Thinning, kept_genes, thinning_words
from sidemine.report.untested import untested
from sidemine.tables import write_json, write_text
from sidemine.verdict.card import verdicts_json

_LOG = logging.getLogger(__name__)


def build_report(results: Path, output: Path, *, flags: Path | None = None) -> None:
    """Write the report of one study as one self-contained HTML file, the same bytes every time.

    Parameters
    ----------
    results
        Folder of the study's results (`results/<study>`), as in the result contract.
    output
        Where to write the page.
    flags
        Where to write the flags of all checks as MultiQC custom content; None: they are not written.

    Raises
    ------
    InputError
        When a result is missing or does not keep to its contract.
    """
    found = collect(results)
    page = render(found)
    size = len(page.encode("utf-8"))
    if size > LARGEST_PAGE:
        _LOG.warning("the report has %.1f MB, more than the %.0f MB it should", size / 1e6, LARGEST_PAGE / 1e6)
    write_text(page, output)
    if flags is not None:
        write_json(multiqc_flags(found), flags)
    _LOG.info("report of %d contrasts written: %s, %.1f MB", len(found.contrasts), output, size / 1e6)


def render(results: StudyResults) -> str:
    """Return the page as HTML; as much of a large study as fits into `LARGEST_PAGE`."""
    # jinja2 is imported here, because Snakemake imports the package at every start.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(assets.own_file),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"first_sentence": words.first_sentence, "emphasised": emphasised, "typeset": words.typeset}
    template = environment.get_template("page.html.j2")
    page = ""
    for thinning in STEPS:
        page = template.render(page_values(results, thinning))
        size = len(page.encode("utf-8"))
        if size <= LARGEST_PAGE:
            break
        _LOG.info("the page of the study would have %.1f MB with at most %s", size / 1e6, thinning)
    return page


def emphasised(text: str, parts: list[str]) -> str:
    """Return `text` as HTML that is escaped first, with the first place of each of `parts` in bold."""
    from markupsafe import Markup, escape

    shown = str(escape(text))
    for part in parts:
        plain = str(escape(part))
        shown = shown.replace(plain, f"<strong>{plain}</strong>", 1)
    return Markup(shown)  # noqa: S704 - escaped above


def page_values(results: StudyResults, thinning: Thinning) -> dict[str, Any]:
    """Return everything that the template shows."""
    libraries = [assets.chart_script(), assets.table_script()]
    scripts = [assets.own_file(name) for name in assets.OWN_SCRIPTS]
    styles = [assets.table_style(), *map(assets.own_file, assets.OWN_STYLES)]
    answers = results.verdicts.verdicts
    panels = {card.hypothesis: evidence_panels(card, results.beside) for card in answers}
    figures = {panel.element: panel.chart for shown in panels.values() for panel in shown if panel.chart is not None}
    return {
        "study": results.verdicts.study,
        "simulated": results.simulated,
        "planted": results.verdicts.planted,
        "legend": cards.verdict_legend(),
        "guide": methods.reading_guide(results),
        "cards": [cards.card_values(card, panels[card.hypothesis]) for card in answers],
        "panels": panels_block(results),
        "published": [cards.published_table(entry) for entry in results.verdicts.published_tables],
        "published_rows": ledger.published_rows(results),
        "datasets": ledger.dataset_rows(results),
        "contrasts": [
            {
                **row,
                "thinned": left_out(results, row["contrast"], thinning),
                "cross_table": cross_table(results.datasets[row["dataset"]], results.contrasts[row["contrast"]]),
            }
            for row in ledger.contrast_rows(results)
        ],
        "gene_sets": ledger.gene_set_rows(results),
        "missing_sets": ledger.missing_sets(results),
        "inputs": [ledger.input_row(item) for item in results.manifest["inputs"]],
        "manifest": results.manifest,
        "packages": sorted(results.manifest["versions"]["packages"].items()),
        "methods": methods.paragraphs(results),
        "limits": methods.page_limits(results, thinning),
        "methods_text": methods.methods_text(results),
        "commands": methods.commands(results),
        "references": references(),
        "explorer": explorer_options(results),
        "untested": untested(results),
        "threats": side_panels.threats(results),
        "funnels": side_panels.funnels(results),
        "considered": side_panels.considered_rows(results),
        "calibration": calibration_panel(results.supplement.calibration),
        "context": side_panels.context_panel(results),
        "licences": assets.licences(),
        "scripts": scripts,
        "styles": styles,
        "policy": security_policy([*libraries, *scripts], styles),
        "blocks": library_blocks() | data_blocks(results, figures, thinning),
    }


def security_policy(scripts: list[str], styles: list[str]) -> str:
    """Return a policy that lets the page run its own scripts and styles, by hash, and nothing else."""
    script_hashes = " ".join(assets.source_hash(text) for text in scripts)
    style_hashes = " ".join(assets.source_hash(text) for text in styles)
    return (
        f"default-src 'none'; script-src {script_hashes}; style-src {style_hashes}; img-src data: blob:; font-src data:; "
        "connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


def left_out(results: StudyResults, contrast: str, thinning: Thinning) -> str:
    """Say which genes of a contrast are on the page, when not all are."""
    table = results.contrasts[contrast].differential
    shown = kept_genes(table, always_shown(results), thinning)
    return thinning_words(len(shown), len(table), f"contrasts/{contrast}/differential.tsv.gz")


@cache
def library_blocks() -> dict[str, str]:
    """Return the packed libraries by element id; the page's script unpacks them, and the policy knows their hashes."""
    return {"library-charts": pack_text(assets.chart_script()), "library-tables": pack_text(assets.table_script())}


def data_blocks(results: StudyResults, figures: dict[str, Spec], thinning: Thinning) -> dict[str, str]:
    """Return the packed data of the page by element id; `figures` are the cards' charts."""
    blocks = {
        "data-page": pack(
            {
                "figures": figures,
                "specs": contrast_charts.contrast_specs(),
                "panels": panels_block(results),
                "named_sets": named_sets(results),
                "contrasts": {key: item.row["dataset"] for key, item in results.contrasts.items()},
            }
        ),
        "data-genes": pack(genes_block(results)),
        "data-sets": pack(sets_block(results)),
        "data-sources": pack(source_tables(results)),
        "data-manifest": pack(results.manifest),
        "data-verdicts": pack(verdicts_json(results.verdicts)),
    }
    whole = calibration_block(results.supplement.calibration)
    blocks |= {} if whole is None else {"data-calibration": pack(whole)}
    blocks |= {
        f"data-explorer-{card.hypothesis}": pack(block)
        for card in results.verdicts.verdicts
        if (block := explorer_block(results, card, thinning)) is not None
    }
    blocks |= {f"data-dataset-{key}": pack(dataset_block(results, key, thinning)) for key in results.datasets}
    blocks |= {f"data-contrast-{key}": pack(contrast_block(results, key, thinning)) for key in results.contrasts}
    return blocks
