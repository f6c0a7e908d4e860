from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dealwright.errors import DefinitionError, NotFoundError
from dealwright.metadata import Catalog, canonical, load, merge, schemas, strict
from dealwright.metadata.definitions import Option

GOOD = Path(__file__).parent / "good"


def documents() -> list[dict[str, Any]]:
    return [strict.read(file) for file in sorted(GOOD.glob("*.json"))]


@pytest.fixture(scope="module")
def shop() -> Catalog:
    return load.catalog_of(
        documents(),
        {"locale": "en", "currency": "CNY"},
        translations={
            "zh-CN": {
                "entity:shop.order#/title": "订单",
                "pipeline:shop.standard#/stages/new/title": "新建",
                "entity:shop.order#/properties/close_date/title": "成交日期",
            },
            "zh": {"entity:shop.account#/title": "客户"},
        },
    )


def test_fields_stand_in_the_order_of_the_form(shop: Catalog) -> None:
    assert list(shop.entity("shop.order").fields) == [
        "number",
        "account",
        "region",
        "region_of_account",
        "amount",
        "close_date",
        "lines",
        "note",
    ]


def test_an_order_moves_a_field(shop: Catalog) -> None:
    thing = {"kind": "entity", "id": "shop.thing", "title": "Thing"}
    made = load.catalog_of(
        [{**thing, "properties": {"a": {"field": "text"}, "b": {"field": "text"}, "c": {"field": "text", "order": 15}}}]
    )
    assert list(made.entity("shop.thing").fields) == ["a", "c", "b"]


def test_a_field_without_a_title_has_one_made_from_its_id(shop: Catalog) -> None:
    assert shop.entity("shop.order").fields["lines"].items is not None
    assert shop.entity("shop.order").fields["lines"].items["qty"].title == "Qty"
    assert shop.text("entity", "shop.order", "/properties/lines/items/properties/qty/title", "en") == "Qty"


def test_choices_come_from_the_option_set(shop: Catalog) -> None:
    assert shop.entity("shop.account").fields["region"].options == (
        Option("north", "North", "blue"),
        Option("south", "South"),
    )


def test_references_know_what_they_point_at(shop: Catalog) -> None:
    order, account = shop.entity("shop.order"), shop.entity("shop.account")
    assert order.fields["account"].to == "shop.account"
    assert account.fields["orders"].to == "shop.order"
    assert order.system_fields["owner"].to == "base.user"


def test_an_entity_with_a_pipeline_has_stage_and_status(shop: Catalog) -> None:
    stage = shop.entity("shop.order").field("stage")
    assert stage is not None
    assert [one.id for one in stage.options] == ["new", "offer", "won", "lost"]
    assert shop.entity("shop.order").pipelines == ("shop.standard",)
    assert shop.entity("shop.account").field("stage") is None


def test_required_and_rows_required_are_marked_on_the_fields(shop: Catalog) -> None:
    fields = shop.entity("shop.order").fields
    assert fields["account"].required
    assert not fields["amount"].required
    assert fields["lines"].items is not None
    assert fields["lines"].items["item"].required
    assert not fields["lines"].items["qty"].required


def test_unique_rules_and_the_shorthand_are_one_list() -> None:
    thing = {
        "kind": "entity",
        "id": "shop.thing",
        "title": "Thing",
        "properties": {
            "code": {"field": "text", "unique": True},
            "ext": {"field": "text", "external_id": True},
            "n": {"field": "text"},
        },
        "unique": [["code", "n"], {"id": "by_n", "fields": ["n"], "ignore_case": True, "when": "n != null"}],
    }
    unique = load.catalog_of([thing]).entity("shop.thing").unique
    assert [(one.id, one.fields, one.ignore_case, one.when) for one in unique] == [
        ("code_n", ("code", "n"), False, None),
        ("by_n", ("n",), True, "n != null"),
        ("code", ("code",), False, None),
        ("ext", ("ext",), False, None),
    ]


def test_pipelines_stages_and_gates_are_read(shop: Catalog) -> None:
    new = shop.pipelines["shop.standard"].stages["new"]
    assert (new.next, new.required, new.probability, new.outcome) == (("offer", "lost"), ("amount",), Decimal(10), None)
    assert new.exit[0].require == "close_date != null"
    assert shop.pipelines["shop.standard"].stages["won"].next is None


def test_rules_and_roles_are_read(shop: Catalog) -> None:
    rule = shop.rules["shop.large"]
    assert (rule.trigger.kind, rule.trigger.spec["fields"], rule.condition) == ("record", ["amount"], "amount > 1000")
    assert [(one.do, dict(one.spec)) for one in rule.actions] == [
        ("notify", {"to": "record.owner", "message": "shop.large_order"}),
        ("set_field", {"field": "note", "value": "'large'"}),
    ]
    assert (rule.once_per, rule.priority, rule.mode) == ("record", 100, "live")
    clerk = shop.roles["shop.clerk"]
    assert clerk.grants[0].fields == {"*": "edit", "amount": "see"}
    assert clerk.grants[1].fields == {"*": "edit"}
    assert clerk.capabilities == {"export"}


@pytest.mark.parametrize(
    ("kind", "default", "value"),
    [
        ("integer", 7, 7),
        ("decimal", Decimal("0.15"), Decimal("0.15")),
        ("decimal", "0.15", Decimal("0.15")),
        ("money", "100.00", Decimal("100.00")),
        ("percent", 15, Decimal(15)),
        ("boolean", True, True),
        ("text", "x", "x"),
        ("date", "2026-11-23", date(2026, 11, 23)),
    ],
)
def test_the_value_of_a_parameter_is_of_its_type(kind: str, default: Any, value: Any) -> None:
    made = load.catalog_of([{"kind": "parameter", "id": "a.p", "type": kind, "title": "P", "default": default}])
    assert made.parameters["a.p"].value == value
    assert type(made.parameters["a.p"].value) is type(value)


@pytest.mark.parametrize(
    ("kind", "default"),
    [("integer", True), ("integer", "7"), ("decimal", "x"), ("boolean", 1), ("text", 1), ("date", "2026-13-01")],
)
def test_a_default_of_another_type_is_refused(kind: str, default: Any) -> None:
    with pytest.raises(DefinitionError, match="does not fit"):
        load.catalog_of([{"kind": "parameter", "id": "a.p", "type": kind, "title": "P", "default": default}])


def test_a_parameter_is_found_by_its_local_name_and_anothers_by_its_namespace(shop: Catalog) -> None:
    assert shop.parameter("red_days", "shop") is shop.parameters["shop.red_days"]
    assert shop.parameter("shop__red_days", "med") is shop.parameters["shop.red_days"]
    assert shop.parameter("red_days", "med") is None


@pytest.mark.parametrize(
    ("locale", "kind", "name", "at", "text"),
    [
        pytest.param("zh-CN", "entity", "shop.order", "/title", "订单", id="the locale itself"),
        pytest.param("zh-CN", "entity", "shop.account", "/title", "客户", id="its language"),
        pytest.param("zh", "entity", "shop.order", "/title", "订单", id="a region of a bare language"),
        pytest.param("zh-TW", "entity", "shop.order", "/title", "Order", id="another region is another language"),
        pytest.param("de", "entity", "shop.order", "/title", "Order", id="no translation: the document's own"),
        pytest.param("zh-CN", "pipeline", "shop.standard", "/stages/new/title", "新建", id="an element by its id"),
        pytest.param("zh-CN", "pipeline", "shop.standard", "/stages/0/title", "新建", id="an element by its index"),
        pytest.param("en", "pipeline", "shop.standard", "/stages/new/title", "New", id="own text by id"),
        pytest.param(
            "zh-CN", "entity", "shop.order", "/properties/close_date/title", "成交日期", id="a title that is made"
        ),
        pytest.param("en", "entity", "shop.none", "/title", "", id="no such document"),
        pytest.param("en", "entity", "shop.order", "/icon", "", id="no such text"),
    ],
)
def test_a_text_falls_back_from_locale_to_language_to_the_document(
    shop: Catalog, locale: str, kind: str, name: str, at: str, text: str
) -> None:
    assert shop.text(kind, name, at, locale) == text


def test_a_revision_follows_from_the_content_alone() -> None:
    one = load.catalog_of(documents())
    shuffled = [json.loads(json.dumps(canonical.plain(document))) for document in reversed(documents())]
    assert load.catalog_of(shuffled).revision == one.revision
    assert len(one.revision) == 16
    changed = [
        {**document, "title": "Other"} if document.get("id") == "shop.order" else document for document in documents()
    ]
    assert load.catalog_of(changed).revision != one.revision
    assert load.catalog_of(documents(), {"currency": "USD"}).revision != one.revision


def test_an_unknown_entity_is_not_found(shop: Catalog) -> None:
    with pytest.raises(NotFoundError, match=r"shop\.ordr"):
        shop.entity("shop.ordr")


def test_problems_of_several_documents_come_together() -> None:
    broken = [
        {"kind": "message", "id": "shop.m"},
        {"kind": "rule", "id": "shop.r", "title": "R", "entity": "shop.order", "on": {}, "then": []},
    ]
    with pytest.raises(DefinitionError) as caught:
        load.catalog_of([*documents(), *broken])
    assert sorted(one.source for one in caught.value.problems) == ["message:shop.m", "rule:shop.r", "rule:shop.r"]


def test_the_shipped_base_is_a_layer_of_its_own() -> None:
    base = load.catalog_of([], with_base=True)
    assert "base.user" in base.entities
    assert {one.layer for one in base.entities.values()} == {"base"}


@pytest.mark.parametrize("document", documents(), ids=lambda one: f"{one['kind']}-{one['id']}")
def test_a_document_is_the_same_after_it_was_laid_apart_and_put_together(document: dict[str, Any]) -> None:
    part = schemas.definition(document["kind"])
    values = {leaf.path: leaf.value for leaf in merge.leaves(document["kind"], part, document)}
    assert merge.rebuilt(document["kind"], part, values) == document
