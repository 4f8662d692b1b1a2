"""Weights of the embedded models: the catalogue, the files on disk, and the downloads."""
