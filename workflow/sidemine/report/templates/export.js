// Pictures to take away: a chart together with what must not be parted from it (title, claim, n, mark of simulation), and one
// slide per answer. Made here, of what the page shows; nothing is asked of any server.
(() => {
  "use strict";
  const { byId, block, drawNow, redraw, charts, download, escapeText, isolated, starts } = window.sidemine;
  const pen = document.createElement("canvas").getContext("2d");
  const fonts = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
  const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
  const plain = (text) => (text ?? "").replace(/\s+/g, " ").replace(unseen, "").trim();
  const isolate = /[\u2068\u2069]/;

  // Names stay apart from the words around them, as <bdi> keeps them on the page.
  function textOf(part) {
    const copied = part?.cloneNode(true);
    for (const name of copied?.querySelectorAll("bdi") ?? []) name.textContent = isolated(plain(name.textContent));
    return (copied?.textContent ?? "").replace(/\s+/g, " ").replace(unseen, (one) => (isolate.test(one) ? one : "")).trim();
  }

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const simulated = () => Boolean(byId("simulated-banner"));
  const MARK = "SIMULATED DATA · not evidence about any drug or patient";

  // ---- text in a drawing ----------------------------------------------------------------------------------------
  function wrapped(text, width, size, weight) {
    pen.font = `${weight} ${size}px ${fonts}`;
    const lines = [""];
    const fits = (words) => pen.measureText(words).width <= width;
    for (const word of text.split(" ").filter(Boolean)) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (fits(longer)) { lines[lines.length - 1] = longer; continue; }
      if (lines.at(-1)) lines.push("");
      for (const letter of word) {
        if (!fits(lines.at(-1) + letter)) lines.push("");
        lines[lines.length - 1] += letter;
      }
    }
    return lines;
  }

  // One block of lines at a place; `bottom` is where the next one may begin.
  function paragraph(text, { x, y, width, size, weight = 400, fill = colour("ink") }) {
    const lines = text ? wrapped(text, width, size, weight) : [];
    const step = size * 1.32;
    const spans = lines.map((line, i) => `<tspan x="${x}" y="${(y + size + i * step).toFixed(1)}">${escapeText(line)}</tspan>`);
    return {
      svg: lines.length ? `<text xml:space="preserve" font-size="${size}" font-weight="${weight}" fill="${fill}">${spans.join(" ")}</text>` : "",
      bottom: y + lines.length * step,
    };
  }

  const sheet = (width, height, parts) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${fonts}">` +
    `<rect width="${width}" height="${height}" fill="${colour("surface")}"/>${parts.join("")}</svg>`;

  const box = (x, y, width, height, fill) => `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}"/>`;

  // ---- what belongs to a chart ----------------------------------------------------------------------------------
  async function cardOf(holder) {
    const card = holder.closest(".card");
    const found = (await block("data-verdicts")).verdicts.find((one) => one.hypothesis === card.dataset.hypothesis);
    const sizes = found.evidence.map((row) => `${plain(row.accession)} ${row.n_target} v ${row.n_reference}`);
    const groups = new Set(found.evidence.map((row) => `${isolated(plain(row.target_label))} v ${isolated(plain(row.reference_label))}`));
    return {
      question: textOf(card.querySelector("h3")), verdict: textOf(card.querySelector(".chip")), claim: textOf(card.querySelector(".plain")),
      doubt: plain(card.dataset.doubt),
      n: sizes.length ? `n (${groups.size === 1 ? [...groups][0] : "first v second group of each comparison"}): ${sizes.join("; ")}` : "n: no comparison belongs to the question",
      tone: getComputedStyle(card).getPropertyValue("--tone").trim(),
    };
  }

  // What the reader chose for a figure (gene, set, panel, colour), and what its caption then says.
  function chosenIn(holder, figure) {
    const boxes = [...(figure?.querySelectorAll("figcaption label") ?? [])].map((label) => `${plain(label.firstChild.textContent)}: ${plain(label.querySelector("select").selectedOptions[0]?.textContent)}.`);
    const filled = figure?.dataset.chart === "volcano" ? plain(byId(`rank-set-${figure.dataset.contrast}`)?.value) : "";
    const words = [...(figure?.querySelectorAll("[data-told]") ?? [])].map(textOf);
    return [...boxes, ...words, filled && `Filled: genes of ${filled}.`].filter(Boolean).join(" ");
  }

  // Swatches and their words that stand beside a figure, outside of its drawing.
  const legendOf = (figure) => [...(figure?.querySelectorAll("[data-legend] > span") ?? [])].map((part) => ({ words: textOf(part), fill: part.dataset.fill }));

  function swatches(pieces, { x, y, width, size }) {
    pen.font = `400 ${size}px ${fonts}`;
    const [side, step] = [size * 0.9, size * 1.5];
    const parts = [];
    let [left, line] = [x, y];
    for (const { words, fill } of pieces) {
      const long = (fill ? side + 5 : 0) + pen.measureText(words).width;
      if (left > x && left + long > x + width) { left = x; line += step; }
      if (fill) parts.push(`<rect x="${left}" y="${line + 2}" width="${side}" height="${side}" fill="${fill}" stroke="${colour("muted")}" stroke-width=".5"/>`);
      parts.push(`<text x="${(left + (fill ? side + 5 : 0)).toFixed(1)}" y="${(line + size).toFixed(1)}" font-size="${size}" fill="${colour("ink")}">${escapeText(words)}</text> `);
      left += long + 14;
    }
    return { svg: parts.join(""), bottom: pieces.length ? line + step : y };
  }

  async function about(holder) {
    const figure = holder.closest("figure");
    const title = textOf(holder.closest(".evidence-panel")?.querySelector("h4")) || textOf(figure?.querySelector("figcaption strong")) ||
      textOf(holder.closest("details[data-panel]")?.querySelector("summary"));
    // Of a description the first sentence is its title; the others hold what the figure shows.
    const described = plain(holder.getAttribute("aria-label")).split(/(?<=\.) /)[0];
    const source = textOf(figure?.querySelector(`.source[data-of="${CSS.escape(holder.id)}"]`)).replace(" in the results folder", "");
    const told = { title: (title || described).replace(/\.$/, ""), claim: "", chosen: chosenIn(holder, figure), legend: legendOf(figure), n: "", source };
    if (holder.closest(".card")) {
      const card = await cardOf(holder);
      return { ...told, claim: `${card.question} Answer: ${card.verdict.replace(/^\P{L}+/u, "")}.`, n: card.n };
    }
    const comparison = holder.closest(".contrast");
    if (comparison) {
      const data = await block(`data-contrast-${comparison.dataset.contrast}`);
      return { ...told, claim: `${[...comparison.querySelectorAll("h3 bdi")].map((name) => isolated(textOf(name))).join(" − ")} (${comparison.dataset.contrast}); positive: higher in the first.`,
        n: `n: ${data.target.length} v ${data.reference.length} samples` };
    }
    return told;
  }

  // A drawing of the study has its colours from the page: they go into the file with it, as they are now.
  const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font", "text-anchor", "opacity"];

  function drawnWith(svg) {
    const copy = svg.cloneNode(true);
    const now = [svg, ...svg.querySelectorAll("*")];
    for (const [i, part] of [copy, ...copy.querySelectorAll("*")].entries()) {
      const style = getComputedStyle(now[i]);
      for (const name of KEPT) {
        const value = style.getPropertyValue(name);
        part.style.setProperty(name, ["fill", "stroke"].includes(name) ? plainColour(value) : value);
      }
      for (const name of ["tabindex", "role", "class", "aria-label"]) part.removeAttribute(name);
    }
    const box = svg.viewBox.baseVal;
    const [width, height] = box?.width ? [box.width, box.height] : [svg.clientWidth, svg.clientHeight];
    for (const [name, value] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", width, height })) copy.setAttribute(name, value);
    return new XMLSerializer().serializeToString(copy);
  }

  // A mixed colour as programs beside browsers know it.
  const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  function plainColour(value) {
    if (!value.startsWith("color")) return value;
    dot.clearRect(0, 0, 1, 1);
    dot.fillStyle = value;
    dot.fillRect(0, 0, 1, 1);
    const [red, green, blue] = dot.getImageData(0, 0, 1, 1).data;
    return `rgb(${red}, ${green}, ${blue})`;
  }

  // A canvas of thousands of points stays one picture inside a picture; everything else is drawn as lines.
  async function drawing(holder, kind) {
    if (!charts.has(holder)) return drawnWith(holder.querySelector("svg"));
    const { view, renderer } = charts.get(holder);
    if (kind === "svg" || renderer === "svg") return (await view.toSVG()).replace(/^<\?xml[^>]*>/, "");
    const canvas = await view.toCanvas(2);
    return `<image width="${canvas.width / 2}" height="${canvas.height / 2}" href="${canvas.toDataURL("image/png")}"/>`;
  }

  const sizeOf = (svg) => ["width", "height"].map((side) => Number(new RegExp(`^<\\w+[^>]*\\s${side}="([\\d.]+)"`).exec(svg)[1]));

  async function framed(holder, kind) {
    const inner = await drawing(holder, kind);
    const [width, height] = sizeOf(inner);
    const told = await about(holder);
    const all = Math.ceil(Math.max(width, 480)) + 32;
    const parts = [];
    let y = 12;
    if (simulated()) {
      const mark = paragraph(MARK, { x: 16, y: 4, width: all - 32, size: 14, weight: 700, fill: colour("sim-ink") });
      parts.push(box(0, 0, all, mark.bottom + 4, colour("sim")), mark.svg);
      y += mark.bottom;
    }
    for (const [text, size, weight, fill] of [[told.title, 17, 700, "ink"], [told.claim, 14, 400, "ink"], [told.chosen, 13, 400, "ink"], [told.n, 13, 400, "soft"]]) {
      const part = paragraph(text, { x: 16, y, width: all - 32, size, weight, fill: colour(fill) });
      parts.push(part.svg);
      y = part.bottom + 2;
    }
    const legend = swatches(told.legend, { x: 16, y: y + 2, width: all - 32, size: 12 });
    parts.push(legend.svg);
    y = legend.bottom;
    parts.push(`<g transform="translate(16 ${y + 8})">${inner}</g>`);
    const foot = paragraph([textOf(document.querySelector("h1")), told.source, "made with sidemine"].filter(Boolean).join(" · "),
      { x: 16, y: y + height + 14, width: all - 32, size: 11, fill: colour("soft") });
    return { width: all, height: Math.ceil(foot.bottom) + 10, parts: [...parts, foot.svg] };
  }

  // ---- slide ----------------------------------------------------------------------------------------------------
  const [WIDE, HIGH, EDGE] = [1920, 1080, 72];

  // What is folded has no width, so its drawing would stand on the slide with its words cut.
  async function drawUnfolded(holder) {
    const unfolded = [];
    for (let part = holder.closest("details:not([open])"); part; part = holder.closest("details:not([open])")) {
      part.open = true;
      unfolded.push(part);
    }
    await drawNow(holder);
    const chart = charts.get(holder);
    if (chart && holder.clientWidth && chart.width !== holder.clientWidth) await redraw(holder, chart);
    for (const part of unfolded) part.open = false;
  }

  async function slide(card) {
    const told = await cardOf(card);
    const holder = card.querySelector(".chart[data-main]") ?? card.querySelector(".forest .chart") ?? card.querySelector(".chart");
    if (holder) await drawUnfolded(holder);
    const chart = holder && charts.get(holder);
    const foot = HIGH - 64;
    // Words are never cut: they are set smaller until all of them fit.
    let words;
    for (let scale = 1; scale >= 0.3; scale -= 0.05) {
      words = slideWords(told, Boolean(chart), scale);
      if (words.bottom <= foot - 16) break;
    }
    const parts = [...words.parts];
    if (chart) {
      const inner = await drawing(holder, "svg");
      const [width, height] = sizeOf(inner);
      const [left, top] = [WIDE * 0.46, words.top];
      const zoom = Math.min((WIDE - EDGE - left) / width, (foot - 16 - top) / height);
      parts.push(`<g transform="translate(${left} ${top}) scale(${zoom.toFixed(4)})">${inner}</g>`);
    }
    const source = [textOf(document.querySelector("h1")), "an association, no proof of a cause", "made with sidemine"].join(" · ");
    parts.push(paragraph(source, { x: EDGE, y: foot, width: WIDE - 2 * EDGE, size: 20, fill: colour("soft") }).svg);
    return sheet(WIDE, HIGH, parts);
  }

  function slideWords(told, beside, scale) {
    const parts = [box(0, 0, 18, HIGH, told.tone)];
    let y = 44;
    const add = (text, size, weight, fill, width, x = EDGE) => {
      const part = paragraph(text, { x, y, width, size: size * scale, weight, fill });
      parts.push(part.svg);
      y = part.bottom + 14 * scale;
    };
    if (simulated()) {
      parts.push(box(0, 0, WIDE, 58, colour("sim")), paragraph(MARK, { x: EDGE, y: 10, width: WIDE - 2 * EDGE, size: 28, weight: 700, fill: colour("sim-ink") }).svg);
      y += 44;
    }
    add(told.question, 46, 700, colour("ink"), WIDE - 2 * EDGE);
    add(told.verdict, 36, 700, told.tone, WIDE - 2 * EDGE);
    const top = y;
    const width = beside ? WIDE * 0.46 - EDGE - 48 : WIDE - 2 * EDGE;
    add(told.claim, 29, 500, colour("ink"), width);
    add(told.n, 24, 400, colour("soft"), width);
    const from = y + 8 * scale;
    y = from + 6 * scale;
    add(`Strongest reason to doubt: ${told.doubt}`, 25, 400, colour("ink"), width - 28, EDGE + 24);
    parts.push(box(EDGE, from, 8, y - from, colour("warn-line")));
    return { parts, top, bottom: y };
  }

  // ---- files ----------------------------------------------------------------------------------------------------
  async function png(svg, width, height) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext("2d").drawImage(image, 0, 0, width, height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }

  const save = (blob, name) => download(URL.createObjectURL(blob), name);

  async function saveChart(holder, kind) {
    const { width, height, parts } = await framed(holder, kind);
    const svg = sheet(width, height, parts);
    save(kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await png(svg, 2 * width, 2 * height), `${holder.id}.${kind}`);
  }

  function saveButton(words, job) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.addEventListener("click", job);
    return button;
  }

  window.sidemine.addSaveButtons = (holder) => {
    if (holder.parentElement.querySelector(".save")) return;
    const line = document.createElement("p");
    line.className = "save";
    line.append(...["svg", "png"].map((kind) => saveButton(`Save as ${kind.toUpperCase()}`, () => saveChart(holder, kind))));
    holder.after(line);
  };

  starts.push(() => {
    for (const card of document.querySelectorAll(".card[data-hypothesis]")) {
      const line = document.createElement("p");
      line.className = "save slide";
      line.append(saveButton("Slide (PNG 16:9)", async () => save(await png(await slide(card), WIDE, HIGH), `slide-${card.dataset.hypothesis}.png`)));
      card.querySelector("header").append(line);
    }
  });
  Object.assign(window.sidemine, { slide, plainColour });
})();
