from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import clock, packs, rules
from dealwright.errors import DefinitionError
from dealwright.metadata import canonical, load, schemas
from dealwright.storage import migrations

if TYPE_CHECKING:
    from pathlib import Path

    from dealwright.storage.database import Database


def test_a_stored_revision_gives_back_the_same_catalog(database: Database) -> None:
    sources = [packs.read(folder) for folder in packs.find().values()]
    layers = packs.layers_of(sources)
    made = load.catalog(layers, {"locale": "zh-CN", "currency": "CNY"})
    with database.write() as connection:
        packs.store(connection, made, layers, reason="a test", by=None, at=clock.now())
    with database.read() as connection:
        found = packs.stored_catalog(connection, made.revision)
        again, settings = packs.stored_layers(connection, made.revision)
    assert found.revision == made.revision
    assert canonical.text(dict(enumerate(map(dict, found.documents.values())))) == canonical.text(
        dict(enumerate(map(dict, made.documents.values())))
    )
    assert {one.id: list(one.fields) for one in found.entities.values()} == {
        one.id: list(one.fields) for one in made.entities.values()
    }
    assert found.text("entity", "sales.opportunity", "/title", "zh-CN") == made.text(
        "entity", "sales.opportunity", "/title", "zh-CN"
    )
    assert [one.id for one in again] == [one.id for one in layers]
    assert settings == dict(made.settings)


def shop(folder: Path, *fields: str, minimum: int = 1) -> packs.PackSource:
    """Return a pack with an entity of these text fields and a rule with a condition."""
    thing: dict[str, Any] = {
        "kind": "entity", "id": "shop.thing", "title": "Thing",
        "properties": {**{name: {"field": "text"} for name in fields}, "size": {"field": "integer", "minimum": minimum}},
    }  # fmt: skip
    rule: dict[str, Any] = {
        "kind": "rule", "id": "shop.large", "title": "Large", "entity": "shop.thing",
        "on": {"record": {"events": ["created", "updated"]}}, "if": "size > 10",
        "then": [{"do": "set_field", "field": "name", "value": "'large'"}],
    }  # fmt: skip
    head = {
        "format": 1,
        "id": "shop",
        "ns": "shop",
        "version": f"1.{len(fields)}.0",
        "title": "A shop",
        "platform": ">=0.1 <1",
    }
    for name, content in {"pack.json": head, "entities/thing.json": thing, "rules/large.json": rule}.items():
        file = folder / "shop" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    return packs.read(folder / "shop")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Note which documents are held against the schemas, and for which revisions the matcher is tried."""
    noted: dict[str, list[str]] = {"documents": [], "trials": []}
    check, prove = schemas.check, rules.prove

    def checking(document: Any, source: str = "") -> Any:
        noted["documents"].append(source)
        return check(document, source)

    def proving(catalog: Any, **more: Any) -> Any:
        noted["trials"].append(catalog.revision)
        return prove(catalog, **more)

    monkeypatch.setattr(schemas, "check", checking)
    monkeypatch.setattr(rules, "prove", proving)
    return noted


def test_only_what_has_changed_is_looked_at_again(
    database: Database, tmp_path: Path, asked: dict[str, list[str]]
) -> None:
    migrations.upgrade(database)
    packs.install(database, [shop(tmp_path, "name")])
    assert "shop/rules/large.json" in asked["documents"] and len(asked["trials"]) == 1
    asked["documents"].clear()
    done = packs.install(database, [shop(tmp_path, "name", "colour")])
    assert done.changes == ("add the column colour to shop__thing",)
    assert asked == {"documents": ["shop/entities/thing.json"], "trials": asked["trials"][:1]}


def test_a_changed_document_with_a_fault_is_refused_among_unchanged_ones(database: Database, tmp_path: Path) -> None:
    migrations.upgrade(database)
    packs.install(database, [shop(tmp_path, "name")])
    file = tmp_path / "shop" / "rules" / "large.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "modus": "live"}), encoding="utf-8")
    with pytest.raises(DefinitionError) as refused:
        packs.install(database, [packs.read(tmp_path / "shop")])
    assert [(one.source, one.code) for one in refused.value.problems] == [("shop/rules/large.json", "unknown-key")]


def test_other_schemas_look_at_every_document_again(
    database: Database, tmp_path: Path, asked: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations.upgrade(database)
    packs.install(database, [shop(tmp_path, "name")])
    asked["documents"].clear()
    monkeypatch.setattr(schemas, "fingerprint", lambda: "those of the next release")
    packs.install(database)
    assert "shop/rules/large.json" in asked["documents"]


def test_rules_that_changed_are_tried_again(database: Database, tmp_path: Path, asked: dict[str, list[str]]) -> None:
    migrations.upgrade(database)
    packs.install(database, [shop(tmp_path, "name")])
    file = tmp_path / "shop" / "rules" / "large.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "if": "size > 10 && size < 99"}), encoding="utf-8")
    packs.install(database, [packs.read(tmp_path / "shop")])
    assert len(asked["trials"]) == 2
