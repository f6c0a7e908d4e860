"""Every condition that stands in a catalog's documents: whether it is right, and what it reads.

problems(catalog)    what is wrong, with pointers into the documents
uses(catalog)        for each field, where it is read: "used in 3 rules and 2 checks", before it is retired
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright.conditions.condition import Condition, of
from dealwright.errors import ConditionError, Problem
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Action, Entity, Field

#: Keywords of a field that hold a condition, and what it is used for.
_OF_FIELDS: Final = {
    "visible_when": "field",
    "required_when": "field",
    "readonly_when": "field",
    "formula": "formula",
}
#: Keys of an action that hold an expression; ``to`` of a webhook names a connection.
_OF_ACTIONS: Final = ("value", "to", "assignee")


@dataclass(frozen=True, slots=True)
class Written:
    """A condition as it stands in a document.

    Attributes:
        kind: Kind of the document.
        id: Id of the document.
        pointer: JSON Pointer to the text within it.
        entity: The entity whose fields it names.
        source: The text.
        use: What it is for.
        namespace: Whose parameters ``param.`` means.
        rows: The ``rows`` field whose row it is about; None for the record.
        record: For the choice of a reference, the entity of the record being edited.
    """

    kind: str
    id: str
    pointer: str
    entity: str
    source: str
    use: str
    namespace: str
    rows: str | None = None
    record: str | None = None

    def checked(self, catalog: Catalog) -> Condition:
        """Return the checked condition.

        Raises:
            ConditionError: If it is wrong.
        """
        return of(
            catalog,
            self.entity,
            self.source,
            self.use,
            namespace=self.namespace,
            rows=self.rows,
            record=self.record,
        )


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a field is read: ``rule:sales.tier_a`` and the pointer within it."""

    document: str
    pointer: str


def problems(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with each condition of each document; ``source`` is ``kind:id``."""
    found = []
    for one in written(catalog):
        if one.entity not in catalog.entities:
            continue  # that is the problem of whoever names it
        try:
            one.checked(catalog)
        except ConditionError as error:
            text = f"{error.message} (at {error.start + 1}–{error.end} of “{one.source}”)"
            found.append(Problem(one.pointer, error.reason, text, f"{one.kind}:{one.id}"))
    return found


def uses(catalog: Catalog) -> Mapping[tuple[str, str], tuple[Use, ...]]:
    """Return where each ``(entity, field)`` is read; conditions that are wrong are left out. Made once per catalog."""
    return catalog.once("conditions.uses", lambda: _uses(catalog))


def _uses(catalog: Catalog) -> dict[tuple[str, str], tuple[Use, ...]]:
    found: dict[tuple[str, str], list[Use]] = {}
    for one in written(catalog):
        try:
            reads = one.checked(catalog).reads if one.entity in catalog.entities else frozenset()
        except ConditionError:
            continue
        for key in reads:
            found.setdefault(key, []).append(Use(f"{one.kind}:{one.id}", one.pointer))
    return {key: tuple(places) for key, places in sorted(found.items())}


def written(catalog: Catalog) -> Iterator[Written]:
    """Yield every condition of every entity, pipeline, rule and role."""
    for entity in catalog.entities.values():
        yield from _of_entity(entity)
    for pipeline in catalog.pipelines.values():
        for number, stage in enumerate(pipeline.stages.values()):
            for side, gates in (("enter", stage.enter), ("exit", stage.exit)):
                for place, gate in enumerate(gates):
                    at = f"/stages/{number}/{side}/{place}/require"
                    own = namespace_of(pipeline.id)
                    yield Written("pipeline", pipeline.id, at, pipeline.entity, gate.require, "gate", own)
    for rule in catalog.rules.values():
        own = namespace_of(rule.id)
        if rule.condition is not None:
            yield Written("rule", rule.id, "/if", rule.entity, rule.condition, "rule", own)
        for number, action in enumerate(rule.actions):
            for pointer, source in _of_action(action):
                yield Written("rule", rule.id, f"/then/{number}{pointer}", rule.entity, source, "value", own)
    for role in catalog.roles.values():
        for number, grant in enumerate(role.grants):
            # The condition of a pattern is checked for each entity that it covers, when rights are worked out.
            if grant.rows is not None and "*" not in grant.entity:
                at = f"/grants/{number}/rows"
                yield Written("role", role.id, at, grant.entity, grant.rows, "permission", namespace_of(role.id))


def _of_entity(entity: Entity) -> Iterator[Written]:
    for field in entity.fields.values():
        yield from _of_field(entity, field, f"/properties/{field.id}", None, _owner(field.id, entity.id))
        for part in (field.items or {}).values():
            at = f"/properties/{field.id}/items/properties/{part.id}"
            yield from _of_field(entity, part, at, field.id, _owner(field.id, entity.id))
    for number, check in enumerate(entity.checks):
        at = f"/checks/{number}/error_when"
        yield Written("entity", entity.id, at, entity.id, check.error_when, "check", _owner(check.id, entity.id))
    for number, unique in enumerate(entity.unique):
        if unique.when is not None:
            at = f"/unique/{number}/when"
            yield Written("entity", entity.id, at, entity.id, unique.when, "filter", namespace_of(entity.id))


def _of_field(entity: Entity, field: Field, at: str, rows: str | None, namespace: str) -> Iterator[Written]:
    spec = field.spec

    def one(pointer: str, source: str, use: str) -> Written:
        return Written("entity", entity.id, f"{at}{pointer}", entity.id, source, use, namespace, rows)

    for key, use in _OF_FIELDS.items():
        if isinstance(spec.get(key), str):
            yield one(f"/{key}", spec[key], use)
    default = spec.get("default")
    if isinstance(default, Mapping) and isinstance(default.get("expr"), str):
        yield one("/default/expr", default["expr"], "default")
    for option, source in (spec.get("options_when") or {}).items():
        yield one(f"/options_when/{option}", source, "field")
    if isinstance(spec.get("where"), str) and field.to is not None:
        yield Written("entity", entity.id, f"{at}/where", field.to, spec["where"], "where", namespace, record=entity.id)
    if field.type == "rollup" and isinstance(spec.get("filter"), str):
        yield Written("entity", entity.id, f"{at}/filter", str(spec["of"]), spec["filter"], "filter", namespace)


def _of_action(action: Action) -> Iterator[tuple[str, str]]:
    for key in _OF_ACTIONS:
        written_: Any = action.spec.get(key)
        if isinstance(written_, str) and not (action.do == "call_webhook" and key == "to"):
            yield f"/{key}", written_
    for name, value in (action.spec.get("values") or {}).items():
        if isinstance(value, str):
            yield f"/values/{name}", value


def _owner(name: str, entity: str) -> str:
    """Return the namespace whose parameters a field or check means: that of the pack that added it."""
    own, bar, _ = name.partition("__")
    return own if bar else namespace_of(entity)
