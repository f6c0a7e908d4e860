"""The yardstick: the same entity as Flask and SQLAlchemy Core written by hand, and nothing else.

It holds every field to the same limits, looks the token up for each request, checks references by foreign keys and
commits as durably as the platform. It has no rights, no history, no log of events or decisions, no metadata.

    python -m benchmarks.hand_written <SQLAlchemy address> <port>
"""

from __future__ import annotations

import csv
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, request
from waitress import serve
from werkzeug.exceptions import HTTPException, Unauthorized, UnprocessableEntity

from benchmarks import workload
from benchmarks.workload import LARGE, Spec

TOKEN = "dw_by_hand_0123456789"
THREADS, BATCH = 8, 500
warnings.filterwarnings("ignore", message="Dialect sqlite.* does .*not.* support Decimal")

metadata = sa.MetaData()
users = sa.Table(
    "app_user",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.Text),
    sa.Column("token", sa.Text, unique=True),
)
_TYPES: dict[str, Callable[[], Any]] = {
    "money": lambda: sa.Numeric(18, 4),
    "percent": lambda: sa.Numeric(9, 4),
    "integer": sa.BigInteger,
    "boolean": sa.Boolean,
    "date": sa.Date,
    "datetime": lambda: sa.DateTime(timezone=True),
    "multi_select": sa.JSON,
}


def _column(spec: Spec) -> sa.Column[Any]:
    if spec.kind in ("reference", "user"):
        target = "account.id" if spec.kind == "reference" else "app_user.id"
        return sa.Column(spec.name, sa.Integer, sa.ForeignKey(target), nullable=not spec.required, index=True)
    kind = _TYPES.get(spec.kind, sa.Text)()
    return sa.Column(spec.name, kind, nullable=not spec.required, index=spec.indexed)


account = sa.Table("account", metadata, sa.Column("id", sa.Integer, primary_key=True), *map(_column, workload.ACCOUNT))
deal = sa.Table("deal", metadata, sa.Column("id", sa.Integer, primary_key=True), *map(_column, workload.DEAL))
Check = Callable[[Any], Any]


def _checked(spec: Spec) -> Check:
    """Return what turns a JSON value into the one that is stored, or raises ValueError."""
    pattern = re.compile(spec.pattern) if spec.pattern else None
    options, least, most = frozenset(spec.options), spec.least, spec.most

    def number(value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number is expected")
        found = int(value) if spec.kind == "integer" else Decimal(str(value))
        if (least is not None and found < least) or (most is not None and found > most):
            raise ValueError("out of range")
        return found

    def text(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("a text is expected")
        if (least and len(value) < least) or (most and len(value) > most):
            raise ValueError("too long or too short")
        if pattern and not pattern.search(value):
            raise ValueError("not in the expected form")
        return value

    def one_of(value: Any) -> str:
        if value not in options:
            raise ValueError("not one of the options")
        return str(value)

    def several(value: Any) -> list[str]:
        if not isinstance(value, list) or not options.issuperset(value):
            raise ValueError("not among the options")
        return value

    def flag(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError("true or false is expected")
        return value

    def key(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("a key is expected")
        return value

    checks: dict[str, Check] = {
        "integer": number, "money": number, "percent": number, "select": one_of, "multi_select": several,
        "boolean": flag, "reference": key, "user": key, "date": date.fromisoformat, "datetime": datetime.fromisoformat,
    }  # fmt: skip
    check = checks.get(spec.kind, text)

    def run(value: Any) -> Any:
        if value is not None:
            return check(value)
        if spec.required:
            raise ValueError("required")
        return None

    return run


CHECKS: dict[str, Check] = {spec.name: _checked(spec) for spec in workload.DEAL}
REQUIRED = [spec.name for spec in workload.DEAL if spec.required]


def checked(data: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """Return the columns of a deal. Raises UnprocessableEntity with every problem."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in data.items():
        if name not in CHECKS:
            problems[name] = "unknown field"
            continue
        try:
            values[name] = CHECKS[name](value)
        except (ValueError, TypeError, ArithmeticError) as error:
            problems[name] = str(error)
    if new:
        problems.update({name: "required" for name in REQUIRED if name not in data})
    if problems:
        raise UnprocessableEntity(json.dumps(problems))
    if "amount" in values:
        values["deal_size"] = "large" if values["amount"] >= LARGE else "small"
    return values


class Store:
    """The database: two engines on SQLite, where a write takes its lock at once, one on PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = url.replace("postgresql://", "postgresql+psycopg://")
        self.writing = sa.create_engine(self.url, pool_size=8)
        self.reading = self.writing
        if self.writing.dialect.name == "sqlite":
            self.reading = sa.create_engine(self.url, pool_size=8)
            _sqlite(self.writing, "BEGIN IMMEDIATE")
            _sqlite(self.reading, "BEGIN")

    def see_new_columns(self) -> None:
        """Take columns up that another process has added."""
        for column in sa.inspect(self.reading).get_columns("deal"):
            if column["name"] not in deal.c:
                deal.append_column(sa.Column(column["name"], sa.Text))
                CHECKS[column["name"]] = str

    def add_column(self, name: str) -> None:
        """Add a text column to the deals."""
        with self.writing.begin() as connection:
            connection.execute(sa.DDL(f"ALTER TABLE deal ADD COLUMN {name} TEXT"))

    def fill(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Make the tables, the user, the accounts and the deals."""
        metadata.create_all(self.writing)
        with self.writing.begin() as connection:
            connection.execute(sa.insert(users), {"id": 1, "email": "rep@example.com", "token": TOKEN})
            values = [{**one, "revenue": Decimal(one["revenue"])} for one in workload.accounts()]
            connection.execute(sa.insert(account), values)
            batch: list[dict[str, Any]] = []
            for row in rows:
                batch.append({**checked({**row, "account": row["account"] + 1, "sales_rep": 1}, new=True)})
                if len(batch) == 5_000:
                    connection.execute(sa.insert(deal), batch)
                    batch = []
            if batch:
                connection.execute(sa.insert(deal), batch)

    def read_file(self, file: Path) -> int:
        """Import a csv file with the names of columns in its header; one transaction for 500 rows."""
        count, batch = 0, []
        with file.open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                batch.append(checked({name: _cell(name, cell) for name, cell in row.items()}, new=True))
                if len(batch) == BATCH:
                    count += self._write(batch)
                    batch = []
        return count + (self._write(batch) if batch else 0)

    def _write(self, batch: list[dict[str, Any]]) -> int:
        with self.writing.begin() as connection:
            connection.execute(sa.insert(deal), batch)
        return len(batch)


_KINDS = {spec.name: spec.kind for spec in workload.DEAL}


def _cell(name: str, text: str) -> Any:
    kind = _KINDS[name]
    if not text:
        return None
    if kind == "multi_select":
        return [one.strip() for one in text.split(";")]
    if kind == "boolean":
        return text == "true"
    return int(text) if kind in ("reference", "user") else text


def _sqlite(engine: sa.Engine, begin: str) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "busy_timeout=30000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def program(store: Store) -> Flask:
    """Return the web application."""
    app = Flask(__name__)
    by_token = sa.select(users.c.id).where(users.c.token == sa.bindparam("token"))

    def send(content: Any, status: int = 200) -> Response:
        text = json.dumps(content, default=_plain, separators=(",", ":"), ensure_ascii=False)
        return Response(text, status, mimetype="application/json")

    def known(connection: sa.Connection) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if connection.execute(by_token, {"token": token}).first() is None:
            raise Unauthorized

    @app.errorhandler(HTTPException)
    def _refused(error: HTTPException) -> Response:
        return send({"error": error.description}, error.code or 500)

    @app.errorhandler(sa.exc.IntegrityError)
    def _broken(error: Exception) -> Response:
        return send({"error": "refers to nothing"}, 422)

    def body() -> dict[str, Any]:
        data: dict[str, Any] = request.get_json()
        if any(name not in CHECKS for name in data):
            store.see_new_columns()
        return data

    @app.post("/deals")
    def create() -> Response:
        values = checked(body(), new=True)
        with store.writing.begin() as connection:
            known(connection)
            row = connection.execute(sa.insert(deal).values(values).returning(*deal.c)).mappings().one()
        return send(dict(row), 201)

    @app.patch("/deals/<int:key>")
    def update(key: int) -> Response:
        values = checked(body(), new=False)
        with store.writing.begin() as connection:
            known(connection)
            change = sa.update(deal).where(deal.c.id == key).values(values).returning(*deal.c)
            row = connection.execute(change).mappings().first()
        return send(dict(row)) if row else send({"error": "not found"}, 404)

    @app.get("/deals/<int:key>")
    def read(key: int) -> Response:
        with store.reading.connect() as connection:
            known(connection)
            row = connection.execute(sa.select(deal).where(deal.c.id == key)).mappings().first()
        return send(dict(row)) if row else send({"error": "not found"}, 404)

    @app.get("/deals")
    def page() -> Response:
        asked = request.args
        joined = deal.join(account, deal.c.account == account.c.id)
        where = sa.and_(
            deal.c.phase == asked["phase"],
            deal.c.amount.between(Decimal(asked["low"]), Decimal(asked["high"])),
            account.c.region == asked["region"],
        )
        listed = (
            sa.select(deal).select_from(joined).where(where).order_by(deal.c.close_date.desc(), deal.c.id).limit(50)
        )
        with store.reading.connect() as connection:
            known(connection)
            rows = connection.execute(listed).mappings().all()
            total = connection.scalar(sa.select(sa.func.count()).select_from(joined).where(where))
        return send({"items": [dict(row) for row in rows], "count": total})

    @app.get("/groups")
    def groups() -> Response:
        summed = sa.select(deal.c.phase, sa.func.count(), sa.func.sum(deal.c.amount)).group_by(deal.c.phase)
        with store.reading.connect() as connection:
            known(connection)
            rows = connection.execute(summed).all()
        return send({"groups": [{"phase": phase, "count": count, "sum": total} for phase, count, total in rows]})

    return app


if __name__ == "__main__":
    serve(program(Store(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), threads=THREADS, ident=None)
