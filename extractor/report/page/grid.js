"use strict";

// A table body of any length of which only the rows in sight exist. One row is the active one,
// which the keys move; the table keeps the focus, so that no row that goes takes it along.

const OVERSCAN = 6;
const TALLEST = 8e6; // browsers stop counting pixels somewhere above
const PRINTED_ROWS = 1000;

class Grid {
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
    const { total, height } = this.#heights();
    const top = total > height ? (this.active / this.rows.length) * height : this.active * this.rowHeight;
    const room = this.#room();
    const { scrollTop } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + room) this.scroller.scrollTop = top + this.rowHeight - room;
    this.#draw();
  }

  #room() {
    return this.scroller.clientHeight - (this.table.tHead?.offsetHeight ?? 0);
  }

  #heights() {
    const total = this.rows.length * this.rowHeight;
    return { total, height: Math.min(total, TALLEST) };
  }

  /** Which rows are in sight, and how much room stands for those above and below. */
  #window() {
    const { total, height } = this.#heights();
    const { scrollTop } = this.scroller;
    const shown = Math.ceil(this.#room() / this.rowHeight);
    const share = height > this.#room() ? Math.min(1, scrollTop / (height - this.#room())) : 0;
    const scaled = total > height;
    const at = scaled ? share * (this.rows.length - shown) : scrollTop / this.rowHeight;
    const first = Math.max(0, Math.floor(at) - OVERSCAN);
    const last = Math.min(this.rows.length, Math.floor(at) + shown + OVERSCAN);
    const above = scaled ? Math.max(0, scrollTop - (at - first) * this.rowHeight) : first * this.rowHeight;
    return { first, last, above, below: Math.max(0, height - above - (last - first) * this.rowHeight) };
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
    const page = Math.max(1, Math.floor(this.#room() / this.rowHeight) - 1);
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
