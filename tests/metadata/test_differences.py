from __future__ import annotations

from typing import Any

from dealwright.metadata.differences import DocumentChange, diff
from dealwright.metadata.load import catalog_of


def deal(**properties: Any) -> dict[str, Any]:
    return {"kind": "entity", "id": "a.deal", "title": "Deal", "properties": {"name": {"field": "text"}, **properties}}


def test_a_catalog_does_not_differ_from_itself() -> None:
    found = diff(catalog_of([deal()]), catalog_of([deal()]))
    assert not found
    assert found.documents == ()


def test_everything_is_new_in_a_new_workspace() -> None:
    found = diff(None, catalog_of([deal()]))
    assert list(found.added) == ["a.deal"]
    assert found.documents == (DocumentChange("entity", "a.deal", "added"),)


def test_added_removed_and_changed_fields_are_told_apart() -> None:
    old = catalog_of([deal(amount={"field": "integer", "maximum": 5}, gone={"field": "text"})])
    new = catalog_of([deal(amount={"field": "decimal", "maximum": 9}, fresh={"field": "date"})])
    change = diff(old, new).changed["a.deal"]
    assert list(change.added) == ["fresh"]
    assert list(change.removed) == ["gone"]
    assert change.changed["amount"].keywords == {"field", "maximum"}
    assert change.changed["amount"].alters_column
    assert not change.gains_pipeline


def test_a_new_limit_or_title_leaves_the_column_alone() -> None:
    change = diff(
        catalog_of([deal(amount={"field": "integer"})]), catalog_of([deal(amount={"field": "integer", "title": "Sum"})])
    )
    assert not change.changed["a.deal"].changed["amount"].alters_column
    assert [(one.path, one.before, one.after) for one in change.documents[0].attributes] == [
        ("entity:a.deal#/properties/amount/title", None, "Sum")
    ]


def test_a_pipeline_changes_the_entity_that_gains_it() -> None:
    pipeline = {
        "kind": "pipeline",
        "id": "a.p",
        "title": "P",
        "entity": "a.deal",
        "version": 1,
        "start": "s",
        "stages": [{"id": "s", "title": "S"}],
    }
    found = diff(catalog_of([deal()]), catalog_of([deal(), pipeline]))
    assert found.changed["a.deal"].gains_pipeline
    assert found.documents == (DocumentChange("pipeline", "a.p", "added"),)


def test_options_of_a_shared_set_change_the_fields_that_use_it() -> None:
    def with_options(*names: str) -> Any:
        options = {
            "kind": "option_set",
            "id": "a.o",
            "title": "O",
            "options": [{"id": one, "title": one.upper()} for one in names],
        }
        return catalog_of([options, deal(size={"field": "select", "option_set": "a.o"})])

    found = diff(with_options("s"), with_options("s", "m"))
    assert found.changed["a.deal"].changed["size"].keywords == {"options"}


def test_a_removed_entity_is_told() -> None:
    found = diff(catalog_of([deal(), {**deal(), "id": "a.other"}]), catalog_of([deal()]))
    assert list(found.removed) == ["a.other"]
    assert found
