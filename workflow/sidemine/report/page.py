"""Put the page together: one file that needs nothing else, and asks no network for anything."""

from __future__ import annotations

import gc
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from sidemine.considerations.calibration.panel import calibration_block
from sidemine.drawing import words
from sidemine.records import as_json
from sidemine.report import assets, contrast_charts
from sidemine.report.blocks import (
    PageBlock,
    always_shown,
    contrast_block,
    dataset_block,
    genes_block,
    genes_with_values,
    named_sets,
    panel_blocks,
    set_tables,
    sets_block,
)
from sidemine.report.collect import StudyResults, collect
from sidemine.report.flags_mqc import multiqc_flags
from sidemine.report.glossary import linked
from sidemine.report.packing import TYPICAL_BYTES, Part, is_too_large, pack_all, pack_text, pack_within
from sidemine.report.registry import sections_of, thinned_sections_of
from sidemine.report.section import Section
from sidemine.report.sections.explorer import explorer_block
from sidemine.report.sources import source_tables
from sidemine.report.thinning import STEPS, Thinning, kept_genes, page_budget
from sidemine.tables import write_json, write_text
from sidemine.verdict.card import verdicts_json

if TYPE_CHECKING:
    from jinja2 import Template

_LOG = logging.getLogger(__name__)
_FIRST_BLOCKS = ("data-page", "library-charts")
"""What the first charts need: it stands before the scripts, so that they are drawn while the browser reads the others."""
_QUOTED_FROM_RIGHT = re.compile(f"“([^”]*[{words.RIGHT_TO_LEFT}][^”]*)”")
LONGEST_TEXT = 2000
"""Characters of one text on the page; longer ones say how many more there are."""


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
    with _no_search_for_cycles():
        study = collect(results)
        page = render(study)
    size, budget = size_of(page), page_budget(len(study.contrasts))
    if size > budget:
        _LOG.warning("the report has %.1f MB, more than the %.1f MB it should", size / 1e6, budget / 1e6)
    write_text(page, output)
    if flags is not None:
        write_json(multiqc_flags(study), flags)
    _LOG.info("report of %d contrasts written: %s, %.1f MB", len(study.contrasts), output, size / 1e6)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Let Python not look for garbage: among the millions of numbers of a page there is none, and looking took a tenth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def render(results: StudyResults) -> str:
    """Return the page as HTML; as much of a large study as fits into its budget.

    What no step of thinning changes is made once. Which step fits is guessed; the guess and the step before it are tried, and
    further ones only where it was wrong.
    """
    template = page_template("page.html.j2")
    sections = sections_of(results)
    html = {section.id: _section_html(template, section) for section in sections}
    blocks = library_blocks() | pack_all(fixed_blocks(results, sections))
    frame, budget = size_of(_frame(template, results, sections, html, blocks)), page_budget(len(results.contrasts))

    @cache
    def parts_at(thinning: Thinning) -> dict[str, Part]:
        return thinned_blocks(results.thinned(thinning))

    def page_at(thinning: Thinning, bytes_each: Mapping[str, float]) -> tuple[str | None, Mapping[str, float]]:
        """Return the page at one step, None where it is too large, and the bytes of its numbers."""
        room = math.inf if thinning == STEPS[-1] else budget - frame
        if is_too_large(parts_at(thinning), bytes_each, room):
            return None, bytes_each
        packed = pack_within(parts_at(thinning), room)
        if packed.blocks is not None:
            thinned = results.thinned(thinning)
            told = [] if thinning == results.thinning else thinned_sections_of(thinned)
            again = {section.id: _section_html(template, section) for section in told}
            page = _frame(template, results, sections, html | again, blocks | packed.blocks)
            if size_of(page) <= budget or thinning == STEPS[-1]:
                return page, packed.bytes_each
        _LOG.info("the page of the study would be too large with at most %s", thinning)
        return None, packed.bytes_each

    fits = (not is_too_large(parts_at(thinning), TYPICAL_BYTES, budget - frame) for thinning in STEPS)
    guess = next((place for place, fit in enumerate(fits) if fit), len(STEPS) - 1)
    first = max(0, guess - 1)
    place = first
    page, bytes_each = page_at(STEPS[place], {})
    while page is None:  # the last step always makes a page
        # Of fewer genes each takes no fewer bytes (they are less alike, and need their ranks): what would be too large at the bytes
        # of a fuller page is not tried. The bytes of a thinner one tell nothing of a fuller one.
        place += 1
        page, bytes_each = page_at(STEPS[place], bytes_each)
    for thinning in reversed(STEPS[:first]) if place == first else ():
        fuller, _ = page_at(thinning, {})
        if fuller is None:
            break
        page = fuller
    return page


def size_of(text: str) -> int:
    """Return the bytes of a text."""
    return len(text.encode("utf-8"))


def page_template(name: str) -> Template:
    """Return a template whose values are all escaped and bounded (`shown`)."""
    # jinja2 is imported here, because Snakemake imports the package at every start.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    from sidemine.report import badge, glossary

    environment = Environment(
        loader=FunctionLoader(assets.own_file),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "badge": badge.badge_words,
        "beside_word": badge.beside_word,
        "bounded": words.bounded,
        "definitions": glossary.definitions,
        "emphasised": emphasised,
        "first_sentence": words.first_sentence,
        "linked": glossary.linked,
        "number": words.number,
        "p_value": words.p_value,
        "typeset": words.typeset,
        "unbroken": words.unbroken,
        "unit_words": words.unit_words,
    }
    return environment.get_template(name)


def shown(value: object) -> object:
    """Return what a template shows of a value: of text, no invisible character and no more than `LONGEST_TEXT`.

    Every value of every template goes through here: metadata, titles and notes come from study folders and public records. What is
    HTML already has been escaped, and stays whole.
    """
    return words.bounded(value, LONGEST_TEXT) if isinstance(value, str) and not hasattr(value, "__html__") else value


def emphasised(text: str, parts: Sequence[str]) -> str:
    """Return `text` as HTML that is escaped first, with the first place of each of `parts` in bold.

    Names in quotes that are read from right to left stand apart from their neighbours.
    """
    from markupsafe import Markup, escape

    html = _QUOTED_FROM_RIGHT.sub(r"“<bdi>\1</bdi>”", str(escape(words.bounded(text, LONGEST_TEXT))))
    for part in parts:
        plain = str(escape(part))
        html = html.replace(plain, f"<strong>{plain}</strong>", 1)
    return Markup(html)  # noqa: S704 - escaped above


def _section_html(template: Template, section: Section) -> str:
    environment = template.environment
    show = environment.get_template("macros.html.j2").module
    html = environment.get_template(section.template).render(section=section, here=section.content, show=show)
    return linked(f"{html}\n")


def _frame(
    template: Template,
    results: StudyResults,
    sections: Sequence[Section],
    html: Mapping[str, str],
    blocks: Mapping[str, str],
) -> str:
    libraries = [assets.chart_script(), assets.table_script()]
    first, *scripts = map(assets.own_file, (assets.FIRST_SCRIPT, *assets.OWN_SCRIPTS))
    styles = [assets.table_style(), *map(assets.own_file, assets.OWN_STYLES)]
    return template.render(
        study=results.study.config.study,
        simulated=results.simulated,
        planted=results.verdicts.planted,
        cards=results.verdicts.verdicts,
        sections=sections,
        body=Markup("").join(html[section.id] for section in sections),
        first_script=first,
        scripts=scripts,
        styles=styles,
        policy=security_policy([*libraries, first, *scripts], styles),
        blocks=blocks,
        first_blocks=_FIRST_BLOCKS,
    )


def security_policy(scripts: list[str], styles: list[str]) -> str:
    """Return a policy that lets the page run its own scripts and styles, by hash, and nothing else."""
    script_hashes = " ".join(assets.source_hash(text) for text in scripts)
    style_hashes = " ".join(assets.source_hash(text) for text in styles)
    return (
        f"default-src 'none'; script-src {script_hashes}; style-src {style_hashes}; img-src data: blob:; font-src data:; "
        "connect-src 'none'; form-action 'none'; base-uri 'none'"
    )


@cache
def library_blocks() -> dict[str, str]:
    """Return the packed libraries by element id; the page's script unpacks them, and the policy knows their hashes."""
    return {"library-charts": pack_text(assets.chart_script()), "library-tables": pack_text(assets.table_script())}


def fixed_blocks(results: StudyResults, sections: Sequence[Section]) -> dict[str, object]:
    """Return the data by element id that no page leaves out."""
    panels = [panel for section in sections for panel in section.panels]
    blocks: dict[str, object | None] = {
        "data-page": PageBlock(
            figures={panel.element: panel.chart for panel in panels if panel.chart is not None},
            specs=contrast_charts.contrast_specs(),
            panels=panel_blocks(results),
            named_sets=named_sets(results),
            contrasts={key: item.row.dataset for key, item in results.contrasts.items()},
        ),
        "data-genes": genes_block(results),
        "data-sets": sets_block(results),
        "data-sources": source_tables(results)
        | {panel.id: panel.source for panel in panels if panel.id and panel.source},
        "data-manifest": as_json(results.manifest),
        "data-verdicts": verdicts_json(results.verdicts),
        "data-calibration": calibration_block(results.calibration),
        **{f"data-tests-{contrast}": set_tables(results, contrast) for contrast in results.contrasts},
    }
    return {name: block for name, block in blocks.items() if block is not None}


def thinned_blocks(results: StudyResults) -> dict[str, Part]:
    """Return the data by element id of which a page holds as much as `results.thinning` says."""
    always = always_shown(results)
    parts: dict[str, Part] = {}
    make: Callable[[], object | None]
    for card in results.verdicts.verdicts:
        genes = results.ordered_pooled_genes.get(card.hypothesis)
        if genes is not None and len(genes.places):
            # The pooled genes of one contrast are those of its own block.
            kind = "explorer" if len(card.evidence) > 1 else "explorer of one contrast"
            kept = kept_genes(genes, always, results.thinning)
            make = partial(explorer_block, results, card, kept)
            parts[f"data-explorer-{card.hypothesis}"] = Part(kind, int(kept.sum()), make)
    for key, item in results.datasets.items():
        drawn = genes_with_values(results, key)
        make = partial(dataset_block, results, key, drawn)
        parts[f"data-dataset-{key}"] = Part("dataset", len(item.sample_names) * len(drawn), make)
    for key, genes in results.tested_genes.items():
        kept = kept_genes(genes, always, results.thinning)
        make = partial(contrast_block, results, key, kept)
        parts[f"data-contrast-{key}"] = Part("contrast", int(kept.sum()), make)
    return parts
