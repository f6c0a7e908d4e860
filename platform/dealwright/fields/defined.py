"""What is wrong with the fields of a catalog beyond what schemas and cross references say.

Conditions that do not compile are told of by ``conditions.problems``; here they are passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright.errors import ConditionError, Problem
from dealwright.fields.computed import RESULTS, Formula, volatile
from dealwright.fields.faults import problems as told
from dealwright.fields.filling import typed_default
from dealwright.fields.messages import WORDS, Word, described, message
from dealwright.fields.plan import compiled
from dealwright.fields.registry import TYPES
from dealwright.fields.scored import problems as scored
from dealwright.metadata.cycles import circles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

_NUMBERS = frozenset({"integer", "decimal"})
#: What a formula must give for each promised result; a decimal is rounded where a whole number is promised.
_GIVES = {
    **dict.fromkeys(("integer", "decimal", "percent", "money"), _NUMBERS),
    "text": frozenset({"text", "reference"}),
    **{name: frozenset({name}) for name in ("boolean", "date", "datetime", "duration")},
}
#: Kinds that are only known when they are read, or whose fault was told of elsewhere.
_OPEN = frozenset({"any", "null", "unknown"})


def problems(catalog: Catalog) -> list[Problem]:
    """Return what is wrong with fields (types, defaults, prefills, formulas) and with the inputs of scores.

    Pointers lead into the document.
    """
    found: list[Problem] = []
    for entity in catalog.entities.values():
        found += _of_fields(catalog, entity, entity.fields, "/properties", None)
        for one in entity.fields.values():
            if one.items is not None:
                found += _of_fields(catalog, entity, one.items, f"/properties/{one.id}/items/properties", one.id)
    return [*found, *scored(catalog)]


def _of_fields(
    catalog: Catalog, entity: Entity, fields: Mapping[str, Field], root: str, rows: str | None
) -> Iterator[Problem]:
    source = f"entity:{entity.id}"

    def problem(at: str, code: str, **values: Any) -> Problem:
        return Problem(f"{root}/{at}", code, message(code, **values), source)

    if rows is None and entity.interaction is not None and entity.interaction.when:
        yield from _interaction(catalog, entity, entity.interaction.when)
    known = {one.id: one for one in fields.values() if one.type in TYPES}
    for one in fields.values():
        if one.id not in known:
            yield problem(f"{one.id}/field", "unknown-type", found=described(one.type), choices=sorted(TYPES))
            continue
        for fault in _default(one, catalog, entity.id):
            yield problem(f"{one.id}/default{fault.pointer}", "default-invalid", message=fault.message)
        for target in one.spec.get("prefill") or ():
            if target in fields and not (target in known and TYPES[known[target].type].writable):
                yield problem(f"{one.id}/prefill/{target}", "no-such-target", name=target)
        if one.type == "rating" and not _is_stars(one.spec.get("maximum", 5)):
            given = described(one.spec["maximum"])
            yield problem(f"{one.id}/maximum", "bad-keyword", name="maximum", found=given, expected=Word("rating"))
    formulas = dict(_formulas(catalog, entity.id, known, rows))
    for name, condition in formulas.items():
        result = str(known[name].spec.get("result"))
        gives = condition.type.kind
        if result in RESULTS and gives not in _GIVES[result] | _OPEN:
            given = Word(gives if gives in WORDS else "any")
            wanted = Word("decimal" if result in ("percent", "money") else result)
            yield problem(f"{name}/result", "formula-type", found=given, expected=wanted)
        if rows is not None and volatile(known[name]):
            yield problem(f"{name}/formula", "moment-in-rows")
        for read in sorted(condition.fields & formulas.keys()):
            if volatile(known[read]) and not volatile(known[name]):
                yield problem(f"{name}/formula", "formula-goes-stale", name=read)
    for circle in circles({name: sorted(one.fields & formulas.keys()) for name, one in formulas.items()}):
        yield problem(f"{circle[0]}/formula", "formula-cycle", names=circle)


def _interaction(catalog: Catalog, entity: Entity, source: str) -> Iterator[Problem]:
    """Yield a problem if other records, or the time alone, could change which interactions count."""
    try:
        condition = compiled(catalog, entity.id, "", source, "filter")
    except ConditionError:
        return
    computed = (one.id for one in entity.fields.values() if one.type in ("rollup", "lookup") or volatile(one))
    if not condition.names <= entity.all_fields().keys() or not condition.fields.isdisjoint(computed):
        names = sorted(condition.names - entity.all_fields().keys()) or sorted(condition.fields)
        yield Problem(
            "/interaction/when", "own-fields-only", message("own-fields-only", names=names), f"entity:{entity.id}"
        )


def _is_stars(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 100


def _default(field: Field, catalog: Catalog, entity_id: str) -> Iterator[Problem]:
    given = field.spec.get("default")
    if given is None or not TYPES[field.type].writable or (isinstance(given, dict) and "expr" in given):
        return
    try:
        typed_default(field, catalog, entity_id)
    except ValidationError as error:
        yield from told(error.messages)


def _formulas(
    catalog: Catalog, entity_id: str, fields: Mapping[str, Field], rows: str | None
) -> Iterator[tuple[str, Condition]]:
    for one in fields.values():
        if one.type == Formula.name:
            try:
                yield one.id, compiled(catalog, entity_id, one.id, str(one.spec["formula"]), "formula", rows)
            except ConditionError:
                continue
