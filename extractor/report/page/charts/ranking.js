"use strict";

// Who is first: the papers by their largest number, for a kind, a device or a data set of choice.
// The choices are conditions of the page, so the address and the table follow them.

const MOST_RANKINGS = 2;
const MOST_CHOICES = 3;
const MOST_OPTIONS = 100;
const RANKS = 15;
const RANK_HEIGHT = 25;
const NARROW = 560;
const METHOD_NAMES = /^(method|model|system|tool|approach|algorithm)?_?names?$|^(method|model|system|tool|approach|algorithm)$/i;

class Ranking extends Chart {
  static chartsFor(app) {
    const fields = app.model.fields.filter((field) => field.isObject && field.list && field.isMeasured);
    return fields.slice(0, MOST_RANKINGS).map((field) => new Ranking(app, field));
  }

  constructor(app, field) {
    super(app);
    const { model } = app;
    this.field = field;
    this.measure = field.measure;
    this.isFactor = this.measure.name === "factor";
    this.units = this.isFactor ? null : field.leaf("unit");
    this.relative = this.isFactor ? null : field.leaf("relative");
    this.names = methodLeaf(model);
    this.code = addressLeaf(model);
    this.choices = rankingChoices(model, field);
    this.row = 0;
    this.shown = RANKS;
  }

  get title() {
    const what = this.measure.name ? words(this.measure.name) : this.field.label;
    return `Ranking by ${what} (${this.field.label})`;
  }

  draw(host, mask) {
    const ranking = this.#ranking(mask);
    const { shown, papers } = ranking;
    const controls = this.#controls(ranking);
    if (!shown.length) return fill(host, controls, h("p", { class: "none" }, "No value among these papers."));
    const rest = papers - shown.length;
    const more = h("button", { type: "button", class: "quiet", click: () => this.#showMore(), "data-key": "more" }, `Show ${whole(Math.min(RANKS, rest))} more`);
    return fill(
      host,
      controls,
      this.#svg(shown, ranking, Math.max(260, host.clientWidth)),
      h("p", { class: "more" }, h("span", { class: "legend" }, this.#remarks(ranking)), " ", rest ? more : null),
      this.#table(shown, ranking),
    );
  }

  #showMore() {
    this.shown += RANKS;
    this.redraw();
  }

  /**
   * The best item of each paper: {shown: [[row, item]] best first, papers, values, unit, kind,
   * left: values in other units, apart: values that are relative where the ranked ones are not, or
   * the other way round}. Numbers are ranked within one unit and, but for factors, within one group:
   * the most frequent one where none is chosen.
   */
  #ranking(mask) {
    const { field, isFactor, units } = this;
    const tests = [...(itemTests(this.app.model, this.app.view).get(field) ?? [])];
    const kind = isFactor ? null : this.#commonest(field.group, mask, tests);
    if (kind !== null) tests.push(onlyCode(field.group, kind));
    const unit = this.#commonest(units, mask, tests);
    const candidates = this.#count(mask, tests);
    if (unit !== null) tests.push(onlyCode(units, unit));
    const ofUnit = this.#count(mask, tests);
    const relative = this.#commonest(this.relative, mask, tests);
    if (relative !== null) tests.push(onlyCode(this.relative, relative));
    const best = this.#best(mask, tests);
    return {
      shown: this.#first(best),
      papers: best.rows.length,
      values: best.values,
      unit: isFactor ? "x" : unit === null || unit < 0 ? "" : String(units.values[unit]),
      kind: kind === null || kind < 0 ? "none" : String(field.group.values[kind]),
      left: candidates - ofUnit,
      apart: ofUnit - best.values,
      isRelative: relative >= 0 && this.relative?.values[relative] === true,
      tests,
    };
  }

  /** Call `visit(row, item)` for each number of a mask's rows that passes tests. */
  #each(mask, tests, visit) {
    const { field } = this;
    const { codes } = this.measure;
    const { starts } = field;
    for (let row = 0; row < this.app.model.records; row += 1) {
      if (!mask[row]) continue;
      for (let item = starts[row]; item < starts[row + 1]; item += 1)
        if (codes[item] >= 0 && (!tests.length || passes(item, tests))) visit(row, item);
    }
  }

  #count(mask, tests) {
    let count = 0;
    this.#each(mask, tests, () => { count += 1; });
    return count;
  }

  /** The code of a leaf that most of the items have, -1 for none; null where there is no leaf. */
  #commonest(leaf, mask, tests) {
    if (!leaf) return null;
    const counts = new Uint32Array(leaf.values.length + 1);
    this.#each(mask, tests, (row, item) => { counts[leaf.codes[item] + 1] += 1; });
    return counts.indexOf(Math.max(...counts)) - 1;
  }

  #best(mask, tests) {
    const { codes, values } = this.measure;
    const sign = this.app.view.lowest ? -1 : 1;
    const [rows, items] = [[], []];
    let count = 0;
    this.#each(mask, tests, (row, item) => {
      count += 1;
      const last = rows.length - 1;
      if (rows[last] !== row) {
        rows.push(row);
        items.push(item);
      } else if (sign * (values[codes[item]] - values[codes[items[last]]]) > 0) items[last] = item;
    });
    return { rows, items, values: count };
  }

  /** The first of the best; to find them among many, their last number comes first. */
  #first({ rows, items }) {
    const sign = this.app.view.lowest ? 1 : -1;
    const keys = Float64Array.from(items, (item) => sign * this.measure.at(item));
    const limit = keys.toSorted()[Math.min(this.shown, keys.length) - 1];
    const places = Array.from(keys.keys()).filter((place) => keys[place] <= limit);
    places.sort((a, b) => keys[a] - keys[b] || a - b);
    return places.slice(0, this.shown).map((place) => [rows[place], items[place]]);
  }

  #remarks({ shown, papers, values, unit, left, apart, isRelative }) {
    const parts = [];
    if (values > papers) parts.push(`The ${this.app.view.lowest ? "lowest" : "highest"} of each paper, of ${plural(values, "value")}.`);
    if (left) parts.push(`${plural(left, "value")} in other units than ${unit || "none"} ${left === 1 ? "is" : "are"} left out.`);
    if (apart) parts.push(`${plural(apart, `${isRelative ? "absolute" : "relative"} value`)} ${apart === 1 ? "is" : "are"} left out.`);
    if (shown.some(([, item]) => this.#isUpTo(item))) parts.push("≤: said as “up to”.");
    if (papers > shown.length) parts.push(`${plural(papers - shown.length, "paper")} more.`);
    return parts.join(" ");
  }

  /** A select for each choice, and one for which end is first. */
  #controls(ranking) {
    const ends = [["", "highest first"], ["lowest", "lowest first"]];
    const order = h(
      "select",
      { "data-key": "order", change: (event) => this.app.change((view) => { view.lowest = event.target.value === "lowest"; }) },
      ends.map(([value, text]) => h("option", { value, selected: (value === "lowest") === this.app.view.lowest }, text)),
    );
    return h(
      "div",
      { class: "controls" },
      this.choices.map((leaf) => this.#choice(leaf, ranking)),
      h("label", {}, "order ", order),
    );
  }

  #choice(leaf, ranking) {
    const { app, field } = this;
    const { view } = app;
    const names = namesOf(leaf, view);
    const counts = names.rows(app.maskWithout([leaf.path]), field);
    const chosen = names.chosen(view);
    const listed = names.ranked(counts).slice(0, MOST_OPTIONS);
    if (chosen >= 0 && !listed.includes(chosen)) listed.push(chosen);
    const several = view.is.has(leaf.path) && chosen < 0;
    const label = leaf.field === field ? words(leaf.name) : leaf.field.label;
    const any = leaf === field.group && !this.isFactor ? `most frequent: ${ranking.kind}` : "any";
    const select = h(
      "select",
      { "data-key": leaf.path, change: (event) => this.#choose(leaf, names, event.target.value) },
      h("option", { value: "" }, any),
      several ? h("option", { value: "several", selected: true }, "several") : null,
      listed.map((name) => h("option", { value: String(name), selected: name === chosen }, `${clip(names.labels[name], 40)} (${counts[name]})`)),
    );
    return h("label", {}, `${label} `, select);
  }

  #choose(leaf, names, value) {
    this.app.change((view) => {
      view.is.delete(leaf.path);
      if (value !== "") view.toggleValue(leaf.path, names.value(Number(value)));
    });
  }

  #svg(shown, { unit }, width) {
    const narrow = width < NARROW;
    const left = narrow ? 0 : Math.min(230, Math.max(120, width * 0.24));
    const longest = Math.max(...shown.map((entry) => textWidth(this.#value(entry[1], unit))));
    const right = width - Math.max(narrow ? 64 : 180, longest + (narrow ? 12 : 96));
    const step = narrow ? RANK_HEIGHT + 16 : RANK_HEIGHT;
    const base = shown.length * step + 4;
    const scale = this.#scale(shown, left, right);
    const place = { left, right, step, narrow, scale, unit, width };
    const svg = s(
      "svg",
      { width, height: base + 46, viewBox: `0 0 ${width} ${base + 46}`, class: hued(this.field, "ranking"), role: "group" },
      valueAxis(scale, { base, left, right, unit, title: this.#axisTitle(scale, unit) }),
      shown.map((entry, i) => this.#bar(entry, i, place)),
    );
    svg.setAttribute("aria-label", `${this.title}: ${plural(shown.length, "paper")}`);
    svg.addEventListener("pointerleave", () => tip.hide());
    return svg;
  }

  /** Factors begin at 1, where nothing is gained; other numbers at 0. */
  #scale(shown, left, right) {
    const values = shown.map(([, item]) => this.measure.at(item));
    const scale = scaleOf([this.isFactor ? 1 : 0, ...values], left, right);
    scale.start = scale(this.isFactor ? 1 : 0);
    return scale;
  }

  #axisTitle(scale, unit) {
    const sign = { x: "×" }[unit] ?? unit;
    const parts = [sign, scale.log ? "log scale" : null, this.isFactor ? "1× is as fast as the baseline" : null];
    const what = words(this.measure.name || this.field.name);
    const more = parts.filter(Boolean).join(", ");
    return more ? `${what} (${more})` : what;
  }

  #bar([row, item], i, { left, right, step, narrow, scale, unit, width }) {
    const { app } = this;
    const top = i * step + (narrow ? 16 : 0);
    const middle = top + RANK_HEIGHT / 2;
    const [x, end] = [scale.start, scale(this.measure.at(item))].sort((a, b) => a - b);
    const value = this.#value(item, unit);
    const name = this.#name(row);
    const where = narrow ? { x: 0, y: top - 1, class: "rank-name start" } : { x: left - 10, y: middle + 4, class: "rank-name" };
    const lines = () => this.#lines(row, item);
    const label = s(
      "a",
      { class: "paper-link", href: app.hashOf(row), "data-row": row, "data-key": `rank ${row}`, "aria-label": `${i + 1}. ${name}, ${value}. ${this.#quote(item)}` },
      s("text", where, clip(name, Math.floor((narrow ? width - 90 : left - 14) / 6.9))),
    );
    const links = this.#links(row, narrow ? [width - 4, top - 1] : [width - 4, middle + 4]);
    const group = s(
      "g",
      { class: "rank-row", "data-item": item },
      s("rect", { class: "rank-room", x: 0, y: i * step, width, height: step }),
      s("rect", { class: "rank-bar", x, y: top + 5, width: Math.max(1.5, end - x), height: RANK_HEIGHT - 10, rx: 2 }),
      s("text", { class: "rank-value", x: Math.min(end + 6, right + 6), y: middle + 4 }, value),
      label,
      links,
    );
    group.addEventListener("pointermove", (event) => tip.show(event, ...lines()));
    group.addEventListener("focusin", (event) => tip.showAt(event.target, ...lines()));
    group.addEventListener("focusout", () => tip.hide());
    return group;
  }

  /** Links out of the page, each in a column of its own. */
  #links(row, [x, y]) {
    const link = (text, address, end) =>
      s(
        "a",
        { class: "rank-link", href: address, target: "_blank", rel: "noopener noreferrer", "aria-label": `${text} of ${this.#name(row)}` },
        s("text", { x: end, y, class: "side" }, text),
      );
    const places = [["code", this.code?.first(row) ?? null, x], ["paper", sourceOf(this.app.model, row, "url"), x - 38]];
    return places.map(([text, address, end]) => {
      const known = address === null ? null : webAddress(String(address));
      return known === null ? null : link(text, known, end);
    });
  }

  #name(row) {
    return String(this.names?.first(row) ?? this.app.model.title(row));
  }

  #value(item, unit) {
    return `${this.#isUpTo(item) ? "≤ " : ""}${withUnit(this.measure.at(item), unit)}`;
  }

  #isUpTo(item) {
    return this.field.leaf("up_to")?.at(item) === true;
  }

  #quote(item) {
    const quote = this.field.leaf("quote")?.at(item);
    return quote ? `“${quote}”` : itemLabel(this.field, item);
  }

  #lines(row, item) {
    const against = this.field.leaf("baseline")?.at(item) ?? null;
    return [
      h("b", {}, bdi(clip(this.app.model.title(row), 110))),
      bdi(clip(this.#quote(item), 220)),
      against === null ? h("span", {}, itemLabel(this.field, item)) : h("span", {}, `${itemLabel(this.field, item)}, against `, bdi(String(against))),
    ];
  }

  #table(shown, { unit }) {
    const rows = shown.map(([row, item]) => [this.#name(row), withUnit(this.measure.at(item), unit), clip(this.#quote(item), 120), clip(this.app.model.title(row), 80)]);
    return dataTable(this.title, ["method", words(this.measure.name), "words", "paper"], rows);
  }

  /** Every value that is ranked as rows of a table, heads first. */
  csv(mask) {
    const { model } = this.app;
    const all = [];
    this.#each(mask, this.#ranking(mask).tests, (row, item) => all.push([row, item]));
    const sign = this.app.view.lowest ? 1 : -1;
    const sorted = all.sort(([, a], [, b]) => sign * (this.measure.at(a) - this.measure.at(b)));
    const { leaves } = this.field;
    const lists = this.choices.filter((leaf) => leaf.field !== this.field);
    const heads = ["id", "title", "method", ...leaves.map(({ name }) => name), ...lists.map(({ path }) => path), "url", "code"];
    const rows = sorted.map(([row, item]) => [
      model.ids[row],
      model.title(row),
      this.#name(row),
      ...leaves.map((leaf) => leaf.at(item)),
      ...lists.map((leaf) => itemsOf(leaf, row).join(" | ")),
      sourceOf(model, row, "url"),
      this.code?.first(row),
    ]);
    return [heads, ...rows];
  }
}

/** The single text that names what a record is about, or null: then its title does. */
function methodLeaf(model) {
  const single = model.fields.filter((field) => !field.list && !field.isObject && field.leaf("")?.kind === "text");
  return single.find(({ name }) => METHOD_NAMES.test(name))?.leaf("") ?? null;
}

/** The single text that is a web address, such as that of the code. */
function addressLeaf(model) {
  const single = model.fields.filter((field) => !field.list && !field.isObject);
  return single.map((field) => field.leaf("")).find((leaf) => leaf?.values.some((value) => webAddress(String(value)))) ?? null;
}

/** What a ranking can be for: the groups of its items, data that they name, and lists of names. */
function rankingChoices(model, field) {
  const own = [field.group, field.leaf("dataset")];
  const lists = model.fields.filter((other) => other.list && !other.isObject).map((other) => other.leaf(""));
  const able = [...own, ...lists].filter((leaf) => leaf?.kind === "text" && leaf.values.length > 1);
  return [...new Set(able)].slice(0, MOST_CHOICES);
}

function itemsOf(leaf, row) {
  const items = [];
  for (let item = leaf.field.from(row); item < leaf.field.to(row); item += 1)
    if (leaf.codes[item] >= 0) items.push(leaf.at(item));
  return items;
}

/** A test that an item has one code of a leaf; -1 is that of none. */
function onlyCode(leaf, code) {
  return { leaf, allowed: { [code]: 1 } };
}

registerChart(Ranking);
