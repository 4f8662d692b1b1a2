"""Calls to a model: the only place where anything is asked and paid for.

``cached_client`` answers a request body from the store or by a call; ``client`` makes the call and
retries what can be retried; ``store`` keeps every paid answer. ``limits`` knows when to
send, ``budget`` how much. Those modules import much: they are imported when a model is opened.
"""

from extractor.llm.answer import Answer, NotKept, Usage

__all__ = ["Answer", "NotKept", "Usage"]
