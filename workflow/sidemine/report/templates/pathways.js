// Drawings of pathways: each gene is filled by its log2 fold change in the comparison that the reader chooses.
(() => {
  "use strict";
  const { byId, block, drawSoon, number, pWords, starts } = window.sidemine;

  // Fold change and p of the genes of a drawing in one comparison.
  async function found(contrast, wanted) {
    const [data, genes] = await Promise.all([block(`data-contrast-${contrast}`), block("data-genes")]);
    const rows = new Map();
    let index = 0;
    data.gene_step.forEach((step, i) => {
      index += step;
      if (wanted.has(genes.symbol[index])) rows.set(genes.symbol[index], { lfc: data.log2_fold_change[i] / 1000, p: data.p[i] });
    });
    return rows;
  }

  async function fill(figure) {
    const contrast = figure.querySelector("select").value;
    const parts = [...figure.querySelectorAll("[data-gene]")];
    const rows = await found(contrast, new Set(parts.map((part) => part.dataset.gene)));
    const most = Math.max(0.1, ...[...rows.values()].map((row) => Math.abs(row.lfc)));
    const limit = most < 1 ? Math.ceil(most * 10) / 10 : Math.ceil(most * 2) / 2;
    const measured = new Set(parts.map((part) => part.dataset.gene).filter((gene) => rows.has(gene))).size;
    const all = new Set(parts.map((part) => part.dataset.gene)).size;
    for (const part of parts) {
      const { gene } = part.dataset;
      const row = rows.get(gene);
      const words = row ? `${gene}: log2 fold change ${number(row.lfc, 3)}, p ${pWords(row.p)}` : `${gene}: not tested here`;
      const share = row ? Math.round(100 * Math.min(1, Math.abs(row.lfc) / limit)) : 0;
      const shape = part.matches("g") ? part.querySelector("rect, circle, ellipse, path, polygon") : part;
      shape?.classList.toggle("untested", !row);
      if (shape) shape.style.fill = row ? `color-mix(in srgb, var(--${row.lfc < 0 ? "lower" : "higher"}) ${Math.round(share * 0.7)}%, var(--surface))` : "";
      part.dataset.told = words;
      part.setAttribute("aria-label", words);
      let title = part.querySelector(":scope > title");
      if (!title) {
        title = document.createElementNS("http://www.w3.org/2000/svg", "title");
        part.prepend(title);
      }
      title.textContent = words;
    }
    figure.querySelector(".limit").textContent = `${measured} of ${all} genes tested here. Colour: log2 fold change, from −${limit} to +${limit}; dashed: not tested.`;
    const [low, none, high] = figure.querySelectorAll(".pathway-legend span");
    low.textContent = `−${limit}, lower in the first group`;
    none.textContent = "0";
    high.textContent = `+${limit}, higher`;
    for (const part of [low, none, high]) part.dataset.fill = window.sidemine.plainColour(getComputedStyle(part).borderLeftColor);
    figure.dataset.contrast = contrast;
    const drawing = figure.querySelector(".drawing");
    window.sidemine.nameSource(drawing.id, `contrasts/${contrast}/differential.tsv.gz`);
    window.sidemine.addSaveButtons(drawing);
  }

  starts.push(() => {
    for (const figure of document.querySelectorAll(".pathway")) {
      const open = (part) => part && window.sidemine.openComparison?.(figure.dataset.contrast, part.dataset.gene);
      for (const part of figure.querySelectorAll("[data-gene]")) {
        part.setAttribute("tabindex", "0");
        part.setAttribute("role", "button");
      }
      figure.addEventListener("click", (event) => open(event.target.closest("[data-gene]")));
      figure.addEventListener("keydown", (event) => {
        const part = event.target.closest("[data-gene]");
        if (part && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); open(part); }
      });
      byId(figure.querySelector("select").id).addEventListener("change", () => fill(figure));
      drawSoon(figure, () => fill(figure));
    }
  });
})();
