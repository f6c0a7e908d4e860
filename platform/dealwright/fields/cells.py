"""Values as texts: what a person types into a form or a table, and what stands in a cell of an export.

Texts are read the same in every language: numbers without signs for thousands and with a point, dates with the year
first, lists with ``;`` between their entries. What has two readings (``1,234``) is refused. What is written is read back
to the same value, but for files and rows, which do not fit a cell.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError

from dealwright.errors import RecordError, UnknownFieldError
from dealwright.fields.computed import valued
from dealwright.fields.faults import problems
from dealwright.fields.registry import TYPES
from dealwright.metadata.definitions import Option

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field


def from_text(catalog: Catalog, entity_id: str, field_id: str, text: str) -> Any:
    """Return the API JSON that a text means; ``read`` judges it then.

    White space around it is cut; an empty text is null, for a boolean false. An option is named by its id, or by its
    title in any language of the product, whatever its case. A moment without a zone is in the workspace's.

    Raises:
        UnknownFieldError: If the entity has no such field.
        RecordError: If the text cannot be what the field holds.
    """
    field = _named(catalog, entity_id, field_id)
    kind, trimmed = TYPES[field.type], text.strip()
    if not trimmed and kind.nullable:
        return None
    try:
        return kind.from_text(field, trimmed, catalog)
    except ValidationError as error:
        secret = frozenset({"*"}) if field.spec.get("sensitivity") == "secret" else frozenset[str]()
        found = list(problems(error.messages, f"/{field_id}", secret=secret))
        raise RecordError(f"the text for “{field.title}” cannot be read", found) from None


def to_text(catalog: Catalog, entity_id: str, field_id: str, value: Any) -> str:
    """Return a value of API JSON as text; null and a secret are empty.

    Raises:
        UnknownFieldError: If the entity has no such field.
    """
    field = _named(catalog, entity_id, field_id)
    if value is None or field.spec.get("sensitivity") == "secret":
        return ""
    return TYPES[field.type].to_text(field, value, catalog)


def _named(catalog: Catalog, entity_id: str, field_id: str) -> Field:
    def find() -> Field | None:
        fields = catalog.entity(entity_id).all_fields()
        return _titled(valued(fields[field_id], fields, catalog), catalog, entity_id) if field_id in fields else None

    field = catalog.once(("fields.text", entity_id, field_id), find)
    if field is None:
        raise UnknownFieldError(f"there is no field “{field_id[:80]}”")
    return field


def _titled(field: Field, catalog: Catalog, entity_id: str) -> Field:
    """Return the field with its options once more under each translated title."""
    shared = field.spec.get("option_set")
    kind, owner, root = ("option_set", str(shared), "") if shared else ("entity", entity_id, f"/properties/{field.id}")
    more = [
        Option(one.id, title)
        for locale in catalog.translations
        for one in field.options
        if (title := catalog.text(kind, owner, f"{root}/options/{one.id}/title", locale)) not in ("", one.title)
    ]
    return replace(field, options=(*field.options, *more)) if more else field
