"""What a provider says went wrong, read from an error body of any shape.

Providers put their words into an object, a list (Gemini), ``detail`` (FastAPI, vLLM), ``errors``
(Cloudflare), an object within an object, or plain text.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from extractor.errors import one_line
from extractor.llm.limits import parse_duration
from extractor.llm.reply_json import read_damaged_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LONGEST_READ = 2000
_MOST_OBJECTS = 100
# The keys of words, the most telling first: some servers put a mere name under the later ones.
_WORDS = (
    "message",
    "msg",
    "Message",
    "detail",
    "error_description",
    "error",
    "errors",
    "title",
    "status_msg",
    "blockReasonMessage",
    "blockReason",
)
_CODES = ("code", "type", "status", "reason", "quotaId")
_FILTERED = "blockReason"
_STATUSES = ("code", "status", "status_code", "statusCode")
_WAITS = ("retryDelay", "retry_after", "retryAfter")
# What an error may be nested in. Other keys may hold the request that some servers repeat.
_INSIDE = (
    *_WORDS,
    "details",
    "innererror",
    "metadata",
    "violations",
    "choices",
    "base_resp",
    "promptFeedback",
)

_EVENT = b"data: "

_HTML_TITLE = re.compile(r"<title[^<>]{0,100}>([^<]{1,300})", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{1,300}>")
_UNIT = r"(?:m(?:illi)?s(?:ec[a-z]*)?|s(?:ec[a-z]*)?|m(?:in[a-z]*)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)"
_AMOUNT = rf"\d+(?:\.\d+)?\s?{_UNIT}(?![a-z])"
_WAIT = re.compile(rf"\b(?:retry|again|wait)\b\D{{0,30}}?((?:{_AMOUNT}[ ,]{{0,2}})+)", re.I)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s?(m(?:illi)?s|[smhd])", re.I)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a provider says went wrong.

    ``words`` are one line for people, empty if it says nothing. ``codes`` are its names for the
    kind of error, ``param`` is the field of the request that it objects to, ``status`` the HTTP
    status that the body names, and ``wait`` the seconds after which to ask again.
    """

    words: str = ""
    codes: tuple[str, ...] = ()
    param: str = ""
    status: int | None = None
    wait: float | None = None


def read_complaint(content: bytes | None) -> Complaint:
    """Read an error body."""
    content = (content or b"").removeprefix(_EVENT)
    try:
        body = read_damaged_json(content)
    except ValueError:
        return Complaint(_line(_plain(content)))
    if isinstance(body, str):
        return Complaint(_line(body))
    _unpack(body)
    objects = list(_objects(body))
    words = _line(_said(objects))
    return Complaint(
        words=words,
        codes=tuple(_line(text) for text in _codes(objects)),
        param=_line(next(_params(objects), "")),
        status=next((int(n) for n in _numbers(objects, _STATUSES) if 400 <= n < 600), None),
        wait=_wait(objects, words),
    )


def _unpack(body: Any) -> None:
    """Read messages that are themselves the JSON of an error, as gateways pass them on."""
    for each in _objects(body):
        for key in _WORDS:
            text = each.get(key)
            if isinstance(text, str) and text.lstrip().startswith("{"):
                with suppress(ValueError):
                    each[key] = read_damaged_json(text.encode())


def _line(text: str) -> str:
    return one_line(text[:_LONGEST_READ]).rstrip(".")


def _plain(content: bytes) -> str:
    """The words of a body that is not JSON: a web page's title, or the text without tags."""
    text = content[:_LONGEST_READ].decode(errors="replace")
    title = _HTML_TITLE.search(text)
    return title[1] if title else _TAG.sub(" ", text)


def _objects(body: Any) -> Iterator[dict[str, Any]]:
    """The objects of a body, the outer ones first."""
    waiting = [body]
    for value in waiting:
        if isinstance(value, list):
            waiting += value[:_MOST_OBJECTS]
        elif isinstance(value, dict):
            yield value
            waiting += [value[key] for key in _INSIDE if isinstance(value.get(key), (dict, list))]


def _said(objects: Iterable[Mapping[str, Any]]) -> str:
    """The outermost words, with what a gateway quotes of the provider behind it."""
    words = ""
    for each in objects:
        words = words or next(_texts([each], _WORDS), "")
        if isinstance(place := each.get("loc"), list) and words == each.get("msg"):
            words = f"{'.'.join(map(str, place))}: {words}"
        if raw := next(_texts([each], ("raw",)), ""):
            return f"{words}: {raw}"
    return words


def _texts(objects: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> Iterator[str]:
    for each in objects:
        for key in keys:
            value = each.get(key)
            if isinstance(value, list) and value:
                value = value[0]
            if isinstance(value, str) and value.strip():
                yield value


def _codes(objects: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield from _texts(objects, _CODES)
    if any(each.get(_FILTERED) for each in objects):
        yield "content_filter"


def _numbers(objects: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> Iterator[float]:
    for each in objects:
        for key in keys:
            value = each.get(key)
            if isinstance(value, str) and value.isdecimal():
                value = int(value[:9])
            if isinstance(value, (int, float)):
                yield value


def _params(objects: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Fields of the request: OpenAI's ``param``, or the end of FastAPI's ``loc``."""
    for each in objects:
        if isinstance(each.get("param"), str):
            yield each["param"]
        elif isinstance(each.get("loc"), list) and each["loc"]:
            yield str(each["loc"][-1])


def _wait(objects: Iterable[Mapping[str, Any]], words: str) -> float | None:
    """Seconds to wait: of a field (Gemini's RetryInfo), else of words ("try again in 1m2.5s")."""
    for number in _numbers(objects, _WAITS):
        return float(number)
    fields = (text for text in _texts(objects, _WAITS) if parse_duration(text))
    if (text := next(fields, None)) is not None:
        return parse_duration(text)
    found = _WAIT.search(words)
    if found is None:
        return None
    parts = ((number, unit.lower().replace("illi", "")) for number, unit in _PART.findall(found[1]))
    return parse_duration("".join(number + unit for number, unit in parts)) or None
