"use strict";

// What needs review: papers that failed, and values that were rejected.

const SHOWN_FIRST = 4;
const SHOWN_MORE = 40;
const MOST_GROUPS_LISTED = 12;

function drawAttention(app, host) {
  const { model } = app;
  const failures = model.rows - model.records;
  const refused = model.refused.starts[model.rows];
  if (!failures && !refused) return fill(host, allWell(model));
  return fill(
    host,
    failures ? failureCard(app, failures) : null,
    refused ? rejectedCard(app, refused) : null,
  );
}

function allWell(model) {
  const text = model.rows
    ? "Every paper has a record, and no value was rejected."
    : "There are no papers in this report.";
  return h("p", { class: "card calm" }, text);
}

function failureCard(app, failures) {
  const { model } = app;
  const error = model.failure.leaf("error");
  const entry = (item, row) => [
    paperLink(app, row),
    h("div", { class: "why" }, bdi(String(model.failure.leaf("message")?.at(item) ?? "")), tries(model, item)),
  ];
  return attentionCard({
    kind: "bad",
    title: `${plural(failures, "paper")} failed`,
    note: "They have no record. Run the same command again to try only these.",
    filter: () => app.showPapers((view) => view.has.add("@failure")),
    groups: groupsOf(model.failure, error).map((group) => ({
      ...group,
      label: words(String(group.value ?? "unknown")),
      filter: () => app.showPapers((view) => view.toggleValue(error.path, String(group.value))),
      entry,
    })),
  });
}

function tries(model, item) {
  const count = model.failure.leaf("tries")?.at(item);
  return count ? h("span", { class: "tries" }, ` · ${count === 1 ? "1 try" : `${count} tries`}`) : null;
}

function rejectedCard(app, refused) {
  const { model } = app;
  const field = model.refused.leaf("field");
  const papers = countRows(new Uint8Array(model.records).fill(1), model.records, (row) => model.refused.count(row) > 0);
  return attentionCard({
    kind: "warn",
    title: `${plural(refused, "value")} rejected`,
    note: `The model gave them, but they were not found in the text of ${plural(papers, "paper")}.`,
    filter: () => app.showPapers((view) => view.has.add("@refused")),
    groups: groupsOf(model.refused, field).map((group) => ({
      ...group,
      field: model.fieldNamed(group.value),
      label: words(String(group.value ?? "?")),
      filter: () => app.showPapers((view) => view.toggleValue(field.path, String(group.value))),
      entry: (item, row) => rejectedEntry(app, item, row),
    })),
  });
}

function rejectedEntry(app, item, row) {
  const { refused } = app.model;
  const [value, path, reason] = ["value", "path", "reason"].map((name) => refused.leaf(name)?.at(item));
  const key = pathKey(String(path ?? "")).split(".").slice(1).at(-1);
  const inner = key && !/^\d+$/.test(key) ? h("span", { class: "path" }, bdi(words(key))) : null;
  return [
    h("div", { class: "refused-line" }, rejectedValue(value), inner, h("span", { class: "why" }, bdi(String(reason ?? "")))),
    paperLink(app, row),
  ];
}

/** A rejected value, struck out, which screen readers announce. */
function rejectedValue(value) {
  return h("del", { class: "refused" }, bdi(clip(valueLabel(value ?? null), 160)));
}

function paperLink(app, row) {
  return h("a", { class: "paper-link", href: app.hashOf(row), "data-row": row }, bdi(app.model.title(row)));
}

/** [{value, entries: [[item, row]]}] by the value of a leaf, most first. */
function groupsOf(field, leaf) {
  const groups = new Map();
  for (let row = 0; row < field.starts.length - 1; row += 1) {
    for (let item = field.from(row); item < field.to(row); item += 1) {
      const value = leaf?.at(item) ?? null;
      if (!groups.has(value)) groups.set(value, []);
      groups.get(value).push([item, row]);
    }
  }
  const all = Array.from(groups, ([value, entries]) => ({ value, entries }));
  return all.sort((a, b) => b.entries.length - a.entries.length).slice(0, MOST_GROUPS_LISTED);
}

function attentionCard({ kind, title, note, filter, groups }) {
  return h(
    "section",
    { class: `card attention ${kind}` },
    h(
      "header",
      {},
      h("h3", {}, title),
      h("button", { type: "button", class: "quiet", click: filter }, "Show in the table"),
    ),
    h("p", { class: "note" }, note),
    groups.map((group, i) => attentionGroup(group, i === 0)),
  );
}

function attentionGroup({ label, field, entries, filter, entry }, open) {
  const list = h("ul", { class: "entries" });
  const more = h("button", { type: "button", class: "quiet more-button" });
  let shown = 0;
  const show = (count) => {
    list.append(...entries.slice(shown, shown + count).map(([item, row]) => h("li", {}, entry(item, row))));
    shown = Math.min(entries.length, shown + count);
    more.hidden = shown === entries.length;
    more.textContent = `Show ${whole(Math.min(SHOWN_MORE, entries.length - shown))} more`;
  };
  show(SHOWN_FIRST);
  more.addEventListener("click", () => show(SHOWN_MORE));
  const name = h("span", { class: field ? hued(field, "tag") : "tag" }, bdi(label));
  const only = h("button", { type: "button", class: "quiet", click: filter }, "Only these");
  return h(
    "details",
    { open },
    h("summary", {}, name, h("span", { class: "count" }, whole(entries.length))),
    list,
    h("div", { class: "group-actions" }, more, only),
  );
}
