"use strict";

// The kinds of change, and the sign of each.

const KINDS = { added: "+", lost: "−", changed: "~" };

function sign(kind) {
  return h("span", { class: `sign sign-${kind}` }, h("span", { "aria-hidden": true }, KINDS[kind]), h("span", { class: "unseen" }, kind));
}
