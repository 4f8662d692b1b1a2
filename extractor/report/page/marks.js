"use strict";

// Words of a text that values rest on. Evidence counts Unicode code points, JavaScript counts
// UTF-16 units: an emoji is one of the former and two of the latter.

/** The place in UTF-16 units of each code point of a text, and of its end. */
function unitPlaces(text) {
  const places = [];
  let place = 0;
  for (const point of text) {
    places.push(place);
    place += point.length;
  }
  places.push(place);
  return places;
}

/** Cut a text where spans begin and end: [{text, spans: those that cover it}]. */
function cutAtSpans(text, spans) {
  const places = unitPlaces(text);
  const inside = spans.filter(({ start, end }) => start >= 0 && start < end && end < places.length);
  const cuts = new Set([0, places.length - 1, ...inside.flatMap(({ start, end }) => [start, end])]);
  const points = [...cuts].sort((a, b) => a - b);
  return points.slice(0, -1).map((start, i) => ({
    text: text.slice(places[start], places[points[i + 1]]),
    spans: inside.filter((span) => span.start <= start && points[i + 1] <= span.end),
  }));
}

/** The words of a span. */
function spanText(text, { start, end }) {
  const places = unitPlaces(text);
  return text.slice(places[start], places[end]);
}

/**
 * A text with each span's words marked in its field's colour. A piece that several spans cover
 * takes the colour of the shortest of them; `data-evidence` names them all.
 */
function marked(text, spans) {
  return cutAtSpans(text, spans).map((piece) => {
    if (!piece.spans.length) return piece.text;
    const shortest = piece.spans.reduce((a, b) => (b.end - b.start < a.end - a.start ? b : a));
    const attributes = {
      class: shortest.field ? hued(shortest.field) : "hued c0",
      title: [...new Set(piece.spans.map((span) => words(span.path)))].join(", "),
      "data-evidence": piece.spans.map((span) => span.index).join(" "),
    };
    return h("mark", attributes, piece.text);
  });
}
