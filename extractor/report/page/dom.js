"use strict";

// Every element of the page is made here. Children are nodes or texts, and a text is always
// set as text: nothing of a title, an abstract or a value is ever parsed as markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** Make an HTML element; a function among the attributes listens to the event of its name. */
function h(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

/** Make an SVG element in the same way. */
function s(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG_NAMESPACE, name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** Put children in the place of what an element holds. */
function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null));
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

/** A text of the data: it keeps to its own direction, whatever marks it carries. */
function bdi(text, attributes = {}) {
  return h("bdi", attributes, text);
}

/** The classes that give an element the colour of a field. */
function hued(field, more = "") {
  return `hued c${field.colour} ${more}`.trim();
}

/** A link out of the page if the text is a web address in full, else null. */
function outLink(text, label = text) {
  const address = webAddress(text);
  if (address === null) return null;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, bdi(label));
}

function webAddress(text) {
  if (!/^https?:\/\/[^\s]+$/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text).href;
}

/** Links that a paper's metadata hold. */
function sourceLinks(source) {
  const text = (key) => (typeof source?.[key] === "string" ? source[key] : "");
  const doi = text("doi").replace(/^(https?:\/\/(dx\.)?doi\.org\/|doi:)/i, "");
  return [outLink(doi && `https://doi.org/${encodeURI(doi)}`, "DOI"), outLink(text("url"), "Page")].filter(Boolean);
}

/** Call `action` once things have been quiet for `pause` milliseconds. */
function debounced(pause, action) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), pause);
  };
}
