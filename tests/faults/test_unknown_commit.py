"""A connection lost at any moment, the commit included: whoever repeats the request with its key gets it done once.

The driver says that the server is gone, before a statement or a COMMIT was carried out, or after a COMMIT was: then
the change is there and nobody has heard so. The answer is 503 in each case, which says: try again.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from .invariants import last, violations
from .kill_points import Points
from .scenarios import Archive, Bulk, Move, Save, Update

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.storage import Database

    from .scenarios import Scenario
    from .site import Site


class LostConnection:
    """Makes the driver fail at point ``at`` as it does when the server is gone."""

    def __init__(self, database: Database, at: int) -> None:
        self.points = Points(at, self._strike)
        self.struck: str | None = None
        self._database = database

    def _strike(self, name: str) -> None:
        self.struck = name
        if self._database.dialect == "postgresql":
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error


@contextmanager
def losing(database: Database, at: int) -> Iterator[LostConnection]:
    """Lose the connection at point ``at`` of the block: before a statement, or before or after a COMMIT."""
    fault = LostConnection(database, at)
    dialect = database.engine.dialect
    commit, execute, many = dialect.do_commit, dialect.do_execute, dialect.do_executemany

    def do_commit(connection: Any) -> None:
        fault.points.pass_by("before COMMIT")
        commit(connection)
        fault.points.pass_by("after COMMIT")

    def do_execute(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        fault.points.pass_by(statement)
        execute(cursor, statement, parameters, context)

    def do_executemany(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        fault.points.pass_by(statement)
        many(cursor, statement, parameters, context)

    dialect.do_commit, dialect.do_execute, dialect.do_executemany = do_commit, do_execute, do_executemany  # type: ignore[method-assign]
    try:
        yield fault
    finally:
        dialect.do_commit, dialect.do_execute, dialect.do_executemany = commit, execute, many  # type: ignore[method-assign]


WORK: dict[str, Scenario] = {
    "save": Save(),
    "update": Update(),
    "move": Move(),
    "bulk": Bulk(atomic=False),
    "archive": Archive(),
}


def run(site: Site, scenario: Scenario, number: int) -> tuple[str | None, int]:
    """Lose the connection at one point and repeat the request; return what was lost, and what the client was told."""
    database, since = site.workspace.database, last(site.workspace.database)
    state = scenario.begin(site, number)
    with losing(database, number) as fault:
        ((status, _),) = scenario.act(site, state)
    answers = scenario.act(site, state)
    wrong = violations(database, site.catalog, (), since) + scenario.wrong(site, state, answers)
    assert wrong == [], f"lost at {number}: {fault.struck}"
    return fault.struck, status


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
def test_a_request_whose_connection_is_lost_at_any_moment_is_told_so_and_done_once(site: Site, name: str) -> None:
    told = {}
    for number in range(1, 500):
        struck, status = run(site, WORK[name], number)
        if struck is None:
            break
        told.setdefault(struck, set()).add(status)
    assert {"before COMMIT", "after COMMIT"} <= set(told)
    assert len(told) > 8
    assert set().union(*told.values()) == {503}
