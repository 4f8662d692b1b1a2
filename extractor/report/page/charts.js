"use strict";

// Which charts a schema calls for, found from the shape of its values.

const MOST_STRIPS = 2;
const MOST_TOPS = 4;

/** The charts of a model in rows of twelve columns: [{chart, span}]. */
function chartsFor(app) {
  const { model } = app;
  if (!model.fields.length) return [];
  const strips = model.fields.flatMap(stripSpec).slice(0, MOST_STRIPS).map((spec) => new Strip(app, spec));
  const plainFirst = [...model.fields].sort((a, b) => a.isObject - b.isObject);
  const tops = plainFirst.flatMap(topLeaves).slice(0, MOST_TOPS).map((leaf) => new TopValues(app, leaf));
  const sources = ["year", "venue"].map((name) => model.source.leaf(name)).filter((leaf) => leaf?.values.length > 1);
  const heats = sources.map((leaf) => new Heat(app, leaf));
  const filled = model.fields.length > 1 ? [new Filled(app)] : [];
  if (!strips.length || !filled.length) return [...inRow(strips), ...inRows([...filled, ...tops]), ...inRow(heats)];
  const first = [{ chart: strips[0], span: 8 }, { chart: filled[0], span: 4 }];
  return [...first, ...inRow(strips.slice(1)), ...inRows(tops), ...inRow(heats)];
}

/** One row in which all are equally wide. */
function inRow(charts) {
  return charts.map((chart) => ({ chart, span: 12 / charts.length }));
}

function inRows(charts) {
  return charts.length === 5 ? [...inRow(charts.slice(0, 2)), ...inRow(charts.slice(2))] : inRow(charts);
}

function stripSpec(field) {
  const { measure, group } = field;
  if (!measure || measure.values.length < 2) return [];
  return [{ field, measure, group: field.isObject ? group : null }];
}

/** The leaves whose values are worth counting: names in a list, or texts that come back. */
function topLeaves(field) {
  const counted = ({ kind, values }) => kind !== "number" && values.length > 0;
  if (field.isObject) return field.leaves.filter((leaf) => leaf.kind === "text" && comesBack(field, leaf));
  return field.leaves.filter((leaf) => counted(leaf) && (field.list || leaf.kind === "flag" || isRepetitive(leaf)));
}

function comesBack(field, leaf) {
  const drawnAlready = leaf === field.group && field.measure;
  return !drawnAlready && leaf.name !== "unit" && leaf.values.length > 1 && leaf.rareness <= RAREST_KINDS;
}

class Charts {
  constructor(app, host) {
    this.app = app;
    this.parts = chartsFor(app).map(({ chart, span }) => {
      const body = h("div", { class: "chart-body" });
      const name = `chart-${chart.title.replace(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
      const heading = h("h3", { id: name }, capital(chart.title));
      host.append(h("section", { class: `card chart span-${span}`, "aria-labelledby": name }, heading, body));
      return { chart, body };
    });
    this.width = host.clientWidth;
    new ResizeObserver(debounced(80, () => this.#resized(host))).observe(host);
  }

  /** Draw all charts at once. */
  draw() {
    for (const part of this.parts) this.#draw(part);
  }

  /** Draw them one by one, so that no key waits longer than for one of them. */
  async drawInTurn() {
    const { mask } = this.app;
    for (const part of this.parts) {
      await new Promise((resolve) => setTimeout(resolve));
      if (this.app.mask !== mask) return;
      this.#draw(part);
    }
  }

  /** A chart shows all that it lets choose from: conditions on its own paths are left out. */
  #draw({ chart, body }) {
    keepingPlace(body, () => chart.draw(body, this.app.maskWithout(chart.paths)));
  }

  #resized(host) {
    if (host.clientWidth === this.width) return;
    this.width = host.clientWidth;
    this.draw();
  }
}

/** Draw anew what a body holds; what was open stays open, and the focus stays where it was. */
function keepingPlace(body, draw) {
  const open = body.querySelector("details")?.open ?? false;
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  draw();
  const details = body.querySelector("details");
  if (details) details.open = open;
  if (focused !== undefined) body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
