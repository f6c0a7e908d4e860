"""Changes of admins become a pack that takes them over: nothing is doubled, no data are lost, and it goes elsewhere too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dealwright import access, packs, rules
from dealwright.errors import ConflictError, DefinitionError, NotFoundError
from dealwright.metadata import canonical
from dealwright.packs import Wanted, carried, extract
from dealwright.records import Change, Work, Workspace, read, save_one
from dealwright.storage import Database, system, tables

from .shop import BIG, DEFAULT, TITLE, active, catalog, lines, pack, propose, saved

VISIT: dict[str, Any] = {
    "kind": "entity", "id": "c.visit", "title": "Visit", "display": "note",
    "properties": {
        "note": {"field": "text", "title": "Note"},
        "deal": {"field": "reference", "to": "shop.deal", "title": "Deal"},
        "steps": {"field": "rows", "title": "Steps", "items": {"properties": {"what": {"field": "text"}}}},
    },
}  # fmt: skip
HOT: dict[str, Any] = {
    **BIG, "id": "c.hot", "title": "Hot", "if": 'c__ward == "7b" && amount > 1',
    "then": [{"do": "create_record", "entity": "c.visit", "values": {"deal": "record.id", "note": "c__ward"}}],
}  # fmt: skip
#: Stays with the admins, and reads what goes.
COLD: dict[str, Any] = {**BIG, "id": "c.cold", "if": 'c__ward == "cold"'}
CHANGES: list[dict[str, Any]] = [
    {"path": "entity:shop.deal#/properties/c__ward", "op": "add", "value": {"field": "text", "title": "Ward", "maxLength": 10}},
    {"path": "entity:c.visit#", "op": "add", "value": VISIT},
    {"path": "rule:c.hot#", "op": "add", "value": HOT},
    {"path": "rule:c.cold#", "op": "add", "value": COLD},
    {"path": TITLE, "value": "Customer"},
    {"path": DEFAULT, "value": 12},
    {"path": TITLE, "op": "translate", "value": {"zh-CN": "客户"}},
]  # fmt: skip
GOES = [one["path"] for one in CHANGES if one["path"] != "rule:c.cold#"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def made(database: Database, folder: Path, paths: list[str] = GOES) -> packs.PackSource:
    with database.read() as connection:
        found = extract.extract(connection, "ours", "our", paths)
    assert found.left == ()
    extract.write(found, folder / "ours")
    return packs.read(folder / "ours")


def visits(database: Database, entity: str) -> list[tuple[str, int]]:
    with database.read() as connection:
        work = Work(Workspace(database, Path("files")), connection, access.operator())
        return sorted((one["note"], len(one["steps"])) for one in read.page(work, entity, size=10).items)


def test_what_admins_added_becomes_a_pack_that_takes_over_their_data_and_can_go_elsewhere(
    shop: Database, tmp_path: Path
) -> None:
    propose(shop, *CHANGES)
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    before = active(shop)
    record = saved(shop, name="one", c__ward="7b", amount="5")
    assert visits(shop, "c.visit") == [("7b", 0)]
    source = made(shop, tmp_path)
    plan = packs.plan(shop, Wanted(packs=[source]))
    assert plan.risk in ("safe", "review"), [str(one) for one in plan.lines]
    assert {
        ("MOVED", "entity:c.visit"),
        ("MOVED", "entity:shop.deal#/properties/c__ward"),
        ("CONVERGED", TITLE),
    } <= set(lines(plan))
    packs.apply(shop, plan.id)
    now = catalog(shop)
    assert "c.visit" not in now.entities
    assert sorted(now.rules) == ["c.cold", "our.hot", "shop.big"]
    assert now.rules["c.cold"].document["if"] == 'our__ward == "cold"'
    assert visits(shop, "our.visit") == [("7b", 0)]
    saved(shop, name="two", our__ward="7b", amount="6")
    assert visits(shop, "our.visit") == [("7b", 0), ("7b", 0)]
    with shop.read() as connection:
        table = tables.layout(now, "shop.deal").table
        assert connection.scalar(sa.select(table.c.our__ward).where(table.c.id == record)) == "7b"
        for log, column in ((system.event, "entity"), (system.decision, "rule")):
            assert not [one for one in connection.scalars(sa.select(log.c[column])) if one in ("c.visit", "c.hot")]
        names = set(sa.inspect(connection).get_table_names())
        assert {"our__visit", "our__visit__steps"} <= names
        assert not {"c__visit", "c__visit__steps"} & names
        reset = packs.overlay.reset
    with shop.write() as connection:
        assert reset(connection, TITLE)
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    assert catalog(shop).entities["shop.deal"].fields["name"].title == "Customer"
    assert catalog(shop).text("entity", "shop.deal", "/properties/name/title", "zh-CN") == "客户"
    packs.rollback(shop, before)
    assert visits(shop, "c.visit") == [("7b", 0), ("7b", 0)]
    saved(shop, name="three", c__ward="7b", amount="7")


def test_a_pack_of_changes_brings_them_to_a_workspace_that_has_none(shop: Database, tmp_path: Path) -> None:
    propose(shop, *CHANGES)
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    source = made(shop, tmp_path)
    packs.rollback(shop)
    packs.install(shop, [source])
    saved(shop, name="one", our__ward="7b", amount="5")
    assert visits(shop, "our.visit") == [("7b", 0)]
    assert catalog(shop).parameters["shop.days"].value == 12


def test_what_cannot_be_exported_is_told(shop: Database, tmp_path: Path) -> None:
    with shop.read() as connection, pytest.raises(NotFoundError, match="nothing is changed"):
        extract.extract(connection, "ours")
    propose(shop, *CHANGES[:1])
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    with shop.read() as connection:
        with pytest.raises(DefinitionError):
            extract.extract(connection, "ours", "shop")
        found = extract.extract(connection, "ours")
    extract.write(found, tmp_path / "ours")
    with pytest.raises(ConflictError):
        extract.write(found, tmp_path / "ours")


def test_a_pack_gives_an_entity_another_id_and_then_to_another_pack_which_must_accept_it(shop: Database) -> None:
    permit = {**VISIT, "id": "med.permit"}
    pointing = {
        "kind": "entity", "extends": "shop.deal",
        "properties": {"med__permit": {"field": "reference", "to": "med.permit", "title": "Permit"}},
    }  # fmt: skip
    packs.install(shop, [pack(permit, pointing, name="med", requires={"shop": "*"})])
    workspace = Workspace(shop, Path("files"))
    with shop.write() as connection:
        work = Work(workspace, connection, access.operator())
        one = save_one(work, "med.permit", Change({"note": "first", "steps": [{"what": "ask"}]})).id
        save_one(work, "shop.deal", Change({"name": "with", "med__permit": one}))
    move = {"since": "2.0.0", "from": "entity:med.permit", "to": "entity:med.licence"}
    licence = {**VISIT, "id": "med.licence"}
    field = {**pointing["properties"]["med__permit"], "to": "med.licence"}
    renamed = {**pointing, "properties": {"med__permit": field}}
    plan = packs.plan(
        shop, Wanted(packs=[pack(licence, renamed, name="med", version="2.0.0", requires={"shop": "*"}, moves=(move,))])
    )
    assert ("MOVED", "entity:med.permit") in lines(plan)
    assert not [one for one in lines(plan, "REMOVE") if one[1].startswith("entity:")]
    packs.apply(shop, plan.id)
    assert visits(shop, "med.licence") == [("first", 1)]
    gives = {"since": "3.0.0", "from": "entity:med.licence", "to_pack": "core_law", "to": "entity:cmp.licence"}
    takes = {"since": "1.0.0", "kind": "accepts", "from": "entity:med.licence", "to": "entity:cmp.licence"}
    other = {**field, "to": "cmp.licence"}
    after = {**pointing, "properties": {"med__permit": other}}
    needs = {"shop": "*", "core_law": "*"}
    giving = pack(after, name="med", version="3.0.0", requires=needs, moves=(move, gives))

    def taking(*moves: dict[str, Any]) -> packs.PackSource:
        return pack({**VISIT, "id": "cmp.licence"}, name="core_law", ns="cmp", requires={"shop": "*"}, moves=moves)

    refused = packs.plan(shop, Wanted(packs=[giving, taking()]))
    assert [one.detail[:47] for one in refused.lines if one.action == "PROBLEM"] == [
        "the pack core_law does not say that it accepts "
    ]
    packs.install(shop, [giving, taking(takes)])
    assert visits(shop, "cmp.licence") == [("first", 1)]
    with shop.read() as connection:
        assert connection.scalar(sa.select(tables.layout(catalog(shop), "shop.deal").table.c.med__permit)) == one


def test_an_archive_of_changes_passes_the_gate_and_gives_the_same_definitions_where_the_same_packs_are(
    shop: Database, tmp_path: Path
) -> None:
    propose(shop, *CHANGES)
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    here = catalog(shop)
    head = {"version": "1.2.0", "title": "Ours", "publisher": {"id": "acme", "name": "Acme"}}
    with shop.read() as connection:
        built, made_of = carried.build(connection, tmp_path, "ours", "our", (), head)
    assert (built.path.name, made_of.left) == ("ours-1.2.0.zip", ())
    assert made_of.files["pack.json"]["requires"] == {"shop": "^1.0.0"}
    packs.rollback(shop)
    with packs.archive.unpacked(built.path) as folder:
        source = packs.read(folder.resolve())
        assert packs.archive.undeclared(source) == []
        assert source.manifest["publisher"] == {"id": "acme", "name": "Acme"}
        release = packs.releases.of_archive(built.path, source)
        plan = packs.plan(shop, Wanted(packs=[source], archives={"ours": release}))
        assert plan.risk in ("safe", "review"), [str(one) for one in plan.lines]
        packs.apply(shop, plan.id)
    there = catalog(shop)

    def renamed(one: Any) -> Any:
        text = canonical.text(canonical.plain(one)).replace("c__", "our__")
        text = re.sub(r'"order":\d{5}', '"order":99999', text)  # behind the fields of the pack that it adds to
        return json.loads(re.sub(r"\bc\.(visit|hot|cold)\b", r"our.\1", text))

    same = {key: renamed(one) for key, one in here.documents.items()}
    same = {(kind, re.sub(r"\Ac\.", "our.", name)): one for (kind, name), one in same.items()}
    assert same.keys() == there.documents.keys()
    differ = [key for key, one in there.documents.items() if renamed(one) != same[key]]
    assert differ == [], [(renamed(there.documents[key]), same[key]) for key in differ]
    assert there.text("entity", "shop.deal", "/properties/name/title", "zh-CN") == "客户"
