"""A report of a run: one HTML file that needs no network and no server."""

from __future__ import annotations

from extractor.report.write import Written, write_report

__all__ = ["Written", "write_report"]
