"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named, model } = require("./load.js");

const { Order, View, ranksOf } = named("Order", "View", "ranksOf");

const order = new Order(model());
const all = new Uint8Array(7).fill(1);
const rows = (link, mask = all) => [...order.rows(View.parse(link), mask)];

test("without a sort, or by what is not there, rows are as in the file", () => {
  assert.deepEqual(rows("#"), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(rows("#sort=nonsense"), [0, 1, 2, 3, 4, 5, 6]);
});

test("titles as people sort them", () => {
  assert.deepEqual(rows("#sort=title"), [2, 0, 1, 4, 5, 3, 6]);
  assert.deepEqual(rows("#sort=-title"), [6, 3, 4, 5, 1, 0, 2]);
});

test("objects by their largest number, and what is empty last either way", () => {
  assert.deepEqual(rows("#sort=claims"), [1, 3, 0, 2, 4, 5, 6]);
  assert.deepEqual(rows("#sort=-claims"), [0, 3, 1, 2, 4, 5, 6]);
});

test("lists by their length, single values by themselves", () => {
  assert.deepEqual(rows("#sort=-hardware").slice(0, 2), [1, 0]);
  assert.deepEqual(rows("#sort=@source.year").slice(0, 3), [0, 1, 2]);
});

test("only the rows of the mask", () => {
  assert.deepEqual(rows("#sort=title", Uint8Array.from([1, 0, 1, 0, 0, 0, 1])), [2, 0, 6]);
});

test("texts are ranked without case and signs, with numbers in them as numbers", () => {
  assert.deepEqual([...ranksOf(["b 10", "B 9", '"a', "A", "", "b 9"])], [3, 2, 1, 1, NaN, 2]);
});
