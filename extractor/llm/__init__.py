"""Language models: who answers, and everything that is asked and paid for.

``providers`` says who answers and how; ``cached_client`` answers a request from the store or by
a call; ``client`` makes the call and retries what can be retried; ``store`` keeps every paid
answer. ``limits`` knows when to send, ``budget`` how much. Those modules import much: they are
imported when a model is opened.
"""
