// What every part of the page uses: packed data, words, charts, downloads. Other scripts add to `sidemine`.
window.sidemine = (() => {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const byId = (id) => document.getElementById(id);
  const blocks = new Map();
  const charts = new Map();
  const starts = [];
  const kept = new Map();

  // ---- data ---------------------------------------------------------------------------------------------------
  // What the first charts need stands before this script, all other data behind it: they are drawn while these are read.
  const early = new Set([...document.querySelectorAll("script[type='application/octet-stream']")].map((part) => part.id));
  const parsed = new Promise((done) => { document.addEventListener("DOMContentLoaded", done); });

  function block(id) {
    if (!blocks.has(id)) blocks.set(id, unpack(id).then((found) => found.json()));
    return blocks.get(id);
  }

  async function unpack(id) {
    if (!early.has(id)) await parsed;
    const letters = atob(byId(id).textContent);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  }

  // Libraries come packed. Each becomes an inline script, which the page's policy lets run by its hash.
  async function library(id) {
    const script = document.createElement("script");
    script.textContent = await (await unpack(id)).text();
    document.head.append(script);
  }

  let tableLibrary = null;
  const tables = () => (tableLibrary ??= library("library-tables"));

  // ---- words --------------------------------------------------------------------------------------------------
  const superscript = (text) => [...text].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"["0123456789".indexOf(c)] ?? "⁻").join("");
  const number = (value, digits = 2) =>
    value === null || value === undefined || !Number.isFinite(value) ? "—" : value.toFixed(digits).replace(/^-(?=0\.?0*$)/, "").replace("-", "−");

  function pWords(value) {
    if (value === null || value === undefined) return "—";
    if (value <= 1e-300) return "< 10⁻³⁰⁰";
    if (value >= 0.0995) return value.toFixed(2);
    if (value >= 0.001) return value < 0.01 ? String(Number(value.toPrecision(2))) : value.toFixed(3);
    const [mantissa, exponent] = value.toExponential(1).split("e");
    return `${mantissa} × 10${superscript(exponent)}`;
  }

  const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  const escapeText = (text) => String(text).replace(/[&<>"']/g, (character) => escapes[character]);
  // Names that are read from right to left stand apart from their neighbours: a number beside one keeps its place. HTML has <bdi>.
  const isolated = (name) => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/.test(name) ? `\u2068${name}\u2069` : name);
  const shown = (words) => (value, type) => (type === "display" ? escapeText(words(value)) : value ?? Infinity);
  const button = (value, type) =>
    type === "display" ? `<button type="button" class="pick">${escapeText(value)}</button>` : value;

  // ---- charts -------------------------------------------------------------------------------------------------
  function coloured(part, style) {
    if (typeof part === "string" && part.startsWith("@")) return style.getPropertyValue(`--${part.slice(1)}`).trim();
    if (Array.isArray(part)) return part.map((item) => coloured(item, style));
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, coloured(item, style)]));
  }

  // A title is as long as the name that somebody wrote: a narrow figure writes it smaller, then cuts its end, never its start.
  const room = "max(width, containerSize()[0] || 0)";
  const look = {
    background: "transparent", font: "system-ui, sans-serif", view: { stroke: null },
    axis: { labelColor: "@soft", titleColor: "@ink", gridColor: "@line", domainColor: "@muted", tickColor: "@muted",
            titleFontWeight: 600, labelFontSize: 11, titleFontSize: 12, gridOpacity: 0.6 },
    axisX: { titleLimit: { expr: `${room} - 8` }, titleFontSize: { expr: `${room} < 420 ? 10 : 12` } },
    legend: { labelColor: "@ink", titleColor: "@ink" },
  };

  // A browser may lay out what it hides, and so give a width to what is folded away; asking for that width makes it do so.
  const isFolded = (holder) => !holder.checkVisibility() || holder.clientWidth === 0;

  async function draw(holder, spec, datasets, renderer = "svg") {
    charts.get(holder)?.view?.finalize();
    const style = getComputedStyle(root);
    const full = { ...coloured(spec, style), ...(datasets ? { datasets } : {}) };
    // What is folded away has no width yet, or not the one that it unfolds to: it is drawn for paper, and again when it is unfolded.
    const folded = full.width === "container" && isFolded(holder);
    if (folded) full.width = 560;
    const { view } = await window.vegaEmbed(holder, full, {
      actions: false, ast: true, renderer, config: coloured(look, style), defaultStyle: false,
      tooltip: { disableDefaultStyle: true, formatTooltip }, logLevel: 1,
    });
    // One picture with one description for screen readers; the tables beside it hold every number.
    holder.setAttribute("role", "img");
    holder.setAttribute("aria-label", spec.description);
    holder.querySelector("svg, canvas")?.setAttribute("aria-hidden", "true");
    // A mark that stands for a comparison opens it, with its gene where it has one.
    view.addEventListener("click", (_event, item) => {
      if (item?.datum?.contrast) window.sidemine.openComparison?.(item.datum.contrast, item.datum.gene);
    });
    charts.set(holder, { view, spec, datasets, renderer, width: folded ? 0 : holder.clientWidth });
    window.sidemine.addSaveButtons(holder);
    return view;
  }

  // The volcano hands over its whole row (cheaper than one expression per point); other charts their named values.
  function formatTooltip(value) {
    if (value === null || typeof value !== "object") return escapeText(value);
    const shownParts = "p_words" in value
      ? { gene: value.gene, [value.difference ?? "log2 fold change"]: number(value.lfc, 3), p: value.p_words, q: value.q_words } : value;
    const lines = Object.entries(shownParts).map(([key, item]) =>
      `<tr><td class="key">${escapeText(key)}</td><td class="value">${escapeText(item)}</td></tr>`);
    return `<table><tbody>${lines.join("")}</tbody></table>`;
  }

  function download(url, name) {
    const link = document.createElement("a");
    link.href = url;
    // Pictures and records tell by themselves that they are simulated; of a table only its name can.
    link.download = byId("simulated-banner") && name.endsWith(".tsv") ? `simulated_${name}` : name;
    link.click();
  }

  // ---- tables for a spreadsheet ---------------------------------------------------------------------------------
  // Titles, notes and metadata are free text of study sheets and public records. A spreadsheet takes a cell that begins
  // with = + - or @ for a formula, and may cut a cell at , or ; first: an apostrophe keeps such text what it is.
  const numeral = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$|^-?Infinity$/i;

  function safeCell(value) {
    const text = String(value ?? "").replace(/[\s\0]+/g, " ").trim();
    if (numeral.test(text)) return text;
    const plain = text.replace(/(^|[,;|"]\s*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g, "$1'");
    return plain.includes('"') ? `"${plain.replaceAll('"', '""')}"` : plain;
  }

  const tsv = (rows) => rows.map((cells) => cells.map(safeCell).join("\t") + "\n").join("");

  // ---- charts that wait until they are near the window ----------------------------------------------------------
  const waiting = new Map();
  const wanted = [];
  let drawing = false;
  const near = new IntersectionObserver((entries) => {
    wanted.push(...entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target));
    drawWanted();
  }, { rootMargin: "400px" });

  // One after the other, with a frame between: a chart is seen while the next one is drawn. A hidden page has no frames.
  async function drawWanted() {
    if (drawing) return;
    drawing = true;
    try {
      while (wanted.length) {
        await drawNow(wanted.shift());
        if (!document.hidden) await frame();
      }
    } finally {
      drawing = false;
    }
  }

  const frame = () => new Promise((done) => requestAnimationFrame(() => window.setTimeout(done)));

  // Draw once the holder comes near; whatever is still waiting when the browser is idle is drawn then, for print.
  function drawSoon(holder, job) {
    if (!holder) return;
    waiting.set(holder, job);
    near.observe(holder);
  }

  async function drawNow(holder) {
    const job = waiting.get(holder);
    if (!job) return;
    waiting.delete(holder);
    near.unobserve(holder);
    await job();
  }

  // What the reader asked for comes before what is only drawn for print.
  let asked = 0;

  async function ahead(job) {
    asked += 1;
    try {
      return await job();
    } finally {
      asked -= 1;
    }
  }

  async function idle() {
    do await new Promise((done) => (window.requestIdleCallback ?? window.setTimeout)(done)); while (asked);
  }

  // What can be seen before what is folded away, from the top of the page to its end.
  const inOrder = () => {
    const all = [...document.querySelectorAll("[id]")].filter((holder) => waiting.has(holder));
    const folded = new Map(all.map((holder) => [holder, isFolded(holder)]));
    return [...all.filter((holder) => !folded.get(holder)), ...all.filter((holder) => folded.get(holder))];
  };

  async function drawRest() {
    while (waiting.size) {
      await idle();
      for (const holder of inOrder()) {
        await drawNow(holder);
        await idle();
      }
    }
    root.dataset.complete = "yes";
  }

  async function start() {
    const [page] = await Promise.all([block("data-page"), library("library-charts")]);
    for (const one of starts) await one(page);
    root.dataset.ready = "yes";
    await drawRest();
  }

  dark.addEventListener("change", async () => {
    root.classList.toggle("dark", dark.matches);
    for (const [holder, chart] of [...charts]) await redraw(holder, chart);
  });

  async function redraw(holder, chart) {
    const view = await draw(holder, chart.spec, chart.datasets, chart.renderer);
    if (chart.redrawn) { charts.get(holder).redrawn = chart.redrawn; chart.redrawn(view); }
  }

  // ---- what the address tells -----------------------------------------------------------------------------------
  // A part of the page names what the reader chose in it: `now` tells it ("" for what a fresh page shows), `restore` shows it
  // again and takes "" or a value that may be anybody's. state.js writes all of them into the address.
  const keep = (name, now, restore) => kept.set(name, { now, restore });
  const chose = () => root.dispatchEvent(new Event("chose"));

  document.addEventListener("toggle", async (event) => {
    if (!event.target.open || printing) return;
    for (const [holder, chart] of [...charts])
      if (event.target.contains(holder) && holder.clientWidth && holder.clientWidth !== chart.width) await redraw(holder, chart);
  }, true);

  // On paper nothing can be unfolded: what every reader must know, and every figure, is open there. Tables behind a heading
  // stay in the files that they come from.
  let printing = false;
  let opened = [];
  window.addEventListener("beforeprint", () => {
    printing = true;
    const closed = [...document.querySelectorAll("details:not([open])")];
    opened = closed.filter((part) => part.matches(".notice, .fold") || part.querySelector(".chart"));
    for (const part of opened) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
    printing = false;
  });

  return { start, tables, byId, block, draw, drawSoon, drawNow, ahead, redraw, charts, download, tsv, number, pWords, escapeText, isolated, shown, button, starts, kept, keep, chose };
})();
