"""Episodes: a rule with ``once_per: episode`` fires once from when its condition holds until it no longer does.

While an episode lasts, its window is taken (``storage.firings``); it ends when the rule decides that the condition does
not hold, or a save leaves the record in such a state. Then the window is put aside, and the next one can be taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import rules
from dealwright.rules.windows import EPISODE
from dealwright.storage import firings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work


def end(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """End the episodes that drafts no longer continue; one statement, and none for an entity without such rules."""
    lasting = rules.of(work.catalog).episodes(entity.id)
    if not lasting:
        return
    ended = []
    for draft in drafts:
        refused = {one.rule for one in draft.decisions if not one.fired and one.window == EPISODE}
        for one in lasting:
            changed = one.asked is not None and not draft.new and not one.asked.fields.isdisjoint(draft.changed)
            if one.rule.id in refused or (
                changed and one.asked is not None and one.asked.evaluate(draft.env) is not True
            ):
                ended.append((one.rule.id, one.version, draft.id))
    firings.put_aside(work.connection, ended, EPISODE)
