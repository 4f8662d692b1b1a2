"""Deciding among the spans of an abstract: candidates by rule, a trained head, few questions.

Rules find every span that could be a value of the ``paper`` schema (:mod:`.candidates`), a
linear head trained on annotated abstracts says how likely each is (:mod:`.features`,
:mod:`.head`), and a language model is asked only about those the head leaves open
(:mod:`.questions`). What a speed-up claim says besides its number is read off by rule
(:mod:`.claims`).
"""
