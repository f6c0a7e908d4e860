"""Stored decisions of rules: why something happened, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from dealwright.storage import bulk
from dealwright.storage.system import decision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.database import Connection

_INSERT = sa.insert(decision).inline()
_NAMES = [column.name for column in decision.c]
#: What a decision knows when it is made; ``result`` is filled in when its actions have run.
_MADE = [name for name in _NAMES if name not in ("facts", "truth", "result")]


class Made(Protocol):
    """A decision as ``rules`` makes it: everything but the result."""

    @property
    def id(self) -> str: ...  # noqa: D102 - ``rules.Decision`` says what each is
    @property
    def facts(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def truth(self) -> Sequence[bool]: ...  # noqa: D102


def put(connection: Connection, decisions: Sequence[Made], results: Mapping[str, Any] | None = None) -> None:
    """Write decisions; one statement.

    Args:
        connection: The transaction.
        decisions: What rules decided.
        results: Decision id to JSON: what its actions did.
    """
    rows = [
        {name: getattr(one, name) for name in _MADE}
        | {"facts": dict(one.facts), "truth": list(one.truth), "result": (results or {}).get(one.id)}
        for one in decisions
    ]
    if rows:
        bulk.insert(connection, _INSERT, decision, rows)


def note(connection: Connection, results: Mapping[str, Any]) -> None:
    """Set what the actions of stored decisions did: decision id → JSON; one statement."""
    if results:
        connection.execute(_NOTE, [{"id__": identifier, "result": result} for identifier, result in results.items()])


_NOTE = sa.update(decision).where(decision.c.id == sa.bindparam("id__"))


def get(connection: Connection, identifier: str) -> dict[str, Any] | None:
    """Return a decision as a dict of its columns, or None."""
    found = _rows(connection, sa.select(decision).where(decision.c.id == identifier))
    return found[0] if found else None


def about(connection: Connection, entity: str, record: str, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the decisions about a record, newest first."""
    where = (decision.c.entity == entity, decision.c.record == record)
    return _rows(connection, sa.select(decision).where(*where).order_by(decision.c.id.desc()).limit(limit))


def latest_of(
    connection: Connection, entity: str, record: str, names: Sequence[str], at: datetime | None = None
) -> dict[str, dict[str, Any]]:
    """Return the latest decision of each of these rules about a record, by rule; with ``at`` the latest by then."""
    where = [decision.c.entity == entity, decision.c.record == record]
    if len(names) == 1:
        where.append(decision.c.rule == names[0])
    if at is not None:
        where.append(decision.c.at <= at)
    newest = sa.select(sa.func.max(decision.c.id)).where(*where).group_by(decision.c.rule)
    found = _rows(connection, sa.select(decision).where(decision.c.id.in_(newest)))
    wanted = set(names)
    return {row["rule"]: row for row in found if row["rule"] in wanted}


def of(
    connection: Connection, rule: str, *, fired: bool | None = None, since: datetime | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Return the decisions of a rule, newest first; only those that fired (or did not), if it is said."""
    statement = sa.select(decision).where(decision.c.rule == rule)
    if fired is not None:
        statement = statement.where(decision.c.fired == fired)
    if since is not None:
        statement = statement.where(decision.c.at >= since)
    return _rows(connection, statement.order_by(decision.c.id.desc()).limit(limit))


def acted(connection: Connection, rules: Sequence[str], *, among: int = 200) -> dict[str, tuple[int, int, Any]]:
    """Return of each rule how often it fired among its newest decisions, how many these are, and when it fired last.

    A rule that was never decided is missing. Costs one walk of an index of ``among`` entries a rule, whatever there is.
    """
    found: dict[str, tuple[int, int, Any]] = {}
    for start in range(0, len(rules), 100):
        newest = [
            sa.select(decision.c.rule, decision.c.fired, decision.c.at)
            .where(decision.c.rule == rule)
            .order_by(decision.c.id.desc())
            .limit(among)
            .subquery()
            for rule in rules[start : start + 100]
        ]
        told = [
            sa.select(
                sa.func.min(one.c.rule),
                sa.func.sum(sa.case((one.c.fired, 1), else_=0)),
                sa.func.count(),
                sa.func.max(sa.case((one.c.fired, one.c.at))),
            )
            for one in newest
        ]
        for rule, fired, of, at in connection.execute(sa.union_all(*told)):
            if rule is not None:
                found[rule] = (int(fired), int(of), at)
    return found


def latest(connection: Connection, *, limit: int = 200) -> list[dict[str, Any]]:
    """Return the newest decisions of the workspace, newest first."""
    return _rows(connection, sa.select(decision).order_by(decision.c.id.desc()).limit(limit))


def _rows(connection: Connection, statement: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(zip(_NAMES, row, strict=True)) for row in connection.execute(statement)]
