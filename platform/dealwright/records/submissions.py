"""What a stranger sent that cannot become a record because there is one already: kept as a task for a person to look at.

Who fills a public form in is thanked in the same words whether or not the workspace knows him: a refusal would tell anybody which
addresses and numbers stand in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, clock, fields
from dealwright.fields.messages import speaking
from dealwright.records import road
from dealwright.records.texts import say
from dealwright.records.work import Change, Work
from dealwright.storage import accounts
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.errors import Problem
    from dealwright.metadata.definitions import Entity

#: Codes of problems that say no more than that there is such a record.
_THERE = frozenset({"not-unique", "duplicate"})
_LONGEST = 20_000


def only_there_already(problems: Sequence[Problem]) -> bool:
    """Tell whether nothing is wrong with a record but that there is one like it."""
    return bool(problems) and all(one.code in _THERE for one in problems)


def told(problems: Sequence[Problem]) -> list[Problem]:
    """Return what a stranger may be told of what is wrong: not that there is such a record."""
    return [one for one in problems if one.code not in _THERE]


def keep(
    work: Work,
    entity_id: str,
    title: str,
    data: Mapping[str, Any],
    assigned: Mapping[str, Any],
    files: Sequence[str] = (),
) -> str:
    """Make a task out of what was sent and return its id: for whoever gets such records, else for the owner of the record there is.

    Where neither is anybody, an administrator gets it. The task is about the record there is.

    Args:
        work: The transaction; the task is the platform's, whoever asks.
        entity_id: Id of the entity whose record could not be made.
        title: What the form is called.
        data: What was sent, API JSON.
        assigned: ``owner`` and ``team`` of the records of the form.
        files: Names of files that came along; their contents are not kept.
    """
    catalog, entity = work.catalog, work.catalog.entity(entity_id)
    by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=catalog)
    typed = {**dict.fromkeys(entity.system_fields), **fields.typed(catalog, entity_id, data), "id": clock.new_id()}
    others = [clash.other for clash in stored.clashes(work.connection, catalog, entity_id, [typed])]
    there = stored.get(work.connection, catalog, entity_id, others[:1]).get(others[0]) if others else None
    admins = accounts.holders(work.connection, access.ADMIN_ROLE)
    who = assigned.get("owner") or (there or {}).get("owner") or next(iter(admins), None)
    with speaking(catalog.settings.get("locale", "en")):
        lines = [
            f"{_label(work, entity, name)}: {_value(work, entity, name, value)}"
            for name, value in data.items()
            if value
        ]
        lines += [say("form-file", name=name) for name in files]
        made = {
            "title": say("form-met-record", title=title)[:200],
            "description": "\n".join([say("form-met-why"), "", *lines])[:_LONGEST],
            "assignee": who,
            "owner": who,
            **({"team": assigned["team"]} if assigned.get("team") else {}),
            **({"about": {"entity": entity_id, "id": others[0]}} if there is not None else {}),
        }
        return road.save_one(by, "base.task", Change(made)).id


def _label(work: Work, entity: Entity, name: str) -> str:
    tongue = work.catalog.settings.get("locale", "en")
    found = entity.field(name)
    return work.catalog.text("entity", entity.id, f"/properties/{name}/title", tongue) or (
        found.title if found else name
    )


def _value(work: Work, entity: Entity, name: str, value: Any) -> str:
    try:
        return fields.to_text(work.catalog, entity.id, name, value)
    except (ValueError, TypeError, KeyError):
        return str(value)
