"use strict";

// Scales and parts that charts share.

/** A scale from a range of numbers to pixels: logarithmic where they are positive and far apart. */
function scaleOf(values, left, right) {
  let [low, high] = extent(values);
  const log = low > 0 && high / low >= 15;
  const map = log ? Math.log10 : (value) => value;
  const unmap = log ? (value) => 10 ** value : (value) => value;
  if (low === high) [low, high] = log || low > 0 ? [low / 2, high * 2] : [low - 1, high + 1];
  if (log) low = decadeNear(low);
  const [a, b] = [map(low), map(high)];
  const pad = (b - a) * 0.03;
  const perPixel = (b - a + 2 * pad) / (right - left);
  const scale = (value) => left + (map(value) - a + pad) / perPixel;
  scale.invert = (pixel) => unmap(a - pad + (pixel - left) * perPixel);
  scale.log = log;
  scale.ticks = log ? logTicks(low, high) : linearTicks(low, high);
  return scale;
}

function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The power of ten a little below a number, so that the axis begins with it; else the number. */
function decadeNear(low) {
  const decade = 10 ** Math.floor(Math.log10(low));
  return low / decade < 1.5 ? decade : low;
}

/** 1, 2, 5, 10 ... and only powers of ten where these would be many. */
function logTicks(low, high) {
  const decades = Math.log10(high / low);
  const steps = decades > 4 ? [1] : [1, 2, 5];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1)
    for (const step of steps) ticks.push(step * 10 ** power);
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

function linearTicks(low, high) {
  const rawStep = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rawStep));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rawStep);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) ticks.push(i * step);
  return ticks;
}

/** The value below which a share of sorted numbers lies. */
function quantile(sortedNumbers, share) {
  const place = (sortedNumbers.length - 1) * share;
  const low = Math.floor(place);
  const next = sortedNumbers[Math.min(low + 1, sortedNumbers.length - 1)];
  return sortedNumbers[low] + (next - sortedNumbers[low]) * (place - low);
}

let pen = null;

/** How many pixels a label of a chart takes. */
function textWidth(text, size = 12) {
  pen ??= h("canvas").getContext("2d");
  pen.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

/** A label cut to the pixels that it has. */
function clipTo(text, room) {
  let length = text.length;
  while (length > 2 && textWidth(clip(text, length)) > room) length -= 1;
  return clip(text, length);
}

/** A part of a drawing that is a button, for pointer and keys: {key, label, on, class}. */
function pickButton({ key, label, on, ...more }, toggle, ...children) {
  const keydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle();
  };
  const said = { "aria-pressed": on ? "true" : "false", "aria-label": label, "data-key": key };
  return s("g", { role: "button", tabindex: 0, ...said, ...more, click: toggle, keydown }, ...children);
}

/** The axis of a scale below a drawing, with its lines, numbers and title. */
function valueAxis(scale, { base, left, right, unit, title }) {
  let taken = -Infinity; // up to where the numbers reach
  const ticks = scale.ticks.map((tick) => {
    const [x, text] = [scale(tick), withUnit(tick, unit)];
    const half = text.length * 3.4;
    const roomy = x - half > taken + 8;
    if (roomy) taken = x + half;
    return [
      s("line", { x1: x, x2: x, y1: 0, y2: base, class: "gridline" }),
      roomy ? s("text", { x, y: base + 17, class: "tick" }, text) : null,
    ];
  });
  return [
    s("line", { x1: left, x2: right, y1: base, y2: base, class: "axis" }),
    ticks,
    s("text", { x: Math.max((left + right) / 2, textWidth(title) / 2), y: base + 35, class: "axis-name" }, title),
  ];
}

/** A table of the numbers that a chart draws, for those who rather read or hear them. */
function dataTable(caption, heads, rows) {
  const body = rows.map(([first, ...rest]) =>
    h("tr", {}, h("th", { scope: "row" }, bdi(first)), rest.map((cell) => h("td", {}, cell))),
  );
  return h(
    "details",
    { class: "numbers" },
    h("summary", {}, "As a table"),
    h(
      "div",
      { class: "numbers-scroll" },
      h(
        "table",
        {},
        h("caption", { class: "unseen" }, caption),
        h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
        h("tbody", {}, body),
      ),
    ),
  );
}

/** The one tooltip of the page: a hint for the pointer, whose content stands elsewhere as well. */
const tip = {
  show(event, ...lines) {
    const node = byId("tip");
    fill(node, lines.map((line) => h("div", {}, line)));
    node.hidden = false;
    const { width, height } = node.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, innerWidth - width - 8);
    const below = event.clientY + 18;
    node.style.left = `${Math.max(8, x)}px`;
    node.style.top = `${below + height > innerHeight ? event.clientY - height - 12 : below}px`;
  },
  /** The same at an element, for those who come to it by keys. */
  showAt(node, ...lines) {
    const { left, bottom } = node.getBoundingClientRect();
    this.show({ clientX: left, clientY: bottom }, ...lines);
  },
  hide() {
    byId("tip").hidden = true;
  },
};
