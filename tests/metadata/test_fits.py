"""The quick word on whether a document fits, and the library's, are the same."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from dealwright.metadata import fits, schemas, strict
from dealwright.resources import shipped

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10**12, 1.5, 1.0, Decimal("2"), Decimal("2.5"), "", "x", "a.b", "X" * 90, [], [1, 1],
    ["a", "a"], [True, 1], {}, {"x": 1}, {"param": "days"}, [[]], [{}],
)  # fmt: skip


def documents() -> Iterator[dict[str, Any]]:
    for place in ("metadata/base", "rule_packs"):
        root = shipped(place.partition("/")[0])
        for file in sorted(root.rglob("*.json") if place == "rule_packs" else (root / "base").rglob("*.json")):
            content = strict.read(file)
            for one in content if isinstance(content, list) else [content]:
                if isinstance(one, dict) and one.get("kind") in schemas.KINDS and "test" not in one:
                    yield one


def places(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    for key, one in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(one, (*at, key))


def damaged(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return the document with something else at one place, a key more, or one less."""
    found = copy.deepcopy(document)
    *outer, last = chance.choice([at for at in places(found) if at])
    node: Any = found
    for step in outer:
        node = node[step]
    way = chance.randrange(3)
    if way == 0 or (way == 1 and not isinstance(node, dict)):
        node[last] = copy.deepcopy(chance.choice(ODD))
    elif way == 1:
        node[chance.choice(["x", "kind", "to", "field", "options", "user", "then"])] = copy.deepcopy(chance.choice(ODD))
    else:
        del node[last]
    return found


def both(document: dict[str, Any]) -> tuple[bool | None, bool]:
    """Return what is said quickly (None: it takes the library), and what the library says."""
    kind = document["kind"]
    form = "extension" if "extends" in document and "id" not in document else ""
    if "extends" in document and "id" in document:
        form = "variant"
    checker = schemas.checker(kind, form)
    try:
        quick = checker.fits(document) if checker.fits is not None else None
    except fits.Unsure:
        quick = None
    return quick, checker.library().is_valid(document)


def test_every_shipped_schema_can_be_told_quickly() -> None:
    for file in sorted((shipped("metadata") / "schemas").glob("*.schema.json")):
        assert fits.compiled(json.loads(file.read_text(encoding="utf-8"))) is not None, file.name


@pytest.mark.parametrize("seed", range(4))
def test_both_say_the_same_of_shipped_documents_and_of_damaged_ones(seed: int) -> None:
    chance = random.Random(seed)
    known = list(documents())
    told = [0, 0]
    for document in chance.choices(known, k=100):
        quick, valid = both(document)
        assert quick is valid, "a document as people write them is told quickly"
        if not valid:
            continue
        for _ in range(3):
            one = damaged(document, chance)
            if (
                any((key in one) != (key in document) for key in ("id", "extends"))
                or one.get("kind") != document["kind"]
            ):
                continue
            quick, valid = both(one)
            assert quick in (valid, None), one
            told[valid] += quick is not None
    assert min(told) > 1, told


def test_a_schema_with_a_keyword_that_is_not_known_is_left_to_the_library() -> None:
    assert fits.compiled({"type": "object", "patternProperties": {"^x": {"type": "string"}}}) is None


def test_a_document_that_fits_never_needs_the_library() -> None:
    checker = schemas.Checker(schemas.schema("message"))
    assert checker.errors({"kind": "message", "id": "shop.look", "title": "Look"}) == []
    assert checker._validator is None
