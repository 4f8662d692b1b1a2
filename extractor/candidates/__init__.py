"""Deciding among the spans of an abstract: candidates by rule, a classifier, few questions.

Rules find every span that could be a value of the ``paper`` schema (:mod:`.spans`). A linear
classifier trained on annotated abstracts says how likely each is (:mod:`.name_features`,
:mod:`.quantity_features`, :mod:`.classifier`). A language model is asked only about the names
that the classifier leaves open (:mod:`.questions`), and its answers are weighed with the
classifier's probabilities (:mod:`.blend`). What a speed-up claim says besides its number is
read off by rule (:mod:`.claims`).
"""
