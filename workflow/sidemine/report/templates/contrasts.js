// Each comparison: linked volcano, gene table and samples of a gene; set tests; p-value histogram. No number of a table is
// computed here; the volcano needs −log10 p.
(() => {
  "use strict";
  const { byId, block, tables, draw, drawSoon, ahead, charts, download, tsv, number, pWords, escapeText, isolated, shown, button, keep, chose } = window.sidemine;
  const { drawComponents, drawHeat, drawRank, inUnit } = window.sidemine.pictures;
  const state = new Map();
  const built = new Map();
  const ways = { h: "higher", l: "lower", u: "unclear" };

  // ---- one comparison -----------------------------------------------------------------------------------------
  async function geneRows(contrast) {
    const [data, genes] = await Promise.all([block(`data-contrast-${contrast}`), block("data-genes")]);
    let index = 0;
    return data.gene_step.map((step, i) => {
      index += step;
      const t = data.t[i] / 100;
      const p = data.p[i];
      const lfc = data.log2_fold_change[i] / 1000;
      return {
        i, index, gene: genes.symbol[index], entrez: genes.entrez[index], ensembl: genes.ensembl[index], lfc, t, p,
        low: (data.log2_fold_change[i] - data.below[i]) / 1000,
        high: (data.log2_fold_change[i] + data.below[i] + data.above[i]) / 1000, q: data.q[i], mean: data.mean[i] / 100, rank: data.rank?.[i],
        nlp: -Math.log10(p), way: ways[data.way[i]],
        difference: data.difference, p_words: pWords(p), q_words: pWords(data.q[i]),
      };
    });
  }

  async function build(contrast) {
    const page = await block("data-page");
    const article = byId(`contrast-${contrast}`);
    const here = { contrast, article, page, dataset: page.contrasts[contrast], chosen: "", marks: {}, choose: (gene) => choose(here, gene, true) };
    state.set(contrast, here);
    here.data = await block(`data-contrast-${contrast}`);
    here.tests = await block(`data-tests-${contrast}`);
    here.values = await block(`data-dataset-${here.dataset}`);
    for (const chooser of article.querySelectorAll(".filter-set, .rank-set")) {
      chooser.append(...here.tests.sets.gene_set.map((name) => new Option(name, name)));
    }
    const jobs = [drawComponents(here)];
    if (article.dataset.testable === "yes") {
      here.sets = await block("data-sets");
      here.rows = await geneRows(contrast);
      await tables();
      buildGeneTable(here);
      jobs.push(drawVolcano(here), drawHistogram(here));
      buildSetTable(here, `sets-${contrast}`, here.tests.sets);
      article.querySelector(".descriptive").addEventListener("toggle", () => {
        if (!here.described) buildSetTable(here, `descriptive-${contrast}`, here.tests.descriptive);
        here.described = true;
      });
      here.symbols = (await block("data-genes")).symbol;
      byId(`heat-panel-${contrast}`)?.addEventListener("change", () => drawHeat(here));
      jobs.push(drawHeat(here));
      const rank = byId(`rank-set-${contrast}`);
      rank.addEventListener("change", () => { drawRank(here, rank.value); fillSet(here); });
      if (rank.value) jobs.push(drawRank(here, rank.value));
      const first = here.rows.reduce((best, row) => (row.p < best.p ? row : best), here.rows[0]);
      await Promise.all(jobs);
      here.first = first.gene;
      await choose(here, first.gene, false);
    }
    await Promise.all(jobs);
    article.dataset.ready = "yes";
  }

  async function drawVolcano(here) {
    const holder = byId(`volcano-${here.contrast}`);
    const genes = thinned(here);
    const line = here.data.q_line === null ? [] : [{ nlp: -Math.log10(here.data.q_line), words: "q = .05" }];
    here.drawn = genes;
    here.volcano = await draw(holder, inUnit(here, "volcano"), { ...setParts(here), line, chosen: [] }, "canvas");
    if (here.data.tested) {
      byId(`thinned-${here.contrast}`).textContent =
        `Drawn: ${genes.length.toLocaleString("en")} of ${here.data.tested.toLocaleString("en")} genes; all are in differential.tsv.gz.`;
    } else if (genes.length < here.rows.length) {
      byId(`thinned-${here.contrast}`).textContent =
        `Drawn: ${genes.length.toLocaleString("en")} of ${here.rows.length.toLocaleString("en")} genes (the ${strongest.toLocaleString("en")} ` +
        "smallest p-values, every gene of the sets that a hypothesis names, and an even sample of the rest). The table has all.";
    }
    const onPoint = (_event, item) => { if (item?.datum?.gene) choose(here, item.datum.gene, true); };
    const follow = (view) => {
      here.volcano = view;
      view.addEventListener("click", onPoint);
      fillSet(here);
    };
    follow(here.volcano);
    charts.get(holder).redrawn = follow;
  }

  // The genes of the set that the rank plot shows are filled, the others hollow; the strongest are named.
  function setParts(here) {
    const set = new Set(here.sets[byId(`rank-set-${here.contrast}`).value]?.genes ?? []);
    const members = here.drawn.filter((row) => set.has(row.index));
    return { genes: here.drawn.filter((row) => !set.has(row.index)), members, named: named(here.drawn, members) };
  }

  function fillSet(here) {
    const parts = setParts(here);
    here.named = parts.named;
    for (const [name, rows] of Object.entries(parts)) here.volcano.data(name, rows);
    ring(here);
  }

  // The smallest p-values of the set, then of all genes, as long as no name lies on another. A name that would reach beyond the edge
  // of a narrow figure stands on the inner side of its point.
  function named(all, members) {
    const byP = (rows) => [...rows].sort((a, b) => a.p - b.p || a.i - b.i);
    const left = Math.min(...all.map((row) => row.lfc));
    const width = Math.max(...all.map((row) => row.lfc)) - left || 1;
    const outward = (row) => (row.lfc < 0 ? -1 : 1);
    const fits = (row) => Math.abs((row.lfc - left) / width - 0.5) + 0.034 * row.gene.length - 0.08 <= 0.5;
    const height = Math.max(...all.map((row) => row.nlp)) || 1;
    const chosen = [];
    for (const row of [...byP(members).slice(0, 12), ...byP(all).slice(0, 6)]) {
      const clear = chosen.every((other) => Math.abs(row.nlp - other.nlp) > 0.035 * height || Math.abs(row.lfc - other.lfc) > 0.3 * width);
      if (clear && chosen.length < 10) chosen.push({ gene: row.gene, lfc: row.lfc, nlp: row.nlp, side: fits(row) ? outward(row) : -outward(row) });
    }
    return chosen;
  }

  const strongest = 3000;
  const mostPoints = 8000;

  function thinned(here) {
    if (here.rows.length <= mostPoints) return here.rows;
    const named = new Set(here.page.named_sets.flatMap((name) => here.sets[name]?.genes ?? []));
    const byP = [...here.rows].sort((a, b) => a.p - b.p || a.i - b.i);
    const rest = byP.slice(strongest).filter((row) => !named.has(row.index));
    const every = Math.ceil(rest.length / (mostPoints - strongest));
    return [...byP.slice(0, strongest), ...byP.slice(strongest).filter((row) => named.has(row.index)),
            ...rest.filter((_row, i) => i % every === 0)];
  }

  function ring(here) {
    const row = here.rows.find((item) => item.gene === here.chosen);
    here.volcano.data("named", here.named.filter((item) => item.gene !== here.chosen))
      .data("chosen", row ? [{ gene: row.gene, lfc: row.lfc, nlp: row.nlp }] : []).run();
    for (const mark of Object.values(here.marks)) mark(here.chosen);
  }

  function drawHistogram(here) {
    byId(`reading-${here.contrast}`).textContent = here.data.reading;
    const counts = here.data.histogram;
    const expected = counts.reduce((sum, value) => sum + value, 0) / counts.length;
    const bins = counts.map((count, i) => ({
      low: i / counts.length, high: (i + 1) / counts.length, count, expected,
    }));
    return draw(byId(`histogram-${here.contrast}`), here.page.specs.histogram, { bins });
  }

  function buildGeneTable(here) {
    const column = (data, title, render, extra = {}) => ({ data, title, render, type: "num", ...extra });
    here.table = new window.DataTable(`#genes-${here.contrast}`, {
      data: here.rows, pageLength: 10, order: [[3, "asc"]], autoWidth: false, deferRender: true, lengthMenu: [10, 25, 100],
      columns: [
        column("gene", "Gene", button, { type: "string" }),
        column("lfc", here.data.difference ?? "log2 fold change", shown((value) => number(value, 3))),
        column("low", "95 % CI", (value, type, row) =>
          type === "display" ? `[${number(value, 3)}, ${number(row.high, 3)}]` : value ?? Infinity),
        column("p", "p", shown(pWords)),
        column("q", "q", shown(pWords)),
        column("mean", `Mean (${here.data.level ?? "log2"})`, shown((value) => number(value))),
      ],
      rowCallback: (element, row) => element.classList.toggle("chosen", row.gene === here.chosen),
    });
    here.table.on("click", "tbody tr", (event) => {
      const row = here.table.row(event.currentTarget).data();
      if (row) choose(here, row.gene, false);
    });
    addFilters(here);
  }

  function addFilters(here) {
    const set = here.article.querySelector(".filter-set");
    const q = here.article.querySelector(".filter-q");
    const fold = here.article.querySelector(".filter-fold");
    let members = null;
    here.table.search.fixed("filters", (_text, row) =>
      (!members || members.has(row.index)) && row.q <= (q.value === "" ? 1 : Number(q.value)) &&
      Math.abs(row.lfc) >= Number(fold.value || 0));
    const apply = () => {
      members = set.value ? new Set(here.sets[set.value]?.genes ?? []) : null;
      here.table.draw();
    };
    here.clearFilters = () => { set.value = q.value = fold.value = ""; here.table.search(""); apply(); };
    for (const field of [set, q, fold]) field.addEventListener("input", apply);
    const save = document.createElement("button");
    save.type = "button";
    save.textContent = "Download these rows";
    save.addEventListener("click", () => downloadRows(here));
    set.closest(".filters").append(save);
  }

  function downloadRows(here) {
    const names = ["gene", "entrez", "ensembl", "lfc", "low", "high", "t", "p", "q", "mean"];
    const heads = ["gene", "entrez", "ensembl", here.data.difference ? "difference" : "log2_fold_change", "ci_low", "ci_high", "t", "p_value", "q_value", "mean_expression"];
    const rows = here.table.rows({ search: "applied", order: "applied" }).data().toArray();
    const text = tsv([heads, ...rows.map((row) => names.map((name) => row[name]))]);
    download(URL.createObjectURL(new Blob([text], { type: "text/plain" })), `${here.contrast}.tsv`);
  }

  async function choose(here, gene, findRow) {
    here.chosen = gene;
    if (here.article.dataset.ready) chose();
    ring(here);
    if (findRow) goToRow(here, gene);
    here.table.rows({ page: "current" }).every(function mark() {
      this.node().classList.toggle("chosen", this.data().gene === gene);
    });
    await drawStrip(here, here.rows.find((row) => row.gene === gene));
  }

  function goToRow(here, gene) {
    const place = () => here.table.rows({ search: "applied", order: "applied" }).data().toArray().findIndex((row) => row.gene === gene);
    let position = place();
    if (position < 0) {
      here.clearFilters();
      position = place();
    }
    here.table.page(Math.floor(position / here.table.page.len())).draw("page");
  }

  // The rows carry the names of the groups and how many samples each has; a name that is cut leaves its number.
  function namedGroups(here, spec) {
    const names = here.article.querySelectorAll("h3 bdi");
    const words = ["target", "reference"].map((group, i) => JSON.stringify([isolated(names[i].textContent.replace(/\s/g, " ")), `${group}, n = ${here.data[group].length}`]));
    for (const layer of spec.layer) layer.encoding.y.axis.labelExpr = `datum.value === 'target' ? ${words[0]} : ${words[1]}`;
    return spec;
  }

  async function drawStrip(here, row) {
    const at = here.values.genes.indexOf(row.index);
    const samples = [];
    if (at >= 0) {
      for (const group of ["target", "reference"]) {
        here.data[group].forEach((sample, k) => {
          const value = here.values.values[at][here.values.samples.indexOf(sample)];
          if (value !== undefined && value !== null) samples.push({ sample, group, value: value / 100, jitter: ((k * 0.618) % 1) - 0.5 });
        });
      }
    }
    const groups = [];
    for (const [k, group] of ["target", "reference"].entries()) {
      const mean = here.data.groups[`${group}_mean`][row.i];
      const sd = here.data.groups[`${group}_sd`][row.i];
      if (mean !== undefined && mean !== null) groups.push({ group, name: here.data.labels[k], mean: mean / 100, low: (mean - sd) / 100, high: (mean + sd) / 100 });
    }
    const told = groups.map((item) => `${item.name} ${number(item.mean)} ± ${number(item.high - item.mean)}`).join(", ");
    byId(`gene-words-${here.contrast}`).textContent =
      `${row.gene}: ${here.data.difference ?? "log2 fold change"} ${number(row.lfc, 3)} (95 % CI ${number(row.low, 3)} to ${number(row.high, 3)}), ` +
      `p ${row.p_words}, q ${row.q_words}. ${told ? `Mean ± SD: ${told}.` : "No expression values are stored for it."}` +
      (at < 0 && told ? " Sample values of this gene are not on the page; bar: mean, line: ± SD." : "");
    const holder = byId(`strip-${here.contrast}`);
    if (groups.length) await draw(holder, namedGroups(here, inUnit(here, "strip")), { samples, groups });
    holder.dataset.gene = row.gene;
  }

  // ---- gene sets ----------------------------------------------------------------------------------------------
  function setRows(table) {
    const thousandth = (value) => (value === null ? null : value / 1000);
    const hundredth = (value) => (value === null ? null : value / 100);
    return table.gene_set.map((gene_set, i) => ({
      gene_set, family: table.family[i], n_in_set: table.n_in_set[i], n_measured: table.n_measured[i],
      effect: thousandth(table.effect[i]), ci_low: thousandth(table.ci_low[i]), ci_high: thousandth(table.ci_high[i]),
      correlation: hundredth(table.correlation[i]),
      tests: Object.fromEntries(table.tests.map((test) => [test, {
        p: table.p[test][i], q: table.q[test][i], family_size: table.family_size[test][i], statistic: hundredth(table.statistic[test][i]),
      }])),
    }));
  }

  function buildSetTable(here, id, content) {
    const rows = setRows(content);
    const columns = [
      { data: "gene_set", title: "Gene set", render: button },
      { data: "family", title: "Family", render: shown(String) },
      { data: "n_measured", title: "Measured", type: "num", render: (value, type, row) => (type === "display" ? `${value} of ${row.n_in_set}` : value) },
    ];
    if (rows.some((row) => row.effect !== null)) {
      columns.push({ data: "effect", title: "Effect [95 % CI]", type: "num", render: (value, type, row) =>
        type === "display" ? `${number(value, 3)} [${number(row.ci_low, 3)}, ${number(row.ci_high, 3)}]` : value ?? Infinity });
    }
    for (const test of content.tests) {
      const name = content.labels[test];
      if (test.startsWith("prerank")) columns.push({ data: (row) => row.tests[test].statistic, title: `${name} NES`, type: "num", render: shown((value) => number(value)) });
      const bounded = (value) => (value !== null && value <= content.smallest_p[test] ? `≤ ${pWords(value)}` : pWords(value));
      columns.push({ data: (row) => row.tests[test].p, title: `${name} p`, type: "num", render: shown(bounded) });
      columns.push({ data: (row) => row.tests[test].q, title: `${name} q (of n)`, type: "num", render: (value, type, row) =>
        type === "display" ? `${pWords(value)} (${row.tests[test].family_size ?? "—"})` : value ?? Infinity });
    }
    if (rows.some((row) => row.correlation !== null)) {
      columns.push({ data: "correlation", title: "Correlation", type: "num", render: shown((value) => number(value)) });
    }
    const table = new window.DataTable(`#${id}`, {
      data: rows, columns, pageLength: 10, order: [], autoWidth: false, lengthMenu: [10, 25, 100],
      language: { emptyTable: "No set was tested here." },
    });
    table.on("click", "tbody tr", (event) => {
      const row = table.row(event.currentTarget).data();
      if (!row) return;
      const chooser = byId(`rank-set-${here.contrast}`);
      chooser.closest("details").open = true;
      chooser.value = row.gene_set;
      drawRank(here, row.gene_set);
      fillSet(here);
    });
  }

  // ---- start --------------------------------------------------------------------------------------------------
  const picker = byId("contrast-picker");

  async function show(contrast) {
    for (const article of document.querySelectorAll(".contrast")) article.classList.toggle("shown", article.dataset.contrast === contrast);
    picker.value = contrast;
    // Whoever asks for a comparison that is being made waits for it: a gene can be chosen in a complete one only.
    if (!built.has(contrast)) built.set(contrast, ahead(() => build(contrast)));
    await built.get(contrast);
  }

  const names = () => [...picker.options].map((option) => option.value);
  keep("contrast", () => (picker.selectedIndex > 0 ? picker.value : ""), async (name) => {
    const wanted = names().includes(name) ? name : names()[0];
    // A fresh page waits with the comparison that it shows first until somebody comes near.
    if (wanted !== undefined && (built.size || wanted !== names()[0])) await show(wanted);
  });
  keep("gene", () => {
    const here = state.get(picker.value);
    return here && here.chosen !== here.first ? here.chosen : "";
  }, async (gene) => {
    if (!picker.options.length || (!gene && !built.size)) return;
    await show(picker.value);
    const here = state.get(picker.value);
    const wanted = here?.rows?.some((row) => row.gene === gene) ? gene : here?.first;
    if (wanted && wanted !== here.chosen) await choose(here, wanted, true);
  });

  async function openComparison(contrast, gene) {
    const article = byId(`contrast-${contrast}`);
    if (!article?.classList.contains("contrast")) return;
    await show(contrast);
    article.scrollIntoView();
    const here = state.get(contrast);
    if (gene && here.rows?.some((row) => row.gene === gene)) await choose(here, gene, true);
    else chose();
  }
  window.sidemine.openComparison = openComparison;

  window.sidemine.starts.push(() => {
    if (!picker.options.length) return;
    document.querySelector(".contrast").classList.add("shown");
    // Drawn once it comes near, or when the browser is idle: it is on paper too.
    drawSoon(byId("contrasts"), async () => { if (!built.size) await show(picker.value); });
    picker.addEventListener("change", async () => { await show(picker.value); chose(); });
  });
})();
