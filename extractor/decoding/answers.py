"""The grammar of a whole JSON answer, made from the fields of a schema and a paper.

Of each field only what the paper has can be said: one of its phrases, numbers or URLs, null, or an
empty list. Each object of a list has its anchor, a phrase or a number, behind that of the object
before, so that the list ends by itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.decoding.mentions import mentions_of
from extractor.decoding.phrases import Word, list_rules, literal, phrase_rules, words_of
from extractor.grounding.urls import LOOSE_URL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extractor.decoding.fields import AskedField
    from extractor.decoding.linking import Found, Linker

_MOST_NUMBERS, _MOST_URLS = 64, 16


def answer_grammar(
    fields: Iterable[AskedField],
    texts: Sequence[str],
    found: Mapping[str, tuple[Linker, Sequence[Found]]] | None = None,
) -> str:
    """The grammar of a JSON object with all the fields, in their order.

    A field that can be neither null nor filled from the texts is null all the same. ``found`` are
    the objects of some fields, by the fields' names: of these only the open parts can be chosen.
    """
    answer = _Answer(texts, words_of(texts), found or {})
    root = answer.object(list(fields), "v")
    return "\n".join([f"root ::= {root}", *answer.rules])


@dataclass(slots=True)
class _Answer:
    """The rules of one paper's answer, as far as they are made."""

    texts: Sequence[str]
    words: list[Word]
    found: Mapping[str, tuple[Linker, Sequence[Found]]]
    rules: list[str] = field(default_factory=list)
    has_phrase: bool | None = None

    def object(self, fields: Sequence[AskedField], name: str) -> str:
        """The sequence of an object; ``name`` begins the names of its rules."""
        return f'"{{" {self.pairs(fields, name)} "}}"'

    def pairs(self, fields: Sequence[AskedField], name: str) -> str:
        """The sequence of an object's names and values; makes the values' rules."""
        pairs = []
        for at, each in enumerate(fields):
            pairs.append(f"{_key(each)} {name}{at}")
            self.value(each, f"{name}{at}")
        return ' ", " '.join(pairs)

    def value(self, field: AskedField, name: str) -> None:
        """Make the rule ``name`` for what may stand for a field, and those that it needs."""
        if field.kind == "object" and field.name in self.found:
            self.rules += self.open_objects(*self.found[field.name], name)
        elif field.kind == "object" and field.listed:
            self.rules += self.objects(field, name)
        elif field.kind == "phrase" and field.listed:
            self.rules += list_rules(self.words, name)
        elif field.kind == "object":
            one = self.object(field.asked_parts, f"{name}p")
            self.rules.append(f"{name} ::= {one}" + (' | "null"' if field.nullable else ""))
        elif field.listed:
            self.rules += _in_order(list(map(literal, _said(field, self.texts))), name)
        else:
            self.rules.append(f"{name} ::= {' | '.join(self.single(field))}")

    def single(self, field: AskedField) -> list[str]:
        """The alternatives of a field with one value."""
        if field.kind != "phrase":
            said = [literal(each) for each in _said(field, self.texts)]
        else:
            said = ["phrase"] if self.phrase() else []
        return said if said and not field.nullable else [*said, '"null"']

    def phrase(self) -> bool:
        """Whether there is a rule for one phrase; makes it when it is first needed."""
        if self.has_phrase is None:
            rules = phrase_rules(self.words, "phrase")
            self.has_phrase = bool(rules)
            self.rules += rules
        return self.has_phrase

    def open_objects(self, linker: Linker, found: Sequence[Found], name: str) -> list[str]:
        """The rules for a list of objects of which most is known."""
        asked, values = list[str](), {}
        for at, part in enumerate(linker.owner.asked_parts):
            if part in linker.open_parts:
                self.value(part, f"{name}p{at}")
                values[part] = f"{name}p{at}"
        for each in found:
            pairs = [
                f"{_key(part)} {values.get(part) or literal(_json(each.values[part.name]))}"
                for part in linker.shown_parts
            ]
            joined = ' ", " '.join(pairs)
            asked.append(f'"{{" {joined} "}}"')
        objects = ' ", " '.join(asked)
        return [f'{name} ::= "[" {objects} "]"' if found else f'{name} ::= "[]"']

    def objects(self, field: AskedField, name: str) -> list[str]:
        """The rules for a list of objects."""
        anchor, parts = field.anchor, field.asked_parts
        assert anchor is not None
        at = parts.index(anchor)
        before, behind = parts[:at], parts[at + 1 :]
        opening = f'{self.pairs(before, f"{name}o")} ", " ' if before else ""
        closing = f'", " {self.pairs(behind, f"{name}c")} ' if behind else ""
        self.rules.append(f'{name}o ::= "{{" {opening}{_key(anchor)}')
        self.rules.append(f'{name}c ::= {closing}"}}"')
        if anchor.kind == "phrase":
            return list_rules(self.words, name, f"{name}o", f"{name}c")
        mentions = (each for text in self.texts for each in mentions_of(text))
        counted = (
            each.values[0]
            for each in mentions
            if anchor.among is None or anchor.among(each.text, each.number)
        )
        said = map(literal, _numbers(anchor, counted)[:_MOST_NUMBERS])
        return _in_order(list(said), name, f"{name}o", f"{name}c")


def _key(field: AskedField) -> str:
    return literal(json.dumps(field.name) + ": ")


def _said(field: AskedField, texts: Sequence[str]) -> tuple[str, ...]:
    """The JSON values that the texts have for a field, each once."""
    if field.kind == "choice":
        return field.choices
    if field.kind == "url":
        found = [each.group() for text in texts for each in LOOSE_URL.finditer(text)]
        return tuple(dict.fromkeys(map(_json, found)))[:_MOST_URLS]
    both_ends = (value for text in texts for each in mentions_of(text) for value in each.values)
    return tuple(dict.fromkeys(_numbers(field, both_ends)))[:_MOST_NUMBERS]


def _numbers(field: AskedField, values: Iterable[float]) -> list[str]:
    """The JSON numbers that a field can hold, in order."""
    return [_json(held) for each in values if (held := field.held(each)) is not None]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _in_order(said: Sequence[str], name: str, opening: str = "", closing: str = "") -> list[str]:
    """Rules for a list of some of the sequences, in order, with what stands around each."""
    if not said:
        return [f'{name} ::= "[]"']
    rules = [f'{name} ::= "[]" | "[" {opening} {name}i0']
    for at, value in enumerate(said):
        later = f"{name}i{at + 1}" if at + 1 < len(said) else None
        more = f'("]" | ", " {opening} {later}) | {later}' if later else '"]"'
        rules.append(f"{name}i{at} ::= {value} {closing} {more}")
    return rules
