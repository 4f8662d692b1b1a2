"use strict";

// The registry of charts: each file of charts/ registers a class of its own and is not named
// anywhere else. Which charts a report has follows from the shape of its values.

const CHART_KINDS = [];
const WIDEST_ROW = 4;

/**
 * What all charts have; `draw(host, mask)` fills an element for the papers of a mask, also one
 * that is not on the page, for a file. Where there is `csv(mask)`, its rows can be saved as well.
 */
class Chart {
  row = 5; // of the page, shared with other charts
  weight = 1; // the chart's share of the row

  /** The charts of this class that a report calls for. */
  static chartsFor(app) {
    return [new this(app)];
  }

  constructor(app) {
    this.app = app;
  }

  /** The paths that the chart filters by: it shows all papers, whatever is chosen of these. */
  get paths() {
    return [];
  }

  /** Draw the chart anew where it stands on the page. */
  redraw() {}
}

function registerChart(kind) {
  CHART_KINDS.push(kind);
}

/** The charts of a report in rows of twelve columns: [{chart, span}]. */
function laidOut(app) {
  const rows = Map.groupBy(CHART_KINDS.flatMap((kind) => kind.chartsFor(app)), (chart) => chart.row);
  const inOrder = [...rows.keys()].sort((a, b) => a - b).map((row) => rows.get(row));
  return inOrder.flatMap((charts) => shared(charts.sort((a, b) => b.weight - a.weight)));
}

/** One row shared by weight, or two where it would be too crowded. */
function shared(charts) {
  const total = charts.reduce((sum, { weight }) => sum + weight, 0);
  if (total > WIDEST_ROW && charts.length > 1) {
    const half = Math.floor(charts.length / 2);
    return [...shared(charts.slice(0, half)), ...shared(charts.slice(half))];
  }
  return charts.map((chart) => ({ chart, span: (12 * chart.weight) / total }));
}

class Charts {
  constructor(app, host) {
    this.app = app;
    this.parts = laidOut(app).map(({ chart, span }) => {
      const body = h("div", { class: "chart-body" });
      const name = `chart-${chart.title.replace(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
      const heading = h("h3", { id: name }, capital(chart.title));
      const head = h("header", { class: "chart-head" }, heading, saveMenu(app, chart));
      host.append(h("section", { class: `card chart span-${span}`, "aria-labelledby": name }, head, body));
      const part = { chart, body };
      chart.redraw = () => this.#draw(part);
      return part;
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
