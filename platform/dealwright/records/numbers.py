"""Numbers that the platform gives to new records: ``OPP-2026-00042``.

A format holds ``{seq}`` or ``{seq:5}`` (at least five digits) and may hold ``{yyyy}``, ``{yy}``, ``{mm}`` and ``{dd}`` of
the workspace's day. A number that is taken by a save that is rolled back is given again: there are no gaps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dealwright.storage import sequences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

_PART = re.compile(r"\{(yyyy|yy|mm|dd|seq(?::(\d{1,2}))?)\}")
#: What a sequence starts anew with, by the field's ``reset``.
_PERIODS = {"never": "", "year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}


def assign(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Give each new draft its numbers, in the order of the drafts: one statement for each autonumber field."""
    fields = [field for field in entity.fields.values() if field.type == "autonumber"]
    new = [draft for draft in drafts if draft.new]
    if not fields or not new:
        return
    today: date = work.env["today()"]
    for field in fields:
        period = today.strftime(_PERIODS[field.spec.get("reset", "never")])
        taken = sequences.take(work.connection, f"{entity.id}.{field.id}:{period}", len(new))
        for draft, number in zip(new, taken, strict=True):
            draft.put(field.id, written(field.spec.get("format", "{seq}"), number, today))


def written(form: str, number: int, day: date) -> str:
    """Return a number as its format says.

    Example:
        >>> from datetime import date
        >>> written("OPP-{yyyy}-{seq:5}", 42, date(2026, 11, 23))
        'OPP-2026-00042'
    """
    parts = {"yyyy": f"{day:%Y}", "yy": f"{day:%y}", "mm": f"{day:%m}", "dd": f"{day:%d}"}
    return _PART.sub(lambda m: parts.get(m[1]) or str(number).zfill(int(m[2] or 0)), form)
