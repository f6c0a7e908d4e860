"""A record on a form: as it is stored or begins, with what somebody has typed laid over it, and what then holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import access, records
from dealwright.errors import ForbiddenError, Problem, RecordError, StaleVersionError
from dealwright.records import road
from dealwright.records.look import shown
from dealwright.records.work import Change
from dealwright.web.i18n import gettext
from dealwright.web.live import State, states
from dealwright.web.posted import Named, Posted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work


@dataclass(frozen=True, slots=True)
class Look:
    """What a form shows of a record.

    Attributes:
        record: API JSON: the record as it would be, and what was typed but cannot be read.
        states: What holds of each field.
        env: Typed values that the conditions of the form read.
        version: The stored version; None for a new record.
        problems, warnings: What a save would say.
    """

    record: Mapping[str, Any]
    states: Mapping[str, State]
    env: Mapping[str, Any]
    version: int | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def look(work: Work, entity: Entity, data: Mapping[str, Any], record_id: str | None) -> Look:
    """Say what a form with this data shows; nothing is written.

    Raises:
        NotFoundError, ForbiddenError, ConflictError: If there is no such record or it may not be changed.
    """
    access.demand(work.catalog, work.user, "create" if record_id is None else "update", entity.id)
    draft = road.draft_of(entity, Change(data, record_id))
    road.check(work, entity, [draft], lock=False)
    # A new record may become one that the user may create: while it is empty, its rows are not judged.
    early = record_id is None and isinstance(draft.error, ForbiddenError)
    if draft.error is not None and not isinstance(draft.error, RecordError | StaleVersionError) and not early:
        raise draft.error
    before = {**draft.env, **draft.before} if draft.before is not None else None
    record = {**shown(work, draft), **data} if not early else dict(data)
    return Look(
        record=record,
        states=states(work.catalog, entity, draft.env, before),
        env=draft.env,
        version=int(draft.before["version"]) if draft.before is not None else None,
        problems=tuple(draft.problems),
        warnings=tuple(draft.warnings),
    )


def resolve(work: Work, posted: Posted) -> tuple[list[Problem], dict[str, str]]:
    """Put the ids of records that were typed by name into the data; say which names stand for none, or for several.

    Returns:
        The problems, and what was typed for each of them by the name of its input.
    """
    problems: list[Problem] = []
    unknown: dict[str, str] = {}
    for one in posted.named:
        found = _by_name(work, one)
        holder: Any = posted.data
        for step in one.pointer[:-1]:
            holder = holder[step]
        if len(found) == 1:
            holder[one.pointer[-1]] = found[0]
            continue
        pointer = "/" + "/".join(map(str, one.pointer))
        text = (
            gettext("Several records are called “%(name)s”; choose one from the list.", name=one.title[:80])
            if found
            else gettext("There is no record called “%(name)s”; choose one from the list.", name=one.title[:80])
        )
        problems.append(Problem(pointer, "no-such-record", text))
        unknown[_input_name(one, posted)] = one.title
    return problems, unknown


def _input_name(one: Named, posted: Posted) -> str:
    if len(one.pointer) == 1:
        return str(one.pointer[0])
    rows, index, column = one.pointer
    return f"{rows}.{posted.lines[str(rows)][int(index)]}.{column}"


def _by_name(work: Work, one: Named) -> list[str]:
    """Return the ids of at most two records whose display field is this very text."""
    entity = work.catalog.entities.get(one.entity)
    if entity is None or entity.display is None:
        return []
    found = records.page(work, entity.id, search=one.title, only=["id", entity.display], sort="id", size=20)
    return [str(item["id"]) for item in found.items if item.get(entity.display) == one.title][:2]
