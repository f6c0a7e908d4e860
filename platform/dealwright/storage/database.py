"""The workspace's database: where it is, and how a transaction is begun and ended.

    with database.write() as connection: ...      one transaction that may write; commits at the end of the block
    with database.read() as connection: ...       one transaction that only reads

SQLite has one writer at a time. A write therefore begins with BEGIN IMMEDIATE: it takes the lock before it reads, so
no change is lost and no transaction has to start over. Reads go through connections of their own, are never in the
way and see the state of the moment they began (write-ahead log). PostgreSQL reads and writes at READ COMMITTED, where
every statement sees what is committed when it begins; what must not be lost is guarded by ``version``, unique indexes
and row locks. As a transaction would add nothing to such reads but two round trips, they have none there.

A workspace is one SQLite file, or one schema of a PostgreSQL database (``?schema=name``; ``public`` unless said).
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from contextlib import contextmanager
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

# The library of jobs imports it later, in a thread of its own, and a statement that is built meanwhile finds half of it.
import sqlalchemy.orm
from sqlalchemy import event

from dealwright.conditions.sql import prepare
from dealwright.errors import ConflictError, Problem, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Connection = sa.Connection

#: Seconds a statement waits for a lock, and a caller for a free connection, before the answer is "try again".
PATIENCE = 30
#: Seconds after which PostgreSQL ends a statement: a page nobody waits for any more.
STATEMENT_TIMEOUT = 60
#: Connections to PostgreSQL that a process keeps open for writing, and as many for reading; a burst may double them.
POOL_SIZE, POOL_OVERFLOW = 8, 8
#: Readers of a SQLite file at once in this process.
SQLITE_READERS = 16

#: Bytes of pages that each connection to a SQLite file keeps for itself, and of the file that is mapped into memory.
SQLITE_CACHE, SQLITE_MAPPED = 8 << 20, 1 << 30

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
#: FULL survives a power cut, which is what "saved" means; the measured price is one fdatasync a transaction.
_SQLITE_PRAGMAS = (
    f"busy_timeout={PATIENCE * 1000}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    # Each connection has a cache of its own, and a process has many: they stay small, and pages are read from the mapped
    # file, which all of them share. Measured on 100,000 records: aggregates twice as fast, 600 MB less.
    f"cache_size=-{SQLITE_CACHE >> 10}",
    f"mmap_size={SQLITE_MAPPED}",
    "temp_store=MEMORY",
)
#: SQLSTATEs (PostgreSQL docs, appendix A) after which the same transaction may simply be tried again.
_TRANSIENT = {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "53300", "53100", "53200", "25006"}
#: What PostgreSQL says where a prepared statement knows a column's old type; it would say so for ever.
_UNSUPPORTED, _STALE_PLAN = "0A000", "cached plan must not change result type"
#: Execution options of a statement whose best plan depends on its values: a list, a total. PostgreSQL plans it anew each
#: time. After five times it would keep one plan for all values, and take a rare and a common one for the same.
PLANNED_ANEW: Mapping[str, Any] = MappingProxyType({"dealwright_planned_anew": True})
#: Execution option by which a reading connection is known.
_READING = "dealwright_reading"
_UNIQUE, _FOREIGN_KEY, _READ_ONLY = "23505", "23503", "25006"


class Database:
    """One workspace's database.

    Attributes:
        url: The address as it was given, with any password.
        dialect: ``sqlite`` or ``postgresql``.
        schema: The PostgreSQL schema of the workspace; None for the connection's default and on SQLite.

    Opening it connects to nothing. Use it as a context manager, or call :meth:`close`.
    """

    def __init__(self, url: str) -> None:
        """Describe a database.

        Args:
            url: ``sqlite:///path/to/file.db`` or ``postgresql://user:password@host/name?schema=workspace``.

        Raises:
            ValueError: If the address is of neither form.
        """
        self.url = url
        self._address, self.schema = _address(url)
        self.dialect = self._address.get_backend_name()
        self._writing, self._reading = self._sqlite() if self.dialect == "sqlite" else self._postgresql()
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. The database can still be used: it connects again."""
        self._writing.dispose()
        self._reading.dispose()

    @property
    def engine(self) -> sa.Engine:
        """The writing engine, for the libraries that ask for one (jobs, migrations)."""
        return self._writing

    @contextmanager
    def write(self, *, patience: float | None = None) -> Iterator[Connection]:
        """Begin a transaction that may write; commit at the end of the block, roll back on any exception.

        Args:
            patience: Seconds that it waits for a row that somebody else has locked; ``PATIENCE`` when None. Work that
                nobody waits for gives way early: after one second PostgreSQL ends one of two transactions that wait
                for each other, and that may be the person's. SQLite has one writer at a time and no such case.

        Raises:
            ConflictError: If a unique index or a foreign key refuses the change; ``problems`` names it.
            UnavailableError: If the database is locked, overloaded or gone. Nothing was written, except that a
                connection lost during the commit itself leaves it unknown: repeat with the same Idempotency-Key.
            RuntimeError: If this thread has a write open already: on SQLite it would wait for itself.
        """
        if getattr(self._local, "writing", False):
            raise RuntimeError(
                "a write is open in this thread already; pass its connection on instead of opening another"
            )
        self._local.writing = True
        try:
            with _begun(self._writing) as connection:
                if patience is not None and self.dialect == "postgresql":
                    connection.exec_driver_sql(
                        "SELECT set_config('lock_timeout', %s, true)", (f"{patience * 1000:.0f}ms",)
                    )
                yield connection
        finally:
            self._local.writing = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Begin a transaction that cannot write.

        On SQLite every statement of the block sees one state. On PostgreSQL each sees what is committed when it begins.

        Raises:
            UnavailableError: If the database is overloaded or gone.
        """
        with _begun(self._reading) as connection:
            yield connection

    def only_reads(self, connection: Connection) -> bool:
        """Tell whether a connection is one of :meth:`read`."""
        return connection.engine is self._reading

    def autocommit(self) -> sa.Engine:
        """Return an engine whose statements stand alone, for what cannot run in a transaction (PostgreSQL only)."""
        return self._writing.execution_options(isolation_level="AUTOCOMMIT")

    def _sqlite(self) -> tuple[sa.Engine, sa.Engine]:
        # The pool of one is the queue of writers: a waiting thread wakes when the lock is free, while SQLite's own
        # busy handler would sleep and look again.
        writing = _engine(self._address, poolclass=sa.QueuePool, pool_size=1, max_overflow=0, connect_args=_SHARED)
        reading = _engine(
            self._address, poolclass=sa.QueuePool, pool_size=SQLITE_READERS, max_overflow=0, connect_args=_SHARED
        )
        _prepare_sqlite(writing, "BEGIN IMMEDIATE", ())
        _prepare_sqlite(reading, "BEGIN", ("query_only=ON",))
        return writing, reading

    def _postgresql(self) -> tuple[sa.Engine, sa.Engine]:
        writing, reading = (
            _engine(
                self._address,
                pool_size=POOL_SIZE,
                max_overflow=POOL_OVERFLOW,
                pool_use_lifo=True,
                connect_args={
                    "options": f"-c statement_timeout={STATEMENT_TIMEOUT}s -c lock_timeout={PATIENCE}s"
                    f" -c idle_in_transaction_session_timeout={STATEMENT_TIMEOUT}s -c timezone=UTC"
                    f" -c default_transaction_read_only={'on' if read_only else 'off'}",
                    "application_name": "dealwright",
                    "connect_timeout": 10,
                },
            )
            for read_only in (False, True)
        )
        for engine in (writing, reading):
            event.listen(engine, "do_execute", _plan_anew)
        reading = reading.execution_options(isolation_level="AUTOCOMMIT", **{_READING: True})
        if self.schema is not None:
            schema = {"schema_translate_map": {None: self.schema}}
            return writing.execution_options(**schema), reading.execution_options(**schema)
        return writing, reading


#: Connections move between the threads of the pool; isolation is SQLAlchemy's matter, not the driver's.
_SHARED: dict[str, Any] = {"check_same_thread": False, "isolation_level": None}


def _address(url: str) -> tuple[sa.URL, str | None]:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ValueError(f"“{url}” is no database address; write sqlite:///file.db or postgresql://host/name") from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("a workspace needs a file: write sqlite:///path/to/file.db")
        return parsed, None
    if kind not in ("postgresql", "postgres"):
        raise ValueError(f"“{kind}” is not supported; write sqlite:///file.db or postgresql://host/name")
    schema = parsed.query.get("schema")
    if schema is not None and not (isinstance(schema, str) and _SCHEMA.match(schema)):
        raise ValueError(f"“{schema}” is no schema name; use small letters, digits and _")
    plain = parsed.difference_update_query(["schema"]).set(drivername="postgresql+psycopg")
    return plain, schema


def to_json(value: Any) -> str:
    """Return compact JSON; a decimal is written as a string, so that it comes back exactly as it was."""
    return _JSON.encode(value)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is no JSON: {value!r}")


_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def _engine(address: sa.URL, **options: Any) -> sa.Engine:
    engine = sa.create_engine(address, pool_timeout=PATIENCE, json_serializer=to_json, **options)
    event.listen(engine, "handle_error", _own_errors, retval=True)
    return engine


def _prepare_sqlite(engine: sa.Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, record: object) -> None:
        prepare(connection)
        for pragma in (*_SQLITE_PRAGMAS, *pragmas):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _plan_anew(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Execute a statement marked with :data:`PLANNED_ANEW` without preparing it; leave the others to SQLAlchemy."""
    if not context.execution_options.get("dealwright_planned_anew"):
        return False
    cursor.execute(statement, parameters, prepare=False)
    return True


@contextmanager
def _begun(engine: sa.Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except sa.exc.TimeoutError as error:
        raise UnavailableError("all connections to the database are in use; try again in a moment") from error
    with connection, connection.begin():
        yield connection


def _own_errors(context: sa.engine.ExceptionContext) -> Exception | None:
    """Turn the driver's errors that a caller can act on into our own, where they arise; faults pass as they are."""
    error = context.sqlalchemy_exception
    if isinstance(error, sa.exc.IntegrityError):
        return _conflict(error)
    if getattr(context.original_exception, "sqlstate", None) == _UNSUPPORTED and _STALE_PLAN in str(error):
        context.is_disconnect = True  # a column was widened: connections that prepared the statement before are closed
    reading = context.connection is not None and context.connection.get_execution_options().get(_READING)
    if reading and getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        return None  # a fault of the program; on a writing connection it is a server that has become a standby
    if isinstance(error, sa.exc.DBAPIError) and (context.is_disconnect or _passes(error)):
        return UnavailableError("the database is busy or restarting; try again in a moment")
    return None


def own_error(connection: Connection, statement: str, error: Any) -> Exception:
    """Return what an error of the driver means, for a statement that SQLAlchemy has not sent itself."""
    gone = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    wrapped = sa.exc.DBAPIError.instance(
        statement, None, error, connection.dialect.loaded_dbapi.Error, dialect=connection.dialect
    )
    if gone:
        connection.invalidate(error)
    if isinstance(wrapped, sa.exc.IntegrityError):
        return _conflict(wrapped)
    if gone or (isinstance(wrapped, sa.exc.DBAPIError) and _passes(wrapped)):
        return UnavailableError("the database is busy or restarting; try again in a moment")
    other: Exception = wrapped
    return other


def _passes(error: sa.exc.DBAPIError) -> bool:
    """Tell whether trying again later may help."""
    if isinstance(error.orig, sqlite3.OperationalError):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_TRANSIENT
    state = getattr(error.orig, "sqlstate", None)
    if isinstance(error, sa.exc.OperationalError) and state is None:  # psycopg could not reach the server
        return True
    return state is not None and (state in _TRANSIENT or state.startswith("08"))


_SQLITE_TRANSIENT = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


def _conflict(error: sa.exc.IntegrityError) -> ConflictError:
    """Return the conflict an integrity error stands for, with the index or constraint as its problem's pointer."""
    text = str(error.orig)
    diag = getattr(error.orig, "diag", None)
    state = getattr(error.orig, "sqlstate", None)
    name = getattr(diag, "constraint_name", None) or text.partition("failed: ")[2].removeprefix("index ").strip("'")
    if state == _UNIQUE or "UNIQUE constraint" in text:
        return ConflictError(
            f"another record has the same value ({name}); it was saved a moment earlier. Load it, or use another value",
            [Problem("", "not-unique", f"the unique index {name} has this value already")],
        )
    if state == _FOREIGN_KEY or "FOREIGN KEY constraint" in text:
        return ConflictError(
            "a record that this one refers to, or that refers to it, was changed a moment ago; load it again",
            [Problem("", "reference-broken", f"the foreign key {name or 'of this record'} does not hold")],
        )
    return ConflictError(f"the database refuses the change: {text}", [Problem("", "refused", text)])
