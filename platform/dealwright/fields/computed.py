"""Values that nobody types: formula, roll-up, lookup, and a text that only stands in the form.

A formula is worked out at every save and stored, so that it can be sorted, filtered and indexed; one that uses
``now()``, ``today()`` or the last activity would be wrong without a save and is worked out when it is read. A roll-up
over other records and a lookup through a reference are always worked out when read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright.fields.decimals import DIGITS
from dealwright.fields.field_type import Column, FieldType
from dealwright.fields.number import LARGEST, SMALLEST, scale_of
from dealwright.fields.registry import TYPES as KNOWN
from dealwright.metadata.definitions import EMPTY, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog

#: Types that a formula can give.
RESULTS = frozenset({"text", "integer", "decimal", "percent", "money", "boolean", "date", "datetime", "duration"})
#: Longest text that a formula may give.
LONGEST = 100_000
# Texts in quotes are matched first, so that a word inside one is not taken for a call.
_MOMENT = re.compile(
    r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`"""
    r"""|\b((?:now|today)\s*\(|(?<![.\w])(?:last_activity_at|days_since_activity|days_in_stage)\b)"""
)


def volatile(field: Field) -> bool:
    """Tell whether a formula changes without a save: it has no column and is worked out when it is read.

    It does if it uses ``now()`` or ``today()``, or what the platform keeps by the clock or by other records:
    ``last_activity_at``, ``days_since_activity``, ``days_in_stage``.
    """
    source = field.spec.get("formula")
    return isinstance(source, str) and any(found[1] for found in _MOMENT.finditer(source))


def valued(field: Field, siblings: Mapping[str, Field], catalog: Catalog) -> Field:
    """Return the field whose type and limits a value of ``field`` has: itself, unless it is computed.

    Args:
        field: Any field.
        catalog: Where targets of lookups and roll-ups are found.
        siblings: The fields beside it (of the entity, or of the row), by id.

    A lookup or roll-up whose target does not exist is shown as text; ``fields.problems`` tells of it.
    """
    if field.type == Formula.name:
        return _plain(field, str(field.spec.get("result", "text")))
    if field.type == Rollup.name:
        return _rolled_up(field, catalog)
    if field.type == Lookup.name:
        found = target(field, siblings, catalog)
        return replace(found, id=field.id, title=field.title) if found is not None else _plain(field, "text")
    return field


def _plain(field: Field, kind: str) -> Field:
    scale = field.spec.get("scale")
    spec = EMPTY if scale is None else MappingProxyType({"scale": scale})
    return replace(field, type=kind, spec=spec, options=(), to=None, items=None)


def _rolled_up(field: Field, catalog: Catalog) -> Field:
    entity = catalog.entities.get(str(field.spec.get("of")))
    value = entity.field(str(field.spec.get("value"))) if entity is not None else None
    measure = field.spec.get("measure")
    if measure == "count" or value is None or entity is None:
        return _plain(field, "integer")
    found = valued(value, entity.all_fields(), catalog)
    kind = "decimal" if measure == "avg" and found.type in ("integer", "rating") else found.type
    return _plain(replace(field, spec=found.spec), kind)


def target(field: Field, siblings: Mapping[str, Field], catalog: Catalog) -> Field | None:
    """Return the field at the end of a lookup's path, or None if the path leads nowhere."""
    steps = [str(field.spec.get("via")), *str(field.spec.get("value")).split(".")]
    found: Field | None = None
    for index, step in enumerate(steps):
        found = siblings.get(step)
        if found is None:
            return None
        if index < len(steps) - 1:
            entity = catalog.entities.get(found.to or "")
            if entity is None:
                return None
            siblings = entity.all_fields()
    if found is not None and found.type in (Formula.name, Rollup.name):
        return valued(found, siblings, catalog)
    return found if found is None or found.type != Lookup.name else None


def fitted(field: Field, value: Any) -> Any:
    """Return the result of a formula as its column keeps it: rounded half up to its scale.

    Args:
        field: The field that :func:`valued` returned.
        value: What the formula gave.

    Raises:
        OverflowError: If the value has more digits, or is longer, than can be kept.
    """
    if value is None:
        return KNOWN[field.type].empty()
    kind = KNOWN[field.type].kind
    if kind == "decimal":
        number = value if isinstance(value, Decimal) else Decimal(value)
        scale = scale_of(field)
        if number.adjusted() >= DIGITS - scale:
            raise OverflowError
        return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    if kind == "bigint":
        whole = int(value.to_integral_value(ROUND_HALF_UP)) if isinstance(value, Decimal) else value
        if not SMALLEST <= whole <= LARGEST:
            raise OverflowError
        return whole
    if kind == "text" and len(value) > LONGEST:
        raise OverflowError
    return value


class _Computed(FieldType):
    writable = False
    kind = None

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema that takes everything; what is shown has that of :func:`valued`."""
        return {}


class Formula(_Computed):
    """The value of an expression over the record; ``result`` names its type."""

    name = "formula"

    def columns(self, field: Field) -> tuple[Column, ...]:
        """Return the column of the result's type; none for a formula that uses now() or today()."""
        if volatile(field):
            return ()
        found = _plain(field, str(field.spec.get("result", "text")))
        return KNOWN[found.type].columns(found)


class Rollup(_Computed):
    """Count, sum, average, least or greatest over the records of another entity that refer to this one."""

    name = "rollup"


class Lookup(_Computed):
    """A value of the record that a reference points at."""

    name = "lookup"


class Static(_Computed):
    """A Markdown text that stands in the form; it has no value."""

    name = "static"


TYPES = (Formula(), Rollup(), Lookup(), Static())
