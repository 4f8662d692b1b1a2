"""Runs the encoder: the probability of every likely span of a paper for every field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from extractor.encoder.text import EncoderText, Input, Vocabulary
from extractor.errors import WeightsError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onnxruntime import InferenceSession

_HERE = Path(__file__).parent
_MOST_FIELDS = 12
_UNLIKELY = 0.02
# About 20,000 characters of English; of a longer text the rest is not looked at.
_MOST_WINDOWS = 14


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """Characters ``start:end`` of the title, a line break and the abstract.

    ``probabilities`` are those of the fields, in the order in which they were asked for.
    """

    start: int
    end: int
    probabilities: tuple[float, ...]


class Encoder:
    """The network and its vocabulary."""

    def __init__(self, session: InferenceSession, vocabulary: Vocabulary) -> None:
        self._session = session
        self._vocabulary = vocabulary

    @classmethod
    def load(cls, folder: Path = _HERE, *, threads: int = 0) -> Encoder:
        """Read ``encoder.onnx`` and ``tokenizer.json``; 0 threads are as many as cores.

        Raises WeightsError if they cannot be read.
        """
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument, InvalidProtobuf
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Threads that wait by spinning take the cores from a language model at work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            weights = (folder / "encoder.onnx").read_bytes()
            words = (folder / "tokenizer.json").read_text(encoding="utf-8")
            session = onnxruntime.InferenceSession(
                weights, options, providers=["CPUExecutionProvider"]
            )
        except (OSError, InvalidArgument, InvalidProtobuf) as error:
            raise WeightsError(
                f"The encoder in {folder} cannot be read: {one_line(str(error))}.",
                hint="Install Extractor again.",
            ) from error
        return cls(session, Vocabulary(Tokenizer.from_str(words)))

    def score(self, title: str, abstract: str, fields: Sequence[str]) -> list[ScoredSpan]:
        """The spans that are likely for some field, in no order."""
        text = EncoderText(self._vocabulary, title, abstract)
        found: dict[tuple[int, int], list[float]] = {}
        for first in range(0, len(fields), _MOST_FIELDS):
            group = fields[first : first + _MOST_FIELDS]
            for each in islice(text.inputs(group), _MOST_WINDOWS):
                for span, chances in self._likely(each):
                    known = found.setdefault(span, [0.0] * len(fields))
                    for field, chance in enumerate(chances, start=first):
                        known[field] = max(known[field], chance)
        return [
            ScoredSpan(*text.characters(span), tuple(chances)) for span, chances in found.items()
        ]

    def _likely(self, given: Input) -> Iterator[tuple[tuple[int, int], list[float]]]:
        import numpy as np

        if not given.spans:
            return
        feeds = {
            "tokens": given.tokens,
            "marks": given.marks,
            "starts": given.starts,
            "ends": given.ends,
            "widths": given.widths,
        }
        arrays = {name: np.array(values, np.int64) for name, values in feeds.items()}
        (chances,) = self._session.run(["probabilities"], arrays)
        for row in np.flatnonzero(chances.max(axis=1) > _UNLIKELY):
            yield given.spans[row], [float(chance) for chance in chances[row]]


_loading, _loaded = Lock(), cache(Encoder.load)


def shared_encoder() -> Encoder:
    """The packaged encoder, loaded at the first call; one for all threads of the process."""
    with _loading:
        return _loaded()
