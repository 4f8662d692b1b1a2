"use strict";

// The run in a line of figures.

function drawSummary(app, host) {
  const { model } = app;
  const tiles = [papersTile(model), valuesTile(model), filledTile(model), ...runTiles(model.run, model.records)];
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

function valuesTile(model) {
  const values = model.fields.reduce((sum, field) => sum + field.starts[model.rows], 0);
  const refused = model.refused.starts[model.rows];
  return { name: "Values", figure: compact(values), note: refused ? `${whole(refused)} more were refused` : "none was refused" };
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

function runTiles(run, records) {
  const { sums, cached_sums: kept } = run;
  const tokens = (sums.prompt_tokens ?? 0) + (sums.completion_tokens ?? 0);
  const cost = ["cost_usd", "cost"].find((key) => key in sums);
  return [
    tokens ? tokenTile(sums, kept, tokens, records) : null,
    run.cached ? { name: "From the cache", figure: percent(run.cached, records), note: `${plural(run.cached, "record")}, free this time` } : null,
    sums.seconds ? { name: "Time", figure: duration(sums.seconds), note: "all calls together" } : null,
    cost ? costTile(sums[cost], kept[cost] ?? 0, records) : null,
    namesTile("Model", run.models),
    namesTile("Task", run.tasks),
  ];
}

function tokenTile(sums, kept, tokens, records) {
  const paid = tokens - (kept.prompt_tokens ?? 0) - (kept.completion_tokens ?? 0);
  const each = `${compact(sums.prompt_tokens / records)} in, ${compact(sums.completion_tokens / records)} out a paper`;
  return { name: "Tokens", figure: compact(tokens), note: paid === tokens ? each : `${each}; ${compact(paid)} paid for` };
}

function costTile(cost, kept, records) {
  const dollars = (sum) => `$${sum < 1 ? sum.toPrecision(2) : sum.toFixed(2)}`;
  const saved = kept ? `; ${dollars(kept)} of it kept from before` : "";
  return { name: "Cost", figure: dollars(cost), note: `${dollars((1000 * cost) / records)} per 1,000 papers${saved}` };
}

function namesTile(name, counts) {
  if (!counts.length) return null;
  const others = counts.length > 1 ? `and ${plural(counts.length - 1, "other")}` : null;
  return { name, figure: h("span", { class: "name-figure" }, bdi(counts[0][0])), note: others };
}
