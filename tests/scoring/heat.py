"""A small score over a small entity, for tests of the pure computation."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dealwright import scoring
from dealwright.metadata import load

if TYPE_CHECKING:
    from dealwright.scoring import CompiledScore, Outcome

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOMENT = {"now()": NOW, "today()": date(2026, 11, 23), "user.roles": []}
THING = {
    "kind": "entity", "id": "t.thing", "title": "Thing", "properties": {
        "a": {"field": "decimal"}, "b": {"field": "decimal"}, "c": {"field": "decimal"}, "n": {"field": "integer"},
        "done": {"field": "boolean"}, "day": {"field": "date"}, "moment": {"field": "datetime"},
        "secret": {"field": "decimal", "sensitivity": "secret"},
        "kind": {"field": "select", "options": [{"id": "x", "title": "X"}, {"id": "y", "title": "Y"}]},
        "kinds": {"field": "multi_select", "options": [{"id": "x", "title": "X"}, {"id": "y", "title": "Y"}]},
        "points": {"field": "decimal"}, "whole": {"field": "integer"}, "class": {"field": "select", "options": [
            {"id": "A", "title": "A"}, {"id": "B", "title": "B"}, {"id": "C", "title": "C"}]}}}  # fmt: skip
HUNDRED = {"linear": {"from": 0, "to": 100}}
TIERS = [
    {"id": "A", "title": "Hot", "from": {"param": "a_min"}}, {"id": "B", "title": "Warm", "from": 30},
    {"id": "C", "title": "Cold", "from": 0},
]  # fmt: skip
A_MIN = {"kind": "parameter", "id": "t.a_min", "type": "percent", "title": "A from", "default": 70}


def one(name: str, value: str, weight: Any = 1, **scale: Any) -> dict[str, Any]:
    """Return an input; without a scale the value counts as points."""
    return {"id": name, "value": value, "weight": weight, "scale": scale or HUNDRED}


def document(*inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a score with these inputs."""
    return {"kind": "score", "id": "t.heat", "title": "Heat", "entity": "t.thing", "inputs": list(inputs), **more}


def compiled(*inputs: dict[str, Any], **more: Any) -> CompiledScore:
    """Return the score, compiled."""
    catalog = load.catalog_of([THING, A_MIN, document(*inputs, **more)])
    return scoring.of(catalog, "t.thing")[0]


def worked_out(score: CompiledScore, held: str | None = None, **values: Any) -> Outcome:
    """Return what the score comes to on a record; numbers may be written as text."""
    env = {name: Decimal(v) if name in ("a", "b", "c", "secret") and v is not None else v for name, v in values.items()}
    return scoring.outcome(score, {**MOMENT, **env}, held)
