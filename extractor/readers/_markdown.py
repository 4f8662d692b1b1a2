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
_PLAIN_ITEM = re.compile(r"(?:[-*+]|\d{1,4}[.)])\s+[^\W_]")
_WORD = re.compile(r"[^\W_]")
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
_NAME_OF_LINK = (
    r"(?:abs|abstract|arxiv(?:[:\s]{1,2}[\d.]{9,10}(?:v\d+)?)?|back|bibtex|blog|code|data|datasets?|demo"
    r"|doi|full\ text|github|hf|home\s?page|html|hugging\s?face|links?|models?|openreview|page"
    r"|papers?|pdf|poster|preprint|project|ps|publication|slides|source|supp(?:lement(?:ary)?)?|talk|url|video"
    r"|weights|web\s?(?:page|site)|\u8bba\u6587|\u4ee3\u7801|\u94fe\u63a5|\u9879\u76ee|\u6570\u636e)"
)
_NAMES_OF_LINKS = rf"{_NAME_OF_LINK}(?:[\s/|&+,-]{{1,3}}{_NAME_OF_LINK}){{0,3}}"
_LINK_NAME = re.compile(rf"\W{{0,8}}{_NAMES_OF_LINKS}\W{{0,8}}", re.IGNORECASE)
_BADGE = re.compile(
    r"(?P<linked>\[)?!\[(?P<name>[^\]]{0,1000})\]\([^)]{0,1000}\)"
    r"(?(linked)\]\((?P<to>[^)\s]{0,1000})\))"
)
_GONE = "\0"
"""Stands where the name of a link was in a title."""

_WHERE_GONE = re.compile(
    rf"[\s,|/\u00b7\u2022;:\u2013\u2014-]{{0,8}}[\[(\uff08]?(?:[\s,|/\u00b7\u2022;&+-]{{0,8}}{_GONE})+"
    r"(?:[\s,|/\u00b7\u2022;]{0,8}[\])\uff09])?"
)
_NAMES_BEHIND = re.compile(
    rf"(?<=[^\s,|])(?:[\s,|/\u00b7\u2022-]{{0,8}}\[{_NAMES_OF_LINKS}\](?:\[\d{{1,4}}\])?)+[\s,|]*\Z",
    re.IGNORECASE,
)
EMOJI = r"(?:[\u2600-\u27bf\u2b50-\u2b55\U0001f000-\U0001faff\ufe0f\u200d]{1,8}\s{0,3})"
_EMOJI_BEHIND = re.compile(rf"(?<=\S)\s{{1,3}}{EMOJI}{{1,4}}\Z")
_WITH_VENUE = re.compile(
    rf"{EMOJI}{{0,4}}(?P<title>\*\*[^*]{{1,500}}\*\*|{_LINKED}{_TARGET})\s{{0,8}}"
    r"(?:[\[(|\u2013\u2014-]\W{0,8}[A-Za-z][\w&.-]{0,30}(?: [\w&.-]{1,30}){0,3}?"
    r"[ '\u2019]{0,2}(?:19|20)?\d\d[\W_]{0,8}?)?(?:`[^`]{1,40}`\W{0,3}?){0,9}\W{0,8}"
)
"""A title in bold or with a link, and the venue or the names in code behind it."""

_MARK = re.compile(r"[\[<*_`$\\&~]")
# What ends in a blank is rather the text between two opening quotation marks of LaTeX.
_CODE = (
    r"``(?<!```)(?![`\s])[^`]{1,1000}(?:`[^`]{1,1000}){0,9}(?<!\s)``(?!`)"
    r"|`(?<!``)(?![`\s])[^`]{1,1000}(?<!\s)`(?!`)"
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
_LABEL_OF_TITLE = (
    r"(?:(?:title|\u6807\u9898|\u9898\u76ee|\u8bba\u6587\u6807\u9898|paper(?:\s?#?\d{1,4})?)"
    r"\s?[:\uff1a]\s{0,8}(?=\S))"
)
_BEFORE_TITLE = re.compile(
    rf"{EMOJI}{{0,4}}(?:{_NUMBER.pattern})?{EMOJI}{{0,4}}{_LABEL_OF_TITLE}?", re.IGNORECASE
)
_TITLE_LABELLED = re.compile(rf"\W{{0,8}}(?:\d{{1,4}}\W{{1,4}})?{_LABEL_OF_TITLE}", re.IGNORECASE)
_LABEL = re.compile(
    rf"\s{{0,8}}(?:>\s{{0,3}})?(?P<item>[-*+]\s+)?{EMOJI}?"
    r"(?P<bold>\*{1,3}|_{1,2}|)(?P<name>[^\W\d_][\w;/&' -]{0,30}?)"
    r"(?:\s*[:\uff1a](?P=bold)|(?P=bold)\s*[:\uff1a])(?!//)\s*(?P<text>.*)",
    re.DOTALL,
)
_LONGEST_NAME = 100
"""Characters within which a line has a colon if it begins with the name of a field."""

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
    """Return what a heading or an item says, and the id that its links give.

    Its number, emoji and a label such as ``Title:`` before it are no part of it, nor are badges
    and links behind it that are called *PDF* or *Code*.
    """
    bare, links, named = _without_link_names(marked)
    if found := _WITH_VENUE.fullmatch(bare):
        bare = found["title"]
    text = _BEFORE_TITLE.sub("", plain(bare, with_links=False).strip(), count=1)
    text = _NAMES_BEHIND.sub("", text) if text.endswith("]") else text
    text = text if text.isascii() else _EMOJI_BEHIND.sub("", text)
    if not text:
        text, links = plain(marked, with_links=False).strip(), [*named.values()]
    return Title(text, (id_of_address(links[0]) if links else "") or _id_of_named(named))


def title_of_item(item: re.Match[str]) -> Title:
    """Return the title of a list item, with the id that a link behind it gives if it has none."""
    title = title_of(item["title"])
    return Title(title.text, title.id or id_of_names(item["rest"]))


def id_of_names(marked: str) -> str:
    """Return the id that a link gives which is called *PDF* or *Paper*."""
    return _id_of_named(_without_link_names(marked)[2]) if "](" in marked else ""


def _without_link_names(marked: str) -> tuple[str, list[str], dict[str, str]]:
    """Take badges and links that only name what they lead to out of a title.

    The addresses of the other links are returned too, and those of the former by name.
    """
    links: list[str] = []
    named: dict[str, str] = {}

    def badge(found: re.Match[str]) -> str:
        named.setdefault(found["name"].lower(), found["to"] or "")
        return _GONE

    def link(found: re.Match[str]) -> str:
        if not _LINK_NAME.fullmatch(found["text"]):
            links.append(found["to"])
            return found[0]
        named.setdefault(found["text"].strip("[]()*_ ").lower(), found["to"])
        return _GONE

    if "](" not in marked:
        return marked, links, named
    text = _NAMED_LINK.sub(link, _BADGE.sub(badge, marked) if "![" in marked else marked)
    if _GONE not in text:
        return text, links, named
    text = _WHERE_GONE.sub(_GONE, text)
    return re.sub(rf"{_GONE}(?=\w)", " ", text).replace(_GONE, ""), links, named


def _id_of_named(named: dict[str, str]) -> str:
    """Return the id that one of the links gives, else the address of one that is the paper."""
    known = filter(_ID_IN_ADDRESS.fullmatch, named.values())
    papers = (address for name, address in named.items() if name in _LINKS)
    return id_of_address(next(known, "") or next(papers, ""))


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
    found = ITEM.match(line)
    if found is None:
        return _BOLD_LINE.fullmatch(line)
    return None if _LINK_NAME.fullmatch(found["text"] or found["title"]) else found


def is_field_heading(text: str) -> bool:
    """Say whether a heading names a field of the paper above."""
    return _FIELD_HEADING.fullmatch(text) is not None


def is_plain_item(line: str) -> bool:
    """Say whether a line is an item of the outermost list that begins with plain text."""
    return _PLAIN_ITEM.match(line) is not None


def has_only_links(line: str) -> bool:
    """Say whether a line holds nothing but links that are called *PDF* or *Code*."""
    return "](" in line and not _WORD.search(_without_link_names(line)[0])


def is_title_heading(text: str) -> bool:
    """Say whether a heading begins with ``Title:``."""
    return _TITLE_LABELLED.match(text) is not None


def parts_of(line: str) -> list[str]:
    """Split a line where it is broken, and before ``<details>`` behind a title."""
    return _PARTS.split(line) if "<br" in line or "<details" in line[1:] else [line]


def heading_of(line: str) -> Heading | None:
    """Return the heading that the line is."""
    found = _HEADING.fullmatch(line) if line.startswith("#") else None
    return Heading(len(found[1]), found[2].rstrip().rstrip("#").rstrip()) if found else None


def label_of(line: str) -> Label | None:
    """Split ``**Name:** text`` or ``Name: text``; None for a line without a label."""
    beginning = line[:_LONGEST_NAME]
    has_colon = ":" in beginning or "\uff1a" in beginning
    found = _LABEL.fullmatch(line) if has_colon else None
    if found is None:
        return None
    is_marked = bool(found["bold"] or found["item"])
    return Label(found["name"].strip().lower(), found["text"] or "", is_marked)


def plain(text: str, *, with_links: bool = True) -> str:
    """Return Markdown as plain text; formulas, what is code and addresses of links stay."""
    if not _MARK.search(text):
        return text

    def link(found: re.Match[str]) -> str:
        text, address = found["text"], found["to"]
        named = with_links and address.startswith("http") and address != text
        return f"{text} ({address})" if named else text

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
        text, found = _EMPHASIS.subn(r"\2", text)
        text = _EMPHASIS.sub(r"\2", text) if found else text
    if "~~" in text:
        text = _STRUCK.sub(r"\1", text)
    return without_entities(_ESCAPED.sub(r"\1", text) if "\\" in text else text)
