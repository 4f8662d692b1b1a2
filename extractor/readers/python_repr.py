"""Python objects as ``print`` writes them: a dictionary a line."""

from __future__ import annotations

import ast
import json
import re

from extractor.readers.base import LIKELY, NO, Columns, Item, Unreadable, decode_text
from extractor.readers.json_lines import JsonLines

_FIRST = re.compile(rb"\s*\{(?:'[\w -]{1,60}'|\"[\w -]{1,60}\"): ")
_JSON_NAME = re.compile(rb"\s*\{\"")
_LINE_LIMIT = 2**20
"""Bytes that a dictionary may have: a syntax tree takes a hundred times its text."""


class PythonRepr(JsonLines):
    """Dictionaries with single quotes, ``None`` and ``True``, which JSON does not have."""

    name = "python-repr"
    title = "Python dictionaries, one a line"
    suffixes = ()

    def sniff(self, head: bytes) -> float:
        return LIKELY if _FIRST.match(head) and not _JSON_NAME.match(head) else NO

    def item(self, line: int, data: bytes, columns: Columns) -> Item:
        if len(data) > _LINE_LIMIT:
            return Unreadable(line, "The dictionary is too long.")
        try:
            fields = ast.literal_eval(decode_text(data).strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            return Unreadable(line, f"This is not a Python dictionary: {error}.")
        if not isinstance(fields, dict) or not all(isinstance(name, str) for name in fields):
            return Unreadable(line, "This is Python, but not a dictionary with names.")
        # Tuples, sets and bytes have no place in a record.
        return self.paper(line, json.loads(json.dumps(fields, default=str)), columns)
