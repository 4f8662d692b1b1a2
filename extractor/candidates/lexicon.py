"""What unlabelled abstracts tell about a name: how often it is used like datasets or devices.

The counts were mined from many abstracts without labels: for each name, the number of papers that
have it, and how likely its contexts there (never the name itself) make it the paper's own method,
a benchmark or hardware. They are the classifier's knowledge of the world.
"""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractor.candidates.blend import log_odds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KINDS = ("method", "benchmark", "hardware")
_LOWEST, _HIGHEST = -6, 3


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """``papers``: the power of two below the number of papers; ``levels``: rounded log odds."""

    papers: int
    levels: tuple[int, int, int]


class Lexicon(dict[str, LexiconEntry]):
    """Entries by the name's key, and the features that they give."""

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """Read the file that :meth:`save` wrote."""
        rows: dict[str, str] = json.loads(gzip.decompress(path.read_bytes()))
        lexicon = cls()
        for code, names in rows.items():
            method, benchmark, hardware = (ord(letter) - ord("a") + _LOWEST for letter in code[1:])
            entry = LexiconEntry(int(code[0]), (method, benchmark, hardware))
            lexicon.update(dict.fromkeys(names.split(), entry))
        return lexicon

    def save(self, path: Path) -> None:
        """Write the names, grouped by equal entries, as compressed JSON of fixed bytes."""
        rows: dict[str, list[str]] = {}
        for name, entry in sorted(self.items()):
            letters = (chr(ord("a") + level - _LOWEST) for level in entry.levels)
            rows.setdefault(f"{entry.papers}{''.join(letters)}", []).append(name)
        text = json.dumps({code: " ".join(names) for code, names in sorted(rows.items())})
        path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))

    def features(self, name: str) -> Iterator[str]:
        """A name's own entry: alone, with the number of papers, and as thresholds."""
        entry = self.get(name)
        if entry is None:
            yield "lex papers=none"
            return
        yield f"lex papers={entry.papers}"
        for kind, level in zip(_KINDS, entry.levels, strict=True):
            yield f"lex {kind}={level} papers={min(entry.papers, 3)}"
            for threshold in range(_LOWEST + 1, level + 1):
                yield f"lex {kind}>={threshold}"

    def part_features(self, part: str, name: str) -> Iterator[str]:
        """The entry of what is left of a name without its first or last word."""
        entry = self.get(name)
        if entry is None:
            yield f"lex {part}=none"
            return
        for kind, level in zip(_KINDS, entry.levels, strict=True):
            yield f"lex {part} {kind}={level}"


def lexicon_entry(papers: int, probabilities: tuple[float, float, float]) -> LexiconEntry:
    """The entry for a name in ``papers`` papers with these mean probabilities."""
    odds = (log_odds(min(max(value, 1e-4), 1 - 1e-4)) for value in probabilities)
    levels = (int(max(_LOWEST, min(_HIGHEST, round(each)))) for each in odds)
    method, benchmark, hardware = levels
    return LexiconEntry(min(int(math.log2(papers)), 6), (method, benchmark, hardware))
