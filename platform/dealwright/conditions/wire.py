"""A typed tree as JSON: what the browser evaluates (``ui/src/expr.js``), and the way back.

{"lit": "100.00", "t": "decimal"}                    numbers travel as texts, so that none loses a digit
{"name": "account.region", "t": "text"}              "row": the variable, where it is a field of a row
{"op": "&&", "args": [...], "t": "boolean"}
{"each": "exists", "over": {...}, "var": "l", "body": {...}, "t": "boolean"}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from dealwright.conditions.syntax import ROOTS, Call, Each, Literal, Name, Node
from dealwright.conditions.types import Type

_MILLISECOND = timedelta(milliseconds=1)


def to_json(node: Node) -> dict[str, Any]:
    """Return ``node`` as a JSON object."""
    kind = node.type.kind
    if isinstance(node, Literal):
        return {"lit": constant(node.value), "t": kind}
    if isinstance(node, Name):
        if node.means is not None:
            return to_json(node.means)
        if node.root and node.root not in ROOTS:
            return {"name": node.key, "row": node.root, "t": kind}
        return {"name": node.key, "t": kind}
    if isinstance(node, Each):
        return {
            "each": node.kind,
            "over": to_json(node.over),
            "var": node.var,
            "body": to_json(node.body),
            "t": kind,
        }
    return {"op": node.op, "args": [to_json(arg) for arg in node.args], "t": kind}


def constant(value: Any) -> Any:
    """Return a constant as JSON: numbers and moments as text, a duration in milliseconds."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, timedelta):
        return value // _MILLISECOND
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, int) else value.isoformat()


def from_json(tree: Mapping[str, Any]) -> Node:
    """Return the tree that :func:`to_json` wrote; types are known by their kind only."""
    kind = Type(tree["t"])
    if "lit" in tree:
        lit = tree["lit"]
        return Literal(None if lit is None else _READ.get(kind.kind, _same)(lit), kind)
    if "name" in tree:
        return Name((tree["name"],), kind, root=tree.get("row", ""), steps=(tree["name"],))
    if "each" in tree:
        over = from_json(tree["over"])
        assert isinstance(over, Name)  # noqa: S101 - to_json wrote it
        return Each(tree["each"], over, tree["var"], from_json(tree["body"]), kind)
    return Call(tree["op"], tuple(map(from_json, tree["args"])), kind)


def _same(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda millis: timedelta(milliseconds=millis),
}
