"""What a pack declares beside what it does: permissions, overrides, required fields, expressions, deprecated parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dealwright import conditions
from dealwright.errors import ConditionError, Problem
from dealwright.metadata import approvals
from dealwright.metadata.names import namespace_of
from dealwright.metadata.schemas import is_extension
from dealwright.packs import permissions

if TYPE_CHECKING:
    from dealwright.packs.lint.about import About


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
            warnings = place.condition(about.catalog).warnings
        except ConditionError:
            continue
        for message in warnings:
            found = about.at(f"{place.kind}:{place.id}", place.pointer, "P032", message)
            if found is not None:
                yield found


def _deprecated(about: About) -> Iterator[Problem]:
    old = {
        identifier: document["deprecated"]
        for (_, identifier), document in about.catalog.documents.items()
        if "deprecated" in document and namespace_of(identifier) != about.source.layer.namespace
    }
    if not old:
        return
    for one in about.source.layer.documents:
        for pointer, text in _strings(one.document):
            if text in old:
                instead = old[text].get("replaced_by") or old[text].get("description") or "something else"
                yield Problem(
                    pointer, "P082", f"“{text}” is out of use since {old[text]['since']}; use {instead}", one.source
                )


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
