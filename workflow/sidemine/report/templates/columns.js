// Blocks come in a small form: columns as what is left of a prediction from other columns (columns.py says how). Here they are
// put back, digit by digit; whole numbers throughout, so that both sides predict the same.
window.sidemineColumns = (() => {
  "use strict";
  const first = 0x5d;
  const surrogates = [0xd800, 0xe000];

  // One character per number: missing, then 0, -1, 1, -2, 2 …
  function numbersOf(text) {
    if (Array.isArray(text)) return text; // a number was too large for one character
    const values = [];
    for (const character of text) {
      let code = character.codePointAt(0);
      if (code >= surrogates[1]) code -= surrogates[1] - surrogates[0];
      code -= first;
      values.push(code === 0 ? null : code % 2 ? (code - 1) / 2 : -code / 2);
    }
    return values;
  }

  function predictor(columns, [, kind, ...rest]) {
    if (kind === "linear") {
      const [parts, add, by] = rest;
      return (i) => {
        let sum = add;
        for (const [name, factor] of parts) {
          const value = columns[name][i];
          if (value === null) return 0;
          sum += value * factor;
        }
        return Math.floor(sum / by);
      };
    }
    if (kind === "ratio") {
      const [above, below] = [columns[rest[0]], columns[rest[1]]];
      return (i) => (above[i] !== null && below[i] > 0 ? Math.floor((above[i] * rest[2]) / (below[i] * rest[3])) : 0);
    }
    return () => 0;
  }

  function order(columns, [, , name, by]) {
    const values = columns[name];
    const below = columns[by];
    const keys = values.map((value, i) => {
      if (value === null) return -1;
      if (!below) return Math.abs(value);
      return below[i] > 0 ? Math.floor((Math.abs(value) * 1000) / below[i]) : -1;
    });
    return keys.map((_key, i) => i).sort((a, b) => keys[a] - keys[b] || a - b);
  }

  function decoded({ recipe, text }) {
    const columns = {};
    for (const step of recipe) {
      const left = numbersOf(text[step[0]]);
      if (step[1] === "along") {
        const values = new Array(left.length);
        let sum = 0;
        order(columns, step).forEach((row, i) => {
          if (left[i] !== null) sum += left[i];
          values[row] = left[i] === null ? null : sum;
        });
        columns[step[0]] = values;
      } else {
        const predicted = predictor(columns, step);
        columns[step[0]] = left.map((value, i) => (value === null ? null : value + predicted(i)));
      }
    }
    return columns;
  }

  const digits = (code) => (code === null ? null : (code % 900) + 100);
  const exponent = (code) => (code === null ? null : Math.floor(code / 900) - 302);

  function setRows({ tests, ...plain }) {
    const keys = Object.keys(plain);
    return (plain.gene_set ?? []).map((_name, i) => ({
      ...Object.fromEntries(keys.map((key) => [key, plain[key][i]])),
      tests: Object.fromEntries(Object.entries(tests).filter(([, fields]) => fields.p[i] !== "-").map(([test, fields]) =>
        [test, Object.fromEntries(Object.entries(fields).map(([field, values]) => [field, values[i]]))])),
    }));
  }

  return function restored(block) {
    if (block.left !== undefined) {
      const left = numbersOf(block.left);
      const wide = block.samples.length;
      block.values = numbersOf(block.middles).map((middle, row) =>
        left.slice(row * wide, (row + 1) * wide).map((value) => (value === null ? null : value + middle)));
    }
    if (block.coded) {
      for (const [path, values] of Object.entries(decoded(block.coded))) {
        let shown = values;
        if (block.numbers?.includes(path)) shown = values.map((code) => (code === null ? null : Number(`${digits(code)}e${exponent(code)}`)));
        if (block.digits?.includes(path)) shown = { digits: values.map(digits), exponent: values.map(exponent) };
        const at = path.indexOf(".");
        if (at < 0) block[path] = shown;
        else (block[path.slice(0, at)] ??= {})[path.slice(at + 1)] = shown;
      }
      delete block.coded;
      for (const key of ["sets", "descriptive"]) if (block[key]) block[key].rows = setRows(block[key].columns);
      block.effects ??= {};
    }
    return block;
  };
})();
