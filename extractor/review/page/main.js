"use strict";

// The page as a whole: the step that is shown, and what keys and buttons do.

class App {
  constructor(overview) {
    this.cache = new PaperCache();
    this.mode = null; // the form, or the choice of a field, that is open; or the cursor of words
    this.busy = false;
    byId("name").textContent = overview.name;
    this.#read(overview);
    byId("field").addEventListener("change", () => this.#filter());
    byId("sort").addEventListener("change", () => this.#filter());
    byId("keys-button").addEventListener("click", () => byId("keys").showModal());
    byId("keys-close").addEventListener("click", () => byId("keys").close());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("selectionchange", () => this.#selected());
    document.addEventListener("pointerup", () => this.#fillForm());
    byId("text").addEventListener("click", (event) => this.#clicked(event));
    addEventListener("focus", () => this.#refresh());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#refresh());
  }

  #read(overview) {
    const kept = this.steps;
    this.version = overview.version;
    this.steps = new Steps(overview);
    if (kept) this.steps.filter(kept.field, kept.sort);
  }

  /** Another person may have decided something in the meantime. Nothing waits for the answer. */
  async #refresh() {
    if (this.busy || this.mode) return;
    const { version } = this;
    await this.#saying(async () => {
      if ((await ask("version")).version === version) return;
      const overview = await ask("overview");
      if (this.busy || this.mode || this.version !== version) return; // out of date: the next look tells
      this.#read(overview);
      this.cache.clear();
      await this.#attempt(() => this.show(this.step && this.steps.all[this.step.at], { calm: true }));
    });
  }

  start() {
    return this.show(this.steps.undecidedAfter(null));
  }

  /** Show a step, or the end of the queue. With `calm`, the focus stays where it is. */
  async show(step, { calm = false } = {}) {
    this.#close();
    const paper = step ? await this.cache.get(step.paper) : null;
    const same = paper && paper === this.paper;
    this.step = step;
    this.paper = paper;
    document.body.classList.toggle("ended", !step);
    if (!step) fill(byId("text"));
    else if (same) pointOut(byId("text"), paper, step.value);
    else drawText(byId("text"), paper, this.steps, step.value);
    drawCard(byId("card"), this);
    drawValues(byId("values"), this);
    this.#drawProgress();
    if (!calm) (byId("value") ?? byId("card")).focus({ preventScroll: true });
    document.documentElement.dataset.shown = step ? `${step.paper}.${step.value}` : "end";
    const next = this.steps.undecidedAfter(step);
    if (next) this.cache.get(next.paper).catch(() => {}); // it is asked for again when it is shown
  }

  #drawProgress() {
    const { steps } = this;
    const total = steps.shown.length;
    byId("bar").max = Math.max(1, total);
    byId("bar").value = steps.decided;
    byId("count").textContent = `${whole(steps.decided)} of ${whole(total)} decided`;
    const left = (field, sort) => ` (${whole(steps.countOf(field, sort))})`;
    const fields = steps.fields.filter((field) => steps.all.some((step) => steps.fields[step.field] === field));
    const options = [["", "All fields"], ...fields.map((field) => [field.name, capital(field.label)])];
    fill(byId("field"), options.map(([name, label]) => h("option", { value: name, selected: name === steps.field }, label + left(name, steps.sort))));
    fill(byId("sort"), Object.entries(SORTS).map(([sort, label]) => h("option", { value: sort, selected: sort === steps.sort }, label + left(steps.field, sort))));
  }

  #filter() {
    this.steps.filter(byId("field").value, byId("sort").value);
    const step = this.step && this.steps.shown.includes(this.step) ? this.step : this.steps.undecidedAfter(null);
    this.#attempt(() => this.show(step, { calm: true }));
  }

  /** Do one thing at a time. */
  async #attempt(work) {
    if (this.busy) return;
    this.busy = true;
    await this.#saying(work).finally(() => { this.busy = false; });
  }

  /** Do something; say why where it is not possible. */
  async #saying(work) {
    try {
      this.say("");
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.say(error.message);
    }
  }

  /** Say why something is not possible or, `done`, what was done. */
  say(message, { done = false } = {}) {
    const place = byId("problem") ?? byId("trouble");
    place.textContent = message;
    place.classList.toggle("done", done);
    if (place.id === "trouble") place.hidden = !message;
  }

  /** Take over a paper after a decision, and go to what is to be decided next. */
  async #decided(paper) {
    this.#take(paper);
    await this.show(this.steps.undecidedAfter(this.step));
  }

  #take(paper) {
    this.version = Symbol("not known"); // it is another one now, maybe not by this decision alone
    this.cache.keep(paper);
    this.steps.update(paper);
    getSelection().removeAllRanges();
  }

  /** The value in question; null at the end of a paper or of the queue. */
  get value() {
    return this.step && this.step.value !== null ? this.paper.values[this.step.value] : null;
  }

  decide(verdict) {
    if (!this.value) return;
    const { paper, value: index } = this.step;
    this.#attempt(async () => this.#decided(await ask("decide", { paper, index, verdict })));
  }

  /** Correct the value: at once by selected words where it is a text, else in a form. */
  correct() {
    const value = this.value;
    if (!value) return;
    const field = this.steps.fieldNamed(value.field);
    const place = selectedPlace();
    if (field.kind === null) return this.say("The schema has no such field: it can be accepted or rejected.");
    const { paper, value: index } = this.step;
    const send = (new_, places) => this.#attempt(async () =>
      this.#decided(await ask("decide", { paper, index, verdict: "correct", value: new_, places })));
    return this.#open(field, place, send, { index, old: value.reason === null ? value.value : null });
  }

  /** Add the selected words as a value of a field that is chosen next. */
  add() {
    const place = selectedPlace();
    if (!this.step) return;
    if (!place) return this.say("Select the words of the new value first.");
    const fields = this.steps.fields.filter((field) => field.kind !== null);
    const choose = (field) => {
      this.#close();
      const send = (value, places) => this.#attempt(async () => {
        this.#take(await ask("add", { paper: this.step.paper, field: field.name, value, places }));
        await this.show(this.step);
      });
      this.#open(field, place, send, { old: null });
    };
    this.#close();
    this.mode = { fields, choose };
    this.#drawChooser("");
  }

  #drawChooser(typed) {
    const { fields, choose } = this.mode;
    this.mode.typed = typed;
    fill(byId("form"), fieldChooser(fields, typed, choose, () => this.#close()));
    byId("form").scrollIntoView({ block: "nearest" });
  }

  /** Send a text or number that words were selected for; let a form be filled in for anything else. */
  async #open(field, place, send, { index, old }) {
    const direct = field.kind !== "object" && field.rests !== null;
    if (direct && place) {
      const drafted = await this.#draft(field, place, index);
      if (drafted) await send(drafted.value, { "": place });
      return;
    }
    const drafted = place ? await this.#draft(field, place, index) : { value: old };
    if (!drafted) return;
    this.#close();
    const form = new ValueForm(field, drafted.value, { save: send, cancel: () => this.#close() });
    this.mode = { form, redraft: (words_) => this.#draft(field, words_, index) };
    fill(byId("form"), form.node);
    if (place) form.take(place);
    form.focus();
    byId("form").scrollIntoView({ block: "nearest" });
  }

  async #draft(field, place, index) {
    let drafted = null;
    await this.#attempt(async () => {
      drafted = await ask("draft", { paper: this.step.paper, field: field.name, index: index ?? null, places: { "": place } });
    });
    return drafted;
  }

  /** Words were selected while a form is open: they go into the key that was chosen last. */
  async #fillForm() {
    const place = this.mode?.form ? selectedPlace() : null;
    if (!place) return;
    const { form, redraft } = this.mode;
    const { chosen } = form;
    if (form.field.kind === "object" && chosen === form.wordsKey) {
      const drafted = await redraft(place);
      if (drafted) form.set({ ...form.value(), ...drafted.value, ...this.#kept(form) });
    }
    form.take(place, chosen);
    form.focus();
  }

  /** What was filled in of keys that selected words do not say. */
  #kept(form) {
    const value = form.value();
    return Object.fromEntries(form.keys.filter((key) => key.rests !== "number" && key.rests !== "unit" && key.kind !== "flag").map((key) => [key.name, value[key.name]]));
  }

  complete() {
    if (!this.step) return;
    this.#attempt(async () => this.#decided(await ask("complete", { paper: this.step.paper })));
  }

  undo() {
    this.#attempt(async () => {
      const paper = await ask("undo", {});
      const { index, title, values } = paper.undone;
      if (paper.paper === undefined) return this.say(`Undone: a decision about “${title}”, which is not in this review.`, { done: true });
      this.#take(paper);
      const step = index === null ? this.steps.openOf(paper.paper) : this.steps.of(paper.paper, index);
      await this.show(step ?? this.step ?? this.steps.undecidedAfter(null));
      if (values !== null) this.say(`Undone: “paper done”. ${plural(values, "value")} decided by it ${values === 1 ? "is" : "are"} undecided again.`, { done: true });
    });
  }

  move(by) {
    const step = this.step ? this.steps.beside(this.step, by) : by < 0 ? this.steps.shown.at(-1) : null;
    if (step) this.#attempt(() => this.show(step));
  }

  goToValue(index) {
    const step = this.steps.of(this.step.paper, index);
    if (step) this.#attempt(() => this.show(step));
  }

  #clicked(event) {
    const mark = event.target.closest("mark");
    if (!mark || !getSelection().isCollapsed || this.mode) return;
    const index = Number(mark.dataset.evidence.split(" ")[0]);
    if (this.step && this.steps.of(this.step.paper, index)) this.goToValue(index);
  }

  #selected() {
    const host = byId("selected");
    if (host && !this.mode?.form && !this.mode?.fields) drawSelected(host, this, selectedPlace());
  }

  /** Close the form, the choice of a field or the cursor of words. */
  #close() {
    this.mode = null;
    const host = byId("form");
    if (host) fill(host);
  }

  #startCursor() {
    if (!this.step) return;
    const first = this.value?.evidence[0] ?? null;
    this.mode = { cursor: new WordCursor(first) };
    byId("text").focus({ preventScroll: true });
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && this.mode) {
      this.#close();
      getSelection().removeAllRanges();
      return;
    }
    if (event.target.closest?.("input, select, textarea")) return;
    const action = this.#cursorKey(event) ?? this.#chooserKey(event) ?? this.#keys()[event.key.toLowerCase()];
    if (!action || event.repeat && !/^Arrow/.test(event.key)) return;
    event.preventDefault();
    action();
  }

  #cursorKey(event) {
    const by = { ArrowLeft: -1, ArrowUp: -8, ArrowRight: 1, ArrowDown: 8 }[event.key];
    const { cursor } = this.mode ?? {};
    return cursor && by ? () => cursor.move(by, event.shiftKey) : null;
  }

  /** Digits give a field's number; Enter ends one that a longer number begins with. */
  #chooserKey({ key }) {
    const { fields, typed, choose } = this.mode ?? {};
    if (!fields) return null;
    if (key === "Enter") return typed ? () => choose(fields[typed - 1]) : null;
    if (!/^\d$/.test(key)) return null;
    const found = fields.filter((_, at) => String(at + 1).startsWith(typed + key));
    if (found.length === 1) return () => choose(found[0]);
    return () => found.length && this.#drawChooser(typed + key);
  }

  #keys() {
    return {
      a: () => this.decide("accept"),
      r: () => this.decide("reject"),
      c: () => this.correct(),
      n: () => this.add(),
      d: () => this.complete(),
      u: () => this.undo(),
      arrowleft: () => this.move(-1),
      k: () => this.move(-1),
      arrowright: () => this.move(1),
      j: () => this.move(1),
      s: () => this.#startCursor(),
      f: () => byId("field").focus(),
      "?": () => byId("keys").showModal(),
    };
  }
}

async function main() {
  startTheme();
  const app = new App(await ask("overview"));
  await app.start();
  document.documentElement.dataset.state = "ready";
}

// All modules make up one script: it starts when they have all been read.
queueMicrotask(() =>
  main().catch((error) => {
    byId("trouble").textContent = error.message;
    byId("trouble").hidden = false;
  }),
);
