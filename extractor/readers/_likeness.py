"""What is like the title and the abstract of a paper, and what is any other text.

Text and Markdown are read without anything that names the fields, so that a manual or a novel would
become papers. An abstract is recognised by its words: it tells of a study and its results.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractor.paper import Paper

_LONGEST = 8000
_JUDGED = 3000
_SYMBOLS = re.compile(r"[{}()\[\]=;<>_/|*#@`+\"\\]")
_NO_PROSE = re.compile(r"\$[^$]{1,300}\$|https?://\S+")
_MOST_SYMBOLS = 0.05
"""The share of symbols that one abstract in a thousand has, and half of what is program code."""

_MARKED = re.compile(r"[*#/@>.=<{}|;:&+\\-]")
"""What neither a title nor an abstract begins with, but a list, a comment or a quotation."""

_WORD = re.compile(r"[a-z]+")
_ENGLISH = frozenset(("the", "of", "and", "to", "in", "is", "for", "that"))
_ENGLISH_SHARE = 0.1
_RESEARCH = re.compile(
    r"\b(?:we|our|stud(?:y|ies|ied)|papers?|propos\w+|demonstrat\w+|investigat\w+|results|findings"
    r"|experiment\w*|analy[sz]\w+|approach(?:es)?|models?|framework|research\w*|novel|evaluat\w+"
    r"|compar(?:ed|ison|ing)|significant\w*|literature|theor(?:y|etic\w*|ies|em\w*)|conclu\w+"
    r"|suggest\w*|examin\w+|explor\w+|hypothes\w+|evidence|patients|outperform\w*|survey\w*|datasets?"
    r"|state-of-the-art|reveal\w*|challeng\w+|empirical\w*|insights?|article|thesis|dissertation"
    r"|accuracy|efficacy|effectiveness|baselines?|benchmarks?|clinical\w*|cohorts?|proofs?"
    r"|prove[sdn]?|show[sn]? that|robust\w*|phenomen\w+|implications|perspectives?|species"
    r"|diseases?|treatments?|measurements?|simulat\w+|numerical\w*|equations?|effects?|economic\w*|cultur\w+"
    r"|performance)\b",
    re.IGNORECASE,
)
_FEWEST = 2
"""Such words that 98 of 100 abstracts in English have, and 2 of 100 paragraphs of manuals."""

_RESEARCH_ELSEWHERE = re.compile(
    r"stud[iy]|\xe9tud|estud|untersuch|ergebnis|resultat|r\xe9sultat|resultad|risultat|m[e\xe9]tod|m\xe9thod"
    r"|anal[iy][sz]|an\xe1lis|model|forschung|recherch|ricerca|investig|pesquis|artikel|art[i\xed]culo"
    r"|artigo|articolo|arbeit|\u0438\u0441\u0441\u043b\u0435\u0434|\u0434\u043e\u0441\u043b\u0456\u0434|\u0440\u0435\u0437\u0443\u043b\u044c\u0442\u0430\u0442|\u043c\u0435\u0442\u043e\u0434|\u0430\u043d\u0430\u043b\u0438\u0437|\u043c\u043e\u0434\u0435\u043b"
    r"|\u672c\u6587|\u7814\u7a76|\u65b9\u6cd5|\u7ed3\u679c|\u7d50\u679c|\u5b9e\u9a8c|\u5be6\u9a57|\u5b9f\u9a13|\u63d0\u51fa|\u63d0\u6848|\u624b\u6cd5|\u5206\u6790|\u6a21\u578b|\u8bba\u6587|\u8ad6\u6587|\u691c\u8a0e"
    r"|\uc5f0\uad6c|\ub17c\ubb38|\uacb0\uacfc|\uc81c\uc548|\ubaa8\ub378",
    re.IGNORECASE,
)

_OTHER_KIND = re.compile(
    r"\b(?:we are (?:looking for|hiring)|(?:successful|ideal) candidates?|invites? applications"
    r"|apply (?:now|online|by)|job description|this release|changelog|release notes"
    r"|we (?:have )?(?:fixed|removed|deprecated|renamed|released) (?:the|an?|some|several)\b)",
    re.IGNORECASE,
)
"""What advertisements of posts and lists of changes say, and abstracts do not."""

_VERSION = re.compile(r"(?:version |release |v\.? ?)?\d+\.\d+\S*(?: .{0,20})?", re.IGNORECASE)

_NUMBER = r"(?:(?:\d{1,2}|[IVX]{1,4})[.)]?\s+)"
_SECTION = re.compile(
    rf"\W*{_NUMBER}?(?:about|acknowledge?ments?|agenda|api|background|bibliography|changelog|citation"
    r"|conclusions?|contents|contributing|contributors|credits|dependencies|description|discussion"
    r"|documentation|evaluation|examples?|experiments?|faq|features|funding|getting started|install"
    r"|installation|introduction|licen[sc]e|methods?|methodology|motivation|name|news|notes|options|overview"
    r"|prerequisites|quick ?start|references|related works?|requirements|results|see also|setup"
    r"|support|synopsis|table of contents|testing|to-?do|training|usage)\W*",
    re.IGNORECASE,
)
_OF_FULL_TEXT = re.compile(
    rf"\W*{_NUMBER}?(introduction|related works?|literature review|references|bibliography"
    r"|acknowledge?ments?)\W*",
    re.IGNORECASE,
)
_NUMBERED_INTRODUCTION = re.compile(rf"\W*{_NUMBER}introduction\W*", re.IGNORECASE)


def is_like_paper(paper: Paper) -> bool:
    """Say whether the title names no section and the abstract is prose about a study."""
    title = paper.title
    if _MARKED.match(title) or _SECTION.fullmatch(title) or _VERSION.fullmatch(title):
        return False
    return is_like_abstract(paper.abstract)


def is_like_abstract(text: str) -> bool:
    """Say whether a text is prose about a study: in English, or in a few other languages."""
    prose = _NO_PROSE.sub("", text[:_JUDGED])
    if _MARKED.match(text) or len(text) > _LONGEST or _OTHER_KIND.search(text[:_JUDGED]):
        return False
    if len(_SYMBOLS.findall(prose)) > _MOST_SYMBOLS * len(prose):
        return False
    words = _WORD.findall(prose.lower())
    if len([word for word in words if word in _ENGLISH]) > _ENGLISH_SHARE * len(words):
        return _has_research_words(prose)
    return bool(_RESEARCH.search(prose) or _RESEARCH_ELSEWHERE.search(prose))


def _has_research_words(prose: str) -> bool:
    found: set[str] = set()
    for match in _RESEARCH.finditer(prose):
        found.add(match[0].lower())
        if len(found) == _FEWEST:
            return True
    return False


def has_sections_of_a_paper(lines: Iterable[str]) -> bool:
    """Say whether some lines are headings of a paper's full text."""
    short = [line for line in lines if len(line) < 60]
    found = {match[1].lower()[:6] for line in short if (match := _OF_FULL_TEXT.fullmatch(line))}
    return any(map(_NUMBERED_INTRODUCTION.fullmatch, short)) or (
        "introd" in found and len(found) > 1
    )
