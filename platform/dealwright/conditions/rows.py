"""A condition as rows to choose from, and back: what the visual builder shows, and what it writes.

    tree = {"join": "&&" | "||", "not"?: true, "parts": [part, …]}
    part = tree
         | {"field": path, "op": operation, "value"?: text | [text, …], "by"?: "name"}
         | {"text": source, "why": "words" | "names"}

``by`` says that the value is the name of something, such as ``param.stall_days``, ``close_date`` or ``today()``. What rows
cannot say is a part with its text, and why: it asks for more than a row can (``words``), or names something that is not
offered here (``names``). Nothing is lost by reading: a part is a row only if that row is written as the very same text.
The words of the language stand in its parser and its printer alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dealwright.conditions import types
from dealwright.conditions.parser import parse
from dealwright.conditions.syntax import Call, Literal, Name
from dealwright.conditions.text import text
from dealwright.conditions.types import Type

if TYPE_CHECKING:
    from dealwright.conditions.syntax import Node

#: Gives the kind of a path, a key of :data:`OPERATIONS`; None for one that rows do not ask for.
Kinds: TypeAlias = Callable[[str], str | None]
Tree: TypeAlias = dict[str, Any]

_EMPTY: Final = ("empty", "filled")
_EQUAL: Final = ("==", "!=")
_ORDER: Final = ("==", "!=", ">", ">=", "<", "<=")
_TIMES: Final = ("==", "<", ">", "<=", ">=", "since", "older", "until", "later")
#: Kind of a name → what a row can ask of it, in the order in which it is offered. ``changed`` is for rules and checks.
OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("contains", "lacks", *_EQUAL, "starts", "ends", *_EMPTY),
    "number": (*_ORDER, *_EMPTY),
    "boolean": ("true", "false", *_EQUAL),
    "date": (*_TIMES, "!=", *_EMPTY),
    "datetime": (*_TIMES, "!=", *_EMPTY),
    "time": (*_ORDER, *_EMPTY),
    "duration": (*_ORDER, *_EMPTY),
    "choice": ("any", "none", *_EQUAL, *_EMPTY),
    "choices": ("has", "hasnt", *_EMPTY),
    "record": (*_EQUAL, *_EMPTY),
    "object": _EMPTY,
    "any": _EQUAL,
    "role": ("role", "no_role"),
}
#: Operations that take no value.
BARE: Final = frozenset({"empty", "filled", "true", "false", "changed"})
#: The name under which the roles of whoever looks are asked.
ROLES: Final = "user"
_COMPARED: Final = frozenset(_ORDER)
#: Operation → the comparison and the sign before a number of days.
_DAYS: Final[Mapping[str, tuple[str, str]]] = {
    "since": (">=", "-"), "older": ("<", "-"), "until": ("<=", "+"), "later": (">", "+"),
}  # fmt: skip
_METHODS: Final[Mapping[str, str]] = {"contains": "contains()", "starts": "startsWith()", "ends": "endsWith()"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z", re.ASCII)
#: Groups within groups that rows show; what lies deeper is text.
_DEEPEST: Final = 4
_NULL = Literal(None, types.NULL)


def kind(known: Type) -> str | None:
    """Return how a row asks for a value of a type; None for one that rows do not ask for."""
    if known.kind in types.NUMBERS:
        return "number"
    if known.kind == "text":
        return "choice" if known.options else "text"
    if known.kind == "reference":
        return "record"
    if known.kind == "set":
        return "choices"
    return known.kind if known.kind in OPERATIONS else None


def read(source: str, kinds: Kinds) -> Tree:
    """Return a condition as rows; a text that is empty is a tree without parts.

    Raises:
        ConditionError: If it cannot be read at all.
    """
    if not source.strip():
        return {"join": "&&", "parts": []}
    found = _part(parse(source), kinds, 0)
    return found if "join" in found else {"join": "&&", "parts": [found]}


def written(tree: Tree, kinds: Kinds) -> str:
    """Return the text of a tree; rows in which something is missing are left out, and none at all is an empty text.

    Raises:
        ConditionError: If a part that is text cannot be read.
    """
    node = _node(tree, kinds, 0)
    return "" if node is None else text(node)


def _part(node: Node, kinds: Kinds, depth: int) -> Tree:
    group = _group(node, kinds, depth)
    if group is not None:
        return group
    row = _row(node)
    known = kinds(row["field"]) if row is not None else None
    if row is not None and known is not None and row["op"] in (*OPERATIONS[known], "changed"):
        again = _node(row, kinds, depth)
        if again is not None and text(again) == text(node):
            return row
    return {"text": text(node), "why": "names" if row is not None and known is None else "words"}


def _group(node: Node, kinds: Kinds, depth: int) -> Tree | None:
    refused = isinstance(node, Call) and node.op == "!"
    inner = node.args[0] if isinstance(node, Call) and refused else node
    if not isinstance(inner, Call) or inner.op not in ("&&", "||") or depth >= _DEEPEST:
        return None
    parts = [_part(one, kinds, depth + 1) for one in inner.args]
    return {"join": inner.op, **({"not": True} if refused else {}), "parts": parts}


# Reading a row ------------------------------------------------------------------------------------------------


def _row(node: Node) -> Tree | None:
    """Return what a row may say of a node; whether it says the same is looked at by writing it."""
    if isinstance(node, Name):
        return {"field": ".".join(node.path), "op": "true"}
    if not isinstance(node, Call):
        return None
    if node.op == "!":
        return _refused(node.args[0])
    if node.op == "in" and isinstance(node.args[0], Literal) and isinstance(node.args[1], Name):
        return {"field": ".".join(node.args[1].path), "op": "has", "value": _plain(node.args[0])}
    if node.op == "hasRole()" and isinstance(node.args[0], Literal):
        return {"field": ROLES, "op": "role", "value": _plain(node.args[0])}
    path = _path(node.args[0]) if node.args else None
    if path is None:
        return None
    if node.op == "in" and isinstance(node.args[1], Call) and node.args[1].op == "list":
        values = [_plain(one) for one in node.args[1].args if isinstance(one, Literal)]
        return {"field": path, "op": "any", "value": values}
    if node.op == "changed()":
        return {"field": path, "op": "changed"}
    for op, method in _METHODS.items():
        if node.op == method and len(node.args) == 2 and isinstance(node.args[1], Literal):
            return {"field": path, "op": op, "value": _plain(node.args[1])}
    return _compared(path, node.op, node.args[1]) if node.op in _COMPARED else None


def _refused(inner: Node) -> Tree | None:
    row = _row(inner)
    other = {"any": "none", "has": "hasnt", "true": "false", "role": "no_role", "contains": "lacks"}
    return None if row is None or row["op"] not in other else {**row, "op": other[row["op"]]}


def _path(node: Node) -> str | None:
    """Return the name that a comparison is about; a text may be compared in lower case."""
    if isinstance(node, Call) and node.op == "lower()" and len(node.args) == 1:
        node = node.args[0]
    return ".".join(node.path) if isinstance(node, Name) else None


def _compared(path: str, op: str, value: Node) -> Tree | None:
    row = {"field": path, "op": op}
    if isinstance(value, Literal):
        if value.value is None:
            return {"field": path, "op": {"==": "empty", "!=": "filled"}.get(op, "")}
        return {**row, "value": _plain(value)}
    if isinstance(value, Name):
        return {**row, "value": ".".join(value.path), "by": "name"}
    if not isinstance(value, Call):
        return None
    if value.op in ("today()", "now()") and not value.args:
        return {**row, "value": value.op, "by": "name"}
    if value.op in ("date()", "datetime()", "time()", "duration()") and isinstance(value.args[0], Literal):
        return {**row, "value": _plain(value.args[0])}
    way = next((way for way, (sign, step) in _DAYS.items() if (sign, step) == (op, value.op)), None)
    if way is None or len(value.args) != 2 or not isinstance(value.args[1], Call) or value.args[1].op != "days()":
        return None
    days = value.args[1].args[0]
    return {"field": path, "op": way, "value": _plain(days)} if isinstance(days, Literal) else None


def _plain(node: Literal) -> str:
    value = node.value
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


# Writing --------------------------------------------------------------------------------------------------------


def _node(part: Mapping[str, Any], kinds: Kinds, depth: int) -> Node | None:
    """Return the node of a part; None while something is missing in it."""
    if "join" in part:
        return _joined(part, kinds, depth) if depth <= _DEEPEST else None
    if "text" in part:
        return parse(str(part["text"])) if str(part["text"]).strip() else None
    name, op, value = str(part.get("field", "")), str(part.get("op", "")), part.get("value")
    if not name:
        return None
    over = Name(tuple(name.split(".")))
    if op in BARE:
        return _bare(over, op)
    if value in (None, "", []):
        return None
    if part.get("by") == "name":
        return Call(op, (over, _named(str(value)))) if op in _COMPARED else None
    if op in ("any", "none"):
        listed = [value] if isinstance(value, str) else value
        among = Call("in", (over, Call("list", tuple(_text(one) for one in listed))))
        return among if op == "any" else Call("!", (among,))
    return None if isinstance(value, Sequence) and not isinstance(value, str) else _valued(over, op, str(value), kinds)


def _joined(part: Mapping[str, Any], kinds: Kinds, depth: int) -> Node | None:
    join = "||" if part["join"] == "||" else "&&"
    nodes: list[Node] = []
    for one in part.get("parts", ()):
        node = _node(one, kinds, depth + 1)
        if isinstance(node, Call) and node.op == join:
            nodes += node.args
        elif node is not None:
            nodes.append(node)
    if not nodes:
        return None
    found = nodes[0] if len(nodes) == 1 else Call(join, tuple(nodes))
    return Call("!", (found,)) if part.get("not") else found


def _bare(over: Name, op: str) -> Node:
    match op:
        case "true":
            return over
        case "false":
            return Call("!", (over,))
        case "changed":
            return Call("changed()", (over,))
        case _:
            return Call("==" if op == "empty" else "!=", (over, _NULL))


def _valued(over: Name, op: str, value: str, kinds: Kinds) -> Node | None:
    known = kinds(".".join(over.path))
    if op in ("has", "hasnt"):
        found = Call("in", (_text(value), over))
        return found if op == "has" else Call("!", (found,))
    if op in ("role", "no_role"):
        held = Call("hasRole()", (_text(value),))
        return held if op == "role" else Call("!", (held,))
    if op in ("contains", "lacks", "starts", "ends"):
        method = _METHODS["contains" if op == "lacks" else op]
        asked = Call(method, (Call("lower()", (over,)), _text(value.lower())))
        return asked if op != "lacks" else Call("!", (asked,))
    if op in _DAYS:
        sign, step = _DAYS[op]
        days = _number(value)
        start = Call("today()" if known == "date" else "now()", ())
        return None if days is None else Call(sign, (over, Call(step, (start, Call("days()", (days,))))))
    constant = _constant(value, known)
    return None if constant is None or op not in _COMPARED else Call(op, (over, constant))


def _constant(value: str, known: str | None) -> Node | None:
    if known == "number":
        return _number(value)
    if known == "boolean":
        return Literal(value == "true", types.BOOLEAN)
    if known in ("date", "datetime", "time", "duration"):
        return Call(f"{known}()", (_text(value),))
    if known == "any" and (number := _number(value)) is not None:
        return number
    return _text(value)


def _number(value: str) -> Literal | None:
    plain = value.replace(",", "").replace("，", "").strip()
    if not _NUMBER.match(plain):
        return None
    if "." in plain:
        return Literal(Decimal(plain), types.DECIMAL)
    return Literal(int(plain), types.INTEGER)


def _text(value: object) -> Literal:
    return Literal(str(value), types.TEXT)


def _named(value: str) -> Node:
    return Call(value, ()) if value in ("today()", "now()") else Name(tuple(value.split(".")))
