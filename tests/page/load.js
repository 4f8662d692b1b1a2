"use strict";

// The page's modules in a process without a browser. They share one scope, as on the page, and
// touch the document only when something is drawn. pytest writes the index that they read:
// REPORT_INDEX names its file (see tests/test_report_modules.py).

const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const PAGE = path.join(__dirname, "..", "..", "extractor", "report", "page");

Map.groupBy ??= (items, keyOf) => {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
};

for (const folder of [PAGE, path.join(PAGE, "charts")]) {
  for (const name of fs.readdirSync(folder).sort()) {
    if (!name.endsWith(".js") || name === "main.js") continue;
    const file = path.join(folder, name);
    new vm.Script(fs.readFileSync(file, "utf8"), { filename: file }).runInThisContext();
  }
}

/** What the modules call by these names. */
function named(...names) {
  return vm.runInThisContext(`({ ${names.join(", ")} })`);
}

/** The model of the papers that tests/test_report_modules.py describes. */
function model() {
  const { Model } = named("Model");
  return new Model(JSON.parse(fs.readFileSync(process.env.REPORT_INDEX, "utf8")));
}

module.exports = { named, model };
