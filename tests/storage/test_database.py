"""Transactions: whole or not at all, and errors in our own words."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from dealwright.errors import ConflictError, UnavailableError
from dealwright.storage import Database, system
from dealwright.storage import database as module


def put(connection, key, value=1):
    connection.execute(sa.insert(system.sequence).values(key=key, value=value))


def keys(database):
    with database.read() as connection:
        return set(connection.scalars(sa.select(system.sequence.c.key)))


def test_a_write_commits_at_its_end_and_rolls_back_on_any_exception(database):
    with database.write() as connection:
        put(connection, "a")
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        put(connection, "b")
        raise ZeroDivisionError
    assert keys(database) == {"a"}


def test_a_read_cannot_write(database):
    with pytest.raises(sa.exc.DBAPIError), database.read() as connection:
        put(connection, "a")
    with database.write() as connection:
        put(connection, "a")
    assert keys(database) == {"a"}


def test_a_write_within_a_write_of_the_same_thread_is_an_error_at_once(database):
    with database.write(), pytest.raises(RuntimeError, match="pass its connection on"), database.write():
        pass
    with database.write() as connection:
        put(connection, "a")


def test_a_reader_is_not_in_the_way_of_a_writer(database):
    with database.write() as connection:
        put(connection, "a")
    with database.read() as reader:
        assert reader.scalar(sa.select(sa.func.count()).select_from(system.sequence)) == 1
        with database.write() as connection:
            put(connection, "b")
    assert keys(database) == {"a", "b"}


def test_writers_wait_for_each_other_and_lose_nothing(database):
    with database.write() as connection:
        put(connection, "n", 0)
    errors = []

    def count_up():
        try:
            for _ in range(25):
                with database.write() as connection:
                    row = sa.select(system.sequence.c.value).where(system.sequence.c.key == "n").with_for_update()
                    value = connection.scalar(row)
                    connection.execute(sa.update(system.sequence).values(value=value + 1))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with database.read() as connection:
        assert connection.scalar(sa.select(system.sequence.c.value)) == 100


def test_a_unique_value_that_is_there_is_a_conflict_that_names_the_index(database):
    with database.write() as connection:
        put(connection, "a")
    with pytest.raises(ConflictError, match="dw_sequence") as caught, database.write() as connection:
        put(connection, "a")
    assert caught.value.problems[0].code == "not-unique"


def test_no_free_connection_is_unavailable_and_says_try_again(sqlite_url, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with Database(sqlite_url) as database:
        caught = []

        def second():
            try:
                with database.write():
                    pass
            except UnavailableError as error:
                caught.append(error)

        with database.write():
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(30)
        assert len(caught) == 1


def test_a_file_that_another_process_writes_is_unavailable_after_the_patience(sqlite_url, monkeypatch):
    monkeypatch.setattr(module, "_SQLITE_PRAGMAS", ("busy_timeout=50", "journal_mode=WAL"))
    with Database(sqlite_url) as one, Database(sqlite_url) as two, one.write():
        with pytest.raises(UnavailableError), two.write():
            pass
        with two.read() as connection:
            assert connection.scalar(sa.select(system.workspace.c.id)) == 1


def test_a_lost_server_is_unavailable_and_the_next_try_connects_again(postgresql_url):
    with Database(postgresql_url) as database, Database(postgresql_url) as killer:
        with database.read() as connection:
            pid = connection.scalar(sa.select(sa.func.pg_backend_pid()))
        with killer.write() as connection:
            connection.execute(sa.select(sa.func.pg_terminate_backend(pid)))
        with pytest.raises(UnavailableError), database.read() as connection:
            connection.execute(sa.select(system.workspace.c.id))
        assert keys(database) == set()


def test_a_server_that_is_not_there_is_unavailable():
    with (
        Database("postgresql://nobody@127.0.0.1:1/none") as database,
        pytest.raises(UnavailableError),
        database.read(),
    ):
        pass


def test_a_statement_that_takes_too_long_is_ended(postgresql_url, monkeypatch):
    monkeypatch.setattr(module, "STATEMENT_TIMEOUT", 1)
    with Database(postgresql_url) as database, pytest.raises(UnavailableError), database.read() as connection:
        connection.execute(sa.select(sa.func.pg_sleep(20)))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://localhost/x",
        "file.db",
        "postgresql://h/d?schema=Robert'); DROP",
        "postgresql://h/d?schema=a&schema=b",
    ],
)
def test_an_address_that_cannot_be_used_says_what_to_write(url):
    with pytest.raises(ValueError, match=r"sqlite:///|small letters"):
        Database(url)


def test_settings_that_durability_rests_on_are_in_force(sqlite_url):
    with Database(sqlite_url) as database, database.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
