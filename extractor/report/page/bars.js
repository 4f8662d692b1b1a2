"use strict";

// Counts as bars, each of which is a button that filters by what it counts.

/** One bar: {label, short, note, count, of, text, on, toggle, field}; the note stands behind the label. */
function barRow({ label, short = label, note = null, count, of, text, on, toggle, field }) {
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
      h("span", { class: "bar-label", title: short === label ? null : label }, bdi(short), note ? h("span", { class: "bar-note" }, `, ${note}`) : null),
      chart,
      h("span", { class: "bar-count" }, text),
    ),
  );
}

/** How many rows of a mask, up to `end`, pass a test. */
function countRows(mask, end, test) {
  let count = 0;
  for (let row = 0; row < end; row += 1) if (mask[row] && test(row)) count += 1;
  return count;
}

/** What the bars of a chart measure, below them. */
function axisTitle(text) {
  return h("p", { class: "axis-title" }, text);
}
