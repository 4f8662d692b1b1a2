"""A run: many papers through one approach, in the order of the dump."""
