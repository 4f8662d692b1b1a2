"""The Python API: an `Extractor` holds a task and a model and extracts papers.

with Extractor() as extractor:
    record = extractor.extract(title="...", abstract="...")
    record.fields.method_name
"""

from __future__ import annotations

from extractor.api.extractor import Extractor
from extractor.api.options import Options, Reading
from extractor.api.results import Results, Run

__all__ = ["Extractor", "Options", "Reading", "Results", "Run"]
