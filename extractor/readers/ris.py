"""RIS and PubMed's own tagged text (``.nbib``): one tag a line."""

from __future__ import annotations

import re

from extractor.readers._metadata import initials_first
from extractor.readers._tagged import Entry, TaggedReader, Tags
from extractor.readers.base import NO, SURE, decode_head

_VALUE = r" {0,2}-(?: +(.*))?"
_RIS = re.compile(rf"\s{{0,8}}([A-Z][A-Z0-9](?=  -)|PMID){_VALUE}", re.DOTALL)
_LONG_TAGS = "PMID|PMCR|ISSN|ISBN|STAT|CRDT|PHST|DCOM|MHDA"
_MEDLINE = re.compile(rf"(?=.{{4}}-|(?:{_LONG_TAGS}) )([A-Z][A-Z0-9]{{1,3}}){_VALUE}", re.DOTALL)

_FIRST = re.compile(
    rb"^[ \t]*(?:TY {1,2}-[ \t]*\S.*|PMID {0,2}- ?\d+[ \t\r]*"
    rb"|(?:TY|ty)(?:[ \t]|\xc2\xa0){1,5}(?:-|\xe2\x80[\x90-\x95])(?:[ \t]|\xc2\xa0)*"
    rb"\w{3,12}[ \t\r]*)$",
    re.MULTILINE,
)
_FIRST_RIS = re.compile(rb"^[ \t]*TY  - ", re.MULTILINE)
# Some write "TY - JOUR"; elsewhere the hyphen of a wrapped line such as "AIM - to ask" is none.
_FIRST_UNLIKE_RIS = re.compile(r"^[ \t]*(TY|ty)[ \t\u00a0]{1,5}([\u2010-\u2015-])", re.MULTILINE)
_TAGGED_LINE = re.compile(rb"^[ \t]*[A-Z][A-Z0-9]{1,3} {0,2}-(?: |$)", re.MULTILINE)
_TITLE_LINE = re.compile(rb"^TI  - ", re.MULTILINE)
_PUBLISHER = re.compile(r"\A(?:Publisher|AIDS/HIV|plain-language-summary): (?=\S)")
_WITHOUT_LEADER = 4
"""Tagged lines, with a title among them, by which entries without ``TY`` or ``PMID`` are known."""

_RECOGNISED_BELOW = 0.75
"""The score where other lines stand above the first entry: less than a table's header has."""

_HEADER = re.compile(
    r"(?:<?\d+\s*[.:]?\s*>?$|Record #\d+ of \d+|(?:Provider|Database|Content): |% Encoding:)"
)


class Ris(TaggedReader):
    """Entries of tagged lines; they begin with ``TY`` or ``PMID``, or else after a blank line."""

    name = "ris"
    title = "RIS and PubMed's tagged text"
    suffixes = (".ris", ".nbib", ".medline")
    begin = telling = frozenset(("TY", "PMID"))
    ends = frozenset(("ER",))
    tags = Tags(
        titles=("TI", "T1", "CT", "BTI", "CTI"),
        abstracts=("AB", "N2", "OAB"),
        ids=("PMID", "ID", "AN", "U1", "OID", "UI"),
        authors=("FAU", "AU", "A1"),
        categories=("KW", "MH", "OT"),
        dois=("DO", "DI", "LID", "AID", "M3", "UR", "L3"),
        dates=("DA", "PY", "Y1", "DP"),
        years=("PY", "Y1", "DP"),
        venues=("JT", "JO", "JF", "T2", "BT", "TA"),
        urls=("UR",),
    )

    def sniff(self, head: bytes) -> float:
        if found := _FIRST.search(head):
            return SURE if not head[: found.start()].strip() else _RECOGNISED_BELOW
        tagged = len(_TAGGED_LINE.findall(head[:4096]))
        return _RECOGNISED_BELOW if tagged >= _WITHOUT_LEADER and _TITLE_LINE.search(head) else NO

    def tagged(self, head: bytes) -> re.Pattern[str]:
        if _FIRST_RIS.search(head):
            return _RIS
        unlike = _FIRST_UNLIKE_RIS.search(decode_head(head))
        if unlike is None:
            return _MEDLINE
        value = rf"[ \t\u00a0]{{1,5}}{unlike[2]}[ \t\u00a0]*(.*)"
        flags = re.IGNORECASE if unlike[1] == "ty" else re.NOFLAG
        return re.compile(rf"\s{{0,8}}([A-Z][A-Z0-9]){value}", flags)

    def following(self, entry: Entry, tag: str, *, after_blank: bool) -> Entry | None:
        if tag in self.begin:
            # PsycINFO's entries have both.
            return None if entry.leader == "TY" and tag == "PMID" else Entry()
        if not after_blank or entry.leader == "TY":
            return None
        has_title = entry.has(self.tags.titles)
        has_abstract = entry.has(self.tags.abstracts)
        completes = has_title != has_abstract and tag in (
            self.tags.abstracts if has_title else self.tags.titles
        )
        return Entry() if (has_title or has_abstract) and not completes else None

    def passes_over(self, entry: Entry, text: str) -> bool:
        """Set aside what stands above the next entry, or is part of an abstract after all."""
        is_header = _HEADER.match(text) is not None
        if is_header:
            entry.set_aside(text)
        return is_header

    def abstract_of(self, entry: Entry) -> str:
        return _PUBLISHER.sub("", super().abstract_of(entry), count=1)

    def authors_of(self, entry: Entry) -> list[str]:
        names = super().authors_of(entry)
        return names if entry.leader == "TY" else list(map(initials_first, names))
