"""The tree of a condition: four kinds of node, the same for every back end.

    Literal   a constant; ``name`` says where it came from, such as ``param.stall_days``
    Name      a value looked up: a field, a path over references, a column of a row, something of the user
    Call      an operator or function with its arguments; ``&&``, ``||``, ``+`` and ``*`` take two or more
    Each      something asked of the rows of a list: exists, all, count, sum, avg, min, max

The parser makes untyped nodes; the checker returns the same tree with types, resolved names and explicit conversions,
so that no back end ever guesses. Nodes never change; ``at`` is the (start, end) span in the source and plays no part
when nodes are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dealwright.conditions.types import UNKNOWN, Type

Span: TypeAlias = tuple[int, int]

#: First words of a dotted name that are no field of the record.
ROOTS = frozenset({"user", "param", "old", "event", "record", "parent", "approvals", "sla"})

#: Connectives and choices: what stands above the leaves of a condition.
CONNECTIVES = frozenset({"&&", "||", "!", "?:"})
#: Kinds of :class:`Each` whose body is a condition.
QUANTIFIERS = frozenset({"exists", "all", "count"})
#: Kinds of :class:`Each` whose body is a value.
MEASURES = frozenset({"sum", "avg", "min", "max"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant.

    Attributes:
        value: int, Decimal, str, bool, date, datetime, time, timedelta or None.
        name: The parameter that it is the value of, such as ``param.stall_days``; None for a constant of the text.
    """

    value: Any
    type: Type
    at: Span = field(default=(0, 1), compare=False)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A value that is looked up.

    Attributes:
        path: As it was written: ``("account", "region")``.
        root: Where ``steps`` start: empty for the record, a row variable, or ``user``, ``old``, ``event`` ...
        steps: Fields to follow, lookups already replaced by the path that they stand for.
        means: What a derived value such as ``days_in_stage`` is worked out from; None for all others.
    """

    path: tuple[str, ...]
    type: Type = UNKNOWN
    at: Span = field(default=(0, 1), compare=False)
    root: str = ""
    steps: tuple[str, ...] = ()
    means: Node | None = None

    @property
    def key(self) -> str:
        """The key in the environment; for a row variable the key in the row."""
        steps = ".".join(self.steps)
        return f"{self.root}.{steps}" if self.root in ROOTS else steps


@dataclass(frozen=True, slots=True)
class Call:
    """An operator such as ``&&`` or a function such as ``days``, with its arguments."""

    op: str
    args: tuple[Node, ...]
    type: Type = UNKNOWN
    at: Span = field(default=(0, 1), compare=False)


@dataclass(frozen=True, slots=True)
class Each:
    """A question to the rows of a list, such as ``lines.exists(l, l.qty > 3)``.

    Attributes:
        kind: One of :data:`QUANTIFIERS` or :data:`MEASURES`.
        over: The list: a ``rows`` or ``references`` field.
        var: The name that stands for one row in ``body``.
    """

    kind: str
    over: Name
    var: str
    body: Node
    type: Type = UNKNOWN
    at: Span = field(default=(0, 1), compare=False)


Node: TypeAlias = Literal | Name | Call | Each


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below ``node``."""
    if isinstance(node, Call):
        return node.args
    if isinstance(node, Each):
        return (node.over, node.body)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield ``node`` and every node below it, what derived names mean included."""
    yield node
    if isinstance(node, Name) and node.means is not None:
        yield from walk(node.means)
    for child in children(node):
        yield from walk(child)


def leaves(node: Node) -> Iterator[Node]:
    """Yield the parts of a condition that are joined by ``&&``, ``||``, ``!`` and ``?:``, in order."""
    if isinstance(node, Call) and node.op in CONNECTIVES and node.type.kind in ("boolean", "unknown"):
        for child in node.args:
            yield from leaves(child)
    else:
        yield node
