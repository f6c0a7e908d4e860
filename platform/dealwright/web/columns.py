"""The columns of a list: which there can be, which are shown, and how their heads sort."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dealwright import access, conditions
from dealwright.metadata.views import NOT_IN_A_CELL, SORTABLE
from dealwright.web import i18n

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Work

#: Makes the address of the same list with something else in its query.
Addressed: TypeAlias = Callable[[Mapping[str, str]], str]

#: Columns of a list that nobody has chosen, beside the name; and most that can be chosen.
_COLUMNS, MOST = 7, 24
#: Fields that a card on a phone shows at least, where there are as many.
_ON_A_CARD = 3
_AT_THE_RIGHT = frozenset({"integer", "decimal", "percent", "money", "rating"})
#: Fields of the platform that can be a column, in this order.
_SYSTEM = (
    *("stage", "status", "stage_entered_at", "owner", "team", "last_activity_at"),
    *("created_at", "created_by", "updated_at", "updated_by"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its field, its label, and how its head sorts (None where it cannot).

    Attributes:
        order: ``ascending`` or ``descending`` where the list is sorted by it, else None.
        phone: Whether a card on a phone shows it.
    """

    field: Field
    title: str
    sort_url: str | None
    order: str | None
    right: bool
    phone: bool


def offered(work: Work, entity: Entity) -> list[Field]:
    """Return the fields that can be a column for this user: the entity's own in the order of the form, then others."""
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    own = [
        one
        for one in entity.fields.values()
        if one.type not in NOT_IN_A_CELL and one.id != entity.display and one.spec.get("sensitivity") != "secret"
    ]
    system = [entity.system_fields[name] for name in _SYSTEM if name in entity.system_fields]
    return [one for one in (*own, *system) if one.id in seen and not work.catalog.is_off(one.id)]


def columns(work: Work, entity: Entity, chosen: Sequence[str], sort: str, address: Addressed) -> tuple[Column, ...]:
    """Return the columns of a list.

    Args:
        work: The transaction.
        entity: The entity.
        chosen: Ids of the fields that somebody chose, in order; what cannot be a column is left out. None chosen: the
            stage, the entity's first fields, the owner.
        sort: The order of the list, such as ``-amount``.
        address: Makes the address of a head.
    """
    known = {one.id: one for one in offered(work, entity)}
    fields = [known[name] for name in dict.fromkeys(chosen) if name in known][:MOST] or _first(entity, known)
    phone = _on_a_card(fields)
    return tuple(_column(work.catalog, entity, one, sort, one.id in phone, address) for one in fields)


def _on_a_card(fields: Sequence[Field]) -> set[str]:
    """Return the fields of a card on a phone: stage, amount, customer, owner; of a list without them its first ones."""
    money = next((one.id for one in fields if one.type == "money"), None)
    link = next((one.id for one in fields if one.type == "reference"), None)
    chosen = [one.id for one in fields if one.id in ("stage", money, link, "owner")]
    chosen += [one.id for one in fields if one.id not in chosen][: max(_ON_A_CARD - len(chosen), 0)]
    return set(chosen[: _ON_A_CARD + 1])


def _first(entity: Entity, known: Mapping[str, Field]) -> list[Field]:
    own = [one for one in known.values() if not one.system]
    # What is always filled or indexed matters most; the rest follows in the order of the form.
    money = next((one.id for one in own if one.type == "money"), None)
    own.sort(key=lambda one: not (one.required or bool(one.spec.get("indexed")) or one.id == money))
    first = [known["stage"]] if "stage" in known else []
    chosen = [*first, *own][: _COLUMNS - 1] + ([known["owner"]] if "owner" in known else [])
    places = {name: i for i, name in enumerate(entity.fields)}
    return sorted(chosen, key=lambda one: (one.id == "owner", places.get(one.id, -1)))


def _column(catalog: Catalog, entity: Entity, one: Field, sort: str, phone: bool, address: Addressed) -> Column:
    order = {one.id: "ascending", f"-{one.id}": "descending"}.get(sort)
    turned = f"-{one.id}" if order == "ascending" else one.id
    stored = not (one.type == "formula" and conditions.of(catalog, entity.id, one.spec["formula"], "formula").volatile)
    url = address({"cursor": "", "sort": turned}) if one.type in SORTABLE and stored else None
    right = one.type in _AT_THE_RIGHT or one.spec.get("result") in _AT_THE_RIGHT
    return Column(one, i18n.field_text(catalog, entity, one), url, order, right, phone)
