"use strict";

// Both runs in a line of figures.

function drawSummary(index, host) {
  const { before, after, both, papers } = index;
  const sum = (kind) => Object.values(index.fields).reduce((total, field) => total + field[kind], 0);
  const kinds = Object.keys(KINDS);
  const differ = papers.length ? `${whole(papers.length)} of them differ` : hasFields(index) ? "none of them differs" : "not compared";
  const tiles = [
    tile("Papers in both", whole(both), both ? differ : null),
    twoNumbers("Values", before.values, after.values),
    tile("Changes", kinds.map((kind) => h("span", { class: "kind-count" }, sign(kind), whole(sum(kind)))), kinds.join(", ")),
    twoNumbers("Failures", total(before.failures), total(after.failures)),
    twoNumbers("Rejected", before.rejected, after.rejected),
    twoNumbers("Tokens", before.prompt_tokens + before.completion_tokens, after.prompt_tokens + after.completion_tokens),
    costTile(before.cost, after.cost),
    namesTile("Model", before.models, after.models),
    taskTile(before.tasks, after.tasks),
  ];
  fill(host, tiles.filter(Boolean));
}

function tile(name, figure, note = null, kind = "figure") {
  return h("div", { class: "tile" }, h("dt", {}, name), h("dd", { class: kind }, figure), note === null ? null : h("dd", { class: "note" }, note));
}

function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** A figure before and after; nothing where both are 0. */
function twoNumbers(name, before, after) {
  if (!before && !after) return null;
  if (before === after) return tile(name, compact(after), "in either");
  return tile(name, compact(after), [`${compact(before)} before, `, signed(after - before)]);
}

function signed(difference) {
  return `${difference < 0 ? "−" : "+"}${compact(Math.abs(difference))}`;
}

function costTile(before, after) {
  if (!before && !after) return null;
  const dollars = (cost) => (cost === null ? "unknown" : `$${cost.toFixed(cost < 1 ? 4 : 2)}`);
  return tile("Cost", dollars(after), `${dollars(before)} before`);
}

/** The tasks, where they are not the same: then other values were asked for. */
function taskTile(before, after) {
  const [old, now] = [before, after].map((tasks) => Object.keys(tasks).sort().join(" "));
  return old === now ? null : namesTile("Task", before, after);
}

function namesTile(name, before, after) {
  const [old, now] = [before, after].map((counts) => Object.keys(counts).filter(Boolean).join(", "));
  if (!old && !now) return null;
  const figure = bdi(now || "none");
  return tile(name, figure, old === now ? "in either" : ["before: ", bdi(old || "none")], "name-figure");
}
