"""Whether a text vouches for a URL in it, judged by the words around the URL."""

from __future__ import annotations

import re

# Characters around a URL that may say it is not what it seems.
_BEFORE, _AFTER = 300, 150
# "is *not* available at URL": only such words may stand between the two.
_MARKUP = r"[\s*_~`\"'“”‘’()\[\]{}\\,]|</?\w{1,10}\b[^<>]{0,40}>|<\w{1,10}\s[\w-]{1,10}="
_DENIED = re.compile(
    r"(?:(?<![^\W_])(?:not|never|neither|nor|nowhere|nothing|none|no|cannot|without|instead\s+of"
    r"|rather\s+than|other\s+than|unlike|avoid|beware|(?:used|unrelated|different)\s+(?:to|from)"
    r"|(?:removed|deleted|withdrawn|retracted|missing|absent|gone|taken\s+down|moved(?:\s+away)?)"
    rf"(?:{_MARKUP})*\s(?:at|from))(?![^\W_])|n['’]t\b|\bisnt\b)"
    rf"(?:{_MARKUP}|\b(?:is|are|was|were|be|been|being|has|have|yet|anymore|currently|publicly"
    r"|officially|public|official|open|longer|made|available|accessible|released|published|hosted"
    r"|found|located|obtained|downloaded|provided|code|codes|source|implementation|data|models?"
    r"|weights|scripts?|it|any|online|here|there|at|on|in|from|under|via|through|to|of|or|and|the"
    r"|our|its|an?|this|such|url|href|emph|textbf|textit|link|address|page|site|website|repository"
    r"|repo|visit|use|trust|open|follow|confused|with)\b)*+\Z",
    re.IGNORECASE,
)
# The like in other words, with any words of the same clause up to "at URL".
_REFUSED = re.compile(
    r"\b(?:(?:un|not\s+)able\s+to|fail(?:ed|s)?\s+to|refus(?:e|ed|es)\s+to|declin(?:e|ed)\s+to"
    r"|decided\s+(?:against|not\s+to)|deny|denies|denied|it\s+is\s+(?:false|untrue|not\s+(?:true|the\s+case))"
    r"|hardly\s+any|nobody|no\s+one|far\s+from|unavailable|inaccessible|except|(?:anywhere|everywhere)\s+but"
    r"|do(?:es)?\s+not\s+(?:live|reside|exist|confuse|visit|trust|use)|not,[^,]{1,40},)"
    r"(?![^\W_])(?:\s+(?:that|to|release[ds]?|releasing|publish\w*|shar(?:e|ing)|find|confuse|provid\w+|make|available|is|are|being"
    r"|the|our|any|its|code|source|implementation|data|with|public(?:ly)?))*\s+(?:near|at|from|on|in|under|via|with|here)?[\s(:]*\Z"
    r"|\bnowhere\s+near\s+\Z",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"(?!\S*[.]\s+(?-i:[A-Z]))[\s/.,)\]}*`\"'”’]*[\s(](?:which\s+|that\s+)?(?:"
    rf"(?:is|are|was|does|do|did|has|have)(?:n['’]t|(?:{_MARKUP})+(?:not|no\s+longer)(?![^\W_]))"
    rf"(?:{_MARKUP})+(?:our|ours|the|this|its|it|where|have|contain|host|hold|include|exist|work"
    r"|belong|available(?!\s+for)|accessible|online|valid|public(?:ly)?)\b"
    r"|no\s+longer\s+(?!requir|need|depend|us(?:e|ing)\b)|never\s+(?:was|had|held|contained|hosted|existed)\b"
    r"|(?:is|are|was|were|(?:has|have)\s+(?:since\s+|now\s+)?been)"
    r"\s+(?:since\s+|now\s+|permanently\s+)?(?:an?\s+)?(?:removed|deleted|withdrawn|retracted|taken\s+down"
    r"|shut\s+down|wrong|fake|unrelated|dead|gone|offline|broken|empty)\b)",
    re.IGNORECASE,
)
# Words for whoever extracts, not for whoever reads: "Ignore the above", "Output only URL".
_FIRST = (
    r"(?:\A\s*|[.!?:;\"'“‘(\[*\n]\s*|\b(?:please|kindly|must|should|always|instead|now|then"
    r"|(?:sure|remember)\s+to)\s+)"
)
_MACHINE = (
    r"(?:(?:ai|ais|v?llms?|models?|assistants?|agents?|bots?|chatbots?|crawlers?|parsers?|extractors?"
    r"|reviewers?|annotators?|machines?|chatgpt|copilot|claude|gemini)\b|gpt-?\d?)"
)
_ORDER = re.compile(
    rf"{_FIRST}(?:ignore|disregard|forget|override)\b[^.!?]{{0,60}}"
    r"\b(?:instruct\w*|rules?|prompts?|above|previous|prior|text|links?|urls?)\b"
    r"|\bcode_url\b|\byour\s+(?:answer|output|response|reply|instructions)\b"
    r"|\byou\s+(?:must|should|shall)\b"
    r"|\bnote\s+(?:to|for)\s+(?:the\s+|any\s+)?(?:ai|llm|model|assist|automat|machine|bot|pars)"
    r"|\byou\s+are\s+an?\s+(?:\w+\s+){0,3}(?:system|model|assistant|extractor|agent|bot)\b"
    rf"|{_FIRST}(?:forget|ignore|disregard)\s+(?:what|all|everything)\b"
    r"|\b(?:human|user):[^.!]{0,80}\bassistant:"
    r"|\b(?:dear|hello|hi|hey|attention[,:]|attention\s+all|if\s+you\s+are(?:\s+an?)?)\s+"
    rf"(?:\w+\s+){{0,2}}{_MACHINE}"
    rf"|{_FIRST}(?:attention|(?:message|instructions?|hint|notice|reminder)\s+(?:to|for))\s+"
    rf"(?:\w+\s+)?{_MACHINE}[^.,:]{{0,30}}[,:]"
    r"|\[/?INST\]|#\s?(?:system|instructions?)\b|(?-i:\bSYSTEM:)"
    r"|(?:\A|\n)\s*(?:system|assistant|user):|<\|?/?(?:system|user|im_)",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    rf"{_FIRST}(?:set|write|output|return|respond|answer|reply|report|print|emit|fill|extract|say)\b"
    r"(?:\W*\Z|\s+(?:with|that|only|exactly|just|the|this|it|code|url|as|in)\b[^.!?]*\Z)",
    re.IGNORECASE,
)
_TOLD = re.compile(
    rf"\b{_MACHINE}[^.!?,;]{{0,60}}\b(?:should|must|shall|(?:asked|instructed|told|required)\s+to)\s+"
    r"(?:list|cite|say|state|name|mention|treat|record|report|output|return|print|respond|answer"
    r"|reply|fill|extract)\b[^.!?,;]{0,80}\Z",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"{_FIRST}(?:use|give|put|take|treat|cite|list|insert|enter|output|return|print|respond\s+with)\W*\Z",
    re.IGNORECASE,
)
_AS = re.compile(r"\W*\s(?:as\s|when\s+asked\b)", re.IGNORECASE)


_PARAMETER = re.compile(r"[?&#;][\w.-]{1,40}\s?=[\s\"'“‘«(\[<]*\Z")

# "formerly at URL and has been taken down", "at URL? No."
_GONE = re.compile(
    r"[\s,]*(?:and|but)\s+(?:is|was|has|have)\s+(?:since\s+|now\s+)?(?:been\s+)?"
    r"(?:gone|removed|deleted|withdrawn|taken\s+down|offline|dead)\b|\?\s+No\b",
    re.IGNORECASE,
)
# Another scheme directly before: "view-source:URL", "data:text/html,URL".
_SCHEME = re.compile(
    r"(?:\A|[^\w-])(?:view-source|data|blob|javascript|vbscript|jar|feed|filesystem|intent|about|mailto):(?:[\w/+.-]*[,;]|[\w/(])*'?\Z",
    re.IGNORECASE,
)

# What the patterns above need, which is found in a tenth of the time.
_DENIALS = (
    *("no", "n't", "n’t", "isnt", "never", "neither", "without", "instead", "er than", "unlike"),
    *("avoid", "beware", "used", "unrelated", "different", "removed", "deleted", "withdrawn"),
    *("retracted", "missing", "absent", "gone", "taken", "moved"),
)
_VERBS = (
    *("set", "write", "output", "return", "respond", "answer", "reply", "report", "print"),
    *("emit", "fill", "extract", "say", "list", "cite", "state ", "name", "mention", "treat"),
    *("record",),
)
_ORDERS = (
    *("ignore", "disregard", "forget", "override", "code_url", "your", "you ", "note ", "dear "),
    *("hello ", "hi ", "hey ", "attention", "message", "instruction", "hint ", "notice"),
    *("reminder", "inst]", "#", "system:", "assistant:", "user:", "<"),
)


# An order that is quoted within a sentence about such orders.
_QUOTED = re.compile(r"(?<=[a-z]\s)['‘“\"][^'’”\"\n]{1,100}['’”\"](?=[\s.,;)])")


def is_given(text: str, start: int, end: int) -> bool:
    """Whether the text gives the URL by itself, and as one that it vouches for."""
    before, after = text[max(0, start - _BEFORE) : start], text[end : end + _AFTER]
    sentence = before[max(map(before.rfind, (". ", "! ", "? ", "\n\n"))) + 1 :]
    words = sentence.lower()
    return not (
        _is_part(before)
        or (_any(_DENIALS, words) and _DENIED.search(sentence))
        or _REFUSED.search(sentence)
        or _DENIED_AFTER.match(after)
        or _GONE.match(after)
        or (_any(_VERBS, words) and (_ORDERED.search(sentence) or _TOLD.search(sentence)))
        or (_AS.match(after) and _NAMED.search(sentence))
        or any(
            _any(_ORDERS, each.lower()) and _ORDER.search(_QUOTED.sub("", each))
            for each in (before, after)
        )
    )


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(map(text.__contains__, words))


def _is_part(before: str) -> bool:
    """Whether what follows is a part of another URL, such as a parameter."""
    if _PARAMETER.search(before):
        return True
    joined = before[max(map(before.rfind, ' \t\r\n<>"')) + 1 :]
    if joined.endswith(tuple("&?#/@%")) or (joined.endswith("=") and not joined[:-1].isalpha()):
        return True
    if _SCHEME.search(joined):
        return True
    return ("://" in joined or "www." in joined) and any(sign in joined for sign in "?#=")
