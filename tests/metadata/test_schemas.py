from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dealwright.metadata import schemas
from dealwright.resources import shipped

FILES = sorted((shipped("metadata") / "schemas").glob("*.schema.json"))
CLASSES = {"locked", "owner", "last", "min", "max", "or", "and", "intersect", "union", "seed"}


def attributes(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a document of this schema can have, with its schema."""
    for name, one in schema.get("properties", {}).items():
        yield f"{at}/{name}", one
        yield from attributes(one, f"{at}/{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from attributes(schema[inner], f"{at}/*")
    for name, one in schema.get("$defs", {}).items():
        yield from attributes(one, f"{at}/{name}")


def _all(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for one in schema.values():
            yield from _all(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from _all(one)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_schema_is_valid_published_and_closed(file: Any) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://dealwright.dev/schemas/1/{file.name}"
    for one in _all(schema):
        if isinstance(one.get("properties"), dict) and one.get("type") == "object" and "then" not in one:
            assert "additionalProperties" in one, one.get("title")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_attribute_says_what_it_is_for(file: Any) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    for at, one in attributes(schema):
        if "$ref" not in one and "not" not in one and at != "/row_field/field":
            assert one.get("title"), at
            assert str(one.get("description", "")).endswith("."), at


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_every_attribute_has_a_merge_class(kind: str) -> None:
    def walk(part: dict[str, Any], at: str) -> None:
        resolved = schemas.resolved(kind, part)
        if "x-merge" in resolved:
            assert resolved["x-merge"] in CLASSES, at
        elif "x-key" in resolved:
            walk(resolved["items"], f"{at}/*")
        else:
            assert "properties" in resolved or isinstance(resolved.get("additionalProperties"), dict), (
                f"{at} has no x-merge"
            )
            for name, one in resolved.get("properties", {}).items():
                walk(one, f"{at}/{name}")
            if isinstance(resolved.get("additionalProperties"), dict) and at.count("/") < 8:
                walk(resolved["additionalProperties"], f"{at}/*")

    walk(dict(schemas.definition(kind)), kind)


def test_a_reference_in_a_document_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", opened)
    monkeypatch.setattr(socket, "create_connection", opened)
    field = {"field": "text", "$ref": "http://169.254.169.254/latest"}
    document = {
        "kind": "entity",
        "id": "a.b",
        "title": "T",
        "properties": {"name": field},
        "$ref": "http://example.com/",
    }
    assert {one.pointer for one in schemas.check(document)} == {"/$ref", "/properties/name/$ref"}


def test_the_schemas_refer_to_nothing_outside() -> None:
    for file in FILES:
        for one in _all(json.loads(file.read_text(encoding="utf-8"))):
            if isinstance(one.get("$ref"), str):
                assert one["$ref"].startswith("#/"), file.name


def test_a_schema_line_for_editors_is_taken() -> None:
    document = {
        "$schema": "https://dealwright.dev/schemas/1/message.schema.json",
        "kind": "message",
        "id": "a.b",
        "title": "T",
    }
    assert schemas.check(document) == []


def test_a_constant_may_be_a_number_a_text_or_a_parameter() -> None:
    def with_minimum(value: Any) -> list[str]:
        fields = {"n": {"field": "decimal", "minimum": value}}
        return [one.code for one in schemas.check({"kind": "entity", "id": "a.b", "title": "T", "properties": fields})]

    assert with_minimum(1) == with_minimum("1.50") == with_minimum({"param": "low"}) == []
    assert with_minimum("1,5") == ["wrong-form"]
    assert with_minimum({"param": "low", "plus": 1}) == ["unknown-key"]
    assert with_minimum(True) == ["wrong-type"]


def test_what_an_action_may_say_stands_in_one_schema_and_others_are_like_it():
    """Ladders of clocks and ends of approvals hold actions of rules, and no list of actions of their own."""

    def parts(value, at=""):
        if isinstance(value, dict):
            yield at, value
            for key, one in value.items():
                yield from parts(one, f"{at}/{key}")
        elif isinstance(value, list):
            for number, one in enumerate(value):
                yield from parts(one, f"{at}/{number}")

    own, like = set(), {}
    for name in {name for name, _ in schemas.KINDS.values()}:
        for at, part in parts(schemas.schema(name)):
            if at.endswith("/properties/do") and "enum" in part and "description" in part:
                own.add((name, at))
            if "x-like" in part:
                like.setdefault(part["x-like"], set()).add(name)
    assert own == {("rule", "/$defs/rule/properties/then/items/properties/do")}
    assert like == {"rule/properties/then/items": {"approval", "deadline", "sequence", "sla"}}
