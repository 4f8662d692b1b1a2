"use strict";

// What the page shows, and its form as the part of a link after the #.

class View {
  constructor() {
    this.query = "";
    this.is = new Map(); // path -> Set of values as texts: any of them
    this.within = new Map(); // path -> [low, high], either may be infinite
    this.has = new Set(); // paths
    this.lacks = new Set(); // paths
    this.split = new Map(); // path -> Set of names whose spellings are counted apart
    this.lowest = false; // a ranking begins with the lowest number
    this.sort = ""; // "title", "id" or a path
    this.down = false;
    this.hidden = new Set(); // paths of columns
    this.paper = null; // ["paper", id] or ["row", number]
  }

  static parse(hash) {
    const view = new View();
    for (const [key, value] of new URLSearchParams(hash.replace(/^#/, ""))) view.#read(key, value);
    return view;
  }

  #read(key, value) {
    if (key === "q") this.query = value;
    else if (key === "is") this.toggleValue(...pathAndRest(value));
    else if (key === "split") this.toggleSplit(...pathAndRest(value));
    else if (key === "rank") this.lowest = value === "lowest";
    else if (key === "in") this.#readRange(...pathAndRest(value));
    else if (key === "has" || key === "lacks") this[key].add(value);
    else if (key === "hide") this.hidden.add(value);
    else if (key === "sort") this.#readSort(value);
    else if (key === "paper" || key === "row") this.paper = [key, value];
  }

  #readRange(path, text) {
    const [low, high] = text.split("..");
    const range = [low ? Number(low) : -Infinity, high ? Number(high) : Infinity];
    if (!range.some(Number.isNaN)) this.within.set(path, range);
  }

  #readSort(value) {
    this.down = value.startsWith("-");
    this.sort = value.replace(/^-/, "");
  }

  toHash() {
    const parts = new URLSearchParams();
    if (this.query) parts.append("q", this.query);
    for (const [path, values] of this.is)
      for (const value of values) parts.append("is", joined(path, value));
    for (const [path, range] of this.within) parts.append("in", joined(path, rangeText(range)));
    for (const path of this.has) parts.append("has", path);
    for (const path of this.lacks) parts.append("lacks", path);
    for (const [path, labels] of this.split)
      for (const label of labels) parts.append("split", joined(path, label));
    if (this.lowest) parts.append("rank", "lowest");
    if (this.sort) parts.append("sort", (this.down ? "-" : "") + this.sort);
    for (const path of this.hidden) parts.append("hide", path);
    if (this.paper) parts.append(...this.paper);
    // Both signs may stand in a link as they are, and read better so.
    return `#${parts}`.replaceAll("%3A", ":").replaceAll("%40", "@");
  }

  copy() {
    return View.parse(this.toHash());
  }

  /** The link to a paper that keeps the filter. */
  hashFor(key) {
    const view = this.copy();
    view.paper = key;
    return view.toHash();
  }

  toggleValue(path, value) {
    toggled(this.is, path, value);
  }

  toggleSplit(path, label) {
    toggled(this.split, path, label);
  }

  isOn(path, value) {
    return this.is.get(path)?.has(value) ?? false;
  }

  get isFiltered() {
    const sizes = [this.is, this.within, this.has, this.lacks].map((conditions) => conditions.size);
    return Boolean(this.query.trim()) || sizes.some(Boolean);
  }

  clearFilters() {
    this.query = "";
    for (const conditions of [this.is, this.within, this.has, this.lacks]) conditions.clear();
  }
}

/** Add a member to the set of a path, or take it out where it is in it. */
function toggled(sets, path, member) {
  const set = sets.get(path) ?? new Set();
  if (!set.delete(member)) set.add(member);
  if (set.size) sets.set(path, set);
  else sets.delete(path);
}

/** "path:rest", with a colon in the path written as %3A. */
function pathAndRest(text) {
  const colon = text.indexOf(":");
  const path = colon < 0 ? text : text.slice(0, colon);
  return [path.replaceAll("%3A", ":"), colon < 0 ? "" : text.slice(colon + 1)];
}

function joined(path, rest) {
  return `${path.replaceAll(":", "%3A")}:${rest}`;
}

function rangeText([low, high]) {
  const end = (value) => (Number.isFinite(value) ? String(value) : "");
  return `${end(low)}..${end(high)}`;
}
