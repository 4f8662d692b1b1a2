"""A report of a run: one HTML file to look at, which needs no network and no server."""

from __future__ import annotations

from extractor.report._write import Written, write_report

__all__ = ["Written", "write_report"]
