"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named, model } = require("./load.js");

const { namesOf, keptNames, laidOut, View } = named("namesOf", "keptNames", "laidOut", "View");

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

test("a name is chosen where all its spellings are, and nothing else", () => {
  const leaf = merged();
  const view = new View();
  view.toggleValues("hardware", ["A100", "H100"]);
  assert.equal(namesOf(leaf, view).chosen(view), 0);
  assert.deepEqual(keptNames(leaf, view, view.is.get("hardware")).map(({ label }) => label), ["Ampere or Hopper"]);
  view.toggleValue("hardware", "TPU v4");
  assert.equal(namesOf(leaf, view).chosen(view), -1);
  assert.deepEqual(keptNames(leaf, view, view.is.get("hardware")).map(({ label }) => label), ["Ampere or Hopper", "TPU v4"]);
  view.toggleValue("hardware", "H100");
  assert.deepEqual(keptNames(leaf, view, view.is.get("hardware")).map(({ label }) => label), ["A100", "TPU v4"]);
});

test("there is a ranking where a list of objects has a number", () => {
  const charts = laidOut({ model: model(), view: new View() });
  assert.equal(charts[0].chart.title, "Ranking by factor (claims)");
  assert.equal(charts[0].span, 12);
  assert.equal(charts.filter(({ chart }) => chart.title.startsWith("Ranking")).length, 1);
});
