"use strict";

// How values read in little room.

/** A number with its unit: 3.4×, 41%, 12 ms. */
function withUnit(number, unit) {
  const signs = { x: "×", "%": "%" };
  if (!unit) return precise(number);
  return signs[unit] ? `${precise(number)}${signs[unit]}` : `${precise(number)} ${unit}`;
}

/** One item of a field in a few words; `item` counts over all rows. */
function itemLabel(field, item) {
  const plain = field.leaf("")?.at(item) ?? null;
  if (plain !== null) return scalarLabel(plain);
  if (field.number && field.number.at(item) !== null) return numberLabel(field, item);
  const texts = field.leaves.map((leaf) => leaf.at(item)).filter((value) => value !== null);
  return texts.slice(0, 2).map(scalarLabel).join(" · ");
}

function scalarLabel(value) {
  if (typeof value === "number") return precise(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value;
}

/** The number of an item, the end of its range if it has one, its unit, its group, its data. */
function numberLabel(field, item) {
  const end = field.leaf(`${field.number.name}_max`)?.at(item) ?? null;
  const unit = field.leaf("unit")?.at(item) ?? "";
  const least = field.leaf("up_to")?.at(item) === true ? "≤ " : "";
  const start = end === null ? "" : `${precise(field.number.at(item))}–`;
  const number = withUnit(end ?? field.number.at(item), unit);
  const dataset = field.leaf("dataset")?.at(item) ?? null;
  const parts = [number, field.group?.at(item), dataset === null ? null : `on ${dataset}`];
  return least + start + parts.filter(Boolean).join(" ");
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNothing(value) {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
}

/** A value of the JSON itself on one line. */
function valueLabel(value) {
  if (value === null || typeof value !== "object") return scalarLabel(value ?? "nothing");
  return JSON.stringify(value);
}
