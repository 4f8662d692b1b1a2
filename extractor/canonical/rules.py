"""When two names are spellings of one: by rule, and by the table in ``names.toml``.

Names are compared by their key. The rules drop only what tells nothing apart; what might be
another version, size or part of the same thing ("A100 80GB", "CIFAR-100", "M1 GPU") stays another
name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from extractor.canonical.spelling import squeezed, words_of
from extractor.canonical.table import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from extractor.canonical.table import Family, Words

Kind: TypeAlias = Literal["device", "dataset"]

_FIELDS: dict[str, Kind] = {
    **dict.fromkeys(("hardware", "device", "gpu", "accelerator", "chip", "processor"), "device"),
    **dict.fromkeys(("dataset", "benchmark", "corpus", "corpora"), "dataset"),
}
_ADDRESS = re.compile(r"\w+://")
_PROPER = re.compile(r"\d|[A-Z].*[A-Z]")
_DEVICES = re.compile(r"((?:.* )?[A-Z]+\d{3,}|(?:[GR]TX )?\d{4}|[A-Z][A-Z\d]+)s")
"""Several of a device, such as "A100s" and "TPUs"; an "iPhone 5s" is one."""
_IN_BRACKETS = re.compile(r"(.*\S)\s*\(([^()]+)\)\s*")


class Canonical(NamedTuple):
    """The same ``key`` for all spellings of a name, and what to call it by this one.

    ``known`` says that the ``label`` is from the table.
    """

    key: str
    label: str
    known: bool = False


def kind_of(field: str) -> Kind | None:
    """What kind of names a field has, by the words of its own name."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", field).lower())
    kinds = (_FIELDS.get(word) or _FIELDS.get(word.removesuffix("s")) for word in words)
    return next((kind for kind in kinds if kind), None)


@lru_cache(maxsize=1 << 16)
def canonical(name: str, kind: Kind | None = None) -> Canonical:
    """The key and the label of a name; a web address, or a text of signs alone, is its own.

    The label is what the table calls it, a device without its maker where that says nothing more,
    and else the name as it is written.
    """
    plain = " ".join(name.split())
    if _ADDRESS.match(plain) or not (key := squeezed(name)):
        return Canonical(plain, plain)
    names = table_of(kind).names
    if key in names:
        return Canonical(squeezed(names[key]), names[key], known=True)
    label = plain
    while (shorter := _reduced(label, kind)) != label and squeezed(shorter):
        label = shorter  # under one word that goes there may be another
    key = squeezed(label)
    if key in names:
        return Canonical(squeezed(names[key]), names[key], known=True)
    return Canonical(key, label if kind == "device" else plain)


def _reduced(name: str, kind: Kind | None) -> str:
    """A name in its own writing, without the words that tell nothing apart."""
    if kind is None:
        return name
    words = words_of(_without_initials(name))
    if len(words) > 1 and words[0].casefold() == "the":
        words = words[1:]
    table = table_of(kind)
    words = _without_suffixes(words, table.suffixes, table.makers)
    for family in table.families:
        if kept := _of_family(words, family):
            words = kept
            break
    reduced = " ".join(words)
    several = _DEVICES.fullmatch(reduced) if kind == "device" else None
    return several[1] if several and squeezed(reduced) not in table.names else reduced


def _without_initials(name: str) -> str:
    """ "Long Range Arena (LRA)" without its abbreviation in brackets, where it is one."""
    found = _IN_BRACKETS.fullmatch(name)
    if not found:
        return name
    initials = "".join(word[0] for word in re.findall(r"[^\W_]+", found[1]))
    return found[1] if initials.casefold() == found[2].strip().casefold() else name


def _without_suffixes(
    words: Sequence[str], suffixes: Iterable[Words], makers: Collection[Words]
) -> list[str]:
    """Words without suffixes at their end, as long as a name is left."""
    kept = list(words)
    while shorter := _cut_end(kept, suffixes):
        if _lower(shorter) in makers or not _is_name(shorter):
            break
        kept = shorter
    return kept


def _is_name(words: Sequence[str]) -> bool:
    """Whether words are a name by their looks: "GLUE", "QM9", "Cora", but not "Aerial Image"."""
    return any(map(_PROPER.search, words)) or (len(words) == 1 and words[0][:1].isupper())


def _of_family(words: Sequence[str], family: Family) -> list[str]:
    """Words that name a device of the family, without those that say nothing more; else none."""
    bare = _cut_start(words, family.makers) or list(words)
    bare = _cut_end(bare, family.part) or bare
    spare = list(bare)
    for phrase in family.optional:
        spare = _without_phrase(spare, phrase)
    for rest in (spare, bare):
        if family.begins.match(squeezed(" ".join(rest))):
            return rest
    return []


def _cut_start(words: Sequence[str], phrases: Iterable[Words]) -> list[str]:
    """Words without the first phrase that they begin with; none where they begin with none."""
    lower = _lower(words)
    sizes = (len(phrase) for phrase in phrases if lower[: len(phrase)] == phrase)
    size = next(sizes, 0)
    return list(words[size:]) if size else []


def _cut_end(words: Sequence[str], phrases: Iterable[Words]) -> list[str]:
    """Words without the first phrase that they end in; none where they end in none."""
    turned = (phrase[::-1] for phrase in phrases)
    return _cut_start(words[::-1], turned)[::-1]


def _without_phrase(words: Sequence[str], phrase: Words) -> list[str]:
    lower, size = _lower(words), len(phrase)
    at = next((n for n in range(len(lower)) if lower[n : n + size] == phrase), None)
    return list(words) if at is None else [*words[:at], *words[at + size :]]


def _lower(words: Sequence[str]) -> Words:
    return tuple(word.casefold().strip(",;:()[]") for word in words)
