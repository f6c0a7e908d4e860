"""Which rules have fired within which window: the guard that makes ``once_per`` hold whatever happens at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from dealwright import clock
from dealwright.storage.several import chunks
from dealwright.storage.system import firing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


def put_aside(connection: Connection, windows: Sequence[tuple[str, str, str]], window: str) -> None:
    """Put a window that lasts until something ends it aside, so that it can be taken anew; one statement.

    Args:
        connection: The transaction.
        windows: ``(rule, rule_version, record)``; those that have not taken the window are passed over.
        window: The window.
    """
    if windows:
        connection.execute(
            _PUT_ASIDE,
            [
                {"rule__": rule, "version__": version, "record__": record, "window__": window, "aside__": aside}
                for (rule, version, record), aside in zip(sorted(windows), clock.new_ids(len(windows)), strict=True)
            ],
        )


_PUT_ASIDE = (
    sa.update(firing)
    .where(
        firing.c.rule == sa.bindparam("rule__"),
        firing.c.rule_version == sa.bindparam("version__"),
        firing.c.record == sa.bindparam("record__"),
        firing.c.window == sa.bindparam("window__"),
    )
    .values(window=sa.bindparam("window__") + ":" + sa.bindparam("aside__"))
)


def put_aside_others(
    connection: Connection, rule: str, version: str, window: str, lasting: sa.Select[tuple[str]]
) -> int:
    """Put a window aside for every record that is not among those of a SELECT of ids; return for how many."""
    aside = clock.new_id()  # one for all: with the record it is unique
    where = (firing.c.rule == rule, firing.c.rule_version == version, firing.c.window == window)
    ended = sa.update(firing).where(*where, firing.c.record.not_in(lasting)).values(window=f"{window}:{aside}")
    return connection.execute(ended).rowcount


def held(connection: Connection, decisions: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return for decisions that found their window taken already what had taken it; one statement.

    Args:
        connection: The transaction.
        decisions: Rows of decisions about one record that fired.

    Returns:
        Id of the decision → ``decision`` and ``at`` of what had fired before. One that took its window is not among them,
        nor one whose window is forgotten by now.
    """
    asked = {(one["rule"], one["rule_version"]): one for one in decisions if one["window"] != one["event"]}
    if not asked:
        return {}
    record = next(iter(asked.values()))["record"]
    names = sorted({rule for rule, _ in asked})
    took: dict[str, dict[str, Any]] = {}
    own: set[str] = set()
    statement = sa.select(firing).where(firing.c.rule.in_(names), firing.c.record == record).order_by(firing.c.at)
    for row in connection.execute(statement).mappings():
        one = asked.get((row["rule"], row["rule_version"]))
        if one is None or row["at"] > one["at"]:
            continue
        # A window that has been put aside since has something behind its name.
        if row["window"] == one["window"] or row["window"].startswith(f"{one['window']}:"):
            took[one["id"]] = {"decision": row["decision"], "at": row["at"]}
            if row["decision"] == one["id"]:
                own.add(one["id"])
    return {identifier: by for identifier, by in took.items() if identifier not in own}


def taken(
    connection: Connection, rule: str, records: Sequence[str], *, since: datetime | None = None
) -> dict[str, list[str]]:
    """Return the windows in which a rule has fired, at all or since a moment: record to windows."""
    found: dict[str, list[str]] = {}
    for some in chunks(records):
        statement = sa.select(firing.c.record, firing.c.window).where(firing.c.rule == rule, firing.c.record.in_(some))
        if since is not None:
            statement = statement.where(firing.c.at >= since)
        for record, window in connection.execute(statement.order_by(firing.c.at)):
            found.setdefault(record, []).append(window)
    return found
