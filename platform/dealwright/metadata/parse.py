"""Effective documents become the frozen objects of :mod:`dealwright.metadata.definitions`.

Nothing is checked here: documents fit their schemas, and what they name is looked at in
:mod:`dealwright.metadata.references`. A name that leads nowhere gives None or nothing, so that every problem of a
catalog can be found at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from dealwright.metadata import names
from dealwright.metadata.definitions import (
    EMPTY,
    Action,
    Check,
    Document,
    Duplicates,
    Entity,
    Field,
    Grant,
    Interaction,
    Option,
    Pack,
    Parameter,
    Pipeline,
    Role,
    Rule,
    Trigger,
    Unique,
    title_of,
)
from dealwright.metadata.fold import Folded
from dealwright.metadata.system import system_fields

_IMPLIED_TARGETS = {"user": "base.user", "team": "base.team"}


def entity(folded: Folded, identifier: str, pipelines: Iterable[Pipeline], versions: Iterable[Pipeline] = ()) -> Entity:
    """Return an entity; ``pipelines`` are those of the whole catalog, ``versions`` those not in force any more."""
    document = folded.documents["entity", identifier]
    own = [one for one in pipelines if one.entity == identifier]
    fields = _fields(folded, document, ("entity", identifier), ("properties",))
    return Entity(
        id=identifier,
        title=document["title"],
        plural=document.get("plural", document["title"]),
        fields=fields,
        system_fields=system_fields(
            _stage_options([*own, *(one for one in versions if one.entity == identifier)]) if own else None
        ),
        display=document.get("display"),
        checks=tuple(
            Check(one["id"], one["error_when"], one["message"], one.get("at"), one.get("level", "error"))
            for one in document.get("checks", ())
        ),
        unique=(*(_unique(one) for one in document.get("unique", ())), *_unique_fields(fields)),
        duplicates=tuple(
            Duplicates(one["id"], tuple(one["match"]), one.get("normalise", "none"), one.get("action", "warn"))
            for one in document.get("duplicates", ())
        ),
        indexes=tuple(tuple(one) for one in document.get("indexes", ())),
        pipelines=tuple(one.id for one in own),
        part_of=document.get("part_of"),
        tree=document.get("tree"),
        single=document.get("single", False),
        interaction=_interaction(document.get("interaction")),
        copy_empty=tuple(document.get("copy", EMPTY).get("empty", ())),
        layer=folded.owners["entity", identifier],
        document=_frozen(document),
    )


def _fields(folded: Folded, holder: Document, key: tuple[str, str], at: tuple[str, ...]) -> Mapping[str, Field]:
    """Return the fields of an entity or of the items of a ``rows`` field, in the order of the form."""
    required = set(holder.get("required", ()))
    found = []
    for name, spec in holder.get("properties", EMPTY).items():
        kind = spec["field"]
        target = _IMPLIED_TARGETS.get(kind) or (spec.get("of") if kind == "rollup" else spec.get("to"))
        found.append(
            Field(
                id=name,
                type=kind,
                title=spec.get("title") or title_of(name),
                spec=_frozen(spec),
                required=name in required,
                options=_options(folded, spec),
                to=target if isinstance(target, str) else None,
                items=_fields(folded, spec["items"], key, (*at, name, "items", "properties"))
                if kind == "rows"
                else None,
                layer=folded.provenance.get((key, (*at, name, "field")), (folded.owners[key],))[0],
            )
        )
    found.sort(key=lambda one: one.spec.get("order", 0))
    return MappingProxyType({one.id: one for one in found})


def _options(folded: Folded, spec: Document) -> tuple[Option, ...]:
    shared = folded.documents.get(("option_set", spec.get("option_set", "")), EMPTY)
    return tuple(
        Option(one["id"], one["title"], one.get("hue"), one.get("hidden", False))
        for one in spec.get("options") or shared.get("options", ())
    )


def _interaction(given: Any) -> Interaction | None:
    return None if given is None else Interaction(given["about"], given["at"], given.get("when"), given.get("success"))


def _unique(one: Any) -> Unique:
    if isinstance(one, Mapping):
        return Unique(one["id"], tuple(one["fields"]), one.get("ignore_case", False), one.get("when"))
    return Unique("_".join(one), tuple(one))


def _unique_fields(fields: Mapping[str, Field]) -> Iterable[Unique]:
    """The shorthand on a field is a rule of one field, named after it."""
    return (
        Unique(one.id, (one.id,)) for one in fields.values() if one.spec.get("unique") or one.spec.get("external_id")
    )


def _stage_options(pipelines: Iterable[Pipeline]) -> tuple[Option, ...]:
    found: dict[str, Option] = {}
    for pipeline in pipelines:
        for stage in pipeline.stages.values():
            found.setdefault(stage.id, Option(stage.id, stage.title, stage.hue))
    return tuple(found.values())


def rule(folded: Folded, identifier: str) -> Rule:
    """Return a rule."""
    document = folded.documents["rule", identifier]
    ((trigger, spec),) = document["on"].items()
    return Rule(
        id=identifier,
        title=document["title"],
        entity=document["entity"],
        trigger=Trigger(trigger, _frozen(spec)),
        condition=document.get("if"),
        actions=tuple(
            Action(one["do"], _frozen({key: value for key, value in one.items() if key != "do"}))
            for one in document["then"]
        ),
        once_per=document.get("once_per", "always"),
        priority=document.get("priority", 500),
        mode=document.get("mode", "live"),
        layer=folded.owners["rule", identifier],
        document=_frozen(document),
    )


def role(folded: Folded, identifier: str) -> Role:
    """Return a role."""
    document = folded.documents["role", identifier]
    return Role(
        id=identifier,
        title=document["title"],
        grants=tuple(
            Grant(
                one["entity"],
                frozenset(one["ops"]),
                one.get("rows"),
                MappingProxyType(dict(one.get("fields", {"*": "edit"}))),
            )
            for one in document["grants"]
        ),
        capabilities=frozenset(document.get("capabilities", ())),
        layer=folded.owners["role", identifier],
        document=_frozen(document),
    )


def parameter(folded: Folded, identifier: str) -> Parameter:
    """Return a parameter with its value; None is the value of a default that does not fit the type."""
    document = folded.documents["parameter", identifier]
    return Parameter(
        id=identifier,
        type=document["type"],
        title=document["title"],
        value=parameter_value(document),
        document=_frozen(document),
        layer=folded.owners["parameter", identifier],
    )


def parameter_value(document: Document) -> Any:
    """Return the default of a parameter as its type, or None if it does not fit."""
    value = document["default"]
    match document["type"]:
        case "boolean":
            return value if isinstance(value, bool) else None
        case _ if isinstance(value, bool):
            return None
        case "integer":
            return value if isinstance(value, int) else None
        case "decimal" | "percent" | "money":
            try:
                return Decimal(value)
            except (InvalidOperation, ValueError):
                return None
        case "date":
            try:
                return date.fromisoformat(value)
            except (TypeError, ValueError):
                return None
        case "select":
            return value if value in [one["id"] for one in document.get("options", ())] else None
        case _:
            return value if isinstance(value, str) else None


def pack(manifest: Document, locale: str) -> Pack:
    """Return a pack; a title with several locales gives the one of ``locale``, else of its default locale."""
    title = manifest["title"]
    if isinstance(title, Mapping):
        title = title.get(locale) or title.get(manifest.get("default_locale", "en")) or next(iter(title.values()))
    return Pack(
        id=manifest["id"],
        namespace=manifest["ns"],
        version=manifest["version"],
        title=title,
        requires=MappingProxyType(dict(manifest.get("requires", {}))),
        document=_frozen(manifest),
    )


def parameter_id(identifier: str, local: str) -> str:
    """Return the id of the parameter that ``local`` means in a document with this id (``ns__name`` is another's)."""
    other, bar, rest = local.partition("__")
    return f"{other}.{rest}" if bar else f"{names.namespace_of(identifier)}.{local}"


def _frozen(document: Document) -> Document:
    return MappingProxyType(dict(document))
