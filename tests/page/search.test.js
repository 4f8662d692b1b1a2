"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named, model } = require("./load.js");

const { Search, View, termsOf } = named("Search", "View", "termsOf");

const search = new Search(model());
const found = (link) => {
  const mask = search.mask(View.parse(link));
  return [...mask.keys()].filter((row) => mask[row]);
};

test("words of a query", () => {
  const word = (text, not = false) => ({ text, not });
  assert.deepEqual(termsOf("Two WORDS"), [word("two"), word("words")]);
  assert.deepEqual(termsOf('"als gamma" -a100'), [word("als gamma"), word("a100", true)]);
  assert.deepEqual(termsOf('"open end'), [word("open end")]);
  assert.deepEqual(termsOf('-"two words"'), [word("two words", true)]);
  assert.deepEqual(termsOf("a-b"), [word("a-b")]);
  for (const nothing of ["", "  ", "-", '"', '""', '-"']) assert.deepEqual(termsOf(nothing), [], nothing);
});

test("the search looks in titles, ids, values, years and venues", () => {
  assert.deepEqual(found("#q=ALTER"), [2]);
  assert.deepEqual(found("#q=h100+beta"), [1]);
  assert.deepEqual(found("#q=training"), [0, 1]);
  assert.deepEqual(found("#q=2021"), [1]);
  assert.deepEqual(found("#q=timeout"), [6]);
  assert.deepEqual(found("#q=-delta"), [0, 1, 2, 6]);
  assert.deepEqual(found("#q=("), []);
});

test("values of one path are alternatives, paths are all to hold", () => {
  assert.deepEqual(found("#is=hardware:A100&is=hardware:TPU v4"), [0, 1, 4]);
  assert.deepEqual(found("#is=hardware:A100&is=hardware:H100&is=claims.kind:runtime"), [0, 3]);
});

test("conditions on objects hold for one and the same object", () => {
  assert.deepEqual(found("#is=claims.kind:runtime&in=claims.factor:10.."), [3]);
  assert.deepEqual(found("#in=claims.factor:..5"), [0, 1]);
});

test("filled and empty", () => {
  assert.deepEqual(found("#has=claims"), [0, 1, 3]);
  assert.deepEqual(found("#lacks=claims"), [2, 4, 5, 6]);
  assert.deepEqual(found("#has=@failure"), [6]);
  assert.deepEqual(found("#has=@refused"), [1]);
  assert.deepEqual(found("#has=claims.up_to"), [3]);
});

test("a condition on what is not there finds nothing", () => {
  assert.deepEqual(found("#is=colour:red"), []);
  assert.deepEqual(found("#has=colour"), []);
});

test("texts are prepared piece by piece", () => {
  const fresh = new Search(model());
  assert.equal(fresh.prepare(3), false);
  assert.equal(fresh.prepare(3), false);
  assert.equal(fresh.prepare(3), true);
});
