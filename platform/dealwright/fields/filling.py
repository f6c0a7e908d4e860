"""Values that nobody sent: defaults, and what a chosen reference brings along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright import conditions
from dealwright.fields.computed import fitted
from dealwright.fields.money import currency_key, has_currency
from dealwright.fields.plan import compiled, namespace, plan
from dealwright.fields.registry import TYPES
from dealwright.fields.schema import settled_limits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dealwright.conditions import Condition
    from dealwright.fields.plan import Plan
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of an entity, or of the rows of a field.

    Attributes:
        constants: Typed values by key, of types whose empty value is not None too (``false``).
        made: How empty lists and other values that must be new each time are made.
        worked_out: Fields whose default is an expression, in the order of the fields.
        rows: Defaults of the rows of each ``rows`` field.
    """

    constants: Mapping[str, Any]
    made: Mapping[str, Callable[[], Any]]
    worked_out: tuple[tuple[Field, Condition], ...]
    rows: Mapping[str, Defaults]

    def fill(self, env: Mapping[str, Any]) -> dict[str, Any]:
        """Return a value for each key that ``env`` has no value for."""
        found = {name: value for name, value in self.constants.items() if env.get(name) is None}
        found |= {name: make() for name, make in self.made.items() if env.get(name) is None}
        if self.worked_out:
            whole = {**env, **found}
            for one, condition in self.worked_out:
                if env.get(one.id) is None:
                    found[one.id] = whole[one.id] = _kept(one, condition.evaluate(whole))
        return found

    @property
    def names(self) -> frozenset[str]:
        """The names that expressions read."""
        return frozenset(name for _, condition in self.worked_out for name in condition.names)


def defaults(catalog: Catalog, entity_id: str, env: Mapping[str, Any]) -> dict[str, Any]:
    """Return the default of each field that has no value in ``env``.

    A boolean without one is false, a list of rows or references is empty; other fields without a default are left out.
    Expressions see the defaults of the fields before them.
    """
    return defaults_of(catalog, entity_id).fill(env)


def defaults_of(catalog: Catalog, entity_id: str) -> Defaults:
    """Return the defaults of an entity; made once per catalog."""
    return catalog.once(("fields.defaults", entity_id), lambda: _defaults(catalog, entity_id, None))


def _defaults(catalog: Catalog, entity_id: str, rows: str | None) -> Defaults:
    entity = catalog.entity(entity_id)
    fields = entity.fields if rows is None else entity.fields[rows].items or {}
    constants: dict[str, Any] = {}
    made: dict[str, Callable[[], Any]] = {}
    worked_out: list[tuple[Field, Condition]] = []
    for one in fields.values():
        kind, given = TYPES[one.type], one.spec.get("default")
        if not kind.writable:
            continue
        if isinstance(given, Mapping) and "expr" in given:
            condition = compiled(catalog, entity_id, one.id, str(given["expr"]), "default", rows)
            worked_out.append((one, condition))
        elif given is not None:
            constants |= constant(one, catalog, entity_id)
        elif kind.empty() is not None:
            made[one.id] = kind.empty
    parts = {one.id: _defaults(catalog, entity_id, one.id) for one in fields.values() if one.items is not None}
    return Defaults(constants, made, tuple(worked_out), parts)


def constant(field: Field, catalog: Catalog, entity_id: str) -> dict[str, Any]:
    """Return the typed default of a field that is a constant or parameter; nothing if it does not fit.

    ``definition_problems`` tells of one that does not fit; a running workspace goes on without it.
    """
    try:
        return typed_default(field, catalog, entity_id)
    except ValidationError:
        return {}


def typed_default(field: Field, catalog: Catalog, entity_id: str) -> dict[str, Any]:
    """Return the typed default of a field that is a constant or parameter, money with its own currency as two keys.

    Raises:
        ValidationError: If the default does not fit the field.
    """
    given = field.spec["default"]
    if isinstance(given, Mapping) and "param" in given:
        parameter = catalog.parameter(str(given["param"]), namespace(field.id, entity_id))
        given = parameter.value if parameter is not None else None
        if given is None:
            return {}
    limited = settled_limits(field, catalog, namespace(field.id, entity_id))
    write = TYPES[field.type].writer(limited, catalog)
    if write is not None and not isinstance(given, str | int | list | dict) and not has_currency(field):
        # The value of a parameter is typed (a date, a decimal): as JSON it goes through the same limits.
        given = write(given)
    value = TYPES[field.type].reader(limited, catalog)(given)
    if has_currency(field):
        return {field.id: value[0], currency_key(field.id): value[1]}
    return {field.id: value}


def _kept(field: Field, value: Any) -> Any:
    """Return what an expression gave as the field keeps it; empty if it is too large."""
    try:
        return fitted(field, value)
    except OverflowError:
        return TYPES[field.type].empty()


def prefill(catalog: Catalog, entity_id: str, env: Mapping[str, Any], changed: Collection[str]) -> dict[str, Any]:
    """Return the values that references which were just chosen bring along.

    A field is filled when it has no value (``prefill_when`` ``empty``, the default) or whatever it has (``always``);
    one that was changed itself is left alone. In rows a value that came with the row is left alone too.

    Args:
        catalog: The definitions in force.
        entity_id: The record's entity.
        env: The record as it will be, with the paths that ``needs`` names; rows with those of ``row_needs``.
        changed: Fields that have changed.

    Returns:
        Typed values by field; of ``rows`` the whole list.
    """
    here = plan(catalog, entity_id)
    found: dict[str, Any] = {}
    for name in here.bringing:
        if name not in changed:
            continue
        one = here.fields[name]
        if one.items is not None:
            rows = _prefilled_rows(here.parts[name], env.get(name), env.get(f"old.{name}"))
            if rows is not None:
                found[name] = rows
        elif env.get(name) is not None:
            always = one.spec.get("prefill_when") == "always"
            for target, path in (one.spec.get("prefill") or {}).items():
                if target not in changed and path in env and (always or _vacant(here, target, env)):
                    found[target] = _filled(here, target, env[path])
    return found


def _prefilled_rows(part: Plan, rows: Any, old: Any) -> list[Mapping[str, Any]] | None:
    """Return the rows with what their references bring along; None if that changes nothing."""
    brought = [(one, one.spec["prefill"].items()) for one in part.fields.values() if one.spec.get("prefill")]
    if not brought or not rows:
        return None
    before = {row.get("id"): row for row in old or ()}
    filled: list[Mapping[str, Any]] = []
    for row in rows:
        was = before.get(row.get("id"))
        values: dict[str, Any] = {}
        for one, targets in brought:
            if row.get(one.id) is None or (was is not None and was.get(one.id) == row.get(one.id)):
                continue
            always = one.spec.get("prefill_when") == "always" and was is not None
            for target, path in targets:
                kept = always and was is not None and was.get(target) == row.get(target)
                if path in row and (kept or _vacant(part, target, row)):
                    values[target] = _filled(part, target, row[path])
        filled.append({**row, **values} if values else row)
    return filled if any(new is not row for new, row in zip(filled, rows, strict=True)) else None


def _vacant(part: Plan, name: str, values: Mapping[str, Any]) -> bool:
    return name in part.kinds and values.get(name) in (None, False, [])


def _filled(part: Plan, name: str, value: Any) -> Any:
    return part.kinds[name].empty() if value is None else value


def wheres(catalog: Catalog, entity_id: str) -> Mapping[str, Condition]:
    """Return the condition that records chosen for a reference must meet: field id, or ``lines.product``, to condition.

    The condition reads fields of the target by their plain names and the record that is edited as ``record.``.
    """
    return catalog.once(("fields.wheres", entity_id), lambda: dict(_wheres(catalog, entity_id)))


def _wheres(catalog: Catalog, entity_id: str) -> Iterator[tuple[str, Condition]]:
    for one in catalog.entity(entity_id).fields.values():
        inner = ((f"{one.id}.{part.id}", part) for part in (one.items or {}).values())
        for name, field in ((one.id, one), *inner):
            source = field.spec.get("where")
            if source is not None and field.to in catalog.entities:
                its = namespace(one.id, entity_id)
                made = conditions.of(catalog, str(field.to), source, "where", namespace=its, record=entity_id)
                yield name, made
