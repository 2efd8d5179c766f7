// The whole calibration table, built when its heading is opened.
(() => {
  "use strict";
  const { byId, block, tables, escapeText, shown, starts } = window.sidemine;
  const percent = shown((value) => (value === null ? "—" : `${(100 * value).toFixed(1)} %`));
  const plain = shown((value) => (value === null ? "—" : value.toLocaleString("en")));
  const text = (value, type) => (type === "display" ? escapeText(value) : value);
  const columns = [
    ["scope", "Scope", text], ["subject", "Subject", text], ["null", "Null", text], ["quantity", "Quantity", text],
    ["test", "Test", text], ["family", "Family", text], ["level", "Level", plain], ["parameter", "Parameter", text],
    ["n", "n", plain], ["rate", "Rate", percent], ["ci_low", "CI low", percent], ["ci_high", "CI high", percent],
    ["upper_95", "Upper bound", percent], ["reading", "Reading", text], ["source", "Source", text], ["reason", "Reason", text],
  ];

  async function build() {
    const [data] = await Promise.all([block("data-calibration"), tables()]);
    const rows = data.scope.map((_scope, i) => Object.fromEntries(columns.map(([name]) => [name, data[name][i]])));
    new window.DataTable("#calibration-table", {
      data: rows, pageLength: 25, lengthMenu: [25, 100], order: [], autoWidth: false, deferRender: true,
      columns: columns.map(([name, title, render]) => ({ data: name, title, render, type: render === text ? "string" : "num" })),
    });
    byId("calibration-all").dataset.ready = "yes";
  }

  starts.push(() => byId("calibration-all")?.addEventListener("toggle", build, { once: true }));
})();
