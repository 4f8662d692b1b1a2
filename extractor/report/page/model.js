"use strict";

// The data of the page. A field of a record is a list of items (one for a single value); the
// items of all rows lie end to end, and a leaf holds one key of them as a dictionary of distinct
// values and a code for each item. A row is a paper: first the records, then the failures.

const PALETTE = 8;
const MOST_CATEGORIES = 12;
const RAREST_KINDS = 0.7;
const KIND_NAMES = ["kind", "metric", "type", "category"];

/** One key of a field's items. */
class Leaf {
  constructor(field, data) {
    this.field = field;
    this.name = data.name;
    this.kind = data.kind;
    this.values = data.values;
    this.codes = Int32Array.from(data.codes);
    this.merged = data.merged ?? []; // [label, codes] of each name with several spellings
    this.path = data.name ? `${field.path}.${data.name}` : field.path;
  }

  get label() {
    if (!this.name) return this.field.label;
    return this.field.own ? `${this.field.label} › ${words(this.name)}` : extraLabel(this);
  }

  /** Distinct values among all values: 1 where each stands once. */
  get rareness() {
    this.filled ??= this.codes.reduce((sum, code) => sum + (code >= 0 ? 1 : 0), 0);
    return this.values.length / this.filled;
  }

  /** The value of an item, or null. */
  at(item) {
    const code = this.codes[item];
    return code < 0 ? null : this.values[code];
  }

  /** The value of a row's first item, or null. */
  first(row) {
    return this.field.count(row) ? this.at(this.field.from(row)) : null;
  }
}

/** One field of all rows. */
class Field {
  constructor(data, rows, colour, own) {
    this.name = data.name;
    this.own = own;
    this.path = own ? data.name : `@${data.name}`;
    this.label = words(data.name);
    this.colour = colour % PALETTE;
    this.list = data.list;
    this.starts = prefixSums(data.counts, rows);
    this.leaves = data.leaves.map((leaf) => new Leaf(this, leaf));
    this.isObject = this.leaves.some((leaf) => leaf.name !== "");
    Object.assign(this, leafRoles(this.leaves));
  }

  /** Whether it has different numbers, which can be laid out on an axis. */
  get isMeasured() {
    return this.measure !== null && this.measure.values.length > 1;
  }

  from(row) {
    return this.starts[row];
  }

  to(row) {
    return this.starts[row + 1];
  }

  count(row) {
    return this.starts[row + 1] - this.starts[row];
  }

  /** The row that an item belongs to. */
  rowOf(item) {
    let [low, high] = [0, this.starts.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= item) low = middle;
      else high = middle;
    }
    return low;
  }

  leaf(name) {
    return this.leaves.find((leaf) => leaf.name === name) ?? null;
  }
}

function prefixSums(counts, rows) {
  const starts = new Uint32Array(rows + 1);
  for (let row = 0; row < rows; row += 1) starts[row + 1] = starts[row] + (counts[row] ?? 0);
  return starts;
}

/** Which leaf is an item's number, which one is better measured by, and which groups items. */
function leafRoles(leaves) {
  const numbers = leaves.filter((leaf) => leaf.kind === "number");
  const named = (name) => numbers.find((leaf) => leaf.name === name);
  const number = named("value") ?? numbers[0] ?? null;
  return { number, measure: named("factor") ?? number, group: groupingLeaf(leaves) };
}

/**
 * The text leaf that sorts items into kinds: one that is named so (numbers of one metric can be
 * compared, those of one task cannot), else the one with the fewest kinds that come back.
 */
function groupingLeaf(leaves) {
  const texts = leaves.filter((leaf) => leaf.kind === "text" && leaf.name && leaf.name !== "unit");
  const able = texts.filter((leaf) => leaf.values.length > 1 && leaf.rareness <= RAREST_KINDS);
  const named = KIND_NAMES.map((name) => able.find((leaf) => leaf.name === name)).find(Boolean);
  const few = able.filter(({ values }) => values.length <= MOST_CATEGORIES);
  return named ?? few.sort((a, b) => a.rareness - b.rareness)[0] ?? null;
}

/** Whether values come back often enough for a count of them to say something. */
function isRepetitive(leaf) {
  return leaf.values.length > 1 && leaf.rareness <= 0.25;
}

function extraLabel(leaf) {
  const labels = {
    "@source.year": "year",
    "@source.venue": "venue",
    "@failure.error": "error",
    "@refused.field": "rejected in",
    "@refused.reason": "reason of rejection",
    "@refused.value": "rejected value",
    "@failure.message": "message",
  };
  return labels[leaf.path] ?? `${leaf.field.label} ${words(leaf.name)}`;
}

/** The year, the venue or the address ("url") of a row's paper, or null. */
function sourceOf({ source }, row, name) {
  return source.leaf(name)?.first(row) ?? null;
}

class Model {
  constructor(index) {
    this.name = index.name;
    this.version = index.version;
    this.run = index.run;
    this.hasDump = index.has_dump;
    this.unfinished = index.unfinished ?? null;
    this.ids = index.ids;
    this.titles = index.titles;
    this.rows = index.ids.length;
    this.records = index.records;
    this.fields = index.fields.map((data, i) => new Field(data, this.rows, i, true));
    for (const data of index.extras) this[data.name] = new Field(data, this.rows, 0, false);
    this.extras = [this.source, this.refused, this.failure];
    this.paths = this.#paths();
    this.chunks = new Chunks(index.chunk);
  }

  #paths() {
    const paths = new Map();
    for (const field of [...this.fields, ...this.extras]) {
      paths.set(field.path, field);
      for (const leaf of field.leaves) if (leaf.name) paths.set(leaf.path, leaf);
    }
    return paths;
  }

  /** The field or leaf of a path; the leaf where a field has nothing but values. */
  leafOf(path) {
    const found = this.paths.get(path);
    return found instanceof Field ? found.leaf("") : (found ?? null);
  }

  /** The field that a path belongs to. */
  fieldOf(path) {
    const found = this.paths.get(path);
    return found instanceof Leaf ? found.field : (found ?? null);
  }

  fieldNamed(name) {
    return this.fields.find((field) => field.name === name) ?? null;
  }

  failed(row) {
    return row >= this.records;
  }

  title(row) {
    return this.titles[row] || (this.ids[row] ? `Paper ${this.ids[row]}` : "An unreadable entry");
  }

  /** What a link calls a paper: its id, or its row where the id is none or another's as well. */
  keyOf(row) {
    return this.#rowsById().get(this.ids[row]) === row && this.ids[row]
      ? ["paper", this.ids[row]]
      : ["row", String(row + 1)];
  }

  /** The row that a link means, or -1. */
  rowOf([kind, key]) {
    if (kind === "paper") return this.#rowsById().get(key) ?? -1;
    const row = Number(key) - 1;
    return Number.isInteger(row) && row >= 0 && row < this.rows ? row : -1;
  }

  #rowsById() {
    if (!this.byId) {
      this.byId = new Map();
      for (let row = this.rows - 1; row >= 0; row -= 1) this.byId.set(this.ids[row], row);
    }
    return this.byId;
  }

  /** A paper's record or failure as the file has it, and its abstract or null. */
  async details(row) {
    const [data, abstract] = await this.chunks.entry(row);
    return { row: data, abstract };
  }
}
