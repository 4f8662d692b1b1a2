"use strict";

// Numbers by group on one axis: a dot for each where they are few enough to be told apart, else
// the shape of their distribution. Dragging along the axis keeps what lies between.

const MOST_STRIPS = 2;
const MOST_DOTS = 1200;
const MOST_GROUPS = 8;
const ROW_HEIGHT = 46;
const HEAD = 14;
const LEAST_DRAG = 5;
const LEAST_FOR_MEDIAN = 5;
const FOOT = 46; // pixels below the rows: the axis and its title

/** The numbers of a mask's rows by group, most first: [{name, items, values}], values sorted. */
function stripGroups(field, measure, group, mask) {
  const names = group ? [...group.values, ""] : [""];
  const lists = names.map(() => []);
  for (let row = 0; row < mask.length; row += 1) {
    if (!mask[row]) continue;
    for (let item = field.from(row); item < field.to(row); item += 1) {
      if (measure.codes[item] < 0) continue;
      const code = group ? group.codes[item] : -1;
      lists[code < 0 ? names.length - 1 : code].push(item);
    }
  }
  const all = names.map((name, i) => ({ name, items: lists[i], values: sortedValues(measure, lists[i]) }));
  return all.filter(({ items }) => items.length).sort((a, b) => b.items.length - a.items.length).slice(0, MOST_GROUPS);
}

function total(groups) {
  return groups.reduce((sum, { items }) => sum + items.length, 0);
}

function sortedValues(leaf, items) {
  return Float64Array.from(items, (item) => leaf.at(item)).sort();
}

class Strip extends Chart {
  static chartsFor(app) {
    const measured = app.model.fields.filter((field) => field.isMeasured).slice(0, MOST_STRIPS);
    return measured.map((field, i) => new Strip(app, field, i + 1));
  }

  constructor(app, field, row) {
    super(app);
    this.field = field;
    this.measure = field.measure;
    this.group = field.isObject ? field.group : null;
    this.units = this.measure.name === "factor" ? null : field.leaf("unit");
    this.relative = this.measure.name === "factor" ? null : field.leaf("relative");
    this.row = row;
    this.weight = 2;
  }

  get title() {
    const what = this.measure.name ? `${this.field.label}: ${words(this.measure.name)}` : this.field.label;
    return this.group ? `${what} by ${words(this.group.name)}` : what;
  }

  get paths() {
    return [this.measure.path, ...(this.group ? [this.group.path] : [])];
  }

  draw(host, mask) {
    const groups = stripGroups(this.field, this.measure, this.group, mask);
    if (!groups.length) return fill(host, h("p", { class: "none" }, "No value among these papers."));
    const width = Math.max(260, host.clientWidth);
    const longest = Math.max(...groups.map(({ name }) => textWidth(name || "none")));
    const left = this.group ? Math.min(150, width * 0.3, longest + 16) : 12;
    const right = width - Math.min(96, width * 0.2);
    this.unit = this.#unitOf(groups.flatMap(({ items }) => items));
    this.scale = scaleOf(groups.flatMap(({ values }) => [values[0], values.at(-1)]), left, right);
    const table = this.#table(groups);
    const legend = [total(groups) > MOST_DOTS ? "Shape: how the values are spread." : "Dot: one value."];
    if (groups.some((group) => this.#median(group) !== null)) legend.push("Line: the median of five values or more.");
    return fill(host, this.#svg(groups, width, left, right), h("p", { class: "more legend" }, legend.join(" ")), table);
  }

  #svg(groups, width, left, right) {
    const height = groups.length * ROW_HEIGHT + HEAD + FOOT;
    const count = total(groups);
    const radius = count > 150 || width < 420 ? 3.6 : 5;
    const draw =
      count > MOST_DOTS
        ? ({ values }, top) => ridge(values, this.scale, top, [left, right])
        : ({ items }, top) => this.#swarm(items, top, radius);
    const svg = s(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, class: hued(this.field, "strip"), role: "group" },
      this.#band(height, left, right),
      valueAxis(this.scale, { base: height - FOOT, left, right, unit: this.unit, title: this.#axisTitle() }),
      groups.some((group) => this.#median(group) !== null)
        ? s("text", { x: width - 2, y: 10, class: "side small" }, "median")
        : null,
      groups.map((group, i) => this.#row(group, i * ROW_HEIGHT + HEAD, draw, { width, left })),
    );
    svg.setAttribute("aria-label", `${this.title}: ${plural(count, "value")}`);
    this.#interact(svg, height, left, right);
    return svg;
  }

  /** The range that the view keeps. */
  #band(height, left, right) {
    const range = this.app.view.within.get(this.measure.path);
    if (!range) return null;
    const end = (value, otherwise) =>
      Number.isFinite(value) && (value > 0 || !this.scale.log)
        ? Math.min(right, Math.max(left, this.scale(value)))
        : otherwise;
    const [x, to] = [end(range[0], left), end(range[1], right)];
    return s("rect", { class: "band", x, width: Math.max(0, to - x), y: 0, height: height - FOOT });
  }

  /** The unit that items have in common; null where they have different ones. */
  #unitOf(items) {
    if (!this.units) return this.measure.name === "factor" ? "x" : "";
    const codes = new Set(items.map((item) => this.units.codes[item]));
    const [code] = codes;
    return codes.size > 1 ? null : code < 0 ? "" : String(this.units.values[code]);
  }

  /** Why items cannot be summed up, or null: units differ, or some are relative and some are not. */
  #mixed(items) {
    const differ = (leaf) => leaf !== null && new Set(items.map((item) => leaf.codes[item])).size > 1;
    if (differ(this.units)) return "units differ";
    return differ(this.relative) ? "some relative" : null;
  }

  /** The median of a group; null where values are few, which say more than it does, or are mixed. */
  #median({ items, values }) {
    if (values.length < LEAST_FOR_MEDIAN || this.#mixed(items)) return null;
    return Number(quantile(values, 0.5).toPrecision(3));
  }

  #axisTitle() {
    const what = words(this.measure.name || this.field.name);
    const unit = this.unit === null ? "units differ" : this.unit === "x" ? "×" : this.unit;
    const parts = [unit, this.scale.log ? "log scale" : ""].filter(Boolean);
    return parts.length ? `${what} (${parts.join(", ")})` : what;
  }

  #row(group, top, draw, { width, left }) {
    const middle = top + ROW_HEIGHT / 2;
    const count = group.values.length;
    const median = this.#median(group);
    const mixed = count < LEAST_FOR_MEDIAN ? null : this.#mixed(group.items);
    const x = median === null ? 0 : this.scale(median);
    return s(
      "g",
      { class: "strip-row" },
      this.group ? this.#label(group.name, left - 10, middle) : null,
      draw(group, top),
      median === null
        ? [
            s("text", { x: width - 2, y: middle + (mixed ? -2 : 4), class: "side small" }, plural(count, "value")),
            mixed ? s("text", { x: width - 2, y: middle + 13, class: "side small" }, mixed) : null,
          ]
        : [
            s("line", { x1: x, x2: x, y1: top + 6, y2: top + ROW_HEIGHT - 8, class: "median" }),
            s("text", { x: width - 2, y: middle - 2, class: "side" }, withUnit(median, this.#unitOf(group.items))),
            s("text", { x: width - 2, y: middle + 13, class: "side small" }, `of ${compact(count)}`),
          ],
    );
  }

  /** The name of a group is a button that filters by it. */
  #label(name, x, y) {
    const { app, group } = this;
    if (!name) return s("text", { x, y: y + 4, class: "group" }, "none");
    const toggle = () => app.change((view) => view.toggleValue(group.path, name));
    const on = app.view.isOn(group.path, name);
    const label = s("text", { x, y: y + 4, class: "group pick" }, clipTo(name, x));
    return pickButton({ key: name, label: `${words(group.name)} ${name}`, on }, toggle, label);
  }

  /** Dots open their paper; a drag along the axis becomes a filter. */
  #interact(svg, height, left, right) {
    const brush = s("rect", { class: "brush", y: 0, height: height - FOOT, width: 0 });
    svg.append(brush);
    const xOf = (event) => Math.min(right, Math.max(left, event.clientX - svg.getBoundingClientRect().left));
    let pressed = null; // where, and on what, the pointer went down
    const end = () => {
      pressed = null;
      brush.setAttribute("width", 0);
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("[role=button]")) return;
      pressed = { x: xOf(event), target: event.target };
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const drawn = pressed ? Math.abs(xOf(event) - pressed.x) : 0;
      if (drawn <= LEAST_DRAG) return this.#hover(event);
      brush.setAttribute("x", Math.min(pressed.x, xOf(event)));
      brush.setAttribute("width", drawn);
      return tip.hide();
    });
    svg.addEventListener("pointerup", (event) => {
      if (!pressed) return;
      const { x, target } = pressed;
      end();
      if (Math.abs(xOf(event) - x) > LEAST_DRAG) this.#keep([x, xOf(event)].sort((a, b) => a - b));
      else if (target.dataset.row) this.app.open(Number(target.dataset.row));
    });
    svg.addEventListener("pointercancel", end);
    svg.addEventListener("pointerleave", () => tip.hide());
  }

  #keep(ends) {
    const range = ends.map((end) => Number(this.scale.invert(end).toPrecision(3)));
    this.app.change((view) => view.within.set(this.measure.path, range));
  }

  /** A dot for each number, pushed up and down where they would lie on each other. */
  #swarm(items, top, radius) {
    const stacks = Map.groupBy(items, (item) => Math.round(this.scale(this.measure.at(item)) / (radius * 1.9)));
    return Array.from(stacks.values(), (stack) => {
      const step = Math.min(radius * 2, (ROW_HEIGHT - 16) / stack.length);
      return stack.map((item, k) => {
        const shift = (k % 2 ? -1 : 1) * Math.ceil(k / 2) * step;
        return this.#dot(item, top + ROW_HEIGHT / 2 - 2 + shift, radius);
      });
    });
  }

  #dot(item, y, radius) {
    const place = { cx: this.scale(this.measure.at(item)).toFixed(1), cy: y.toFixed(1), r: radius };
    return s("circle", { class: "dot", ...place, "data-row": this.field.rowOf(item), "data-item": item });
  }

  #hover(event) {
    const { row, item } = event.target.dataset;
    if (row === undefined) return tip.hide();
    const title = h("b", {}, bdi(clip(this.app.model.title(Number(row)), 90)));
    return tip.show(event, title, bdi(itemLabel(this.field, Number(item))));
  }

  #table(groups) {
    const rows = groups.map(({ name, items, values }) => {
      const unit = this.#unitOf(items);
      const mixed = this.#mixed(items);
      const cells = [0.1, 0.5, 0.9].map((share) => (mixed ? "–" : withUnit(quantile(values, share), unit)));
      return [name || (this.group ? "none" : "all"), whole(values.length), ...cells];
    });
    const heads = [this.group ? words(this.group.name) : "", "values", "10% below", "median", "90% below"];
    return dataTable(this.title, heads, rows);
  }
}

/** The smoothed distribution of many numbers. */
function ridge(values, scale, top, [left, right]) {
  const bins = Math.max(40, Math.round((right - left) / 6));
  const counts = new Float64Array(bins);
  for (const value of values) {
    const place = ((scale(value) - left) / (right - left)) * bins;
    counts[Math.min(bins - 1, Math.max(0, Math.floor(place)))] += 1;
  }
  const heights = smoothed(counts);
  const highest = Math.max(...heights);
  const base = top + ROW_HEIGHT - 8;
  const point = (height, i) => {
    const x = left + ((i + 0.5) / bins) * (right - left);
    return `${x.toFixed(1)},${(base - (height / highest) * (ROW_HEIGHT - 10)).toFixed(1)}`;
  };
  const line = Array.from(heights, point).join(" L");
  return [
    s("path", { class: "ridge", d: `M${left},${base} L${line} L${right},${base} Z` }),
    s("path", { class: "ridge-line", d: `M${line}` }),
  ];
}

function smoothed(counts) {
  const weights = [1, 4, 6, 4, 1];
  return counts.map((_, i) => {
    let sum = 0;
    weights.forEach((weight, k) => {
      sum += weight * (counts[i + k - 2] ?? 0);
    });
    return sum / 16;
  });
}

registerChart(Strip);
