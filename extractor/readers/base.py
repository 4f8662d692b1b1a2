"""What a format of your own is made of: subclass `Reader`, build its papers with `build_entry`.

A format is one file. It says how surely a dump that begins with certain bytes is in it, and
yields that dump's papers in order:

    class Cards(Reader):
        name = "cards"
        title = "Cards of a catalogue"
        suffixes = (".cards",)

        def sniff(self, head: bytes) -> float:
            return SURE if head.startswith(b"#cards") else NO

        def read(self, source: Source, columns: Columns) -> Iterator[Item]:
            for number, line in source.lines():
                if line is None:
                    yield Unreadable(number, TOO_LONG)
                else:
                    paper_id, title, abstract = decode_text(line).split("|")
                    yield build_entry(number, paper_id, title, abstract, {})

In this folder the class is found by itself. In a package of yours, an entry point of the group
`extractor.readers` names an instance, such as ``CARDS = Cards()``:
``cards = "my_package.cards:CARDS"``. `docs/formats.md` has the details.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Concatenate, NamedTuple, ParamSpec, TypeAlias, TypeGuard

from extractor.errors import DumpError, ExtractorError, UsageError, one_line
from extractor.grounding.hidden import visible
from extractor.paper import Paper
from extractor.readers._encoding import decode_head, decode_text, printable
from extractor.readers._markup import without_marks
from extractor.readers._shapes import at_path, index_in, text_of_index
from extractor.readers._source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "LAST_RESORT",
    "LIKELY",
    "NO",
    "POSSIBLE",
    "SURE",
    "TEXT_LIMIT",
    "TOO_LONG",
    "Columns",
    "FieldNames",
    "Item",
    "Paper",
    "Reader",
    "Source",
    "Unreadable",
    "build_entry",
    "build_entry_from_fields",
    "decode_head",
    "decode_text",
    "field_names",
    "guarded",
    "json_text",
    "nested_text",
    "printable",
    "require_columns",
    "without_empty",
]

# Sniff scores, from 0 to 1: the format with the highest one reads the dump.
SURE = 1.0
LIKELY = 0.6
POSSIBLE = 0.3
LAST_RESORT = 0.1
NO = 0.0

TEXT_LIMIT = 2**20
"""Characters that a title or an abstract may have; a longer one is never held in memory."""

_P = ParamSpec("_P")
_LONGEST_REASON = 200
_LONGEST_COLUMN = 40
_MOST_COLUMNS = 40

_LONGEST_PLACEHOLDER = 120
_WORK = r"(?:article|paper|item|document|publication|entry|record|work)"
_GIVEN = r"(?:available|provided|found|given|supplied|included|present)"
_WHERE = r"(?: (?:for|in|from|by) .*| \([a-z]+)?"
_RIGHTS = (
    r"\W*(?:copyright\W{1,3})?(?:©|\(c\)|copyright)\W{0,3}"
    r"(?:(?:by )?(?:the )?authors?(?:\(s\))?\W{1,3})?"
    r"(?:1[89]|20)\d\d\b[^.]*"
    r"(?:\.\W{0,3}(?:all rights reserved|(?:published by|on behalf of)\b[^.]*|[a-z]\b))*"
)
_PLACEHOLDER = re.compile(
    r"[\W_]*(?:nan|none|null|n[/.]?a|undefined|tb[ad]|not (?:available|applicable)|none available"
    r"|without abstract|abstract available from the publisher"
    r"|abstract from (?:the )?(?:author|publisher)s?"
    rf"|(?:this )?{_WORK} (?:has no|does not have an|comes without an) abstract"
    rf"|(?:there is )?no (?:abstract|summary)(?: is| was)?(?: {_GIVEN}{_WHERE}| for this .*)?"
    rf"|(?:an? |the )?(?:abstract|summary)(?: for this {_WORK})?(?: is| was)?"
    rf" (?:unavailable|not (?:yet )?{_GIVEN}|missing|none){_WHERE}"
    rf"|(?:click|see) .{{0,20}}full text.*)[\W_]*|{_RIGHTS}[\W_]*",
    re.IGNORECASE,
)

_NOTHING = re.compile(
    r"[\W_]*(?:nan|none|null|n[/.]?a|undefined|tb[ad]|not available)?[\W_]*", re.IGNORECASE
)
"""What stands in any field that has no value; marks alone are nothing, too."""

_AROUND = "-\u2013\u2014_/ :"

logger = logging.getLogger("extractor.readers")

TOO_LONG = "The line is too long to be an entry."

# The usual names, best first, in lower case and without what is neither letter nor digit.
TITLES = (
    *("title", "papertitle", "articletitle", "documenttitle", "ti", "titles", "abstracttitle"),
    *("titel", "titre", "título", "titulo", "titolo", "标题", "题名", "題名", "タイトル"),
)
ABSTRACTS = (
    *("abstract", "paperabstract", "abstracttext", "abstractnote", "summary", "ab"),
    *("abstracts", "summaries", "zusammenfassung", "kurzfassung", "résumé", "resumen", "resumo"),
    *("riassunto", "摘要", "要旨", "抄録"),
)
IDS = (
    # Where Web of Science has its own id, ``ID`` are keywords.
    *("ut", "utuniquewosid"),
    *("id", "paperid", "articleid", "corduid", "arxivid", "corpusid", "aclid", "pmid", "pubmedid"),
    *("docid", "bibcode", "key", "citationkey", "uid", "identifier", "doi"),
    *("eid", "lensid", "publicationid", "accessionnumber"),
)
_TEXTS = ("value", "text", "content", "p", "#text", "@value", "AbstractText")
_STAYS_IN_SOURCE = {"doi"}
_OTHER_TITLES = ("book", "journal", "source", "venue", "series", "short", "proceedings", "conf")
# What is about a title or an abstract and is none: ``has_abstract``, ``title_url``.
_ABOUT = re.compile(
    r"(?:has|is|no|num)(?=title|abstract).*"
    r"|.*(?:url|link|href|id|length|len|lang|language|count|date|type|source|score|label|tokens"
    r"|embeddings?|vectors?)"
)
_LONGEST_NAME = 64
_OF_JSON = frozenset('{"')
"""Characters in the name of a column of titles or abstracts; more are text."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry of a dump that is not a paper; the others are read all the same.

    ``line`` counts from 1, in the decompressed dump (in a Parquet file it counts rows); 0 is a
    whole file among several. ``id`` and ``title`` are given as far as they are known, and
    ``file`` where several dumps are read; ``source`` is that of a paper.
    """

    line: int
    message: str
    id: str | None = None
    title: str | None = None
    file: str | None = None
    source: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)


Item: TypeAlias = Paper | Unreadable


class Columns(NamedTuple):
    """The field names that the user gave; None where the reader has to find the field itself."""

    title: str | None = None
    abstract: str | None = None
    id: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, str | None], reader: Reader) -> Columns:
        """Read ``title_column``, ``abstract_column`` and ``id_column``.

        Raises:
            UsageError: an option is unknown, or the format has no named columns.
        """
        given = {name: value for name, value in options.items() if value is not None}
        known = {f"{name}_column": name for name in cls._fields}
        if unknown := sorted(given.keys() - known.keys()):
            raise UsageError(
                f"A dump has no option {unknown[0]!r}.", hint=f"Options: {', '.join(known)}."
            )
        if given and not reader.has_columns:
            raise UsageError(
                f"The format {reader.name} has no columns to name.",
                hint=f"Leave out {', '.join(sorted(given))}, or name another format.",
            )
        return cls(**{known[name]: value for name, value in given.items()})


class Reader(ABC):
    """One format.

    ``name`` is what the user types, ``suffixes`` the endings of such files in lower case, each
    with its dot, and ``title`` one line for listings. ``has_columns`` says whether the fields
    have names that the user may give (`Columns`).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    has_columns: ClassVar[bool] = False

    @abstractmethod
    def sniff(self, head: bytes) -> float:
        """Return how surely a dump has this format, from `NO` to `SURE`.

        ``head`` is the first 64 KiB of the dump, decompressed and in UTF-8, or all of a
        shorter one. A fitting suffix adds 0.05: it settles a tie, but never overrules content.
        """

    @abstractmethod
    def read(self, source: Source, columns: Columns) -> Iterator[Item]:
        """Yield the papers in order; one whose ``id`` is empty gets its running number.

        Raises:
            DumpError: the dump is damaged, so that the rest of it cannot be read.
        """


def guarded(
    build: Callable[Concatenate[int, _P], Item], line: int, *args: _P.args, **kwargs: _P.kwargs
) -> Item:
    """Return what ``build`` makes of the entry at ``line``: the border of one entry's work.

    Whatever it raises, or a library under it, costs this entry and never the dump.
    """
    try:
        return build(line, *args, **kwargs)
    except ExtractorError:
        raise
    except Exception as error:
        logger.debug("line %d cannot be read", line, exc_info=error)
        said = one_line(f"{type(error).__name__}: {error}")[:_LONGEST_REASON]
        return Unreadable(line, f"It cannot be read ({said}).")


def build_entry(
    line: int, paper_id: str, title: str, abstract: str, source: Mapping[str, object]
) -> Item:
    """Return the paper, or why the entry is not one. ``source`` is metadata, as JSON values.

    Control characters are replaced one for one; all else stays as it is, since offsets are
    counted in these very strings.
    """
    if len(abstract) > TEXT_LIMIT or len(title) > TEXT_LIMIT:
        return Unreadable(line, "The title or the abstract is too long.", paper_id, title[:200])
    if not (title.isprintable() and abstract.isprintable() and paper_id.isprintable()):
        title, abstract = printable(title), printable(abstract)
        paper_id = printable(paper_id, control=" ")
    if _is_blank(title) or (len(title) < _LONGEST_PLACEHOLDER and _NOTHING.fullmatch(title)):
        return Unreadable(line, "There is no title.", paper_id or None, source=source)
    if _is_blank(abstract) or _says_nothing(abstract):
        return Unreadable(line, "There is no abstract.", paper_id or None, title, source=source)
    return Paper("" if paper_id.isspace() else paper_id, title, abstract, source)


def _is_blank(text: str) -> bool:
    return not text[:1].isalnum() and not visible(text).strip()


def _says_nothing(abstract: str) -> bool:
    """Say whether it is what a program or a publisher writes where there is no abstract.

    In a table whose header is repeated, that is the name of the column.
    """
    if len(abstract) >= _LONGEST_PLACEHOLDER:
        return False
    bare = abstract.strip(_AROUND)
    is_nothing = not bare or bare.lower() in ABSTRACTS
    return is_nothing or _PLACEHOLDER.fullmatch(abstract) is not None


class FieldNames(NamedTuple):
    """The names that may hold each field, best first."""

    titles: tuple[str, ...]
    abstracts: tuple[str, ...]
    ids: tuple[str, ...]


@lru_cache(maxsize=1024)
def field_names(present: tuple[str, ...], columns: Columns) -> FieldNames:
    """Pick each field's names from those present; one that the user gave is the only choice."""
    return FieldNames(
        _candidates(present, columns.title, TITLES),
        _candidates(present, columns.abstract, ABSTRACTS),
        _candidates(present, columns.id, IDS),
    )


def _candidates(
    present: Iterable[str], given: str | None, usual: tuple[str, ...]
) -> tuple[str, ...]:
    if given is not None:
        return (given,)
    bare = {name: re.sub(r"[\W_]", "", name).lower() for name in present}
    ranked = sorted((usual.index(key), name) for name, key in bare.items() if key in usual)
    if ranked or usual is IDS:
        return tuple(name for _, name in ranked)
    # ``title_en`` or ``Abstract (English)``, but not ``journal_title`` or ``title_abstract``.
    field, other = usual[0], (ABSTRACTS if usual is TITLES else TITLES)[0]
    return tuple(
        name
        for name, key in bare.items()
        if field in key
        and other not in key
        and _is_name(name)
        and not key.startswith(_OTHER_TITLES)
        and not _ABOUT.fullmatch(key)
    )


def _is_name(name: str) -> bool:
    return len(name) <= _LONGEST_NAME and not _OF_JSON & set(name)


def require_columns(present: Sequence[str], columns: Columns, dump: str) -> None:
    """Check that a table has the columns that the user named, and a title and an abstract.

    Raises:
        DumpError: a column that was named is not there, or none is recognised.
    """
    names = field_names(tuple(present), columns)
    if not (names.titles and names.abstracts) and not all(map(_is_name, present)):
        raise DumpError(
            f"{dump} has no header: its first row does not name columns.",
            hint="Put a line above it that does, such as id,title,abstract,date.",
        )
    has = f"It has: {_listing(present)}."
    for given, kind in (
        (columns.title, "title"),
        (columns.abstract, "abstract"),
        (columns.id, "id"),
    ):
        if given is not None and given not in present:
            raise DumpError(
                f"{dump} has no column {given!r}. {has}",
                hint=f"Name one of its columns with --{kind}-column.",
            )
    for found, kind in ((names.titles, "title"), (names.abstracts, "abstract")):
        if not found:
            raise DumpError(
                f"No column of {dump} is the {kind}. {has}",
                hint=f"Name the column with --{kind}-column.",
            )


def _listing(names: Sequence[str]) -> str:
    shown = [one_line(name)[:_LONGEST_COLUMN] for name in names if name][:_MOST_COLUMNS]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) >= _MOST_COLUMNS else "")


def build_entry_from_fields(line: int, values: dict[str, object], columns: Columns) -> Item:
    """Build a paper from named values; what is neither title, abstract nor id is its metadata.

    ``values`` is used up.
    """
    names = field_names(tuple(values), columns)
    title_name, title = _first_text(values, names.titles)
    abstract_name, abstract = _first_text(values, names.abstracts)
    id_name, paper_id = _first_text(values, names.ids)
    if (index := index_in(abstract)) is not None:
        abstract = text_of_index(index)
    titles, abstracts = values.pop(title_name, None), values.pop(abstract_name, None)
    if _are_versions(titles):
        # In several languages: the first, and the others stay metadata.
        title, values[title_name] = titles[0], titles
        if _are_versions(abstracts) and len(abstracts) == len(titles):
            abstract, values[abstract_name] = abstracts[0], abstracts
    title, abstract = without_marks(title), without_marks(abstract)
    if id_name.lower() not in _STAYS_IN_SOURCE:
        values.pop(id_name, None)
    return build_entry(line, paper_id, title, abstract, values)


def _are_versions(value: object) -> TypeGuard[list[str]]:
    if not isinstance(value, list) or len(value) < 2:
        return False
    return all(type(each) is str and each.strip() for each in value)


def _first_text(values: Mapping[str, object], names: tuple[str, ...]) -> tuple[str, str]:
    """Return the first text and its name; what says nothing, such as ``nan``, only as the last."""
    first = "", ""
    for name in names:
        value = values[name] if name in values else at_path(values, name)
        text = value if type(value) is str else json_text(value)
        if text and (len(names) == 1 or not _says_nothing(text)):
            return name, text
        if text and not first[0]:
            first = name, text
    return first


def json_text(value: object) -> str:
    """Return the text of a JSON value: itself, its number, or that of its parts.

    Of an object that is what stands under one of the usual names, as ``value``.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        return json_text(next((value[name] for name in _TEXTS if value.get(name)), None))
    if isinstance(value, list):
        return " ".join(filter(None, (json_text(each).strip() for each in value)))
    return ""


def nested_text(value: object, *names: str) -> str:
    """Return the text under ``names`` in nested JSON objects; "" where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return json_text(value)


def without_empty(**metadata: object) -> dict[str, object]:
    """Return the metadata whose values are not empty."""
    return {name: value for name, value in metadata.items() if value}
