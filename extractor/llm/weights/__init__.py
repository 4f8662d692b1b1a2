"""Weights of the embedded models: which there are, where they are kept, how they are fetched."""
