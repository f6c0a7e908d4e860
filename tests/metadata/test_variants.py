"""What a variant inherits means what it meant in its pipeline, whatever pack the variant belongs to."""

from __future__ import annotations

from typing import Any

from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument


def layer(name: str, *documents: dict[str, Any], requires: frozenset[str] = frozenset()) -> Layer:
    sourced = tuple(SourcedDocument({**one, "id": f"{name}.{one['id']}"}, one["id"]) for one in documents)
    return Layer(name, name, sourced, {}, requires)


DEAL = {
    "kind": "entity",
    "id": "deal",
    "title": "Deal",
    "properties": {"note": {"field": "text"}, "amount": {"field": "money"}},
}
SALE = {
    "kind": "pipeline", "id": "sale", "title": "Sale", "entity": "shop.deal", "version": 1, "start": "new",
    "stages": [
        {"id": "new", "title": "New", "next": ["won"], "red_after": {"param": "red_days", "unit": "day"},
         "exit": [{"id": "sized", "message": "Larger",
                   "require": 'amount > param.least && note != "param.least" && amount < param.other__most'}]},
        {"id": "won", "title": "Won", "outcome": "won"},
    ],
}  # fmt: skip
RED = {"kind": "parameter", "id": "red_days", "type": "integer", "title": "Red", "default": 30}
LEAST = {"kind": "parameter", "id": "least", "type": "decimal", "title": "Least", "default": "10"}
MOST = {"kind": "parameter", "id": "most", "type": "decimal", "title": "Most", "default": "99"}


def test_parameters_of_the_pipeline_are_named_in_full_in_the_variant_of_another_pack() -> None:
    other = layer("other", MOST)
    shop = layer("shop", DEAL, SALE, RED, LEAST, requires=frozenset({"other"}))
    export = {"kind": "pipeline", "id": "export", "extends": "shop.sale", "title": "Export"}
    med = layer("med", export, requires=frozenset({"shop", "other"}))
    catalog = load.catalog([other, shop, med])
    new = catalog.pipelines["med.export"].stages["new"]
    assert new.document["red_after"] == {"param": "shop__red_days", "unit": "day"}
    assert new.exit[0].require == 'amount > param.shop__least && note != "param.least" && amount < param.other__most'
    assert catalog.pipelines["shop.sale"].stages["new"].document["red_after"] == {"param": "red_days", "unit": "day"}
