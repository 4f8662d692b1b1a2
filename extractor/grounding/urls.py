"""URLs: where a text has one, when two are the same, and finding one whole in a text."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from extractor.grounding.hidden import visible
from extractor.grounding.url_context import is_given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractor.grounding.text import SourceText

# Three patterns, which differ on purpose. URL is strict about the beginning and takes all that
# follows: words inside it count for no name.
URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]+")
# LOOSE_URL also takes known hosts without a scheme and ends before punctuation: the classifier
# decides about each, and was trained on exactly these.
LOOSE_URL = re.compile(
    r"(?:https?\s?:\s?//|www\.|(?<![\w/.@])(?:github|gitlab|bitbucket|huggingface|sites\.google"
    r"|anonymous\.4open|codeocean|zenodo)\.(?:com|io|org|co|science)/)"
    r"[^\s<>\"”}\])]*[^\s<>\"”}\]).,;:'*]"
    r"|(?<![\w/.@])[\w-]{1,63}+\.github\.io(?:/[\w./#~-]*[\w/])?"
)
# _ENDS is what may follow a URL that is looked for: a character that no URL has, or punctuation
# and then such a character.
# Typographic dashes, an ellipsis and accented letters are nothing of either kind.
_ENDS = re.compile(
    r"(?![\u00b7\u00c0-\u024f\u0300-\u036f\u20d0-\u20ff\u2010-\u2013\u2026\u2212\u2800])(?:\.git\b)?/?(?:[.,;:!?'\"”’)\]}>`*$|~]|\\(?![a-z])|_(?![\w]))*"
    r"(?:[^\x21-\x7e]|[<>{}]|\\[a-z]|(?<=[;|])https?:|\Z)"
)
URL_END_SIGNS = "/.,;:!?'’”)]}`*$"
"""Signs at the end of a ``URL`` that belong to the sentence around it."""

_SCHEME = re.compile(r"(?:[a-z]+://)?(?:www\.)?", re.IGNORECASE)
_END_SIGNS = " \t\r\n.,;:!?'\"“”„‘’‚«»‹›「」『』<>()[]{}`*"
# Quotes and the punctuation of scripts without spaces, which no URL holds.
_NEVER_IN = re.compile("[“”„‘’‚«»‹›「」『』【】《》〈〉（），。；：、！？]")
_CODES = re.compile(r"(?:%[0-9A-F]{2}|&#?\w{2,20};?|\\u[0-9A-F]{4})+", re.IGNORECASE)
_BACKSLASH_CODE = re.compile(r"\\u([0-9A-F]{4})", re.IGNORECASE)
# Letters and signs that look like nothing.
_UNSEEN = re.compile("[\u2800\u115f\u1160\u3164\uffa0]")
_SQUEEZED_OUT = re.compile(r"[\s\\]+")
_LEFT = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]{0,11})\s?:\s?/\s?/\s?)?(?:www\.\s?)?\Z", re.IGNORECASE
)
_HTTP = re.compile(r"https?\Z", re.IGNORECASE)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?\Z")
# A carriage return by itself ends no line.
_GOES_ON = re.compile(r"/[ \t\r\n]+[\w.-]+/[\w-]|[\r\n][ \t\r\n]*/\w|/?\r(?!\n)[a-z0-9_./?#&=-]")
_SIGNS = "/.:-_?=&#~"
_LONGEST = 2_000  # characters of a URL that is looked for; browsers know no longer ones
_MOST_PLACES = 2_000


class Span(NamedTuple):
    """``text[start:end]``, in code points of the original text."""

    start: int
    end: int


def canonical_url(url: str) -> str:
    """``url`` without what may differ: scheme, ``www.``, end slash, ``.git``, the host's case."""
    bare = _SCHEME.sub("", _stripped(_SQUEEZED_OUT.sub("", url)), count=1)
    bare = bare.rstrip("/").removesuffix(".git").rstrip("/")
    host, slash, path = bare.partition("/")
    return host.lower() + slash + path


def _stripped(url: str) -> str:
    """The URL without the signs around it; the end of a pair of parentheses in it is its own."""
    bare = url.strip(_END_SIGNS)
    closes = url.lstrip(_END_SIGNS).startswith(f"{bare})") and bare.count("(") > bare.count(")")
    return f"{bare})" if closes else bare


def scored_url(url: str) -> str:
    """``url`` as gold compares it: unlike :func:`canonical_url`, paths have no case either."""
    address = re.sub(r"^[a-z]+://", "", url.strip().lower())
    return address.removeprefix("www.").rstrip("/.,;)").removesuffix(".git").rstrip("/")


def find_url(url: str, sources: Sequence[SourceText]) -> tuple[int, Span] | None:
    """Which of ``sources`` gives ``url``, and where, its scheme included; or None.

    It is on the web, names no user, is no part of another URL, and the text neither denies it nor
    orders whoever extracts to give it.
    """
    core = _core(url) if len(url) <= _LONGEST else ""
    host = re.split(r"[/?#]", core, maxsplit=1)[0].replace("$", "")  # LaTeX: "github$.$com"
    if not core[:1].isalnum() or not _HOST.match(host):
        return None
    for index, source in enumerate(sources):
        if found := _find_core(core, source.visible):
            return index, found
    # Over line breaks ("github.com/\\nfoo") and LaTeX escapes ("flash\\_x").
    parts: list[str] = []
    for char, following in zip(core, core[1:] + " ", strict=True):
        said = (r"\\?" if char in "_#%&~" else "") + re.escape(char)
        hyphen = "" if following == "-" else "-?"
        # Possessive, so that what may stand between is read in one way only.
        parts.append(
            rf"\s{{0,3}}+{said}\s{{0,3}}+" if char in _SIGNS else rf"{said}(?:{hyphen}\n)?+"
        )
    broken = re.compile("".join(parts))
    for index, source in enumerate(sources):
        for each in broken.finditer(source.visible):
            if found := _whole(source.visible, *each.span()):
                return index, found
    return None


def _core(url: str) -> str:
    """The canonical URL without what is around it; "" where it hides something."""
    ends = [found for found in _CODES.finditer(url) if _is_hidden(found.group())]
    ends = [each for each in ends if each.group() != "%20" or each.end() == len(url)]
    if ends and not url[ends[-1].end() :].strip(_END_SIGNS):
        url = url[: ends.pop().start()]
    core = canonical_url(_NEVER_IN.split(_stripped(url), maxsplit=1)[0])
    return (
        "" if ends or not _decoded(core).isprintable() or _UNSEEN.search(_decoded(core)) else core
    )


def _is_hidden(codes: str) -> bool:
    return not visible(_decoded(f"{codes};")).strip(" ;")


def _decoded(codes: str) -> str:
    """The characters that a URL's percent codes, entities and escapes stand for."""
    if not any(map(codes.__contains__, "%&\\")):
        return codes
    escaped = _BACKSLASH_CODE.sub(lambda code: chr(int(code[1], 16)), codes)
    return unquote(unescape(escaped))


def _find_core(core: str, text: str) -> Span | None:
    host, slash, path = core.partition("/")
    start = text.find(core)
    if start < 0 and slash and slash + path in text:  # the host in another case ("GitHub.com/...")
        paths = re.finditer(f"(?={re.escape(slash + path)})", text)
        hosts = (found.start() - len(host) for found in paths if found.start() >= len(host))
        start = next((at for at in hosts if text[at : at + len(host)].lower() == host), -1)
    for _ in range(_MOST_PLACES):
        if start < 0:
            break
        if found := _whole(text, start, start + len(core)):
            return found
        start = text.find(core, start + 1)
    return None


def _whole(text: str, start: int, end: int) -> Span | None:
    """The span with its scheme and end, or None where it is part of another URL."""
    first, scheme = start, ""
    if left := _LEFT.search(text, max(0, start - 20), start):
        first, scheme = left.start(), left["scheme"] or ""
        http = _HTTP.search(scheme)
        if scheme and not http:
            return None
        first += http.start() if http else 0  # "athttps://": words run together
    if first and not scheme and (text[first - 1].isalnum() or text[first - 1] in "/.-_@"):
        return None
    stop = end
    if (codes := _CODES.match(text, end)) and _is_hidden(codes.group()):
        stop = codes.end()
    if not _ends_at(text, first, stop) or not is_given(text, first, stop):
        return None
    if text.startswith(".git", end):
        end += len(".git")
    return Span(first, end + text.startswith("/", end))


def _ends_at(text: str, first: int, stop: int) -> bool:
    if text.startswith("_", stop) and text[first - 1 : first] != "_":
        return False
    return bool(_ENDS.match(text, stop)) and not _GOES_ON.match(text, stop)
