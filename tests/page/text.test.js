"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named } = require("./load.js");

const { fold, whole, precise, rough, compact, percent, plural, words, clip, capital } = named(
  "fold", "whole", "precise", "rough", "compact", "percent", "plural", "words", "clip", "capital",
);

test("case, accents and compatibility forms are folded", () => {
  assert.equal(fold("ÄLTER"), "alter");
  assert.equal(fold("ﬁve e\u0301"), "five e");
  assert.equal(fold("ABC"), "abc");
  assert.equal(fold("悟空"), "悟空");
});

test("numbers by size", () => {
  assert.equal(whole(1234567), "1,234,567");
  assert.equal(precise(3.14159), "3.142");
  assert.equal(precise(12345.6), "12,346");
  assert.equal(rough(1234), "1,230");
  assert.equal(rough(1234567), "1.23M");
  assert.equal(compact(9999), "9,999");
  assert.equal(compact(12345), "12.3K");
});

test("a share says 0 and 100 only where it is none or all", () => {
  assert.equal(percent(0, 0), "–");
  assert.equal(percent(0, 5), "0%");
  assert.equal(percent(1, 1000), "<1%");
  assert.equal(percent(999, 1000), ">99%");
  assert.equal(percent(1000, 1000), "100%");
  assert.equal(percent(1, 3), "33%");
});

test("counts, names and long texts", () => {
  assert.equal(plural(1, "paper"), "1 paper");
  assert.equal(plural(1200, "paper"), "1,200 papers");
  assert.equal(plural(2, "entry", "entries"), "2 entries");
  assert.equal(words("claimed_speed_ups"), "claimed speed ups");
  assert.equal(capital("ünit"), "Ünit");
  assert.equal(clip("short", 5), "short");
  assert.equal(clip("longer", 5), "long…");
  assert.equal(clip("🚀🚀🚀", 3), "🚀🚀…");
});
