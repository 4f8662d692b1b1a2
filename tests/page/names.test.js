"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named, model } = require("./load.js");

const { namesOf, spellingsNote, Search, toggleSplit, laidOut, View } = named(
  "namesOf", "spellingsNote", "Search", "toggleSplit", "laidOut", "View",
);

const all = new Uint8Array(7).fill(1);

/** The hardware of the papers with two of its names as spellings of one. */
function merged() {
  const leaf = model().leafOf("hardware");
  leaf.merged = [["Ampere or Hopper", [0, 1]]];
  return leaf;
}

test("spellings count once a paper, and as one", () => {
  const names = namesOf(merged(), new View());
  assert.deepEqual(names.labels, ["Ampere or Hopper", "TPU v4"]);
  assert.deepEqual([...names.rows(all)], [3, 1]);
  assert.deepEqual(names.ranked(names.rows(all)), [0, 1]);
  assert.deepEqual(names.values(0), ["A100", "H100"]);
});

test("a split name is its spellings, which the address keeps", () => {
  const view = View.parse("#split=hardware:Ampere+or+Hopper");
  const names = namesOf(merged(), view);
  assert.deepEqual(names.labels, ["A100", "H100", "TPU v4"]);
  assert.deepEqual([...names.rows(all)], [2, 2, 1]);
  assert.equal(view.toHash(), "#split=hardware:Ampere+or+Hopper");
});

test("a name stands for its spellings, unless they are counted apart", () => {
  const papers = model();
  const leaf = papers.leafOf("hardware");
  leaf.merged = [["A100", [0, 1]]];
  const found = (view) => new Search(papers).mask(view).reduce((sum, row) => sum + row, 0);
  const view = View.parse("#is=hardware:A100");
  assert.equal(found(view), 3);
  assert.equal(namesOf(leaf, view).chosen(view), 0);
  assert.equal(spellingsNote(leaf, view, "A100"), ", 2 spellings");
  assert.equal(spellingsNote(leaf, view, "TPU v4"), null);
  toggleSplit(view, leaf, "A100");
  assert.equal(found(view), 3);
  view.toggleValue("hardware", "H100");
  assert.equal(found(view), 2);
  assert.equal(spellingsNote(leaf, view, "A100"), null);
  toggleSplit(view, leaf, "A100");
  assert.equal(view.toHash(), "#is=hardware:A100");
  assert.equal(found(view), 3);
  view.toggleValue("hardware", "TPU v4");
  assert.equal(namesOf(leaf, view).chosen(view), -1);
});

test("addresses are told apart by what differs", () => {
  const { shortAddresses } = named("shortAddresses");
  const [one, two, other] = ["https://github.com/a/b", "https://www.github.com/c", "http://x.org/d"];
  assert.deepEqual(shortAddresses([one, two, other]), ["a/b", "c", "x.org/d"]);
  assert.deepEqual(shortAddresses([one, other]), ["github.com/a/b", "x.org/d"]);
  assert.deepEqual(shortAddresses([one, "A100"]), [one, "A100"]);
});

test("there is a ranking where a list of objects has a number", () => {
  const charts = laidOut({ model: model(), view: new View() });
  assert.equal(charts[0].chart.title, "Ranking by factor (claims)");
  assert.equal(charts[0].span, 12);
  assert.equal(charts.filter(({ chart }) => chart.title.startsWith("Ranking")).length, 1);
});
