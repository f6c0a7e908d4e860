from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import clock, packs
from dealwright.metadata import canonical, load

if TYPE_CHECKING:
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
