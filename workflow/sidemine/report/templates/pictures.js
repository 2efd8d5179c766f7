// Pictures of one comparison that choose what they show: principal components, declared panel, rank plot of a set. They need
// differences from a mean, ranks and running sums; no number of a table is computed here.
window.sidemine.pictures = (() => {
  "use strict";
  const { byId, draw, charts } = window.sidemine;

  // Labels stand in quotes, since no grammar fits what anybody may write; common words do not.
  const common = ["the first named group", "the second named group"];
  const inWords = (label) => (common.includes(label) ? label : `“${label}”`);

  // A chart's words name the groups of its comparison, and say log2; values without fold changes have words of their own.
  function inUnit(here, name) {
    const { difference, level } = here.data;
    const label = here.data.labels.map((text) => JSON.stringify(text));
    let words = JSON.stringify(here.page.specs[name]);
    if (difference) words = words.replaceAll("log2 fold change", difference).replaceAll("log2 difference", difference);
    if (level) words = words.replaceAll("log2 expression", level);
    // Last, so that no label is taken for one of these words.
    words = words.replaceAll('"target"', () => label[0]).replaceAll('"reference"', () => label[1])
      .replaceAll(common[0], () => inWords(label[0].slice(1, -1))).replaceAll(common[1], () => inWords(label[1].slice(1, -1)));
    return JSON.parse(words);
  }

  function groupOf(here) {
    const target = new Set(here.data.target);
    const reference = new Set(here.data.reference);
    return (sample) => (target.has(sample) ? here.data.labels[0] : reference.has(sample) ? here.data.labels[1] : "other");
  }

  // Shapes are groups; colours are groups, or the column that the reader chooses.
  function drawComponents(here) {
    const holder = byId(`components-${here.contrast}`);
    if (!holder) return null;
    const chooser = byId(`component-colour-${here.contrast}`);
    if (chooser.options.length === 1) {
      here.values.columns.forEach((column, i) => chooser.add(new Option(`${column.name} (${column.why})`, i)));
      chooser.addEventListener("change", () => drawComponents(here));
    }
    const column = chooser.value === "" ? null : here.values.columns[Number(chooser.value)];
    const position = new Map(here.values.samples.map((sample, i) => [sample, i]));
    const group = groupOf(here);
    let missing = 0;
    const samples = [];
    for (const [sample, [pc1, pc2]] of Object.entries(here.values.components)) {
      const found = column?.values[position.get(sample)] ?? null;
      if (column && found === null) { missing += 1; continue; }
      const value = column?.kind === "levels" ? column.levels[found] : found;
      samples.push({ sample, pc1, pc2, group: group(sample), value, told: value ?? group(sample) });
    }
    byId(`component-words-${here.contrast}`).textContent = missing ? `${missing} samples without a value are not drawn.` : "";
    const spec = inUnit(here, `components_${column?.kind ?? "group"}`);
    here.values.explained.slice(0, 2).forEach((share, i) => {
      spec.encoding[i ? "y" : "x"].axis.title = `PC ${i + 1} (${(100 * share).toFixed(0)} % of variance)`;
    });
    for (const channel of ["color", "shape"])
      if (spec.encoding[channel].type !== "quantitative") Object.assign(spec.encoding[channel].legend, wholeLabels(samples.map((one) => one[spec.encoding[channel].field])));
    return draw(holder, spec, { samples });
  }

  // Two levels that begin alike would be one if they were cut: a long one stands in lines.
  function wholeLabels(levels) {
    const lines = Object.fromEntries([...new Set(levels.map(String))].map((level) => [level, level.match(/.{1,34}(?=\s|$)|\S{1,34}/g)?.map((line) => line.trim()) ?? [level]]));
    return { labelExpr: `${JSON.stringify(lines)}[datum.label]`, labelLimit: 0 };
  }

  // ---- declared panel -----------------------------------------------------------------------------------------
  function drawHeat(here) {
    const chooser = byId(`heat-panel-${here.contrast}`);
    if (!chooser) return null;
    const panel = here.page.panels.find((one) => one.id === chooser.value);
    const holder = byId(`heat-${here.contrast}`);
    const words = byId(`heat-words-${here.contrast}`);
    const position = new Map(here.values.samples.map((sample, i) => [sample, i]));
    const row = new Map(here.values.genes.map((gene, i) => [gene, i]));
    const present = panel.genes.filter((gene) => row.has(gene));
    const total = panel.genes.length + panel.absent.length;
    const away = total - present.length;
    const more = panel.more ? ` ${panel.more} further genes are not drawn.` : "";
    words.textContent = `${present.length} of ${total} genes measured here${away ? `, ${away} not` : ""}.${more}`;
    if (!present.length) {
      holder.textContent = "No heat map: no gene of this panel was measured in this dataset.";
      return null;
    }
    const gap = Math.max(0.4, (here.data.target.length + here.data.reference.length) / 80);
    const style = getComputedStyle(document.documentElement);
    const means = new Map(present.map((gene) => [gene, meanOf(here, row.get(gene), position)]));
    // Columns by the panel's mean difference, highest first, within each group.
    const score = new Map([...here.data.target, ...here.data.reference].map((sample) => {
      const known = present.map((gene) => here.values.values[row.get(gene)][position.get(sample)] - means.get(gene)).filter(Number.isFinite);
      return [sample, known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : -Infinity];
    }));
    const sides = [];
    const columns = [];
    let x = 0;
    for (const [k, side] of ["target", "reference"].entries()) {
      const names = here.data[side];
      const group = here.data.labels[k];
      sides.push({ x, group, words: `n = ${names.length}: ${group}`, colour: style.getPropertyValue(`--${side}`).trim() });
      const ordered = [...names].sort((a, b) => score.get(b) - score.get(a) || (a < b ? -1 : 1));
      for (const sample of ordered) { columns.push({ sample, group, x }); x += 1; }
      x += gap;
    }
    const tracks = trackCells(here, columns, position, style);
    const cells = [];
    const sizes = [];
    for (const gene of present) {
      const values = here.values.values[row.get(gene)];
      const mean = means.get(gene);
      for (const column of columns) {
        const value = values[position.get(column.sample)];
        if (value === null || value === undefined || !Number.isFinite(mean)) continue;
        const difference = (value - mean) / 100;
        sizes.push(Math.abs(difference));
        cells.push({ ...column, x2: column.x + 1, gene: here.symbols[gene], value: difference });
      }
    }
    const most = Math.max(0.5, sizes.sort((a, b) => a - b)[Math.floor(sizes.length * 0.98)] ?? 1);
    const limit = Math.ceil(most * 2) / 2;
    const spec = inUnit(here, "heat");
    const rows = [...new Set(tracks.map((cell) => cell.track)), ...present.map((gene) => here.symbols[gene])];
    spec.height = Math.max(90, rows.length * 13);
    for (const layer of spec.layer) if (layer.encoding.y) layer.encoding.y.scale.domain = rows;
    spec.layer[0].encoding.color.scale.domain = [-limit, 0, limit];
    words.textContent += ` Colours end at ±${limit}${here.data.difference ? "" : " log2 units"}.`;
    return draw(holder, spec, { cells, sides, tracks, chosen: [] }, "canvas").then((view) => linked(here, holder, view, "heat", new Set(rows)));
  }

  // A view in which a click chooses a gene, and the chosen gene is marked where it is drawn: `marks[name]` does so.
  function linked(here, holder, view, name, genes, datum = (gene) => ({ gene })) {
    const follow = (again) => {
      again.addEventListener("click", (_event, item) => { if (item?.datum?.gene) here.choose(item.datum.gene); });
      here.marks[name] = (gene) => again.data("chosen", genes.has(gene) ? [datum(gene)] : []).run();
      here.marks[name](here.chosen);
    };
    follow(view);
    charts.get(holder).redrawn = follow;
    return view;
  }

  function meanOf(here, at, position) {
    const known = here.data.reference.map((sample) => here.values.values[at][position.get(sample)]).filter((value) => value !== null && value !== undefined);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : NaN;
  }

  // ---- tracks over the columns: what is recorded of each sample ------------------------------------------------
  const mostTracks = 4;
  const hues = ["#2b8cc4", "#e0701a", "#1a9e77", "#c472a8", "#a88412", "#5ab0d8", "#7b8794"];

  function trackCells(here, columns, position, style) {
    const wanted = here.values.columns.filter((column) => column.kind === "numbers" || column.levels.length <= hues.length).slice(0, mostTracks);
    const legend = byId(`tracks-${here.contrast}`);
    legend.replaceChildren();
    const unknown = style.getPropertyValue("--band").trim();
    const piece = (words, fill) => {
      const part = document.createElement("span");
      part.textContent = words;
      if (fill) { part.style.borderBottom = `3px solid ${fill}`; part.dataset.fill = fill; }
      legend.append(part, " ");
    };
    return wanted.flatMap((column) => {
      const used = columns.map((one) => column.values[position.get(one.sample)] ?? null);
      const numbers = used.filter((value) => value !== null);
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      const shade = (value) => column.kind === "levels" ? hues[value]
        : `hsl(265 45% ${Math.round(88 - 58 * (high > low ? (value - low) / (high - low) : 0.5))}%)`;
      piece(`${column.name}:`);
      if (column.kind === "levels") for (const level of [...new Set(numbers)].sort()) piece(column.levels[level], shade(level));
      else if (numbers.length) { piece(String(low), shade(low)); piece(`to ${high}`, shade(high)); }
      return columns.map((one, i) => ({
        ...one, x2: one.x + 1, track: column.name, fill: used[i] === null ? unknown : shade(used[i]),
        told: used[i] === null ? "not recorded" : column.kind === "levels" ? column.levels[used[i]] : String(used[i]),
      }));
    });
  }

  // ---- rank plot of a set -------------------------------------------------------------------------------------
  function drawRank(here, name) {
    // Of a thinned table, each gene's rank among all tested genes is on the page.
    here.ranked ??= here.data.tested ? [...here.rows].sort((a, b) => a.rank - b.rank)
      : [...here.rows].sort((a, b) => b.t - a.t || (a.gene < b.gene ? -1 : 1)).map((row, i) => ({ ...row, rank: i + 1 }));
    const all = here.data.tested ?? here.ranked.length;
    const set = here.sets[name] ?? { genes: [], weights: [] };
    const weights = new Map(set.genes.map((gene, i) => [gene, set.weights[i] ?? 1]));
    const every = Math.max(1, Math.ceil(here.ranked.length / 400));
    const curve = [];
    const members = [];
    here.ranked.forEach((row, i) => {
      if (i % every === 0 || i === here.ranked.length - 1) curve.push({ rank: row.rank, t: row.t });
      if (weights.has(row.index)) members.push({ gene: row.gene, rank: row.rank, t: row.t, weight: weights.get(row.index), way: row.t > 0 ? "higher" : "lower", place: "no" });
    });
    const measured = here.data.tested ? here.tests.sets.n_measured[here.tests.sets.gene_set.indexOf(name)] ?? members.length : members.length;
    if (members.length < measured) {
      byId(`rank-words-${here.contrast}`).textContent = `${members.length} of ${measured} measured genes of this set are on this page ` +
        "and drawn; no running sum and no leading edge without the others, which are in differential.tsv.gz.";
      return drawRanks(here, { curve, members, running: [], peak: [] }, all);
    }
    const { running, peak } = runningSum(members.filter((row) => row.weight > 0), all);
    const edge = peak.sum > 0 ? members.filter((row) => row.rank <= peak.rank) : members.filter((row) => row.rank >= peak.rank);
    for (const row of edge) if (row.weight > 0) row.place = "yes";
    const higher = members.filter((row) => row.t > 0).length;
    const named = edge.filter((row) => row.weight > 0).sort((a, b) => Math.abs(b.t) - Math.abs(a.t)).map((row) => row.gene);
    const repressed = members.some((row) => row.weight < 0) ? " Genes with a negative weight are drawn, but not part of the running sum." : "";
    byId(`rank-words-${here.contrast}`).textContent = members.length
      ? `${higher} of ${members.length} measured genes lie on the side of genes higher in ${inWords(here.data.labels[0])}, ${members.length - higher} on the other. ` +
        `Leading edge: ${named.length} genes (${named.slice(0, 8).join(", ")}${named.length > 8 ? " …" : ""}).${repressed}`
      : "No gene of this set was measured here.";
    return drawRanks(here, { curve, members, running, peak: members.length ? [peak] : [] }, all);
  }

  // Any gene has a rank, of the set or not.
  async function drawRanks(here, datasets, all) {
    const holder = byId(`rank-${here.contrast}`);
    const view = await draw(holder, inUnit(here, "rank"), { ...datasets, chosen: [] });
    const ranks = new Map(here.ranked.map((row) => [row.gene, row.rank]));
    return linked(here, holder, view, "rank", ranks, (gene) => ({ gene, rank: ranks.get(gene), late: ranks.get(gene) > all / 2 }));
  }

  // Running sum of GSEA with weight 1: up by the share of |t| at a gene of the set, down evenly at all others.
  function runningSum(members, all) {
    const total = members.reduce((sum, row) => sum + Math.abs(row.t), 0) || 1;
    const step = 1 / Math.max(1, all - members.length);
    const running = [{ rank: 0, sum: 0 }];
    let sum = 0;
    let before = 0;
    let peak = { rank: 1, sum: 0 };
    for (const row of members) {
      sum -= (row.rank - before - 1) * step;
      running.push({ rank: row.rank - 0.5, sum });
      if (Math.abs(sum) > Math.abs(peak.sum)) peak = { rank: row.rank, sum };
      sum += Math.abs(row.t) / total;
      running.push({ rank: row.rank, sum });
      if (Math.abs(sum) > Math.abs(peak.sum)) peak = { rank: row.rank, sum };
      before = row.rank;
    }
    running.push({ rank: all, sum: sum - (all - before) * step });
    return { running, peak };
  }

  return { inUnit, drawComponents, drawHeat, drawRank };
})();
