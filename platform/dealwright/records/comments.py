"""Comments about a record, and telling who is mentioned in them: ``@Li Na`` tells Li Na.

A comment is a ``base.comment`` of who wrote it, under the rights of any record. Whoever is mentioned and may read the
record gets a notification that leads to it; a name that nobody has, or of somebody who may not, stays a text.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from dealwright import access
from dealwright.records import read, road
from dealwright.records.work import Change, Saved, Work
from dealwright.storage import people

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMENT = "base.comment"
#: Mentions of one comment that tell somebody, and characters that a mentioned name may have.
_MENTIONS, _NAME = 20, 40
_AT = re.compile(r"[@＠]([^\s@＠][^@＠\n]{0,39})")


def comment(work: Work, entity_id: str, record_id: str, text: str) -> Saved:
    """Save a comment about a record and tell whoever is mentioned in it.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
        ForbiddenError, RecordError: As the save of any record.
    """
    record = read.fetch(work, entity_id, record_id)
    about = {"entity": entity_id, "id": record_id}
    saved = road.save_one(work, COMMENT, Change({"about": about, "text": text.strip()}))
    entity = work.catalog.entity(entity_id)
    name = str(record.get(entity.display or "") or entity.title)
    told = [one for one in _mentioned(work, text) if one.id != work.user.id and _reads(work, one, entity_id, record_id)]
    title = f"{work.user.name or work.user.email}: {name}"[:200]
    changes = [
        Change({"user": one.id, "owner": one.id, "title": title, "body": text.strip()[:2000], "about": about})
        for one in told
    ]
    if changes:
        by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
        road.save_many(by, "base.notification", changes)
    return saved


def _mentioned(work: Work, text: str) -> Iterable[people.Person]:
    """Return the people whose names follow an @; the longest name that fits counts."""
    tails = [found[:_NAME] for found in _AT.findall(text)][:_MENTIONS]
    starts = {tail[:length].rstrip() for tail in tails for length in range(1, len(tail) + 1)}
    if not starts:
        return []
    by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
    known: dict[str, list[str]] = {}
    ordered = sorted(starts)
    for first in range(0, len(ordered), 200):  # as many constants as a condition may have
        names = json.dumps(ordered[first : first + 200], ensure_ascii=False)
        for one in read.page(by, "base.user", filter=f"name in {names}", only=["name"], size=read.LARGEST_PAGE).items:
            known.setdefault(str(one["name"]), []).append(str(one["id"]))
    chosen = set()
    for tail in tails:
        fits = [name for name in known if tail.startswith(name)]
        if fits:
            chosen.update(known[max(fits, key=len)])
    return people.of_ids(work.connection, work.catalog, chosen).values()


def _reads(work: Work, one: people.Person, entity_id: str, record_id: str) -> bool:
    """Tell whether somebody may read a record."""
    reader = access.User(one.id, one.email, str(one.facts.get("name") or ""), one.roles, one.facts)
    if not access.rights(work.catalog, reader, entity_id).allows("read"):
        return False
    return record_id in read.fetch_many(
        Work(work.workspace, work.connection, reader, catalog=work.catalog), entity_id, [record_id]
    )
