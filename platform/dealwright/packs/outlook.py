"""What rules will do that go live: how many records they look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright import rules
from dealwright.storage import estimates

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.rules import Prepared
    from dealwright.storage import Connection


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many records a rule looks at.

    Attributes:
        rule: Its id.
        records: How many, counted up to ``estimates.COUNTED``.
        when: ``at once`` for records that are idle already, ``each run`` for a schedule or trend.
        next: The next run; None for ``at once``.
    """

    rule: str
    records: int
    when: str
    next: datetime | None = None

    def __str__(self) -> str:
        """Return it in a sentence."""
        many = f"{self.records} or more" if self.records >= estimates.COUNTED else f"{self.records}"
        if self.next is None:
            return f"{self.rule} finds {many} records idle and looks at them at once"
        return f"{self.rule} looks at {many} records each run, next at {self.next:%Y-%m-%d %H:%M} UTC"


def of(connection: Connection, before: Catalog | None, after: Catalog, now: datetime) -> list[Outlook]:
    """Return the outlook of each rule that is new or has changed and is woken by time; a statement for each."""
    known = rules.of(before).by_id if before is not None else {}
    found = []
    for name, one in rules.of(after).by_id.items():
        old = known.get(name)
        if old is None or old.version != one.version or old.timed != one.timed:
            found += _of(connection, after, one, now)
    return found


def _of(connection: Connection, catalog: Catalog, one: Prepared, now: datetime) -> list[Outlook]:
    entity = one.rule.entity
    if one.schedule is not None:
        records = estimates.matching(connection, catalog, entity, one.schedule.filter, now)
        try:
            return [Outlook(one.rule.id, records, "each run", one.schedule.after(now))]
        except ValueError:
            return []
    moment = one.timed
    field = catalog.entity(entity).field(moment.field) if moment is not None else None
    if moment is None or not moment.idle or field is None or field.type != "datetime":
        return []
    limit = moment.before(now)
    if limit is None:
        return []
    return [Outlook(one.rule.id, estimates.older(connection, catalog, entity, moment.field, limit), "at once")]
