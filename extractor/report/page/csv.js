"use strict";

// Tables as files of comma-separated values, for spreadsheets.

/** A file of rows; the mark in front lets Excel read it as UTF-8. */
function csvFile(rows) {
  return new Blob(["\ufeff", csvText(rows)], { type: "text/csv;charset=utf-8" });
}

function csvText(rows) {
  return rows.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

/** A cell that a spreadsheet shows and does not run (CWE-1236), in quotes where it needs them. */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = value.replaceAll("\0", "\ufffd");
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Save the rows of the table, in its order and its columns, as the records have them. */
async function saveRows(app, button) {
  button.disabled = true;
  const columns = app.table.visible.filter((column) => column.field?.own);
  const heads = ["id", "title", ...columns.map((column) => column.field.name), "year", "venue", "link"];
  const lines = new Map();
  // In the order of the file, so that each chunk is unpacked once.
  for (const row of app.rows.toSorted()) {
    const { row: data } = await app.model.details(row);
    lines.set(row, csvText([rowCells(app.model, row, data, columns)]));
  }
  const text = Array.from(app.rows, (row) => lines.get(row)).join("");
  download(new Blob(["\ufeff", csvText([heads]), text], { type: "text/csv;charset=utf-8" }), `${fileStem(app.model.name)}.csv`);
  button.disabled = false;
}

function rowCells(model, row, data, columns) {
  const source = isObject(data.source) ? data.source : {};
  const known = (name) => (model.source.count(row) ? (model.source.leaf(name)?.at(model.source.from(row)) ?? null) : null);
  const own = columns.map(({ field }) => fieldCell(field, row, data[field.name]));
  const link = sourceLinks(source)[0]?.href ?? known("url");
  return [String(data.id ?? ""), String(data.title ?? ""), ...own, known("year"), known("venue"), link];
}

/** A single value as it is, and a list in one cell; objects in the words of the table. */
function fieldCell(field, row, value) {
  if (isNothing(value) || value === undefined) return null;
  if (!field.isObject && !Array.isArray(value)) return value;
  if (!field.isObject) return value.map((item) => valueLabel(item)).join(" | ");
  const labels = [];
  for (let item = field.from(row); item < field.to(row); item += 1) labels.push(itemLabel(field, item));
  return labels.join(" | ");
}
