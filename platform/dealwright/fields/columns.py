"""The columns that a field has in the table of its entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.fields.field_type import Column
from dealwright.fields.registry import TYPES

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Field


def columns(field: Field) -> tuple[Column, ...]:
    """Return the columns of a field: none, one, or two (money with its own currency).

    None have ``rows`` and ``references`` (tables of their own), and what is worked out when it is read: roll-up,
    lookup, static text, and a formula that uses ``now()`` or ``today()``. The system fields ``id`` and ``version`` are
    never empty.
    """
    if field.system and field.id == "id":
        return (Column("id", "id", nullable=False),)
    if field.system and field.id == "version":
        return (Column("version", "bigint", nullable=False, default=1),)
    return TYPES[field.type].columns(field)
