// The gene explorer: every gene of the study with its pooled effect, filters per column, links, and a download.
// No number is computed here: integers are put back to the digits that were packed.
(() => {
  "use strict";
  const { byId, block, tables, drawSoon, download, tsv, number, pWords, escapeText, starts, keep, chose } = window.sidemine;
  const reasons = { m: "not measured", f: "filtered", x: "not compared" };
  const picker = byId("explorer-picker");
  let here = null;

  const scaled = (value, by) => (value === null || value === undefined ? null : value / by);

  // The table of a single experiment is that of its comparison, so it is packed once.
  async function explorerData(id) {
    const data = await block(`data-explorer-${id}`);
    if (!data.same_as) return { ...data, ...data.columns };
    const own = await block(`data-contrast-${data.same_as}`);
    const effect = own.log2_fold_change;
    return { ...data, step: own.gene_step, k: effect.map(() => 1), effect, below: own.below, above: own.above,
             effects: {}, p: own.p, pooled: own.tested };
  }

  // ---- rows ---------------------------------------------------------------------------------------------------
  function explorerRows(data, genes) {
    const at = new Array(genes.symbol.length).fill(-1);
    let position = 0;
    data.step.forEach((step, i) => { position += step; at[position] = i; });
    const names = data.contrasts.map((item) => item.contrast);
    return genes.symbol.map((gene, index) => {
      const i = at[index];
      const middle = i < 0 ? null : data.effect[i];
      const one = (column, by) => (i < 0 || !column ? null : scaled(column[i], by));
      return {
        index, gene, entrez: genes.entrez[index], ensembl: genes.ensembl[index], k: i < 0 ? 0 : data.k[i],
        effect: scaled(middle, 1000),
        low: middle === null ? null : scaled(middle - data.below[i], 1000),
        high: middle === null ? null : scaled(middle + data.below[i] + data.above[i], 1000),
        p: one(data.p, 1), q: one(data.q, 1), heterogeneity: one(data.heterogeneity_p, 1), i2: one(data.i2, 1),
        prediction_low: one(data.prediction_low, 1000), prediction_high: one(data.prediction_high, 1000),
        effects: names.map((name) => (data.effects[name] ? one(data.effects[name], 1000) : null)),
        why: names.map((name) => reasons[data.missing[name][index]] ?? (i < 0 && data.pooled ? "not on this page" : "")),
      };
    });
  }

  // One entry per column of the table: what it shows, how it is filtered, what the download calls it.
  function columnsOf(data) {
    const columns = [
      { key: "k", title: "Datasets", value: (row) => row.k, show: (row) => String(row.k) },
      { key: "effect", title: `Effect (${data.unit})`, value: (row) => row.effect, show: (row) => number(row.effect, 3) },
      { key: "low", title: "95 % CI", value: (row) => row.low, unfiltered: true,
        show: (row) => (row.low === null ? "—" : `[${number(row.low, 3)}, ${number(row.high, 3)}]`) },
      { key: "p", title: "p", value: (row) => row.p, show: (row) => pWords(row.p) },
    ];
    if (data.q) columns.push({ key: "q", title: "q", value: (row) => row.q, show: (row) => pWords(row.q) });
    if (data.heterogeneity_p) columns.push({ key: "heterogeneity", title: "Heterogeneity p", value: (row) => row.heterogeneity, show: (row) => pWords(row.heterogeneity) });
    if (data.i2) columns.push({ key: "i2", title: "I² (%)", value: (row) => row.i2, show: (row) => number(row.i2, 0) });
    data.contrasts.forEach((item, c) => {
      const single = data.contrasts.length === 1;
      columns.push({
        key: `effect:${item.contrast}`, title: item.contrast, unfiltered: single,
        value: (row) => (single ? row.effect : row.effects[c]),
        show: (row) => row.why[c] || number(single ? row.effect : row.effects[c], 3), missing: (row) => Boolean(row.why[c]),
      });
    });
    return columns;
  }

  // ---- table --------------------------------------------------------------------------------------------------
  async function show(id) {
    const option = [...picker.options].find((item) => item.value === id);
    picker.value = id;
    here?.table?.off("draw", tell);
    here?.table?.destroy();
    const element = byId("explorer-table");
    element.replaceChildren();
    byId("explorer-filters").replaceChildren();
    byId("explorer-why").replaceChildren();
    here = { id };
    if (option.dataset.genes === "0") {
      byId("explorer-words").textContent = `Nothing to show: ${option.textContent.split(" · ").pop()}.`;
      byId("explorer").dataset.ready = id;
      return;
    }
    const [data, genes, sets, page] = await Promise.all(
      [explorerData(id), ...["data-genes", "data-sets", "data-page"].map(block), tables()]);
    Object.assign(here, { data, columns: columnsOf(data), rows: explorerRows(data, genes), sets, filters: [], members: null });
    for (const item of data.contrasts) {
      const line = document.createElement("li");
      line.textContent = `${item.contrast} (${item.label}): ${item.why}`;
      byId("explorer-why").append(line);
    }
    buildFilters(page.named_sets);
    buildTable(element);
    byId("explorer").dataset.ready = id;
  }

  function buildTable(element) {
    const cell = (column) => (_value, type, row) => {
      if (type !== "display") return column.value(row) ?? Infinity;
      const text = escapeText(column.show(row));
      return column.missing?.(row) ? `<span class="missing">${text}</span>` : text;
    };
    const byP = here.columns.findIndex((column) => column.key === "p") + 1;
    here.table = new window.DataTable(element, {
      data: here.rows, pageLength: 10, lengthMenu: [10, 25, 100], order: [[byP, "asc"]], autoWidth: false, deferRender: true,
      layout: { topStart: "pageLength", topEnd: null },
      columns: [
        { data: "gene", title: "Gene", type: "string", render: (value, type) => (type === "display" ? escapeText(value) : value) },
        ...here.columns.map((column) => ({ data: null, title: escapeText(column.title), type: "num", searchable: false, render: cell(column) })),
        { data: null, title: "Look up", name: "links", orderable: false, searchable: false, className: "links",
          visible: byId("explorer-links").checked, render: (_value, type, row) => (type === "display" ? links(row) : "") },
      ],
    });
    here.table.search.fixed("filters", (_text, row) => keeps(row));
    here.table.on("draw", tell);
    here.table.draw();
  }

  // Plain links: nothing is asked for before somebody follows one.
  function links(row) {
    const to = (address, name) =>
      `<a href="${escapeText(address)}" target="_blank" rel="noopener noreferrer">${name}<span class="visually-hidden"> on ${escapeText(row.gene)}</span></a>`;
    const all = [];
    if (/^\d+$/.test(row.entrez)) all.push(to(`https://www.ncbi.nlm.nih.gov/gene/${row.entrez}`, "NCBI Gene"));
    if (/^ENS[A-Z]*\d+(\.\d+)?$/.test(row.ensembl)) all.push(to(`https://www.ensembl.org/id/${row.ensembl}`, "Ensembl"));
    all.push(to(`https://www.genecards.org/cgi-bin/carddisp.pl?gene=${encodeURIComponent(row.gene)}`, "GeneCards"));
    return all.join(" ");
  }

  function tell() {
    const left = here.table.rows({ search: "applied" }).count();
    byId("explorer-words").textContent = `${left.toLocaleString("en")} of ${here.rows.length.toLocaleString("en")} genes of the study are shown.` +
      (here.data.pooled ? ` On this page: ${here.data.step.length.toLocaleString("en")} of ${here.data.pooled.toLocaleString("en")} pooled genes ` +
        "(every gene of declared sets and panels, the smallest p-values, and an even sample of the rest); all are in pooled/…/genes.tsv.gz." : "");
  }

  // ---- filters ------------------------------------------------------------------------------------------------
  function keeps(row) {
    if (row.k === 0 && !byId("explorer-all").checked) return false;
    if (here.members && !here.members.has(row.index)) return false;
    if (here.wanted.length && !here.wanted.some((part) => row.gene.toUpperCase().includes(part))) return false;
    return here.filters.every(({ column, least, most }) => {
      if (least.value === "" && most.value === "") return true;
      const value = column.value(row);
      if (value === null) return false;
      return (least.value === "" || value >= Number(least.value)) && (most.value === "" || value <= Number(most.value));
    });
  }

  function buildFilters(named) {
    const holder = byId("explorer-filters");
    const field = (title, ...inputs) => {
      const set = document.createElement("fieldset");
      const legend = document.createElement("legend");
      legend.textContent = title;
      const range = document.createElement("div");
      range.className = "range";
      range.append(...inputs);
      set.append(legend, range);
      holder.append(set);
    };
    const text = document.createElement("input");
    text.type = "text";
    text.id = "explorer-gene";
    text.placeholder = "IFIT, MX1";
    text.setAttribute("aria-label", "Gene symbol contains, several divided by commas");
    field("Gene symbol contains", text);
    const set = document.createElement("select");
    set.id = "explorer-set";
    set.setAttribute("aria-label", "Genes of the set");
    const others = Object.keys(here.sets).filter((name) => here.sets[name].family !== "comparator" && !named.includes(name)).sort();
    set.append(new Option("all genes", ""), ...[...named.filter((name) => name in here.sets), ...others].map((name) => new Option(name, name)));
    field("Gene set", set);
    here.filters = here.columns.filter((column) => !column.unfiltered).map((column) => {
      const [least, most] = ["at least", "at most"].map((side) => {
        const input = document.createElement("input");
        input.type = "number";
        input.step = "any";
        input.placeholder = side;
        input.dataset.filter = `${column.key} ${side}`;
        input.setAttribute("aria-label", `${column.title} ${side}`);
        return input;
      });
      field(column.title, least, most);
      return { column, least, most };
    });
    here.wanted = [];
    let waiting = 0;
    const apply = () => {
      here.wanted = text.value.toUpperCase().split(/[\s,;]+/).filter(Boolean);
      here.members = set.value ? new Set(here.sets[set.value].genes) : null;
      here.table?.draw();
    };
    here.apply = apply;
    here.clear = () => { for (const input of holder.querySelectorAll("input, select")) input.value = ""; apply(); };
    holder.oninput = () => { clearTimeout(waiting); waiting = setTimeout(apply, 150); };
  }

  // ---- download -----------------------------------------------------------------------------------------------
  function table() {
    const { data } = here;
    const cells = [
      ["gene", (row) => row.gene], ["entrez", (row) => row.entrez], ["ensembl", (row) => row.ensembl], ["k", (row) => row.k],
      ["effect", (row) => row.effect], ["ci_low", (row) => row.low], ["ci_high", (row) => row.high], ["p_value", (row) => row.p],
      ...(data.q ? [["q_value", (row) => row.q]] : []),
      ...(data.heterogeneity_p ? [["q_p", (row) => row.heterogeneity]] : []),
      ...(data.i2 ? [["i2", (row) => row.i2], ["prediction_low", (row) => row.prediction_low], ["prediction_high", (row) => row.prediction_high]] : []),
      ...data.contrasts.flatMap((item, c) => [
        [`effect:${item.contrast}`, (row) => (data.contrasts.length === 1 ? row.effect : row.effects[c])],
        [`missing:${item.contrast}`, (row) => row.why[c]],
      ]),
    ];
    const rows = here.table.rows({ search: "applied", order: "applied" }).data().toArray();
    return [cells.map(([name]) => name), ...rows.map((row) => cells.map(([, value]) => value(row) ?? ""))];
  }

  function save() {
    if (!here?.table) return;
    download(URL.createObjectURL(new Blob([tsv(table())], { type: "text/tab-separated-values" })), `genes_${here.id}.tsv`);
  }

  // ---- start --------------------------------------------------------------------------------------------------
  starts.push(() => {
    if (!picker?.options.length) return;
    const showQuestion = (id) => { byId("explorer-question").textContent = byId(`card-${id}`)?.querySelector("h3")?.textContent ?? ""; return show(id); };
    picker.addEventListener("change", async () => { await showQuestion(picker.value); chose(); });
    keep("question", () => (picker.selectedIndex > 0 ? picker.value : ""), async (name) => {
      const ids = [...picker.options].map((option) => option.value);
      const wanted = ids.includes(name) ? name : ids[0];
      if (here ? here.id !== wanted : wanted !== ids[0]) await showQuestion(wanted);
    });
    byId("explorer-all").addEventListener("change", () => here?.table?.draw());
    byId("explorer-links").addEventListener("change", (event) => here?.table?.column("links:name").visible(event.target.checked));
    byId("explorer-save").addEventListener("click", save);
    byId("explorer-clear").addEventListener("click", () => here?.clear?.());
    drawSoon(byId("explorer-holder"), () => (here ? null : showQuestion(picker.value)));
  });
})();
