"use strict";

// The table of all papers: its columns, its cells, and what a click on a head does.

const CHIP_LINES = 2;
const CARD_ROOM = 300; // pixels for chips where the table is a list of cards

class PaperTable {
  constructor(app) {
    this.app = app;
    this.table = byId("papers");
    this.columns = tableColumns(app.model);
    this.grid = new Grid({
      scroller: byId("papers-scroll"),
      table: this.table,
      renderRow: (row) => this.#row(row),
      open: (row) => app.open(row),
    });
    new ResizeObserver(() => this.#fitColumns()).observe(byId("papers-scroll"));
  }

  get visible() {
    return this.columns.filter((column) => !this.app.view.hidden.has(column.key));
  }

  /** Show the rows in the view's columns. */
  show(rows) {
    this.hits = hitPattern(this.app.view.query);
    this.#heads();
    this.table.setAttribute("aria-rowcount", rows.length + 1);
    byId("no-paper").hidden = rows.length > 0;
    byId("no-paper-clear").hidden = !this.app.view.isFiltered;
    byId("no-paper-why").textContent = this.app.view.isFiltered ? "No paper matches." : "There are no papers.";
    this.grid.show(rows);
  }

  /** Draw the heads anew where a column, or what it is sorted by, has changed. */
  #heads() {
    const columns = this.visible;
    const { sort, down } = this.app.view;
    const drawn = JSON.stringify([sort, down, columns.map(({ key }) => key)]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.shown = columns;
    this.table.setAttribute("aria-colcount", columns.length);
    const values = columns.filter(({ key }) => key !== "id" && key !== "title");
    byId("papers-scroll").classList.toggle("few", values.length < 2); // as cards they take less room
    fill(this.table.querySelector("colgroup"), columns.map(() => h("col")));
    const focused = document.activeElement?.closest?.("th")?.dataset.key;
    fill(this.table.tHead.rows[0], columns.map((column, i) => this.#head(column, i)));
    this.#fitColumns();
    if (focused) this.table.tHead.querySelector(`[data-key="${CSS.escape(focused)}"] button`)?.focus();
  }

  #head(column, i) {
    const { view } = this.app;
    const on = view.sort === column.key;
    const direction = on ? (view.down ? "descending" : "ascending") : "none";
    const arrow = h("span", { class: "arrow", "aria-hidden": "true" }, on ? (view.down ? "↓" : "↑") : "");
    const label = h("span", { class: column.field?.own ? hued(column.field, "head-label") : "head-label" }, column.label);
    return h(
      "th",
      { scope: "col", role: "columnheader", "aria-sort": direction, "aria-colindex": i + 1, "data-key": column.key, class: column.numeric ? "numeric" : null },
      h("button", { type: "button", title: `Sort by ${column.label}`, click: () => this.app.sortBy(column) }, label, arrow),
    );
  }

  #fitColumns() {
    const columns = this.visible;
    const room = byId("papers-scroll").clientWidth;
    const least = columns.reduce((sum, column) => sum + column.least, 0);
    const shares = columns.reduce((sum, column) => sum + column.share, 0);
    const spare = Math.max(0, room - least);
    this.table.style.width = `${Math.max(room, least)}px`;
    byId("papers-scroll").style.setProperty("--bar", least > room ? "14px" : "0px");
    const nodes = this.table.querySelectorAll("col");
    columns.forEach((column, i) => {
      column.width = Math.floor(column.least + (spare * column.share) / shares);
      if (nodes[i]) nodes[i].style.width = `${column.width}px`;
    });
  }

  #row(row) {
    const failed = this.app.model.failed(row);
    const cells = this.shown.map((column) => this.#cell(column, row));
    return h("tr", { role: "row", class: failed ? "failed" : null }, cells);
  }

  #cell(column, row) {
    const content = column.key === "title" ? this.#title(row) : column.content(row, this.#room(column));
    const attributes = { role: "gridcell", class: column.kind, "data-label": column.label };
    return h("td", attributes, content ?? h("span", { class: "nothing", "aria-label": "nothing" }, "–"));
  }

  #room(column) {
    return this.table.tHead.offsetHeight ? column.width - 24 : CARD_ROOM;
  }

  #title(row) {
    const { app } = this;
    const link = h("a", { href: app.hashOf(row), tabindex: -1, class: "title-link", dir: "auto" });
    link.append(...withHits(app.model.title(row), this.hits));
    return [link, app.model.failed(row) ? failureBadge(app.model, row) : null];
  }
}

function failureBadge(model, row) {
  const error = model.failure.leaf("error")?.first(row) ?? "failed";
  return h("span", { class: "badge bad" }, `failed: ${words(String(error))}`);
}

/** Whether a column is first sorted from its largest value down. */
function bigFirst({ numeric, field }) {
  return Boolean(numeric || (field?.own && (field.list || field.isObject)));
}

/** The columns of a model: {key, label, kind, least, share, content(row), field}. */
function tableColumns(model) {
  const id = { key: "id", label: "Id", kind: "id", least: widthFor(model.ids, 44, 150), share: 0, content: (row) => (model.ids[row] ? bdi(model.ids[row]) : null) };
  const title = { key: "title", label: "Title", kind: "title", least: 260, share: 4 };
  const refused = {
    key: "@refused",
    label: "Rejected",
    kind: "count",
    numeric: true,
    least: 86,
    share: 0,
    field: model.refused,
    content: (row) => (model.refused.count(row) ? h("span", { class: "badge warn" }, whole(model.refused.count(row))) : null),
  };
  const columns = [id, title, ...model.fields.map(fieldColumn), ...sourceColumns(model)];
  return model.refused.starts[model.rows] ? [...columns, refused] : columns;
}

/** Pixels in which nine of ten texts fit on one line, judged by a few hundred. */
function widthFor(texts, least, most) {
  const sample = [...texts.slice(0, 300), ...texts.slice(-300)];
  const lengths = sample.map((text) => String(text).length).sort((a, b) => a - b);
  const usual = lengths[Math.floor(lengths.length * 0.9)] ?? 0;
  return Math.min(most, Math.max(least, usual * 8 + 26));
}

function fieldColumn(field) {
  const wide = field.list || field.isObject;
  const numeric = !wide && field.leaf("")?.kind === "number";
  const label = capital(field.label);
  const head = label.length * 7.4 + 48;
  return {
    key: field.path,
    label,
    kind: numeric ? "number" : wide ? "chips" : "value",
    numeric,
    field,
    least: Math.max(Math.min(head, 190), wide ? 140 : widthFor(field.leaf("")?.values ?? [], 70, 120)),
    share: numeric ? 0 : wide ? 1.5 : 1,
    content: (row, room) => (field.count(row) ? fieldContent(field, row, wide, room) : null),
  };
}

function sourceColumns(model) {
  return ["year", "venue"].flatMap((name) => {
    const leaf = model.source.leaf(name);
    if (!leaf || !leaf.values.length) return [];
    const content = (row) => {
      const value = leaf.first(row);
      return value === null ? null : bdi(String(value));
    };
    const least = widthFor(leaf.values, 66, 150);
    return [{ key: leaf.path, label: capital(name), kind: "source", field: model.source, least, share: 0.1, content }];
  });
}

function fieldContent(field, row, wide, room) {
  const [from, to] = [field.from(row), field.to(row)];
  if (!wide) return singleContent(itemLabel(field, from));
  const labels = [];
  for (let item = from; item < Math.min(to, from + 12); item += 1) labels.push(itemLabel(field, item));
  const shown = labels.slice(0, fittingChips(labels, room, to - from));
  const chips = shown.map((label) => h("span", { class: hued(field, "chip"), dir: "auto" }, label));
  const rest = to - from - chips.length;
  return h("div", { class: "chip-list" }, chips, rest > 0 ? h("span", { class: "rest" }, `+${rest}`) : null);
}

/** How many labels have room on the lines of a cell, with a count of the rest after them. */
function fittingChips(labels, room, all) {
  let [line, used] = [1, 0];
  for (let i = 0; i < labels.length; i += 1) {
    const width = Math.min(room, labels[i].length * 6.7 + 17);
    if (used && used + width > room) [line, used] = [line + 1, 0];
    used += width;
    const restRoom = i + 1 < all ? 26 : 0;
    if (line > CHIP_LINES || (line === CHIP_LINES && used + restRoom > room && i)) return i;
  }
  return labels.length;
}

function singleContent(text) {
  const link = outLink(text, text.replace(/^https?:\/\/(www\.)?/i, ""));
  if (!link) return h("span", { dir: "auto" }, text);
  link.tabIndex = -1;
  link.classList.add("address");
  return link;
}

/** A pattern for the words of a query, to mark them in titles, or null. */
function hitPattern(query) {
  const found = termsOf(query).filter(({ not }) => !not).map(({ text }) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return found.length ? new RegExp(`(${found.join("|")})`, "giu") : null;
}

function withHits(text, pattern) {
  if (!pattern) return [text];
  return text.split(pattern).map((part, i) => (i % 2 ? h("mark", { class: "hit" }, part) : part));
}
