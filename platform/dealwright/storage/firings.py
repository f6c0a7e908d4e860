"""Which rules have fired within which window: the guard that makes ``once_per`` hold whatever happens at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright.storage.several import chunks
from dealwright.storage.system import firing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection

_KEY = (firing.c.rule, firing.c.rule_version, firing.c.record, firing.c.window)
_INSERT = {
    "sqlite": sqlite.insert(firing).on_conflict_do_nothing().returning(*_KEY),
    "postgresql": postgresql.insert(firing).on_conflict_do_nothing().returning(*_KEY),
}
#: A row has six values, and SQLite takes 32,766 in a statement.
_ROWS = 5000


def claim(
    connection: Connection, firings: Sequence[tuple[str, str, str | None, str, str, datetime]]
) -> set[tuple[str, str, str | None, str]]:
    """Take windows that nobody has taken yet.

    On PostgreSQL this waits for another transaction that has just taken the same one: it is ours if that rolls back.

    Args:
        connection: The transaction.
        firings: ``(rule, rule_version, record, window, decision, at)``; record is None for an event about none.

    Returns:
        Those that are newly taken, as ``(rule, rule_version, record, window)``.
    """
    taken: set[tuple[str, str, str | None, str]] = set()
    # In one order always, so that two transactions never wait for each other.
    rows = sorted(
        {one[:4]: one for one in reversed(firings)}.values(), key=lambda one: (one[0], one[1], one[2] or "", one[3])
    )
    insert = _INSERT[connection.dialect.name]
    for start in range(0, len(rows), _ROWS):
        values = [
            {"rule": rule, "rule_version": version, "record": record or "", "window": window, "decision": by, "at": at}
            for rule, version, record, window, by, at in rows[start : start + _ROWS]
        ]
        # Parameters beside the statement, not inside it: so it is compiled once, whatever the number of rows.
        for rule, version, record, window in connection.execute(insert, values):
            taken.add((rule, version, record or None, window))
    return taken


def taken(connection: Connection, rule: str, records: Sequence[str]) -> dict[str, list[str]]:
    """Return the windows in which a rule has fired: record to windows."""
    found: dict[str, list[str]] = {}
    for some in chunks(records):
        statement = sa.select(firing.c.record, firing.c.window).where(firing.c.rule == rule, firing.c.record.in_(some))
        for record, window in connection.execute(statement.order_by(firing.c.at)):
            found.setdefault(record, []).append(window)
    return found
