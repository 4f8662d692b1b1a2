"""Calls to a model: the only door through which anything is asked and paid for.

``asker`` answers a request body from the ledger or by a call; ``caller`` makes the call and
retries what can be retried; ``ledger`` keeps every paid answer. ``traffic`` knows when to send,
``spending`` how much. Those modules import much: they are imported when a model is opened.
"""

from extractor.calls.answer import Answer, NotKept, Usage

__all__ = ["Answer", "NotKept", "Usage"]
