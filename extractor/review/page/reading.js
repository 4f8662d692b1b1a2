"use strict";

// The paper's text, with the words of its values; those of the value in question stand out.

function drawText(host, paper, steps, current) {
  const spans = textSpans(paper, steps);
  const part = (source) => marked(paper[source], spans.filter((span) => span.source === source));
  fill(
    host,
    h("h2", { class: "paper-name", dir: "auto", "data-source": "title" }, part("title")),
    h("p", { class: "paper-facts" }, h("span", {}, bdi(`Id ${paper.id}`)), sourceLinks(paper.source).map((link) => h("span", {}, link))),
    h("p", { class: "abstract", dir: "auto", "data-source": "abstract" }, part("abstract")),
  );
  scrollTo(0, 0);
  host.scrollTop = 0;
  pointOut(host, paper, current);
}

/** Let the words of one value stand out, and their sentences; `owner` is its index, or null. */
function pointOut(host, paper, owner) {
  pointOutSentences(host.querySelector("[data-source=abstract]"), paper, owner);
  const own = [...host.querySelectorAll("mark")].filter((mark) => mark.dataset.evidence.split(" ").includes(String(owner)));
  for (const mark of host.querySelectorAll("mark")) mark.classList.toggle("pointed", own.includes(mark));
  own.at(-1)?.scrollIntoView({ block: "nearest" });
  own[0]?.scrollIntoView({ block: "nearest" }); // all of them, where they fit
}

/** Browsers that cannot do this show the words alone. */
function pointOutSentences(abstract, paper, owner) {
  if (!globalThis.CSS?.highlights) return;
  const starts = (paper.values[owner]?.evidence ?? []).filter((each) => each.source === "abstract").map((each) => each.start);
  const places = unitPlaces(paper.abstract);
  const own = paper.sentences.filter(([start, end]) => starts.some((at) => start <= at && at < end));
  const ranges = own.map(([start, end]) => rangeOf(abstract, places[start], places[end]));
  CSS.highlights.set("sentence", new Highlight(...ranges));
}

/** The evidence of a paper's values; the index of a span is that of its value. */
function textSpans(paper, steps) {
  const of = (evidence, name, index) => evidence.map((each) => ({ ...each, index, path: name, field: steps.fieldNamed(name) }));
  const values = paper.values.flatMap((value, index) => {
    const { decision } = value;
    if (decision?.verdict === "reject") return [];
    const isNew = decision?.verdict === "correct" || decision?.verdict === "keep";
    return of(isNew ? decision.evidence : value.evidence, value.field, index);
  });
  return [...values, ...paper.added.flatMap((added) => of(added.evidence, added.field, -1))];
}
