"""Options get other ids: records, rows and the admins' own changes follow in the swap, and going back gives the old ones back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dealwright import access, packs, rules
from dealwright.conditions.renamed import revalued
from dealwright.errors import DefinitionError
from dealwright.metadata.patches import Patch
from dealwright.packs import Wanted
from dealwright.packs.renaming import followed
from dealwright.records import Change, Work, Workspace, save_one
from dealwright.storage import Database, tables

from .shop import active, catalog, changed, pack, propose

PLACE = "entity:med.device#/properties/class"
MAP = {"since": "2.0.0", "kind": "value_map", "path": PLACE, "map": {"3": "III", "2": "II"}}
SEVERAL = {
    "since": "2.0.0",
    "kind": "value_map",
    "path": "entity:med.device#/properties/uses",
    "map": {"icu": "intensive"},
}
COLUMN = {
    "since": "2.0.0", "kind": "value_map", "path": "entity:med.device#/properties/parts/items/properties/kind",
    "map": {"a": "cable"},
}  # fmt: skip


def choices(*ids: str) -> list[dict[str, str]]:
    return [{"id": one, "title": one.upper()} for one in ids]


def device(
    classes: tuple[str, ...], uses: tuple[str, ...], kinds: tuple[str, ...], name: str = "class"
) -> dict[str, Any]:
    return {
        "kind": "entity", "id": "med.device", "title": "Device", "display": "name",
        "duplicates": [{"id": "alike", "match": [name], "normalise": "case"}],
        "properties": {
            "name": {"field": "text", "title": "Name"},
            name: {"field": "select", "title": "Class", "options": choices(*classes)},
            "uses": {"field": "multi_select", "title": "Uses", "options": choices(*uses)},
            "parts": {"field": "rows", "title": "Parts", "items": {"properties": {
                "kind": {"field": "select", "title": "Kind", "options": choices(*kinds)}}}},
        },
    }  # fmt: skip


OLD = device(("1", "2", "3"), ("er", "icu", "ward"), ("a", "b"))
NEW = device(("1", "II", "III"), ("er", "intensive", "ward"), ("cable", "b"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def first() -> packs.PackSource:
    return pack(OLD, name="med")


def second(*moves: dict[str, Any], document: dict[str, Any] = NEW, version: str = "2.0.0") -> packs.PackSource:
    return pack(document, name="med", version=version, moves=moves or (MAP, SEVERAL, COLUMN))


def stored(database: Database, name: str = "class") -> dict[str, Any]:
    """Return class, its comparable form, uses and kinds of parts of each device."""
    now = catalog(database)
    layout = tables.layout(now, "med.device")
    table, parts = layout.table, layout.parts["parts"].table
    with database.read() as connection:
        kinds: dict[str, list[str]] = {}
        for owner, kind in connection.execute(sa.select(parts.c.parent, parts.c.kind).order_by(parts.c.position)):
            kinds.setdefault(owner, []).append(kind)
        rows = connection.execute(
            sa.select(table.c.id, table.c.name, table.c[name], table.c[f"{name}__case"], table.c.uses)
        )
        return {row[1]: (row[2], row[3], row[4], kinds.get(row[0], [])) for row in rows}


def test_values_of_records_and_rows_and_own_changes_follow_in_the_swap_and_go_back_with_it(shop: Database) -> None:
    packs.install(shop, [first()])
    own = {
        "kind": "rule", "id": "c.high", "title": "High", "entity": "med.device", "on": {"record": {"events": ["created"]}},
        "if": 'class in ["2", "3"] && "icu" in uses && name != "3"',
        "then": [{"do": "set_field", "field": "class", "value": "'3'"}],
    }  # fmt: skip
    propose(shop, {"path": "rule:c.high#", "op": "add", "value": own})
    changed(shop, (f"{PLACE}/options/3/title", "Highest"), (f"{PLACE}/default", "2"))
    before = active(shop)
    workspace = Workspace(shop, Path("files"))
    with shop.write() as connection:
        work = Work(workspace, connection, access.operator())
        for values in (
            {
                "name": "pump",
                "class": "3",
                "uses": ["ward", "icu", "er"],
                "parts": [{"kind": "a"}, {"kind": "b"}, {"kind": "a"}],
            },
            {"name": "bed", "class": "1", "uses": ["ward"]},
            {"name": "lamp", "class": None},
        ):
            save_one(work, "med.device", Change(values))
    was = {
        "pump": ("3", "3", ["ward", "icu", "er"], ["a", "b", "a"]),
        "bed": ("1", "1", ["ward"], []),
        "lamp": (None, None, None, []),
    }
    assert stored(shop) == was
    plan = packs.plan(shop, Wanted(packs=[second()]))
    assert plan.risk != "blocked", [str(one) for one in plan.lines]
    assert [
        (one.path, one.detail, one.count) for one in plan.lines if one.action == "MOVED" and one.count is not None
    ] == [
        (f"{PLACE}/options", "3 -> III, 2 -> II: 1 records follow", 1),
        ("entity:med.device#/properties/parts/items/properties/kind/options", "a -> cable: 1 records follow", 1),
        ("entity:med.device#/properties/uses/options", "icu -> intensive: 1 records follow", 1),
    ]
    assert not [one for one in plan.lines if one.action in ("ADD", "REMOVE") and "/options/" in one.path]
    assert stored(shop) == was
    packs.apply(shop, plan.id)
    assert stored(shop) == was | {"pump": ("III", "iii", ["ward", "intensive", "er"], ["cable", "b", "cable"])}
    now = catalog(shop)
    assert now.rules["c.high"].document["if"] == 'class in ["II", "III"] && "intensive" in uses && name != "3"'
    assert now.rules["c.high"].document["then"][0]["value"] == "'III'"
    field = now.entities["med.device"].fields["class"]
    assert [one.title for one in field.options] == ["1", "II", "Highest"]
    assert field.spec["default"] == "II"
    packs.rollback(shop, before)
    assert stored(shop) == was
    assert catalog(shop).rules["c.high"].document["if"] == own["if"]


def test_a_swap_that_fails_leaves_every_value_as_it_was(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    packs.install(shop, [first()])
    with shop.write() as connection:
        save_one(
            Work(Workspace(shop, Path("files")), connection, access.operator()),
            "med.device",
            Change({"name": "pump", "class": "3"}),
        )
    was, plan = stored(shop), packs.plan(shop, Wanted(packs=[second()]))

    def dies(*_: Any) -> None:
        raise RuntimeError("the process dies here")

    with pytest.raises(RuntimeError):
        packs.apply(shop, plan.id, note=dies)
    assert stored(shop) == was
    packs.apply(shop, plan.id)
    assert stored(shop)["pump"][0] == "III"


def test_ids_and_the_name_of_the_field_follow_over_several_versions_at_once(shop: Database) -> None:
    packs.install(shop, [first()])
    with shop.write() as connection:
        save_one(
            Work(Workspace(shop, Path("files")), connection, access.operator()),
            "med.device",
            Change({"name": "pump", "class": "3"}),
        )
    level = "entity:med.device#/properties/level"
    later = (
        {"since": "3.0.0", "from": PLACE, "to": level},
        {"since": "3.0.0", "kind": "value_map", "path": level, "map": {"III": "high"}},
    )
    document = device(("1", "II", "high"), ("er", "intensive", "ward"), ("cable", "b"), name="level")
    source = second(MAP, SEVERAL, COLUMN, *later, document=document, version="3.0.0")
    packs.apply(shop, packs.plan(shop, Wanted(packs=[source])).id)
    assert stored(shop, "level")["pump"][:2] == ("high", "high")
    packs.rollback(shop)
    assert stored(shop)["pump"][:2] == ("3", "3")


def test_every_id_that_does_not_fit_is_told_with_its_place_before_anything_changes(shop: Database) -> None:
    packs.install(shop, [first()])
    wrong = (
        {**MAP, "map": {"1": "one", "3": "III"}},
        {**MAP, "path": "entity:med.device#/properties/klass"},
        {**MAP, "path": "entity:med.device#/properties/name"},
    )
    plan = packs.plan(shop, Wanted(packs=[second(*wrong)]))
    assert {(one.path, one.detail) for one in plan.lines if "/moves.json" in one.path} == {
        ("med/moves.json/0/map/1", "“1” is still an option of “class”; take it away, or leave it out here"),
        ("med/moves.json/0/map/1", "“one” is no option of “class”"),
        ("med/moves.json/1/path", "there is no field entity:med.device#/properties/klass"),
        ("med/moves.json/2/path", "“name” is a text; only options of multi_select and select have other ids"),
    }
    merging = second({**MAP, "map": {"3": "1"}}, document=device(("1", "2"), ("er", "icu", "ward"), ("a", "b")))
    with pytest.raises(DefinitionError) as refused:
        packs.install(shop, [merging])
    assert [one.message for one in refused.value.problems] == [
        "“1” is an option already, and records of “3” could not be told from its own; choose a new id"
    ]


@pytest.mark.parametrize(
    ("source", "becomes"),
    [
        ('class == "3" && name == "3"', 'class == "III" && name == "3"'),
        ("old.class != '3' || '3' in record.uses", "old.class != 'III' || '3' in record.uses"),
        ('account.class == "3"', 'account.class == "3"'),
        ('class in ["1", "3"]', 'class in ["1", "III"]'),
        ('class == "3" ? "3" : "1"', 'class == "III" ? "3" : "1"'),
        ("class == ", "class == "),
    ],
)  # fmt: skip
def test_a_condition_changes_only_where_the_field_is_compared(source: str, becomes: str) -> None:
    assert revalued(source, {"class": {"3": "III"}}) == becomes


def test_own_documents_follow_where_a_field_says_which_options_are_meant() -> None:
    def after(path: str, value: Any) -> Any:
        return followed(Patch(path, "add", value), [MAP], {}.get)  # type: ignore[arg-type]

    record = {
        "kind": "rule", "id": "c.x", "entity": "shop.deal", "if": 'class == "3"',
        "then": [{"do": "create_record", "entity": "med.device", "values": {"class": "x ? '3' : '1'", "name": "'3'"}}],
    }  # fmt: skip
    found = after("rule:c.x#", record).value
    assert found["if"] == record["if"]
    assert found["then"][0]["values"] == {"class": "x ? 'III' : '1'", "name": "'3'"}
    score = {
        "kind": "score", "id": "c.s", "entity": "med.device", "mode": "3", "class": "3",
        "criteria": [{"id": "3", "value": "class", "map": {"3": 10, "1": 5}}],
    }  # fmt: skip
    assert after("score:c.s#", score).value == {
        **score, "criteria": [{"id": "3", "value": "class", "map": {"III": 10, "1": 5}}]
    }  # fmt: skip
    role = {"kind": "role", "id": "c.r", "title": "3", "grants": [{"entity": "med.device", "rows": 'class != "3"'}]}
    assert after("role:c.r#", role).value["grants"][0]["rows"] == 'class != "III"'
    assert after(f"{PLACE}/options_when", {"3": "name != null"}).value == {"III": "name != null"}
    assert after(f"{PLACE}/options_when/3", 'class == "3"').path == f"{PLACE}/options_when/III"


def test_a_field_with_shared_options_is_mapped_and_a_constant_of_another_entity_is_named_as_a_problem(
    shop: Database,
) -> None:
    def shared(*ids: str) -> tuple[dict[str, Any], dict[str, Any]]:
        choice = {"kind": "option_set", "id": "med.classes", "title": "Classes", "options": choices(*ids)}
        entity = device(("1",), ("er",), ("b",))
        entity["properties"]["class"] = {"field": "select", "title": "Class", "option_set": "med.classes"}
        return entity, choice

    about = {
        "kind": "entity", "extends": "shop.deal",
        "properties": {"med__device": {"field": "reference", "to": "med.device", "title": "Device"}},
    }  # fmt: skip
    source = pack(*shared("1", "3"), about, name="med", requires={"shop": "*"})
    packs.install(shop, [source])
    with shop.write() as connection:
        work = Work(Workspace(shop, Path("files")), connection, access.operator())
        save_one(work, "med.device", Change({"name": "pump", "class": "3"}))
    own = {
        "kind": "rule", "id": "c.far", "title": "Far", "entity": "shop.deal", "on": {"record": {"events": ["created"]}},
        "if": 'med__device.class == "3"', "then": [{"do": "set_field", "field": "dept", "value": "'high'"}],
    }  # fmt: skip
    propose(shop, {"path": "rule:c.far#", "op": "add", "value": own})
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    following = {**MAP, "map": {"3": "III"}}
    after = pack(*shared("1", "III"), about, name="med", version="2.0.0", requires={"shop": "*"}, moves=(following,))
    plan = packs.plan(shop, Wanted(packs=[after]))
    assert [one.detail for one in plan.lines if one.action == "PROBLEM"] == [
        '“3” is not one of 1, III (“"3"”, from character 22)'
    ]
    propose(shop, {"path": "rule:c.far#", "op": "add", "value": {**own, "if": 'med__device.class != "1"'}})
    packs.apply(shop, packs.plan(shop, Wanted(packs=[after], proposals=True)).id)
    assert stored(shop)["pump"][0] == "III"
