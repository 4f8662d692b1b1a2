"""Grammars of the paper's own words, for decoding: what a grammar does not allow cannot be said.

They are written in GBNF, which llama.cpp enforces token by token.
"""

from extractor.decoding.answers import AskedField, answer_grammar, asked_fields

__all__ = ["AskedField", "answer_grammar", "asked_fields"]
