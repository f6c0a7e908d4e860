"""An entity with just the fields that a test is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from dealwright import fields
from dealwright.errors import Problem
from dealwright.metadata import load
from dealwright.metadata.catalog import Catalog

ACCOUNT = {
    "kind": "entity",
    "id": "s.account",
    "title": "Account",
    "properties": {"name": {"field": "text"}, "region": {"field": "text"}, "founded": {"field": "date"}},
}
PRODUCT = {
    "kind": "entity",
    "id": "s.product",
    "title": "Product",
    "properties": {"name": {"field": "text"}, "price": {"field": "money"}},
}
SETTINGS = {"zone": "Asia/Shanghai", "locale": "en", "currency": "CNY"}

Make = Callable[..., Catalog]


@pytest.fixture
def made() -> Make:
    """Make a catalog whose entity ``s.deal`` has the given fields; more keys of the document as keywords."""

    def make(properties: Mapping[str, Any], *, settings: Mapping[str, str] = SETTINGS, **document: Any) -> Catalog:
        deal = {"kind": "entity", "id": "s.deal", "title": "Deal", "properties": properties, **document}
        more = deal.pop("documents", ())
        return load.catalog_of([ACCOUNT, PRODUCT, deal, *more], settings)

    return make


@pytest.fixture
def tried(made: Make) -> Callable[..., tuple[Any, list[Problem]]]:
    """Read one value, written as JSON, of a field with this document: its typed value and the problems."""

    def read(spec: Mapping[str, Any], written: str) -> tuple[Any, list[Problem]]:
        value = json.loads(written, parse_float=Decimal)
        values, problems = fields.read(made({"f": spec}), "s.deal", {"f": value}, new=True)
        return values.get("f"), problems

    return read
