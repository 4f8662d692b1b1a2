"""Fits how likely the values of a language model's answers are right."""
