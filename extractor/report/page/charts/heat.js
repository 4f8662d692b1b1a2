"use strict";

// How many of the papers of a year or a venue have each field.

const MOST_COLUMNS = { year: 24, venue: 14 };

class Heat extends Chart {
  static chartsFor(app) {
    const { fields, source } = app.model;
    const leaves = fields.length ? ["year", "venue"].map((name) => source.leaf(name)) : [];
    return leaves.filter((leaf) => leaf?.values.length > 1).map((leaf) => new Heat(app, leaf));
  }

  constructor(app, by) {
    super(app);
    this.by = by; // the leaf of the year or the venue
    this.row = 4;
  }

  get title() {
    return `Fields filled by ${this.by.name}`;
  }

  get paths() {
    return [this.by.path];
  }

  draw(host, mask) {
    host.classList.add("heat-host"); // its card is wide from the first drawing on
    const columns = heatColumns(this.app.model, this.by, mask);
    if (!columns.length) return fill(host, h("p", { class: "none" }, "None among these papers."));
    const legend = `Cells: how many percent of the papers of a ${this.by.name} have the field. Bars: its papers.`;
    return fill(host, this.#svg(columns, Math.max(260, host.clientWidth)), h("p", { class: "more legend" }, legend), this.#table(columns));
  }

  #svg(all, width) {
    const { fields } = this.app.model;
    const left = Math.min(150, width * 0.3);
    const columns = this.#fitting(all, width - left);
    const step = Math.min(92, (width - left) / columns.length);
    const [barHeight, rowHeight] = [40, 28];
    const longest = Math.max(...columns.map((column) => Math.min(14, column.name.length)));
    const slanted = longest * 6.6 + 6 > step;
    const height = barHeight + fields.length * rowHeight + (slanted ? 94 : 42);
    const most = Math.max(...columns.map((column) => column.papers));
    const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "heat", role: "group" });
    svg.setAttribute("aria-label", this.title);
    svg.append(
      s("text", { x: left - 10, y: barHeight - 8, class: "group" }, "papers"),
      ...fields.map((field, i) =>
        s("text", { x: left - 10, y: barHeight + (i + 0.5) * rowHeight + 4, class: "group" }, clipTo(field.label, left - 12)),
      ),
      s("text", { x: left + (columns.length * step) / 2, y: height - 4, class: "axis-name" }, this.by.name),
      ...columns.flatMap((column, i) => {
        const x = left + i * step;
        return [
          bar(column, x, step, barHeight, most),
          ...column.filled.map((count, k) =>
            cell(fields[k], count / column.papers, [x, barHeight + k * rowHeight], [step, rowHeight]),
          ),
          this.#label(column, x + step / 2, barHeight + fields.length * rowHeight + 16, slanted),
        ];
      }),
    );
    return svg;
  }

  /** As many columns as have room: the last years, the venues with the most papers. */
  #fitting(columns, room) {
    const least = this.by.name === "year" ? 30 : 34;
    const count = Math.max(1, Math.min(MOST_COLUMNS[this.by.name], Math.floor(room / least)));
    return this.by.name === "year" ? columns.slice(-count) : columns.slice(0, count);
  }

  /** A year or venue is a button that filters by it. */
  #label(column, x, y, slanted) {
    const { app, by } = this;
    const toggle = () => app.change((view) => view.toggleValue(by.path, column.name));
    const place = slanted
      ? { class: "tick slanted", transform: `translate(${x + 4} ${y - 4}) rotate(-38)` }
      : { class: "tick", x, y };
    const label = `${by.name} ${column.name}, ${plural(column.papers, "paper")}`;
    const on = app.view.isOn(by.path, column.name);
    return pickButton({ key: column.name, label, on, class: "pick" }, toggle, s("text", place, clip(column.name, 14)));
  }

  #table(columns) {
    const { fields } = this.app.model;
    const rows = columns.map((column) => [
      column.name,
      whole(column.papers),
      ...column.filled.map((count) => percent(count, column.papers)),
    ]);
    return dataTable(this.title, [this.by.name, "papers", ...fields.map((field) => field.label)], rows);
  }
}

/** [{name, papers, filled: count for each field}] of the records of a mask. */
function heatColumns(model, by, mask) {
  const columns = by.values.map((value) => ({ name: String(value), papers: 0, filled: model.fields.map(() => 0) }));
  for (let row = 0; row < model.records; row += 1) {
    const code = mask[row] && model.source.count(row) ? by.codes[model.source.from(row)] : -1;
    if (code < 0) continue;
    const column = columns[code];
    column.papers += 1;
    for (let k = 0; k < model.fields.length; k += 1) if (model.fields[k].count(row)) column.filled[k] += 1;
  }
  const byName = (a, b) => compare(a.name, b.name);
  const byPapers = (a, b) => b.papers - a.papers || byName(a, b);
  return columns.filter(({ papers }) => papers).sort(by.name === "year" ? byName : byPapers);
}

function bar(column, x, step, barHeight, most) {
  const height = Math.max(2, (column.papers / most) * (barHeight - 12));
  const rect = s("rect", { x: x + 1, width: Math.max(1, step - 2), y: barHeight - 6 - height, height, rx: 2, class: "papers-bar" });
  hint(rect, () => [`${column.name}: ${plural(column.papers, "paper")}`]);
  return rect;
}

function cell(field, share, [x, y], [width, height]) {
  const text = `${Math.round(share * 100)}`;
  const rect = s("rect", { x: x + 1, y: y + 1, width: Math.max(1, width - 2), height: height - 2, rx: 3, class: "heat-cell" });
  rect.style.setProperty("--share", share.toFixed(3));
  const group = s(
    "g",
    { class: hued(field, share > 0.72 ? "strong" : "") },
    rect,
    width >= 26 ? s("text", { x: x + width / 2, y: y + height / 2 + 4, class: "heat-share" }, text) : null,
  );
  hint(group, () => [`${field.label}: ${text}% of the papers`]);
  return group;
}

function hint(node, lines) {
  node.addEventListener("pointermove", (event) => tip.show(event, ...lines()));
  node.addEventListener("pointerleave", () => tip.hide());
}

registerChart(Heat);
