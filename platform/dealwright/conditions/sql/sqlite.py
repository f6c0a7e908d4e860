"""What SQLite cannot say exactly, it asks Python for.

SQLite has no decimals, no dates and a ``lower()`` for ASCII only. A comparison that needs more than it has becomes one
call of a function that we register on each connection:

    dw_truth(program, argument, ...)   1 or 0: a condition
    dw_value(program, argument, ...)   a value as its column would hold it
    dw_each(program, argument, ...)    an aggregate: sum, avg, min or max of a value of each row

The program is the typed tree as JSON (:mod:`dealwright.conditions.wire`), the arguments are the columns it reads as
they are stored. So the answer is that of the Python back end by construction, at some 3 µs a row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from dealwright.conditions import arithmetic, python, wire
from dealwright.conditions.sql.types import ClockTime, Json, Milliseconds, Scaled, UtcDateTime
from dealwright.conditions.syntax import Each, Name, Node
from dealwright.conditions.types import Type

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

_MILLISECOND = timedelta(milliseconds=1)
_KEPT = 1024


class Either(FunctionElement[Any]):
    """One expression for SQLite and another for every other database; which one is decided when SQL is written."""

    inherit_cache = True
    name = "either"

    def __init__(self, sqlite: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> None:
        super().__init__(sqlite, other)
        self.type = sqlite.type

    # Read from the clauses, which SQLAlchemy replaces in a copy of the expression.
    @property
    def sqlite(self) -> sa.ColumnElement[Any]:
        """The expression for SQLite."""
        first, _ = self.clauses
        return first

    @property
    def other(self) -> sa.ColumnElement[Any]:
        """The expression for every other database."""
        _, second = self.clauses
        return second


@compiles(Either)
def _other(element: Either, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.other, **options)})"


@compiles(Either, "sqlite")
def _sqlite(element: Either, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.sqlite, **options)})"


class Exact(sa.types.TypeDecorator[Decimal]):
    """A decimal of any size as text: what an aggregate hands to the comparison around it."""

    impl = sa.Text
    cache_ok = True


def prepare(connection: sqlite3.Connection, record: object = None) -> None:
    """Register the functions on a new connection; made to be a listener of SQLAlchemy's ``connect`` event."""
    connection.create_function("dw_truth", -1, _truth, deterministic=True)
    connection.create_function("dw_value", -1, _value, deterministic=True)
    connection.create_aggregate("dw_each", -1, _Each)  # type: ignore[arg-type]


def truth(tree: Node, arguments: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[int]:
    """Return the call that answers 1 or 0; ``tree`` names its arguments "0", "1" ..."""
    return sa.func.dw_truth(_program(tree, arguments), *arguments, type_=sa.Integer())


def value(tree: Node, arguments: Sequence[sa.ColumnElement[Any]], kind: TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Return the call that gives a value as a column of type ``kind`` would hold it."""
    scale = kind.scale if isinstance(kind, Scaled) else 0
    return sa.func.dw_value(_program(tree, arguments, scale=scale), *arguments, type_=kind)


def each(
    measure: str, tree: Node, arguments: Sequence[sa.ColumnElement[Any]], kind: TypeEngine[Any]
) -> sa.ColumnElement[Any]:
    """Return the aggregate of a value over rows; a decimal comes as text, so that no size is too large."""
    program = _program(tree, arguments, measure=measure)
    return sa.func.dw_each(program, *arguments, type_=Exact() if isinstance(kind, Scaled) else kind)


def stored(element: sa.ColumnElement[Any], kind: TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Return a summary that may be exact text on SQLite as a column of type ``kind`` would hold it."""
    if not (isinstance(element, Either) and isinstance(element.type, Exact)):
        return element
    whole = Name(("0",), Type("decimal"), steps=("0",))
    return Either(value(whole, [element.sqlite], kind), element.other)


def stored_as(kind: TypeEngine[Any]) -> str:
    """Return the word for how SQLite holds values of a type, which :data:`_DECODE` reads back."""
    if isinstance(kind, Scaled):
        return f"scaled:{kind.scale}"
    for known, word in _WORDS:
        if isinstance(kind, known):
            return word
    return "plain"


_WORDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Exact, "exact"),
    (UtcDateTime, "datetime"),
    (Milliseconds, "duration"),
    (ClockTime, "time"),
    (Json, "json"),
    (sa.Boolean, "boolean"),
    (sa.Date, "date"),
)


def _program(tree: Node, arguments: Sequence[sa.ColumnElement[Any]], **more: Any) -> str:
    stored = [stored_as(one.sqlite.type if isinstance(one, Either) else one.type) for one in arguments]
    return json.dumps({"tree": wire.to_json(tree), "args": stored, **more}, ensure_ascii=False, separators=(",", ":"))


# At run time ---------------------------------------------------------------------------------------------------------


class _Program:
    def __init__(self, text: str) -> None:
        said: Mapping[str, Any] = json.loads(text)
        tree = wire.from_json(said["tree"])
        self.kind = tree.type.kind
        self.scale: int = said.get("scale", 0)
        self.work = python.compile(tree)
        self.decoders = [_decoder(word) for word in said["args"]]
        if "measure" in said:
            # The measure of the values, as a list of rows that have one column.
            rows = Name(("rows",), Type("rows"), steps=("rows",))
            column = Name(("r", "v"), tree.type, root="r", steps=("v",))
            self.summary = python.compile(Each(said["measure"], rows, "r", column, tree.type))

    def run(self, stored: Sequence[Any]) -> Any:
        env = {
            str(place): None if raw is None else decode(raw)
            for place, (decode, raw) in enumerate(zip(self.decoders, stored, strict=True))
        }
        return self.work(env)


@lru_cache(maxsize=_KEPT)
def _compiled(text: str) -> _Program:
    return _Program(text)


def _truth(program: str, *stored: Any) -> int:
    return 1 if _compiled(program).run(stored) else 0


def _value(program: str, *stored: Any) -> Any:
    compiled = _compiled(program)
    return _encoded(compiled.run(stored), compiled.kind, compiled.scale)


def _encoded(result: Any, kind: str, scale: int) -> Any:
    if result is None:
        return None
    if kind == "decimal":
        return int(Decimal(result).scaleb(scale, arithmetic.EXACT).to_integral_value(context=arithmetic.EXACT))
    if kind == "duration":
        return result // _MILLISECOND
    if kind == "datetime":
        return result.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
    if kind in ("date", "time"):
        return result.isoformat()
    return int(result) if kind == "boolean" else result


class _Each:
    """The aggregate ``dw_each``."""

    def __init__(self) -> None:
        self.program: _Program | None = None
        self.rows: list[dict[str, Any]] = []

    def step(self, program: str, *stored: Any) -> None:
        self.program = _compiled(program)
        found = self.program.run(stored)
        if found is not None:
            self.rows.append({"v": found})

    def finalize(self) -> Any:
        if self.program is None:
            return None
        result = self.program.summary({"rows": self.rows})
        if isinstance(result, Decimal):
            return f"{result:f}"
        return _encoded(result, self.program.kind, 0) if self.program.kind != "decimal" else result


def _decoder(word: str) -> Callable[[Any], Any]:
    if word.startswith("scaled:"):
        places = -int(word.removeprefix("scaled:"))
        return lambda raw: Decimal(raw).scaleb(places, arithmetic.EXACT)
    return _DECODE[word]


_DECODE: dict[str, Callable[[Any], Any]] = {
    "plain": lambda raw: raw,
    "exact": Decimal,
    "datetime": lambda raw: datetime.fromisoformat(raw).replace(tzinfo=UTC),
    "duration": lambda raw: timedelta(milliseconds=raw),
    "json": json.loads,
    "boolean": bool,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}
