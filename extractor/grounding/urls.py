"""Finding a URL in a text: the whole URL, never a shorter or a longer one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractor.grounding.text import SourceText

_SCHEME = re.compile(r"(?:[a-z]+://)?(?:www\.)?", re.IGNORECASE)
_END_SIGNS = " \t\r\n.,;:!?'\"“”‘’<>()[]{}`*"
_SQUEEZED_OUT = re.compile(r"[\s\\]+")
# What a URL may end before: anything that is no character of a URL, or punctuation and then that.
_ENDS = re.compile(r"(?:\.git\b)?/?(?:[.,;:!?'\"”’)\]}>`*$|]|\\)*(?:[^\x21-\x7e]|[<>{}]|\Z)")
_LEFT = re.compile(r"(?:[a-z]{2,6}\s?:\s?/\s?/\s?)?(?:www\.\s?)?\Z", re.IGNORECASE)
_PATH_GOES_ON = re.compile(r"/[ \t\r\n]+[\w.-]+/[\w-]")
_SIGNS = "/.:-_?=&#~"


def canonical(url: str) -> str:
    """``url`` without what may differ: scheme, ``www.``, end slash, ``.git``, the host's case."""
    bare = _SQUEEZED_OUT.sub("", url).strip(_END_SIGNS)
    bare = bare[_match_end(bare) :].rstrip("/").removesuffix(".git").rstrip("/")
    host, slash, path = bare.partition("/")
    return host.lower() + slash + path


def _match_end(bare: str) -> int:
    scheme = _SCHEME.match(bare)
    return scheme.end() if scheme else 0


def find_url(url: str, sources: Sequence[SourceText]) -> tuple[int, int, int] | None:
    """Which of ``sources`` gives ``url``, and where, its scheme included; or None."""
    core = canonical(url)
    if "." not in core or not core[0].isalnum():
        return None
    for look in (_find_in, _find_broken):
        for index, source in enumerate(sources):
            found = look(core, source.original)
            if found:
                return index, *found
    return None


def _find_in(core: str, text: str) -> tuple[int, int] | None:
    host_length = core.find("/") if "/" in core else len(core)
    start = text.find(core)
    if start < 0:
        start = _find_host_folded(core, host_length, text)
    while start >= 0:
        found = _whole(text, start, start + len(core))
        if found:
            return found
        start = text.find(core, start + 1)
    return None


def _find_host_folded(core: str, host_length: int, text: str) -> int:
    """Where ``core`` stands with its host in another case ("GitHub.com/...")."""
    host, path = core[:host_length], core[host_length:]
    place = text.find(path) if path else -1
    while place >= 0:
        if place >= host_length and text[place - host_length : place].lower() == host:
            return place - host_length
        place = text.find(path, place + 1)
    return -1


def _whole(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span with its scheme and end, or None where it is part of another URL."""
    left = _LEFT.search(text, max(0, start - 20), start)
    first = left.start() if left else start
    has_scheme = "/" in text[first:start]
    if first and not has_scheme and (text[first - 1].isalnum() or text[first - 1] in "/.-_@"):
        return None
    if not _ENDS.match(text, end) or _PATH_GOES_ON.match(text, end):
        return None
    if text.startswith(".git", end):
        end += len(".git")
    return first, end + text.startswith("/", end)


def _find_broken(core: str, text: str) -> tuple[int, int] | None:
    """The same over line breaks ("github.com/\\nfoo") and LaTeX escapes ("flash\\_x")."""
    pattern = _broken_pattern(core)
    for found in pattern.finditer(text):
        whole = _whole(text, found.start(), found.end())
        if whole:
            return whole
    return None


def _broken_pattern(core: str) -> re.Pattern[str]:
    parts: list[str] = []
    for char in core:
        escape = r"\\?" if char in "_#%&~" else ""
        if char in _SIGNS:
            parts.append(rf"(?:\s{{0,3}}{escape}{re.escape(char)}\s{{0,3}})")
        else:
            parts.append(escape + re.escape(char) + r"(?:-?\n)?")
    return re.compile("".join(parts))
