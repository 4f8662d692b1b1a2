"use strict";

// Counts as bars, each of which is a button that filters by what it counts.

const MOST_BARS = 10;

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

/** The most frequent values of a leaf. */
class TopValues {
  constructor(app, leaf) {
    this.app = app;
    this.leaf = leaf;
  }

  get title() {
    return `Top ${this.leaf.label}`;
  }

  get paths() {
    return [this.leaf.path];
  }

  draw(host, mask) {
    const { app, leaf } = this;
    const counts = rowsPerValue(leaf, mask);
    const order = Array.from(counts.keys()).filter((code) => counts[code]);
    order.sort((a, b) => counts[b] - counts[a]);
    if (!order.length) return fill(host, h("p", { class: "none" }, "No value among these papers."));
    const most = counts[order[0]];
    const rows = order.slice(0, MOST_BARS).map((code) => {
      const value = String(leaf.values[code]);
      return barRow({
        label: scalarLabel(leaf.values[code]),
        count: counts[code],
        of: most,
        text: compact(counts[code]),
        on: app.view.isOn(leaf.path, value),
        toggle: () => app.change((view) => view.toggleValue(leaf.path, value)),
        field: leaf.field,
      });
    });
    const rest = order.length - rows.length;
    const more = rest > 0 ? h("p", { class: "more" }, `and ${plural(rest, "other value")}`) : null;
    return fill(host, h("ol", { class: "bars" }, rows), more);
  }
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

/** How many of the records have each field. */
class Filled {
  constructor(app) {
    this.app = app;
  }

  get title() {
    return "Fields filled";
  }

  get paths() {
    return [];
  }

  draw(host, mask) {
    const { app } = this;
    const { model } = app;
    const records = countRows(mask, model.records, () => true);
    const rows = model.fields.map((field) => {
      const count = countRows(mask, model.records, (row) => field.count(row) > 0);
      return barRow({
        label: field.label,
        count,
        of: records,
        text: percent(count, records),
        on: app.view.has.has(field.path),
        toggle: () => app.change((view) => view.has.delete(field.path) || view.has.add(field.path)),
        field,
      });
    });
    return fill(host, h("ol", { class: "bars stacked" }, rows));
  }
}

function countRows(mask, end, test) {
  let count = 0;
  for (let row = 0; row < end; row += 1) if (mask[row] && test(row)) count += 1;
  return count;
}
