"use strict";

// Charts as files: an SVG with its styles in it, in the light theme, or a picture of that.

const FIGURE_WIDTH = 900;
const FIGURE_MARGIN = 24;
const PICTURE_SCALE = 2;
const FIGURE_STYLES = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "opacity",
  "font-family", "font-size", "font-weight", "font-style", "text-anchor",
];

/** The menu of a chart: what it can be saved as. */
function saveMenu(app, chart) {
  const name = () => `${fileStem(app.model.name)}-${slug(chart.title)}`;
  const item = (text, save) =>
    h("li", {}, h("button", { type: "button", class: "quiet", click: (event) => { event.target.closest("details").open = false; save(); } }, text));
  const menu = h(
    "details",
    { class: "menu save-menu" },
    h("summary", { "aria-label": `Save ${chart.title}` }, "Save"),
    h(
      "ul",
      { class: "menu-panel" },
      item("SVG", () => download(new Blob([figureText(app, chart)], { type: "image/svg+xml" }), `${name()}.svg`)),
      item("PNG", async () => download(await picture(figureText(app, chart, { links: false })), `${name()}.png`)),
      chart.csv ? item("CSV", () => download(csvFile(chart.csv(app.maskWithout(chart.paths))), `${name()}.csv`)) : null,
    ),
  );
  closable(menu);
  return menu;
}

function fileStem(name) {
  return name.replace(/(\.(gz|partial|jsonl|json|sqlite|parquet|db|pq))+$/i, "") || "records";
}

function slug(text) {
  return text.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase();
}

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A chart as the text of an SVG file; a picture of it has no use for links out of the page. */
function figureText(app, chart, { links = true } = {}) {
  const host = h("div", { class: "figure-host chart", "aria-hidden": "true" });
  document.body.append(host);
  host.style.width = `${FIGURE_WIDTH - 2 * FIGURE_MARGIN}px`;
  chart.draw(host, app.maskWithout(chart.paths));
  const drawing = host.querySelector("svg:not(.bar)") ?? barsFigure(host);
  if (!links) for (const link of drawing.querySelectorAll(".rank-link")) link.remove();
  const figure = framed(app, chart, drawing, host.querySelector(".legend")?.textContent ?? "");
  fill(host, figure);
  inlineStyles(figure);
  host.remove();
  chart.redraw();
  return new XMLSerializer().serializeToString(figure);
}

/** A drawing under its title, with what it is of below it. */
function framed(app, chart, drawing, legend) {
  const height = Number(drawing.getAttribute("height"));
  const top = FIGURE_MARGIN + 34;
  const total = top + height + 52;
  drawing.setAttribute("x", FIGURE_MARGIN);
  drawing.setAttribute("y", top);
  drawing.setAttribute("overflow", "visible");
  return s(
    "svg",
    { xmlns: SVG_NAMESPACE, width: FIGURE_WIDTH, height: total, viewBox: `0 0 ${FIGURE_WIDTH} ${total}`, class: "figure-root" },
    s("title", {}, capital(chart.title)),
    s("rect", { class: "figure-page", width: FIGURE_WIDTH, height: total }),
    s("text", { class: "figure-title", x: FIGURE_MARGIN, y: FIGURE_MARGIN + 12 }, capital(chart.title)),
    drawing,
    s("text", { class: "figure-note", x: FIGURE_MARGIN, y: total - 31 }, clip(legend, 140)),
    s("text", { class: "figure-note", x: FIGURE_MARGIN, y: total - 14 }, clip(figureNote(app), 140)),
  );
}

/** Which papers a figure is of, in the words of the conditions that hold. */
function figureNote(app) {
  const { model, rows } = app;
  const chips = [...document.querySelectorAll("#chips .condition > span:first-child")].map((chip) => chip.textContent);
  if (app.view.query.trim()) chips.unshift(`search: ${app.view.query.trim()}`);
  const of = rows.length === model.rows ? plural(model.rows, "paper") : `${whole(rows.length)} of ${plural(model.rows, "paper")}`;
  return [`${model.name}: ${of}`, ...chips].join("; ");
}

/** Bars, which are elements of HTML on the page, as a drawing. */
function barsFigure(host) {
  const width = FIGURE_WIDTH - 2 * FIGURE_MARGIN;
  const [left, right, step] = [250, width - 60, 26];
  const rows = [...host.querySelectorAll(".bar-row")];
  const title = host.querySelector(".axis-title")?.textContent ?? "";
  const base = rows.length * step + 4;
  const drawing = s("svg", { width, height: base + 26 }, s("line", { class: "axis", x1: left, x2: left, y1: 0, y2: base }));
  rows.forEach((row, i) => {
    const share = parseFloat(row.querySelector(".bar-fill").getAttribute("width")) / 100;
    const y = i * step;
    drawing.append(
      s(
        "g",
        { class: row.parentElement.className },
        s("text", { class: "figure-label", x: left - 10, y: y + 17 }, clip(row.querySelector(".bar-label").textContent, 36)),
        s("rect", { class: "bar-fill", x: left, y: y + 5, width: Math.max(1, share * (right - left)), height: step - 10, rx: 2 }),
        s("text", { class: "figure-value", x: left + share * (right - left) + 8, y: y + 17 }, row.querySelector(".bar-count").textContent),
      ),
    );
  });
  drawing.append(s("text", { class: "axis-name", x: (left + right) / 2, y: base + 18 }, title));
  return drawing;
}

/** Put the styles that apply to each part into it, and take away what only the page uses. */
function inlineStyles(figure) {
  const plain = colourReader();
  const nodes = [figure, ...figure.querySelectorAll("*")];
  const styles = nodes.map((node) => {
    const computed = getComputedStyle(node);
    return FIGURE_STYLES.map((name) => [name, computed.getPropertyValue(name)]);
  });
  nodes.forEach((node, i) => {
    for (const { name } of [...node.attributes])
      if (/^(class|style|role|tabindex|aria-.*|data-.*|target|rel)$/.test(name)) node.removeAttribute(name);
    if (node.getAttribute("href")?.startsWith("#")) node.removeAttribute("href");
    for (const [name, value] of styles[i]) node.setAttribute(name, /^(fill|stroke)$/.test(name) ? plain(value) : value);
  });
}

/** A function that says any colour of CSS as rgb(), which every program reads. */
function colourReader() {
  const canvas = h("canvas", { width: 1, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map([["none", "none"]]);
  return (colour) => {
    if (!known.has(colour)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      known.set(colour, a ? `rgb(${r}, ${g}, ${b})` : "none");
    }
    return known.get(colour);
  };
}

/** The text of an SVG as a PNG. */
async function picture(text) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = h("canvas", { width: image.width * PICTURE_SCALE, height: image.height * PICTURE_SCALE });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
