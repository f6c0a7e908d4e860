"""How often an event has happened to records, as the log says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.storage.several import chunks
from dealwright.storage.system import event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dealwright.storage.database import Connection

#: Events of a type that are looked at for one record: the newest. More than any rule asks for.
BOUND: Final = 1000


def of(
    connection: Connection,
    kind: str,
    since: Mapping[str, datetime],
    until: datetime,
    takes: Callable[[Mapping[str, Any]], bool] | None = None,
) -> dict[str, int]:
    """Return how many events of a type there are about each record; one statement for all records.

    Args:
        connection: The transaction.
        kind: Type of the events.
        since: Record to the moment from which on its events count, that moment included.
        until: The moment up to which they count.
        takes: Asked with the data of each event whether it counts; None counts all.

    Returns:
        A number for each record of ``since``. Of the newest :data:`BOUND` events of the record only.
    """
    found = dict.fromkeys(since, 0)
    if not since:
        return found
    # Where the data plays no part and all count from the same moment, the database counts.
    alike = takes is None and len(set(since.values())) == 1
    least = min(since.values())
    for some in chunks(sorted(since)):
        # An event that is no save has no version: the index over just these is small.
        where = (
            event.c.version.is_(None),
            event.c.record.in_(some),
            event.c.type == kind,
            event.c.at >= least,
            event.c.at <= until,
        )
        if alike:
            counted = sa.select(event.c.record, sa.func.count()).where(*where).group_by(event.c.record)
            for record, number in connection.execute(counted):
                found[record] = min(number, BOUND)
            continue
        place = sa.func.row_number().over(partition_by=event.c.record, order_by=event.c.seq.desc()).label("place")
        columns = [event.c.record, event.c.at, *([event.c.data] if takes is not None else [])]
        ranked = sa.select(*columns, place).where(*where).subquery()
        newest = sa.select(*(ranked.c[one.name] for one in columns)).where(ranked.c.place <= BOUND)
        for record, at, *data in connection.execute(newest):
            if at >= since[record] and (takes is None or takes(data[0])):
                found[record] += 1
    return found
