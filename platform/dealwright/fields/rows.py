"""Rows: a table inside a record, such as the lines of a quote. They are kept in a table of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright.fields.computed import valued
from dealwright.fields.faults import Fault, refuse, refuse_value
from dealwright.fields.field_type import FieldType, Reader, Writer, counted, entries, formed, nullable
from dealwright.fields.file import ID, identifier
from dealwright.fields.messages import Word
from dealwright.fields.money import currency_key, has_currency
from dealwright.fields.registry import TYPES as KNOWN
from dealwright.fields.schema import Sent

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Most rows of one record.
MOST = 1_000
#: Types that need a table or a sequence of their own, or other records, and so cannot stand in a row.
NOT_IN_ROWS = frozenset({"rows", "references", "rollup", "autonumber"})


class Rows(FieldType):
    """A list of rows, each an object with the fields of ``items`` and an id.

    A row that is sent with an id is that row, changed; one without is new and gets its id when it is read. A row is sent
    whole: a key that is left out is empty. Computed values are taken and dropped.
    """

    name = "rows"
    kind = None
    condition = "rows"

    def empty(self) -> Any:
        """Return an empty list: this value is never None."""
        return []

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of a list of objects."""
        listed, sent = entries(field, MOST), _sent(field, catalog)
        always = [
            one.id
            for one in (field.items or {}).values()
            if one.required and not one.spec.get("visible_when") and "default" not in one.spec
        ]

        def read(value: Any) -> list[dict[str, Any]]:
            wrong: dict[int, Any] = {}
            ids: set[str] = set()
            rows: list[dict[str, Any]] = []
            for index, entry in enumerate(listed(value)):
                try:
                    if type(entry) is not dict:
                        refuse_value("wrong-type", entry, expected=Word("object"))
                    rows.append(_row(entry, sent, ids))
                except ValidationError as error:
                    wrong[index] = error.messages
            if wrong:
                _add_missing(wrong, value, always)
                raise ValidationError(wrong)
            return rows

        return read

    def writer(self, field: Field, catalog: Catalog) -> Writer | None:
        """Return a writer of rows with their id first."""
        items = field.items or {}
        writers: list[tuple[str, str | None, Writer | None]] = []
        for one in items.values():
            shown = valued(one, items, catalog)
            if shown.type != "static":
                pair = currency_key(one.id) if has_currency(one) else None
                writers.append((one.id, pair, KNOWN[shown.type].writer(shown, catalog)))

        def write(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [_written(row, writers) for row in rows]

        return write

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of a list of objects without keys that are unknown."""
        properties: dict[str, Any] = {"id": {"anyOf": [formed(ID, 64), {"type": "null"}]}}
        items = field.items or {}
        for one in items.values():
            kind = KNOWN[one.type]
            if kind.writable:
                properties[one.id] = nullable(kind, kind.schema(one, catalog))
            elif one.type != "static":
                shown = valued(one, items, catalog)
                schema = KNOWN[shown.type].schema(shown, catalog)
                properties[one.id] = {"readOnly": True, **({"anyOf": [schema, {}]} if schema else {})}
        item = {"type": "object", "properties": properties, "additionalProperties": False}
        return {"type": "array", "items": item, **counted(field, MOST)}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Refuse: rows do not fit one text."""
        refuse("not-in-a-cell")

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return how many rows there are, for people; it cannot be read back."""
        return str(len(value))


def _add_missing(wrong: dict[int, Any], value: Any, always: list[str]) -> None:
    """Add what is missing to the faults of a list that is refused already, so that all is told at once.

    A list without a fault is left to ``settle``, which knows what is asked for when.
    """
    for index, entry in enumerate(value):
        if type(entry) is dict and isinstance(wrong.get(index, {}), dict):
            for name in always:
                if entry.get(name) in (None, ""):
                    wrong.setdefault(index, {}).setdefault(name, [Fault("required", {})])


def _sent(field: Field, catalog: Catalog) -> Sent:
    items = (field.items or {}).values()
    computed = [one.id for one in items if not KNOWN[one.type].writable]
    return Sent([one for one in items if KNOWN[one.type].writable], catalog, dropped=computed)


def _row(entry: dict[str, Any], sent: Sent, ids: set[str]) -> dict[str, Any]:
    """Read one row; ``ids`` are those of the rows before it."""
    wrong: dict[str, Any] = {}
    id_ = entry.get("id")
    try:
        if id_ is not None:
            if identifier(id_) in ids:
                refuse_value("repeated", id_)
            ids.add(id_)
    except ValidationError as error:
        wrong["id"] = error.messages
    try:
        values = sent.read({key: value for key, value in entry.items() if key != "id"})
    except ValidationError as error:
        raise ValidationError({**wrong, **error.messages_dict}) from None
    if wrong:
        raise ValidationError(wrong)
    return {"id": id_, **values}


def _written(row: dict[str, Any], writers: list[tuple[str, str | None, Writer | None]]) -> dict[str, Any]:
    out: dict[str, Any] = {"id": row.get("id")}
    for name, pair, write in writers:
        value = row.get(name)
        if value is not None and pair is not None:
            value = (value, row.get(pair))
        out[name] = write(value) if value is not None and write is not None else value
    return out


TYPES = (Rows(),)
