"""Inspection: what a dump holds, and what a run over it would take."""
