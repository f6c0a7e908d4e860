"""Typed records go in and come out as they were."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from dealwright.errors import ConflictError
from dealwright.storage import records, system, tables
from dealwright.storage.records import Change

WHOLE = {
    "name": "Größe 中文 ✓",
    "amount": Decimal("1234.5600"),
    "price": Decimal("0.1"),
    "price__currency": "CNY",
    "weight": Decimal("-7.25"),
    "count": 2**40,
    "close": date(2026, 12, 31),
    "seen_at": datetime(2026, 3, 1, 10, 0, 0, 123000, tzinfo=UTC),
    "start": time(9, 30),
    "effort": timedelta(hours=36, milliseconds=5),
    "won": True,
    "tags": ["a", "中"],
    "notes": {"b": [1, 2.5, None], "a": "x"},
}


def read(crm, catalog, entity, identifier):
    with crm.read() as connection:
        return records.get(connection, catalog, entity, [identifier])[identifier]


def test_every_kind_of_value_comes_back_equal_and_of_its_type(crm, catalog, put):
    row = read(crm, catalog, "sales.deal", put("sales.deal", **WHOLE))
    for name, value in WHOLE.items():
        assert row[name] == value, name
        assert type(row[name]) is type(value), name
    assert row["version"] == 1
    assert row["archived_at"] is None
    assert row["contacts"] == []


def test_an_empty_boolean_is_stored_as_false(crm, catalog, put):
    assert read(crm, catalog, "sales.deal", put("sales.deal", won=None))["won"] is False


def test_keys_without_a_column_are_passed_over(crm, catalog, put):
    identifier = put("sales.account", **{"name": "A", "user.id": "u", "now()": None, "parent.name": "x"})
    assert read(crm, catalog, "sales.account", identifier)["name"] == "A"


def test_rows_and_links_keep_their_order(crm, catalog, put):
    ann, bob = put("base.user", name="Ann"), put("base.user", name="Bob")
    lines = [{"id": "z", "sku": "S1", "qty": 2, "price": Decimal("9.50")}, {"sku": "S2", "qty": None, "price": None}]
    identifier = put("sales.deal", name="x", contacts=[bob, ann], lines=lines)
    row = read(crm, catalog, "sales.deal", identifier)
    assert row["contacts"] == [bob, ann]
    assert [line["sku"] for line in row["lines"]] == ["S1", "S2"]
    assert row["lines"][0] == {"id": "z", "sku": "S1", "qty": 2, "price": Decimal("9.5000")}
    assert row["lines"][1]["id"] == lines[1]["id"]


def test_an_update_counts_the_version_up_and_changes_nothing_else(crm, catalog, put):
    identifier = put("sales.deal", **WHOLE)
    with crm.write() as connection:
        assert records.update(connection, catalog, "sales.deal", [Change(identifier, 1, {"name": "new"})]) == []
    row = read(crm, catalog, "sales.deal", identifier)
    assert (row["name"], row["version"]) == ("new", 2)
    assert {name: row[name] for name in WHOLE if name != "name"} == {n: v for n, v in WHOLE.items() if n != "name"}


def test_an_update_replaces_rows_and_links_as_a_whole(crm, catalog, put):
    ann, bob = put("base.user", name="Ann"), put("base.user", name="Bob")
    identifier = put("sales.deal", contacts=[ann], lines=[{"id": "l1", "sku": "A"}, {"id": "l2", "sku": "B"}])
    values = {"contacts": [bob, ann], "lines": [{"id": "l2", "sku": "B2"}]}
    with crm.write() as connection:
        records.update(connection, catalog, "sales.deal", [Change(identifier, 1, values)])
    row = read(crm, catalog, "sales.deal", identifier)
    assert row["contacts"] == [bob, ann]
    assert [(line["id"], line["sku"]) for line in row["lines"]] == [("l2", "B2")]
    assert row["version"] == 2


@pytest.mark.parametrize("version", [0, 2, 7])
def test_a_change_of_another_version_is_refused_and_named(crm, catalog, put, version):
    identifier = put("sales.deal", name="old")
    with crm.write() as connection:
        stale = records.update(connection, catalog, "sales.deal", [Change(identifier, version, {"name": "new"})])
    assert stale == [identifier]
    assert read(crm, catalog, "sales.deal", identifier)["name"] == "old"


def test_of_many_changes_only_the_stale_ones_are_refused(crm, catalog, put):
    ids = [put("sales.deal", name=str(n)) for n in range(5)]
    changes = [Change(one, 2 if n in (1, 3) else 1, {"count": n}) for n, one in enumerate(ids)]
    changes[4] = Change(ids[4], 1, {"name": "another set of columns"})
    with crm.write() as connection:
        stale = records.update(connection, catalog, "sales.deal", [*changes, Change("gone", 1, {"name": "x"})])
    assert stale == [ids[1], ids[3], "gone"]
    with crm.read() as connection:
        rows = records.get(connection, catalog, "sales.deal", ids)
    assert [rows[one]["version"] for one in ids] == [2, 1, 2, 1, 2]
    assert [rows[one]["count"] for one in ids] == [0, None, 2, None, None]


def test_of_two_writers_at_once_one_is_stale(crm, catalog, put):
    identifier = put("sales.deal", count=0)
    refused, rounds = [], 20

    def count_up():
        for _ in range(rounds):
            while True:
                with crm.write() as connection:
                    row = records.get(connection, catalog, "sales.deal", [identifier])[identifier]
                    change = Change(identifier, row["version"], {"count": row["count"] + 1})
                    if not records.update(connection, catalog, "sales.deal", [change]):
                        break
                refused.append(1)

    threads = [threading.Thread(target=count_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    row = read(crm, catalog, "sales.deal", identifier)
    assert (row["count"], row["version"]) == (2 * rounds, 1 + 2 * rounds)


def test_a_locked_record_waits_for_the_other_transaction(crm, catalog, put):
    identifier = put("sales.deal", count=0)
    rounds = 20

    def count_up():
        for _ in range(rounds):
            with crm.write() as connection:
                row = records.get(connection, catalog, "sales.deal", [identifier], lock=True)[identifier]
                change = Change(identifier, row["version"], {"count": row["count"] + 1})
                assert records.update(connection, catalog, "sales.deal", [change]) == []

    threads = [threading.Thread(target=count_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert read(crm, catalog, "sales.deal", identifier)["count"] == 3 * rounds


def test_ids_that_cannot_exist_are_not_found(crm, catalog):
    with crm.read() as connection:
        assert records.get(connection, catalog, "sales.deal", ["\0", "\ud800", "x' OR 1=1", "no"]) == {}
        assert records.exists(connection, {"sales.deal": ["\0"], "base.user": []}) == {
            "sales.deal": {},
            "base.user": {},
        }


def test_exists_tells_what_is_there_and_what_is_archived(crm, catalog, put):
    deal = put("sales.deal", name="x")
    gone = put("sales.account", name="old", archived_at=datetime(2026, 1, 1, tzinfo=UTC))
    with crm.read() as connection:
        found = records.exists(connection, {"sales.deal": [deal, "no"], "sales.account": [gone], "base.user": ["u"]})
    assert found == {"sales.deal": {deal: False}, "sales.account": {gone: True}, "base.user": {}}


def test_long_lists_of_ids_are_asked_for_in_parts(crm, catalog, put, monkeypatch):
    monkeypatch.setattr("dealwright.storage.several.MOST_VALUES", 2)
    ids = [put("sales.deal", name=str(n)) for n in range(5)]
    account = put("sales.account", name="A")
    with crm.read() as connection:
        assert set(records.get(connection, catalog, "sales.deal", ids)) == set(ids)
        found = records.exists(connection, {"sales.deal": ids, "sales.account": [account]})
    assert found == {"sales.deal": dict.fromkeys(ids, False), "sales.account": {account: False}}


def test_paths_follow_references_of_rows_that_are_not_stored(crm, catalog, put):
    boss = put("base.user", name="Boss")
    ann = put("base.user", name="Ann", manager=boss)
    north = put("sales.account", name="North", region="N", owner=ann)
    alone = put("sales.account", name="Alone")
    rows = [{"account": north}, {"account": alone}, {"account": None}, {"account": "gone"}]
    wanted = {"account.name", "account.owner.name", "account.owner.manager.name", "owner.name"}
    with crm.read() as connection:
        found = records.paths(connection, catalog, "sales.deal", [*rows, {"owner": boss}], wanted)
    empty = dict.fromkeys(wanted)
    assert found == [
        {**empty, "account.name": "North", "account.owner.name": "Ann", "account.owner.manager.name": "Boss"},
        {**empty, "account.name": "Alone"},
        empty,
        empty,
        {**empty, "owner.name": "Boss"},
    ]


def test_rollups_count_and_add_up_active_records(crm, catalog, put):
    north, empty = put("sales.account", name="North"), put("sales.account", name="Empty")
    put("sales.deal", account=north, name="a", amount=Decimal("10.50"))
    put("sales.deal", account=north, name="b", amount=Decimal("0.25"))
    put("sales.deal", account=north, name="c", amount=Decimal(100), won=True)
    put("sales.deal", account=north, name="d", amount=Decimal(999), archived_at=datetime(2026, 1, 1, tzinfo=UTC))
    put("sales.deal", account=north, name="e")
    with crm.read() as connection:
        found = records.rollups(connection, catalog, "sales.account", [north, empty], ["open", "deals", "mean"], {})
    # 110.75 over the three that have an amount
    assert found[north] == {"open": Decimal("10.75"), "deals": 4, "mean": Decimal("110.75") / 3}
    assert found[empty] == {"open": 0, "deals": 0, "mean": None}


def test_find_by_returns_active_records_by_value(crm, catalog, put):
    one, two = put("sales.account", name="1", region="N"), put("sales.account", name="2", region="N")
    put("sales.account", name="3", region="S", archived_at=datetime(2026, 1, 1, tzinfo=UTC))
    with crm.read() as connection:
        assert records.find_by(connection, catalog, "sales.account", "region", ["N", "S", "\0"]) == {"N": [one, two]}
        assert records.find_by(connection, catalog, "sales.account", "region", []) == {}


def test_purging_removes_rows_links_events_and_empties_references(crm, catalog, put):
    ann = put("base.user", name="Ann")
    account = put("sales.account", name="A", owner=ann)
    put("sales.deal", name="x", contacts=[ann], lines=[{"sku": "s"}], owner=ann)
    with crm.write() as connection:
        records.purge(connection, catalog, "base.user", [ann])
    assert read(crm, catalog, "sales.account", account)["owner"] is None
    with crm.write() as connection:
        deals = connection.scalars(sa.select(tables.of(catalog).tables["sales__deal"].c.id)).all()
        records.purge(connection, catalog, "sales.deal", deals)
    with crm.read() as connection:
        for part in ("sales__deal", "sales__deal__lines", "sales__deal__contacts"):
            assert connection.scalar(sa.select(sa.func.count()).select_from(tables.of(catalog).tables[part])) == 0


def test_purging_what_a_restricting_reference_names_is_refused(crm, catalog, put):
    account = put("sales.account", name="A")
    put("sales.deal", name="x", account=account)
    with pytest.raises(ConflictError), crm.write() as connection:
        records.purge(connection, catalog, "sales.account", [account])
    assert read(crm, catalog, "sales.account", account)["name"] == "A"


def test_a_reference_to_nothing_is_refused_at_the_commit(crm, catalog, put):
    with pytest.raises(ConflictError) as caught:
        put("sales.deal", name="x", account="nobody")
    assert caught.value.problems[0].code == "reference-broken"


def test_a_record_may_be_written_before_the_one_it_refers_to(crm, catalog):
    times = {"created_at": datetime(2026, 1, 1, tzinfo=UTC), "updated_at": datetime(2026, 1, 1, tzinfo=UTC)}
    rows = [{"id": "child", "version": 1, "parent": "top", **times}, {"id": "top", "version": 1, **times}]
    with crm.write() as connection:
        records.insert(connection, catalog, "sales.account", rows)
    assert read(crm, catalog, "sales.account", "child")["parent"] == "top"


def test_the_number_of_statements_does_not_grow_with_the_records(crm, catalog, put):
    north = put("sales.account", name="North")
    ids = [put("sales.deal", name=str(n), account=north, lines=[{"sku": "s"}]) for n in range(30)]
    seen = []
    sa.event.listen(crm.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with crm.write() as connection:
        found = records.get(connection, catalog, "sales.deal", ids, lock=True)
        assert len(seen) == 4 - (crm.dialect == "postgresql")  # BEGIN is a statement on SQLite only
        records.paths(connection, catalog, "sales.deal", list(found.values()), ["account.name", "account.region"])
        records.update(connection, catalog, "sales.deal", [Change(one, 1, {"count": 1}) for one in ids])
    assert len(seen) == 7 - (crm.dialect == "postgresql")


def test_events_of_other_records_stay_when_one_is_purged(crm, catalog, put):
    one = put("sales.deal", name="x")
    with crm.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(system.event)) == 0
    with crm.write() as connection:
        records.purge(connection, catalog, "sales.deal", [one, "never"])
        assert records.get(connection, catalog, "sales.deal", [one]) == {}
