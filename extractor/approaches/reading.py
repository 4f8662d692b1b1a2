"""The answer to a schema in what a model wrote.

Answers are paid for, so the reading is lenient about the JSON around the values: prose, a fence, a
wrapper, a second encoding, lost commas and brackets. It never changes or invents a value.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from extractor.llm.lenient_json import Found, read_objects
from extractor.record import SchemaT

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

_ARGUMENTS = ("arguments", "parameters", "input")
_CALL = re.compile(rf'"({"|".join(_ARGUMENTS)})"\s*:')
_NAME = re.compile(r'"([^"\\]{1,100})"\s*:')
_BETWEEN_WORDS = re.compile(r"[-_ .]+")
_DEEPEST = 4
_NOTHING = {"", "null", "none", "n/a", "na", "nil", "-", "not mentioned", "not specified"}


class AnswerReader(Generic[SchemaT]):
    """Reads answers to one schema, which may be calls of a tool."""

    def __init__(self, schema: type[SchemaT], names: Iterable[str]) -> None:
        """``names`` are those of the schema, by which a model may call it."""
        self._call = _CALL if "name" in schema.model_fields else None
        self._schema = schema
        self._names = {name.casefold() for name in names}
        self._keys = {*schema.model_fields, *schema.model_json_schema().get("properties", ())}
        self._spelled = {_squeezed(key): key for key in self._keys}

    def is_tool(self, name: str) -> bool:
        """Whether a name is that of the schema's tool, as in "functions.Paper" or "Paper:0"."""
        return not self._names.isdisjoint(re.split(r"[.:/]", name.casefold()))

    def may_be_elsewhere(self, text: str) -> bool:
        """Whether fields that an answer seems to lack may be in it all the same: in a call, which
        fits a schema with the field "name" as well, or spelled otherwise, as "methodName"."""
        names = set(_NAME.findall(text)) - self._keys
        misspelled = not self._spelled.keys().isdisjoint(map(_squeezed, names))
        return misspelled or bool(self._call and self._call.search(text))

    def read(self, text: str) -> SchemaT | None:
        """The fields in an answer, or None if there is none in it.

        Raises ValidationError if its values do not fit the schema.
        """
        values = self._answer(text)
        if values is None:
            return None
        try:
            return self._schema.model_validate_json(to_json(values))
        except ValidationError as error:
            said = error.errors(include_url=False, include_input=False, include_context=False)
            lists = {item["loc"][0] for item in said if item["type"] == "list_type"}
            with suppress(ValidationError):
                return self._schema.model_validate_json(to_json(_plainer(values, lists)))
            raise

    def _answer(self, text: str, depth: int = 0) -> Mapping[str, Any] | None:
        """The object with the most fields of the schema; the last one, since a model that thinks
        aloud, or quotes the paper, does so before its answer. Objects with different fields are
        one answer in parts."""
        found = [*read_objects(text)]
        if len(found) == 1 and found[0].value == {}:
            return {}
        answers = self._answers(found, depth)
        if not answers:  # the opening brace may be missing
            guessed = (Found(each.value, mended=True) for each in read_objects("{" + text))
            answers = self._answers(guessed, depth)
        return _joined(answers) or max(reversed(answers), key=self._count, default=None)

    def _answers(self, found: Iterable[Found], depth: int) -> list[Mapping[str, Any]]:
        answers = (self._inside(each, depth) for each in found)
        return [answer for answer in answers if answer is not None]

    def _inside(self, found: Found, depth: int) -> Mapping[str, Any] | None:
        """What answers the schema in a value: it, the arguments of a call, or its only such part.

        Where brackets were guessed, a field may be in the wrong place unless all are there.
        """
        value, mended = found
        if depth > _DEEPEST:
            return None
        if isinstance(value, dict):
            name = value.get("name")
            key = next((key for key in _ARGUMENTS if key in value and key not in self._keys), None)
            if isinstance(name, str) and key is not None:
                return self._part(value[key], depth, mended) if self.is_tool(name) else None
            value = self._spelled_right(value)
            if count := self._count(value):
                whole = count >= len(self._schema.model_fields)
                return value if whole or not mended else None
        parts = value.values() if isinstance(value, dict) else value
        answers = [self._part(part, depth, mended) for part in parts]
        only = [answer for answer in answers if answer is not None]
        return _joined(only)

    def _part(self, value: Any, depth: int, mended: bool) -> Mapping[str, Any] | None:
        if isinstance(value, str):
            return self._answer(value, depth + 1) if "{" in value else None
        if isinstance(value, (dict, list)):
            return self._inside(Found(value, mended), depth + 1)
        return None

    def _spelled_right(self, value: dict[str, Any]) -> dict[str, Any]:
        """With the schema's names for fields that are spelled otherwise and are not there twice."""
        names = {key: self._spelled.get(_squeezed(key), key) for key in value.keys() - self._keys}
        return {name: value[key] for key, name in names.items()} | {
            key: each for key, each in value.items() if key not in names
        }

    def _count(self, value: Mapping[str, Any]) -> int:
        return len(self._keys & value.keys())


def _squeezed(name: str) -> str:
    return _BETWEEN_WORDS.sub("", name).casefold()


def _joined(parts: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The parts as one; None if there are none, or two of them have a name in common."""
    joined: dict[str, Any] = {}
    for part in parts:
        if joined.keys() & part.keys():
            return None
        joined |= part
    return joined or None


def _plainer(values: Mapping[str, Any], lists: Container[int | str]) -> dict[str, Any]:
    """Without fields that say that there is nothing, with encoded ones decoded, and with a list
    where one value stands for it; ``lists`` are the fields that are none and should be."""
    plain: dict[str, Any] = {}
    for key, value in values.items():
        if value is None or (isinstance(value, str) and value.strip().casefold() in _NOTHING):
            continue
        value = _decoded(value)
        plain[key] = value if key not in lists or isinstance(value, list) else [value]
    return plain


def _decoded(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return from_json(value)
        except ValueError:
            return value
    return value
