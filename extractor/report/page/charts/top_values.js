"use strict";

// The most frequent values of lists, and of texts that come back.

const MOST_TOPS = 4;
const MOST_BARS = 10;

class TopValues extends Chart {
  static chartsFor(app) {
    const plainFirst = [...app.model.fields].sort((a, b) => a.isObject - b.isObject);
    return plainFirst.flatMap(topLeaves).slice(0, MOST_TOPS).map((leaf) => new TopValues(app, leaf));
  }

  constructor(app, leaf) {
    super(app);
    this.leaf = leaf;
    this.row = 3;
  }

  get title() {
    return `Top ${this.leaf.label}`;
  }

  get paths() {
    return [this.leaf.path];
  }

  draw(host, mask) {
    const { app, leaf } = this;
    const names = namesOf(leaf, app.view);
    const counts = names.rows(mask);
    const order = names.ranked(counts);
    if (!order.length) return fill(host, h("p", { class: "none" }, "No value among these papers."));
    const most = counts[order[0]];
    const shown = order.slice(0, MOST_BARS);
    const short = shortAddresses(shown.map((name) => names.labels[name]));
    const rows = shown.map((name, i) => {
      const [spellings, value] = [names.spellings(name), names.value(name)];
      return barRow({
        label: names.labels[name],
        short: short[i],
        note: spellings > 1 ? `${spellings} spellings` : null,
        count: counts[name],
        of: most,
        text: compact(counts[name]),
        on: app.view.isOn(leaf.path, value),
        toggle: () => app.change((view) => view.toggleValue(leaf.path, value)),
        field: leaf.field,
      });
    });
    const rest = order.length - rows.length;
    const more = rest > 0 ? h("p", { class: "more legend" }, `and ${plural(rest, "other value")}`) : null;
    return fill(host, h("ol", { class: "bars" }, rows), axisTitle("papers"), more, splitControls(app, leaf, names, shown));
  }
}

/** Labels that are all addresses without what most of them begin with, others as they are. */
function shortAddresses(labels) {
  if (!labels.every(webAddress)) return labels;
  const bare = labels.map((label) => label.replace(/^https?:\/\/(www\.)?/i, ""));
  const hosts = Map.groupBy(bare, (address) => address.slice(0, address.indexOf("/") + 1));
  const [usual] = [...hosts.keys()].sort((a, b) => hosts.get(b).length - hosts.get(a).length);
  return bare.map((address) => (hosts.get(usual).length > 1 && address.startsWith(usual) ? address.slice(usual.length) || address : address));
}

/** The leaves whose values are worth counting: names in a list, or texts that come back. */
function topLeaves(field) {
  const counted = ({ kind, values }) => kind !== "number" && values.length > 0;
  if (field.isObject) return field.leaves.filter((leaf) => leaf.kind === "text" && comesBack(field, leaf));
  return field.leaves.filter((leaf) => counted(leaf) && (field.list || leaf.kind === "flag" || isRepetitive(leaf)));
}

function comesBack(field, leaf) {
  const drawnAlready = leaf === field.group && field.measure;
  return !drawnAlready && leaf.name !== "unit" && leaf.values.length > 1 && leaf.rareness <= RAREST_KINDS;
}

registerChart(TopValues);
