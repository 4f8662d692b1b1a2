"""A provider's batches: requests go up in a file, and answers come down within a day."""

from extractor.llm.batches.api import BatchApi, BatchStatus, open_batch_api
from extractor.llm.batches.intake import AT_A_TIME, Intake
from extractor.llm.batches.lines import LINES, SIZE, Result, read_results, request_line

__all__ = [
    "AT_A_TIME",
    "LINES",
    "SIZE",
    "BatchApi",
    "BatchStatus",
    "Intake",
    "Result",
    "open_batch_api",
    "read_results",
    "request_line",
]
