"use strict";

// A form for the keys of an object, typed by the schema. A key that rests on words of the paper
// takes those that are selected while it is the chosen one.

class ValueForm {
  constructor(field, value, { save, cancel }) {
    this.field = field;
    this.keys = field.kind === "object" ? field.keys : [{ ...field, name: "", label: field.label }];
    this.places = {};
    this.inputs = new Map();
    const rows = this.keys.map((key) => this.#row(key));
    this.node = h(
      "form",
      { class: "value-form", novalidate: true, autocomplete: "off" },
      rows,
      h(
        "div",
        { class: "form-actions" },
        h("button", { type: "submit", class: "primary" }, "Save ", h("kbd", {}, "Enter")),
        h("button", { type: "button", class: "quiet", click: cancel }, "Cancel ", h("kbd", {}, "Esc")),
      ),
    );
    this.node.addEventListener("keydown", submitOnEnter);
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      save(this.value(), this.places);
    });
    this.chosen = this.wordsKey;
    this.set(value);
  }

  /** The name of the key that words are selected for first, or null. */
  get wordsKey() {
    if (this.field.kind === "object") return this.field.words_key;
    return takesWords(this.field) ? "" : null;
  }

  #row(key) {
    const input = inputFor(key);
    this.inputs.set(key.name, input);
    if (takesWords(key)) input.addEventListener("focus", () => this.#choose(key.name));
    // words that were typed instead have no place of their own
    input.addEventListener("input", () => delete this.places[key.name]);
    const label = words(key.name || this.field.name);
    const hint = takesWords(key) ? h("span", { class: "note" }, "select its words") : null;
    return h("label", { title: key.description, "data-key": key.name }, h("span", {}, label, hint ? " · " : null, hint), input);
  }

  #choose(name) {
    this.chosen = name;
    for (const row of this.node.querySelectorAll("[data-key]"))
      row.classList.toggle("chosen", row.dataset.key === name);
  }

  set(value) {
    for (const key of this.keys) {
      const part = this.field.kind === "object" ? value?.[key.name] : value;
      write(this.inputs.get(key.name), key, part ?? null);
    }
    if (this.chosen !== null) this.#choose(this.chosen);
  }

  /** Take selected words for a key. */
  take(place, name = this.chosen) {
    if (name === null) return;
    this.inputs.get(name).value = place.words;
    this.places[name] = place;
    this.#choose(name);
  }

  value() {
    const read_ = (key) => read(this.inputs.get(key.name), key);
    if (this.field.kind !== "object") return read_(this.keys[0]);
    return Object.fromEntries(this.keys.map((key) => [key.name, read_(key)]));
  }

  focus() {
    const first = this.inputs.get(this.wordsKey ?? this.keys[0]?.name);
    first?.focus({ preventScroll: true });
  }
}

function takesWords(key) {
  return key.kind === "text" && (key.rests === "words" || key.rests === "url");
}

function inputFor(key) {
  if (key.kind === "choice") {
    const none = key.required ? [] : [h("option", { value: "" }, "nothing")];
    return h("select", {}, none, key.choices.map((choice) => h("option", { value: JSON.stringify(choice) }, String(choice))));
  }
  if (key.kind === "flag") return h("input", { type: "checkbox" });
  if (key.kind === "text") return h("textarea", { rows: 1, dir: "auto" });
  if (key.kind === "json") return h("textarea", { rows: 2 });
  return h("input", { type: "text", inputmode: "decimal" });
}

/** Enter saves from every input, also from one where it would begin a line or open a list. */
function submitOnEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target.closest("button")) return;
  event.preventDefault();
  event.currentTarget.requestSubmit();
}

function write(input, key, value) {
  if (key.kind === "flag") input.checked = value === true;
  else if (key.kind === "choice" || key.kind === "json") input.value = value === null ? "" : JSON.stringify(value);
  else input.value = value === null ? "" : String(value);
}

/** What an input says; what is no number or JSON is sent as it is, and the server says why not. */
function read(input, key) {
  if (key.kind === "flag") return input.checked;
  const text = input.value.trim();
  if (text === "") return null;
  if (key.kind === "text") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
