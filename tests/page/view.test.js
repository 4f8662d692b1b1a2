"use strict";

const assert = require("node:assert/strict");
const test = require("node:test");
const { named } = require("./load.js");

const { View } = named("View");

test("a view and its link are one and the same", () => {
  const links = [
    "#",
    "#q=two+words",
    "#is=hardware:A100&is=hardware:H100",
    "#in=claims.factor:2..10",
    "#in=claims.factor:..10",
    "#has=@failure&lacks=claims",
    "#sort=-title&hide=id&hide=claims&paper=7",
    "#is=a%253Ab:c:d",
    "#row=12",
    "#is=a:b&split=hardware:H100&split=hardware:A%26B&rank=lowest&sort=id",
  ];
  for (const link of links) assert.equal(View.parse(link).toHash(), link);
});

test("what cannot be read is left out", () => {
  assert.equal(View.parse("#in=factor:x..y&colour=red&sort=").toHash(), "#");
});

test("a value is toggled", () => {
  const view = new View();
  view.toggleValue("hardware", "A100");
  view.toggleValue("hardware", "H100");
  assert.ok(view.isOn("hardware", "A100"));
  view.toggleValue("hardware", "A100");
  assert.ok(!view.isOn("hardware", "A100"));
  assert.deepEqual([...view.is], [["hardware", new Set(["H100"])]]);
  view.toggleValue("hardware", "H100");
  assert.equal(view.is.size, 0);
});

test("clearing keeps the order and the columns", () => {
  const view = View.parse("#q=a&is=b:c&in=d:1..2&has=e&lacks=f&sort=title&hide=g&paper=1");
  assert.ok(view.isFiltered);
  view.clearFilters();
  assert.ok(!view.isFiltered);
  assert.equal(view.toHash(), "#sort=title&hide=g&paper=1");
});

test("spaces alone are no filter", () => {
  assert.ok(!View.parse("#q=+++").isFiltered);
});

test("a link to a paper keeps the filter, and the view stays as it was", () => {
  const view = View.parse("#q=a");
  assert.equal(view.hashFor(["paper", "7"]), "#q=a&paper=7");
  assert.equal(view.toHash(), "#q=a");
});
