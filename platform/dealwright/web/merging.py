"""Two people changed one record: which of their values stand, field by field.

A three-way merge over the version that the form showed (the base), what was typed, and what was saved meanwhile:

    nobody else changed it                       what was typed stands
    others changed it, it was not touched here   theirs stands, without a question
    both say the same                            nothing to decide
    both changed it, and differ                  whoever saves chooses, with both before his eyes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import fields, records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import MultiDict

    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work

#: Start of the names of inputs that say whose value stands; ``theirs`` or ``mine``.
CHOICE = "_keep."


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of the fields of a form.

    Attributes:
        data: What was typed, without the fields in which theirs stands.
        theirs: Field → value saved meanwhile, where somebody has to choose.
        taken: Fields in which theirs stands without a question.
    """

    data: dict[str, Any]
    theirs: dict[str, Any]
    taken: tuple[str, ...]


def merged(work: Work, entity: Entity, record_id: str, typed: Mapping[str, Any], seen: int) -> Merged:
    """Return what stands after a merge.

    Args:
        work: A reading transaction.
        entity: The entity.
        record_id: The record.
        typed: API JSON of the form.
        seen: The version that the form showed.
    """
    base: dict[str, Any] = {}
    for event in records.history(work, entity.id, record_id):  # newest first, so the oldest change has the last word
        if event["version"] is not None and event["version"] > seen:
            base.update({name: change[0] for name, change in event["changes"].items()})
    now = records.fetch(work, entity.id, record_id)
    data, theirs, taken = dict(typed), {}, []
    for name in base.keys() & typed.keys():
        if _same(work, entity, name, typed[name], now.get(name)):
            continue
        if _same(work, entity, name, typed[name], base[name]):
            del data[name]
            taken.append(name)
        else:
            theirs[name] = now.get(name)
    return Merged(data, theirs, tuple(sorted(taken)))


def chosen(data: dict[str, Any], form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the data of a form without the fields for which somebody chose what others saved."""
    left = {key.removeprefix(CHOICE) for key, value in form.items() if key.startswith(CHOICE) and value == "theirs"}
    return {name: value for name, value in data.items() if name not in left}


def _same(work: Work, entity: Entity, name: str, one: Any, other: Any) -> bool:
    """Tell whether two values of API JSON mean the same: ``1234.5`` and ``1234.50``, an empty text and none."""
    if one == other or (one in (None, "", [], {}) and other in (None, "", [], {})):
        return True
    if name not in entity.fields:
        return False
    values = [fields.read(work.catalog, entity.id, {name: value}, new=False) for value in (one, other)]
    return not any(problems for _, problems in values) and values[0][0].get(name) == values[1][0].get(name)
