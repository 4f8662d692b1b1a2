"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named, model } = require("./load.js");

const { laidOut, shared, scaleOf, quantile, namesOf, countRows, stripGroups, heatColumns, View } = named(
  "laidOut", "shared", "scaleOf", "quantile", "namesOf", "countRows", "stripGroups", "heatColumns", "View",
);

const all = new Uint8Array(7).fill(1);

test("the shape of the values decides which charts there are, and where", () => {
  const wanted = [
    ["claims: factor by kind", 8],
    ["Fields filled", 4],
    ["Top hardware", 6],
    ["Top open", 6],
    ["Fields filled by year", 6],
    ["Fields filled by venue", 6],
  ];
  const titles = new Set(wanted.map(([title]) => title)); // another chart may stand beside these
  const charts = laidOut({ model: model(), view: new View() });
  const found = charts.map(({ chart, span }) => [chart.title, span]);
  assert.deepEqual(found.filter(([title]) => titles.has(title)), wanted);
});

test("a row is shared by weight, and halved where it is crowded", () => {
  const spans = (...weights) => shared(weights.map((weight) => ({ weight }))).map(({ span }) => span);
  assert.deepEqual(spans(1), [12]);
  assert.deepEqual(spans(2, 1), [8, 4]);
  assert.deepEqual(spans(1, 1, 1, 1), [3, 3, 3, 3]);
  assert.deepEqual(spans(1, 1, 1, 1, 1), [6, 6, 4, 4, 4]);
  assert.deepEqual(spans(2, 1, 1, 1), [8, 4, 6, 6]);
});

test("numbers far apart are on a log scale", () => {
  const far = scaleOf([1, 1000], 0, 300);
  assert.ok(far.log);
  assert.deepEqual(far.ticks.filter((tick) => Math.log10(tick) % 1 === 0), [1, 10, 100, 1000]);
  assert.ok(Math.abs(far(10) - far(1) - (far(100) - far(10))) < 1e-9);
  const near = scaleOf([1, 10], 0, 300);
  assert.ok(!near.log);
  assert.deepEqual(near.ticks, [2, 4, 6, 8, 10]);
  for (const scale of [far, near]) assert.ok(Math.abs(scale.invert(scale(7)) - 7) < 1e-9);
  for (const only of [[5, 5], [-5, -5], [0, 0]]) assert.ok(Number.isFinite(scaleOf(only, 0, 300)(only[0])));
});

test("quantiles lie between the numbers", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(quantile([7], 0.9), 7);
});

test("values are counted once a paper, within the mask", () => {
  const leaf = model().leafOf("hardware");
  assert.deepEqual(leaf.values, ["A100", "H100", "TPU v4"]);
  const names = namesOf(leaf, new View());
  assert.deepEqual([...names.rows(all)], [2, 2, 1]);
  assert.deepEqual([...names.rows(Uint8Array.from([1, 0, 0, 0, 0, 0, 0]))], [1, 0, 0]);
  assert.equal(countRows(all, 6, (row) => row % 2 === 0), 3);
});

test("numbers by group, most first", () => {
  const claims = model().fieldNamed("claims");
  const groups = stripGroups(claims, claims.measure, claims.group, all);
  assert.deepEqual(groups.map(({ name, values }) => [name, [...values]]), [
    ["runtime", [2, 12]],
    ["training", [5, 30]],
  ]);
});

test("years in order, venues by their papers", () => {
  const found = model();
  const columns = (name) => heatColumns(found, found.source.leaf(name), all).map(({ name: key, papers, filled }) => [key, papers, filled]);
  assert.deepEqual(columns("year"), [
    ["2020", 1, [1, 1, 1]],
    ["2021", 1, [1, 1, 0]],
    ["2022", 1, [0, 0, 0]],
  ]);
  assert.deepEqual(columns("venue").map(([name, papers]) => [name, papers]), [["ICML", 2], ["ACL", 1]]);
});
