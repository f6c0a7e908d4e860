"""A condition about a record, asked of another record that refers to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dealwright.conditions.syntax import Call, Each, Name, Node
from dealwright.conditions.text import text

if TYPE_CHECKING:
    from dealwright.conditions.condition import Condition


def through(reference: str, condition: Condition) -> str:
    """Return the text of the condition with every field reached over ``reference``.

    Example:
        ``owner == user.id`` about a deal becomes ``deal.owner == user.id`` about a note of it.
    """
    return text(_moved(condition.ast, reference, frozenset()))


def _moved(node: Node, reference: str, rows: frozenset[str]) -> Node:
    match node:
        case Name(root="") if node.path[0] not in rows:
            return replace(node, path=(reference, *node.path))
        case Call():
            return replace(node, args=tuple(_moved(one, reference, rows) for one in node.args))
        case Each():
            over = replace(node.over, path=(reference, *node.over.path))
            return replace(node, over=over, body=_moved(node.body, reference, rows | {node.var}))
        case _:
            return node
