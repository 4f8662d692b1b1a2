"""Values of any schema as columns: what the page filters, sorts and draws without records.

A field of a record is a list of items: one for a single value, none for an empty one. The items
of a field are laid end to end, and each key of its objects is a leaf beside them; values that
are no objects stand in the leaf named "". A leaf is a dictionary of distinct values and a code
for each item.
"""

from __future__ import annotations

from array import array
from typing import Any

from pydantic_core import to_json

TEXT_LIMIT = 300
"""Characters of a text that go into a column; a paper's own view has it in full."""

_MOST_LEAVES = 24
_ABSENT = -1


class Leaf:
    """The values of one key, one for each item of its field."""

    def __init__(self, absent: int) -> None:
        """Begin with so many items that lack the key."""
        self._codes = array("i", [_ABSENT]) * absent
        self._known: dict[tuple[type, object], int] = {}

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, value: object) -> None:
        """Add the next item's value: a scalar, or anything else as its JSON text."""
        if is_empty(value):
            self._codes.append(_ABSENT)
            return
        plain = plain_value(value)
        self._codes.append(self._known.setdefault((type(plain), plain), len(self._known)))

    def to_dict(self, name: str) -> dict[str, Any]:
        values = [value for _, value in self._known]
        return {
            "name": name,
            "kind": _kind({kind for kind, _ in self._known}),
            "values": values,
            "codes": self._codes.tolist(),
        }


class Column:
    """One field of all papers."""

    def __init__(self, name: str, absent: int = 0) -> None:
        """Begin with so many papers that lack the field."""
        self.name = name
        self._counts = array("i", [0]) * absent
        self._items = 0
        self._list = False
        self._leaves: dict[str, Leaf] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, value: object) -> int:
        """Add the next paper's value; returns how many items it has."""
        self._list = self._list or isinstance(value, list)
        items = [item for item in as_items(value) if not is_empty(item)]
        self._counts.append(len(items))
        for item in items:
            self._add_item(item if isinstance(item, dict) else {"": item})
        return len(items)

    def pad(self, rows: int) -> None:
        """Let the papers up to this count have nothing here."""
        self._counts.extend([0] * (rows - len(self._counts)))

    def _add_item(self, cells: dict[str, object]) -> None:
        for name, value in cells.items():
            leaf = self._leaf(name)
            if leaf is not None:
                leaf.add(value)
        self._items += 1
        for leaf in self._leaves.values():
            if len(leaf) < self._items:
                leaf.add(None)

    def _leaf(self, name: str) -> Leaf | None:
        """The leaf of this name. Objects whose keys are data would make one for each paper."""
        if name not in self._leaves and len(self._leaves) < _MOST_LEAVES:
            self._leaves[name] = Leaf(self._items)
        return self._leaves.get(name)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "list": self._list,
            "counts": self._counts.tolist(),
            "leaves": [leaf.to_dict(name) for name, leaf in self._leaves.items()],
        }


def as_items(value: object) -> list[object]:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


def is_empty(value: object) -> bool:
    """Whether a value says nothing: null, or a text, list or object without content."""
    return value is None or value == "" or value == [] or value == {}


def plain_value(value: object) -> str | float | bool:
    """A number or bool as it is; a text, or the JSON of anything else, within the limit."""
    if isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else to_json(value).decode()
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def _kind(types: set[type]) -> str:
    if types == {bool}:
        return "flag"
    if types and types <= {int, float}:
        return "number"
    return "text"
