"""Grammars of the paper's own words, for decoding: what a grammar does not allow cannot be said.

They are written in GBNF, which llama.cpp enforces token by token. ``fields.py`` says which schemas
suit, ``answers.py`` makes the grammar of an answer, ``phrases.py`` that of its phrases,
``linking.py`` finds objects with the encoder, and ``mentions.py`` fills in what is not asked for.
"""

from extractor.decoding.answers import answer_grammar
from extractor.decoding.fields import AskedField, askable_fields, asked_fields
from extractor.decoding.linking import Found, Linker
from extractor.decoding.mentions import completed, mentions_of

__all__ = [
    "AskedField",
    "Found",
    "Linker",
    "answer_grammar",
    "askable_fields",
    "asked_fields",
    "completed",
    "mentions_of",
]
