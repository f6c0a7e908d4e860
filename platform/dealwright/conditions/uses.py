"""Where conditions stand in the documents of a catalog, what is wrong with them, and what each of them reads.

The index is by entity and field id, which never change: a new label changes nothing, and "used in 3 rules" is told
before a field is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright.conditions.condition import Condition, of
from dealwright.conditions.scope import NameFault, Scope
from dealwright.conditions.syntax import Name
from dealwright.errors import ConditionError, Problem
from dealwright.metadata import ladders
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Document, Entity, Field, Rule

_FIELD = {"visible_when": "field", "required_when": "field", "readonly_when": "field", "formula": "formula"}
#: Keys of actions whose text is an expression; ``to`` of a webhook is the name of a connection.
_VALUES = {
    "set_field": ("value",),
    "create_task": ("assignee",),
    "assign": ("to",),
    "notify": ("to",),
    "send_message": ("to",),
    "update_record": ("record",),
    "add_score": ("points",),
    "start_sequence": ("record",),
    "advance_sequence": ("record",),
    "stop_sequence": ("record",),
    "start_sla": ("record",),
    "stop_sla": ("record",),
}
_TRIGGER = {"where": "rule", "if": "rule", "filter": "filter"}


@dataclass(frozen=True, slots=True)
class Use:
    """One place of a document where a condition stands, or a path that leads to a field.

    Attributes:
        kind: Kind of the document, such as ``rule``.
        id: Id of the document.
        pointer: JSON Pointer to the condition within it.
        source: The condition, or the path.
        use: What it is for; ``path`` for a path.
        entity: The entity whose fields it names.
        namespace: Namespace that ``param.`` means there.
        rows: The ``rows`` field whose row it is about.
        record: The entity of the record being edited, for a choice of references.
    """

    kind: str
    id: str
    pointer: str
    source: str
    use: str
    entity: str
    namespace: str
    rows: str | None = None
    record: str | None = None

    def condition(self, catalog: Catalog) -> Condition:
        """Return the checked condition.

        Raises:
            ConditionError: If it is wrong.
        """
        return of(
            catalog, self.entity, self.source, self.use, namespace=self.namespace, rows=self.rows, record=self.record
        )


def problems(catalog: Catalog) -> list[Problem]:
    """Return every fault of every condition of every document; pointers lead into the document.

    ``source`` of a problem is ``<kind>:<id>`` of the document. What is wrong with a path is not told here: it is a
    reference from document to document.
    """
    found = []
    for place in places(catalog):
        if place.use == "path" or place.entity not in catalog.entities:
            continue
        try:
            place.condition(catalog)
        except ConditionError as error:
            for one in (error, *error.others):
                where = f"“{one.source[one.start : one.end]}”, from character {one.start + 1}"
                message = f"{one.message} ({where})"
                found.append(Problem(place.pointer, one.reason, message, f"{place.kind}:{place.id}"))
    return found


def uses(catalog: Catalog) -> Mapping[tuple[str, str], tuple[Use, ...]]:
    """Return for each (entity, field) the places that read it; a field of a row is ``lines.qty``.

    A condition that is wrong reads nothing. Made once per catalog.
    """
    return catalog.once("conditions.uses", lambda: _uses(catalog))


def _uses(catalog: Catalog) -> Mapping[tuple[str, str], tuple[Use, ...]]:
    index: dict[tuple[str, str], list[Use]] = {}
    for place in places(catalog):
        if place.entity in catalog.entities:
            for read in sorted(reads(catalog, place)):
                index.setdefault(read, []).append(place)
    return MappingProxyType({read: tuple(found) for read, found in index.items()})


def reads(catalog: Catalog, place: Use) -> frozenset[tuple[str, str]]:
    """Return every (entity, field) that a place reads; nothing if it is wrong."""
    if place.use == "path":
        scope = Scope(catalog, catalog.entity(place.entity), "formula", place.namespace, place.rows)
        try:
            scope.resolve(Name(tuple(place.source.split("."))))
        except NameFault:
            return frozenset()
        return frozenset(scope.reads)
    try:
        return place.condition(catalog).reads
    except ConditionError:
        return frozenset()


def places(catalog: Catalog) -> Iterator[Use]:
    """Yield every place of the catalog's documents where a condition or a path stands."""
    for entity in catalog.entities.values():
        yield from _of_fields(entity, entity.fields.values(), "/properties", None)
        for index, check in enumerate(entity.checks):
            pointer = f"/checks/{index}/error_when"
            yield _use(entity, pointer, check.error_when, "check", check.id)
        for index, unique in enumerate(entity.unique):
            if unique.when:
                yield _use(entity, f"/unique/{index}/when", unique.when, "filter", unique.id)
        if entity.interaction is not None and entity.interaction.when:
            yield _use(entity, "/interaction/when", entity.interaction.when, "filter", "")
        if entity.interaction is not None and entity.interaction.success:
            yield _use(entity, "/interaction/success", entity.interaction.success, "filter", "")
    yield from _of_rules(catalog)
    yield from _of_clocks(catalog)
    yield from _of_pipelines(catalog)
    yield from _of_roles(catalog)
    yield from _of_approvals(catalog)
    for (kind, identifier), document in catalog.documents.items():
        if kind == "score":
            for index, given in enumerate(document.get("inputs", ())):
                yield _standing("score", document, f"/inputs/{index}/value", str(given["value"]), "score", identifier)
            for index, segment in enumerate(document.get("segments", ())):
                pointer = f"/segments/{index}/when"
                yield _standing("score", document, pointer, str(segment["when"]), "filter", identifier)
            if document.get("when"):
                yield _standing("score", document, "/when", str(document["when"]), "filter", identifier)
        if kind == "report":
            yield from _of_report(document, identifier)
        if kind == "view":
            yield from _of_view(document, identifier)


def _of_report(document: Document, identifier: str) -> Iterator[Use]:
    """Yield the filter of a report and the paths that it names."""
    if document.get("filter"):
        yield _standing("report", document, "/filter", str(document["filter"]), "filter", identifier)
    named = [(f"/group/{index}", str(one).partition(":")[0]) for index, one in enumerate(document.get("group", ()))]
    named += [("/measure", str(document.get("measure", "")).partition(":")[2])]
    named += [(f"/{key}", str(document.get(key, ""))) for key in ("start", "end", "reason")]
    named += [(f"/{key}/of", str(document.get(key, {}).get("of", ""))) for key in ("period", "tenure", "between")]
    for index, rule in enumerate(document.get("points", ())):
        named.append((f"/points/{index}/of", str(rule.get("of", ""))))
        if rule.get("when"):
            yield _standing("report", document, f"/points/{index}/when", str(rule["when"]), "filter", identifier)
    for pointer, path in named:
        if path:
            yield _standing("report", document, pointer, path, "path", identifier)


def _of_view(document: Document, identifier: str) -> Iterator[Use]:
    """Yield the conditions of a view's sections, and the fields that it names."""
    for index, section in enumerate(document.get("sections", ())):
        if section.get("visible_when"):
            at = f"/sections/{index}/visible_when"
            yield _standing("view", document, at, str(section["visible_when"]), "field", identifier)
    listed = document.get("list", {})
    named = [(f"/fields/{name}", name) for name in document.get("fields", ())]
    named += [(f"/list/columns/{index}", str(one)) for index, one in enumerate(listed.get("columns", ()))]
    named += [("/list/sort", str(listed["sort"]).removeprefix("-"))] if "sort" in listed else []
    for pointer, path in named:
        yield _standing("view", document, pointer, path, "path", identifier)


def _use(
    entity: Entity, pointer: str, source: str, use: str, owner: str, rows: str | None = None, about: str | None = None
) -> Use:
    """Return a place in an entity; what another pack added to it has that pack's parameters."""
    added, bar, _ = owner.partition("__")
    namespace = added if bar else namespace_of(entity.id)
    record = entity.id if use == "where" else None
    return Use("entity", entity.id, pointer, source, use, about or entity.id, namespace, rows, record)


def _of_fields(entity: Entity, fields: Iterable[Field], root: str, rows: str | None) -> Iterator[Use]:
    for field in fields:
        at, spec = f"{root}/{field.id}", field.spec

        def use(key: str, source: object, kind: str, about: str | None = None) -> Use:
            its = None if about else rows
            return _use(entity, f"{at}/{key}", str(source), kind, field.id, its, about)  # noqa: B023 - used at once

        for key, kind in _FIELD.items():
            if spec.get(key):
                yield use(key, spec[key], kind)
        if isinstance(spec.get("default"), Mapping) and "expr" in spec["default"]:
            yield use("default/expr", spec["default"]["expr"], "default")
        for option, source in (spec.get("options_when") or {}).items():
            yield use(f"options_when/{option}", source, "field")
        for name, path in (spec.get("prefill") or {}).items():
            yield use(f"prefill/{name}", path, "path")
        if spec.get("where") and field.to:
            yield use("where", spec["where"], "where", field.to)
        if field.type == "lookup":
            yield use("value", f"{spec.get('via')}.{spec.get('value')}", "path")
        if field.type == "rollup":
            yield from _of_rollup(spec, use)
        if field.items is not None:
            yield from _of_fields(entity, field.items.values(), f"{at}/items/properties", field.id)


def _of_rollup(spec: Document, use: Any) -> Iterator[Use]:
    about = str(spec.get("of"))
    yield use("via", spec.get("via"), "path", about)
    if spec.get("value"):
        yield use("value", spec["value"], "path", about)
    if spec.get("filter"):
        yield use("filter", spec["filter"], "filter", about)


def _standing(kind: str, document: Document, pointer: str, source: str, use: str, identifier: str) -> Use:
    return Use(kind, identifier, pointer, source, use, str(document.get("entity")), namespace_of(identifier))


def _of_rules(catalog: Catalog) -> Iterator[Use]:
    for rule in catalog.rules.values():

        def use(pointer: str, source: str, kind: str) -> Use:
            return Use("rule", rule.id, pointer, source, kind, rule.entity, namespace_of(rule.id))  # noqa: B023

        if rule.condition is not None:
            yield use("/if", rule.condition, "rule")
        yield from _of_trigger(rule)
        places = [f"/then/{index}" for index in range(len(rule.actions))]
        yield from _of_actions("rule", rule.id, rule, places)


def _of_actions(kind: str, identifier: str, rule: Rule, places: Iterable[str]) -> Iterator[Use]:
    """Yield the values of a rule's actions; ``places`` are the pointers to the actions in the document."""

    def use(pointer: str, source: str) -> Use:
        return Use(kind, identifier, pointer, source, "value", rule.entity, namespace_of(identifier))

    for place, action in zip(places, rule.actions, strict=True):
        for key in _VALUES.get(action.do, ()):
            if (source := _expression(action.spec.get(key))) is not None:
                yield use(f"{place}/{key}", source)
        for name, value in (action.spec.get("values") or {}).items():
            if (source := _expression(value)) is not None:
                yield use(f"{place}/values/{name}", source)
        for key in ("due", "at_most"):
            said = action.spec.get(key)
            if isinstance(said, Mapping) and "param" in said:
                yield use(f"{place}/{key}", f"param.{said['param']}")


def _of_clocks(catalog: Catalog) -> Iterator[Use]:
    """Yield the conditions of SLA policies and deadlines, and the values of what their ladders do."""
    for (kind, identifier), document in catalog.documents.items():
        if kind in ladders.CONDITIONED:
            for pointer, source in ladders.sources(document):
                yield _standing(kind, document, pointer, source, "clock", identifier)
    for step in ladders.steps(catalog):
        places = [step.place(index) for index in range(len(step.rule.actions))]
        if step.kind == "sequence" and step.rule.condition is not None:
            yield _standing(step.kind, step.rule.document, f"{step.pointer}/if", step.rule.condition, "rule", step.id)
        yield from _of_actions(step.kind, step.id, step.rule, places)


def _of_trigger(rule: Rule) -> Iterator[Use]:
    spec, own = rule.trigger.spec, namespace_of(rule.id)
    at = f"/on/{rule.trigger.kind}"
    if rule.trigger.kind == "trend":  # about the records that are measured
        of = str(spec.get("of"))
        if isinstance(spec.get("where"), str):
            yield Use("rule", rule.id, f"{at}/where", spec["where"], "filter", of, own)
        for key in ("via", "date"):
            yield Use("rule", rule.id, f"{at}/{key}", str(spec.get(key)), "path", of, own)
        if value := str(spec.get("measure")).partition(":")[2]:
            yield Use("rule", rule.id, f"{at}/measure", value, "path", of, own)
        return
    for key, kind in _TRIGGER.items():
        if isinstance(spec.get(key), str):
            yield Use("rule", rule.id, f"{at}/{key}", spec[key], kind, rule.entity, own)
    for key in ("of", "field"):  # what idle and after count from
        if isinstance(spec.get(key), str):
            yield Use("rule", rule.id, f"{at}/{key}", spec[key], "path", rule.entity, own)


def _expression(written: object) -> str | None:
    """Return the text of an action's value; a number or a yes/no is a constant and needs none."""
    if isinstance(written, str):
        return written
    if isinstance(written, Mapping) and "param" in written:
        return f"param.{written['param']}"
    return None


def _of_pipelines(catalog: Catalog) -> Iterator[Use]:
    for pipeline in catalog.pipelines.values():
        if pipeline.applies_when is not None:
            yield _standing("pipeline", pipeline.document, "/applies_when", pipeline.applies_when, "field", pipeline.id)
        for index, stage in enumerate(pipeline.stages.values()):
            for side, gates in (("enter", stage.enter), ("exit", stage.exit)):
                for number, gate in enumerate(gates):
                    pointer = f"/stages/{index}/{side}/{number}/require"
                    namespace = namespace_of(pipeline.id)
                    yield Use("pipeline", pipeline.id, pointer, gate.require, "gate", pipeline.entity, namespace)


def _of_approvals(catalog: Catalog) -> Iterator[Use]:
    """Yield the conditions of approvals, and the paths by which they find people."""
    for (kind, identifier), document in catalog.documents.items():
        if kind != "approval":
            continue
        if "when" in document:
            yield _standing(kind, document, "/when", document["when"], "gate", identifier)
        for index, step in enumerate(document["steps"]):
            at = f"/steps/{index}"
            if "when" in step:
                yield _standing(kind, document, f"{at}/when", step["when"], "gate", identifier)
            for number, entry in enumerate(step["approvers"]):
                where = f"{at}/approvers/{number}"
                for key in ("field", "scope"):
                    if key in entry:
                        yield _standing(kind, document, f"{where}/{key}", entry[key], "value", identifier)
                if "where" in entry:
                    namespace, about = namespace_of(identifier), str(document["entity"])
                    yield Use(
                        kind, identifier, f"{where}/where", entry["where"], "where", "base.user", namespace, None, about
                    )


def _of_roles(catalog: Catalog) -> Iterator[Use]:
    for role in catalog.roles.values():
        for index, grant in enumerate(role.grants):
            if grant.rows is None:
                continue
            for entity in catalog.entities:
                if fnmatchcase(entity, grant.entity):
                    pointer = f"/grants/{index}/rows"
                    yield Use("role", role.id, pointer, grant.rows, "permission", entity, namespace_of(role.id))
