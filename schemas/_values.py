"""Values as models write them: what the schemas share."""

from __future__ import annotations

_NOTHING = {"", "null", "none", "n/a", "na", "unknown", "not specified", "not mentioned"}


def blank_is_none(value: object) -> object:
    """Models write "", "null" or "none" where they mean null."""
    return None if isinstance(value, str) and value.strip().lower() in _NOTHING else value


def without_blanks(value: object) -> object:
    """Models write null for an empty list, and null or "" among its items."""
    if value is None:
        return []
    if isinstance(value, list):
        return [item for item in value if item is not None and item != ""]
    return value
