"""From API JSON to typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright import clock
from dealwright.errors import Problem
from dealwright.fields.faults import Fault, problems
from dealwright.fields.messages import Word, described, message
from dealwright.fields.schema import Sent, sendable
from dealwright.metadata.system import ASSIGNABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.metadata.catalog import Catalog

#: System fields that may be given when a record is made: where in its pipeline it starts.
ON_CREATE = frozenset({"pipeline", "stage"})


@dataclass(frozen=True, slots=True)
class _Reading:
    """How records of one entity are read.

    Attributes:
        order: Own and system fields, in the order in which problems are told.
        secret: Fields whose value no message repeats.
        rows: Fields that are lists of rows.
    """

    sent: Sent
    order: Mapping[str, int]
    secret: frozenset[str]
    rows: tuple[str, ...]


def read(
    catalog: Catalog,
    entity_id: str,
    data: Mapping[str, Any],
    *,
    new: bool,
    before: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], list[Problem]]:
    """Read what a client sent for a record: every value typed, every fault found.

    Only keys that were sent are in the answer; defaults, required fields and conditions are for others (``defaults``,
    ``settle``). The platform's own fields are refused, but for owner and team, and for pipeline and stage of a new
    record. Numbers with a fraction must come as ``Decimal`` (``json.loads(text, parse_float=Decimal)``).

    Args:
        catalog: The definitions in force.
        entity_id: The record's entity.
        data: API JSON: an object by field id.
        new: Whether the record is being made.
        before: The stored typed record. A row that is sent with an id must be one of its rows; where this is left out
            for a change, ids of rows are taken as they are.

    Returns:
        Typed values of the keys without a fault, and the problems in the order of the fields.
    """
    if not isinstance(data, Mapping):
        wrong = message("wrong-type", found=described(data), expected=Word("object"))
        return {}, [Problem("", "wrong-type", wrong)]
    reading = catalog.once(("fields.read", entity_id, new), lambda: _reading(catalog, entity_id, new))
    try:
        values = reading.sent.read(data)
        found: list[Problem] = []
    except ValidationError as error:
        faults = dict(error.messages_dict)
        for key in faults.keys() - reading.sent.schema.fields.keys():
            if key in reading.order:
                faults[key] = [Fault("read-only", {})]
        place = reading.order
        ordered = {key: faults[key] for key in sorted(faults, key=lambda key: (place.get(key, len(place)), key))}
        values, found = dict(error.valid_data or {}), list(problems(ordered, secret=reading.secret))
    for name in reading.rows:
        if values.get(name):
            known = None if before is None and not new else {row["id"] for row in (before or {}).get(name) or ()}
            found += _identified(name, values[name], known)
    return values, found


def _identified(name: str, rows: list[dict[str, Any]], known: set[str] | None) -> Iterator[Problem]:
    """Give rows without an id a new one; yield a problem for each id that is not among those ``known``.

    An id of a row of another record would otherwise reach that row.
    """
    for row, id_ in zip(rows, clock.new_ids(len(rows)), strict=True):
        if row["id"] is None:
            row["id"] = id_
        elif known is not None and row["id"] not in known:
            wrong = message("no-such-row", found=row["id"])
            yield Problem(f"/{name}/{rows.index(row)}/id", "no-such-row", wrong)


def _reading(catalog: Catalog, entity_id: str, new: bool) -> _Reading:
    entity = catalog.entity(entity_id)
    system = ASSIGNABLE | ON_CREATE if new else ASSIGNABLE
    fields = [*entity.fields.values(), *(one for one in entity.system_fields.values() if one.id in system)]
    return _Reading(
        Sent(sendable(fields, catalog, entity_id), catalog),
        {name: index for index, name in enumerate((*entity.fields, *entity.system_fields))},
        frozenset(one.id for one in fields if one.spec.get("sensitivity") == "secret"),
        tuple(one.id for one in fields if one.items is not None),
    )
