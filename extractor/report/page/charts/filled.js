"use strict";

// How many papers have each field.

class Filled extends Chart {
  static chartsFor(app) {
    return app.model.fields.length > 1 ? [new Filled(app)] : [];
  }

  constructor(app) {
    super(app);
    // beside the numbers where there are some, else among the most frequent values
    this.row = app.model.fields.some((field) => field.isMeasured) ? 1 : 3;
  }

  get title() {
    return "Fields filled";
  }

  draw(host, mask) {
    const { app } = this;
    const { model } = app;
    const records = countRows(mask, model.records, () => true);
    const rows = model.fields.map((field) => {
      const count = countRows(mask, model.records, (row) => field.count(row) > 0);
      return barRow({
        label: field.label,
        count,
        of: records,
        text: percent(count, records),
        on: app.view.has.has(field.path),
        toggle: () => app.change((view) => view.has.delete(field.path) || view.has.add(field.path)),
        field,
      });
    });
    return fill(host, h("ol", { class: "bars stacked" }, rows), axisTitle("share of the papers that have it"));
  }
}

registerChart(Filled);
