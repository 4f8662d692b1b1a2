"""A person's values, held to the rule for a model's: they have the schema's types, and rest on
words of the paper.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel, ValidationError

from extractor.decisions import is_within
from extractor.errors import UsageError, one_line
from extractor.grounding import (
    Evidence,
    NumberIn,
    UnitIn,
    Url,
    Verbatim,
    find,
    ground,
    numbers,
)
from extractor.grounding.field_types import outer_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo

    from extractor.grounding.field_types import OuterType
    from extractor.review.papers import ReadPaper
    from extractor.review.values import Value

Kind: TypeAlias = Literal["text", "number", "integer", "flag", "choice", "object", "json"]
Rests: TypeAlias = Literal["words", "url", "number", "unit"]

_TOKEN = re.compile(r"\S")
_TOGETHER = re.compile(r"(?:; \S+ goes with it)+\Z")
_SOURCES = ("title", "abstract")


@dataclass(frozen=True, slots=True)
class Place:
    """Words that a person selected: code points ``start`` to ``end`` of the title or abstract."""

    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FormField:
    """What a form asks for one field of a schema, or one key of its objects.

    ``rests`` is what of the paper the value rests on, ``quote`` the key whose words say it.
    """

    name: str
    kind: Kind
    many: bool = False
    required: bool = False
    rests: Rests | None = None
    quote: str | None = None
    choices: tuple[Any, ...] = ()
    description: str = ""
    keys: tuple[FormField, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON values."""
        row = {name: getattr(self, name) for name in self.__slots__}
        own = {"choices": list(self.choices), "keys": [key.to_dict() for key in self.keys]}
        return {**row, **own, "words_key": self.words_key.name if self.words_key else None}

    @property
    def words_key(self) -> FormField | None:
        """The key of an object for which words are selected first: the quote of its numbers."""
        quotes = {key.quote for key in self.keys if key.quote}
        words = [key for key in self.keys if key.kind == "text" and key.rests in ("words", "url")]
        return next((key for key in words if key.name in quotes), next(iter(words), None))


@dataclass(frozen=True, slots=True)
class Corrected:
    """A value that the paper supports, as a record has it; paths of evidence continue its own."""

    value: Any
    evidence: tuple[Mapping[str, Any], ...]


class Corrections:
    """What values a schema allows, and whether a paper supports them."""

    def __init__(self, schema: type[BaseModel]) -> None:
        self._schema = schema
        self.fields = {name: _form_field(name, info) for name, info in schema.model_fields.items()}

    def draft(self, field: str, words: str, old: Any = None) -> Any:
        """A value of a field that rests on words: for an object, with the numbers that they say."""
        form = self.fields[field]
        if form.kind == "object":
            return self._draft_object(form, words, old)
        if form.rests == "number":
            said = numbers(words)
            return said[0].value if said else words
        return words

    def _draft_object(self, form: FormField, words: str, old: Any) -> dict[str, Any]:
        draft: dict[str, Any] = {key.name: None for key in form.keys}
        if isinstance(old, dict):
            draft |= {name: value for name, value in old.items() if name in draft}
        quote = form.words_key
        if quote is None:
            return draft
        draft[quote.name] = words
        said = next(iter(numbers(words)), None)
        if said is None:
            return draft
        high = None if said.value_max == said.value else said.value_max
        low_key = next((k for k in form.keys if k.rests == "number"), None)
        for key in form.keys:
            if key.rests == "number":
                draft[key.name] = said.value if key is low_key else high
            elif key.rests == "unit" and said.unit is not None:
                draft[key.name] = said.unit
            elif key.name == "up_to" and key.kind == "flag":
                draft[key.name] = said.up_to
        return draft

    def has_words(self, paper: ReadPaper, value: Value) -> bool | None:
        """Whether the text has the words of a value where its evidence says; None for no words."""
        form = self.fields.get(value.field)
        if form is None:
            return None
        said = {f".{key.name}": key for key in form.keys} if form.keys else {"": form}
        checks = [
            _bare(words) == _bare(paper.said(each))
            for each in value.own_evidence
            if (key := said.get(each["path"])) and key.rests in ("words", "url")
            if isinstance(words := value.value.get(key.name) if form.keys else value.value, str)
        ]
        return all(checks) if checks else None

    def check(
        self, paper: ReadPaper, field: str, value: Any, places: Mapping[str, Place]
    ) -> Corrected:
        """The value as the record is to have it, with the words that it rests on.

        ``places`` are the selected words, by the key of the object, "" for the value itself.
        Raises UsageError with the reason where the value is not of the schema's type, or the
        paper does not support it.
        """
        form = self.fields.get(field)
        if form is None:
            raise UsageError(f"The schema has no field {field!r}.")
        known = {name: paper.record.get(name) for name in self.fields if name in paper.record}
        given = _validated(self._schema, {**known, field: [value] if form.many else value})
        dumped = {field: given.model_dump()[field]}
        grounded = ground(self._schema, dumped, title=paper.title, abstract=paper.abstract)
        if grounded.dropped:
            raise UsageError("; ".join(_why(each.path, each.reason) for each in grounded.dropped))
        path = f"{field}[0]" if form.many else field
        selected = {f"{path}.{key}" if key else path: place for key, place in places.items()}
        others = (each for each in grounded.evidence if each.path not in selected)
        words = [*places.values(), *(Place(each.source, each.start, each.end) for each in others)]
        title, abstract = (_only(source, words, paper) for source in _SOURCES)
        near = ground(self._schema, dumped, title=title, abstract=abstract)
        found = grounded if near.dropped else near
        kept = _validated(self._schema, {**known, **found.values}).model_dump(mode="json")[field]
        if form.many and not kept:
            raise UsageError("Nothing is left of the value.")
        evidence = [_at_selected(each, selected.get(each.path), paper) for each in found.evidence]
        evidence += _unannotated(found.evidence, selected)
        rests = tuple({**each.to_dict(), "path": each.path[len(path) :]} for each in evidence)
        return Corrected(kept[0] if form.many else kept, rests)


def _bare(words: str) -> str:
    return "".join(char for char in words.casefold() if char.isalnum())


def _why(path: str, reason: str) -> str:
    key = re.sub(r"^[^.\[\]]+(\[0\])?\.?", "", path)
    reason = _TOGETHER.sub("", reason)
    return f"{_named(key)}: {reason}" if key else reason


def _named(key: str) -> str:
    """A key as the form calls it."""
    return key.replace("_", " ")


def _at_selected(found: Evidence, place: Place | None, paper: ReadPaper) -> Evidence:
    """The evidence of a value at the words that were selected for it; elsewhere it is refused."""
    if place is None:
        return found
    if found.source == place.source and found.start < place.end and place.start < found.end:
        return found
    value, text = paper.said(found.to_dict()), _only(place.source, [place], paper)
    span = find(value, text) or find(value, text, url=True)
    if span is None:
        said = paper.said(asdict(place))
        raise UsageError(f"“{said}” is a part of a longer word or name there: select the whole.")
    return replace(found, source=place.source, start=span.start, end=span.end)


def _unannotated(found: Iterable[Evidence], selected: Mapping[str, Place]) -> Iterator[Evidence]:
    """Evidence of words that were selected for what the schema does not look for in the text."""
    for path, place in selected.items():
        if not any(is_within(each.path, path) for each in found):
            yield Evidence(path, place.source, place.start, place.end)


def _only(source: str, places: Iterable[Place], paper: ReadPaper) -> str:
    """The title or abstract with nothing but the selected words, at their places."""
    text = paper.title if source == "title" else paper.abstract
    kept = [False] * len(text)
    for place in places:
        if place.source == source:
            start, end = _whole_words(text, place.start, place.end)
            kept[start:end] = [True] * (end - start)
    return "".join(char if keep else " " for char, keep in zip(text, kept, strict=True))


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span, extended to blanks: what is next to a word may show that it is a part of one."""
    start, end = max(0, start), min(len(text), end)
    while start > 0 and _TOKEN.match(text, start - 1):
        start -= 1
    while end < len(text) and _TOKEN.match(text, end):
        end += 1
    return start, max(start, end)


def _validated(schema: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    try:
        return schema.model_validate(values, extra="ignore", by_name=True, by_alias=True)
    except ValidationError as error:
        said = (_said(each["loc"], each["msg"]) for each in error.errors(include_url=False))
        raise UsageError(one_line("; ".join(said))) from error


def _said(loc: tuple[int | str, ...], message: str) -> str:
    keys = [_named(key) for key in loc[1:] if isinstance(key, str)]
    return f"{'.'.join(keys)}: {message}" if keys else message


def _form_field(name: str, info: FieldInfo) -> FormField:
    many, outer = _single(outer_type(info.annotation, info.metadata))
    mark = next((each for each in outer.metadata if isinstance(each, tuple(_RESTS))), None)
    keys: tuple[FormField, ...] = ()
    kind = _kind(outer)
    if kind == "object":
        model = outer.parts[0]
        keys = tuple(_key(key, each) for key, each in model.model_fields.items())
    return FormField(
        name,
        kind,
        many=many,
        required=info.is_required(),
        rests=_RESTS[type(mark)] if mark is not None else None,
        quote=getattr(mark, "quote", None),
        choices=_choices(outer.parts[0]) if kind == "choice" else (),
        description=info.description or "",
        keys=keys,
    )


_RESTS: dict[type, Rests] = {Verbatim: "words", Url: "url", NumberIn: "number", UnitIn: "unit"}


def _key(name: str, info: FieldInfo) -> FormField:
    """A key of an object: a single plain value, or else JSON."""
    form = _form_field(name, info)
    if form.many or form.kind == "object":
        return FormField(name, "json", required=form.required, description=form.description)
    return form


def _single(outer: OuterType) -> tuple[bool, OuterType]:
    """Whether a field holds a list, and the type of one value of it; null is none."""
    many = False
    while outer.kind in ("union", "list"):
        parts = [part for part in outer.parts if part is not type(None)]
        if (outer.kind == "list" and many) or len(parts) != 1:
            break
        many = many or outer.kind == "list"
        outer = outer_type(parts[0], outer.metadata)
    return many, outer


def _kind(outer: OuterType) -> Kind:
    if outer.kind == "model":
        return "object"
    if outer.kind != "scalar":
        return "json"
    of = outer.parts[0]
    if get_origin(of) is Literal or (isinstance(of, type) and issubclass(of, Enum)):
        return "choice"
    kinds: dict[Any, Kind] = {str: "text", bool: "flag", int: "integer", float: "number"}
    return kinds.get(of, "text")


def _choices(of: Any) -> tuple[Any, ...]:
    return get_args(of) or tuple(each.value for each in of)
