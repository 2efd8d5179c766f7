// What the reader chose, in the address: the comparison, the gene, every box that was filled in, what was unfolded. A copied
// link shows the same view, from a disk too, and the browser's back and forward work.
//
//   #part-of-the-page?contrast=…&gene=…&question=…&KEY=VALUE…&open=KEY,KEY&shut=KEY
//
// Nothing of an address is trusted: a name must be one that the page has, a value must be one that its box takes.
(() => {
  "use strict";
  const { byId, kept, start, starts, drawNow } = window.sidemine;
  const boxes = "main select, main input";
  const mark = { sidemine: true };
  const filled = new Map();
  const first = new Map();
  let at = "";
  let busy = false;

  // ---- names of boxes and folds ---------------------------------------------------------------------------------
  // The own id; else the nearest part with an id, and the place in it. Ids of the table library count its tables as they are
  // built, so they name nothing.
  const named = (part) => part.id && !part.id.startsWith("dt-");

  function keyOf(part, kind) {
    if (named(part)) return part.id;
    let around = part.parentElement;
    while (around && !named(around)) around = around.parentElement;
    return `${around?.id ?? "page"}.${[...(around ?? document).querySelectorAll(kind)].indexOf(part)}`;
  }

  const byKey = (selector, kind) => new Map([...document.querySelectorAll(selector)].map((part) => [keyOf(part, kind), part]));
  const allBoxes = () => byKey(boxes, "select, input");
  const allFolds = () => byKey("details", "details");
  const isKept = (box) => box.id === "contrast-picker" || box.id === "explorer-picker";

  const valueOf = (box) => (box.type === "checkbox" ? String(box.checked) : box.value);
  const freshValue = (box) => {
    if (box.type === "checkbox") return String(box.defaultChecked);
    return box.tagName === "SELECT" ? ([...box.options].find((option) => option.defaultSelected) ?? box.options[0])?.value ?? "" : box.defaultValue;
  };

  function fill(box, value) {
    if (value === valueOf(box)) return;
    if (box.type === "checkbox") box.checked = value === "true";
    else if (box.tagName !== "SELECT" || [...box.options].some((option) => option.value === value)) box.value = value;
    else return;
    for (const kind of ["input", "change"]) box.dispatchEvent(new Event(kind, { bubbles: true }));
  }

  // ---- writing --------------------------------------------------------------------------------------------------
  function address() {
    const told = new URLSearchParams();
    for (const [name, part] of kept) if (part.now()) told.set(name, part.now());
    for (const [key, value] of filled) told.set(key, value);
    const changed = [...allFolds()].filter(([key, fold]) => fold.open !== (first.get(key) ?? false));
    for (const [name, open] of [["open", true], ["shut", false]]) {
      const keys = changed.filter(([, fold]) => fold.open === open).map(([key]) => key);
      if (keys.length) told.set(name, keys.join(","));
    }
    const words = told.toString();
    return `#${encodeURIComponent(at)}${words ? `?${words}` : ""}`;
  }

  function write(asNew) {
    if (busy) return;
    const now = address();
    if (now === location.hash || (now === "#" && !location.hash)) return;
    history[asNew ? "pushState" : "replaceState"](mark, "", now);
  }

  // ---- reading --------------------------------------------------------------------------------------------------
  function plain(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return "";
    }
  }

  function read() {
    const [place, ...words] = location.hash.slice(1).split("?");
    return { place: plain(place), told: new URLSearchParams(words.join("?")) };
  }

  async function show(told) {
    // Boxes of what nobody came near yet are made first.
    const boxesToo = [...told.keys()].some((key) => !kept.has(key) && key !== "open" && key !== "shut");
    if (boxesToo) for (const id of ["contrasts", "explorer-holder"]) if (byId(id)) await drawNow(byId(id));
    for (const [name, part] of kept) await part.restore(told.get(name) ?? "");
    const folds = allFolds();
    const [open, shut] = ["open", "shut"].map((name) => new Set((told.get(name) ?? "").split(",")));
    for (const [key, fold] of folds) {
      const wanted = open.has(key) || (!shut.has(key) && (first.get(key) ?? false));
      if (fold.open !== wanted) fold.open = wanted;
    }
    for (const [key, box] of allBoxes()) {
      if (isKept(box)) continue;
      const wanted = told.get(key);
      if (wanted === null && !filled.has(key)) continue;
      filled.delete(key);
      fill(box, wanted ?? freshValue(box));
      if (wanted !== null && valueOf(box) === wanted) filled.set(key, wanted);
    }
  }

  // A place that is folded away, or in a comparison that is not shown, is opened first.
  async function go(place, scroll) {
    const target = place ? byId(place) : null;
    at = target ? place : "";
    if (!target) return;
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    const comparison = target.closest(".contrast");
    if (comparison && !comparison.classList.contains("shown")) await kept.get("contrast")?.restore(comparison.dataset.contrast);
    if (scroll) target.scrollIntoView();
  }

  async function follow() {
    // An entry without our mark is a link that was just followed: it changes the place and leaves what was chosen.
    const link = !history.state?.sidemine;
    const { place, told } = read();
    busy = true;
    try {
      if (!link || [...told].length) await show(told);
      await go(place, true);
    } finally {
      busy = false;
    }
    if (link) write(false);
  }

  starts.push(async () => {
    for (const [key, fold] of allFolds()) first.set(key, fold.open);
    const { place, told } = read();
    busy = true;
    try {
      if ([...told].length) await show(told);
      await go(place, Boolean(place));
    } finally {
      busy = false;
    }
    history.replaceState(mark, "", location.hash || location.href);
    window.addEventListener("popstate", follow);
    document.documentElement.addEventListener("chose", () => write(true));
    document.addEventListener("toggle", (event) => { if (event.target.tagName === "DETAILS") write(false); }, true);
    for (const kind of ["input", "change"]) {
      document.addEventListener(kind, (event) => {
        const box = event.target;
        if (busy || !box.matches?.(boxes) || isKept(box)) return;
        if (valueOf(box) === freshValue(box)) filled.delete(keyOf(box, "select, input"));
        else filled.set(keyOf(box, "select, input"), valueOf(box));
        write(false);
      });
    }
  });

  // The last script: every part has said how it starts.
  start();
})();
