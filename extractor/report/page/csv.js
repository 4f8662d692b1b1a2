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

const HEADS = { "@source.year": "year", "@source.venue": "venue", "@source.url": "url", "@refused": "rejected" };

/** Save the rows of the table, in its order and its columns, as the records have them, and their addresses. */
async function saveRows(app, button) {
  button.disabled = true;
  const columns = [...app.table.visible];
  if (app.model.source.leaf("url")?.values.length) columns.push({ key: "@source.url", field: app.model.source });
  const heads = columns.map(({ key, field }) => (field?.own ? field.name : (HEADS[key] ?? key)));
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
  return columns.map(({ key, field }) => {
    if (!field) return String(data[key] ?? ""); // the id or the title
    if (field === model.refused) return field.count(row);
    return field.own ? fieldCell(field, row, data[field.name]) : sourceOf(model, row, HEADS[key]);
  });
}

/** A single value as it is, and a list in one cell; objects in the words of the table. */
function fieldCell(field, row, value) {
  if (isNothing(value)) return null;
  if (!field.isObject && !Array.isArray(value)) return value;
  if (!field.isObject) return value.map((item) => valueLabel(item)).join(" | ");
  const labels = [];
  for (let item = field.from(row); item < field.to(row); item += 1) labels.push(itemLabel(field, item));
  return labels.join(" | ");
}
