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
  return h("p", { class: model.rows ? "card calm" : "card" }, text);
}

/** The head of a page of a run that is not finished. */
function drawUnfinished(model, host) {
  host.hidden = model.unfinished === null;
  if (host.hidden) return;
  const { left } = model.unfinished;
  const rest = left ? `, ${plural(left, "paper")} of the dump ${left === 1 ? "is" : "are"} still to come` : "";
  fill(host, h("b", {}, "This run is unfinished"), `: it has ${plural(model.rows, "paper")} so far${rest}. The command that began it goes on where it stopped.`);
}

function failureCard(app, failures) {
  const { model } = app;
  const [error, message] = ["error", "message"].map((name) => model.failure.leaf(name));
  return attentionCard({
    kind: "bad",
    title: `${plural(failures, "paper")} failed`,
    note: "They have no record. Run the same command again to try only these.",
    filter: () => app.showPapers((view) => view.has.add("@failure")),
    groups: groupsOf(model.failure, error).map((group) => ({
      ...group,
      label: words(String(group.value ?? "unknown")),
      filter: () => app.showPapers((view) => view.toggleValue(error.path, String(group.value))),
      lines: linesOf(group.entries, (item) => message?.at(item) ?? "").map((entries) => ({
        entries,
        nodes: h("div", { class: "why" }, bdi(String(message?.at(entries[0][0]) ?? "")), entries.length > 1 ? null : tries(model, entries[0][0])),
        filter: (view) => {
          view.toggleValue(error.path, String(group.value));
          if (message?.at(entries[0][0])) view.toggleValue(message.path, String(message.at(entries[0][0])));
        },
      })),
    })),
    app,
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
      lines: linesOf(group.entries, (item) => JSON.stringify(rejectedParts(model, item))).map((entries) =>
        rejectedLine(model, field, entries),
      ),
    })),
    app,
  });
}

/** The value of a rejected item, the key that it was given for, and the reason. */
function rejectedParts({ refused }, item) {
  const [value, path, reason] = ["value", "path", "reason"].map((name) => refused.leaf(name)?.at(item) ?? null);
  const key = pathKey(String(path ?? "")).split(".").slice(1).at(-1);
  return { value, key: key && !/^\d+$/.test(key) ? key : null, reason };
}

function rejectedLine(model, field, entries) {
  const [item] = entries[0];
  const { value, key, reason } = rejectedParts(model, item);
  const inner = key ? h("span", { class: "path" }, bdi(words(key))) : null;
  return {
    entries,
    nodes: h("div", { class: "refused-line" }, rejectedValue(value), inner, h("span", { class: "why" }, bdi(String(reason ?? "")))),
    filter: (view) => {
      view.toggleValue(field.path, String(field.at(item)));
      if (value !== null) view.toggleValue("@refused.value", String(value));
    },
  };
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

/** Entries that say the same, most first. */
function linesOf(entries, keyOf) {
  const lines = [...Map.groupBy(entries, ([item]) => keyOf(item)).values()];
  return lines.sort((a, b) => b.length - a.length);
}

function attentionCard({ kind, title, note, filter, groups, app }) {
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
    groups.map((group, i) => attentionGroup(app, group, i === 0)),
  );
}

function attentionGroup(app, { label, field, entries, lines, filter }, open) {
  const name = h("span", { class: field ? hued(field, "tag") : "tag" }, bdi(label));
  const only = h("button", { type: "button", class: "quiet", click: filter }, "Only these");
  return h(
    "details",
    { open },
    h("summary", {}, name, h("span", { class: "count" }, whole(entries.length))),
    inPieces("entries", lines, (line) => attentionLine(app, line), only),
  );
}

/** What several papers share is one line, which opens to their titles. */
function attentionLine(app, { entries, nodes, filter }) {
  const rows = [...new Set(entries.map(([, row]) => row))];
  if (rows.length === 1) return [nodes, paperLink(app, rows[0])];
  const show = h("button", { type: "button", class: "quiet", click: () => app.showPapers(filter) }, "Show in the table");
  const papers = h("details", { class: "papers-of" }, h("summary", {}, h("span", { class: "count" }, plural(rows.length, "paper"))));
  papers.addEventListener("toggle", () => papers.append(...inPieces("titles", rows, (row) => paperLink(app, row), show)), { once: true });
  return [nodes, papers];
}

/** A list of which the first few are shown, with a button for more. */
function inPieces(kind, entries, entry, ...actions) {
  const list = h("ul", { class: kind });
  const more = h("button", { type: "button", class: "quiet more-button" });
  let shown = 0;
  const show = (count) => {
    list.append(...entries.slice(shown, shown + count).map((each) => h("li", {}, entry(each))));
    shown = Math.min(entries.length, shown + count);
    more.hidden = shown === entries.length;
    more.textContent = `Show ${whole(Math.min(SHOWN_MORE, entries.length - shown))} more`;
  };
  show(SHOWN_FIRST);
  more.addEventListener("click", () => show(SHOWN_MORE));
  return [list, h("div", { class: "group-actions" }, more, actions)];
}
