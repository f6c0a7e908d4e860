"""What administrators are told by the platform itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import access, rules
from dealwright.records import road
from dealwright.records.work import Change, Work
from dealwright.storage import accounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.events import Event


def due(work: Work, told: Sequence[Event]) -> None:
    """Tell every administrator of rules that were switched off: what a due timer of the family ``notice`` asks for."""
    admins = accounts.holders(work.connection, access.ADMIN_ROLE)
    by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
    for event in told:
        rule = event.data["name"].partition(":")[2]
        known = rules.of(work.catalog).by_id.get(rule)
        title = (
            f"The rule “{known.rule.title if known is not None else rule}” was switched off: {event.data.get('why')}"
        )
        body = f"dealwright rule on {rule}"
        changes = [Change({"user": user, "owner": user, "title": title[:200], "body": body[:2000]}) for user in admins]
        if changes:
            road.save_many(by, "base.notification", changes)
