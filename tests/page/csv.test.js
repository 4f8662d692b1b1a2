"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named } = require("./load.js");

const { csvText, fileStem, slug } = named("csvText", "fileStem", "slug");

test("cells are in quotes where they need them", () => {
  assert.equal(csvText([["a", "b,c", 'd"e', "f\ng", "h\ri", "", null, undefined]]), 'a,"b,c","d""e","f\ng","h\ri",,,\r\n');
});

test("a text is never a formula, and a number stays one", () => {
  const cells = ["=1+1", "+1", "-1", "@x", "\tx", "\r=x", -1, 2.5, true, "1-1", '=HYPERLINK("x")'];
  assert.equal(
    csvText([cells]),
    `'=1+1,'+1,'-1,'@x,'\tx,"'\r=x",-1,2.5,true,1-1,"'=HYPERLINK(""x"")"\r\n`,
  );
  assert.equal(csvText([["a\0b"]]), "a\ufffdb\r\n");
});

test("files are named after the records and what they show", () => {
  assert.deepEqual(["run.jsonl.gz", "a.b.sqlite", "run.jsonl.partial", ".jsonl"].map(fileStem), ["run", "a.b", "run", "records"]);
  assert.equal(slug("Top results › dataset"), "top-results-dataset");
});
