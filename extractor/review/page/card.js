"use strict";

// The value in question, what can be decided about it, and the other values of its paper.

const VERDICTS = { accept: "accepted", keep: "kept", reject: "rejected", correct: "corrected", add: "added", complete: "complete" };
const SIGNS = { accept: "✓", keep: "✓", reject: "✕", correct: "✎", add: "+", complete: "✓" };

/** A button with its key. */
function keyButton(key, label, click, more = {}) {
  return h("button", { type: "button", click, "aria-keyshortcuts": key.toLowerCase(), ...more }, label, " ", h("kbd", { "aria-hidden": "true" }, key));
}

function drawCard(host, app) {
  const { step, value } = app;
  if (!step) return fill(host, endOfQueue(app));
  const place = app.steps.shown.indexOf(step) + 1;
  fill(
    host,
    h("p", { class: "place" }, place ? `${whole(place)} of ${whole(app.steps.shown.length)}` : "Not among the values chosen above"),
    value ? valueNodes(app, value) : paperEnd(app),
    h("p", { id: "problem", class: "problem", role: "alert" }),
    h("div", { id: "selected" }),
    h("div", { id: "form" }),
    h("div", { class: "moves" },
      keyButton("←", "Back", () => app.move(-1), { class: "quiet" }),
      keyButton("→", "Forward", () => app.move(1), { class: "quiet" }),
      keyButton("U", "Undo", () => app.undo(), { class: "quiet" }),
      value ? keyButton("D", "Paper done", () => app.complete(), { class: "quiet" }) : null,
    ),
  );
  return host;
}

function valueNodes(app, value) {
  const field = app.steps.fieldNamed(value.field);
  const part = value.path.startsWith(`${value.field}.`) || /\]\./.test(value.path) ? value.path.replace(/^[^\]]*\]?\./, "") : "";
  return [
    h("div", { class: "card-head" },
      h("span", { class: hued(field, "tag") }, bdi(field.label)),
      part && value.reason !== null ? h("span", { class: "path" }, bdi(words(part))) : null,
      confidenceNode(value),
      stateNode(value.decision),
    ),
    h("div", { class: "the-value", id: "value", tabindex: -1 }, valueNode(value.value)),
    value.decision?.verdict === "correct" ? h("div", { class: "new-value" }, h("span", { class: "note" }, "now"), valueNode(value.decision.new)) : null,
    value.reason === null ? null : h("p", { class: "why" }, "Refused: ", bdi(value.reason)),
    h("div", { class: "actions" },
      keyButton("A", value.reason === null ? "Accept" : "Keep", () => app.decide("accept"), { class: "act accept" }),
      keyButton("C", "Correct", () => app.correct(), { class: "act correct", disabled: field.kind === null }),
      keyButton("R", value.reason === null ? "Reject" : "Leave out", () => app.decide("reject"), { class: "act reject" }),
    ),
  ];
}

function confidenceNode(value) {
  const refused = value.reason === null ? null : h("span", { class: "badge bad" }, "refused");
  if (value.confidence === null) return refused ?? h("span", { class: "sureness" }, "no confidence");
  const label = `Confidence ${value.confidence}`;
  return [refused, h("span", { class: "sureness", title: label },
    h("meter", { min: 0, max: 1, low: 0.5, high: 0.8, optimum: 1, value: value.confidence, "aria-label": label }),
    String(value.confidence))];
}

function stateNode(decision) {
  if (!decision) return null;
  return h("span", { class: `state ${decision.verdict}` }, `${SIGNS[decision.verdict]} ${VERDICTS[decision.verdict]} by `, bdi(decision.reviewer));
}

/** A value in full: a text, or the keys of an object that say something. */
function valueNode(value) {
  if (typeof value !== "object" || value === null) return bdi(exactLabel(value));
  const entries = Object.entries(value).filter(([, part]) => part !== null && part !== "");
  return h("dl", { class: "keys-of-value" }, entries.map(([key, part]) => [h("dt", {}, bdi(words(key))), h("dd", {}, bdi(exactLabel(part)))]));
}

/** A value as the record has it: what is judged is not rounded. */
function exactLabel(value) {
  return typeof value === "number" ? String(value) : String(valueLabel(value));
}

function paperEnd(app) {
  return [
    h("h3", {}, "Is anything missing?"),
    h("p", { class: "note" }, "Select the words of a value that the list lacks, then press N. Done accepts what is undecided and confirms what was refused."),
    stateNode(app.paper.complete),
    h("div", { class: "actions" }, keyButton("D", "Nothing is missing", () => app.complete(), { class: "act accept" })),
  ];
}

function endOfQueue(app) {
  return [
    h("h3", {}, app.steps.shown.length ? "All of these are decided" : "There is nothing of this kind"),
    h("p", { class: "note" }, "Choose other values above, or end the command with Ctrl-C. To apply what was decided:"),
    h("pre", {}, `extractor convert ${app.steps.name} OUT`),
    h("div", { class: "moves" },
      keyButton("U", "Undo", () => app.undo(), { class: "quiet" }),
      app.steps.shown.length ? keyButton("←", "Back", () => app.move(-1), { class: "quiet" }) : null,
    ),
  ];
}

/** The paper's values as a list to go by; the one in question is marked. */
function drawValues(host, app) {
  const { paper, step, steps } = app;
  if (!step) return fill(host);
  const rows = paper.values.map((value, index) => {
    const verdict = value.decision?.verdict ?? "";
    const inQueue = steps.of(paper.paper, index) !== null;
    const label = shortLabel(verdict === "correct" ? value.decision.new : value.value);
    return h("li", {}, h("button", {
      type: "button", class: hued(steps.fieldNamed(value.field), `value-row ${verdict}`), disabled: !inQueue,
      "aria-current": step.value === index ? "step" : null, click: () => app.goToValue(index),
    },
    h("span", { class: "sign", "aria-label": VERDICTS[verdict] ?? "undecided" }, SIGNS[verdict] ?? "·"),
    h("span", { class: "row-field" }, bdi(words(value.field))),
    h("span", { class: value.reason === null ? "row-value" : "row-value refused" }, bdi(label))));
  });
  const added = paper.added.map((each) => h("li", {}, h("div", { class: hued(steps.fieldNamed(each.field), "value-row add") },
    h("span", { class: "sign", "aria-label": "added" }, "+"), h("span", { class: "row-field" }, bdi(words(each.field))), h("span", { class: "row-value" }, bdi(shortLabel(each.new))))));
  fill(host, h("h3", {}, "In this paper"), h("ul", { class: "value-list" }, rows, added));
  const side = host.parentElement; // where it does not scroll, the page would, away from the text
  if (side.scrollHeight > side.clientHeight) host.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  return host;
}

function shortLabel(value) {
  if (typeof value !== "object" || value === null) return exactLabel(value);
  const texts = Object.values(value).filter((part) => typeof part === "string" && part.length > 1);
  return clip(texts.length ? texts.join(" · ") : valueLabel(value), 90);
}

/** What can be done with the words that are selected. */
function drawSelected(host, app, place) {
  if (!place) return fill(host);
  return fill(host, h("p", { class: "selected-words" }, "“", bdi(clip(place.words, 160)), "”"),
    h("div", { class: "moves" },
      app.value ? keyButton("C", "Correct with these words", () => app.correct(), { class: "quiet" }) : null,
      keyButton("N", "Add as a new value", () => app.add(), { class: "quiet" })));
}

/** Which field selected words are added to; the numbers of some begin with the digits typed. */
function fieldChooser(fields, typed, choose, cancel) {
  return h("div", { class: "chooser", role: "group", "aria-label": "Add to which field?" },
    h("h3", {}, typed ? `${typed}: press Enter, or the next digit` : "Add to which field?"),
    fields.map((field, at) => {
      const key = String(at + 1);
      return keyButton(key, bdi(field.label), () => choose(field), { class: hued(field, key.startsWith(typed) ? "quiet" : "quiet other") });
    }),
    h("button", { type: "button", class: "quiet", click: cancel }, "Cancel ", h("kbd", {}, "Esc")));
}
