"""What a pack may do: what its manifest declares, what its rules in fact use, and what no pack may do at all.

    permissions: {"entities": {"sales.account": ["read"], "base.task": ["create"]}, "notify": ["in_app"],
                  "connections": ["erp"], "grants_roles": ["med.reviewer"]}

Who installs a pack agrees to what it declares, so what it declares binds: a manifest with ``permissions`` is refused as
soon as a rule, ladder or computed field of the pack uses more. All that a rule reads and writes follows from its text,
so nothing is left to be looked at while it runs. A pack's own namespace is its own and needs no word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dealwright import conditions
from dealwright.errors import ConflictError, Problem
from dealwright.metadata import intakes, ladders, reports
from dealwright.metadata.names import BASE, namespace_of
from dealwright.metadata.pointers import pointer
from dealwright.rules.actions import compiled

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document, Grant, Role, Rule
    from dealwright.packs.source import PackSource
    from dealwright.rules import CompiledAction

#: What a rule can do to records, as permissions name it.
OPERATIONS: Final = ("read", "create", "update", "move", "delete")
#: Capabilities that no pack gives: who has them decides about users, roles and definitions themselves.
RESERVED: Final = frozenset({"admin"})
#: Entities that say who somebody is and whom he belongs to. Approvals and row rules follow from them.
PEOPLE: Final = frozenset({"base.user", "base.team"})
_CHANGES: Final = frozenset({"create", "update", "delete", "import", "share", "move"})
#: What an action does to the record that its rule is about.
_ON_RECORD: Final[Mapping[str, str]] = {
    "set_field": "update",
    "add_score": "update",
    "assign": "update",
    "move_stage": "move",
    "archive": "delete",
}


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that a pack does outside its own namespace, and the document and place that say so.

    Attributes:
        sort: ``entities``, ``notify``, ``connections`` or ``grants_roles``, as in a manifest.
        name: An entity, channel, connection or role.
        op: Of :data:`OPERATIONS` for an entity; empty for others.
        source: ``rule:sales.stall`` and the like, and the JSON Pointer in it.
    """

    sort: str
    name: str
    op: str = ""
    source: str = field(default="", compare=False)
    pointer: str = field(default="", compare=False)

    def __str__(self) -> str:
        match self.sort:
            case "entities":
                return f"{self.op} records of {self.name}"
            case "notify":
                return f"tell people by {self.name}"
            case "connections":
                return f"call the connection {self.name}"
            case _:
                return f"bring the role {self.name}"


def used(catalog: Catalog, pack: str, namespace: str) -> list[Use]:
    """Return what a pack uses outside its own namespace, each once, in the order in which it is first used.

    Args:
        catalog: Definitions without faults.
        pack: Its id, which is the layer of its documents.
        namespace: Of the pack.
    """
    found = [
        Use("grants_roles", role.id, source=f"role:{role.id}") for role in catalog.roles.values() if role.layer == pack
    ]
    for rule in catalog.rules.values():  # drafts too: an admin sets them live
        if rule.layer == pack:
            found += _of_rule(catalog, rule, f"rule:{rule.id}", lambda i: f"/then/{i}")
    for step in ladders.steps(catalog):
        if namespace_of(step.id) == namespace:
            found += _of_rule(catalog, step.rule, f"{step.kind}:{step.id}", step.place)
    found += [
        Use("entities", one.entity, "create", source=f"intake:{one.id}", pointer="/entity")
        for one in intakes.of(catalog).values()
        if namespace_of(one.id) == namespace
    ]
    found += [
        Use("notify", "email", source=f"report:{one.id}", pointer="/email")
        for one in reports.of(catalog).values()
        if one.email != "none" and namespace_of(one.id) == namespace
    ]
    found += _of_fields(catalog, pack, namespace)
    return [one for one in dict.fromkeys(found) if one.sort != "entities" or namespace_of(one.name) != namespace]


def _of_rule(catalog: Catalog, rule: Rule, source: str, place: Callable[[int], str]) -> Iterator[Use]:
    yield Use("entities", rule.entity, "read", source, "/entity")
    if rule.condition is not None:
        condition = conditions.of(catalog, rule.entity, rule.condition, "rule", namespace=namespace_of(rule.id))
        for entity, _ in sorted(condition.reads):
            yield Use("entities", entity, "read", source, "/if")
    for index, action in enumerate(compiled(catalog, rule)):
        for use in _of_action(catalog, action, rule.entity):
            yield Use(use.sort, use.name, use.op, source, place(index))


def _of_action(catalog: Catalog, action: CompiledAction, about: str) -> Iterator[Use]:
    for condition in (*action.values.values(), *action.placeholders.values()):
        for entity, _ in sorted(condition.reads):
            yield Use("entities", entity, "read")
    match action.do:
        case "create_record":
            yield Use("entities", str(action.spec["entity"]), "create")
        case "update_record":
            if (changed := action.values["record"].type.entity) is not None:
                yield Use("entities", changed, "update")
        case "create_task":
            yield Use("entities", "base.task", "create")
        case "suggest" if "values" in action.spec:
            own = "create" if "entity" in action.spec else "update"
            yield Use("entities", str(action.spec.get("entity", about)), own)
        case "suggest" if "stage" in action.spec:
            yield Use("entities", about, "move")
        case "notify":
            yield Use("notify", "in_app")
        case "send_message":
            message: Document = catalog.documents.get(("message", str(action.spec["message"])), {})
            for channel in message.get("channels", ("in_app",)):
                yield Use("notify", str(channel))
        case "call_webhook":
            yield Use("connections", str(action.spec["to"]))
        case _ if action.do in _ON_RECORD:
            yield Use("entities", about, _ON_RECORD[action.do])


def _of_fields(catalog: Catalog, pack: str, namespace: str) -> Iterator[Use]:
    """Yield whose records the pack's computed fields read."""
    for entity in catalog.entities.values():
        for one in entity.fields.values():
            if one.layer != pack:
                continue
            source, at = f"entity:{entity.id}", pointer(["properties", one.id])
            if one.type == "formula":
                read = conditions.of(catalog, entity.id, one.spec["formula"], "formula", namespace=namespace).reads
                for other, _ in sorted(read):
                    yield Use("entities", other, "read", source, at)
            elif one.type == "rollup" and "of" in one.spec:
                yield Use("entities", one.spec["of"], "read", source, at)
            elif one.type == "lookup":
                via = entity.field(one.spec["via"])
                if via is not None and via.to is not None:
                    yield Use("entities", via.to, "read", source, at)


# What is declared ----------------------------------------------------------------------------------------------------


def declared(manifest: Document) -> list[Use]:
    """Return what a manifest declares; entities may be patterns such as ``sales.*``."""
    said = manifest.get("permissions", {})
    found = [Use("entities", name, op) for name, ops in said.get("entities", {}).items() for op in ops]
    found += [Use("notify", name) for name in said.get("notify", ())]
    found += [Use("connections", name.removesuffix("?")) for name in said.get("connections", ())]
    return found + [Use("grants_roles", name) for name in said.get("grants_roles", ())]


def covers(one: Use, other: Use) -> bool:
    """Tell whether a declared use covers another one."""
    if one.sort != other.sort or one.op != other.op:
        return False
    return one.name in ("*", other.name) or (
        one.name.endswith(".*") and namespace_of(other.name) == namespace_of(one.name)
    )


def beyond(wanted: Iterable[Use], given: Iterable[Use]) -> list[Use]:
    """Return those of ``wanted`` that nothing of ``given`` covers."""
    given = list(given)
    return [one for one in wanted if not any(covers(two, one) for two in given)]


def added(before: Document | None, after: Document) -> list[Use]:
    """Return what a release declares and the one before it, None for the first, did not."""
    return beyond(declared(after), declared(before) if before is not None else ())


def demand_agreed(present: Iterable[PackSource], wanted: Iterable[PackSource]) -> None:
    """Refuse releases that declare more than those in force, to which somebody has agreed.

    Raises:
        ConflictError: With each permission that is new.
    """
    known = {one.id: one.manifest for one in present}
    found = [
        Problem("/permissions", "new-permission", f"it may now {use}, which {known[one.id]['version']} may not", one.id)
        for one in wanted
        if one.id in known
        for use in added(known[one.id], one.manifest)
    ]
    if found:
        message = (
            "these releases ask for more than those in force; say --agree if they may have it; nothing was changed"
        )
        raise ConflictError(message, found)


# What is wrong ---------------------------------------------------------------------------------------------------------


def problems(catalog: Catalog, sources: Iterable[PackSource]) -> list[Problem]:
    """Return what packs do that they do not declare, and what no pack may do, each in words of effective documents."""
    found: list[Problem] = []
    for one in sources:
        if one.layer.namespace == BASE or not one.manifest:
            continue  # the platform's own, and what the admins of a workspace have changed
        if "permissions" in one.manifest:
            found += _undeclared(catalog, one)
        for role in catalog.roles.values():
            if role.layer == one.id:
                found += _reserved(role)
        found += _changing_people(catalog, one.id, one.layer.namespace)
    return found


def _undeclared(catalog: Catalog, one: PackSource) -> Iterator[Problem]:
    for use in beyond(used(catalog, one.id, one.layer.namespace), declared(one.manifest)):
        message = f"the pack does not declare that it may {use}; add it to permissions in pack.json, or do without"
        yield Problem(use.pointer, "not-permitted", message, use.source)


def _reserved(role: Role) -> Iterator[Problem]:
    source = f"role:{role.id}"
    for name in sorted(role.capabilities & RESERVED):
        message = f"no pack gives the capability “{name}”; an administrator gives it to people"
        yield Problem("/capabilities", "reserved-power", message, source)
    for index, grant in enumerate(role.grants):
        at = f"/grants/{index}"
        if grant.entity == "*":
            message = "a pack's role names the entities that it is about; it cannot be about all, present and future"
            yield Problem(f"{at}/entity", "reserved-power", message, source)
        elif _changes_people(grant):
            message = (
                f"no pack lets people change {grant.entity}: who somebody is, and whom he belongs to, follows from it"
            )
            yield Problem(f"{at}/ops", "reserved-power", message, source)


def _changes_people(grant: Grant) -> bool:
    reaches = grant.entity in PEOPLE or grant.entity == f"{BASE}.*"
    return reaches and bool(grant.ops & _CHANGES) and (grant.rows or "").replace(" ", "") != "id==user.id"


def _changing_people(catalog: Catalog, pack: str, namespace: str) -> Iterator[Problem]:
    """Yield each action of a pack that makes or changes users or teams, beyond fields that the pack itself added."""
    acting: list[tuple[Rule, str, Callable[[int], str]]] = [
        (rule, f"rule:{rule.id}", lambda index: f"/then/{index}")
        for rule in catalog.rules.values()
        if rule.layer == pack
    ]
    acting += [
        (step.rule, f"{step.kind}:{step.id}", step.place)
        for step in ladders.steps(catalog)
        if namespace_of(step.id) == namespace
    ]
    for rule, source, place in acting:
        for index, action in enumerate(compiled(catalog, rule)):
            target, fields = _written(action, rule.entity)
            known = catalog.entities[target].fields if target in PEOPLE else {}
            if target in PEOPLE and not all(one in known and known[one].layer == pack for one in fields or ("",)):
                message = f"no pack changes {target}: who somebody is, and whom he belongs to, follows from it"
                yield Problem(place(index), "reserved-power", message, source)


def _written(action: CompiledAction, about: str) -> tuple[str | None, list[str]]:
    """Return the entity whose records an action makes or changes, and the fields of a record that is there."""
    if action.do == "create_record":
        return str(action.spec["entity"]), []
    if action.do == "update_record":
        return action.values["record"].type.entity, [*action.spec.get("values", ())]
    if action.do in ("set_field", "add_score"):
        return about, [str(action.spec["field"])]
    return (about, []) if action.do in _ON_RECORD else (None, [])
