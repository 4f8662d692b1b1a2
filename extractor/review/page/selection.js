"use strict";

// Selected words: which they are, and how to select them by keys. Places count code points.

const SOURCES = ["title", "abstract"];
const INSIDE_WORD = /[\p{L}\p{N}]/u;

function sourceElement(source) {
  return document.querySelector(`[data-source="${source}"]`);
}

/** The words that are selected in the title or the abstract, or null. */
function selectedPlace() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  for (const source of SOURCES) {
    const element = sourceElement(source);
    if (!element || !element.contains(range.startContainer) || !element.contains(range.endContainer)) continue;
    return tidied(source, element.textContent, unitsBefore(element, range.startContainer, range.startOffset), unitsBefore(element, range.endContainer, range.endOffset));
  }
  return null;
}

function unitsBefore(element, node, offset) {
  const range = document.createRange();
  range.selectNodeContents(element);
  range.setEnd(node, offset);
  return range.toString().length;
}

/** Without blanks at its ends; a word that was cut is taken whole. */
function tidied(source, text, start, end) {
  while (start < end && /\s/.test(text[start])) start += 1;
  while (end > start && /\s/.test(text[end - 1])) end -= 1;
  if (start === end) return null;
  const joined = (at) => at > 0 && at < text.length && INSIDE_WORD.test(text[at - 1]) && INSIDE_WORD.test(text[at]);
  while (joined(start)) start -= 1;
  while (joined(end)) end += 1;
  const points = (units) => [...text.slice(0, units)].length;
  return { source, start: points(start), end: points(end), words: text.slice(start, end) };
}

/** Select a span of a text, in UTF-16 units. */
function selectUnits(element, start, end) {
  const range = rangeOf(element, start, end);
  getSelection().setBaseAndExtent(range.startContainer, range.startOffset, range.endContainer, range.endOffset);
  range.startContainer.parentElement.scrollIntoView({ block: "nearest" });
}

function rangeOf(element, start, end) {
  const [from, to] = [nodeAt(element, start), nodeAt(element, end)];
  const range = document.createRange();
  range.setStart(from.node, from.offset);
  range.setEnd(to.node, to.offset);
  return range;
}

function nodeAt(element, units) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let left = units;
  let node = walker.nextNode();
  while (node.length < left) {
    left -= node.length;
    node = walker.nextNode();
  }
  return { node, offset: left };
}

/** A cursor that goes from word to word of title and abstract, and selects them. */
class WordCursor {
  constructor(start) {
    this.words = SOURCES.flatMap((source) => wordsOf(source));
    const near = (word) => start && word.source === start.source && word.endPoint > start.start;
    this.from = this.to = Math.max(0, this.words.findIndex(near));
    this.#select();
  }

  /** Move by words; with `extend`, only the end of the selection moves, within one text. */
  move(by, extend) {
    const to = Math.min(this.words.length - 1, Math.max(0, this.to + by));
    if (!extend) this.from = this.to = to;
    else if (to >= this.from && this.words[to].source === this.words[this.from].source) this.to = to;
    this.#select();
  }

  #select() {
    const [first, last] = [this.words[this.from], this.words[this.to]];
    if (first) selectUnits(sourceElement(first.source), first.start, last.end);
  }
}

function wordsOf(source) {
  const text = sourceElement(source).textContent;
  return [...text.matchAll(/\S+/g)].map((found) => {
    const bare = found[0].match(/^[\s"“‘'([]*(.*?)[\s"”’'),.;:!?\]]*$/u)[1] || found[0];
    const start = found.index + found[0].indexOf(bare);
    const end = start + bare.length;
    return { source, start, end, endPoint: [...text.slice(0, end)].length };
  });
}
