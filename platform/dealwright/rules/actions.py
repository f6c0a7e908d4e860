"""What rules may do: the actions there are, and those of a rule with their values compiled.

    do             keys                                           values (expressions) by name
    set_field      field, value                                   value
    move_stage     to (id of a stage), reason
    archive
    create_record  entity, values                                 each field of values
    update_record  record, values                                 record, each field of values
    create_task    title | message, body, assignee, due, at_most, rest  assignee; due and at_most, if parameters
    assign         to                                             to
    notify         to, title | message, body                      to
    send_message   to, message                                    to
    call_webhook   to (name of a connection), values              each name of values
    request_approval  approval (id)
    add_score      field, points                                  points
    start_sla, stop_sla  policy (id), record                      record
    start_sequence, advance_sequence, stop_sequence  sequence (id), record  record
    suggest        title, reason | message, values, entity, stage, due, calendar  each field of values

Nothing is done here: :mod:`dealwright.actions` does it. An expression sees what the rule's condition sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright import conditions
from dealwright.metadata import names

if TYPE_CHECKING:
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Action, Rule

#: Name of each action → its keys that hold one expression.
EXPRESSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "set_field": ("value",),
        "add_score": ("points",),
        "start_sequence": ("record",),
        "advance_sequence": ("record",),
        "stop_sequence": ("record",),
        "start_sla": ("record",),
        "stop_sla": ("record",),
        "move_stage": (),
        "archive": (),
        "create_record": (),
        "update_record": ("record",),
        "create_task": ("assignee",),
        "assign": ("to",),
        "notify": ("to",),
        "send_message": ("to",),
        "call_webhook": (),
        "request_approval": (),
        "suggest": (),
    }
)
#: Actions with an object ``values`` of expressions.
WITH_VALUES: Final = frozenset({"create_record", "update_record", "call_webhook", "suggest"})
#: Actions with a text for people, in which ``{field}`` stands for a value.
WITH_TEXT: Final = frozenset({"create_task", "notify", "send_message", "move_stage", "suggest"})

#: ``{field}`` or ``{reference.field}``; ``{{`` and ``}}`` are braces.
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_.]*)\}")


@dataclass(frozen=True, slots=True)
class CompiledAction:
    """An action of a rule, ready to be carried out.

    Attributes:
        do: One of :data:`EXPRESSIONS`, or an action of a plugin.
        spec: Its other keys as they were written.
        values: Compiled expressions by name: of ``set_field`` ``value``, of ``create_record`` the fields to set.
        placeholders: Compiled ``{field}`` of the action's title, body and reason and of its message, by the text between the
            braces.
    """

    do: str
    spec: Mapping[str, Any]
    values: Mapping[str, Condition]
    placeholders: Mapping[str, Condition]

    def names(self) -> frozenset[str]:
        """Return the names of an environment that its expressions read."""
        read: frozenset[str] = frozenset()
        return read.union(*(one.names | one.paths for one in (*self.values.values(), *self.placeholders.values())))


def compiled(catalog: Catalog, rule: Rule) -> tuple[CompiledAction, ...]:
    """Return the actions of ``rule`` in order.

    Raises:
        ConditionError: If an expression is not valid.
    """
    namespace = names.namespace_of(rule.id)

    def value(source: str) -> Condition:
        return conditions.of(catalog, rule.entity, source, "value", namespace=namespace)

    return tuple(
        CompiledAction(
            do=action.do,
            spec=action.spec,
            values=MappingProxyType({name: value(source) for _, name, source in expressions(action)}),
            placeholders=MappingProxyType({text: value(text) for _, text in placeholders(catalog, action)}),
        )
        for action in rule.actions
    )


def expressions(action: Action) -> Iterator[tuple[str, str, str]]:
    """Yield (pointer within the action, name, source) of each expression of ``action``."""
    for key in EXPRESSIONS.get(action.do, ()):
        if key in action.spec:
            yield f"/{key}", key, source_of(action.spec[key])
    if action.do in WITH_VALUES or "__" in action.do:  # or a plugin's
        for name, written in action.spec.get("values", {}).items():
            yield f"/values/{name}", name, source_of(written)
    for key in ("due", "at_most"):
        if isinstance(action.spec.get(key), Mapping):
            yield f"/{key}", key, source_of(action.spec[key])


def placeholders(catalog: Catalog, action: Action) -> Iterator[tuple[str, str]]:
    """Yield (pointer within the action, expression) of each ``{...}`` in the texts of ``action`` and its message."""
    if action.do not in WITH_TEXT:
        return
    message, rest = (catalog.documents.get(("message", action.spec.get(key, "")), {}) for key in ("message", "rest"))
    for key in ("title", "body", "reason"):
        for pointer, document in ((f"/{key}", action.spec), ("/message", message), ("/rest", rest)):
            for found in _PLACEHOLDER.findall(document.get(key, "")):
                if found:
                    yield pointer, found


def source_of(written: Any) -> str:
    """Return the source of an expression that stands in a document: a text is one, anything else is a constant.

    Example:
        >>> source_of("amount * 2"), source_of(True), source_of(None), source_of({"param": "stall_days"})
        ('amount * 2', 'true', 'null', 'param.stall_days')

    Raises:
        TypeError: If it is a list, an object without ``param``, or a float.
    """
    match written:
        case str():
            return written
        case bool():
            return "true" if written else "false"
        case None:
            return "null"
        case int() | Decimal():
            return format(written, "f") if isinstance(written, Decimal) else str(written)
        case Mapping() if isinstance(written.get("param"), str):
            return f"param.{written['param']}"
        case _:
            raise TypeError(f"expected an expression, a number, true, false, null or a parameter, not {written!r}")
