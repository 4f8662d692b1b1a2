"use strict";

// The papers that differ: what was added, lost and changed in each, and the words behind it.

const CARDS = 40;
const EVIDENCE_COLOURS = { before: 6, after: 2, both: 0 };

class Changes {
  constructor(index) {
    this.index = index;
    this.chunks = new Chunks(index.chunk);
    this.filter = { terms: [], field: "", kinds: new Set(Object.keys(KINDS)) };
    byId("more").addEventListener("click", () => this.#show());
  }

  /** Draw the papers that have a change which the filter lets through. */
  draw() {
    this.found = [];
    for (const [place, paper] of this.index.papers.entries()) {
      if (!this.#matches(paper)) continue;
      const fields = this.#shown(paper);
      if (fields.length) this.found.push({ place, paper, fields });
    }
    const all = this.index.papers.length;
    const some = this.found.length === all ? "" : ` of ${whole(all)}`;
    byId("count").textContent = all ? `${whole(this.found.length)}${some} ${all === 1 ? "paper" : "papers"}` : "";
    fill(byId("changes"), this.found.length ? [] : noChange(this.index));
    this.shown = 0;
    this.#show();
  }

  #matches(paper) {
    if (!this.filter.terms.length) return true;
    paper.text ??= fold(JSON.stringify([paper.id, paper.title, paper.fields]));
    return this.filter.terms.every((term) => paper.text.includes(term));
  }

  /** [[field, changes]] of a paper that the filter lets through. */
  #shown(paper) {
    const { field, kinds } = this.filter;
    return Object.entries(paper.fields)
      .filter(([name]) => !field || name === field)
      .map(([name, changes]) => [name, changes.filter((change) => kinds.has(change.kind))])
      .filter(([, changes]) => changes.length);
  }

  #show() {
    const next = this.found.slice(this.shown, this.shown + CARDS);
    byId("changes").append(...next.map((found) => this.#card(found)));
    this.shown += next.length;
    const left = this.found.length - this.shown;
    byId("more").hidden = !left;
    byId("more").textContent = `Show ${whole(Math.min(CARDS, left))} more of ${whole(left)}`;
  }

  #card({ place, paper, fields }) {
    const was = paper.before_id === paper.id ? null : h("span", {}, "was ", bdi(paper.before_id));
    const rows = fields.map(([name, changes]) => [h("dt", {}, bdi(words(name))), h("dd", {}, changes.map(changeLine))]);
    return h(
      "article",
      { class: "card change-card" },
      h("h3", { dir: "auto" }, paper.title || "(no title)"),
      h("p", { class: "paper-facts" }, h("span", {}, "Id ", bdi(paper.id)), was),
      h("dl", { class: "fields" }, rows),
      this.index.has_dump ? this.#words(place, paper) : null,
    );
  }

  /** The abstract, with the words that changed values rest on; unpacked when it is opened. */
  #words(place, paper) {
    const details = h("details", { class: "words" }, h("summary", {}, "Words in the abstract"));
    details.addEventListener("toggle", async () => {
      const [evidence, abstract] = await this.chunks.entry(place);
      if (details.children.length === 1) details.append(...abstractNodes(paper, evidence, abstract));
    }, { once: true });
    return details;
  }
}

/** Why no change is shown; only that no value differs is good news. */
function noChange(index) {
  if (index.papers.length) return h("p", { class: "card" }, "No change matches.");
  if (!index.both) return h("p", { class: "card" }, "No paper has a record in both runs: no value was compared.");
  if (!hasFields(index)) return h("p", { class: "card" }, "No field is in both runs: no value was compared.");
  return h("p", { class: "card calm" }, "No value differs.");
}

function hasFields(index) {
  return Object.keys(index.fields).length > 0;
}

function changeLine({ kind, before, after, keys }) {
  let content;
  if (kind === "added") content = h("ins", {}, valueNode(after));
  else if (kind === "lost") content = h("del", {}, valueNode(before));
  else if (keys.length) content = objectChange(before, after, keys);
  else content = fromTo(before, after);
  return h("div", { class: "change" }, sign(kind), h("div", {}, content));
}

function fromTo(before, after) {
  return [h("del", {}, valueNode(before)), h("span", { class: "arrow" }, " → "), h("ins", {}, valueNode(after))];
}

/** The keys in which two objects differ, below what they have in common. */
function objectChange(before, after, keys) {
  const same = Object.fromEntries(Object.entries(after).filter(([name]) => !keys.includes(name)));
  const rows = keys.map((name) => [h("dt", {}, bdi(words(name))), h("dd", {}, fromTo(before[name], after[name]))]);
  return [h("div", { class: "same-part" }, valueNode(same)), h("dl", { class: "keys" }, rows)];
}

/** A value in words: an object as its keys and values, without those that are empty. */
function valueNode(value) {
  if (value === null || value === undefined || value === "") return "nothing";
  if (!isObject(value)) return bdi(valueLabel(value));
  const said = Object.entries(value).filter(([, inner]) => !isNothing(inner));
  return bdi(said.map(([key, inner]) => `${words(key)}: ${valueLabel(inner)}`).join(" · ") || "nothing");
}

function abstractNodes(paper, evidence, abstract) {
  if (abstract === null) return [h("p", { class: "none" }, "The dump has no paper of this id and title.")];
  const spans = evidenceSpans(evidence);
  const of = (source) => spans.filter((span) => span.source === source);
  const title = of("title").length ? h("p", { class: "title", dir: "auto" }, marked(paper.title, of("title"))) : null;
  return [title, h("p", { class: "abstract", dir: "auto" }, marked(abstract, of("abstract"))), legend(spans)].filter(Boolean);
}

/** The places of both runs' values; one that both have stands once. */
function evidenceSpans(evidence) {
  const spans = new Map();
  for (const run of ["before", "after"]) {
    for (const item of evidence[run]) {
      const key = [item.source, item.start, item.end].join(" ");
      const runs = spans.get(key)?.run;
      spans.set(key, { ...item, run: runs && runs !== run ? "both" : run });
    }
  }
  return Array.from(spans.values(), (span, index) => ({ ...span, index, path: `${span.run}: ${span.path}`, field: { colour: EVIDENCE_COLOURS[span.run] } }));
}

function legend(spans) {
  const said = { before: "before", after: "after", both: "before and after" };
  const runs = Object.keys(said).filter((run) => spans.some((span) => span.run === run));
  const items = runs.map((run) => h("span", {}, h("mark", { class: `hued c${EVIDENCE_COLOURS[run]}` }, said[run])));
  return h("p", { class: "legend" }, items.length ? items : "These records do not say where the values stand.");
}
