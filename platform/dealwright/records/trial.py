"""Saying what a save would say, without saving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import access
from dealwright.errors import RecordError
from dealwright.records import look, road
from dealwright.records.work import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.errors import Problem
    from dealwright.records.work import Work


@dataclass(frozen=True, slots=True)
class Checked:
    """What a save would say. ``record`` is the record as it would be, formulas worked out, before rules look at it."""

    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    record: Mapping[str, Any]


def check(work: Work, entity_id: str, data: Mapping[str, Any], *, record_id: str | None = None) -> Checked:
    """Do every check of a save; rules are not asked and nothing is written.

    Raises:
        NotFoundError, ForbiddenError, ConflictError: As a save would.
    """
    entity = work.catalog.entity(entity_id)
    access.demand(work.catalog, work.user, "create" if record_id is None else "update", entity_id)
    draft = road.draft_of(entity, Change(data, record_id))
    road.check(work, entity, [draft], lock=False)
    if draft.error is not None and not isinstance(draft.error, RecordError):
        raise draft.error
    return Checked(tuple(draft.problems), tuple(draft.warnings), look.shown(work, draft))
