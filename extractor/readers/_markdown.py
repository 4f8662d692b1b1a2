"""The marks of Markdown: headings, items, links and emphasis, and what id an address gives."""

from __future__ import annotations

import re
from typing import NamedTuple

from extractor.readers._formulas import with_powers
from extractor.readers._markup import without_entities

# Every part is bounded, so that no line of brackets costs more than it is long.
_LINKED = r"\[(?P<text>(?:[^\[\]]|\[[^\[\]]{0,200}\]){1,1000})\]"
_TARGET = r"\((?P<to>(?:[^()\s]|\([^()\s]{0,200}\)){0,1000})(?:\s+\"[^\"]{0,200}\")?\)"
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)", re.DOTALL)
ITEM = re.compile(
    rf"\s{{0,8}}(?:[-*+]|\d{{1,4}}[.)])\s+(?P<title>\*\*.+?\*\*|__.+?__|{_LINKED}{_TARGET})(?P<rest>.*)",
    re.DOTALL,
)
_BOLD_LINE = re.compile(r"(?P<title>\*\*[^*]{20,300}\*\*)(?P<rest>)(?P<to>)\s*")
_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_PARTS = re.compile(r"(?=<details\b)|<br\s*/?>", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s()<>\[\]\"|]{1,1000}")
_FIELD_HEADING = re.compile(
    r"\W*(?:abstract|annotations?|authors?|code|date|details|info(?:rmation)?|keywords?|links?"
    r"|metadata|notes?|pdf|summary|tags|tl;?dr|url|venue|\u4f5c\u8005|\u94fe\u63a5|\u5173\u952e\u8bcd|\u7b14\u8bb0)\W*",
    re.IGNORECASE,
)
_LINKS = frozenset(("link", "links", "url", "pdf", "arxiv", "paper", "doi", "\u94fe\u63a5"))
_MARK = re.compile(r"[\[<*_`$\\&~]")
# What ends in a blank is rather the text between two opening quotation marks of LaTeX.
_CODE = (
    r"(?<!`)``(?![`\s])[^`]{1,1000}(?:`[^`]{1,1000}){0,9}(?<!\s)``(?!`)"
    r"|(?<!`)`(?![`\s])[^`]{1,1000}(?<!\s)`(?!`)"
)
_VERBATIM = re.compile(rf"(\$[^$]{{1,1000}}\$|{_CODE})")
_IMAGE = re.compile(
    r"!\[[^\]]{0,1000}\]\([^)]{0,1000}\)|<!--.{0,1000}?-->|</?[a-zA-Z][^<>]{0,200}>"
)
_BARE_LINK = re.compile(r"<(https?://[^>\s]{1,1000})>")
_NAMED_LINK = re.compile(_LINKED + _TARGET)
_EMPHASIS = re.compile(r"(?<![\w\\*])(\*{1,3}|_{1,3})(?=\S)(.{1,300}?)(?<=\S)\1(?![\w*])")
_STRUCK = re.compile(r"(?<!~)~~(?=[^\s~])(.{1,300}?)(?<=[^\s~])~~(?!~)")
_ESCAPED = re.compile(r"\\([*_`\[\]()#+.!|>~-])")
_NUMBER = re.compile(r"(?:\[\d{1,4}\]|\(\d{1,4}\)|\d{1,4}[.)])\s+(?=\S)")
_LABEL = re.compile(
    r"\s{0,8}(?:>\s{0,3})?(?P<item>[-*+]\s+)?(?P<bold>\*\*|__|)(?P<name>[^\W\d_][\w;/&' -]{0,30}?)"
    r"(?:\s*[:\uff1a](?P=bold)|(?P=bold)\s*[:\uff1a])(?!//)\s*(?P<text>.*)",
    re.DOTALL,
)
_ID_IN_ADDRESS = re.compile(
    r"https?://(?:\w+\.)*(?:"
    r"(?:arxiv|alphaxiv)\.org/(?:abs|pdf|html)/(?P<arxiv>[\w.-]+?(?:/\d{7})?)(?:v\d+)?(?:\.pdf)?"
    r"|huggingface\.co/papers/(?P<hub>\d{4}\.\d{4,5})"
    r"|doi\.org/(?P<doi>10\.\S+)"
    r"|openreview\.net/\w+\?id=(?P<openreview>[\w-]+)\S*"
    r"|aclanthology\.org/(?P<acl>[\w.-]+?)/?(?:\.pdf)?"
    r")[/#?]?"
)


class Title(NamedTuple):
    """A title as plain text, and the id that its link gives."""

    text: str
    id: str


class Heading(NamedTuple):
    """A heading's text, and its level: the number of its marks."""

    level: int
    text: str


class Label(NamedTuple):
    """The name of a field, in lower case, its text, and whether marks set the name off."""

    name: str
    text: str
    is_marked: bool


def title_of(marked: str) -> Title:
    """Return what a heading or an item says: without its number, and the id of its link."""
    text = _NUMBER.sub("", plain(marked, with_links=False).strip(), count=1)
    link = _NAMED_LINK.search(marked)
    return Title(text, id_of_address(link["to"]) if link else "")


def id_of_address(address: str) -> str:
    """Return the number or name of a paper in its address, else the address itself."""
    if found := _ID_IN_ADDRESS.fullmatch(address):
        return str(found[found.lastgroup or 0])
    return address if address.startswith(("http://", "https://")) else ""


def id_of_link(field: str, text: str) -> str:
    """Return the id that the address in a field gives if the field is one of links."""
    found = _ADDRESS.search(text) if field.lower() in _LINKS else None
    return id_of_address(found[0].rstrip(".,;")) if found else ""


def item_of(line: str) -> re.Match[str] | None:
    """Return the parts of a list item that begins with a title, or of a line that is bold."""
    return ITEM.match(line) or _BOLD_LINE.fullmatch(line)


def is_field_heading(text: str) -> bool:
    """Say whether a heading names a field of the paper above."""
    return _FIELD_HEADING.fullmatch(text) is not None


def parts_of(line: str) -> list[str]:
    """Split a line where it is broken, and before ``<details>`` behind a title."""
    return _PARTS.split(line) if "<br" in line or "<details" in line[1:] else [line]


def heading_of(line: str) -> Heading | None:
    """Return the heading that the line is."""
    found = _HEADING.fullmatch(line)
    return Heading(len(found[1]), found[2].rstrip().rstrip("#").rstrip()) if found else None


def label_of(line: str) -> Label | None:
    """Split ``**Name:** text`` or ``Name: text``; None for a line without a label."""
    found = _LABEL.fullmatch(line)
    if found is None:
        return None
    is_marked = bool(found["bold"] or found["item"])
    return Label(found["name"].strip().lower(), found["text"] or "", is_marked)


def plain(text: str, *, with_links: bool = True) -> str:
    """Return Markdown as plain text; formulas, what is code and addresses of links stay."""

    def link(found: re.Match[str]) -> str:
        text, address = found["text"], found["to"]
        named = with_links and address.startswith("http") and address != text
        return f"{text} ({address})" if named else text

    if not _MARK.search(text):
        return text
    parts = _VERBATIM.split(text)
    for at, part in enumerate(parts):
        if at % 2:
            parts[at] = part.strip("`") if part[0] == "`" else part
            continue
        if "<" in part or "![" in part:
            part = _BREAK.sub(" ", with_powers(part))
            part = _IMAGE.sub("", _BARE_LINK.sub(r"\1", part))
        if "](" in part:
            part = _NAMED_LINK.sub(link, part)
        parts[at] = _without_emphasis(part)
    return "".join(parts)


def _without_emphasis(text: str) -> str:
    """Return text without marks of emphasis, backslashes in front of marks and entities."""
    if "*" in text or "_" in text:
        text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    if "~~" in text:
        text = _STRUCK.sub(r"\1", text)
    return without_entities(_ESCAPED.sub(r"\1", text) if "\\" in text else text)
