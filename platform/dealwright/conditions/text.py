"""A tree to its canonical text: what the visual builder writes back, and what explanations show.

``parse(text(tree))`` is the same tree again.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from dealwright.conditions.functions import METHODS
from dealwright.conditions.syntax import Each, Literal, Name, Node

_POWER = {
    "?:": 1,
    "||": 2,
    "&&": 3,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
_RELATION = 4
_UNARY = 7
_POSTFIX = 8
_PLAIN = re.compile(r"[^\W\d]\w*\Z")
_RESERVED = frozenset({"true", "false", "null", "in"})
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def text(node: Node, power: int = 0) -> str:
    """Return the canonical text of ``node``; in brackets if it binds less than ``power``."""
    if isinstance(node, Literal):
        return node.name or _constant(node)
    if isinstance(node, Name):
        return ".".join(map(_name, node.path))
    if isinstance(node, Each):
        return f"{text(node.over)}.{node.kind}({_name(node.var)}, {text(node.body)})"
    op, args = node.op, node.args
    if op == "decimal()":
        return text(args[0], power)
    if op == "member()":
        return text(args[0])  # Its path names the member too.
    if op == "list":
        return "[" + ", ".join(map(text, args)) + "]"
    if op in ("!", "neg"):
        written = ("!" if op == "!" else "-") + text(args[0], _UNARY)
        if op == "neg" and isinstance(args[0], Literal) and written[1:2].isdigit():
            # -5 would be read as a constant, which it was not.
            written = f"-({written[1:]})"
        return f"({written})" if power > _UNARY else written
    if op in METHODS:
        return f"{text(args[0], _POSTFIX)}.{op[:-2]}({text(args[1])})"
    if op.endswith("()"):
        return f"{op[:-2]}({', '.join(map(text, args))})"
    own = _POWER[op]
    if op == "?:":
        written = f"{text(args[0], 2)} ? {text(args[1], 2)} : {text(args[2], 1)}"
    else:
        # A side that is a comparison must stand in brackets; an operator joins its first side without them.
        first = text(args[0], own + (own == _RELATION))
        written = f" {op} ".join([first, *(text(arg, own + 1) for arg in args[1:])])
    return f"({written})" if own < power else written


def _name(name: str) -> str:
    return name if _PLAIN.match(name) and name not in _RESERVED else f"`{name}`"


def _constant(node: Literal) -> str:
    value: Any = node.value
    kind = node.type.kind
    if value is None:
        return "null"
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "text":
        return json.dumps(value, ensure_ascii=False)
    if kind == "date":
        return f'date("{value.isoformat()}")'
    if kind == "datetime":
        shown = value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        return f'datetime("{shown.replace("+00:00", "Z")}")'
    if kind == "time":
        return f'time("{value:%H:%M}")' if not value.second else f'time("{value:%H:%M:%S}")'
    if kind == "duration":
        return f'duration("{_duration(value)}")'
    return str(value) if kind != "decimal" else f"{value:f}"


def _duration(value: timedelta) -> str:
    seconds = value // timedelta(seconds=1)
    for unit, size in _UNITS[1:]:
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
