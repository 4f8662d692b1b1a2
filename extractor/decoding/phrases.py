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

from extractor.grounding.boundaries import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_WORD = re.compile(r"\w+(?:[.'’]\w+)*")
_BREAK = re.compile(r"[.!?;:,]\s")
_TOKEN_END = re.compile(r"(?:\S*\w)?")
_CLOSING = re.compile(r"[)\]%+*]+")
_LONGEST_JOINT = 8
_MOST_WORDS = 2_000
# No phrase begins or ends with one of them.
_SMALL_WORDS = frozenset(
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
class _Word:
    """A word; ``joint`` is the text between it and the next word that a phrase may go on to.

    ``closing`` are signs behind it that may belong to a phrase that ends here, as ")" does.
    """

    text: str
    joint: str | None
    closing: str
    begins: bool
    ends: bool


def literal(text: str) -> str:
    """A GBNF literal of ``text``."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def in_json(text: str) -> str:
    """``text`` as it stands within a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def label_grammar(sentence: str, labels: Iterable[str]) -> str | None:
    r"""Lines of a phrase of ``sentence`` and a label, as in ``"T cells: cell_types\n"``.

    The phrases follow each other in the sentence; an empty line ends the answer. None where no
    phrase is in the sentence.
    """

    def behind(following: str | None) -> str:
        more = f'({following} | "\\n")' if following else '"\\n"'
        return f'": " label "\\n" {more}'

    chain = _chain(_words(sentence), "", str, behind)
    if chain is None:
        return None
    first, rules = chain
    choices = " | ".join(map(literal, labels))
    return "\n".join([f'root ::= {first} | "\\n"', f"label ::= {choices}", *rules])


def phrase_rules(texts: Iterable[str]) -> list[str]:
    """The JSON rules ``phrase``, one phrase of any of the texts, and ``phrases``, a list of them.

    Where there is no word, only ``phrases`` is there, and empty.
    """

    def listed(following: str | None) -> str:
        return '"\\"]"' + (f' | "\\", \\"" {following}' if following else "")

    words = [word for text in texts for word in _words(text)]
    list_chain = _chain(words, "l", in_json, listed)
    chain = _chain(words, "s", in_json, lambda _: '"\\""')
    if list_chain is None or chain is None:
        return ['phrases ::= "[]"']
    return [
        f'phrases ::= "[]" | "[\\"" {list_chain[0]}',
        f'phrase ::= "\\"" {chain[0]}',
        *list_chain[1],
        *chain[1],
    ]


def _words(text: str) -> list[_Word]:
    """The words of a text whose white space is single blanks."""
    text = " ".join(text.split())
    found = [each.span() for each in _WORD.finditer(text)][:_MOST_WORDS]
    words: list[_Word] = []
    for at, (start, end) in enumerate(found):
        following = found[at + 1][0] if at + 1 < len(found) else len(text)
        joint = text[end:following]
        goes_on = at + 1 < len(found) and len(joint) < _LONGEST_JOINT and not _BREAK.search(joint)
        closing = _CLOSING.match(text, end, following)
        word = text[start:end]
        big = word.lower() not in _SMALL_WORDS
        words.append(
            _Word(
                word,
                joint if goes_on else None,
                closing.group() if closing else "",
                begins=big and any(map(str.isalpha, word)) and _is_start(text, start, end),
                ends=big,
            )
        )
    return words


def _is_start(text: str, start: int, end: int) -> bool:
    """Whether nothing longer is cut in two at ``start``; a phrase goes on as far as it may."""
    last = _TOKEN_END.match(text, end)
    return is_whole(text, start, last.end() if last else end)


def _chain(
    words: Sequence[_Word],
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
    for at in range(len(words) - 1, -1, -1):
        later[at] = f"{name}n{at}" if words[at].begins else later[at + 1]
    if later[0] is None:
        return None
    rules: list[str] = []
    for at, word in enumerate(words):
        following, end = later[at + 1], f"{name}e{at}"
        if word.begins:
            begun = f"{name}b{at}"
            rules.append(f"{begun} ::= {literal(escape(word.text))} {name}g{at}")
            rules.append(f"{later[at]} ::= {begun}" + (f" | {following}" if following else ""))
        ways = [end] if word.ends or word.joint is None else []
        if word.ends and word.closing:
            ways.append(f"{literal(escape(word.closing))} {end}")
        if word.joint is not None:
            on = literal(escape(word.joint + words[at + 1].text))
            ways.append(f"{on} {name}g{at + 1}")
        rules += [f"{name}g{at} ::= {' | '.join(ways)}", f"{end} ::= {behind(following)}"]
    return later[0], rules
