"""What the formats of tables have in common that people open and nothing reads back.

All tables of the records are written, or one view of them: the one that ``--view`` names, else
the one that the output is called after (``claims.csv``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from extractor.errors import UsageError
from extractor.plurals import counted
from extractor.suggest import closest
from extractor.writers._shape import shape_of
from extractor.writers._tables import MAIN, Table, own_fields, tables_of
from extractor.writers._views import FRIENDLY, views_of
from extractor.writers.base import HasViews, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Self

    from extractor.writers._shape import ObjectShape
    from extractor.writers._views import View
    from extractor.writers.base import Schema


EXCEL_CELL = 32_767
"""The characters that Excel keeps of a cell."""


_KNOWN = {*FRIENDLY, *(each.name for each in FRIENDLY.values())}
"""Names that are those of a view, whatever the records."""


class Chosen(NamedTuple):
    """The tables of an output, and the view that it is, if it is one; ``why`` of one not asked."""

    tables: tuple[Table, ...]
    view: str | None = None
    why: str = ""

    def notes(self, rows: int) -> Iterator[str]:
        """What the user should know of a view with so many rows."""
        if self.view:
            yield f"{counted(rows, 'row')} of the view {self.view}{self.why}"


@dataclass(frozen=True)
class TablesForPeople(Writer, HasViews):
    """A format of tables. ``view`` is what is written of the records; None is left to the name."""

    view: str | None = None
    has_columns = True

    def with_view(self, view: str) -> Self:
        """The format that writes this view."""
        return replace(self, view=view)

    def chosen(self, target: Path | None, schema: Schema) -> Chosen:
        """The tables that are written for records of ``schema``.

        Raises :class:`UsageError` for a view that these records do not have.
        """
        shape = shape_of(schema)
        views = views_of(shape)
        if self.view and self.view != MAIN:
            asked = _view_named(self.view, views)
            return Chosen((asked,), asked.name)
        stem = _stem(target).casefold() if target else ""
        named = next((name for name in views if name.casefold() == stem), None)
        if self.view is None and named is not None:
            why = ", which the file is called after (--view papers writes every table)"
            return Chosen((views[named],), named, why)
        if self.view is None and stem in _KNOWN and own_fields(shape).fields.keys() <= {"title"}:
            _view_named(stem, views)  # no records, so that nothing says what views they would have
        return Chosen(self.all_tables(shape))

    def all_tables(self, shape: ObjectShape) -> tuple[Table, ...]:
        """The tables where no view is asked for, that of the papers first."""
        return tables_of(shape, for_people=True)


def _view_named(name: str, views: Mapping[str, View]) -> View:
    """The view of that name, or of the list of that name. Raises :class:`UsageError`."""
    by_list = {view.of: view for view in views.values()}
    if found := views.get(name) or by_list.get(name):
        return found
    meant = closest(name, list(views))
    known = f"Views: {', '.join((MAIN, *views))}."
    if not views:
        known = "Without records, name their schema with --schema."
    raise UsageError(
        f"These records have no view {name!r}.",
        hint=f"Did you mean {meant}?" if meant else known,
    )


def _stem(target: Path) -> str:
    """The name of a file without its ending and a further .gz."""
    plain = target.with_suffix("") if target.suffix.lower() == ".gz" else target
    return plain.stem
