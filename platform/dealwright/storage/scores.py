"""What scores of records come to now, by factor. How they came there is in the log of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.several import chunks, possible
from dealwright.storage.system import score

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Kept:
    """A score of a record.

    Attributes:
        version: Of the score that it was worked out by.
        coverage: In percent.
        shares: JSON objects in the order of the inputs: ``id``, ``fact``, ``points``, ``weight``, ``counted``, ``share``.
    """

    record: str
    score: str
    entity: str
    version: str
    value: Decimal | None
    tier: str | None
    coverage: Decimal
    reason: str
    shares: Sequence[Mapping[str, Any]]


_NAMES = tuple(Kept.__slots__)
_COLUMNS = [score.c[name] for name in _NAMES]


def _upsert(insert: Any) -> Any:
    statement = insert(score)
    changed = {name: statement.excluded[name] for name in (*_NAMES, "at") if name not in ("record", "score")}
    return statement.on_conflict_do_update(index_elements=[score.c.record, score.c.score], set_=changed)


_PUT = {"sqlite": _upsert(sqlite.insert), "postgresql": _upsert(postgresql.insert)}


def put(connection: Connection, kept: Sequence[Kept], at: datetime) -> None:
    """Write scores of records, new or in place of what was there: one statement."""
    if kept:
        rows = [{name: getattr(one, name) for name in _NAMES} | {"shares": list(one.shares), "at": at} for one in kept]
        rows.sort(key=lambda row: (row["record"], row["score"]))
        connection.execute(_PUT[connection.dialect.name], rows)


def about(connection: Connection, records: Iterable[str]) -> dict[tuple[str, str], Kept]:
    """Return the scores of records: (record, score) to what is kept."""
    found: dict[tuple[str, str], Kept] = {}
    for some in chunks(possible(records)):
        for row in connection.execute(sa.select(*_COLUMNS).where(score.c.record.in_(some))):
            found[row.record, row.score] = Kept(*row)
    return found


def tiers(connection: Connection, records: Iterable[str], names: Collection[str]) -> dict[tuple[str, str], str | None]:
    """Return the tiers that records have by these scores: (record, score) to tier."""
    found: dict[tuple[str, str], str | None] = {}
    columns = (score.c.record, score.c.score, score.c.tier)
    for some in chunks(possible(records)):
        statement = sa.select(*columns).where(score.c.record.in_(some), score.c.score.in_(names))
        found |= {(row.record, row.score): row.tier for row in connection.execute(statement)}
    return found


def forget(connection: Connection, name: str, *, batch: int = 5000) -> int:
    """Remove up to ``batch`` rows of a score that is no more; return how many."""
    some = sa.select(score.c.record).where(score.c.score == name).limit(batch)
    return connection.execute(sa.delete(score).where(score.c.score == name, score.c.record.in_(some))).rowcount
