"""The tokens of an answer that the model was not sure of, from an endpoint's ``logprobs``.

An endpoint describes every token in some hundred bytes. Kept are the places and log probabilities
of those tokens that another one might have stood for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SURE = -0.02
"""The log probability (a probability of 0.98) above which on a token is sure."""
_LEAST = -99.0  # some servers have -inf as -9999


class UnsureToken(NamedTuple):
    """A token at code points ``start`` to ``end`` of an answer's text; ``logprob`` is natural."""

    start: int
    end: int
    logprob: float


def unsure_tokens(logprobs: Any, text: str) -> tuple[UnsureToken, ...] | None:
    """The unsure tokens of ``text``, from a choice's ``logprobs``; None if these do not tell.

    The text may be a part of what the tokens say: servers strip fences and thoughts.
    """
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not (text and tokens and isinstance(tokens, list)):
        return None
    try:
        said = [str(token["token"]) for token in tokens]
        chances = [float(token["logprob"]) for token in tokens]
        start = "".join(said).rfind(text)
        if start >= 0:
            return _kept(map(len, said), chances, start, range(len(text)))
        return _of_bytes([bytes(token["bytes"]) for token in tokens], chances, text)
    except (KeyError, TypeError, ValueError):
        return None


def _of_bytes(
    said: Sequence[bytes], chances: Sequence[float], text: str
) -> tuple[UnsureToken, ...] | None:
    """The same where a character is spread over several tokens."""
    start = b"".join(said).rfind(text.encode())
    if start < 0:
        return None
    widths = (len(char.encode()) for char in text)
    places = [at for at, width in enumerate(widths) for _ in range(width)]
    return _kept(map(len, said), chances, start, places)


def _kept(
    lengths: Iterable[int], chances: Iterable[float], start: int, places: Sequence[int]
) -> tuple[UnsureToken, ...]:
    """The unsure tokens within a text that begins at ``start`` of what the tokens say.

    ``places`` are the code points of the letters, or bytes, of the text.
    """
    kept, end, size = [], -start, len(places)
    for length, chance in zip(lengths, chances, strict=True):
        begin, end = end, end + length
        if chance <= _SURE and begin < size and end > 0 < length:
            first, last = places[max(0, begin)], places[min(size, end) - 1]
            kept.append(UnsureToken(first, last + 1, max(_LEAST, round(chance, 2))))
    return tuple(kept)
