"use strict";

// The page as a whole: one view, and what is drawn from it.

const QUIET_BEFORE_CHARTS = 140;

class App {
  constructor(model) {
    this.model = model;
    this.search = new Search(model);
    this.order = new Order(model);
    this.view = View.parse(location.hash);
    drawUnfinished(model, byId("unfinished"));
    drawSummary(this, byId("summary"));
    drawAttention(this, byId("attention"));
    this.table = new PaperTable(this);
    this.filters = new Filters(this);
    this.paper = new PaperView(this);
    this.charts = new Charts(this, byId("charts"));
    this.drawChartsSoon = debounced(QUIET_BEFORE_CHARTS, () => this.#drawCharts(true));
    this.rememberSoon = debounced(300, () => this.#remember(false));
    addEventListener("popstate", () => this.#follow());
    addEventListener("hashchange", () => this.#follow());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("click", (event) => this.#openLinked(event));
    byId("skip").addEventListener("click", () => this.#goToPapers());
    byId("save-rows").addEventListener("click", (event) => saveRows(this, event.target));
    byId("keys-button").addEventListener("click", () => byId("keys").showModal());
    byId("keys-close").addEventListener("click", () => byId("keys").close());
  }

  start() {
    this.#apply();
    this.#drawCharts();
    performance.mark("drawn");
    this.#prepareSearch();
    this.#showPaper();
  }

  /** Change the view, show what comes of it, and keep it in the address. */
  change(mutate, { typing = false } = {}) {
    mutate(this.view);
    this.#apply();
    this.drawChartsSoon();
    if (typing) this.rememberSoon();
    else this.#remember(true);
  }

  /** Filter by one condition alone and go to the table. */
  showPapers(mutate) {
    this.change((view) => {
      view.clearFilters();
      mutate(view);
    });
    this.#goToPapers();
  }

  #goToPapers() {
    byId("papers-section").scrollIntoView({ behavior: calmMotion() ? "auto" : "smooth" });
    byId("papers").focus({ preventScroll: true });
  }

  /** A plain click on a link to a paper keeps the filter as it is now. */
  #openLinked(event) {
    const link = event.target.closest?.("a.paper-link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.open(Number(link.dataset.row));
  }

  sortBy(column) {
    const first = bigFirst(column);
    this.change((view) => {
      if (view.sort !== column.key) [view.sort, view.down] = [column.key, first];
      else if (view.down === first) view.down = !first;
      else [view.sort, view.down] = ["", false];
    });
  }

  hashOf(row) {
    return this.view.hashFor(this.model.keyOf(row));
  }

  open(row) {
    this.view.paper = this.model.keyOf(row);
    this.#remember(!this.paper.isOpen);
    this.#showPaper();
  }

  /** The paper was closed, by whatever means. */
  closed() {
    if (!this.view.paper) return;
    const place = this.rows.indexOf(this.model.rowOf(this.view.paper));
    this.view.paper = null;
    this.#remember(true);
    if (place >= 0) this.table.grid.activate(place);
  }

  /** Go to the paper before or after the one that is open. */
  step(by) {
    const row = this.rows[this.rows.indexOf(this.paper.row) + by];
    if (row !== undefined && this.rows.includes(this.paper.row)) this.open(row);
  }

  /** The rows that would be shown without the conditions on some paths, as a mask. */
  maskWithout(paths) {
    if (!paths.some((path) => this.view.is.has(path) || this.view.within.has(path))) return this.mask;
    const view = this.view.copy();
    for (const path of paths) {
      view.is.delete(path);
      view.within.delete(path);
    }
    return this.search.mask(view);
  }

  #apply() {
    this.mask = this.search.mask(this.view);
    this.rows = this.order.rows(this.view, this.mask);
    this.table.show(this.rows);
    this.filters.draw(this.rows.length);
  }

  #drawCharts(inTurn = false) {
    byId("charts-of").textContent =
      this.rows.length === this.model.rows ? "" : `of the ${plural(this.rows.length, "paper")} that ${this.rows.length === 1 ? "matches" : "match"}`;
    if (inTurn) this.charts.drawInTurn();
    else this.charts.draw();
  }

  #showPaper() {
    const row = this.view.paper ? this.model.rowOf(this.view.paper) : -1;
    if (row < 0) return this.paper.close();
    return this.paper.show(row, this.rows.indexOf(row), this.rows.length);
  }

  #remember(push) {
    const hash = this.view.toHash();
    if (hash === (location.hash || "#")) return;
    if (push) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
  }

  /** The address was changed: by a link, by hand, or by going back. */
  #follow() {
    const view = View.parse(location.hash);
    const same = filterOf(view) === filterOf(this.view);
    this.view = view;
    if (!same) {
      this.#apply();
      this.drawChartsSoon();
    }
    this.#showPaper();
  }

  /** What the search looks in is prepared while nothing else is to be done. */
  #prepareSearch() {
    if (!this.search.prepare(4000)) setTimeout(() => this.#prepareSearch(), 4);
    else {
      performance.mark("ready");
      document.documentElement.dataset.state = "ready";
    }
  }

  #key(event) {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key === "Escape" && event.target === this.filters.search && this.view.query)
      this.change((view) => { view.query = ""; });
    if (typing || this.paper.isOpen || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      event.preventDefault();
      this.filters.search.focus();
      this.filters.search.select();
    } else if (event.key === "?") byId("keys").showModal();
  }
}

function filterOf(view) {
  const copy = view.copy();
  copy.paper = null;
  return copy.toHash();
}

startPage((index) => {
  const model = new Model(index);
  document.documentElement.dataset.state = "drawing";
  new App(model).start();
});
