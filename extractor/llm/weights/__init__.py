"""Weights of the embedded models: what there is, where it is kept and how it is fetched."""
