"""How many papers a run has, as well as that is known while its dump is read."""

from __future__ import annotations

from typing import NamedTuple


class Total(NamedTuple):
    """The papers of a run; ``exact`` once all of them are read, else it is an estimate."""

    number: int
    exact: bool


class Extent:
    """Counts the entries that are taken of a dump of so many bytes, if they are known.

    The rest is judged by the entries that came of the bytes before: a dump is read in large
    pieces, so an estimate rests on the place where the last piece ended. A dump that is read
    ahead to its end has an exact total. At most ``most`` entries are taken, if it is given.
    """

    def __init__(self, size: int | None = None, most: int | None = None) -> None:
        self.taken = 0
        self._size = size
        self._most = most
        self._ended = False
        self._position = 0
        self._known = 0, 0  # entries that were taken, of so many bytes

    def read(self, position: int) -> None:
        """One more entry is read; so many bytes of the dump were read for it."""
        if position > self._position:
            if self._position:
                self._known = self.taken, self._position
            self._position = position

    def take(self, *, beyond: bool = False) -> None:
        """The entry that was read is taken; ``beyond`` those that ``most`` counts."""
        self.taken += 1
        if beyond and self._most is not None:
            self._most += 1

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True

    @property
    def total(self) -> Total | None:
        """The entries there are; None where nothing tells."""
        if self._ended or self.taken == self._most:
            return Total(self.taken, exact=True)
        taken, read = self._known
        if self._size and read and taken:
            likely = max(self.taken, round(taken * self._size / read))
            return Total(likely if self._most is None else min(likely, self._most), exact=False)
        return None if self._most is None else Total(self._most, exact=False)
