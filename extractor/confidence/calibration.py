"""How likely the values of a language model's answer are right, from its token probabilities."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json

from extractor.confidence.places import places
from extractor.grounding.urls import LOOSE_URL
from extractor.llm.weights.catalog import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel

    from extractor.llm.answer import Answer
    from extractor.llm.token_logprobs import UnsureToken

_LEAST = -3.0  # less is hardly seen, and the form of an answer may have forced the token
_HIGHEST = 0.99


class Features(NamedTuple):
    """What tells a right value from a wrong one.

    ``lowest`` is the lowest log probability of the value's tokens, from -3 to 0. ``copied`` is 1
    where title or abstract have it letter for letter, ``exact`` is 1 for numbers, booleans and
    URLs, of which fewer are to choose from than of words; else 0.
    """

    lowest: float
    copied: float
    exact: float


# Printed by `python -m benchmarks.training.confidence`.
_CONSTANT = -0.29
_WEIGHTS = Features(lowest=1.01, copied=0.83, exact=1.93)


def answer_confidence(answer: Answer, said: BaseModel, *texts: str, model: str) -> dict[str, float]:
    """The probability that each value of an answer is right, by its path in ``said``'s dump.

    ``said`` are the validated fields, ``texts`` what the model read. It is calibrated for the
    embedded models; any other model's is what it says of its own tokens. Empty if the endpoint
    told nothing of them; a value that the answer does not have in this form has none.
    """
    if answer.unsure is None:
        return {}
    judge = probability if model in CATALOG else token_probability
    return {path: judge(each) for path, each in features(answer, said, *texts)}


def probability(each: Features) -> float:
    """The probability for a value with these features, in hundredths; never certain."""
    parts = zip(each, _WEIGHTS, strict=True)
    odds = _CONSTANT + sum(number * weight for number, weight in parts)
    return min(_HIGHEST, round(1 / (1 + math.exp(-odds)), 2))


def token_probability(each: Features) -> float:
    """The probability of the value's least sure token, in hundredths, from 0.05 to 0.99."""
    return min(_HIGHEST, round(math.exp(each.lowest), 2))


def features(answer: Answer, said: BaseModel, *texts: str) -> Iterator[tuple[str, Features]]:
    """The features of each value, by its path."""
    known, unsure = places(answer.text), answer.unsure or ()
    starts = [token.start for token in unsure]
    for path, written, value in _values(said.model_dump(), said.model_dump(by_alias=True), "", ""):
        place = known.get(written)
        if value is None or place is None:
            continue
        said_as = _read(answer.text[slice(*place)])
        if said_as == value or str(said_as) == _plain(value):
            shown = str(said_as)
            copied = any(shown in text for text in texts)
            exact = not isinstance(value, str) or LOOSE_URL.fullmatch(value) is not None
            yield path, Features(_lowest(unsure, starts, *place), float(copied), float(exact))


def _lowest(unsure: Sequence[UnsureToken], starts: Sequence[int], start: int, end: int) -> float:
    """The lowest log probability of the tokens of a text from start to end."""
    first = max(0, bisect_left(starts, start) - 1)  # the one before may reach into it
    near = unsure[first : bisect_left(starts, end)]
    return max(_LEAST, min((each.logprob for each in near if each.end > start), default=0.0))


def _values(plain: Any, named: Any, path: str, written: str) -> Iterator[tuple[str, str, Any]]:
    """The single values of a dump: path, path by the names that answers use, and value."""
    if isinstance(plain, Mapping) and isinstance(named, Mapping):
        dot = "." if path else ""
        for (name, value), (alias, same) in zip(plain.items(), named.items(), strict=False):
            yield from _values(value, same, f"{path}{dot}{name}", f"{written}{dot}{alias}")
    elif isinstance(plain, (list, tuple)) and isinstance(named, (list, tuple)):
        for at, (value, same) in enumerate(zip(plain, named, strict=False)):
            yield from _values(value, same, f"{path}[{at}]", f"{written}[{at}]")
    else:
        yield path, written, plain


def _read(literal: str) -> Any:
    """The value of a JSON literal; None where it is none."""
    try:
        return from_json(literal)
    except ValueError:
        return None


def _plain(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)
