"""The store: paid answers on disk, and what the attempts at a run have spent."""

from extractor.llm.store.answers import AnswerStore

__all__ = ["AnswerStore"]
