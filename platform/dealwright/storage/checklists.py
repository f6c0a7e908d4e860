"""What was done of the checklists of stages: a row for each item of a record that somebody has touched."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.system import checklist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Tick:
    """One item of a record's checklist.

    Attributes:
        pipeline: Id of the pipeline; a variant goes by the one that it varies.
        done_at: When it was done; None for one that is not, or no more.
        file: Id of the uploaded file that shows it.
    """

    entity: str
    record: str
    pipeline: str
    stage: str
    item: str
    updated_at: datetime
    updated_by: str | None
    done_at: datetime | None = None
    done_by: str | None = None
    note: str | None = None
    file: str | None = None


_COLUMNS = [checklist.c[name] for name in Tick.__slots__]
_KEY = [column.name for column in checklist.primary_key]
_VALUES = [column.name for column in checklist.c if column.name not in _KEY]


def _replacing(insert: Any) -> Any:
    statement = insert(checklist)
    values = {name: statement.excluded[name] for name in _VALUES}
    return statement.on_conflict_do_update(index_elements=_KEY, set_=values)


_PUT = {"sqlite": _replacing(sqlite.insert), "postgresql": _replacing(postgresql.insert)}


def put(connection: Connection, ticks: Sequence[Tick]) -> None:
    """Write items; one that is there is replaced. One statement."""
    if ticks:
        connection.execute(_PUT[connection.dialect.name], [asdict(one) for one in ticks])


def of(connection: Connection, entity: str, record: str, pipeline: str) -> dict[tuple[str, str], Tick]:
    """Return what was touched of a record's checklists: stage and item to what is known of it."""
    where = checklist.c.record == record, checklist.c.entity == entity, checklist.c.pipeline == pipeline
    found = (Tick(*row) for row in connection.execute(sa.select(*_COLUMNS).where(*where)))
    return {(one.stage, one.item): one for one in found}


def names_file(connection: Connection, entity: str, record: str, file: str) -> bool:
    """Tell whether a file shows that an item of this record is done."""
    where = checklist.c.record == record, checklist.c.entity == entity, checklist.c.file == file
    return connection.execute(sa.select(checklist.c.item).where(*where).limit(1)).first() is not None
