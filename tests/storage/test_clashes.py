"""Unique values and suspicious duplicates: told before a write, held by the database against two at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright.errors import ConflictError
from dealwright.metadata import load
from dealwright.storage import records, schema, tables
from dealwright.storage.clashes import Clash

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "sales.account"


def clashes(crm, catalog, *rows, entity=ACCOUNT):
    with crm.read() as connection:
        return records.clashes(connection, catalog, entity, rows)


@pytest.mark.parametrize("name", ["ACME", "acme", "AcMe"])
def test_capitals_do_not_matter_where_a_rule_says_so(crm, catalog, put, name):
    there = put(ACCOUNT, name="Acme")
    assert clashes(crm, catalog, {"id": "new", "name": name}) == [Clash(0, "by_name", "unique", there)]


@pytest.mark.parametrize(("mine", "theirs"), [("STRASSE", "Straße"), ("ÉCOLE", "école"), ("ΣΊΣΥΦΟΣ", "σίσυφος")])
def test_capitals_of_every_script_are_alike_on_both_databases(crm, catalog, put, mine, theirs):
    there = put(ACCOUNT, name=theirs)
    assert clashes(crm, catalog, {"id": "new", "name": mine}) == [Clash(0, "by_name", "unique", there)]


def test_phone_numbers_are_compared_by_their_digits(crm, catalog, put):
    there = put(ACCOUNT, name="A", phone="+86 (138) 0013-8000")
    row = {"id": "new", "name": "B", "phone": "86 138 0013 8000"}
    assert clashes(crm, catalog, row) == [Clash(0, "same_phone", "duplicate", there)]
    assert clashes(crm, catalog, {**row, "phone": "ext."}) == []


def test_a_record_does_not_clash_with_itself(crm, catalog, put):
    there = put(ACCOUNT, name="Acme", phone="1")
    assert clashes(crm, catalog, {"id": there, "name": "ACME", "phone": "1"}) == []


def test_empty_values_and_archived_records_clash_with_nothing(crm, catalog, put):
    put(ACCOUNT, name="Old", archived_at=NOON)
    put(ACCOUNT, name=None)
    assert clashes(crm, catalog, {"id": "1", "name": "Old"}, {"id": "2", "name": None}) == []
    put(ACCOUNT, name="New")
    assert clashes(crm, catalog, {"id": "3", "name": "New", "archived_at": NOON}) == []


def test_records_of_one_batch_clash_with_each_other(crm, catalog):
    rows = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "A"}, {"id": "4", "name": "a"}]
    assert clashes(crm, catalog, *rows) == [Clash(2, "by_name", "unique", "1"), Clash(3, "by_name", "unique", "1")]


def test_several_fields_clash_only_together(crm, catalog, put):
    north, south = put(ACCOUNT, name="N"), put(ACCOUNT, name="S")
    there = put("sales.deal", account=north, name="x")
    put("sales.deal", account=south, name="y")
    rows = [
        {"id": "1", "account": north, "name": "y"},
        {"id": "2", "account": south, "name": "x"},
        {"id": "3", "account": north, "name": "x"},
        {"id": "4", "account": None, "name": "x"},
    ]
    assert clashes(crm, catalog, *rows, entity="sales.deal") == [Clash(2, "per_account", "unique", there)]


@pytest.mark.parametrize("values", [{"name": "ACME"}, {"code": "X1"}])
def test_the_database_refuses_what_slips_past_the_question(crm, catalog, put, values):
    put(ACCOUNT, name="Acme", code="X1")
    with pytest.raises(ConflictError) as caught:
        put(ACCOUNT, **values)
    assert caught.value.problems[0].code == "not-unique"


def test_a_refusal_by_the_database_can_be_undone_to_a_savepoint(crm, catalog, put):
    put(ACCOUNT, name="Acme")
    row = {"version": 1, "created_at": NOON, "updated_at": NOON}
    with crm.write() as connection:
        with pytest.raises(ConflictError), connection.begin_nested():
            records.insert(connection, catalog, ACCOUNT, [{**row, "id": "1", "name": "ACME"}])
        records.insert(connection, catalog, ACCOUNT, [{**row, "id": "2", "name": "Other"}])
    with crm.read() as connection:
        assert set(records.get(connection, catalog, ACCOUNT, ["1", "2"])) == {"2"}


def test_a_unique_rule_may_look_at_some_records_only(database):
    document = {
        "kind": "entity", "id": "shop.seat", "title": "Seat",
        "properties": {"number": {"field": "integer", "title": "N"}, "taken": {"field": "boolean", "title": "T"}},
        "unique": [{"id": "once", "fields": ["number"], "when": "taken == true"}],
    }  # fmt: skip
    catalog = load.catalog_of([document])
    with database.write() as connection:
        schema.plan(None, catalog).apply(connection)
    base = {"version": 1, "created_at": NOON, "updated_at": NOON, "number": 1}
    with database.write() as connection:
        records.insert(connection, catalog, "shop.seat", [{**base, "id": "a", "taken": False}])
        records.insert(connection, catalog, "shop.seat", [{**base, "id": "b", "taken": True}])
    asked = [{**base, "id": "c", "taken": False}, {**base, "id": "d", "taken": True}]
    assert clashes(database, catalog, *asked, entity="shop.seat") == [Clash(1, "once", "unique", "b")]
    with pytest.raises(ConflictError), database.write() as connection:
        records.insert(connection, catalog, "shop.seat", asked[1:])


def test_comparable_texts():
    assert tables.folded("Straße") == "strasse"
    assert tables.digits("+49 (0)30-١٢") == "4903012"
    assert tables.digits("none") is None
    assert tables.letters("O'Neil & Söhne, 中") == "oneilsöhne中"
