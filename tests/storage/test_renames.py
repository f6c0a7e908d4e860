"""A field that a pack has renamed keeps its data: its columns and tables are renamed with it."""

from __future__ import annotations

import copy
import json
from decimal import Decimal

import pytest
import sqlalchemy as sa

from dealwright.errors import DefinitionError
from dealwright.metadata import load
from dealwright.storage import records, renames, schema

from .conftest import DOCUMENTS


def path(*names, entity="sales.deal"):
    return f"entity:{entity}#/properties/{'/items/properties/'.join(names)}"


def move(was, now, entity="sales.deal"):
    one, other = ((name,) if isinstance(name, str) else name for name in (was, now))
    return {"since": "2.0.0", "from": path(*one, entity=entity), "to": path(*other, entity=entity)}


def renamed(*pairs, entity="sales.deal", **more):
    """Return the catalog of the small company in which names of an entity are others, wherever they stand in it."""
    documents = copy.deepcopy(DOCUMENTS)
    for number, document in enumerate(documents):
        text = json.dumps(document)
        for was, now in pairs:
            if document["id"] == entity:
                text = text.replace(f'"{was}"', f'"{now}"')
            for key in ("via", "value"):  # what rolls its records up
                text = text.replace(f'"{key}": "{was}"', f'"{key}": "{now}"')
        documents[number] = json.loads(text)
    next(one for one in documents if one["id"] == entity)["properties"].update(more)
    return load.catalog_of(documents)


def follow(database, old, new, *moves):
    plan = schema.plan(old, new, moves)
    with database.write() as connection:
        plan.apply(connection)
    schema.complete(database, new)
    return [step.text for step in plan.steps if step.kind.startswith("rename")]


def read(database, catalog, entity, identifier):
    with database.read() as connection:
        return records.get(connection, catalog, entity, [identifier])[identifier]


def test_values_currencies_and_links_are_there_under_the_new_name(crm, catalog, put):
    account = put("sales.account", name="Acme")
    deal = put("sales.deal", name="x", account=account, amount=Decimal(5), price=Decimal(7), price__currency="USD")
    pairs = [("amount", "sum"), ("price", "cost"), ("account", "client")]
    new = renamed(*pairs)
    assert set(follow(crm, catalog, new, *(move(*pair) for pair in pairs))) == {
        "rename the column account of sales__deal to client",
        "rename the column amount of sales__deal to sum",
        "rename the column price of sales__deal to cost",
        "rename the column price__currency of sales__deal to cost__currency",
    }
    found = read(crm, new, "sales.deal", deal)
    assert (found["sum"], found["cost"], found["cost__currency"], found["client"]) == (
        Decimal(5),
        Decimal(7),
        "USD",
        account,
    )
    with crm.read() as connection:
        there = {column["name"] for column in sa.inspect(connection).get_columns("sales__deal")}
    assert {"amount", "price", "price__currency", "account"}.isdisjoint(there)


def test_a_column_that_makes_texts_comparable_goes_with_its_field(crm, catalog, put):
    account = put("sales.account", name="Acme")
    new = renamed(("name", "title"), entity="sales.account")
    follow(crm, catalog, new, move("name", "title", entity="sales.account"))
    with crm.read() as connection:
        assert connection.exec_driver_sql("SELECT title__case FROM sales__account").scalar_one() == "acme"
        assert records.find_by(connection, new, "sales.account", "title", ["Acme"]) == {"Acme": [account]}


def test_tables_of_rows_and_links_and_columns_in_rows_follow(crm, catalog, put):
    user = put("base.user", name="Ada")
    deal = put("sales.deal", name="x", lines=[{"id": "r1", "sku": "P", "qty": 2}], contacts=[user])
    new = renamed(("lines", "items_sold"), ("contacts", "people"), ("qty", "count_of"))
    moves = [
        move("lines", "items_sold"),
        move("contacts", "people"),
        move(("lines", "qty"), ("items_sold", "count_of")),
    ]
    follow(crm, catalog, new, *moves)
    found = read(crm, new, "sales.deal", deal)
    assert [(row["sku"], row["count_of"]) for row in found["items_sold"]] == [("P", 2)]
    assert found["people"] == [user]


def test_a_field_may_be_renamed_twice_and_the_first_name_may_be_taken_again(crm, catalog, put):
    account = put("sales.account", name="Acme")
    deal = put("sales.deal", name="x", amount=Decimal(5), account=account)
    moves = [move("amount", "value"), move("value", "sum"), move("account", "client")]
    new = renamed(("amount", "sum"), ("account", "client"))
    follow(crm, catalog, new, *moves)
    assert read(crm, new, "sales.deal", deal)["sum"] == Decimal(5)
    again = renamed(
        ("amount", "sum"), ("account", "client"),
        account={"field": "reference", "title": "Other", "to": "sales.account"}, amount={"field": "integer", "title": "Number"},
    )  # fmt: skip
    assert follow(crm, new, again, *moves) == []
    found = read(crm, again, "sales.deal", deal)
    assert (found["sum"], found["amount"], found["client"], found["account"]) == (Decimal(5), None, account, None)


def test_a_plan_that_was_done_already_is_passed_over(crm, catalog, put):
    deal = put("sales.deal", name="x", amount=Decimal(5))
    new = renamed(("amount", "sum"))
    for _ in range(2):
        follow(crm, catalog, new, move("amount", "sum"))
    assert read(crm, new, "sales.deal", deal)["sum"] == Decimal(5)


def test_a_renamed_field_may_become_wider_and_nothing_else(crm, catalog, put):
    deal = put("sales.deal", name="x", weight=Decimal("1.25"))
    new = renamed(("weight", "mass"), mass={"field": "decimal", "scale": 4, "title": "Mass"})
    follow(crm, catalog, new, move("weight", "mass"))
    assert read(crm, new, "sales.deal", deal)["mass"] == Decimal("1.2500")
    other = renamed(("weight", "mass"), mass={"field": "text", "title": "Mass"})
    with pytest.raises(DefinitionError):
        follow(crm, catalog, other, move("weight", "mass"))


def test_moves_of_other_kinds_and_those_that_are_over_rename_nothing(catalog):
    new = renamed(("amount", "sum"))
    others = [
        {"since": "2.0.0", "kind": "stage_map", "process": "sales.sale", "map": {"a": "b"}},
        {"since": "2.0.0", "from": "entity:sales.gone#/properties/a", "to": "entity:sales.gone#/properties/b"},
        move("name", "close"),
        {"since": "3.0.0", "from": path("count"), "to": path("count", entity="sales.account")},
    ]
    assert renames.fields(catalog, new, others) == {}
    assert renames.fields(catalog, new, [*others, move("amount", "sum")]) == {("sales.deal", None, "sum"): "amount"}
    assert renames.fields(new, new, [move("amount", "sum")]) == {}
