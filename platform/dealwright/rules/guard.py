"""What a trigger itself asks, as a part of the rule's condition: ``event.count >= 3`` before what ``if`` says.

So it is matched, kept among the facts of the decision and explained like every other comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright.conditions import Condition, python, types
from dealwright.conditions.syntax import Call, Literal, Name

if TYPE_CHECKING:
    from dealwright.conditions.syntax import Node
    from dealwright.conditions.types import Type

#: First part of the name under which a number of events is known in the environment of rules, before the rule's id.
COUNT: Final = "count:"
#: As what the facts of a decision and texts know it.
SHOWN: Final = "event.count"


def shown(name: str) -> str:
    """Return the name under which a decision keeps what the environment knows as ``name``."""
    return SHOWN if name.startswith(COUNT) else name


def counted(rule: str, at_least: int, parameter: str | None) -> Node:
    """Return the comparison that enough events were counted for ``rule``."""
    number = Name(("event", "count"), types.INTEGER, steps=(f"{COUNT}{rule}",))
    constant = Literal(at_least, types.INTEGER, name=parameter)
    return Call(">=", (number, constant), types.BOOLEAN)


def told(key: str, value: str) -> Node:
    """Return the comparison that the event says ``value`` under ``key``."""
    return Call("==", (_of_event(key, types.TEXT), Literal(value, types.TEXT)), types.BOOLEAN)


def _of_event(key: str, kind: Type) -> Name:
    return Name(("event", key), kind, root="event", steps=(key,))


def before(condition: Condition | None, entity: str, asked: Node) -> Condition:
    """Return a condition that holds if ``asked`` and ``condition`` (None for always) do."""
    if condition is None:
        tree, known = asked, _nothing(entity)
    else:
        rest = condition.ast
        parts = rest.args if isinstance(rest, Call) and rest.op == "&&" else (rest,)
        tree, known = Call("&&", (asked, *parts), types.BOOLEAN), condition
    names = {part.key for part in _names(asked)}
    return Condition(
        source=known.source,
        use="rule",
        entity=entity,
        rows=None,
        ast=tree,
        evaluate=python.compile(tree),
        names=known.names | names,
        fields=known.fields,
        paths=known.paths,
        reads=known.reads,
        volatile=known.volatile,
        warnings=known.warnings,
    )


def _names(node: Node) -> list[Name]:
    return [part for part in (node.args if isinstance(node, Call) else ()) if isinstance(part, Name)]


def _nothing(entity: str) -> Any:
    none: frozenset[Any] = frozenset()
    always = Literal(True, types.BOOLEAN)
    return Condition("", "rule", entity, None, always, python.compile(always), none, none, none, none, False, ())
