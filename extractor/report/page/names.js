"use strict";

// Names as they are counted: the spellings of one name count as one, unless the view splits it.

class Names {
  constructor(leaf, apart = new Set()) {
    this.leaf = leaf;
    this.of = new Int32Array(leaf.values.length).fill(-1); // the name of each code
    this.codes = [];
    this.labels = [];
    for (const [label, codes] of leaf.merged) if (!apart.has(label)) this.#add(label, codes);
    for (let code = 0; code < leaf.values.length; code += 1)
      if (this.of[code] < 0) this.#add(scalarLabel(leaf.values[code]), [code]);
  }

  #add(label, codes) {
    for (const code of codes) this.of[code] = this.labels.length;
    this.codes.push(codes);
    this.labels.push(label);
  }

  get count() {
    return this.labels.length;
  }

  spellings(name) {
    return this.codes[name].length;
  }

  /** What a view calls a name: its label, which stands for all its spellings, or its one value. */
  value(name) {
    return this.spellings(name) > 1 ? this.labels[name] : String(this.leaf.values[this.codes[name][0]]);
  }

  /** The spellings of a name. */
  values(name) {
    return this.codes[name].map((code) => String(this.leaf.values[code]));
  }

  /** In how many rows of a mask each name stands; with `other`, of the rows that have this field. */
  rows(mask, other = this.leaf.field) {
    const { leaf, of } = this;
    const { starts } = leaf.field;
    const rows = new Uint32Array(this.count);
    const seen = new Int32Array(this.count).fill(-1);
    for (let row = 0; row < mask.length; row += 1) {
      if (!mask[row] || other.starts[row] === other.starts[row + 1]) continue;
      for (let item = starts[row]; item < starts[row + 1]; item += 1) {
        const name = leaf.codes[item] < 0 ? -1 : of[leaf.codes[item]];
        if (name < 0 || seen[name] === row) continue;
        seen[name] = row;
        rows[name] += 1;
      }
    }
    return rows;
  }

  /** The names that some rows have, most first. */
  ranked(rows) {
    const order = Array.from(rows.keys()).filter((name) => rows[name]);
    return order.sort((a, b) => rows[b] - rows[a]);
  }

  /** The name that is all that a view keeps of this path, or -1. */
  chosen(view) {
    const kept = view.is.get(this.leaf.path);
    return kept?.size === 1 ? this.labels.findIndex((_, name) => kept.has(this.value(name))) : -1;
  }
}

/** The names of a leaf in a view. */
function namesOf(leaf, view) {
  const apart = view.split.get(leaf.path);
  if (!apart) return (leaf.names ??= new Names(leaf));
  return new Names(leaf, apart);
}

/** Of each code of a leaf, whether it is among the values that a view keeps. */
function keptCodes(leaf, view, values) {
  const kept = Uint8Array.from(leaf.values, (value) => (values.has(String(value)) ? 1 : 0));
  for (const [label, codes] of leaf.merged)
    if (values.has(label) && !view.split.get(leaf.path)?.has(label)) for (const code of codes) kept[code] = 1;
  return kept;
}

/** Count the spellings of a name apart, or again as one; a filter by the name keeps its papers. */
function toggleSplit(view, leaf, label) {
  view.toggleSplit(leaf.path, label);
  const [, codes] = leaf.merged.find(([name]) => name === label) ?? [label, []];
  const spellings = codes.map((code) => String(leaf.values[code]));
  const apart = view.split.get(leaf.path)?.has(label);
  const [before, after] = apart ? [[label], spellings] : [spellings, [label]];
  const kept = view.is.get(leaf.path);
  if (!before.some((value) => kept?.has(value))) return;
  for (const value of before) kept.delete(value);
  for (const value of after) kept.add(value);
}

/** What a leaf counts as one, each with a button that counts its spellings apart, or again as one. */
function splitControls(app, leaf, names, shown) {
  const apart = [...(app.view.split.get(leaf.path) ?? [])];
  const merged = shown.filter((name) => names.spellings(name) > 1);
  if (!merged.length && !apart.length) return null;
  const button = (label, text, title) =>
    h(
      "button",
      { type: "button", class: "quiet split", title, "data-key": `split ${label}`, click: () => app.change((view) => toggleSplit(view, leaf, label)) },
      bdi(text),
    );
  return h(
    "p",
    { class: "more splits" },
    merged.length ? "Counted as one: " : null,
    merged.map((name) => button(names.labels[name], `${names.labels[name]}, ${names.spellings(name)} spellings`, `${names.values(name).join(", ")}: count them apart`)),
    apart.length ? "Counted apart: " : null,
    apart.map((label) => button(label, label, "Count its spellings as one again")),
  );
}
