"""Calls to a model: the only door through which anything is asked and paid for.

``Asker`` answers a request body from the ledger or by a call; ``Caller`` makes the call and
retries what can be retried; ``Ledger`` keeps every paid answer.
"""

from extractor.calls.answer import Answer, Usage
from extractor.calls.asker import Asker
from extractor.calls.caller import Caller
from extractor.calls.ledger import Ledger

__all__ = ["Answer", "Asker", "Caller", "Ledger", "Usage"]
