"""Measures that go one way: ``trend`` of a rule's ``on``.

    {"trend": {"measure": "sum:qty", "of": "fmcg.order", "via": "dealer", "date": "ordered_on",
               "per": "month", "periods": 3, "change": "-15"}}

After each period the last complete ones are compared, each with the one before: four months for three falls. A change of
-15 means at least 15 % lower each time, 15 at least 15 % higher; exactly so much counts. Numbers are exact.

Nothing is said, and the decision keeps why, where there is nothing to compare with: a record whose history begins after
the first of these periods (``insufficient_history``), or a period of zero or less before a change (``baseline_zero``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dealwright import conditions
from dealwright.errors import Problem
from dealwright.metadata import names
from dealwright.rules.schedules import MONTHS
from dealwright.rules.spans import months_later

if TYPE_CHECKING:
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Field, Rule

#: What is said of a record.
HELD: Final = "held"
NOT_HELD: Final = "not_held"
INSUFFICIENT: Final = "insufficient_history"
BASELINE: Final = "baseline_zero"

_NUMBERS: Final = frozenset({"integer", "decimal", "percent", "money", "rating"})
_MOST_PERIODS: Final = 24


@dataclass(frozen=True, slots=True)
class Trend:
    """What is measured for the records of a rule's entity.

    Attributes:
        operation: count, sum, avg, min or max.
        value: The field that is measured; None for count.
        of: Entity whose records are measured.
        via: Its reference to the rule's entity.
        at: Its date or datetime that says to which period a record belongs.
        where: What a measured record must meet; None for all.
        per: week, month or quarter.
        periods: How many changes in a row.
        change: In percent; below zero a fall.
        zone: The workspace's.
    """

    operation: str
    value: str | None
    of: str
    via: str
    at: str
    where: Condition | None
    per: str
    periods: int
    change: Decimal
    zone: ZoneInfo

    def boundaries(self, run: datetime) -> tuple[date, ...]:
        """Return the first days of the periods that are compared, and of the one that is running, oldest first."""
        day = run.astimezone(self.zone).date()
        count = self.periods + 1
        if self.per == "week":
            monday = day - timedelta(days=day.weekday())
            return tuple(monday - timedelta(weeks=back) for back in range(count, -1, -1))
        length = MONTHS[self.per]
        first = date(day.year, (day.month - 1) // length * length + 1, 1)
        return tuple(months_later(first, -length * back) for back in range(count, -1, -1))

    def moment(self, day: date) -> datetime:
        """Return when a day begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def verdict(self, values: Sequence[Decimal | int | None], *, has_history: bool) -> str:
        """Return what is to be said of the values of the periods, oldest first.

        Args:
            values: One more than ``periods``; None for a period without any record counts as zero.
            has_history: Whether there is any record from before the end of the first period.
        """
        if not has_history:
            return INSUFFICIENT
        known = [Decimal(value or 0) for value in values]
        if any(value <= 0 for value in known[:-1]):
            return BASELINE
        sign = -1 if self.change < 0 else 1
        for before, after in pairwise(known):
            if sign * (after - before) * 100 < sign * self.change * before:
                return NOT_HELD
        return HELD

    def named(self, day: date) -> str:
        """Return the name of the period that begins on a day: 2026-11, 2026-Q4, 2026-W48."""
        if self.per == "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02d}"
        return f"{day:%Y-%m}" if self.per == "month" else f"{day.year}-Q{(day.month + 2) // 3}"


def read(catalog: Catalog, rule: Rule) -> Trend | None:
    """Return what is measured for ``rule``; None if nothing is, or :func:`problems` says why not."""
    if rule.trigger.kind != "trend":
        return None
    spec = rule.trigger.spec
    change, periods = _number(catalog, rule, spec.get("change")), _number(catalog, rule, spec.get("periods"))
    if not change or periods is None or periods != int(periods) or not 1 <= periods <= _MOST_PERIODS:
        return None
    operation, _, value = str(spec.get("measure")).partition(":")
    of, where = str(spec.get("of")), spec.get("where")
    condition = None
    if where and of in catalog.entities:
        condition = conditions.of(catalog, of, where, "filter", namespace=names.namespace_of(rule.id))
    return Trend(
        operation=operation,
        value=value or None,
        of=of,
        via=str(spec.get("via")),
        at=str(spec.get("date")),
        where=condition,
        per=str(spec.get("per")),
        periods=int(periods),
        change=change,
        zone=ZoneInfo(catalog.settings.get("zone", "UTC")),
    )


def _number(catalog: Catalog, rule: Rule, written: Any) -> Decimal | None:
    if hasattr(written, "get"):
        parameter = catalog.parameter(str(written.get("param")), names.namespace_of(rule.id))
        written = parameter.value if parameter is not None else None
    try:
        return Decimal(str(written))
    except InvalidOperation:
        return None


def problems(catalog: Catalog, rule: Rule) -> list[Problem]:
    """Return what is wrong with a ``trend``; that its entity and fields exist is looked at with all names."""
    spec = rule.trigger.spec
    found = []
    change, periods = _number(catalog, rule, spec.get("change")), _number(catalog, rule, spec.get("periods"))
    if change is not None and change == 0:
        text = "a change of zero is none; write -15 for a fall of at least 15 percent, 15 for a rise"
        found.append(Problem("/on/trend/change", "no-change", text))
    if periods is not None and (periods != int(periods) or not 1 <= periods <= _MOST_PERIODS):
        text = f"{periods} periods cannot be compared; expected 1 to {_MOST_PERIODS}"
        found.append(Problem("/on/trend/periods", "out-of-range", text))
    entity = catalog.entities.get(str(spec.get("of")))
    if entity is None:
        return found

    def look(key: str, name: str, fits: Any, text: str) -> None:
        field = entity.field(name)
        if field is not None and not fits(field):
            message = f"“{name}” of {entity.id} is of the type {field.type}; {text}"
            found.append(Problem(f"/on/trend/{key}", "wrong-field", message))

    def leads_here(field: Field) -> bool:
        return field.type in ("reference", "user", "team") and field.to == rule.entity

    look("via", str(spec.get("via")), leads_here, f"expected a reference to {rule.entity}")
    look("date", str(spec.get("date")), lambda f: f.type in ("date", "datetime"), "expected a date or a datetime")
    operation, _, value = str(spec.get("measure")).partition(":")
    if value:
        look("measure", value, _is_a_number, f"{operation} needs a number that is stored")
    return found


def _is_a_number(field: Field) -> bool:
    return field.type in _NUMBERS or (field.type == "formula" and field.spec.get("result") in _NUMBERS)
