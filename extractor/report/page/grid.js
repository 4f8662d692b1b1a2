"use strict";

// A table body of any length of which only the rows in sight exist. One row is the active one,
// which the keys move; the table keeps the focus, so that no row that goes takes it along.

const OVERSCAN = 6;
const PRINTED_ROWS = 1000;

class Grid {
  static tallest = 8e6; // pixels; browsers stop counting somewhere above

  constructor({ scroller, table, renderRow, open }) {
    Object.assign(this, { scroller, table, renderRow, open });
    this.body = table.tBodies[0];
    this.rows = new Uint32Array();
    this.active = 0;
    this.made = new Map();
    scroller.addEventListener("scroll", () => this.#draw(), { passive: true });
    table.addEventListener("keydown", (event) => this.#key(event));
    this.body.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.refresh()).observe(scroller);
    addEventListener("beforeprint", () => this.#print());
    addEventListener("afterprint", () => this.refresh());
  }

  /** Show these rows from the first one on. */
  show(rows) {
    this.rows = rows;
    this.active = 0;
    this.scroller.style.setProperty("--rows", rows.length || 3);
    this.scroller.scrollTop = 0;
    this.refresh();
  }

  /** Draw all rows anew, for instance because the columns are others. */
  refresh() {
    this.made.clear();
    this.rowHeight = parseFloat(getComputedStyle(this.table).getPropertyValue("--row")) || 44;
    this.#draw();
  }

  /** Make a place in the list the active one and bring it into sight. */
  activate(place) {
    this.active = Math.max(0, Math.min(this.rows.length - 1, place));
    const { at, shown } = this.#scrolled();
    if (this.active < at) this.#scrollTo(this.active);
    else if (this.active + 1 > at + shown) this.#scrollTo(this.active + 1 - shown);
    this.#draw();
  }

  /** Pixels: of the rows in sight, and of all rows, as many as a browser can count. */
  get #room() {
    return this.scroller.clientHeight - (this.table.tHead?.offsetHeight ?? 0);
  }

  get #height() {
    return Math.min(this.rows.length * this.rowHeight, Grid.tallest);
  }

  /** The place of the uppermost row in sight, with its fraction, and how many are in sight. */
  #scrolled() {
    const shown = this.#room / this.rowHeight;
    const way = this.#height - this.#room;
    const share = way > 0 ? Math.min(1, this.scroller.scrollTop / way) : 0;
    return { at: share * Math.max(0, this.rows.length - shown), shown };
  }

  #scrollTo(at) {
    const { shown } = this.#scrolled();
    this.scroller.scrollTop = (at / (this.rows.length - shown)) * (this.#height - this.#room);
  }

  /** Which rows are to exist, and how much room stands for those above and below. */
  #window() {
    const { at, shown } = this.#scrolled();
    const { rowHeight } = this;
    const { scrollTop } = this.scroller;
    const uppermost = Math.ceil(at - scrollTop / rowHeight - 1e-6); // there is no room for more
    const first = Math.max(0, Math.floor(at) - OVERSCAN, uppermost);
    const above = Math.max(0, scrollTop - (at - first) * rowHeight);
    const room = Math.ceil((this.#height - above) / rowHeight - 1e-6);
    const last = Math.min(this.rows.length, Math.ceil(at + shown) + OVERSCAN, first + room);
    return { first, last, above, below: Math.max(0, this.#height - above - (last - first) * rowHeight) };
  }

  #draw() {
    const { first, last, above, below } = this.#window();
    const made = new Map();
    for (let place = first; place < last; place += 1) made.set(place, this.made.get(place) ?? this.#row(place));
    this.made = made;
    fill(this.body, spacer(above), [...made.values()], spacer(below));
    this.#mark();
  }

  #row(place) {
    const node = this.renderRow(this.rows[place]);
    node.id = `row-${place}`;
    node.dataset.place = place;
    node.setAttribute("aria-rowindex", place + 2);
    return node;
  }

  #mark() {
    for (const [place, node] of this.made) {
      node.classList.toggle("active", place === this.active);
      node.setAttribute("aria-selected", place === this.active ? "true" : "false");
    }
    if (this.made.has(this.active)) this.table.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.table.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    if (event.target !== this.table || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.#room / this.rowHeight) - 1);
    const moves = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) this.activate(this.active + moves[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && this.rows.length) this.open(this.rows[this.active]);
    else return;
    event.preventDefault();
  }

  /** A click anywhere in a row opens it; a link in it and selected words keep their own sense. */
  #click(event) {
    const node = event.target.closest("tr[data-place]");
    const link = event.target.closest("a");
    if (!node || event.ctrlKey || event.metaKey || event.shiftKey || link?.target) return;
    if (!getSelection().isCollapsed) return;
    event.preventDefault();
    this.active = Number(node.dataset.place);
    this.#mark();
    this.open(this.rows[this.active]);
  }

  #print() {
    const rows = Array.from(this.rows.subarray(0, PRINTED_ROWS), (row) => this.renderRow(row));
    document.querySelector(".print-note").classList.toggle("needed", this.rows.length > PRINTED_ROWS);
    fill(this.body, rows);
  }
}

function spacer(height) {
  const cellNode = h("td", { colspan: 99 });
  cellNode.style.height = `${height}px`;
  return h("tr", { class: "spacer", role: "presentation", "aria-hidden": "true", hidden: height === 0 }, cellNode);
}
