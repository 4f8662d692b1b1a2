"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named } = require("./load.js");

const { cutAtSpans, spanText, webAddress, rangeLabel } = named(
  "cutAtSpans", "spanText", "webAddress", "rangeLabel",
);

test("spans count code points, not UTF-16 units", () => {
  const text = "🚀 We e\u0301 𝒜lpha";
  assert.equal(spanText(text, { start: 2, end: 4 }), "We");
  assert.equal(spanText(text, { start: 8, end: 13 }), "𝒜lpha");
});

test("a text is cut where spans begin and end", () => {
  const [outer, inner] = [{ start: 0, end: 5 }, { start: 2, end: 3 }];
  assert.deepEqual(cutAtSpans("abcdef", [outer, inner]), [
    { text: "ab", spans: [outer] },
    { text: "c", spans: [outer, inner] },
    { text: "de", spans: [outer] },
    { text: "f", spans: [] },
  ]);
});

test("spans beyond the text mark nothing", () => {
  const odd = [[0, 99], [-1, 2], [3, 3], [5, 2]].map(([start, end]) => ({ start, end }));
  assert.deepEqual(cutAtSpans("Short.", odd), [{ text: "Short.", spans: [] }]);
});

test("only whole web addresses become links", () => {
  assert.equal(webAddress("https://example.org/a?b=<c>"), "https://example.org/a?b=%3Cc%3E");
  for (const text of ["javascript:alert(1)", "data:text/html,x", "//x.org", "http://", "see https://x.org"])
    assert.equal(webAddress(text), null, text);
});

test("ranges in words", () => {
  assert.equal(rangeLabel([2, 10]), "from 2 to 10");
  assert.equal(rangeLabel([2, Infinity]), "at least 2");
  assert.equal(rangeLabel([-Infinity, 10]), "at most 10");
});
