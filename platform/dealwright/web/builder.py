"""What the visual filter works with: the fields that can be asked for, and a condition as rows to choose from.

The condition stays text everywhere; this reads it into ``{"join", "parts"}`` with parts ``{"field", "op", "value"}`` or
such a tree again, and the script ``builder.js`` writes it back. A condition that says more than rows can is no tree: it
is edited as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, jsonify, request, url_for

from dealwright import access
from dealwright.conditions.parser import parse
from dealwright.conditions.syntax import Call, Literal, Name
from dealwright.errors import ConditionError
from dealwright.web import i18n, visit
from dealwright.web.columns import offered

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.conditions.syntax import Node
    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work

#: Type of a field to how its rows are asked.
_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("text", "email", "phone", "url", "autonumber"), "text"),
    **dict.fromkeys(("integer", "decimal", "percent", "money", "rating"), "number"),
    **dict.fromkeys(("reference", "user", "team"), "record"),
    **{"boolean": "boolean", "date": "date", "datetime": "datetime", "select": "choice", "multi_select": "choices"},
}
_COMPARED = frozenset({"==", "!=", "<", "<=", ">", ">="})


def register(pages: Blueprint) -> None:
    """Add the address to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/conditions", "conditions", conditions)


def conditions(entity_id: str) -> ResponseReturnValue:
    """Answer with ``{"fields": […], "tree": {…}|null}``: the tree is that of ``source``, null where it is no tree."""
    with visit.reading() as work:
        access.demand(work.catalog, work.user, "read", entity_id)
        entity = work.catalog.entity(entity_id)
        fields = {one["id"]: one for one in _fields(work, entity)}
        return jsonify(fields=list(fields.values()), tree=tree(request.args.get("source", ""), fields))


def _fields(work: Work, entity: Entity) -> list[dict[str, Any]]:
    display = entity.field(entity.display) if entity.display else None
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    named = [display] if display is not None and display.id in seen else []
    found = []
    for one in (*named, *offered(work, entity)):
        kind = _KINDS.get(str(one.spec.get("result") or one.type))
        if kind is None or (one.system and one.id == "pipeline"):
            continue
        told: dict[str, Any] = {"id": one.id, "title": i18n.field_text(work.catalog, entity, one), "kind": kind}
        if kind in ("choice", "choices"):
            told["options"] = [[o.id, i18n.option_title(work.catalog, entity, one, o)] for o in one.options]
        if kind == "record":
            told["lookup"] = url_for("web.lookup", entity_id=entity.id, path=one.id)
            told["person"] = one.to == "base.user"
        found.append(told)
    return found


def tree(source: str, fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return a condition as rows, or None if rows cannot say it; nothing to ask is a tree without parts.

    Args:
        source: The text.
        fields: The fields that rows can ask for, by id, each with its ``kind``.
    """
    if not source.strip():
        return {"join": "&&", "parts": []}
    try:
        node = parse(source)
    except ConditionError:
        return None
    found = _tree(node, fields)
    return found if found is None or "join" in found else {"join": "&&", "parts": [found]}


def _tree(node: Node, fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    if isinstance(node, Call) and node.op in ("&&", "||"):
        parts = [_tree(one, fields) for one in node.args]
        return None if None in parts else {"join": node.op, "parts": parts}
    part = _part(node)
    if part is None or part["field"] not in fields:
        return None
    return part if _fits(part, str(fields[part["field"]]["kind"])) else None


def _part(node: Node) -> dict[str, Any] | None:
    if not isinstance(node, Call):
        return None
    if node.op == "!" and isinstance(node.args[0], Call) and node.args[0].op == "in":
        inner = _part(node.args[0])
        return None if inner is None else {**inner, "op": {"any": "none", "has": "hasnt"}[inner["op"]]}
    if node.op == "contains()":
        return _contains(node)
    if node.op == "in":
        return _in(node)
    if node.op not in _COMPARED or not isinstance(node.args[0], Name) or len(node.args[0].path) != 1:
        return None
    return _compared(node.args[0].path[0], node.op, node.args[1])


def _contains(node: Call) -> dict[str, Any] | None:
    over, text = node.args
    if isinstance(over, Call) and over.op == "lower()":
        over = over.args[0]
    if isinstance(over, Name) and len(over.path) == 1 and isinstance(text, Literal):
        return {"field": over.path[0], "op": "contains", "value": str(text.value)}
    return None


def _in(node: Call) -> dict[str, Any] | None:
    what, where = node.args
    if isinstance(what, Literal) and isinstance(where, Name) and len(where.path) == 1:
        return {"field": where.path[0], "op": "has", "value": str(what.value)}
    if isinstance(what, Name) and len(what.path) == 1 and isinstance(where, Call) and where.op == "list":
        values = [str(one.value) for one in where.args if isinstance(one, Literal)]
        return {"field": what.path[0], "op": "any", "value": values} if len(values) == len(where.args) else None
    return None


def _compared(name: str, op: str, value: Node) -> dict[str, Any] | None:
    if isinstance(value, Literal) and value.name is None:
        if value.value is None:
            return {"field": name, "op": {"==": "empty", "!=": "filled"}[op]} if op in ("==", "!=") else None
        if isinstance(value.value, bool):
            return {"field": name, "op": op, "value": "true" if value.value else "false"}
        plain = format(value.value, "f") if isinstance(value.value, Decimal) else str(value.value)
        return {"field": name, "op": op, "value": plain}
    if isinstance(value, Name) and value.path == ("user", "id") and op == "==":
        return {"field": name, "op": "me"}
    if isinstance(value, Call) and value.op in ("date()", "datetime()") and isinstance(value.args[0], Literal):
        return {"field": name, "op": op, "value": str(value.args[0].value)}
    return _since(name, op, value)


def _since(name: str, op: str, value: Node) -> dict[str, Any] | None:
    """Read ``>= today() - days(7)``, and ``<= today() + days(7)``."""
    way = {(">=", "-"): "since", ("<=", "+"): "until"}.get((op, value.op)) if isinstance(value, Call) else None
    if way is None or not isinstance(value, Call):
        return None
    start, step = value.args
    if not (isinstance(start, Call) and start.op in ("today()", "now()") and isinstance(step, Call)):
        return None
    if step.op != "days()" or not isinstance(step.args[0], Literal):
        return None
    return {"field": name, "op": way, "value": str(step.args[0].value)}


#: Kind of a field to what a row of it can ask; the script offers the same.
OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "text": frozenset({"contains", "==", "!=", "empty", "filled"}),
    "number": frozenset({"==", "!=", ">", ">=", "<", "<=", "empty", "filled"}),
    "boolean": frozenset({"==", "!="}),
    "date": frozenset({"==", "<", ">", "<=", ">=", "since", "until", "empty", "filled"}),
    "datetime": frozenset({"<", ">", "since", "until", "empty", "filled"}),
    "choice": frozenset({"any", "none", "==", "!=", "empty", "filled"}),
    "choices": frozenset({"has", "hasnt", "empty", "filled"}),
    "record": frozenset({"me", "==", "!=", "empty", "filled"}),
}


def _fits(part: Mapping[str, Any], kind: str) -> bool:
    return part["op"] in OPERATIONS[kind]
