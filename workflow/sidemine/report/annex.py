"""Figures as SVG files for the workflow engine's own report (`snakemake annex`, then `snakemake --report`).

They are the page's own specifications, drawn without a browser; the same results give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from sidemine.drawing.charts import Spec, drawn_names
from sidemine.drawing.words import bounded
from sidemine.report import assets
from sidemine.report.annex_files import KINDS_OF_HYPOTHESIS
from sidemine.report.collect import ContrastResults, StudyResults, collect
from sidemine.report.contrast_charts import contrast_specs
from sidemine.report.sections.answers import evidence_panels
from sidemine.tables import write_text

_WIDTH = 760
_SIMULATED = "SIMULATED DATA: not evidence about any drug or patient"


def write_annex(results: Path, folder: Path) -> None:
    """Draw every figure of the annex from a results folder; one that cannot be drawn says why."""
    study = collect(results)
    for name, spec, why in annex_figures(study):
        write_text(figure_svg(spec, why, simulated=study.simulated), folder / name)


def annex_figures(results: StudyResults) -> Iterator[tuple[str, Spec | None, str]]:
    """Yield file name, specification with its data (None: cannot be drawn) and the reason why it cannot."""
    for card in results.verdicts.verdicts:
        panels = {panel.kind: panel for panel in evidence_panels(card, results.beside)}
        for kind in KINDS_OF_HYPOTHESIS:
            panel = panels[kind]
            yield f"{kind}_{card.hypothesis}.svg", panel.chart, panel.why_empty or "nothing was computed for it"
    for key, item in results.contrasts.items():
        yield f"histogram_{key}.svg", _histogram(item), "no gene was tested in this comparison"
        components = _components(results, item)
        yield f"components_{key}.svg", components, "the dataset could not be prepared, or has too few samples"


def figure_svg(spec: Spec | None, why: str, *, simulated: bool = False) -> str:
    """Return a figure as SVG in the page's light colours; without a specification, a sentence that says why.

    Parameters
    ----------
    spec
        Vega-Lite specification; None: there is no figure.
    why
        Why there is none.
    simulated
        Write the simulator's mark on it.
    """
    if spec is None:
        text = escape(bounded(f"No figure: {why}.", 160))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="60" role="img"><title>{text}</title>'
            f'<text x="10" y="35" font-family="sans-serif" font-size="13">{text}</text></svg>\n'
        )
    import vl_convert

    titled = {"title": {"text": _SIMULATED, "color": "#5b2a86", "fontSize": 12}} if simulated else {}
    text = json.dumps({**spec, **titled, "width": _WIDTH - 40, "background": "@surface"}, ensure_ascii=False)
    colours = light_colours()
    coloured = re.sub(r'"@([a-z-]+)"', lambda match: json.dumps(colours.get(match[1], f"@{match[1]}")), text)
    return f"{vl_convert.vegalite_to_svg(coloured)}\n"


def light_colours() -> dict[str, str]:
    """Return the page's colours by name, as its style sheet gives them for the light theme."""
    root = assets.own_file("page.css").split("}", 1)[0]
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]+)", root))


def _histogram(item: ContrastResults) -> Spec | None:
    counts = item.quality.p_value_histogram.counts
    if not sum(counts):
        return None
    expected = sum(counts) / len(counts)
    bins = [
        {"low": place / len(counts), "high": (place + 1) / len(counts), "count": count, "expected": expected}
        for place, count in enumerate(counts)
    ]
    return {**contrast_specs()["histogram"], "datasets": {"bins": bins}}


def _components(results: StudyResults, item: ContrastResults) -> Spec | None:
    components = results.datasets[item.row.dataset].quality.principal_components
    if components is None or not components.samples:
        return None
    names = drawn_names([(item.row.target_label, item.row.reference_label)])
    target, reference = set(item.design.target_samples), set(item.design.reference_samples)
    samples = [
        {"sample": bounded(name), "pc1": scores[0], "pc2": scores[1], "group": group, "told": group}
        for name, scores in components.samples.items()
        for group in (names[0] if name in target else names[1] if name in reference else "other",)
    ]
    spec = {**contrast_specs()["components_group"], "datasets": {"samples": samples}}
    for channel in ("color", "shape"):
        drawn = spec["encoding"][channel]
        spec["encoding"][channel] = {**drawn, "scale": {**drawn["scale"], "domain": [*names, "other"]}}
    return spec
