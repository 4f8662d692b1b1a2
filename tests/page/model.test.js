"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named, model } = require("./load.js");

const { itemLabel, withUnit, valueLabel } = named("itemLabel", "withUnit", "valueLabel");

test("rows are records, then failures", () => {
  const { rows, records, ids } = model();
  assert.deepEqual([rows, records], [7, 6]);
  assert.deepEqual(ids, ["1", "2", "3", "4", "5", "5", "6"]);
  assert.ok(!model().failed(5));
  assert.ok(model().failed(6));
  assert.equal(model().title(6), "Lost Epsilon");
});

test("fields, their items and their keys", () => {
  const { fields } = model();
  assert.deepEqual(fields.map(({ name }) => name), ["hardware", "claims", "open"]);
  const [hardware, claims, open] = fields;
  assert.deepEqual([0, 1, 2].map((row) => hardware.count(row)), [1, 2, 0]);
  assert.deepEqual([hardware.leaf("").at(1), hardware.leaf("").at(2)], ["A100", "H100"]);
  assert.equal(claims.rowOf(0), 0);
  assert.equal(claims.rowOf(2), 1);
  assert.equal(claims.measure.name, "factor");
  assert.equal(claims.number.name, "value");
  assert.equal(claims.group.name, "kind");
  assert.deepEqual([hardware.isMeasured, claims.isMeasured, open.isMeasured], [false, true, false]);
  assert.deepEqual([claims.isObject, hardware.list, open.list], [true, true, false]);
});

test("paths lead to fields and keys", () => {
  const found = model();
  assert.equal(found.leafOf("claims.kind").label, "claims › kind");
  assert.equal(found.leafOf("hardware").name, "");
  assert.equal(found.leafOf("@refused.field").label, "rejected in");
  assert.equal(found.leafOf("@source.year").label, "year");
  assert.equal(found.leafOf("colour"), null);
  assert.equal(found.fieldOf("claims.kind").name, "claims");
  assert.equal(found.fieldNamed("claims").name, "claims");
});

test("a paper is linked by its id, or by its row where others have the id", () => {
  const found = model();
  assert.deepEqual(found.keyOf(0), ["paper", "1"]);
  assert.deepEqual(found.keyOf(5), ["row", "6"]);
  assert.equal(found.rowOf(["paper", "5"]), 4);
  assert.equal(found.rowOf(["row", "6"]), 5);
  for (const key of [["paper", "nobody"], ["row", "0"], ["row", "8"], ["row", "x"]])
    assert.equal(found.rowOf(key), -1);
});

test("items in a few words", () => {
  const { fields } = model();
  assert.equal(itemLabel(fields[0], 0), "A100");
  assert.equal(itemLabel(fields[1], 0), "2× runtime");
  assert.equal(itemLabel(fields[1], 3), "≤ 8–12× runtime");
  assert.equal(itemLabel(fields[2], 0), "yes");
  assert.deepEqual([withUnit(41, "%"), withUnit(12, "ms"), withUnit(3, "")], ["41%", "12 ms", "3"]);
  assert.deepEqual([null, { a: 1 }, false, "x"].map(valueLabel), ["nothing", '{"a":1}', "no", "x"]);
});
