"""What every calculation gives: a table of keys and figures, and for each figure that counts records, which ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Head:
    """What the keys of the rows in one place are.

    Attributes:
        id: Such as ``account.region``, ``closed_on:quarter``, ``stage``.
        kind: ``field`` (a value of the field at the end of ``path``), ``stage``, ``period``, ``band``, ``path``, ``record``,
            ``pipeline``, or ``action`` (``item:stage:id``, ``field:stage:id``, ``kind:id``, ``touch:stage``).
        path: The field, for ``field`` and ``period``.
        unit: For ``period``.
    """

    id: str
    kind: str
    path: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of each row.

    Attributes:
        kind: ``count``, ``value`` (of the measured field), ``number``, ``percent``, ``points`` (of percent), ``days``,
            ``chance`` (0 to 1) or ``word``.
        counted: Whether it counts records that can be listed.
        path: The measured field, for ``value``.
    """

    id: str
    kind: str
    counted: bool = False
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a key for each head, and its figures by the ids of the columns; None where there is no figure."""

    key: tuple[Any, ...]
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A report that was worked out.

    Attributes:
        rows: In the order in which they are shown, or of their keys where ``by_key``: people want the order of labels.
        records: Asked with a row and the id of a counted column, gives the SELECT of the ids of just those records.
        starts: First day of each period by its number, where keys are periods.
        total: Figures of all rows together, where they have a meaning.
        notes: Codes of what should be known of the figures, with their values.
    """

    heads: tuple[Head, ...]
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    records: Callable[[Row, str], sa.Select[tuple[str]]]
    starts: Mapping[str, Sequence[date]] = field(default_factory=dict)
    total: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[tuple[str, Mapping[str, Any]]] = ()
    by_key: bool = False

    def column(self, identifier: str) -> Column | None:
        """Return the column with this id, or None."""
        return next((one for one in self.columns if one.id == identifier), None)
