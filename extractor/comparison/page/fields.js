"use strict";

// The table of fields: how many values each has, and what became of them.

const COLUMNS = ["before", "after", "same", "added", "lost", "changed", "papers"];
const SHARES = ["same", "changed", "lost", "added"];

class FieldTable {
  constructor(index, host, choose) {
    this.rows = new Map();
    const entries = Object.entries(index.fields);
    if (!entries.length) {
      fill(host, h("p", { class: "none" }, "No field is in both runs."));
      return;
    }
    const most = Math.max(1, ...entries.map(([, field]) => shareTotal(field)));
    const rows = entries.map(([name, field]) => this.#row(name, field, most, choose));
    const heads = ["field", ...COLUMNS].map((head) => h("th", { scope: "col", class: head }, head));
    heads.push(h("th", { scope: "col", class: "share" }, h("span", { class: "unseen" }, "shares")));
    fill(host, h("div", { class: "field-scroll" }, h("table", { class: "field-table" }, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows))));
  }

  #row(name, field, most, choose) {
    const button = h("button", { type: "button", title: "Show only its changes", click: () => choose(name) }, bdi(words(name)));
    const row = h(
      "tr",
      {},
      h("th", { scope: "row" }, button),
      COLUMNS.map((column) => h("td", { class: `${column} ${field[column] ? "" : "zero"}` }, whole(field[column]))),
      h("td", { class: "share" }, shareBar(field, most)),
    );
    this.rows.set(name, row);
    return row;
  }

  choose(name) {
    for (const [field, row] of this.rows) row.classList.toggle("chosen", field === name);
  }
}

function shareTotal(field) {
  return SHARES.reduce((sum, kind) => sum + field[kind], 0);
}

function shareBar(field, most) {
  let x = 0;
  const parts = SHARES.filter((kind) => field[kind]).map((kind) => {
    const width = (100 * field[kind]) / most;
    const part = s("rect", { class: `share-${kind}`, x: `${x}%`, width: `${width}%`, height: "100%" }, s("title", {}, `${whole(field[kind])} ${kind}`));
    x += width;
    return part;
  });
  const label = SHARES.map((kind) => `${whole(field[kind])} ${kind}`).join(", ");
  return s("svg", { role: "img", "aria-label": label }, parts);
}
