"""``docs/metadata.md`` is the reference of the schemas: every attribute is in it, and its examples are right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dealwright.metadata import load, schemas
from dealwright.metadata.layers import Layer, SourcedDocument

PAGE = (Path(__file__).parents[2] / "docs" / "metadata.md").read_text(encoding="utf-8")
COMMON = {"$schema", "kind", "id", "lang", "title", "description", "deprecated", "sealed", "derived_from"}
SECTIONS = {one.partition("\n")[0]: one for one in PAGE.split("\n## ")[1:]}
EXAMPLES = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def rows(kind: str, part: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    """Yield name and description of each attribute, in the way the tables name them."""
    part = schemas.resolved(kind, part)
    for name, one in part.get("properties", {}).items():
        inner = schemas.resolved(kind, one)
        if not at and name in COMMON:
            continue
        yield f"{at}{name}", inner["description"]
        items = inner.get("items")
        if isinstance(items, Mapping):
            yield from rows(kind, _without_parameter(kind, items), f"{at}{name}[].")
        elif inner.get("properties") and "param" not in inner["properties"] and name != "items":
            yield from rows(kind, inner, f"{at}{name}.")


def _without_parameter(kind: str, items: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = schemas.resolved(kind, items)
    return {} if "param" in inner.get("properties", {}) else inner


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_every_attribute_of_a_kind_is_in_its_table(kind: str) -> None:
    missing = [
        name
        for name, description in rows(kind, schemas.definition(kind))
        if not re.search(
            rf"^\| `{re.escape(name)}`.*{re.escape(description.replace('|', chr(92) + '|'))}", SECTIONS[kind], re.M
        )
    ]
    assert missing == []


def test_every_keyword_of_a_field_is_in_the_table_with_its_types() -> None:
    field = schemas.schema("entity")["$defs"]["field"]
    for name, one in field["properties"].items():
        types = field["dependentSchemas"].get(name, {}).get("properties", {}).get("field", {}).get("enum")
        line = next(
            line
            for line in SECTIONS["entity"].splitlines()
            if line.startswith(f"| `{name}`") and one["description"] in line
        )
        assert (", ".join(types) if types else "| all |") in line
        assert line.endswith(f"| {one.get('x-merge', line.split('| ')[-1].rstrip(' |'))} |")


def test_every_field_type_has_its_line() -> None:
    for name in schemas.schema("entity")["$defs"]["field"]["properties"]["field"]["enum"]:
        assert f"\n| `{name}` |" in SECTIONS["entity"]


def test_every_attribute_of_a_manifest_and_an_extension_is_in_its_table() -> None:
    for name, one in schemas.schema("pack")["properties"].items():
        assert name == "$schema" or f"| `{name}`" in SECTIONS["pack.json"], name
        assert name == "$schema" or one["description"] in SECTIONS["pack.json"], name
    for name in schemas.definition("entity", extends=True)["properties"]:
        assert name in COMMON or f"| `{name}`" in SECTIONS["Layers and merge classes"], name


def test_the_examples_fit_their_schemas_and_make_a_catalog_together() -> None:
    whole: list[SourcedDocument] = []
    extensions: list[SourcedDocument] = []
    for one in EXAMPLES:
        if isinstance(one, list):
            kind = "fact" if "source" in one[0] else "parameter"
            whole.extend(SourcedDocument({"kind": kind, **item, "id": f"shop.{item['id']}"}) for item in one)
        elif "format" in one:
            assert schemas.check_manifest(one) == []
        elif "kind" in one:
            (extensions if "extends" in one else whole).append(SourcedDocument(one))
    good = Path(__file__).parent / "good"
    there = {(one.document["kind"], one.document["id"]) for one in whole}
    rest = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(good.glob("*.json"))]
    whole.extend(SourcedDocument(one) for one in rest if (one["kind"], one["id"]) not in there)
    med = Layer("med", "med", tuple(extensions), requires=frozenset({"shop"}))
    translations = next(one for one in EXAMPLES if isinstance(one, dict) and "entity:shop.order#/title" in one)
    shop = Layer("shop", "shop", tuple(whole), translations={"zh-CN": translations})
    assert load.catalog([shop, med]).entity("shop.order").fields["med__ward"].layer == "med"


def test_there_is_an_example_of_every_kind() -> None:
    kinds = {one["kind"] for one in EXAMPLES if isinstance(one, dict) and "kind" in one}
    assert kinds | {"parameter", "fact"} == set(schemas.KINDS)
