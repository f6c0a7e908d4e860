"""Running numbers. A number that is taken by a transaction that rolls back is given again: there are no gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.system import sequence

if TYPE_CHECKING:
    from dealwright.storage.database import Connection


def take(connection: Connection, key: str, count: int = 1) -> range:
    """Return the next ``count`` numbers of a sequence, from 1.

    Whoever asks for the same sequence waits until this transaction ends: take numbers late in it.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(sequence).values(key=key, value=count)
    statement = statement.on_conflict_do_update(
        index_elements=[sequence.c.key], set_={"value": sequence.c.value + statement.excluded.value}
    )
    last: int = connection.execute(statement.returning(sequence.c.value)).scalar_one()
    return range(last - count + 1, last + 1)
