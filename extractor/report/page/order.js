"use strict";

// Sorting: every sort comes down to one number a row, empty rows last either way.

class Order {
  constructor(model) {
    this.model = model;
    this.known = new Map();
  }

  /** The rows of a mask in the order of a view. */
  rows(view, mask) {
    const order = this.#orderOf(view.sort, view.down);
    const rows = new Uint32Array(mask.length);
    let count = 0;
    for (let i = 0; i < mask.length; i += 1) {
      const row = order ? order[i] : i;
      if (mask[row]) rows[count++] = row;
    }
    return rows.subarray(0, count);
  }

  #orderOf(sort, down) {
    const key = `${down ? "-" : ""}${sort}`;
    if (!this.known.has(key)) {
      const keys = this.#keysOf(sort);
      this.known.set(key, keys && sorted(keys, down ? -1 : 1));
    }
    return this.known.get(key);
  }

  #keysOf(sort) {
    const { model } = this;
    if (sort === "title") return ranksOf(model.titles);
    if (sort === "id") return ranksOf(model.ids);
    const found = model.paths.get(sort);
    if (!found) return null;
    return found instanceof Leaf ? firstKeys(found) : fieldKeys(found);
  }
}

function sorted(keys, sign) {
  const rows = Uint32Array.from(keys, (_, row) => row);
  const last = (a, b) => Number.isNaN(keys[a]) - Number.isNaN(keys[b]);
  return rows.sort((a, b) => sign * (keys[a] - keys[b]) || last(a, b) || a - b);
}

/** By its largest number; else a list by its length, and a single value by itself. */
function fieldKeys(field) {
  if (field.measure && field.isObject) return largestKeys(field.measure);
  const only = field.leaf("") ?? field.leaves[0];
  if (field.list || !only) return countKeys(field);
  return firstKeys(only);
}

function perRow(field, keyOf) {
  return Float64Array.from({ length: field.starts.length - 1 }, (_, row) =>
    field.count(row) ? keyOf(row) : NaN,
  );
}

function countKeys(field) {
  return perRow(field, (row) => field.count(row));
}

function largestKeys(leaf) {
  return perRow(leaf.field, (row) => {
    let largest = NaN;
    for (let item = leaf.field.from(row); item < leaf.field.to(row); item += 1) {
      const value = leaf.at(item);
      if (value !== null && !(value <= largest)) largest = value;
    }
    return largest;
  });
}

function firstKeys(leaf) {
  const keys = leaf.kind === "number" ? leaf.values : ranksOf(leaf.values.map(String));
  return perRow(leaf.field, (row) => keys[leaf.codes[leaf.field.from(row)]] ?? NaN);
}

/** The place of each text in alphabetical order, with numbers in texts as numbers; NaN if empty. */
function ranksOf(texts) {
  const keys = texts.map(sortKey);
  const order = Uint32Array.from(texts, (_, i) => i).sort((a, b) => compare(keys[a], keys[b]));
  const ranks = new Float64Array(texts.length);
  let rank = 0;
  order.forEach((place, i) => {
    if (i && keys[place] !== keys[order[i - 1]]) rank += 1;
    ranks[place] = keys[place] ? rank : NaN;
  });
  return ranks;
}

function sortKey(text) {
  return fold(text).replace(/^[^\p{L}\p{N}]+/u, "").replace(/\d+/g, (digits) => digits.padStart(12, "0"));
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
