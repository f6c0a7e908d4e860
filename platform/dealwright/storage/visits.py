"""Visits: one row for each time that a record was in a stage. At most one visit of a record lasts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.storage import tables
from dealwright.storage.several import chunks
from dealwright.storage.system import event, visit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Visit:
    """One time that a record was in a stage.

    Attributes:
        came_from, went_to: The stages before and after; None for the first, and while it lasts.
        entered_by, left_by: Ids of the users who moved the record; None for the platform itself.
        reason: Why it was entered, in the words of who moved it.
        seconds: How long it lasted, by the clock on the wall; None while it lasts.
        anew: Whether the way through the stages begins with it; it does with a record's first visit anyhow.
    """

    entity: str
    record: str
    pipeline: str
    pipeline_version: int
    stage: str
    came_from: str | None
    entered_at: datetime
    entered_by: str | None
    reason: str | None = None
    went_to: str | None = None
    left_at: datetime | None = None
    left_by: str | None = None
    seconds: int | None = None
    anew: bool = False


#: Between two stages of a way; no id of a stage holds it.
JOINT: Final = ">"
#: Characters of a way; one that gets longer stays as it is.
_LONGEST: Final = 2000
#: Characters of an id of a stage at most.
_STAGE: Final = 40
_NAMES = [name for name in Visit.__slots__ if name != "anew"]
_COLUMNS = [visit.c[name] for name in _NAMES]


def _add() -> sa.Insert:
    """Return the statement that writes a visit and the way to it: that of the visit before, and this stage."""
    prior = visit.alias("prior")
    where = prior.c.record == sa.bindparam("record_"), prior.c.entity == sa.bindparam("entity_")
    before = sa.select(prior.c.way).where(*where).order_by(prior.c.seq.desc()).limit(1).scalar_subquery()
    here = sa.bindparam("stage_", type_=sa.Text())
    whole = before.concat(JOINT).concat(here)
    way = sa.case(
        (sa.bindparam("anew_", type_=sa.Boolean()), here),
        (sa.func.length(whole) > _LONGEST, before),
        else_=sa.func.coalesce(whole, here),
    )
    return sa.insert(visit).inline().values(**{name: sa.bindparam(f"{name}_") for name in _NAMES}, way=way)


_ADD = _add()
_LASTS = visit.c.left_at.is_(sa.null())
_LAST = (_LASTS, visit.c.entity == sa.bindparam("entity_"), visit.c.record == sa.bindparam("record_"))
_LEAVE = (
    sa.update(visit)
    .where(*_LAST)
    .values({name: sa.bindparam(f"{name}_") for name in ("went_to", "left_at", "left_by", "seconds")})
)
_RENAME = (
    sa.update(visit).where(*_LAST).values({name: sa.bindparam(f"{name}_") for name in ("pipeline", "pipeline_version")})
)


def tells_all(way: str | None) -> bool:
    """Tell whether a way surely has all stages since it began; one that got too long does not."""
    return way is not None and len(way) < _LONGEST - len(JOINT) - _STAGE


def add(connection: Connection, visits: Sequence[Visit]) -> None:
    """Write visits in their order; one statement."""
    if visits:
        connection.execute(_ADD, [{f"{name}_": value for name, value in asdict(one).items()} for one in visits])


def end(connection: Connection, visits: Sequence[Visit]) -> None:
    """End the lasting visit of the record of each of these: what they say of its end is written. One statement."""
    if visits:
        names = ("entity", "record", "went_to", "left_at", "left_by", "seconds")
        connection.execute(_LEAVE, [{f"{name}_": getattr(one, name) for name in names} for one in visits])


def carry_over(connection: Connection, visits: Sequence[Visit]) -> None:
    """Say that the lasting visit of each record goes on in this pipeline and version. One statement."""
    if visits:
        names = ("entity", "record", "pipeline", "pipeline_version")
        connection.execute(_RENAME, [{f"{name}_": getattr(one, name) for name in names} for one in visits])


def of(connection: Connection, entity: str, record: str) -> list[Visit]:
    """Return the visits of a record, the latest first."""
    where = visit.c.record == record, visit.c.entity == entity
    return [Visit(*row) for row in connection.execute(sa.select(*_COLUMNS).where(*where).order_by(visit.c.seq.desc()))]


def without(connection: Connection, catalog: Catalog, entity: str, after: str, limit: int) -> list[str]:
    """Return ids of records that are in a stage and have no visit, in order, those after ``after``."""
    table = tables.layout(catalog, entity).table
    known = sa.select(visit.c.seq).where(visit.c.record == table.c.id, visit.c.entity == entity).exists()
    where = table.c.id > after, table.c.stage.is_not(None), ~known
    return list(connection.scalars(sa.select(table.c.id).where(*where).order_by(table.c.id).limit(limit)))


def told(connection: Connection, entity: str, records: Collection[str]) -> list[dict[str, Any]]:
    """Return the events of records in their order, with what visits are made of: record, at, actor, data, changes."""
    columns = [event.c[name] for name in ("record", "at", "actor", "data", "changes")]
    found: list[dict[str, Any]] = []
    for some in chunks(sorted(records)):
        where = event.c.record.in_(some), event.c.entity == entity
        rows = connection.execute(sa.select(*columns).where(*where).order_by(event.c.seq))
        found += [dict(row) for row in rows.mappings()]
    return found
