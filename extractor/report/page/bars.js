"use strict";

// Counts as bars, each of which is a button that filters by what it counts.

/** One bar: {label, count, of, text, on, toggle, colour}. */
function barRow({ label, count, of, text, on, toggle, field }) {
  const width = of ? Math.max(count ? 0.6 : 0, (100 * count) / of) : 0;
  const chart = s(
    "svg",
    { class: "bar", "aria-hidden": "true" },
    s("rect", { class: "bar-room", width: "100%", height: "100%", rx: 3 }),
    s("rect", { class: "bar-fill", width: `${width.toFixed(2)}%`, height: "100%", rx: 3 }),
  );
  return h(
    "li",
    { class: field ? hued(field) : null },
    h(
      "button",
      { type: "button", class: "bar-row", "aria-pressed": on ? "true" : "false", "data-key": label, click: toggle },
      h("span", { class: "bar-label" }, bdi(label)),
      chart,
      h("span", { class: "bar-count" }, text),
    ),
  );
}

/** In how many rows of a mask each value of a leaf stands. */
function rowsPerValue(leaf, mask) {
  const counts = new Uint32Array(leaf.values.length);
  const seen = new Int32Array(leaf.values.length).fill(-1);
  for (let row = 0; row < mask.length; row += 1) {
    if (!mask[row]) continue;
    for (let item = leaf.field.from(row); item < leaf.field.to(row); item += 1) {
      const code = leaf.codes[item];
      if (code < 0 || seen[code] === row) continue;
      seen[code] = row;
      counts[code] += 1;
    }
  }
  return counts;
}

/** How many rows of a mask, up to `end`, pass a test. */
function countRows(mask, end, test) {
  let count = 0;
  for (let row = 0; row < end; row += 1) if (mask[row] && test(row)) count += 1;
  return count;
}
