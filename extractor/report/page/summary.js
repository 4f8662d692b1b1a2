"use strict";

// The run in a line of figures.

function drawSummary(app, host) {
  const { model } = app;
  const { run, records } = model;
  const tiles = [
    papersTile(model),
    reviewTile(model),
    valuesTile(model),
    filledTile(model),
    tokensTile(run, records),
    cacheTile(run, records),
    namesTile("Model", run.models),
    namesTile("Task", run.tasks),
  ];
  return fill(host, tiles.filter(Boolean).map(tile));
}

function tile({ name, figure, note }) {
  return h("div", { class: "tile" }, h("dt", {}, name), h("dd", { class: "figure" }, figure), note ? h("dd", { class: "note" }, note) : null);
}

function papersTile(model) {
  const failed = model.rows - model.records;
  const note = failed ? `${whole(failed)} without a record` : "each with a record";
  return { name: "Papers", figure: whole(model.rows), note: model.rows ? note : null };
}

/** What needs review, with the way there: it stands at the end of the page. */
function reviewTile(model) {
  const [failed, rejected] = [model.rows - model.records, model.refused.starts[model.rows]];
  if (!failed && !rejected) return null;
  const parts = [failed ? `${whole(failed)} failed` : null, rejected ? `${plural(rejected, "value")} rejected` : null];
  const show = () => byId("review-section").scrollIntoView({ behavior: calmMotion() ? "auto" : "smooth" });
  const button = h("button", { type: "button", class: "to-review", click: show }, whole(failed + rejected));
  return { name: "Needs review", figure: button, note: parts.filter(Boolean).join(", ") };
}

function valuesTile(model) {
  const values = model.fields.reduce((sum, field) => sum + field.starts[model.rows], 0);
  const rejected = model.refused.starts[model.rows];
  return { name: "Values", figure: compact(values), note: rejected ? `${whole(rejected)} more were rejected` : "none was rejected" };
}

function filledTile(model) {
  const all = model.records * model.fields.length;
  const rows = new Uint8Array(model.records).fill(1);
  const filled = model.fields.reduce(
    (sum, field) => sum + countRows(rows, model.records, (row) => field.count(row) > 0),
    0,
  );
  return { name: "Fields filled", figure: percent(filled, all), note: `of ${plural(model.fields.length, "field")} a paper` };
}

function tokensTile({ tokens, cached_tokens: cached }, records) {
  const all = tokens.prompt_tokens + tokens.completion_tokens;
  if (!all) return null;
  const paid = all - cached.prompt_tokens - cached.completion_tokens;
  const each = `${compact(tokens.prompt_tokens / records)} in, ${compact(tokens.completion_tokens / records)} out a paper`;
  return { name: "Tokens", figure: compact(all), note: paid === all ? each : `${each}; ${compact(paid)} paid for` };
}

function cacheTile({ cached_records: cached }, records) {
  if (!cached) return null;
  return { name: "From the cache", figure: percent(cached, records), note: `${plural(cached, "record")}, free this time` };
}

function namesTile(name, counts) {
  if (!counts.length) return null;
  const others = counts.length > 1 ? `and ${plural(counts.length - 1, "other")}` : null;
  return { name, figure: h("span", { class: "name-figure" }, bdi(counts[0][0])), note: others };
}
