"""Links to other records: one, many, one of any entity, a user, a team.

Whether a linked record exists and may be seen is asked of the database by whoever saves; here only the form of the
value is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright.fields.faults import Fault, refuse_value
from dealwright.fields.field_type import FieldType, Reader, counted, entries, formed
from dealwright.fields.file import ID, identifier
from dealwright.fields.messages import Word, described

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field

#: Most records that one field of many links to.
MOST = 1_000
_ID_SCHEMA = formed(ID, 64)


class Reference(FieldType):
    """The id of a record of the entity ``to``."""

    name = "reference"
    kind = "id"

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of an id."""
        return identifier

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of an id."""
        return dict(_ID_SCHEMA)


class User(Reference):
    """The id of a user."""

    name = "user"


class Team(Reference):
    """The id of a team."""

    name = "team"


class References(FieldType):
    """The ids of many records of the entity ``to``, in order; kept in a table of links."""

    name = "references"
    kind = None
    condition = "references"

    def empty(self) -> Any:
        """Return an empty list: this value is never None."""
        return []

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of a list of different ids."""
        listed = entries(field, MOST)

        def read(value: Any) -> list[str]:
            wrong: dict[int, Any] = {}
            ids: dict[str, None] = {}
            for index, entry in enumerate(listed(value)):
                try:
                    one = identifier(entry)
                    if one in ids:
                        refuse_value("repeated", one)
                except ValidationError as error:
                    wrong[index] = error.messages
                else:
                    ids[one] = None
            if wrong:
                raise ValidationError(wrong)
            return list(ids)

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of a list of different ids."""
        return {"type": "array", "items": dict(_ID_SCHEMA), "uniqueItems": True, **counted(field, MOST)}

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the ids of a text with ``;`` between them."""
        return [part.strip() for part in text.split(";") if part.strip()]

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return the ids with ``;`` between them."""
        return ";".join(value)


class AnyReference(FieldType):
    """A record of any entity: ``{entity, id}``; with ``to`` only of the entities that it names."""

    name = "any_reference"
    kind = "json"
    condition = "json"

    def _entities(self, field: Field, catalog: Catalog) -> list[str]:
        given = field.spec.get("to")
        if given is None:
            return sorted(catalog.entities)
        return [given] if isinstance(given, str) else list(given)

    def reader(self, field: Field, catalog: Catalog) -> Reader:
        """Return a reader of ``{entity, id}`` whose entity exists and is allowed."""
        allowed = frozenset(self._entities(field, catalog))

        def read(value: Any) -> dict[str, str]:
            if type(value) is not dict:
                refuse_value("wrong-type", value, expected=Word("object"))
            wrong: dict[str, Any] = {}
            for key in value:
                if key not in ("entity", "id"):
                    wrong[key] = [Fault("unknown-key", {"name": key})]
            for key in ("entity", "id"):
                if key not in value:
                    wrong[key] = [Fault("missing-key", {"name": key})]
            if "entity" in value:
                entity = value["entity"]
                if type(entity) is not str:
                    wrong["entity"] = [Fault("wrong-type", {"found": described(entity), "expected": Word("text")})]
                elif entity not in allowed:
                    wrong["entity"] = [Fault("no-such-entity", {"found": entity[:80]})]
            if "id" in value:
                try:
                    identifier(value["id"])
                except ValidationError as error:
                    wrong["id"] = error.messages
            if wrong:
                raise ValidationError(wrong)
            return {"entity": value["entity"], "id": value["id"]}

        return read

    def schema(self, field: Field, catalog: Catalog) -> dict[str, Any]:
        """Return the schema of the object; the entities are its ``enum``."""
        return {
            "type": "object",
            "properties": {"entity": {"enum": self._entities(field, catalog)}, "id": dict(_ID_SCHEMA)},
            "required": ["entity", "id"],
            "additionalProperties": False,
        }

    def from_text(self, field: Field, text: str, catalog: Catalog) -> Any:
        """Return the link of a text such as ``sales.account/0198…``."""
        entity, bar, id_ = text.partition("/")
        if not bar:
            refuse_value("not-an-id", text)
        return {"entity": entity, "id": id_}

    def to_text(self, field: Field, value: Any, catalog: Catalog) -> str:
        """Return entity and id with a slash between them."""
        return f"{value['entity']}/{value['id']}"


TYPES = (Reference(), References(), AnyReference(), User(), Team())
