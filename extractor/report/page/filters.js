"use strict";

// The bar above everything: the search, the conditions that hold, and the menus that change them.

const MOST_SUGGESTIONS = 300;

class Filters {
  constructor(app) {
    this.app = app;
    this.search = byId("search");
    this.search.addEventListener("input", () => app.change((view) => { view.query = this.search.value; }, { typing: true }));
    byId("clear").addEventListener("click", () => app.change((view) => view.clearFilters()));
    byId("no-paper-clear").addEventListener("click", () => app.change((view) => view.clearFilters()));
    this.#form();
    this.#sortMenu();
    this.#columnMenu();
    new ResizeObserver(([{ target }]) =>
      document.documentElement.style.setProperty("--top", `${target.offsetHeight}px`),
    ).observe(document.querySelector(".top"));
    for (const menu of document.querySelectorAll("details.menu")) closable(menu);
  }

  /** Show what holds. */
  draw(count) {
    const { view, model } = this.app;
    if (this.search.value !== view.query) this.search.value = view.query;
    byId("count").textContent =
      count === model.rows ? plural(count, "paper") : `${whole(count)} of ${plural(model.rows, "paper")}`;
    const chips = this.#chips();
    fill(byId("chips"), chips);
    byId("conditions").hidden = chips.length === 0;
    byId("sort").value = view.sort;
    byId("direction").textContent = view.down ? "↓" : "↑";
    byId("direction").setAttribute("aria-label", view.down ? "Descending" : "Ascending");
    byId("direction").hidden = !view.sort;
    for (const box of byId("columns").querySelectorAll("input")) box.checked = !view.hidden.has(box.value);
  }

  #chips() {
    const { view, model } = this.app;
    const chips = [];
    const add = (path, text, remove) => chips.push(this.#chip(path, text, remove));
    for (const [path, values] of view.is)
      for (const value of values)
        add(path, [" is ", bdi(value), spellingsNote(model.leafOf(path), view, value)], (changed) => changed.toggleValue(path, value));
    for (const [path, range] of view.within) add(path, ` ${rangeLabel(range)}`, (changed) => changed.within.delete(path));
    for (const path of view.has) add(path, this.#hasText(path), (changed) => changed.has.delete(path));
    for (const path of view.lacks) add(path, " is empty", (changed) => changed.lacks.delete(path));
    return chips;
  }

  #hasText(path) {
    return { "@failure": "", "@refused": " values" }[path] ?? " is filled";
  }

  #chip(path, text, remove) {
    const found = this.app.model.paths.get(path);
    const field = this.app.model.fieldOf(path);
    const label = { "@failure": "failed", "@refused": "rejected" }[path] ?? found?.label ?? path;
    return h(
      "li",
      { class: field?.own ? hued(field) : null },
      h(
        "button",
        { type: "button", class: "condition", title: "Remove this condition", click: () => this.app.change(remove) },
        h("span", {}, h("b", {}, bdi(label)), text),
        h("span", { "aria-hidden": "true", class: "cross" }, "×"),
        h("span", { class: "unseen" }, ", remove"),
      ),
    );
  }

  #form() {
    const { model } = this.app;
    const form = byId("filter-form");
    fill(form.elements.path, ...pathOptions(model));
    const sync = () => this.#syncForm(form);
    form.elements.path.addEventListener("change", sync);
    form.elements.how.addEventListener("change", sync);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#addCondition(form);
      form.closest("details").open = false;
    });
    form.closest("details").addEventListener("toggle", sync);
  }

  /** Offer what fits the chosen path: values for texts, a range for numbers. */
  #syncForm(form) {
    const { path, how, low, high, value } = form.elements;
    const leaf = this.app.model.leafOf(path.value);
    const numeric = leaf?.kind === "number" && leaf.path !== "@source.year";
    const can = { is: leaf !== null && !numeric, in: leaf?.kind === "number", has: true, lacks: true };
    for (const option of how.options) option.hidden = option.disabled = !can[option.value];
    if (!can[how.value]) how.value = Object.keys(can).find((key) => can[key]);
    value.parentElement.hidden = how.value !== "is";
    low.parentElement.parentElement.hidden = how.value !== "in";
    value.required = how.value === "is";
    if (how.value === "is") fill(byId("suggestions"), suggestions(leaf, this.app.view));
  }

  #addCondition(form) {
    const { path, how, low, high, value } = form.elements;
    const range = [low.value === "" ? -Infinity : Number(low.value), high.value === "" ? Infinity : Number(high.value)];
    this.app.change((view) => {
      if (how.value === "is" && !view.isOn(path.value, value.value)) view.toggleValue(path.value, value.value);
      else if (how.value === "in") view.within.set(path.value, range);
      else if (how.value !== "is") view[how.value].add(path.value);
    });
    for (const input of [low, high, value]) input.value = "";
  }

  #sortMenu() {
    const { app } = this;
    const columns = tableColumns(app.model);
    const options = columns.map(({ key, label }) => h("option", { value: key }, capital(label)));
    fill(byId("sort"), h("option", { value: "" }, "as in the file"), options);
    byId("sort").addEventListener("change", (event) => {
      const column = columns.find(({ key }) => key === event.target.value);
      app.change((view) => {
        view.sort = event.target.value;
        view.down = column ? bigFirst(column) : false;
      });
    });
    byId("direction").addEventListener("click", () => app.change((view) => { view.down = !view.down; }));
  }

  #columnMenu() {
    const { app } = this;
    const boxes = tableColumns(app.model)
      .filter(({ key }) => key !== "title")
      .map(({ key, label }) => {
        const toggle = (event) => app.change((view) => (event.target.checked ? view.hidden.delete(key) : view.hidden.add(key)));
        return h("li", {}, h("label", {}, h("input", { type: "checkbox", value: key, change: toggle }), bdi(label)));
      });
    fill(byId("columns"), boxes);
  }
}

/** How many spellings a value stands for, where these are several. */
function spellingsNote(leaf, view, value) {
  const count = leaf ? keptCodes(leaf, view, new Set([value])).reduce((sum, kept) => sum + kept, 0) : 0;
  return count > 1 ? `, ${count} spellings` : null;
}

function rangeLabel([low, high]) {
  if (Number.isFinite(low) && Number.isFinite(high)) return `from ${precise(low)} to ${precise(high)}`;
  return Number.isFinite(low) ? `at least ${precise(low)}` : `at most ${precise(high)}`;
}

function pathOptions(model) {
  const option = ({ path, label }) => h("option", { value: path }, label);
  const own = model.fields.flatMap((field) => [field, ...field.leaves.filter((leaf) => leaf.name)]);
  const extras = [model.source, model.failure, model.refused].flatMap((field) =>
    field.leaves.filter((leaf) => leaf.values.length && extraLabel(leaf) !== `${field.label} ${words(leaf.name)}`),
  );
  return [
    h("optgroup", { label: "Fields" }, own.map(option)),
    extras.length ? h("optgroup", { label: "Paper and run" }, extras.map(option)) : "",
  ];
}

function suggestions(leaf, view) {
  const names = namesOf(leaf, view);
  const order = names.ranked(names.rows(new Uint8Array(leaf.field.starts.length - 1).fill(1)));
  return order.slice(0, MOST_SUGGESTIONS).map((name) => h("option", { value: names.value(name) }));
}

/** A menu closes on Escape and on a click elsewhere. */
function closable(menu) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}
