"""Each comparison in a real browser: linked volcano, table and samples; sets, panel, components, covariates."""

from __future__ import annotations

import re

import pytest
from example_evidence import PANEL
from example_results import SETS

from sidemine.differential.differential_table import DIFFERENTIAL
from sidemine.drawing.words import number, p_value
from sidemine.tables import read_table

pytestmark = pytest.mark.browser


def test_gene_table_sorts_searches_and_filters(opened, example_results):
    """Sorting, searching and filtering the gene table give what the result file holds."""
    opened.show("vte_a")
    table = read_table(example_results / "contrasts" / "vte_a" / "differential.tsv.gz", DIFFERENTIAL)
    assert opened.rows("vte_a")[0][0] == table.sort_values("p_value")["gene"].iloc[0]
    opened.tab.locator("#genes-vte_a thead th").nth(1).click()
    lowest = table.sort_values("log2_fold_change").iloc[0]
    opened.tab.locator("#genes-vte_a tbody tr").first.get_by_text(lowest["gene"]).wait_for()  # sorting takes its time
    assert opened.rows("vte_a")[0][:2] == [lowest["gene"], number(lowest["log2_fold_change"], 3)]
    opened.tab.fill("#contrast-vte_a .gene-side .dt-search input", "IFIT3")
    opened.wait_for_rows("vte_a", 1)
    assert [row[0] for row in opened.rows("vte_a")] == ["IFIT3"]
    opened.tab.fill("#contrast-vte_a .gene-side .dt-search input", "")
    opened.tab.select_option("#contrast-vte_a .filter-set", "SIM_INTERFERON_TARGETS")
    opened.wait_for_rows("vte_a", 8)
    opened.tab.fill("#contrast-vte_a .filter-q", "0.05")
    opened.wait_for_rows(
        "vte_a", int((table["q_value"] <= 0.05)[table["gene"].isin(SETS["SIM_INTERFERON_TARGETS"][1])].sum())
    )
    few = {row[0] for row in opened.rows("vte_a")}
    significant = set(table.loc[table["q_value"] <= 0.05, "gene"])
    assert few <= significant
    assert 0 < len(few) < 8


def test_filtered_rows_can_be_downloaded(opened):
    """The download holds the filtered rows, and only these."""
    opened.show("vte_a")
    opened.tab.select_option("#contrast-vte_a .filter-set", "SIM_INTERFERON_TARGETS")
    opened.wait_for_rows("vte_a", 8)
    lines = opened.saved_by("#contrast-vte_a .filters button").decode().splitlines()
    assert lines[0].startswith("gene\tentrez\tensembl\tlog2_fold_change")
    assert len(lines) == 9


def test_row_and_point_are_linked(opened):
    """A row brings up its gene's samples; a point in the volcano brings up its row."""
    opened.show("vte_a")
    opened.tab.locator("#genes-vte_a tbody tr").nth(3).click()
    gene = opened.rows("vte_a")[3][0]
    opened.tab.wait_for_selector(f"#strip-vte_a[data-gene={gene}]")
    assert opened.tab.locator("#gene-words-vte_a").inner_text().startswith(f"{gene}:")
    canvas = opened.tab.locator("#volcano-vte_a canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    chosen = None
    for step in range(1, 40):  # walk down the middle of the plot until a point is met
        opened.tab.mouse.click(box["x"] + box["width"] * 0.42, box["y"] + box["height"] * (0.98 - 0.012 * step) - 40)
        chosen = opened.tab.get_attribute("#strip-vte_a", "data-gene")
        if chosen != gene:
            break
    opened.tab.wait_for_selector("#genes-vte_a tbody tr.chosen")
    marked = opened.tab.locator("#genes-vte_a tbody tr.chosen td").first.inner_text()
    opened.tab.wait_for_selector(f"#strip-vte_a[data-gene={marked}]")
    assert marked != gene


def test_the_rows_of_the_chosen_gene_are_its_two_groups(opened):
    """Each row carries its own group with its number of samples, the first named group above."""
    opened.show("vte_a")
    opened.tab.locator("#genes-vte_a tbody tr").nth(1).click()
    labels = opened.tab.locator("#strip-vte_a svg .role-axis-label text")
    rows = labels.filter(has_text="n = ")
    rows.nth(1).wait_for()
    first, second = rows.all_text_contents()
    names = opened.tab.locator("#contrast-vte_a h3 bdi").all_text_contents()
    assert first.startswith(f"{names[0]}target, n = ")
    assert second.startswith(f"{names[1]}reference, n = ")
    above, below = (rows.nth(place).bounding_box()["y"] for place in (0, 1))
    assert above < below


NAMES = """(id) => {
  const { view } = window.sidemine.charts.get(document.getElementById(id));
  const found = [];
  const walk = (item) => {
    if (item.marktype === "text") for (const one of item.items) if (one.datum?.side) found.push([one.text, one.bounds.x1, one.bounds.x2]);
    for (const child of item.items ?? []) walk(child);
  };
  walk(view.scenegraph().root);
  return { found, right: view.width() };
}"""


@pytest.mark.parametrize("width", ["opened", "phone"])
def test_no_name_in_the_volcano_is_cut_by_an_edge(request, width):
    """The strongest genes are the outermost: their names are those that an edge would cut."""
    page = request.getfixturevalue(width)
    page.show("vte_a")
    names = page.tab.evaluate(NAMES, "volcano-vte_a")
    assert len(names["found"]) > 3
    assert [row for row in names["found"] if row[1] < 0 or row[2] > names["right"]] == []


def test_keyboard_chooses_a_gene(opened):
    """A gene can be chosen with the keyboard alone."""
    opened.show("vte_b")
    opened.wait_for_rows("vte_b", 10)
    gene = opened.rows("vte_b")[2][0]
    # By its name: a table that is drawn once more in the meantime has other buttons.
    opened.tab.locator("#genes-vte_b tbody").get_by_role("button", name=gene, exact=True).press("Enter")
    opened.tab.wait_for_selector(f"#strip-vte_b[data-gene={gene}]")


def test_set_table_and_rank_plot(opened):
    """Clicking a set shows its genes in the rank plot; descriptive tests wait behind their own heading."""
    opened.show("inhibitor")
    assert "prerank" not in opened.tab.locator("#sets-inhibitor").inner_text()
    opened.tab.locator("#sets-inhibitor tbody tr").nth(1).click()
    assert opened.tab.input_value("#rank-set-inhibitor") == "SIM_CYTOKINE_FEEDBACK"
    opened.tab.wait_for_function(
        "document.getElementById('rank-words-inhibitor').innerText.startsWith('0 of 6 measured genes')"
    )
    opened.tab.click("#contrast-inhibitor .descriptive summary")
    opened.tab.wait_for_selector("#descriptive-inhibitor tbody tr")
    assert "pre-ranked GSEA" in opened.tab.locator("#descriptive-inhibitor").inner_text()


def test_untestable_contrast_says_why(opened):
    """An untestable comparison keeps its place and shows what is wrong, allowed, and to be done."""
    opened.show("too_small")
    text = opened.tab.locator("#contrast-too_small").inner_text()
    for part in ("fewer independent units", "at least 3", "Add samples", "No gene table"):
        assert part in text


def test_tooltip_tells_in_words(opened):
    """Hovering over a bar of the p-value histogram tells how many genes it holds."""
    opened.show("vte_a")
    picture = opened.tab.locator("#histogram-vte_a svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    opened.tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    opened.tab.mouse.move(box["x"] + box["width"] * 0.5 + 2, box["y"] + box["height"] * 0.6)
    opened.tab.wait_for_selector("#vg-tooltip-element.visible")
    assert "genes" in opened.tab.locator("#vg-tooltip-element").inner_text()


@pytest.mark.usefixtures("chromium_only")
def test_theme_change_redraws(opened):
    """Switching between light and dark redraws the charts without complaint."""
    opened.show("vte_a")
    opened.tab.emulate_media(color_scheme="dark")
    opened.tab.wait_for_selector("html.dark")
    opened.tab.locator("#genes-vte_a tbody tr").nth(1).click()
    assert opened.complaints == []


def test_panel_is_drawn_and_linked(opened):
    """The heat map shows the declared panel; a click on a cell brings up that gene's samples."""
    opened.show("vte_a")
    told = opened.tab.locator("#heat-words-vte_a").inner_text()
    assert f"6 of {len(PANEL['genes'])} genes measured here, 1 not" in told
    opened.tab.locator("#genes-vte_a tbody tr").last.click()
    canvas = opened.tab.locator("#heat-vte_a canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    opened.tab.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    opened.tab.wait_for_function(
        "genes => genes.includes(document.getElementById('strip-vte_a').dataset.gene)", arg=PANEL["genes"]
    )


def test_components_take_the_colour_of_a_covariate(opened):
    """Samples can be coloured by covariate and batch; missing values are counted, hostile values are text."""
    opened.show("vte_a")
    opened.unfold("#contrast-vte_a")
    chooser = opened.tab.locator("#component-colour-vte_a")
    assert chooser.locator("option").all_inner_texts() == ["group", "age (in the model)", "plate (batch)"]
    chooser.select_option(label="age (in the model)")
    opened.tab.wait_for_function("document.getElementById('component-words-vte_a').innerText.startsWith('6 samples')")
    chooser.select_option(label="plate (batch)")
    opened.tab.locator("#components-vte_a svg").get_by_text("P1", exact=True).wait_for()
    assert opened.tab.evaluate("window.hacked") is None


def test_groups_by_covariates(opened, example_results):
    """The cross-table tells each group's values, and what was done about a difference."""
    opened.show("vte_a")
    opened.unfold("#contrast-vte_a")
    table = opened.tab.locator("#contrast-vte_a .cross")
    assert table.locator("tbody tr").count() == 2
    age, plate = table.locator("tbody tr").all_inner_texts()
    assert "median" in age
    assert "in the model" in age
    assert "P1: 7" in plate
    assert "about the same in both groups" in plate


def test_rank_plot_names_the_leading_edge(opened):
    """The leading edge holds the strongest genes of the set up to the peak of the running sum."""
    opened.show("interferon")
    opened.tab.select_option("#rank-set-interferon", "SIM_INTERFERON_TARGETS")
    opened.tab.wait_for_function("document.getElementById('rank-words-interferon').innerText.includes('8 of 8')")
    told = opened.tab.locator("#rank-words-interferon").inner_text()
    assert "Leading edge: 8 genes" in told
    for gene in SETS["SIM_INTERFERON_TARGETS"][1]:
        assert gene in told


def test_untestable_comparison_keeps_its_panels(opened):
    """A comparison without results has its components and says why the rest is missing."""
    opened.show("too_small")
    opened.unfold("#contrast-too_small")
    text = opened.tab.locator("#contrast-too_small").inner_text()
    assert "No gene table, volcano, p-value histogram, set tests or rank plot" in text
    assert "No table: nothing that varies is recorded beside the groups" in text
    assert opened.tab.locator("#components-too_small svg").count() == 1


def test_a_cell_of_the_map_opens_its_gene(opened):
    """A click on a gene in a comparison shows this comparison, and that gene's row and samples."""
    opened.tab.eval_on_selector_all("#across details", "parts => parts.forEach(part => { part.open = true; })")
    opened.tab.wait_for_selector("#set-map-0 svg .mark-rect path")
    place = opened.tab.evaluate(
        """() => { const cell = [...document.querySelectorAll('#set-map-0 svg .mark-rect path')].find(
            (path) => path.__data__?.datum?.contrast === 'inhibitor' && path.__data__.datum.gene === 'MX1');
            cell.scrollIntoView({ block: 'center' }); const box = cell.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }"""
    )
    opened.tab.mouse.click(*place)
    opened.tab.wait_for_selector("#contrast-inhibitor.shown #strip-inhibitor[data-gene=MX1]")


def test_one_gene_is_chosen_in_all_pictures(opened):
    """A gene that is chosen in the table is marked in the volcano, the rank plot and the heat map; one of the heat map in all others."""
    opened.show("vte_a")
    marked = """() => ['volcano', 'rank', 'heat'].map((name) =>
        window.sidemine.charts.get(document.getElementById(`${name}-vte_a`)).view.data('chosen').map((row) => row.gene).join())"""
    opened.tab.fill("#contrast-vte_a .gene-side .dt-search input", "IFIT3")
    opened.wait_for_rows("vte_a", 1)
    opened.tab.locator("#genes-vte_a tbody tr").first.click()
    opened.tab.wait_for_selector("#strip-vte_a[data-gene=IFIT3]")
    assert opened.tab.evaluate(marked) == ["IFIT3"] * 3
    canvas = opened.tab.locator("#heat-vte_a canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    gene = "IFIT3"
    for step in range(12):  # down a column of cells until another gene is met
        opened.tab.mouse.click(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * (0.2 + 0.04 * step))
        opened.tab.wait_for_timeout(150)
        gene = opened.tab.get_attribute("#strip-vte_a", "data-gene")
        if gene != "IFIT3":
            break
    assert gene in PANEL["genes"]
    assert opened.tab.evaluate(marked) == [gene] * 3


def test_the_set_is_filled_and_columns_stand_by_their_mean(opened):
    """The volcano fills the genes of the set of the rank plot and names the strongest; the heat map's columns fall within a group."""
    opened.show("vte_a")
    opened.tab.select_option("#rank-set-vte_a", "SIM_HEME")
    data = "([chart, name]) => window.sidemine.charts.get(document.getElementById(`${chart}-vte_a`)).view.data(name)"
    members = opened.tab.evaluate(data, ["volcano", "members"])
    assert sorted(row["gene"] for row in members) == sorted(SETS["SIM_HEME"][1])
    opened.tab.select_option("#rank-set-vte_a", "SIM_INTERFERON_TARGETS")
    named = {row["gene"] for row in opened.tab.evaluate(data, ["volcano", "named"])}
    assert named & set(SETS["SIM_INTERFERON_TARGETS"][1])
    means = {}
    for cell in opened.tab.evaluate(data, ["heat", "cells"]):
        means.setdefault((cell["group"], cell["x"]), []).append(cell["value"])
    for group in ("VTE", "healthy controls"):
        scores = [sum(values) / len(values) for (side, _), values in sorted(means.items()) if side == group]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) > 10
    tracks = {cell["track"] for cell in opened.tab.evaluate(data, ["heat", "tracks"])}
    assert "age" in tracks
    components = opened.tab.evaluate(data, ["components", "samples"])
    assert {"VTE", "healthy controls"} <= {row["group"] for row in components}


def test_the_pathway_is_filled_by_the_chosen_comparison(opened, example_results):
    """Every gene of the drawing tells its row of the gene table, another comparison fills it anew, and a key opens the gene."""
    opened.tab.eval_on_selector_all("#across details", "parts => parts.forEach(part => { part.open = true; })")
    told = "parts => Object.fromEntries(parts.map(part => [part.dataset.gene, part.dataset.told]))"
    for contrast in ("vte_b", "inhibitor"):
        opened.tab.select_option("#pathway-contrast-way", contrast)
        opened.tab.wait_for_selector(f"#pathway-way[data-contrast={contrast}]")
        sources = opened.tab.locator("#pathway-way .source").all_text_contents()
        assert sources == [f"Data: contrasts/{contrast}/differential.tsv.gz in the results folder"]
        table = read_table(example_results / "contrasts" / contrast / "differential.tsv.gz", DIFFERENTIAL).set_index(
            "gene"
        )
        words = opened.tab.eval_on_selector_all("#pathway-way [data-gene]", told)
        for gene in ("STAT1", "MX1"):
            row = table.loc[gene]
            assert (
                words[gene]
                == f"{gene}: log2 fold change {number(row['log2_fold_change'], 3)}, p {p_value(row['p_value'])}"
            )
        assert words["NOT_A_GENE"] == "NOT_A_GENE: not tested here"
        assert "2 of 3 genes tested here" in opened.tab.locator("#pathway-way .limit").inner_text()
        fills = opened.tab.eval_on_selector_all(
            "#pathway-way .box", "parts => parts.map(part => getComputedStyle(part).fill)"
        )
        assert fills[0] != fills[2]
    opened.tab.locator("#pathway-way [data-gene=MX1]").focus()
    opened.tab.keyboard.press("Enter")
    opened.tab.wait_for_selector("#contrast-inhibitor.shown #strip-inhibitor[data-gene=MX1]")
    assert opened.tab.evaluate("window.hacked") is None


def test_the_running_sum_falls_evenly_behind_the_last_gene_of_the_set(opened):
    """Each gene outside the set takes the same step down: the line slopes to 0 at the last rank, and does not drop there."""
    opened.show("vte_a")
    path = opened.tab.locator("#rank-vte_a .mark-line path").first.get_attribute("d")
    (before, _), (last, end) = [
        tuple(map(float, point.split(","))) for point in re.findall(r"[\d.-]+,[\d.-]+", path)[-2:]
    ]
    assert before < last - 20
    zero = opened.tab.evaluate(
        "window.sidemine.charts.get(document.getElementById('rank-vte_a')).view.scale('layer_0_y')(0)"
    )
    assert end == pytest.approx(zero, abs=0.6)
