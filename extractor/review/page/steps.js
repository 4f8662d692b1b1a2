"use strict";

// The queue: its steps, which of them a filter shows, and which are decided.

const SORTS = {
  "": "All values",
  doubtful: "Doubtful values",
  refused: "Refused values",
  sure: "Other values",
  left: "Undecided values",
};

class Steps {
  constructor({ name, items, fields }) {
    this.name = name;
    this.fields = fields.map((field, colour) => ({ ...field, label: words(field.name), colour: colour % 8 }));
    this.all = items.map(([paper, value, field, sort, verdict], at) => ({ at, paper, value, field, sort, verdict }));
    this.filter("", "");
  }

  fieldNamed(name) {
    return this.fields.find((field) => field.name === name) ?? null;
  }

  /** Show the steps of one field and of one sort only; the empty text stands for all. */
  filter(field, sort) {
    this.field = field;
    this.sort = sort;
    this.shown = this.all.filter((step) => this.#matches(step, field, sort));
  }

  #matches(step, field, sort) {
    if (field !== "" && this.fields[step.field]?.name !== field) return false;
    return sort === "left" ? !step.verdict : sort === "" || step.sort === sort;
  }

  countOf(field, sort) {
    return this.all.filter((step) => !step.verdict && this.#matches(step, field, sort)).length;
  }

  get decided() {
    return this.shown.filter((step) => step.verdict).length;
  }

  /** The step before or after one, or null; `by` is -1 or 1. */
  beside(step, by) {
    return this.shown[this.shown.indexOf(step) + by] ?? null;
  }

  /** The first undecided step after one, then from the start, or null. */
  undecidedAfter(step) {
    const at = step ? this.shown.indexOf(step) : -1;
    const open = (each) => !each.verdict;
    return this.shown.slice(at + 1).find(open) ?? this.shown.find(open) ?? null;
  }

  /** The step of a value of a paper, or null where the queue has none. */
  of(paper, value) {
    return this.all.find((step) => step.paper === paper && step.value === value) ?? null;
  }

  /** The first undecided step of a paper, else its last one, or null; shown ones come first. */
  openOf(paper) {
    const own = [...this.shown, ...this.all].filter((step) => step.paper === paper);
    return own.find((step) => !step.verdict) ?? own.at(-1) ?? null;
  }

  /** Take over what is decided of a paper. */
  update(paper) {
    for (const step of this.all) {
      if (step.paper !== paper.paper) continue;
      const decision = step.value === null ? paper.complete : paper.values[step.value].decision;
      step.verdict = decision?.verdict ?? null;
    }
  }
}
