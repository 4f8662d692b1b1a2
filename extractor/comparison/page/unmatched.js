"use strict";

// Papers and fields that only one run has, and papers that failed in one of them.

const LISTED_FIRST = 5;

function drawUnmatched(index, section, host) {
  const cards = [
    unmatchedCard("bad", "failed after, not before", index.failed),
    unmatchedCard("calm-card", "failed before, not after", index.recovered),
    unmatchedCard("warn", "only before", index.only_before),
    unmatchedCard("warn", "only after", index.only_after),
    fieldsCard("only before", index.fields_only_before),
    fieldsCard("only after", index.fields_only_after),
  ].filter(Boolean);
  section.hidden = !cards.length;
  if (index.fields_only_before.length + index.fields_only_after.length)
    byId("unmatched-title").textContent = "Papers and fields without a counterpart";
  fill(host, cards);
}

function unmatchedCard(kind, title, papers) {
  if (!papers.length) return null;
  const list = h("ul", { class: "entries" });
  const more = h("button", { type: "button", class: "quiet more-button" });
  const show = (until) => {
    list.append(...papers.slice(list.children.length, until).map(({ id, title: name }) => h("li", {}, bdi(name || "(no title)"), h("div", { class: "why" }, "Id ", bdi(id)))));
    more.hidden = list.children.length === papers.length;
    more.textContent = `Show all ${whole(papers.length)}`;
  };
  more.addEventListener("click", () => show(papers.length));
  show(LISTED_FIRST);
  return h("section", { class: `card attention ${kind}` }, h("h3", {}, `${plural(papers.length, "paper")} ${title}`), list, more);
}

function fieldsCard(title, fields) {
  if (!fields.length) return null;
  const tags = fields.map((field) => [h("span", { class: "tag" }, bdi(words(field))), " "]);
  return h("section", { class: "card attention warn" }, h("h3", {}, `${plural(fields.length, "field")} ${title}`), h("p", { class: "note" }, "Their values are not compared."), tags);
}
