"""Language models: providers, calls, limits, budget, and the store of paid answers.

``providers`` reaches the models; ``client`` answers a request from the store, or by a call with
retries; ``store`` keeps every paid answer; ``limits`` decides when a request may be sent,
``budget`` how much may be spent. The modules are imported when a model is opened.
"""
