"use strict";

// The page as a whole: what is drawn once, and the filter over the changes.

function startFilter(index, changes, table) {
  const { filter } = changes;
  const select = byId("field");
  const names = Object.keys(index.fields).filter((name) => index.fields[name].papers);
  fill(select, h("option", { value: "" }, "All fields"), names.map((name) => h("option", { value: name }, words(name))));
  const choose = (name) => {
    filter.field = select.value = name;
    table().choose(name);
    changes.draw();
  };
  select.addEventListener("change", () => choose(select.value));
  byId("search").addEventListener("input", debounced(120, (event) => {
    filter.terms = fold(event.target.value).split(/\s+/).filter(Boolean);
    changes.draw();
  }));
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  for (const kind of Object.keys(KINDS)) byId("kinds").append(kindBox(kind, filter, changes));
  return choose;
}

function kindBox(kind, filter, changes) {
  const change = (event) => {
    if (event.target.checked) filter.kinds.add(kind);
    else filter.kinds.delete(kind);
    changes.draw();
  };
  const box = h("input", { type: "checkbox", checked: true, value: kind, change });
  return h("label", { class: "quiet kind" }, box, h("b", { class: `sign-${kind}`, "aria-hidden": true }, KINDS[kind]), kind);
}

startPage((index) => {
  drawSummary(index, byId("summary"));
  drawUnmatched(index, byId("unmatched-section"), byId("unmatched"));
  const changes = new Changes(index);
  let table = null;
  const choose = startFilter(index, changes, () => table);
  table = new FieldTable(index, byId("fields"), (name) => {
    if (!index.fields[name].papers) return;
    choose(changes.filter.field === name ? "" : name);
    byId("changes-section").scrollIntoView();
  });
  byId("fields-of").textContent = `of the ${plural(index.both, "paper")} in both`;
  byId("filter").hidden = !index.papers.length;
  byId("skip").addEventListener("click", () => byId("changes-title").focus());
  changes.draw();
  document.documentElement.dataset.state = "ready";
});
