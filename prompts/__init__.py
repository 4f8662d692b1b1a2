"""Prompt templates: one text file for each schema, under the schema's name.

The part above the line ``---`` is fixed and comes first, so that servers can reuse it from
paper to paper; the part below it holds ``{{ title }}`` and ``{{ abstract }}``.
"""
