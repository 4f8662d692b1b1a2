"""Results as notebooks show them: HTML that needs no style sheet, in light and dark."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extractor.grounding import Evidence
    from extractor.record import Failure, Record

_MOST_ROWS = 20
_LONGEST_CELL = 200
_MARK = "background:rgba(255,193,7,.4);color:inherit;padding:0"
_LEFT = "text-align:left;vertical-align:top"
_BAD = "color:#c62828"


def record_html(record: Record[Any]) -> str:
    """Title and abstract with the words that values rest on, and the values."""
    fields = record.fields.model_dump(mode="json")
    rows = [
        *((name, _value(value)) for name, value in fields.items()),
        *(
            ("refused", f"{escape(each.path)}: {_value(each.value)}")
            for each in record.meta.dropped
        ),
    ]
    table = "".join(
        f'<tr><th style="{_LEFT}">{escape(name)}</th><td style="{_LEFT}">{value}</td></tr>'
        for name, value in rows
    )
    title = marked(record.title, [each for each in record.evidence if each.source == "title"])
    abstract = marked(
        record.abstract, [each for each in record.evidence if each.source == "abstract"]
    )
    return (
        f'<div style="max-width:50em"><p><b>{title}</b></p><p>{abstract}</p>'
        f"<table>{table}</table></div>"
    )


def failure_html(failure: Failure) -> str:
    """The paper and what went wrong with it."""
    whose = failure.title or failure.id or (f"line {failure.line}" if failure.line else "a paper")
    return (
        f"<p><b>{escape(whose)}</b><br>"
        f'<span style="{_BAD}">{escape(failure.error)}</span>: {escape(failure.message)}</p>'
    )


def table_html(heading: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The first rows as a table; a row's ``error`` and ``message`` stand in one cell."""
    names = list(dict.fromkeys(name for row in rows[:_MOST_ROWS] for name in row))
    head = "".join(f'<th style="{_LEFT}">{escape(name)}</th>' for name in names)
    body = "".join(
        f"<tr>{''.join(_cell(row.get(name)) for name in names)}</tr>" for row in rows[:_MOST_ROWS]
    )
    more = len(rows) - _MOST_ROWS
    below = f"<p>and {more:,} more</p>" if more > 0 else ""
    return f"<p>{escape(heading)}</p><table><tr>{head}</tr>{body}</table>{below}"


def marked(text: str, evidence: Iterable[Evidence]) -> str:
    """HTML of a text whose places of evidence are marked; each names the values it is of."""
    places = [each for each in evidence if 0 <= each.start < each.end <= len(text)]
    cuts = sorted({0, len(text), *(c for each in places for c in (each.start, each.end))})
    parts = []
    for start, end in pairwise(cuts):
        paths = [each.path for each in places if each.start <= start and end <= each.end]
        words = escape(text[start:end])
        parts.append(
            f'<mark style="{_MARK}" title="{escape(", ".join(paths))}">{words}</mark>'
            if paths
            else words
        )
    return "".join(parts)


def _cell(value: object) -> str:
    return f'<td style="{_LEFT}">{_value(value)}</td>'


def _value(value: object) -> str:
    """A value in a few words; an object by what it holds."""
    said = _said(value)
    return escape(said if len(said) <= _LONGEST_CELL else f"{said[: _LONGEST_CELL - 3]}...")


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        between = "; " if any(isinstance(each, dict) for each in value) else ", "
        return between.join(map(_said, value))
    if isinstance(value, dict):
        held = ((name, each) for name, each in value.items() if each not in (None, "", [], False))
        return ", ".join(f"{name} {_said(each)}" for name, each in held)
    return str(value)
