"use strict";

// One paper in full: its abstract with the words that values rest on, its values, what was
// rejected and why, and the record itself.

class PaperView {
  constructor(app) {
    this.app = app;
    this.dialog = byId("paper");
    this.dialog.addEventListener("close", () => app.closed());
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    byId("paper-close").addEventListener("click", () => this.dialog.close());
    byId("paper-previous").addEventListener("click", () => app.step(-1));
    byId("paper-next").addEventListener("click", () => app.step(1));
  }

  get isOpen() {
    return this.dialog.open;
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  /** Show a row; `place` and `count` say where it stands in the list. */
  async show(row, place, count) {
    this.row = row;
    byId("paper-place").textContent = place < 0 ? "" : `${whole(place + 1)} of ${whole(count)}`;
    byId("paper-previous").disabled = place <= 0;
    byId("paper-next").disabled = place < 0 || place >= count - 1;
    const { row: data, abstract } = await this.app.model.details(row);
    if (this.row !== row) return;
    fill(byId("paper-body"), new PaperPage(this.app.model, row, data, abstract).nodes());
    byId("paper-body").scrollTop = 0;
    if (!this.dialog.open) this.dialog.showModal();
    byId("paper-title").focus();
    this.dialog.dataset.row = row;
  }

  #key(event) {
    const steps = { ArrowRight: 1, j: 1, ArrowLeft: -1, k: -1 };
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.app.step(steps[event.key]);
  }
}

class PaperPage {
  constructor(model, row, data, abstract) {
    Object.assign(this, { model, row, data, abstract });
    this.meta = isObject(data.meta) ? data.meta : {};
    this.spans = evidenceSpans(model, data.evidence);
    this.byPath = Map.groupBy(this.spans, (span) => span.key);
    this.dropped = Array.isArray(this.meta.dropped) ? this.meta.dropped.filter(isObject) : [];
  }

  nodes() {
    return [
      this.#heading(),
      this.model.failed(this.row) ? failurePanel(this.data) : null,
      this.#abstract(),
      this.model.failed(this.row) ? null : this.#values(),
      this.dropped.length ? this.#rejected() : null,
      this.#record(),
    ];
  }

  #heading() {
    const title = this.data.title || this.model.title(this.row);
    const spans = this.spans.filter((span) => span.source === "title");
    return h(
      "header",
      { class: "paper-head" },
      h("h2", { id: "paper-title", tabindex: -1, dir: "auto" }, marked(title, spans)),
      h("p", { class: "paper-facts" }, this.#facts().map((fact) => h("span", {}, fact))),
    );
  }

  #facts() {
    const [year, venue, url] = ["year", "venue", "url"].map((name) => sourceOf(this.model, this.row, name));
    const id = this.data.id === null || this.data.id === undefined ? null : `Id ${this.data.id}`;
    const facts = [id, year, venue].filter((fact) => fact !== null).map((fact) => bdi(String(fact)));
    const link = url === null ? null : outLink(url, /^https?:\/\/(dx\.)?doi\.org\//i.test(url) ? "DOI" : "Page");
    return link ? [...facts, link] : facts;
  }

  #abstract() {
    const heading = h("h3", {}, "Abstract");
    if (this.abstract === null) return h("section", {}, heading, h("p", { class: "none" }, this.#whyNoAbstract()));
    const spans = this.spans.filter((span) => span.source === "abstract");
    const text = h("p", { class: "abstract", dir: "auto" }, marked(this.abstract, spans));
    text.addEventListener("click", (event) => this.#toValue(event));
    return h("section", {}, heading, text);
  }

  #whyNoAbstract() {
    return this.model.hasDump
      ? "The dump has no paper of this id and title."
      : "The abstract is not in this report. Make it with --dump DUMP to see it here.";
  }

  #values() {
    const fields = this.model.fields.filter((field) => field.name in this.data);
    const rows = fields.map((field) => [
      h("dt", { class: hued(field) }, field.label),
      h("dd", { class: hued(field) }, this.#value(this.data[field.name], field.name)),
    ]);
    return h("section", {}, h("h3", {}, "Values"), h("dl", { class: "values" }, rows));
  }

  /** A value of the JSON, however deep; `path` is where it stands. */
  #value(value, path) {
    if (isNothing(value)) return h("span", { class: "nothing" }, "nothing");
    if (Array.isArray(value))
      return h("ul", { class: "items" }, value.map((item, i) => h("li", {}, this.#value(item, `${path}.${i}`))));
    if (isObject(value)) return this.#object(value, path);
    return this.#scalar(value, path);
  }

  #object(value, path) {
    const spans = this.byPath.get(path);
    const rows = Object.entries(value).filter(([, inner]) => !isNothing(inner)).map(([key, inner]) => [
      h("dt", {}, words(key)),
      h("dd", {}, this.#value(inner, `${path}.${key}`)),
    ]);
    const where = spans ? this.#locate(spans, h("span", {}, "where")) : null;
    return h("div", { class: "object" }, h("dl", {}, rows), where);
  }

  #scalar(value, path) {
    const text = scalarLabel(value);
    const link = typeof value === "string" ? outLink(value) : null;
    const spans = this.byPath.get(path);
    if (link) return h("span", { class: "value" }, link, spans ? this.#locate(spans, "where") : null);
    const shown = bdi(text, { class: "value" });
    return spans ? this.#locate(spans, shown) : shown;
  }

  /** A value as a button that shows its words in the text. */
  #locate(spans, content) {
    const ids = spans.map((span) => span.index);
    const words_ = spans.map((span) => this.#wordsOf(span)).filter(Boolean).join("”, “");
    const point = (on) => pointAt(ids, on);
    return h(
      "button",
      {
        type: "button",
        class: "locate",
        title: words_ ? `${spans[0].source}: “${words_}”` : `in the ${spans[0].source}`,
        "data-evidence": ids.join(" "),
        click: () => flash(ids, "mark"),
        pointerenter: () => point(true),
        pointerleave: () => point(false),
        focus: () => point(true),
        blur: () => point(false),
      },
      content,
    );
  }

  #wordsOf(span) {
    const text = span.source === "title" ? this.data.title : this.abstract;
    return text ? spanText(text, span) : "";
  }

  #toValue(event) {
    const mark = event.target.closest("mark");
    if (mark && getSelection().isCollapsed) flash(mark.dataset.evidence.split(" "), ".locate");
  }

  #rejected() {
    const items = this.dropped.map((item) => {
      const path = valueLabel(item.path ?? "");
      const field = this.model.fieldNamed(pathKey(path).split(".")[0]);
      return h(
        "li",
        {},
        h("span", { class: field ? hued(field, "tag") : "tag" }, bdi(words(path))),
        rejectedValue(item.value),
        h("span", { class: "why" }, bdi(valueLabel(item.reason ?? ""))),
      );
    });
    return h("section", {}, h("h3", {}, "Rejected"), h("ul", { class: "refused-list" }, items));
  }

  #record() {
    const { model, prompt_tokens: prompt, completion_tokens: completion, cached } = this.meta;
    const facts = [
      model ? String(model) : null,
      prompt || completion ? `${whole(prompt ?? 0)} tokens in, ${whole(completion ?? 0)} out` : null,
      cached === true ? "from the cache" : null,
    ].filter(Boolean);
    return h(
      "footer",
      { class: "paper-foot" },
      h("p", {}, facts.map((fact) => h("span", {}, bdi(fact)))),
      h("details", {}, h("summary", {}, this.model.failed(this.row) ? "The failure as JSON" : "The record as JSON"), h("pre", { dir: "ltr", tabindex: 0 }, JSON.stringify(this.data, null, 2))),
    );
  }
}

/** The evidence of a record: each with its place in the list, its field and its path's key. */
function evidenceSpans(model, evidence) {
  if (!Array.isArray(evidence)) return [];
  return evidence.filter(isObject).map((item, index) => {
    const key = pathKey(String(item.path));
    return { ...item, index, key, path: String(item.path), field: model.fieldNamed(key.split(".")[0]) };
  });
}

/** One spelling for all paths: speedups[0].quote and speedups.0.quote. */
function pathKey(path) {
  return (path.match(/[^.[\]]+/g) ?? []).join(".");
}

function failurePanel(failure) {
  return h(
    "section",
    { class: "card attention bad" },
    h("h3", {}, `Failed: ${words(String(failure.error))}`),
    h("p", {}, bdi(String(failure.message ?? ""))),
    failure.tries ? h("p", { class: "note" }, `Tried ${failure.tries === 1 ? "once" : `${failure.tries} times`}.`) : null,
  );
}

function evidenceNodes(ids, selector) {
  const wanted = new Set(ids.map(String));
  const nodes = document.querySelectorAll(`#paper-body ${selector}[data-evidence]`);
  return [...nodes].filter((node) => node.dataset.evidence.split(" ").some((id) => wanted.has(id)));
}

function pointAt(ids, on) {
  for (const node of evidenceNodes(ids, "mark")) node.classList.toggle("pointed", on);
}

/** Bring what rests on the evidence into sight and let it light up for a moment. */
function flash(ids, selector) {
  const nodes = evidenceNodes(ids, selector);
  nodes[0]?.scrollIntoView({ block: "nearest", behavior: calmMotion() ? "auto" : "smooth" });
  for (const node of nodes) {
    node.classList.remove("flash");
    void node.offsetWidth; // lets the animation begin again
    node.classList.add("flash");
  }
}

function calmMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
