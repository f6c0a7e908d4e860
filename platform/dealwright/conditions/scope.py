"""Which names a condition may use, by the place where it stands, and what each of them is.

use                                   names besides the record's own fields and paths over references
field, formula, default               user. param. is_new (in rows also parent.)
check                                 the same, old. and changed()
gate                                  user. param. is_new approvals.<id>.outcome sla.<id>.state (due_at, breached, ...)
clock                                 user. param. is_new event.
rule                                  as gate, old. changed() event.
value                                 the same, record.
filter, permission                    user. param.
where                                 the same, record. (the record being edited, not those that are chosen from)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from dealwright.conditions import types
from dealwright.conditions.parser import near
from dealwright.conditions.syntax import ROOTS, Call, Literal, Name, Node
from dealwright.conditions.types import Type
from dealwright.metadata.names import namespace_of
from dealwright.metadata.system import VIRTUAL

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

MAX_HOPS = 5


@dataclass(frozen=True, slots=True)
class Use:
    """What a place where conditions stand asks of them.

    Attributes:
        roots: First words of dotted names that are known there.
        condition: Whether it must be a condition; otherwise any value will do.
        stored: Whether it is asked of many records at once, in SQL.
        fresh: Whether ``is_new`` is known.
        noun: What the place is called in messages.
    """

    roots: frozenset[str]
    noun: str
    condition: bool = True
    stored: bool = False
    fresh: bool = True


def _use(noun: str, *roots: str, condition: bool = True, stored: bool = False, fresh: bool = True) -> Use:
    return Use(frozenset({"user", "param", *roots}), noun, condition, stored, fresh)


USES: Mapping[str, Use] = MappingProxyType(
    {
        "field": _use("a condition of a field", "parent"),
        "check": _use("a check", "parent", "old"),
        "formula": _use("a formula", "parent", condition=False),
        "default": _use("a default", "parent", condition=False),
        "gate": _use("a gate", "approvals", "sla"),
        "score": _use("an input of a score", "approvals", condition=False),
        "clock": _use("the condition of a clock", "event"),
        "rule": _use("the condition of a rule", "approvals", "sla", "old", "event"),
        "value": _use("a value of an action", "approvals", "sla", "old", "event", "record", condition=False),
        "filter": _use("a filter", stored=True, fresh=False),
        "permission": _use("a row permission", stored=True, fresh=False),
        "where": _use("the choice of a reference", "record", stored=True, fresh=False),
    }
)

#: What is known of the clock of an SLA policy on a record: the open one, else the one that ended last.
CLOCK: Mapping[str, Type] = MappingProxyType(
    {
        "state": Type("text", options=("running", "paused", "met", "cancelled")),
        "due_at": types.DATETIME,
        "breached": types.BOOLEAN,
        "elapsed": types.DURATION,
        "remaining": types.DURATION,
    }
)
#: What is worked out from a system field and the present moment: whole days since then.
SINCE = {"days_in_stage": "stage_entered_at", "days_since_activity": "last_activity_at"}


class NameFault(Exception):  # noqa: N818 - never leaves this package: the checker makes a ConditionError of it
    """A name that means nothing here."""

    def __init__(self, reason: str, message: str, suggestion: str | None = None) -> None:
        hint = f"; did you mean “{suggestion}”?" if suggestion else ""
        super().__init__(message + hint)
        self.reason, self.suggestion = reason, suggestion


def _unknown(what: str, name: str, known: list[str]) -> NoReturn:
    raise NameFault("unknown-field", f"{what} has no field “{name}”", near(name, known))


@dataclass(slots=True)
class Scope:
    """The names that are known in one condition.

    Attributes:
        catalog: The definitions in force.
        entity: The entity whose record the plain names are fields of.
        use: A key of :data:`USES`.
        namespace: Namespace of the document, for ``param.``.
        rows: The ``rows`` field whose row the plain names are of; None for the record itself.
        record: The entity of the record being edited, for ``record.`` in a choice of references.
        vars: Row variables in force, each with the type of the list that it runs over.
        reads: Every (entity, field) that was looked up so far; a field of a row is ``lines.qty``.
        policies: SLA policies whose clocks were looked up.
    """

    catalog: Catalog
    entity: Entity
    use: str
    namespace: str
    rows: str | None = None
    record: str | None = None
    vars: dict[str, Type] = field(default_factory=dict)
    reads: set[tuple[str, str]] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)

    def resolve(self, node: Name) -> Node:
        """Return ``node`` with its type and steps; a parameter becomes its value.

        Raises:
            NameFault: If the name means nothing here.
        """
        first = node.path[0]
        if first in self.vars:
            return self._of_row(node, self.vars[first])
        if first in ROOTS and len(node.path) > 1:
            return self._of_root(node, first)
        if self.rows is not None:
            return self._follow(node, node.path, "", self.entity, self.rows)
        return self._follow(node, node.path, "", self.entity, None)

    def knows(self, name: str) -> bool:
        """Tell whether a row variable of this name would hide something."""
        return (
            name in ROOTS
            or name in VIRTUAL
            or name in self.vars
            or self._field(name, self.entity, self.rows) is not None
        )

    # Where names start ------------------------------------------------------------------------------------------

    def _of_root(self, node: Name, root: str) -> Node:
        use = USES[self.use]
        rest = node.path[1:]
        if root == "parent" and self.rows is None:
            raise NameFault("not-allowed", "“parent.” is the record that rows belong to; it is known in rows only")
        if root not in use.roots:
            raise NameFault("not-allowed", f"“{root}.” is not known in {use.noun}")
        if root == "param":
            return self._parameter(node, ".".join(rest))
        if root == "event":
            return replace(node, type=types.ANY, root=root, steps=(self._one(root, rest),))
        if root == "approvals":
            if len(rest) != 2 or rest[1] != "outcome":
                raise NameFault("unknown-field", "write approvals.<id>.outcome")
            self._named("approval", rest[0])
            return replace(node, type=types.TEXT, root=root, steps=rest)
        if root == "sla":
            return self._clock(node, rest)
        if root == "user":
            known = types.of_user(name := self._one(root, rest), self.catalog)
            if known is None:
                _unknown("“user”", name, types.user_names(self.catalog))
            self.reads.add(("base.user", name))
            return replace(node, type=known, root=root, steps=rest)
        if root == "old":
            self._one(root, rest)
            return self._follow(node, rest, root, self.entity, self.rows)
        if root == "parent":
            return self._follow(node, rest, root, self.entity, None)
        # record.: in an action the record itself, by its plain name; in a choice of references another record.
        if self.use == "value":
            return self._follow(node, rest, "", self.entity, None)
        if self.record is None:
            return replace(node, type=types.ANY, root=root, steps=rest)
        return self._follow(node, rest, root, self.catalog.entity(self.record), None)

    def _one(self, root: str, rest: tuple[str, ...]) -> str:
        if len(rest) > 1:
            raise NameFault(
                "unknown-field", f"“{root}.{rest[0]}” has no fields here; only one name may follow “{root}.”"
            )
        return rest[0]

    def _named(self, kind: str, name: str) -> str:
        """Return the id of an approval or SLA of this entity.

        Its own namespace is left out, another pack's is ``namespace__name``.
        """
        own = namespace_of(self.entity.id)
        known = {
            identifier.removeprefix(f"{own}.").replace(".", "__"): identifier
            for (one, identifier), document in self.catalog.documents.items()
            if one == kind and document.get("entity") == self.entity.id
        }
        if name not in known:
            message = f"there is no {'SLA' if kind == 'sla' else kind} “{name}” of {self.entity.title}"
            raise NameFault("unknown-field", message, near(name, sorted(known)))
        return known[name]

    def _clock(self, node: Name, rest: tuple[str, ...]) -> Name:
        if len(rest) != 2:
            raise NameFault(
                "unknown-field", f"write sla.<id> and one of {', '.join(CLOCK)}: sla.first_response.breached"
            )
        self.policies.add(self._named("sla", rest[0]))
        if rest[1] not in CLOCK:
            _unknown("the clock of an SLA", rest[1], list(CLOCK))
        return replace(node, type=CLOCK[rest[1]], root="sla", steps=rest)

    def _parameter(self, node: Name, name: str) -> Literal:
        parameter = self.catalog.parameter(name, self.namespace)
        if parameter is None:
            own = [key.partition(".")[2] for key in self.catalog.parameters if namespace_of(key) == self.namespace]
            raise NameFault("unknown-parameter", f"there is no parameter “{name}”", near(name, own))
        value = parameter.value
        kind = types.of_parameter(parameter.type, value)
        return Literal(value, kind if value is not None else types.NULL, node.at, f"param.{name}")

    def _of_row(self, node: Name, over: Type) -> Node:
        var, rest = node.path[0], node.path[1:]
        if over.kind == "rows":
            if not rest:
                raise NameFault("wrong-type", f"“{var}” is a whole row; name a field of it, such as {var}.id")
            return self._follow(node, rest, var, self.catalog.entity(over.entity or ""), over.field)
        entity = self.catalog.entities.get(over.entity or "")
        if not rest or rest == ("id",) or entity is None:
            return replace(node, type=Type("reference", entity=over.entity, nullable=False), root=var, steps=("id",))
        return self._follow(node, rest, var, entity, None)

    # Where they lead --------------------------------------------------------------------------------------------

    def _field(self, name: str, entity: Entity, rows: str | None) -> Field | None:
        if rows is None:
            return entity.field(name)
        return ((entity.fields[rows].items or {}) if rows in entity.fields else {}).get(name)

    def _follow(self, node: Name, path: tuple[str, ...], root: str, entity: Entity, rows: str | None) -> Node:
        """Resolve fields from an entity (or the rows of one of its fields) on."""
        steps: list[str] = []
        here: Entity | None = entity
        waiting = list(path)
        seen = 0
        while waiting:
            name = waiting.pop(0)
            seen += 1
            if here is None:
                raise NameFault("unknown-field", f"“{'.'.join(steps)}” has no fields")
            if not steps and name in VIRTUAL and rows is None and here.field(name) is None:
                return self._virtual(node, name, root, here)
            found = self._field(name, here, rows)
            if found is None:
                return self._missing(node, name, here, rows, steps, root)
            self.reads.add((here.id, name if rows is None else f"{rows}.{name}"))
            if found.type == "lookup" and seen <= 4 * MAX_HOPS:
                waiting[:0] = [str(found.spec.get("via")), *str(found.spec.get("value")).split(".")]
                continue
            known = types.of(found, self.catalog, here.id)
            if waiting and known.kind == "object" and known.field in types.MEMBERS:
                member = waiting.pop(0)
                if waiting or member not in types.MEMBERS[known.field]:
                    _unknown(f"“{name}”", ".".join([member, *waiting]), list(types.MEMBERS[known.field]))
                inner = replace(node, type=known, root=root, steps=(*steps, name))
                return Call("member()", (inner, Literal(member, types.TEXT, node.at)), types.TEXT, node.at)
            steps.append(name)
            rows = None
            if waiting == ["id"] and known.kind == "reference":
                waiting = []  # The id of a record referred to is the reference itself.
            if not waiting:
                return self._end(node, known, root, steps)
            if known.kind != "reference":
                raise NameFault("unknown-field", f"“{name}” is {known.noun}; it has no fields")
            here = self.catalog.entities.get(known.entity or "")
        raise NameFault("unknown-field", f"“{'.'.join(path)}” leads nowhere")

    def _end(self, node: Name, known: Type, root: str, steps: list[str]) -> Node:
        if len(steps) - 1 > MAX_HOPS:
            raise NameFault("too-deep", f"a path goes over at most {MAX_HOPS} references")
        if known.kind == "unknown":
            raise NameFault("wrong-type", f"“{steps[-1]}” has no value that a condition can read")
        nullable = known.kind != "boolean" and (known.nullable or len(steps) > 1 or root in ("old", "parent", "record"))
        return replace(node, type=replace(known, nullable=nullable), root=root, steps=tuple(steps))

    def _virtual(self, node: Name, name: str, root: str, entity: Entity) -> Node:
        if root not in ("", "parent", "record"):
            raise NameFault("unknown-field", f"“{root}.” has no “{name}”")
        if name == "is_new":
            if not USES[self.use].fresh or root == "record":
                raise NameFault("not-allowed", f"“is_new” is not known in {USES[self.use].noun}")
            return replace(node, type=types.BOOLEAN, root=root, steps=(name,))
        since = SINCE[name]
        if entity.field(since) is None:
            raise NameFault("unknown-field", f"“{entity.id}” has no “{name}”: it is in no pipeline")
        self.reads.add((entity.id, since))
        moment = Name((since,), types.DATETIME, node.at, root, (since,))
        now = Call("now()", (), replace(types.DATETIME, nullable=False), node.at)
        passed = Call("-", (now, moment), types.DURATION, node.at)
        means = Call("wholeDays()", (passed,), types.INTEGER, node.at)
        return replace(node, type=types.INTEGER, root=root, steps=(name,), means=means)

    def _missing(self, node: Name, name: str, entity: Entity, rows: str | None, steps: list[str], root: str) -> Node:
        amount, bar, rest = name.partition("__")
        money = self._field(amount, entity, rows) if bar and rest == "currency" else None
        if money is not None and money.type == "money" and money.spec.get("currency") == "per_record":
            self.reads.add((entity.id, amount if rows is None else f"{rows}.{amount}"))
            return self._end(node, types.TEXT, root, [*steps, name])
        if rows is not None:
            _unknown(f"a row of “{rows}”", name, list(entity.fields[rows].items or ()) if rows in entity.fields else [])
        known = list(entity.all_fields())
        if not steps and not root:
            known += [*VIRTUAL, *self.vars]
            if name in ROOTS:
                raise NameFault("unknown-field", f"write a name after “{name}.”")
        _unknown(f"“{entity.id}”", name, known)
