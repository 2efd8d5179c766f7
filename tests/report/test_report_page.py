"""The page as a file: complete, inert, self-contained, the same bytes every time."""

from __future__ import annotations

import ast
import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from example_evidence import PANEL
from example_results import CONTRASTS, DATASETS, SETS, write_example_results
from open_page import without_terms

import sidemine
from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.enrichment.set_test_table import ENRICHMENT
from sidemine.errors import InputError
from sidemine.report import assets, blocks
from sidemine.report.collect import collect
from sidemine.report.packing import unpack
from sidemine.report.page import build_report
from sidemine.report.thinning import Thinning
from sidemine.tables import read_table


@pytest.fixture(scope="module")
def html(example_page):
    return example_page.read_text(encoding="utf-8")


def block(html: str, name: str):
    """Unpack one data block of the page."""
    found = re.search(rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', html)
    assert found, name
    return unpack(found[1])


def test_same_results_give_the_same_bytes(example_results, example_page, tmp_path):
    """Run date and place leave no trace, so the page is byte-identical."""
    moved = tmp_path / "elsewhere"
    shutil.copytree(example_results, moved)
    (moved / "run.json").write_text('{"started": "another day"}')
    build_report(moved, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == example_page.read_bytes()


def test_a_dark_screen_changes_colours_alone():
    """No place, size or font of the page depends on the scheme of a screen; on paper, charts are inverted."""
    style = "\n".join(map(assets.own_file, assets.OWN_STYLES))
    (scheme,) = re.findall(r"@media \(prefers-color-scheme: dark\) \{\n  :root \{(.*?)\}\n\}", style, re.DOTALL)
    assert re.sub(r"--[\w-]+: (#[0-9a-f]{6}|rgb\([^)]*\));", "", scheme).strip() == ""
    assert style.count("prefers-color-scheme") == 1
    marked = ";".join(re.findall(r"html\.dark[^{]*\{([^}]*)\}", style))
    changed = {declared.partition(":")[0].strip() for declared in marked.split(";")} - {""}
    assert changed == {"--dt-html-background", "background", "print-color-adjust", "filter"}


def test_everything_declared_appears(html):
    """Every dataset, contrast and set of the study stands on the page, testable or not."""
    for key, (accession, *_) in DATASETS.items():
        assert f'data-dataset="{key}"' in html
        assert accession in html
    for key in CONTRASTS:
        assert f'id="contrast-{key}"' in html
    for key in SETS:
        assert f'data-set="{key}"' in html
    assert "KEGG_JAK_STAT" in html


def test_all_five_verdicts_are_shown(html):
    """Each verdict of the closed vocabulary has its card."""
    shown = re.findall(r'<article class="card (verdict-[a-z-]+)"', html)
    assert sorted(shown) == sorted(
        [
            "verdict-suggestive",
            "verdict-supported",
            "verdict-not-supported",
            "verdict-conflicting",
            "verdict-not-testable",
        ]
    )


def test_null_fields_say_why(html):
    """A field that is not computed is shown with its reason, never left out."""
    assert html.count("not computed (computed by a later stage of sidemine)") >= 4


def test_gene_table_equals_the_result_file(html, example_results):
    """Numbers in the data blocks are those of differential.tsv.gz, rounded as documented."""
    table = read_table(example_results / "contrasts" / "vte_a" / "differential.tsv.gz", DIFFERENTIAL).sort_values(
        "gene"
    )
    data, symbols = block(html, "data-contrast-vte_a"), block(html, "data-genes")["symbol"]
    position, names = 0, []
    for step in data["gene_step"]:
        position += step
        names.append(symbols[position])
    assert names == list(table["gene"])
    assert data["log2_fold_change"] == pytest.approx(1000 * table["log2_fold_change"].to_numpy(), abs=0.51)
    for limit, sign in (("ci_low", -1), ("ci_high", 1)):
        beyond = data["above"] if sign > 0 else [0] * len(names)
        shown = [
            middle + sign * below + extra
            for middle, below, extra in zip(data["log2_fold_change"], data["below"], beyond, strict=True)
        ]
        assert shown == pytest.approx(1000 * table[limit].to_numpy(), abs=0.51)
    assert data["p"] == pytest.approx(table["p_value"].to_numpy(), rel=0.006)
    assert data["q"] == pytest.approx(table["q_value"].to_numpy(), rel=0.006)
    assert sum(data["histogram"]) == len(table)


def test_first_charts_do_not_wait_for_the_data(html):
    """Their specifications and their library stand before the scripts, all other data behind: it is read while they are drawn."""
    scripts = html.index("window.sidemine = (() =>")
    blocks = {
        found[1]: found.start() for found in re.finditer(r'<script type="application/octet-stream" id="([^"]+)">', html)
    }
    assert {name for name, place in blocks.items() if place < scripts} == {"data-page", "library-charts"}
    assert len(blocks) > 20


def test_p_is_never_zero_in_the_data(html):
    """A p-value that underflows is bounded, so that no logarithm of 0 is drawn."""
    assert min(block(html, "data-contrast-interferon")["p"]) >= 1e-300


def test_set_rows_separate_verdict_from_descriptive(html):
    """Tests that never enter a verdict stand in a table of their own, with the size of each family."""
    data = block(html, "data-tests-vte_a")
    assert data["sets"]["tests"] == ["fry", "camera"]
    assert "prerank" in data["descriptive"]["tests"]
    assert data["descriptive"]["smallest_p"] == {"prerank": 1e-6}
    assert data["sets"]["gene_set"][0] == "SIM_INTERFERON_TARGETS"
    assert all(size == 14 for sizes in data["sets"]["family_size"].values() for size in sizes)


def test_set_tests_equal_the_result_file(html, example_results):
    """Every number of every test of every set is that of enrichment.tsv, at the digits that are shown."""
    table = read_table(example_results / "contrasts" / "vte_a" / "enrichment.tsv", ENRICHMENT)
    data, compared = block(html, "data-tests-vte_a"), 0
    for row in table.to_dict("records"):
        here = data["sets" if row["role"] == "verdict" else "descriptive"]
        at = here["gene_set"].index(row["gene_set"])
        assert (here["family"][at], here["n_in_set"][at]) == (row["family"], row["n_in_set"])
        for name, column in (("p", "p_value"), ("q", "q_value")):
            assert here[name][row["test"]][at] == pytest.approx(row[column], rel=0.006)
        assert here["statistic"][row["test"]][at] == pytest.approx(100 * row["statistic"], abs=0.51)
        if row["effect_scale"] == "log2":
            shown = [here[name][at] for name in ("effect", "ci_low", "ci_high")]
            assert shown == pytest.approx(
                [1000 * row[name] for name in ("effect", "ci_low", "ci_high")], abs=0.51, nan_ok=True
            )
            compared += 1
    assert compared


def test_effect_of_a_set_is_in_log2_or_missing():
    """An odds ratio never stands in the column of effects, whichever test comes first in the file."""
    shared = {"gene_set": "A", "family": "target", "role": "descriptive", "n_in_set": 9, "p_value": 0.1, "q_value": 0.2,
              "family_size": 1, "statistic": 1.0, "direction": "up", "n_permutations": 0, "inter_gene_correlation": math.nan}  # fmt: skip
    ratio = {**shared, "test": "over_representation_up", "n_measured": 4, "effect": 6.2, "ci_low": math.nan,
             "ci_high": math.nan, "effect_scale": "log2 odds ratio"}  # fmt: skip
    change = {**shared, "test": "rotation_competitive", "n_measured": 7, "effect": 0.3, "ci_low": 0.1, "ci_high": 0.5,
              "effect_scale": "log2"}  # fmt: skip
    other = {**ratio, "gene_set": "B", "n_measured": 5}
    table = blocks.set_table(pd.DataFrame([ratio, change, other]), "descriptive", ["B", "A"])
    assert table.gene_set == ["B", "A"]
    assert (table.effect, table.ci_low, table.ci_high) == ([None, 300], [None, 100], [None, 500])
    assert table.n_measured == [5, 7]
    assert table.p["rotation_competitive"] == [None, 0.1]


def test_sample_values_are_limited_to_declared_and_top_genes(example_results, monkeypatch):
    """Per-sample values: panels first, declared sets next, then the top genes, within the room there is."""
    results = collect(example_results)
    monkeypatch.setattr(blocks, "TOP_GENES", 5)
    genes = blocks.genes_with_values(results, "cohort_a")
    assert set(SETS["SIM_INTERFERON_TARGETS"][1]) <= set(genes)
    assert len(genes) < 60
    panel = PANEL["genes"][:-1]  # the last one is measured nowhere
    rest = [gene for gene in SETS["SIM_INTERFERON_TARGETS"][1] if gene not in panel]
    assert blocks.genes_with_values(replace(results, thinning=Thinning(None, values=37 * 8)), "cohort_a") == [
        *panel,
        *rest,
    ]


def test_counts_become_log2_counts_per_million(example_results):
    """A counts layer is shown on a log2 scale that does not depend on library size."""
    results = collect(example_results)
    values = results.datasets["cells_inhibitor"].values
    assert values.max() < 20
    assert values.min() > -5


def test_policy_forbids_eval_and_network(html):
    """The page's security policy allows its own scripts by hash and nothing else."""
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    for script in re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL):
        assert assets.source_hash(script) in policy


def test_nothing_is_loaded_from_elsewhere(html):
    """No element names a source outside of the file."""
    without_scripts = re.sub(r"<(script|style)[ >].*?</\1>", "", html, flags=re.DOTALL)
    assert not re.search(r'\b(src|srcset|data)="(?!data:)', without_scripts)
    assert not re.search(r'<link(?![^>]*href="data:)', without_scripts)


def test_hostile_text_is_escaped_and_bounded(html):
    """Markup in metadata is text, direction overrides are written out, and long titles are cut."""
    assert "<script>window.hacked" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;window.hacked" in html
    assert "[U+202E]" in html
    assert "\u202e" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert "more characters]" in html


def test_methods_carry_the_actual_numbers(html):
    """The methods text names settings, sizes, seed and versions of this run."""
    for text in (
        "seed 20260101",
        "1,000 gene permutations",
        "over 400 genes",
        "pylimma 0.2.0",
        "of which 4 could be tested",
    ):
        assert text in html
    for doi in (
        "10.1093/nar/gkv007",
        "10.1093/nar/gks461",
        "10.1093/bioinformatics/btq401",
        "10.1186/gb-2014-15-2-r29",
    ):
        assert doi in html


def test_reading_guide_claims_no_cause(html):
    """What may be claimed is said on the page, in the fixed words."""
    assert "This is association, never cause" in html
    assert "are sampled after they fell ill" in html


def test_reading_guide_holds_no_words_of_another_study(html):
    """Nothing that this study does not declare: no treatment, no genes, no users of a drug."""
    guide = html[
        html.index('<section id="guide"') : html.index(
            '<section id="untested"' if 'id="untested"' in html else '<section id="contrasts"'
        )
    ]
    for foreign in ("anticoagulant", "Interferon", "antiviral", "JAK", "users of"):
        assert foreign not in guide


def test_no_room_that_speaks_of_answers_holds_words_of_one_study():
    """Drug, outcome and genes come from the configuration alone: no text of the code and no template names those of the first study."""
    root = Path(sidemine.__file__).parent
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((root / "report/templates").iterdir())
        if path.is_file()
    }
    for room in ("report", "verdict", "drawing", "effect", "considerations"):
        for path in sorted((root / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            said = {
                id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
            }  # docstrings are no words of the page
            texts[str(path)] = "\n".join(
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
            )
    assert len(texts) > 100
    foreign = re.compile(r"\bJAK|\bVTE\b|thromb|anticoag|antiviral|baricitinib|[Ii]nterferon", re.IGNORECASE)
    assert {name: found[0] for name, text in texts.items() if (found := foreign.search(text))} == {}


def test_simulated_banner_only_when_simulated(tmp_path, html):
    """Simulated results carry the banner; others do not."""
    assert 'id="simulated-banner"' in html
    real = write_example_results(tmp_path / "real", n_genes=60, simulated=False)
    build_report(real, tmp_path / "real.html")
    assert 'id="simulated-banner"' not in (tmp_path / "real.html").read_text(encoding="utf-8")


def test_one_simulated_input_is_enough_for_the_banner(tmp_path):
    """A single simulated input among real ones forces the banner, whatever the verdict stage says."""
    folder = write_example_results(tmp_path / "results", n_genes=60, simulated=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["inputs"][0]["simulated"] = True
    (folder / "manifest.json").write_text(json.dumps(manifest))
    build_report(folder, tmp_path / "page.html")
    assert 'id="simulated-banner"' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_missing_results_are_named_all_at_once(example_results, tmp_path):
    """Every missing file is told in one message."""
    folder = tmp_path / "results"
    shutil.copytree(example_results, folder)
    (folder / "verdicts.json").unlink()
    (folder / "datasets" / "tiny" / "quality.json").unlink()
    with pytest.raises(InputError, match=r"2 problems[\s\S]*verdicts\.json[\s\S]*quality\.json"):
        build_report(folder, tmp_path / "page.html")


def test_broken_json_is_told(example_results, tmp_path):
    """A result that is not JSON, or lacks a part, is an error with its path."""
    folder = tmp_path / "results"
    shutil.copytree(example_results, folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        build_report(folder, tmp_path / "page.html")
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match=r"manifest\.json, inputs: Field required"):
        build_report(folder, tmp_path / "page.html")


def test_dataset_without_expression_still_appears(example_results, tmp_path):
    """A dataset that could not be prepared keeps its place, and its panels say why they are empty."""
    folder = tmp_path / "results"
    shutil.copytree(example_results, folder)
    (folder / "datasets" / "tiny" / "expression.h5ad").unlink()
    build_report(folder, tmp_path / "page.html")
    page = without_terms((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert 'data-dataset="tiny"' in page
    assert "No gene table, volcano, p-value histogram, set tests or rank plot" in page


def test_assets_come_with_licences_and_cannot_close_their_tag():
    """Embedded scripts carry their licence texts and hold nothing that ends a script element."""
    for script in (assets.chart_script(), assets.table_script()):
        assert "</script" not in script
        assert "<!--" not in script
    assert "window.DataTable=" in assets.table_script()
    texts = [licence.text for licence in assets.licences()]
    assert all(len(text) > 500 for text in texts)
    assert "SpryMedia" in texts[1]


def test_bundle_kept_at_setup_is_the_bundle(tmp_path, monkeypatch):
    """The page is the same whether set-up kept the charting library's bundle or it is made anew."""
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    made = assets.chart_script.__wrapped__()
    kept = assets.keep_bundle()
    assert kept.is_relative_to(tmp_path)
    monkeypatch.setattr(assets, "_make_bundle", lambda: pytest.fail("the kept bundle was not read"))
    assert assets.chart_script.__wrapped__() == made
