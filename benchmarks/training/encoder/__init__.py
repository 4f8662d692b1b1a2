"""How the span encoder is made: ``python -m benchmarks.training.encoder --help``."""
