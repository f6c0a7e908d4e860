"""What a pack declares beside what it does: permissions, overrides, required fields, expressions, deprecated parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from dealwright import conditions
from dealwright.conditions.syntax import Each, Literal, Name, children, walk
from dealwright.errors import ConditionError, Problem
from dealwright.metadata import approvals
from dealwright.metadata.names import namespace_of
from dealwright.metadata.schemas import is_extension
from dealwright.packs import permissions

if TYPE_CHECKING:
    from dealwright.conditions.syntax import Node
    from dealwright.metadata.definitions import Entity
    from dealwright.packs.lint.about import About

#: Steps that a condition may take for one record before it should be looked at.
STEPS: Final = 100_000
#: Rows that a list may have where nothing says how many.
ROWS: Final = 1_000


def look(about: About) -> Iterator[Problem]:
    """Yield what is said and not done, done and not said, or said in a way that will surprise."""
    yield from _permissions(about)
    yield from _extensions(about)
    yield from _expressions(about)
    yield from _deprecated(about)
    yield from _dead_steps(about)


def _permissions(about: About) -> Iterator[Problem]:
    one = about.source
    used = permissions.used(about.catalog, one.id, one.layer.namespace)
    said = permissions.declared(one.manifest)
    manifest = about.file("pack.json")
    for use in permissions.beyond(used, said):  # with “permissions” in the manifest this is a fault already
        yield Problem("/permissions", "P040", f"{use.source} shows that it may {use}; declare it", manifest)
    for use in said:
        if use.sort == "entities" and namespace_of(use.name) == one.layer.namespace:
            continue  # its own
        if use.sort == "entities" and use.op not in permissions.OPERATIONS:
            known = ", ".join(permissions.OPERATIONS)
            yield Problem("/permissions/entities", "P040", f"“{use.op}” is no operation; there are {known}", manifest)
        elif not any(permissions.covers(use, two) for two in used):
            yield Problem("/permissions", "P040", f"it declares that it may {use}, and does not; take it out", manifest)


def _extensions(about: About) -> Iterator[Problem]:
    for one in about.source.layer.documents:
        document = one.document
        if not is_extension(document):
            continue
        for i, override in enumerate(document.get("overrides", ())):
            if "was" not in override:
                message = f"{override['path']} is set without “was”; say which value it replaces"
                yield Problem(f"/overrides/{i}", "P080", message, one.source)
        fields = about.catalog.entities[document["extends"]].fields if document["kind"] == "entity" else {}
        for i, name in enumerate(document.get("required", ())):
            if name in fields and "default" not in fields[name].spec:
                message = f"records that are there have no “{name}”, and cannot be saved; give it a default"
                yield Problem(f"/required/{i}", "P070", message, one.source)


def _expressions(about: About) -> Iterator[Problem]:
    for place in conditions.places(about.catalog):
        if place.use == "path" or place.entity not in about.catalog.entities:
            continue
        try:
            condition = place.condition(about.catalog)
        except ConditionError:
            continue
        said = [("P032", message) for message in condition.warnings]
        steps = _steps(condition.ast, about.catalog.entities[place.entity])
        if steps > STEPS:
            message = (
                f"it takes up to {steps:,} steps for one record, and more than {STEPS:,} are too many; split it, "
                "or say how many rows there may be"
            )
            said.append(("P031", message))
        for code, message in said:
            found = about.at(f"{place.kind}:{place.id}", place.pointer, code, message)
            if found is not None:
                yield found


def _steps(node: Node, entity: Entity) -> int:
    """Return how many steps a condition takes at most: a node is one, what is asked of rows as many as there may be rows.

    As the cost of rules in Kubernetes' admission policies is worked out when they are written, and not when they run.
    """
    if isinstance(node, Each):
        field = entity.fields.get(node.over.steps[0]) if node.over.steps else None
        most = field.spec.get("maxItems", ROWS) if field is not None else ROWS
        return 1 + (most if isinstance(most, int) else ROWS) * _steps(node.body, entity)
    below = [*children(node), *((node.means,) if isinstance(node, Name) and node.means is not None else ())]
    return 1 + sum(_steps(one, entity) for one in below)


def _deprecated(about: About) -> Iterator[Problem]:
    """Yield each use of what another pack has called out of use: documents, parameters in expressions, fields."""
    own = about.source.layer.namespace
    old = {
        identifier: document["deprecated"]
        for (_, identifier), document in about.catalog.documents.items()
        if "deprecated" in document and namespace_of(identifier) != own
    }
    fields = {
        (entity.id, field.id): field.spec["deprecated"]
        for entity in about.catalog.entities.values()
        for field in entity.fields.values()
        if "deprecated" in field.spec
        and (field.id.partition("__")[0] if "__" in field.id else namespace_of(entity.id)) != own
    }
    for one in about.source.layer.documents if old else ():
        for pointer, text in _strings(one.document):
            if text in old:
                yield Problem(pointer, "P082", _outdated(f"“{text}”", old[text]), one.source)
    for place in conditions.places(about.catalog) if old or fields else ():
        if place.use == "path" or place.entity not in about.catalog.entities:
            continue
        try:
            condition = place.condition(about.catalog)
        except ConditionError:
            continue
        read = sorted(condition.reads & fields.keys())
        said = [_outdated(f"“{field}” of {entity}", fields[entity, field]) for entity, field in read]
        said += [
            _outdated(f"“{node.name}”", old[parameter])
            for node in walk(condition.ast)
            if isinstance(node, Literal) and node.name is not None
            if (parameter := _parameter(node.name, place.namespace)) in old
        ]
        for message in dict.fromkeys(said):
            found = about.at(f"{place.kind}:{place.id}", place.pointer, "P082", message)
            if found is not None:
                yield found


def _outdated(what: str, said: Mapping[str, Any]) -> str:
    instead = said.get("replaced_by") or said.get("description") or "something else"
    return f"{what} is out of use since {said['since']}; use {instead}"


def _parameter(name: str, namespace: str) -> str:
    """Return the id of the parameter that ``param.<name>`` means in a document of a namespace."""
    local = name.removeprefix("param.")
    other, bar, rest = local.partition("__")
    return f"{other}.{rest}" if bar else f"{namespace}.{local}"


def _dead_steps(about: About) -> Iterator[Problem]:
    """Yield each step of an approval whose condition reads nothing and does not hold."""
    for approval in approvals.of(about.catalog).values():
        for index, step in enumerate(approval.steps.values()):
            if step.when is None:
                continue
            own = namespace_of(approval.id)
            condition = conditions.of(about.catalog, approval.entity, step.when, "gate", namespace=own)
            if not condition.names and not condition.paths and condition.evaluate({}) is not True:
                message = f"the condition of “{step.id}” never holds; mend it, or remove the step"
                found = about.at(f"approval:{approval.id}", f"/steps/{index}/when", "P090", message)
                if found is not None:
                    yield found


def _strings(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield at, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _strings(value, f"{at}/{key}")
    elif isinstance(node, list | tuple):
        for i, value in enumerate(node):
            yield from _strings(value, f"{at}/{i}")
