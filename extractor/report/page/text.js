"use strict";

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const PRECISE = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const ROUGH = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const PLAIN = /^[\x00-\x7f]*$/;

/** Lower case without accents and compatibility forms: what a search compares. */
function fold(text) {
  const lower = text.toLowerCase();
  return PLAIN.test(lower) ? lower : lower.normalize("NFKD").replace(/\p{M}/gu, "");
}

function whole(number) {
  return WHOLE.format(number);
}

function precise(number) {
  return Math.abs(number) >= 1e4 ? WHOLE.format(number) : PRECISE.format(number);
}

function rough(number) {
  return Math.abs(number) >= 1e5 ? COMPACT.format(number) : ROUGH.format(number);
}

function compact(number) {
  return Math.abs(number) < 1e4 ? WHOLE.format(number) : COMPACT.format(number);
}

/** A share as a percentage that says 0 and 100 only where it is all or nothing. */
function percent(part, all) {
  if (!all) return "–";
  const share = (100 * part) / all;
  if (part && share < 1) return "<1%";
  if (part < all && share > 99) return ">99%";
  return `${Math.round(share)}%`;
}

function plural(count, one, many = `${one}s`) {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** The name of a field as words. */
function words(name) {
  return name.replaceAll("_", " ");
}

function clip(text, length) {
  return text.length <= length ? text : `${[...text].slice(0, length - 1).join("")}…`;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
