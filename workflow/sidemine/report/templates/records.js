// Small helps around the page's text: copy the methods, download tables and records, name each figure's source.
(() => {
  "use strict";
  const { byId, block, download, tsv, starts } = window.sidemine;
  const save = (text, type, name) => download(URL.createObjectURL(new Blob([text], { type })), name);

  // Where the clipboard is closed to a page (an old browser, a frame), the text is selected for the reader to copy.
  async function copy(source, told) {
    try {
      await navigator.clipboard.writeText(source.textContent);
      told.textContent = "Copied.";
    } catch {
      source.closest("details").open = true;
      getSelection().selectAllChildren(source);
      told.textContent = "The browser keeps its clipboard closed: the text below is selected, copy it from there.";
    }
  }

  // Lines of a cell become words apart; the note of a row is no cell.
  function cellText(cell) {
    const copied = cell.cloneNode(true);
    for (const note of copied.querySelectorAll(".row-note")) note.remove();
    for (const line of copied.querySelectorAll("br, li, div")) line.after(" ");
    return copied.textContent.replace(/\u00a0/g, " ");
  }

  function tableText(table) {
    const rows = [...table.rows].filter((row) => !row.classList.contains("note-row"));
    return tsv(rows.map((row) => [...row.cells].map(cellText)));
  }

  function addTableSave(table) {
    const line = document.createElement("p");
    line.className = "table-save";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Download this table (TSV)";
    button.dataset.table = table.dataset.download;
    button.addEventListener("click", () => save(tableText(table), "text/tab-separated-values", `${table.dataset.download}.tsv`));
    line.append(button, ` from ${table.dataset.source}`);
    (table.closest(".scroll") ?? table).after(line);
  }

  function nameSource(id, path) {
    const figure = byId(id)?.closest("figure");
    if (!figure) return;
    figure.querySelector(`.source[data-of="${id}"]`)?.remove();
    const line = document.createElement("p");
    line.className = "source";
    line.dataset.of = id;
    const link = document.createElement("a");
    link.href = path.split("/").map(encodeURIComponent).join("/");
    link.textContent = path;
    line.append("Data: ", link, " in the results folder");
    figure.append(line);
  }

  window.sidemine.nameSource = nameSource;

  starts.push(async () => {
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.addEventListener("click", () => copy(byId(button.dataset.copy), byId("methods-copied")));
    }
    for (const table of document.querySelectorAll("table[data-download]")) addTableSave(table);
    for (const button of document.querySelectorAll("button[data-block]")) {
      button.addEventListener("click", async () =>
        save(JSON.stringify(await block(button.dataset.block), null, 1) + "\n", "application/json", button.dataset.name));
    }
    for (const [id, path] of Object.entries(await block("data-sources"))) nameSource(id, path);
  });
})();
