"""TSV: CSV with tabs between the cells, and one line for each row, as cut and awk take it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractor.writers.csv_files import CsvFiles

if TYPE_CHECKING:
    from extractor.writers._tables import Cell

_BREAKS = re.compile(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


class TsvFiles(CsvFiles):
    """Tabs and line breaks within a cell are one space."""

    name = "tsv"
    suffixes = (".tsv", ".tab")
    delimiter = "\t"

    @staticmethod
    def cell(cell: Cell) -> Cell:
        """A cell without tabs and line breaks, that a spreadsheet shows and does not run."""
        return CsvFiles.cell(_BREAKS.sub(" ", cell) if isinstance(cell, str) else cell)


WRITER = TsvFiles()
