"""Grammars whose strings are phrases of a text: words that stand there in a row.

Each word has a rule for going on behind it, and each word that may begin a phrase one for that, so
that a grammar's size is linear in the text's. A phrase begins behind the end of the one before: a
list of phrases ends by itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractor.grounding.boundaries import begins_whole, ends_whole
from extractor.grounding.text import SourceText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_WORD = re.compile(r"\w+(?:[.'’]\w+)*")
_BREAK = re.compile(r"[.!?;:,]\s")
_TOKEN_END = re.compile(r"(?:\S{0,64}\w)?")
_CLOSING = re.compile(r"[)\]%+*]++(?![\w/-])")
_LONGEST_JOINT = 8
_LONGEST_TOKEN = 64
_MOST_WORDS = 2_000
# No phrase begins or ends with one of them.
SMALL_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the and or but nor of in on at by for to from with without within into onto over"
        " under between among through during as than then that this these those which who whose"
        " what where when while we our us they their them it its he she his her is are was were"
        " be been being has have had do does did can could may might will would shall should"
        " must not no yet so such both either each every all any some more most less very also"
        " however moreover furthermore thus therefore hence here there if because since although"
        " though via per",
    )
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word; ``joint`` is the text between it and the next word that a phrase may go on to.

    ``endings`` are the signs with which a phrase may end behind it, as ")" and none.
    """

    text: str
    joint: str | None
    begins: bool
    endings: tuple[str, ...]


def literal(text: str) -> str:
    """A GBNF literal of ``text``."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def in_json(text: str) -> str:
    """``text`` as it stands within a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def words_of(texts: Iterable[str]) -> list[Word]:
    """The words of texts, of each the first 2,000."""
    return [word for text in texts for word in _words(text)]


def phrase_rules(words: Sequence[Word], name: str) -> list[str]:
    """The JSON rule ``name``, one phrase; none where there is no word."""
    chain = _chain(words, f"{name}s", in_json, lambda _: '"\\""')
    return [f'{name} ::= "\\"" {chain[0]}', *chain[1]] if chain else []


def list_rules(words: Sequence[Word], name: str, opening: str = "", closing: str = "") -> list[str]:
    """The JSON rule ``name``, a list of phrases, each behind the end of the one before.

    ``opening`` and ``closing`` are what stands before and behind each phrase, as sequences of the
    grammar: then it is a list of objects.
    """
    begin, end = _sequence(opening, '"\\""'), _sequence('"\\""', closing)

    def listed(following: str | None) -> str:
        return f'{end} "]"' if following is None else f'{end} ("]" | ", " {begin} {following})'

    chain = _chain(words, f"{name}l", in_json, listed)
    if chain is None:
        return [f'{name} ::= "[]"']
    return [f'{name} ::= "[]" | "[" {begin} {chain[0]}', *chain[1]]


def _sequence(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _words(text: str) -> list[Word]:
    """The words of a text whose white space is single blanks."""
    source = SourceText(" ".join(text.split()))
    text = source.visible
    found = [each.span() for each in _WORD.finditer(text)][:_MOST_WORDS]
    words: list[Word] = []
    for at, (start, end) in enumerate(found):
        following = found[at + 1][0] if at + 1 < len(found) else len(text)
        joint = text[end:following]
        goes_on = at + 1 < len(found) and len(joint) < _LONGEST_JOINT and not _BREAK.search(joint)
        word = text[start:end]
        big = word.lower() not in SMALL_WORDS
        words.append(
            Word(
                word,
                joint if goes_on else None,
                begins=big and any(map(str.isalpha, word)) and _is_start(source, start, end),
                endings=tuple(_endings(text, start, end)) if big else (),
            )
        )
    return words


def _is_start(source: SourceText, start: int, end: int) -> bool:
    """Whether nothing longer is cut in two at ``start``; a phrase goes on as far as it may."""
    last = _TOKEN_END.match(source.visible, end)
    is_whole = begins_whole(source.visible, start, last.end() if last else end)
    return is_whole and not source.has_url_around(start)


def _endings(text: str, start: int, end: int) -> Iterator[str]:
    """The signs behind a word, or none, with which nothing longer is cut in two."""
    first = text.rfind(" ", max(0, start - _LONGEST_TOKEN), start) + 1
    while not text[first].isalnum() and first < start:
        first += 1
    if text[first].isdecimal():  # no phrase is a number alone
        first = max(0, first - _LONGEST_TOKEN)
    closing = _CLOSING.match(text, end)
    for sign in ("", closing.group()) if closing else ("",):
        if ends_whole(text, first, end + len(sign)):
            yield sign


def _chain(
    words: Sequence[Word],
    name: str,
    escape: Callable[[str], str],
    behind: Callable[[str | None], str],
) -> tuple[str, list[str]] | None:
    """The rule for a phrase that begins at any word, and all rules that it needs.

    ``behind`` gives what comes behind a phrase, from the rule for a phrase that begins later (None
    at the end of the text). Rules are called ``name`` and a letter: b begins at a word, g goes on
    behind it, e ends there, n begins at it or later.
    """
    later: list[str | None] = [None] * (len(words) + 1)
    goes_on = [False] * (len(words) + 1)  # whether an end is ahead
    for at in range(len(words) - 1, -1, -1):
        word = words[at]
        goes_on[at] = bool(word.endings) or (word.joint is not None and goes_on[at + 1])
        later[at] = f"{name}n{at}" if word.begins and goes_on[at] else later[at + 1]
    if later[0] is None:
        return None
    rules: list[str] = []
    for at, word in enumerate(words):
        if not goes_on[at]:
            continue
        following, end = later[at + 1], f"{name}e{at}"
        if word.begins:
            begun = f"{name}b{at}"
            rules.append(f"{begun} ::= {literal(escape(word.text))} {name}g{at}")
            rules.append(f"{later[at]} ::= {begun}" + (f" | {following}" if following else ""))
        ways = [f"{literal(escape(sign))} {end}" if sign else end for sign in word.endings]
        if word.joint is not None and goes_on[at + 1]:
            on = literal(escape(word.joint + words[at + 1].text))
            ways.append(f"{on} {name}g{at + 1}")
        rules.append(f"{name}g{at} ::= {' | '.join(ways)}")
        if word.endings:
            rules.append(f"{end} ::= {behind(following)}")
    return later[0], rules
