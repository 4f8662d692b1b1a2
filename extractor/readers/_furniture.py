"""What a page holds beside titles and abstracts: buttons, dates, counts, authors, venues."""

from __future__ import annotations

import re

_WORDS = frozenset(
    """
    about|abstract page|all|arxiv|arxiv page|back|best|bibtex|bookmark|browse|changelog|cite
    |clear|close|code|collections|comments|community|contact|contact us|contents|cookie policy
    |cookie settings|copy|daily papers|dark|data|datasets|demo|details|dismiss|docs
    |documentation|download|edit|enterprise|explore|export|export citation|fewer|filter|filters
    |follow|full text|github|google scholar|help|home|hot|html|imprint|jobs|latest|leaderboard
    |less|light|like|likes|links|listen|load more|log in|log out|login|media|menu|models|monthly
    |more|most cited|most recent|most upvoted|new|newest|news|newsletter|next|next page|no
    |older|oldest|open|open access|other|page|paper|papers|pdf|popular|posts|previous
    |previous page|pricing|print|privacy|privacy policy|privacy settings|profile|project
    |project page|publications|read|read more|recent|references|related papers|report|reset|rss
    |save|saved|search|see all|semantic scholar|settings|share|show all|show less|show more
    |sign in|sign out|sign up|similar papers|sitemap|skip to content|skip to main content|slides
    |solutions|sort|spaces|star|stars|subscribe|subscribed|subscription|supplementary
    |supplementary material|tags|terms|terms of service|terms of use|this week|today|top|topics
    |trending|trending papers|tweet|unsubscribe|upvote|upvotes|upvoted|video|view|view all
    |view html|view html (experimental)|view on arxiv|view on github|view paper|view pdf|views
    |website|weekly|x|yes|yesterday
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_END_TITLES_TOO = frozenset(
    """
    abstract|code|collections|comments|communities|community|data|dark|datasets|demo|details
    |documentation|edit|enterprise|explore|export|filter|filters|following|home|jobs|latest|light
    |links|media|menu|models|news|open|other|paper|papers|posts|pricing|privacy|profile|project
    |publications|recent|references|report|search|settings|solutions|spaces|stars|subscription
    |tags|terms|today|topics|trending|video|views
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_DATE = (
    rf"(?:{_WEEKDAY}(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}\.?\s+{_MONTH},?(?:\s+\d{{4}})?|{_MONTH}\s+\d{{4}}"
    r"|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ][\d:.]+Z?)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
    r"|(?:a|an|\d+)\s+(?:second|minute|hour|day|week|month|year)s?\s+ago)"
)
_COUNTED = (
    "authors?|citations?|comments?|days?|downloads?|figures?|hours?|likes?|min|minutes?|months?"
    "|organizations?|pages?|papers?|points?|posts?|replies|reply|results?|reads?|stars?|tables?"
    "|upvotes?|versions?|views?|votes?|weeks?|entries|items"
)
_CERTAIN = re.compile(
    rf"""
      [\W\d_kKmM]*                                             # 42, 1.2k, · 3
    | \W*{_DATE}\W*
    | \W*(?:[^.:]{{0,40}}\s)?(?:on|updated|published|submitted|posted|added|revised|released)
      \s*:?\s*{_DATE}\b.{{0,80}}
    | \W*(?:total\ of\ |showing\ .{{0,20}}of\ )?[\d.,]+\s*[kKmM]?\+?\s+(?:more\s+)?(?:{_COUNTED})\b
      (?:\W.{{0,60}})?
    | (?:upvote|like|star|share|comment|cite|save)s?\s+[\d.,]+[kKmM]?
    | (?:submitted|posted|uploaded|shared|curated|recommended|powered|hosted|picked|brought
        |paper|published)\s+(?:to\ you\s+)?by\b.*
    | \[?(?:pdf|html|ps|other|code|arxiv|abs|doi|bib|bibtex|slides|video|poster|project|openreview)
      (?:[\s,|\]\[/·]+(?:pdf|html|ps|other|code|arxiv|abs|doi|bib|bibtex|slides|video|poster
        |project|openreview|experimental|\(experimental\)))*\]?
    | (?:\[\d+\]\s*|\d+\.\s+)?arxiv:\s*\S+.{{0,80}}
    | (?:https?://|www\.|doi:?\s*10\.|10\.\d{{4,}}/)\S+
    | \S+@\S+\.\w+
    | (?:©|\(c\)|copyright\b).*
    | [^.]{{0,60}}\b(?:showing|total\ of)\b.{{0,80}}\b(?:entries|results)\b.{{0,80}}
    | (?:page\s+)?\d+\s*(?:of|/|-)\s*\d+
    | [\u25b3\u25bd\u2191\u2193\u2190\u2192].{{0,20}}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOTICE = re.compile(
    r"\bcookies?\b|\bsubscribe\b|\bnewsletter\b|\bprivacy policy\b|\barxivlabs?\b"
    r"|\ball rights reserved\b|\bterms of (?:use|service)\b|\bsign (?:up|in)\b|\byour inbox\b"
    r"|\bloading\b|\bjavascript\b|\bresearch community\b",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"(?:add|browse|click|discover|download|explore|find|follow|get|join|load|log|open|read|see"
    r"|search|share|show|sign|skip|submit|subscribe|try|vote|watch|view)(?:\s[a-z0-9'-]+){1,11}[.!]?",
)
_PLACE = re.compile(
    r"\b(?:universit(?:y|ies|[àäé]t?)|institute|department|laborator(?:y|ies)|college|academy"
    r"|research\s+(?:center|centre|group|lab)|inc\.|corporation|gmbh|proceedings|journal of"
    r"|transactions on|conference|workshop|best paper|spotlight|accepted (?:at|to|by))\b",
    re.IGNORECASE,
)
_VENUE = re.compile(r"[\w& -]{2,30}\s(?:'|\u2019)?(?:19|20)?\d\d(?:\s*[\w()]{0,12})?")
_PEOPLE_LENGTH = 5000
_SEPARATOR = re.compile(r"\s+[\u00b7\u2022|]\s+")
_PARTICLE = r"(?:van|von|de|del|della|der|den|di|da|dos|du|la|le|el|al|bin|ter|ten)"
_NAME = (
    r"[A-Z\u00c0-\u00de\u0100-\u017d][\w.'\u2019-]*"
    rf"(?:\s+(?:{_PARTICLE}\s+)*[A-Z\u00c0-\u00de\u0100-\u017d][\w.'\u2019-]*){{1,3}}"
    r"[\s\d*\u2020\u2021\u00a7]*(?:\([^)]{1,60}\))?"
)
_PEOPLE = re.compile(
    rf"(?:by\s+)?{_NAME}(?:\s*(?:,|;|\u00b7|&|,?\s+and\s)\s*{_NAME})+(?:,?\s+et\ al\.?)?"
    rf"|{_NAME}\s+et\s+al\.?"
)


def is_furniture(text: str) -> bool:
    """Say whether a short paragraph is a button, a date, a count, a link or a notice."""
    bare = text.strip(" \t[](){}|:\u00b7\u2022.,!<>\u203a\u00bb\u2026").lower()
    return bare in _WORDS or (len(text) < 200 and _CERTAIN.fullmatch(text) is not None)


def ends_no_title(text: str) -> bool:
    """Say whether a line is furniture even where the line above could go on with it."""
    return is_furniture(text) and text.strip(" .!?()").lower() not in _END_TITLES_TOO


def is_notice(text: str) -> bool:
    """Say whether a paragraph is about the page itself: cookies, newsletters, rights."""
    return _NOTICE.search(text) is not None


def is_people(text: str) -> bool:
    """Say whether a paragraph lists two authors or more."""
    return len(text) < _PEOPLE_LENGTH and _PEOPLE.fullmatch(text) is not None


def is_aside(text: str) -> bool:
    """Say whether a short paragraph is rather an invitation, a place or a venue than a title."""
    first, *others = _SEPARATOR.split(text)
    return bool(
        (others and (is_people(first) or any(map(is_furniture, others))))
        or _IMPERATIVE.fullmatch(text)
        or text.endswith("!")
        or text.lower().startswith("by")
        or is_notice(text)
        or is_people(text)
        or (len(text) < 80 and (_PLACE.search(text) or _VENUE.fullmatch(text)))
    )
