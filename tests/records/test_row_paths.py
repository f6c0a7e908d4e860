"""Conditions that follow the references of rows: loaded in one statement a reference, the same as SQL says."""

from __future__ import annotations

import copy

import pytest

from dealwright import access, records
from dealwright.errors import GateUnmetError, RecordError
from dealwright.records import Change, Work
from sent import statements
from worlds import DEAL, PIPELINE, made, opened, rows_of

MAKER = {
    "kind": "entity", "id": "t.maker", "lang": 1, "title": "Maker", "plural": "Makers", "display": "name",
    "properties": {"name": {"field": "text"}, "factor": {"field": "decimal"}},
}  # fmt: skip
PRODUCT = {
    "kind": "entity", "id": "t.product", "lang": 1, "title": "Product", "plural": "Products", "display": "name",
    "properties": {
        "name": {"field": "text"},
        "list_price": {"field": "money"},
        "blocked": {"field": "boolean"},
        "maker": {"field": "reference", "to": "t.maker"},
    },
}  # fmt: skip


def deal():
    one = copy.deepcopy(DEAL)
    one["properties"]["lines"]["items"]["properties"] |= {
        "product": {"field": "reference", "to": "t.product", "prefill": {"price": "product.list_price"}},
        "spare": {"field": "reference", "to": "t.product"},
        "maker_name": {"field": "lookup", "via": "product", "value": "maker.name"},
        "listed": {"field": "formula", "result": "money", "formula": "product.list_price * qty"},
    }
    one["properties"]["list_total"] = {
        "field": "formula", "result": "money", "formula": "lines.sum(l, l.product.list_price * l.qty)"}  # fmt: skip
    one["properties"]["weight"] = {
        "field": "formula", "result": "decimal", "formula": "lines.sum(l, l.product.maker.factor * l.qty)"}  # fmt: skip
    one["properties"]["blocked_now"] = {
        "field": "formula", "result": "boolean",
        "formula": "lines.exists(l, l.product.blocked) && today() > date('2020-01-01')"}  # fmt: skip
    blocked = {"id": "blocked", "error_when": "lines.exists(l, l.spare.blocked)", "at": "lines", "message": "Blocked"}
    one["checks"] = [blocked]
    return one


PIPE = copy.deepcopy(PIPELINE)
PIPE["stages"][0]["exit"] = [
    {"id": "deliverable", "require": "lines.all(l, l.product.list_price > 0)", "message": "A product has no price"}]  # fmt: skip
RULE = {
    "kind": "rule", "id": "t.dear", "lang": 1, "title": "Dear", "entity": "t.deal", "on": {"record": {"events": ["created"]}},
    "if": "lines.exists(l, l.product.list_price >= 1000)", "then": [{"do": "set_field", "field": "tier", "value": "'A'"}],
}  # fmt: skip


@pytest.fixture
def world(database, tmp_path):
    return opened(database, MAKER, PRODUCT, deal(), PIPE, RULE, folder=tmp_path)


@pytest.fixture
def product(world):
    maker = made(world, "t.maker", name="Acme", factor="1.5")

    def make(**data):
        return made(world, "t.product", **{"name": "p", "maker": maker, **data})

    return make


def fetched(world, record):
    with world.database.read() as connection:
        return records.fetch(Work(world, connection, access.operator()), "t.deal", record)


def lines(*pairs):
    return [{"what": "x", "product": product, "qty": qty} for product, qty in pairs]


def test_formulas_over_rows_read_what_their_references_lead_to(world, product):
    pump, bed = product(list_price="100"), product(list_price="7.50")
    one = fetched(world, made(world, "t.deal", name="x", lines=lines((pump, 2), (bed, 4), (None, 9))))
    # 100 × 2 + 7.50 × 4 = 230; 1.5 × 2 + 1.5 × 4 = 9
    assert (one["list_total"], one["weight"]) == ("230.00", "9")
    assert [row["listed"] for row in one["lines"]] == ["200.00", "30.00", None]


def test_lookups_in_rows_and_formulas_over_the_day_read_them_when_they_are_shown(world, product):
    pump = product(list_price="100")
    record = made(world, "t.deal", name="x", lines=lines((pump, 2)))
    assert (fetched(world, record)["lines"][0]["maker_name"], fetched(world, record)["blocked_now"]) == ("Acme", False)
    records.save(world, access.operator(), "t.product", {"blocked": True}, id=pump)
    assert fetched(world, record)["blocked_now"] is True
    with world.database.read() as connection:
        work = Work(world, connection, access.operator())
        assert [one["id"] for one in records.page(work, "t.deal", filter="blocked_now").items] == [record]
        assert records.page(work, "t.deal", only=["blocked_now"]).items[0]["blocked_now"] is True
        assert (
            records.page(work, "t.deal", filter="lines.exists(l, l.product.maker.name == 'Acme')").items[0]["id"]
            == record
        )


def test_a_product_that_is_chosen_brings_its_price_into_the_row(world, product):
    one = fetched(world, made(world, "t.deal", name="x", lines=lines((product(list_price="12"), 3))))
    assert (one["lines"][0]["price"], one["total"]) == ("12.00", "36.00")


def test_checks_gates_and_rules_read_them_too(world, product):
    dear, free = product(list_price="1000"), product(list_price="0")
    assert fetched(world, made(world, "t.deal", name="x", lines=lines((dear, 1))))["tier"] == "A"
    with pytest.raises(RecordError) as error:
        made(world, "t.deal", name="x", lines=[{"what": "x", "qty": 1, "spare": product(blocked=True)}])
    assert [problem.code for problem in error.value.problems] == ["blocked"]
    account = made(world, "t.account", name="a")
    held = made(world, "t.deal", name="x", account=account, lines=lines((dear, 1), (free, 1)))
    with pytest.raises(GateUnmetError, match="1 thing"):
        records.move(world, access.operator(), "t.deal", held, "offer")


def test_what_sql_sums_is_what_was_stored(world, product):
    bought = [product(list_price=price) for price in ("10", "0.3333", "999.99", None)]
    for number in range(8):
        chosen = [(bought[(number + i) % 4], 1 + i) for i in range(number % 4)]
        made(world, "t.deal", name=f"d{number}", lines=lines(*chosen))
    with world.database.read() as connection:
        work = Work(world, connection, access.operator())
        question = "list_total == lines.sum(l, l.product.list_price * l.qty)"
        assert len(records.page(work, "t.deal", filter=question).items) == 8


def test_changed_rows_read_anew_and_are_not_changed_by_reading(world, product):
    pump, bed = product(list_price="100"), product(list_price="5")
    record = made(world, "t.deal", name="x", lines=lines((pump, 1)))
    rows = fetched(world, record)["lines"]
    again = records.save(world, access.operator(), "t.deal", {"name": "x"}, id=record)
    assert again.unchanged
    after = records.save(world, access.operator(), "t.deal", {"lines": [{**rows[0], "product": bed}]}, id=record)
    assert after.record["list_total"] == "5.00"
    assert len(rows_of(world.database, "t__deal__lines")) == 1


def test_the_number_of_statements_does_not_grow_with_rows_or_records(world, product):
    bought = [product(list_price="1") for _ in range(4)]

    def count(records_, rows):
        changes = [
            Change({"name": f"{records_}-{rows}-{i}", "lines": lines(*[(bought[j % 4], 1) for j in range(rows)])})
            for i in range(records_)
        ]
        with world.database.write() as connection, statements() as sent:
            records.save_many(Work(world, connection, access.operator()), "t.deal", changes)
        return len(sent)

    assert count(1, 1) == count(3, 4)
    assert count(10, 4) <= count(1, 1)  # many rows go to PostgreSQL as one COPY
