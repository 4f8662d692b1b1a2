"""Language models: who answers, and everything that is asked and paid for.

``providers`` says who answers and how; ``client`` answers a request from the store, or by a call
that is tried again where that can help; ``store`` keeps every paid answer; ``limits`` says when a
request may be sent, ``budget`` what may be spent. The modules are imported when a model is opened.
"""
