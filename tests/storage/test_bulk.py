"""Many rows at once are the rows that would be there if each had been written alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from dealwright import clock
from dealwright.errors import ConflictError, UnavailableError
from dealwright.events import Event
from dealwright.storage import Database, bulk, events, migrations, records, schema

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DEAL = "sales.deal"
#: Texts that COPY, JSON or SQL give a meaning of their own.
TEXTS = [
    "",
    "\\N",
    "a\tb",
    "a\nb\r\n",
    "\\.",
    "back\\slash",
    "'); DROP TABLE x; --",
    '"quoted"',
    "客户 😀",
    " blank ",
    "%s",
]


def rows(count: int) -> list[dict[str, object]]:
    """Return deals in which every type of column is empty in some and full in others."""
    found: list[dict[str, object]] = []
    for i in range(count):
        full = i % 3 > 0
        text = TEXTS[i % len(TEXTS)]
        found.append(
            {
                "id": f"deal-{i:04d}",
                "version": 1,
                "created_at": NOON,
                "updated_at": NOON + timedelta(milliseconds=i),
                "name": text or None,
                "amount": Decimal(i) / 8 if full else None,
                "price": Decimal("-1.5") if full else None,
                "price__currency": "EUR" if full else None,
                "weight": Decimal("0.05") if full else None,
                "count": -i if full else None,
                "close": date(2026, 1, 1 + i % 28) if full else None,
                "seen_at": NOON - timedelta(days=i) if full else None,
                "start": time(9, i % 60) if full else None,
                "effort": timedelta(hours=i) if full else None,
                "won": full,
                "tags": [text, "x"] if full else None,
                "notes": {"text": text, "none": None, "list": [1, True]} if full else None,
                "lines": [{"sku": text or None, "qty": i, "price": Decimal(i)}] if full else [],
            }
        )
    return found


def test_many_rows_are_stored_as_if_each_were_written_alone(crm, catalog):
    many = rows(3 * bulk.MANY)
    with crm.write() as connection:
        records.insert(connection, catalog, DEAL, many)
    with crm.read() as connection:
        together = records.get(connection, catalog, DEAL, [row["id"] for row in many])
    with crm.write() as connection:
        records.purge(connection, catalog, DEAL, list(together))
    with crm.write() as connection:
        for row in many:
            records.insert(connection, catalog, DEAL, [row])
    with crm.read() as connection:
        alone = records.get(connection, catalog, DEAL, [row["id"] for row in many])
    assert together == alone
    assert [together[row["id"]]["name"] for row in many] == [row["name"] for row in many]
    assert together["deal-0001"]["updated_at"] == NOON + timedelta(milliseconds=1)


def test_one_of_many_that_a_unique_index_refuses_is_a_conflict_and_leaves_the_transaction_usable(crm, catalog):
    many = rows(2 * bulk.MANY)
    many[-1]["id"] = many[0]["id"]
    with crm.write() as connection:
        with pytest.raises(ConflictError), connection.begin_nested():
            records.insert(connection, catalog, DEAL, many)
        records.insert(connection, catalog, DEAL, many[:1])
    with crm.read() as connection:
        assert list(records.get(connection, catalog, DEAL, [str(row["id"]) for row in many])) == ["deal-0000"]


def test_many_events_keep_their_order_and_are_followed_only_after_the_commit(crm):
    happened = [
        Event(
            clock.new_id(),
            "record.created",
            DEAL,
            f"deal-{i}",
            1,
            NOON,
            changes={"name": (None, TEXTS[i % len(TEXTS)])},
        )
        for i in range(2 * bulk.MANY)
    ]
    with crm.write() as connection:
        events.append(connection, happened)
        with crm.read() as other:
            assert events.since(other, 0) == []
    with crm.read() as connection:
        found = events.since(connection, 0)
    assert [one["id"] for one in found] == [one.id for one in happened]
    assert [one["changes"]["name"] for one in found] == [[None, TEXTS[i % len(TEXTS)]] for i in range(len(found))]


def test_many_rows_go_to_the_schema_of_the_workspace(postgresql_url, catalog):
    with Database(f"{postgresql_url}?schema=ws_two") as other:
        migrations.upgrade(other)
        with other.write() as connection:
            schema.plan(None, catalog).apply(connection)
            records.insert(connection, catalog, DEAL, rows(bulk.MANY))
        with other.read() as connection:
            assert len(records.get(connection, catalog, DEAL, [f"deal-{i:04d}" for i in range(bulk.MANY)])) == bulk.MANY


def test_a_connection_that_is_lost_on_the_way_is_said_to_be_lost(postgresql_url, catalog):
    with Database(postgresql_url) as database:
        with database.write() as connection:
            schema.plan(None, catalog).apply(connection)
        with pytest.raises(UnavailableError), database.write() as connection:
            connection.connection.driver_connection.close()
            records.insert(connection, catalog, DEAL, rows(bulk.MANY))
