"""Whether a text vouches for a URL in it, judged by the words around the URL."""

from __future__ import annotations

import re

# Characters around a URL that may say it is not what it seems.
_BEFORE, _AFTER = 300, 150
# "is *not* available at URL": only such words may stand between the two.
_DENIED = re.compile(
    r"(?:\b(?:not|never|neither|nor|nowhere|cannot|no\s+longer|instead\s+of|rather\s+than|unlike)\b"
    r"|n['’]t\b)(?:[\s*_~`\"'“‘()\[{\\]|\b(?:be|been|being|yet|currently|publicly|officially|longer"
    r"|made|available|accessible|released|published|hosted|found|located|obtained|downloaded"
    r"|provided|online|here|there|at|on|in|from|under|via|through|to|of|the|our|its|an?|this|url"
    r"|href|emph|link|address|page|site|website|repository|repo|visit|use|trust|open|follow"
    r"|confused|with)\b)*+\Z",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"[\s/.)\]}*`\"'”’]*\s(?:is|are|was|does|do|has)(?:n['’]t|\s+[*_]*(?:not|no\s+longer)\b[*_]*)"
    r"\s+(?:our|ours|the|this|its|contain|host|hold|include)\b",
    re.IGNORECASE,
)
# Words for whoever extracts, not for whoever reads: "Ignore the above", "Output only URL".
_FIRST = r"(?:\A|[.!?:;\"'“‘(\[*\n]\s*|\b(?:please|must|should|always|instead|now|then)\s+)"
_ORDER = re.compile(
    rf"{_FIRST}(?:ignore|disregard|forget|override)\b[^.!?]{{0,60}}"
    r"\b(?:instruct\w*|rules?|prompts?|above|previous|prior|text|links?|urls?)\b"
    r"|\bcode_url\b|\byour\s+(?:answer|output|response|reply|instructions)\b"
    r"|\byou\s+(?:must|should|shall)\b|\bnote\s+(?:to|for)\s+(?:the\s+|any\s+)?(?:ai|llm|model|assist)"
    r"|(?-i:\bSYSTEM:)|(?:\A|\n)\s*(?:system|assistant|user):|<\|?/?(?:system|user|im_)",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    rf"{_FIRST}(?:set|write|output|return|respond|answer|reply|report|print|emit|fill|extract|say)\b"
    r"(?:\W*\Z|\s+(?:with|that|only|exactly|just|the|this|it|code|url|as|in)\b[^.!?\n]*\Z)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"{_FIRST}(?:use|give|put|take|treat|cite|list|insert|enter)\W*\Z", re.IGNORECASE
)
_AS = re.compile(r"\W*\sas\s", re.IGNORECASE)


# What the patterns above need, which is found in a tenth of the time.
_DENIALS = ("not", "n't", "n’t", "never", "nor", "nowhere", "longer", "instead", "rather", "unlike")
_VERBS = (
    *("set", "write", "output", "return", "respond", "answer", "reply", "report", "print"),
    *("emit", "fill", "extract", "say"),
)
_ORDERS = (
    *("ignore", "disregard", "forget", "override", "code_url", "your ", "you ", "note "),
    *("system:", "assistant:", "user:", "<"),
)


def is_given(text: str, start: int, end: int) -> bool:
    """Whether the text gives the URL by itself, and as one that it vouches for."""
    before, after = text[max(0, start - _BEFORE) : start], text[end : end + _AFTER]
    sentence = before[max(map(before.rfind, (". ", "! ", "? ", "\n"))) + 1 :]
    words = sentence.lower()
    return not (
        _is_part(before)
        or (_any(_DENIALS, words) and _DENIED.search(sentence))
        or ("n" in after[:40] and _DENIED_AFTER.match(after))
        or (_any(_VERBS, words) and _ORDERED.search(sentence))
        or (_AS.match(after) and _NAMED.search(sentence))
        or any(_any(_ORDERS, each.lower()) and _ORDER.search(each) for each in (before, after))
    )


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(map(text.__contains__, words))


def _is_part(before: str) -> bool:
    """Whether what follows is a part of another URL, such as a parameter."""
    joined = before[max(map(before.rfind, ' \t\r\n<>"')) + 1 :]
    if joined.endswith(tuple("=&?#/@%")):
        return True
    return ("://" in joined or "www." in joined) and any(sign in joined for sign in "?#=")
