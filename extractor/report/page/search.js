"use strict";

// From a view to the rows that it shows.

class Search {
  constructor(model) {
    this.model = model;
    this.texts = new Array(model.rows);
    this.ready = 0;
  }

  /** Prepare what the query is looked for in, for up to `limit` more rows. */
  prepare(limit = Infinity) {
    this.folded ??= this.#foldedLeaves();
    const end = Math.min(this.model.rows, this.ready + limit);
    for (; this.ready < end; this.ready += 1) this.texts[this.ready] = this.#textOf(this.ready);
    return this.ready === this.model.rows;
  }

  #foldedLeaves() {
    const { fields, extras } = this.model;
    const leaves = [...fields, ...extras].flatMap((field) => field.leaves);
    const sought = (leaf) => leaf.path === "@source.year" || (leaf.kind === "text" && leaf.path !== "@source.url");
    const texts = leaves.filter(sought);
    return texts.map((leaf) => [leaf, leaf.values.map((value) => fold(String(value)))]);
  }

  #textOf(row) {
    const { titles, ids } = this.model;
    const parts = [fold(titles[row]), fold(ids[row])];
    for (const [leaf, values] of this.folded) {
      for (let item = leaf.field.from(row); item < leaf.field.to(row); item += 1)
        if (leaf.codes[item] >= 0) parts.push(values[leaf.codes[item]]);
    }
    return parts.join("\n");
  }

  /** The rows of a view, in the file's order, as a mask. */
  mask(view) {
    const mask = new Uint8Array(this.model.rows).fill(1);
    for (const condition of conditionsOf(this.model, view)) keep(mask, condition);
    const terms = termsOf(view.query);
    if (terms.length) {
      this.prepare();
      keep(mask, (row) => terms.every(({ text, not }) => this.texts[row].includes(text) !== not));
    }
    return mask;
  }
}

function keep(mask, condition) {
  for (let row = 0; row < mask.length; row += 1) if (mask[row] && !condition(row)) mask[row] = 0;
}

/** The words of a query, all of which must be there: "quoted words" as one, -not as absent. */
function termsOf(query) {
  const found = query.matchAll(/(?<![^\s])(-?)(?:"([^"]+)"?|(\S+))/g);
  return Array.from(found, ([, minus, quoted, word]) => ({
    text: fold(quoted ?? word),
    not: minus === "-",
  })).filter(({ text }) => !/^-?"*$/.test(text)); // a sign alone is the beginning of a word
}

/** Conditions on rows. Those on leaves of one field must hold for one and the same item. */
function conditionsOf(model, view) {
  const tests = itemTests(model, view);
  const fits = [...tests].map(([field, all]) => field ? (row) => someItem(field, row, all) : () => false);
  const filled = (path) => filledTest(model, path);
  const has = [...view.has].map(filled);
  const lacks = [...view.lacks].map(filled).map((test) => (row) => !test(row));
  return [...fits, ...has, ...lacks];
}

/** What a view asks of the items of each field: a Map of fields to [{leaf, allowed}]. */
function itemTests(model, view) {
  const tests = new Map();
  const add = (path, codesOf) => {
    const leaf = model.leafOf(path);
    const field = model.fieldOf(path);
    if (!tests.has(field)) tests.set(field, []);
    if (field) tests.get(field).push({ leaf, allowed: leaf && codesOf(leaf) });
  };
  for (const [path, values] of view.is) add(path, (leaf) => keptCodes(leaf, view, values));
  for (const [path, [low, high]] of view.within)
    add(path, (leaf) => Uint8Array.from(leaf.values, (value) => (value >= low && value <= high ? 1 : 0)));
  return tests;
}

function someItem(field, row, tests) {
  for (let item = field.from(row); item < field.to(row); item += 1)
    if (passes(item, tests)) return true;
  return false;
}

function passes(item, tests) {
  return tests.every(({ leaf, allowed }) => allowed && allowed[leaf.codes[item]] === 1);
}

function filledTest(model, path) {
  const found = model.paths.get(path);
  if (!found) return () => false;
  if (found instanceof Field) return (row) => found.count(row) > 0;
  const { field, codes } = found;
  return (row) => {
    for (let item = field.from(row); item < field.to(row); item += 1)
      if (codes[item] >= 0) return true;
    return false;
  };
}
