"""Rates between currencies on a day, so that amounts with a currency of their own can be added up.

A rate holds from its day on until the next of the same pair (``base.currency_rate``). Where only the other direction of a
pair has one, its reciprocal is taken. Amounts are converted exactly and rounded once, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.errors import Problem
from dealwright.fields.money import has_currency
from dealwright.storage import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.storage.database import Connection

RATE = "base.currency_rate"
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_CENTS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Part:
    """What the records of one group and one currency come to: a sum, least or greatest, and of how many amounts."""

    currency: str
    value: Decimal
    count: int = 1


@dataclass(frozen=True, slots=True)
class Rates:
    """How much one unit of each currency is worth in another on a day.

    Attributes:
        to: Code of the currency that is converted into.
        on: The day.
        worth: Currency to its worth; ``to`` itself is 1.
    """

    to: str
    on: date
    worth: Mapping[str, Decimal] = field(default_factory=dict)

    def total(self, measure: str, parts: Iterable[Part]) -> Decimal | None:
        """Return the sum, average, least or greatest of parts in other currencies; None of nothing.

        Raises:
            KeyError: If there is no rate for one of them; :meth:`missing` names them.
        """
        converted = [(_EXACT.multiply(one.value, self.worth[one.currency]), one.count) for one in parts]
        if not converted:
            return None
        values = [value for value, _ in converted]
        if measure in ("min", "max"):
            found = min(values) if measure == "min" else max(values)
        else:
            found = values[0]
            for value in values[1:]:
                found = _EXACT.add(found, value)
            if measure == "avg":
                found = _EXACT.divide(found, Decimal(sum(count for _, count in converted)))
        return found.quantize(_CENTS, ROUND_HALF_UP, context=_EXACT)

    def missing(self, parts: Iterable[Part]) -> list[str]:
        """Return the currencies of the parts that have no rate, in order."""
        return sorted({one.currency for one in parts} - self.worth.keys())

    def problem(self, pointer: str, currencies: Iterable[str]) -> Problem:
        """Return why a total is empty."""
        names = ", ".join(currencies)
        text = f"there is no rate from {names} to {self.to} on {self.on}; add a currency rate, or ask for another day"
        return Problem(pointer, "missing-rate", text)


def on(connection: Connection, catalog: Catalog, to: str, day: date) -> Rates:
    """Return the rates into a currency on a day; one statement, whatever the number of rates."""
    table = tables.layout(catalog, RATE).table
    pair = (table.c["from"], table.c.to)
    held = (table.c.archived_at.is_(None), table.c.on <= day, sa.or_(*(side == to for side in pair)))
    latest = sa.select(*pair, sa.func.max(table.c.on).label("on")).where(*held).group_by(*pair).subquery()
    same = sa.and_(*(table.c[name] == latest.c[name] for name in ("from", "to", "on")))
    found = sa.select(*pair, table.c.rate).join(latest, same).where(table.c.archived_at.is_(None))
    worth: dict[str, Decimal] = {}
    direct: dict[str, Decimal] = {to: Decimal(1)}
    for source, target, rate in connection.execute(found):
        if target == to:
            direct[source] = rate
        elif rate:
            worth[target] = _EXACT.divide(Decimal(1), rate)
    return Rates(to, day, {**worth, **direct})


def workspace_currency(catalog: Catalog) -> str:
    """Return the currency that totals are in unless another is asked for."""
    return str(catalog.settings.get("currency", "EUR"))


def own_currency(catalog: Catalog, entity: Entity, path: str) -> bool:
    """Tell whether a field or dotted path leads to money whose currency each record has by itself."""
    here: Entity | None = entity
    found: Field | None = None
    for step in path.split("."):
        found = here.field(step) if here is not None else None
        here = catalog.entities.get(found.to or "") if found is not None else None
    return found is not None and has_currency(found)


def unknown(connection: Connection, catalog: Catalog, day: date) -> Iterator[Problem]:
    """Yield a problem for each field whose records hold a currency without a rate: sums over them are empty."""
    rates = None
    for entity in catalog.entities.values():
        for one in entity.fields.values():
            if not has_currency(one):
                continue
            rates = rates or on(connection, catalog, workspace_currency(catalog), day)
            table = tables.layout(catalog, entity.id).table
            column: sa.ColumnElement[Any] = table.c[f"{one.id}__currency"]
            used = connection.scalars(
                sa.select(column).where(column.is_not(None), table.c.archived_at.is_(None)).distinct()
            )
            if lacking := sorted(set(used) - rates.worth.keys()):
                yield rates.problem(f"/{entity.id}/{one.id}", lacking)
