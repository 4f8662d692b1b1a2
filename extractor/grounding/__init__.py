"""Grounding: every value rests on words of the paper, with offsets into the original text."""
