"""The conditions of an entity's fields, compiled and put in order: once per catalog.

Plan ── formulas and rows in the order in which they can be worked out
     ── visible, required, read-only, offered: a condition per field
     ── parts: the same for each ``rows`` field, whose conditions see one row and ``parent.``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import conditions
from dealwright.fields.computed import Formula, valued, volatile
from dealwright.fields.money import currency_key, has_currency
from dealwright.fields.registry import TYPES
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dealwright.conditions import Condition
    from dealwright.fields.field_type import FieldType
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Check, Entity, Field


@dataclass(frozen=True, slots=True)
class Computed:
    """A formula in its place.

    Attributes:
        result: The field as whose type its value is kept.
        stored: Whether it has a column; otherwise it is worked out when it is read.
    """

    id: str
    condition: Condition
    result: Field
    stored: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """Which options a choice offers: hidden ones are not, others may have a condition."""

    hidden: frozenset[str]
    when: Mapping[str, Condition]


@dataclass(frozen=True, slots=True)
class Plan:
    """What settling a record, or one row, has to look at.

    Attributes:
        fields: Own fields, or those of the row, by id.
        kinds: The type of each field whose value a client may send.
        order: Formulas, and ids of ``rows`` fields with formulas, each after what it reads.
        visible, required, readonly: Fields with their condition; a field that is always required has None.
        immutable: Fields that are set once.
        offers: Choices that do not offer everything.
        checks: Checks of the entity; none for a row.
        parts: The plan of each ``rows`` field.
        outside: Names that conditions of a row read outside it; none for a record.
        names: Every name that a condition reads.
        old: Fields whose value before the change is looked at.
        bringing: References that fill other fields when they are chosen, and ``rows``, which may hold such.
    """

    fields: Mapping[str, Field]
    kinds: Mapping[str, FieldType]
    order: tuple[Computed | str, ...]
    visible: tuple[tuple[str, Condition], ...]
    required: tuple[tuple[str, Condition | None], ...]
    readonly: tuple[tuple[str, Condition], ...]
    immutable: tuple[str, ...]
    offers: Mapping[str, Offer]
    checks: tuple[tuple[Check, Condition], ...]
    parts: Mapping[str, Plan]
    outside: tuple[str, ...]
    names: frozenset[str]
    old: frozenset[str]
    bringing: tuple[str, ...]


def plan(catalog: Catalog, entity_id: str) -> Plan:
    """Return the plan of an entity; made once per catalog.

    Raises:
        ConditionError: If a condition does not fit the catalog; a catalog that was checked has none.
    """
    return catalog.once(("fields.plan", entity_id), lambda: _plan(catalog, catalog.entity(entity_id), None))


def namespace(identifier: str, entity_id: str) -> str:
    """Return the namespace whose parameters a field or check means: that of the pack that added it."""
    own, bar, _ = identifier.partition("__")
    return own if bar else namespace_of(entity_id)


def compiled(catalog: Catalog, entity_id: str, one: str, source: str, use: str, rows: str | None = None) -> Condition:
    """Return a condition of the field or check ``one`` of an entity, or of the rows of its field ``rows``."""
    return conditions.of(catalog, entity_id, source, use, namespace=namespace(one, entity_id), rows=rows)


def _plan(catalog: Catalog, entity: Entity, rows: str | None) -> Plan:
    fields = entity.fields if rows is None else entity.fields[rows].items or {}

    def condition(one: str, source: str, use: str) -> Condition:
        return compiled(catalog, entity.id, one, source, use, rows)

    def given(keyword: str) -> tuple[tuple[str, Condition], ...]:
        found = ((one.id, one.spec.get(keyword)) for one in fields.values())
        return tuple((name, condition(name, source, "field")) for name, source in found if source is not None)

    formulas = [
        Computed(
            one.id,
            condition(one.id, str(one.spec["formula"]), "formula"),
            valued(one, fields, catalog),
            not volatile(one),
        )
        for one in fields.values()
        if one.type == Formula.name
    ]
    parts = {one.id: _plan(catalog, entity, one.id) for one in fields.values() if one.items is not None}
    readonly, visible, required = given("readonly_when"), given("visible_when"), given("required_when")
    always = {one.id: None for one in fields.values() if one.required and TYPES[one.type].writable}
    offers = {one.id: _offer(one, condition) for one in fields.values() if one.options}
    checks = tuple((c, condition(c.id, c.error_when, "check")) for c in entity.checks) if rows is None else ()
    immutable = tuple(one.id for one in fields.values() if one.spec.get("immutable"))
    used = [*(one.condition for one in formulas), *(c for _, c in (*visible, *required, *readonly, *checks))]
    used += [one for offer in offers.values() for one in offer.when.values()]
    names = frozenset(name for one in used for name in (*one.names, *(one.paths if rows is None else ())))
    return Plan(
        fields=fields,
        kinds={one.id: TYPES[one.type] for one in fields.values() if TYPES[one.type].writable},
        order=tuple(_ordered(formulas, parts)),
        visible=visible,
        required=(*((name, None) for name in always), *((n, c) for n, c in required if n not in always)),
        readonly=readonly,
        immutable=immutable,
        offers={name: offer for name, offer in offers.items() if offer.hidden or offer.when},
        checks=checks,
        parts=parts,
        outside=tuple(sorted(names - _within(names, fields))) if rows is not None else (),
        names=names,
        old=_looked_back(fields, readonly, immutable, offers, parts),
        bringing=tuple(one.id for one in fields.values() if one.items is not None or one.spec.get("prefill")),
    )


def _offer(field: Field, condition: Any) -> Offer:
    when = field.spec.get("options_when") or {}
    return Offer(
        frozenset(one.id for one in field.options if one.hidden),
        {option: condition(field.id, source, "field") for option, source in when.items()},
    )


def _within(names: frozenset[str], fields: Mapping[str, Field]) -> frozenset[str]:
    """Return those of the names that are values of the row itself, paths from its references included."""
    own = frozenset(fields) | frozenset(currency_key(one.id) for one in fields.values() if has_currency(one))
    return frozenset(name for name in names if name.partition(".")[0] in own or name == "id")


def _looked_back(
    fields: Mapping[str, Field],
    readonly: Iterable[tuple[str, Condition]],
    immutable: Iterable[str],
    offers: Mapping[str, Offer],
    parts: Mapping[str, Plan],
) -> frozenset[str]:
    found = {*immutable, *(name for name, _ in readonly), *parts}
    found |= {name for name, offer in offers.items() if offer.hidden or offer.when}
    for _, condition in readonly:
        found |= condition.fields
    return frozenset(found) | {currency_key(name) for name in found if name in fields and has_currency(fields[name])}


def reads(computed: Iterable[Computed], parts: Mapping[str, Plan]) -> dict[str, frozenset[str]]:
    """Return for each formula, and each ``rows`` field with formulas, the fields of the record that it reads."""
    found = {one.id: one.condition.fields for one in computed}
    for name, part in parts.items():
        if part.order:
            above = [key.partition(".")[2] for key in part.outside if key.startswith("parent.")]
            found[name] = frozenset(key.partition(".")[0] for key in above)
    return found


def _ordered(formulas: list[Computed], parts: Mapping[str, Plan]) -> Iterator[Computed | str]:
    """Yield formulas and rows so that each comes after what it reads; in a circle the order is that of the fields."""
    edges = reads(formulas, parts)
    by_id: dict[str, Computed | str] = {name: name for name in edges}
    by_id |= {one.id: one for one in formulas}
    done: set[str] = set()
    for start in edges:
        waiting = [(start, False)]
        while waiting:
            name, ready = waiting.pop()
            if ready:
                yield by_id[name]
            elif name not in done:
                done.add(name)
                waiting.append((name, True))
                waiting += [
                    (one, False) for one in sorted(edges[name], reverse=True) if one in edges and one not in done
                ]
