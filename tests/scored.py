"""Scores over the small world of ``worlds``: the heat of deals from the account's credit, the amount and the last activity."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from dealwright import access, records
from dealwright.records import Work
from worlds import ACCOUNT, DEAL

if TYPE_CHECKING:
    from dealwright.records import Workspace

#: Deals with fields that receive a score and its tier.
SCORED = copy.deepcopy(DEAL)
SCORED["properties"]["heat"] = {"field": "decimal", "scale": 2, "title": "Heat"}
SCORED["properties"]["class"] = {"field": "select", "title": "Class", "options": [
    {"id": "A", "title": "A"}, {"id": "B", "title": "B"}, {"id": "C", "title": "C"}]}  # fmt: skip
SCORED["properties"]["boosted"] = {"field": "formula", "result": "decimal", "formula": "heat * 2", "title": "Boosted"}
HEAT: dict[str, Any] = {
    "kind": "score", "id": "t.heat", "lang": 1, "title": "Heat", "entity": "t.deal",
    "inputs": [
        {"id": "credit", "title": "Credit of the account", "value": "account.credit", "weight": 2,
         "scale": {"linear": {"from": 0, "to": 1000}}},
        {"id": "win", "title": "Win probability", "value": "win", "weight": {"param": "w_win"},
         "scale": {"linear": {"from": 0, "to": 100}}},
        {"id": "sized", "title": "Has an amount", "value": "amount > 0", "weight": 1},
    ],
    "min_coverage": "0.5", "into": "heat", "tier_into": "class", "hysteresis": 5,
    "tiers": [{"id": "A", "title": "Hot", "from": 70}, {"id": "B", "title": "Warm", "from": 30},
              {"id": "C", "title": "Cold", "from": 0}],
}  # fmt: skip
W_WIN = {
    "kind": "parameter",
    "id": "t.w_win",
    "type": "integer",
    "title": "Weight of the win probability",
    "default": 1,
}
#: A rule that the tier wakes.
HOT = {
    "kind": "rule", "id": "t.hot", "lang": 1, "title": "Hot", "entity": "t.deal",
    "on": {"record": {"events": ["created", "updated"], "fields": ["class"]}}, "if": "class == \"A\"",
    "then": [{"do": "create_task", "title": "Call {name}"}],
}  # fmt: skip
WORLD = (SCORED, ACCOUNT, W_WIN, HEAT, HOT)


def told(
    workspace: Workspace, record: str, user: access.User | None = None, entity: str = "t.deal"
) -> list[dict[str, Any]]:
    """Return the scores of a record, as a person (or the operator) sees them."""
    with workspace.database.read() as connection:
        return records.scores(Work(workspace, connection, user or access.operator()), entity, record)


def fetched(workspace: Workspace, record: str, entity: str = "t.deal") -> dict[str, Any]:
    """Return a record as the operator sees it."""
    with workspace.database.read() as connection:
        return dict(records.fetch(Work(workspace, connection, access.operator()), entity, record))


def changes(workspace: Workspace, record: str, entity: str = "t.deal") -> list[tuple[str, dict[str, Any]]]:
    """Return the events of a record, oldest first: (type, changes of the receivers)."""
    with workspace.database.read() as connection:
        found = records.history(Work(workspace, connection, access.operator()), entity, record)
    kept = ("heat", "class", "boosted")
    return [(e["type"], {n: c for n, c in e["changes"].items() if n in kept}) for e in reversed(found)]
