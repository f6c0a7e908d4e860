"""A process that dies at any statement leaves a whole record or none: row, lines, event, decision, outbox together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from dealwright.events import Event
from dealwright.storage import Database, events, outbox, records, schema, sequences, system, tables, timers
from dealwright.storage.records import Change
from dealwright.storage.timers import Timer

from .conftest import NOON

DEAL = "sales.deal"


def save(database, catalog, number):
    """Do what one save does: a new record, a change of the last one, event, message, timer, number."""
    identifier = f"d{number}"
    row = {"id": identifier, "version": 1, "created_at": NOON, "updated_at": NOON, "name": identifier, "count": number}
    with database.write() as connection:
        (taken,) = sequences.take(connection, "deal")
        records.insert(connection, catalog, DEAL, [{**row, "lines": [{"sku": "a"}, {"sku": "b"}]}])
        changed = [Event(f"e{number}", "record.created", DEAL, identifier, 1, NOON, data={"number": taken})]
        if number > 1:
            values = {"amount": Decimal(number), "lines": [{"sku": "c"}]}
            assert records.update(connection, catalog, DEAL, [Change(f"d{number - 1}", 1, values)]) == []
            changed.append(Event(f"u{number}", "record.updated", DEAL, f"d{number - 1}", 2, NOON))
        events.append(connection, changed)
        message = {"id": f"m{number}", "at": NOON, "channel": "c", "target": "t", "payload": {}, "key": f"m{number}"}
        outbox.put(connection, [message])
        timers.put(connection, [Timer(DEAL, identifier, "sla", NOON)])


def shape(database, catalog):
    """Return how many saves have happened, having made sure that every trace of each is there and of no other."""
    md = tables.of(catalog).tables
    with database.read() as connection:

        def ids(column):
            return sorted(connection.scalars(sa.select(column)))

        deals = ids(md["sales__deal"].c.id)
        count = len(deals)
        assert deals == sorted(f"d{n}" for n in range(1, count + 1))
        expected = sorted([f"e{n}" for n in range(1, count + 1)] + [f"u{n}" for n in range(2, count + 1)])
        assert ids(system.event.c.id) == expected
        assert ids(system.outbox.c.key) == sorted(f"m{n}" for n in range(1, count + 1))
        assert ids(system.timer.c.record) == deals
        assert connection.scalar(sa.select(system.sequence.c.value)) == (count or None)
        found = records.get(connection, catalog, DEAL, deals)
        for n in range(1, count + 1):
            row, last = found[f"d{n}"], n == count
            assert (row["version"], row["amount"]) == ((1, None) if last else (2, n + 1))
            assert [line["sku"] for line in row["lines"]] == (["a", "b"] if last else ["c"])
    return count


class Killer:
    """Kills this process just before or just after its ``at``-th statement, commit or connection."""

    def __init__(self, engine, at, after):
        self.seen, self.at = 0, at
        for name in ("commit", "after_cursor_execute" if after else "before_cursor_execute"):
            sa.event.listen(engine, name, self)

    def __call__(self, *args):
        self.seen += 1
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def in_a_child(url, catalog, at, after):
    """Make two saves in a forked process that kills itself; return whether it lived to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with Database(url) as database:
                Killer(database.engine, at, after)
                count = shape(database, catalog)
                for number in (count + 1, count + 2):
                    save(database, catalog, number)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFEXITED(status)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")
@pytest.mark.parametrize("after", [False, True], ids=["before a statement", "after a statement"])
def test_a_process_killed_at_any_statement_leaves_whole_saves_only(database_url, catalog, after):
    with Database(database_url) as database, database.write() as connection:
        schema.plan(None, catalog).apply(connection)
    count, kills = 0, 0
    for at in range(1, 200):
        lived = in_a_child(database_url, catalog, at, after)
        with Database(database_url) as database:
            now = shape(database, catalog)
        assert count <= now <= count + 2
        count, kills = now, kills + (not lived)
        if lived:
            break
    assert lived
    assert count >= 3
    assert kills >= 16


def test_the_check_itself_finds_half_a_save(crm, catalog):
    save(crm, catalog, 1)
    assert shape(crm, catalog) == 1
    with crm.write() as connection:
        connection.execute(sa.delete(system.outbox))
    with pytest.raises(AssertionError):
        shape(crm, catalog)


def test_an_interpreter_that_is_killed_leaves_the_file_readable(sqlite_url, catalog):
    """Not a fork but a process of its own that opens the database anew and dies with an open transaction."""
    program = """
import os, signal, sys
from dealwright.storage import Database, sequences
database = Database(sys.argv[1])
with database.write() as connection:
    sequences.take(connection, "whole")
with database.write() as connection:
    sequences.take(connection, "half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program, sqlite_url], cwd=Path(__file__).parent, check=False)
    assert done.returncode == -signal.SIGKILL
    with Database(sqlite_url) as database, database.read() as connection:
        assert connection.scalars(sa.select(system.sequence.c.key)).all() == ["whole"]
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
