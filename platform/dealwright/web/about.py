"""What else is known about a record: what refers to it, what is to be done for it, what people said and did.

related     records of other entities that refer to it, a few of each, with the way to all
tasks       what is open, the next due first
said        comments and activities, as entries of the timeline
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import url_for

from dealwright import access, records
from dealwright.metadata.names import BASE
from dealwright.web import i18n
from dealwright.web.display import EMPTY, Display, Reader, display, moment
from dealwright.web.forms import linked
from dealwright.web.i18n import gettext
from dealwright.web.links import links
from dealwright.web.story import Happening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Work

TASK, COMMENT, ACTIVITY = f"{BASE}.task", f"{BASE}.comment", f"{BASE}.activity"
#: Records of each kind that are shown, references that are followed, tasks, entries of the timeline.
_FEW, _KINDS, _TASKS, _SAID = 5, 12, 20, 50


@dataclass(frozen=True, slots=True)
class Related:
    """Records that refer to this one by one field; ``more`` leads to the list of all."""

    title: str
    count: str
    rows: tuple[tuple[str, str, Display, Display], ...]
    more: str
    hue: str


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do: ``late`` if it should have been done."""

    id: str
    title: str
    url: str
    who: str
    due: str
    late: bool


def related(work: Work, entity: Entity, record_id: str) -> tuple[Related, ...]:
    """Return what refers to a record, by each reference that leads to its entity; two statements for each."""
    found = []
    for other, field in _references(work, entity):
        condition = f"{field.id} == {json.dumps(record_id)}"
        money = next((one for one in _shown(work, other) if one.type == "money"), None)
        state = other.system_fields.get("stage") or next((o for o in _shown(work, other) if o.type == "select"), None)
        columns = [one for one in (state, money) if one is not None]
        only = [*(one.id for one in columns), *([other.display] if other.display else [])]
        page = records.page(work, other.id, filter=condition, only=only, size=_FEW, count=True)
        if not page.items:
            continue
        reader = Reader(work.catalog, other, links(work, [linked(other, item) for item in page.items]), short=True)
        rows = tuple(
            (
                str(item.get(other.display or "id") or item["id"]),
                url_for("web.record", entity_id=other.id, record_id=item["id"]),
                display(reader, state, item.get(state.id)) if state is not None else EMPTY,
                display(reader, money, item.get(money.id)) if money is not None else EMPTY,
            )
            for item in page.items
        )
        title = i18n.entity_plural(work.catalog, other)
        if sum(one.id == other.id for one, _ in _references(work, entity)) > 1 or other.id == entity.id:
            title = f"{title} ({i18n.field_text(work.catalog, other, field)})"
        count = str(page.count) if page.count_is_exact else f"{page.count}+"
        address = f"{url_for('web.records', entity_id=other.id)}?{urlencode({'filter': condition})}"
        hue = str(other.document.get("hue") or "gray")
        found.append(Related(title, count, rows, address if page.next_cursor else "", hue))
    return tuple(found)


def _references(work: Work, entity: Entity) -> list[tuple[Entity, Field]]:
    """Return the references to an entity that the reader may follow backwards; worked out once for each set of roles."""

    def find() -> list[tuple[Entity, Field]]:
        return [
            (other, field)
            for other in access.readable(work.catalog, work.user)
            for field in other.fields.values()
            if field.type == "reference" and field.to == entity.id and field in _shown(work, other)
        ][:_KINDS]

    return work.catalog.once(("web.referring", work.user.roles, entity.id), find)


def _shown(work: Work, entity: Entity) -> list[Field]:
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    return [one for one in entity.fields.values() if one.id in seen]


def _about(entity: Entity, record_id: str) -> str:
    return f"about.entity == {json.dumps(entity.id)} && about.id == {json.dumps(record_id)}"


def tasks(work: Work, entity: Entity, record_id: str) -> tuple[Task, ...]:
    """Return the open tasks about a record that the reader may see, the next due first."""
    if not _sees(work, TASK, "about", "title", "status"):
        return ()
    condition = f'{_about(entity, record_id)} && status == "open"'
    only = ["title", "due", "assignee"]
    found = list(records.page(work, TASK, filter=condition, sort="created_at", only=only, size=_TASKS).items)
    found.sort(key=lambda item: str(item.get("due") or "9"))
    people = links(work, [{f"{BASE}.user": {str(item["assignee"]) for item in found if item.get("assignee")}}])
    now = work.now.isoformat()
    return tuple(
        Task(
            str(item["id"]),
            str(item.get("title")),
            url_for("web.record", entity_id=TASK, record_id=item["id"]),
            people.get((f"{BASE}.user", str(item.get("assignee"))), ("", None))[0],
            moment(str(item["due"])) if item.get("due") else "",
            bool(item.get("due")) and str(item["due"]) < now,
        )
        for item in found
    )


def said(work: Work, entity: Entity, record_id: str) -> tuple[Happening, ...]:
    """Return comments and activities about a record as entries of its timeline."""
    return (*_comments(work, entity, record_id), *_activities(work, entity, record_id))


def _sees(work: Work, entity_id: str, *fields: str) -> bool:
    return set(fields) <= access.rights(work.catalog, work.user, entity_id).seen()


def _comments(work: Work, entity: Entity, record_id: str) -> Iterator[Happening]:
    if not _sees(work, COMMENT, "about", "text"):
        return
    only = ["text", "created_at", "created_by"]
    found = records.page(work, COMMENT, filter=_about(entity, record_id), sort="-id", only=only, size=_SAID).items
    yield from _told(work, found, "created_at", "message-square", lambda item: (gettext("wrote"), str(item["text"])))


def _activities(work: Work, entity: Entity, record_id: str) -> Iterator[Happening]:
    if not _sees(work, ACTIVITY, "about", "kind", "at"):
        return
    activity = work.catalog.entity(ACTIVITY)
    only = ["kind", "subject", "notes", "at", "created_by"]
    found = records.page(work, ACTIVITY, filter=_about(entity, record_id), sort="-at", only=only, size=_SAID).items
    reader = Reader(work.catalog, activity, {}, short=True)

    def told(item: Mapping[str, Any]) -> tuple[str, str]:
        kind = ", ".join(one.text for one in display(reader, activity.fields["kind"], item.get("kind")).items)
        texts = [str(item[name]) for name in ("subject", "notes") if item.get(name)]
        return gettext("noted: %(kind)s", kind=kind), "\n".join(texts)

    yield from _told(work, found, "at", "phone", told)


def _told(
    work: Work,
    found: Sequence[Mapping[str, Any]],
    at: str,
    icon: str,
    told: Callable[[Mapping[str, Any]], tuple[str, str]],
) -> Iterator[Happening]:
    people = links(work, [{f"{BASE}.user": {str(item["created_by"]) for item in found if item.get("created_by")}}])
    for item in found:
        who = people.get((f"{BASE}.user", str(item.get("created_by"))), (gettext("Somebody"), None))[0]
        what, text = told(item)
        exact = str(item.get(at) or "")
        yield Happening(icon, who, what, moment(exact) if exact else "", exact, (), text=text)
