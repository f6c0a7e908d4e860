"""Following a record: who wants to hear of it, and telling them.

    follow, unfollow, followers        one person and one record that he may read
    tell                               what happened since the last time, to everybody who follows; once a minute, by a worker

News are comments, moves to another stage, and changes of fields: those that the follower chose, or all that people fill in. They
are worked out from the log of events beside the saves, so a save costs nothing for being followed; what happened to one record
within a minute comes as one notification. Rights are those of the moment of telling: who has lost sight of the record, of a
field or of a comment hears nothing of it. Nobody hears of what he did himself.

Owner and creator of a record are named among its followers and hear nothing until they follow it: most of the news of their records
is their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright import access, fields
from dealwright.errors import Problem, RecordError
from dealwright.events import DELETED, MOVED, RESTORED, UPDATED
from dealwright.fields.messages import speaking
from dealwright.metadata import scores
from dealwright.metadata.findings import COMPUTED
from dealwright.records import read, road
from dealwright.records.texts import say
from dealwright.records.work import Change, Work
from dealwright.storage import events, follows, people

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.access import User
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records.workspace import Workspace
    from dealwright.storage.follows import News

#: Kind of the job that tells followers.
JOB: Final = "news"
#: Events of one telling, changes that one notification lists, and characters of a value in it.
_MOST, _LISTED, _SHORT = 5000, 12, 80
_TYPES: Final = frozenset({UPDATED, MOVED, DELETED, RESTORED})
#: System fields whose changes are news.
_SYSTEM: Final = ("stage", "owner", "team")
#: Fields whose value stands in a notification; of others it says that they have changed.
_TOLD: Final = frozenset(
    {
        "text",
        "select",
        "multi_select",
        "money",
        "integer",
        "decimal",
        "percent",
        "date",
        "datetime",
        "boolean",
        "rating",
        "tags",
    }
)


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody who follows a record; ``why`` is ``followed``, ``owner`` or ``creator``.

    Attributes:
        told: Whether he hears of it.
        fields: The fields whose changes are news to him; None for all.
    """

    user: str
    why: str
    told: bool
    fields: Sequence[str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what the interface answers."""
        return {name: getattr(self, name) for name in self.__slots__}


def followers(work: Work, entity_id: str, record_id: str) -> list[Follower]:
    """Return who follows a record: those who do, then owner and creator where they do not.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    record = read.fetch(work, entity_id, record_id)
    found = [
        Follower(user, "followed", True, chosen)
        for user, chosen in follows.of_record(work.connection, record_id).items()
    ]
    known = {one.user for one in found}
    for why, name in (("owner", "owner"), ("creator", "created_by")):
        user = record.get(name)
        if user and user not in known:
            known.add(user)
            found.append(Follower(str(user), why, False))
    return found


def follow(work: Work, entity_id: str, record_id: str, chosen: Sequence[str] | None = None) -> None:
    """Let the user hear of a record; ``chosen`` names the fields whose changes are news, None for all.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
        RecordError: If a field does not exist, or may not be seen.
    """
    seen = read.fetch(work, entity_id, record_id)
    if work.user.id is None:
        raise RecordError("only a person can follow a record", [Problem("", "no-person", "sign in as a user")])
    unknown = [name for name in chosen or () if name not in seen or work.catalog.entity(entity_id).field(name) is None]
    if unknown:
        told = [Problem("/fields", "unknown-field", f"there is no field “{name[:80]}”") for name in unknown]
        raise RecordError("these fields cannot be followed", told)
    follows.put(work.connection, entity_id, record_id, work.user.id, chosen, work.now)


def unfollow(work: Work, entity_id: str, record_id: str) -> None:
    """Let the user hear of a record no longer; also of one that he followed and may not read any more.

    Raises:
        NotFoundError: If he does not follow such a record, and may read none.
    """
    access.demand(work.catalog, work.user, "read", entity_id)
    if work.user.id is None or not follows.remove(work.connection, record_id, work.user.id):
        read.fetch(work, entity_id, record_id)


def listening(work: Work, record_id: str) -> frozenset[str]:
    """Return the users who follow a record."""
    return frozenset(follows.of_record(work.connection, record_id))


def tell(workspace: Workspace) -> int:
    """Tell followers what has happened since the last time; return how many notifications were made.

    The first time nothing is told: news begin then. Done twice it tells once.
    """
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator("dealwright"))
        after, until = follows.mark(connection), events.mark(connection)
        if after != until:
            follows.advance(connection, until)
        if after is None or after == until:
            return 0
        news = follows.since(connection, work.catalog, after, until, _TYPES, _MOST)
        changes = list(_notifications(work, news)) if news else []
        for first in range(0, len(changes), road.MOST):
            road.save_many(work, "base.notification", changes[first : first + road.MOST])
        return len(changes)


def _notifications(work: Work, news: Sequence[News]) -> Iterator[Change]:
    """Yield a notification for each follower and record; statements do not grow with either."""
    by_record: dict[tuple[str, str], list[News]] = {}
    for one in news:
        if one.entity in work.catalog.entities:
            by_record.setdefault((one.entity, one.record), []).append(one)
    following = follows.of_records(work.connection, {record for _, record in by_record})
    wanted = {user for some in following.values() for user in some}
    known = people.of_ids(work.connection, work.catalog, wanted | {one.actor for one in news if one.actor})
    readers = {
        one.id: access.User(one.id, one.email, str(one.facts.get("name") or ""), one.roles, one.facts)
        for one in known.values()
        if one.id in wanted
    }
    users = list(readers.values())
    comments = _seen(work, "base.comment", {one.comment for one in news if one.comment}, users)
    for entity in {entity for entity, _ in by_record}:
        ids = {record for name, record in by_record if name == entity}
        seen = _seen(work, entity, ids, users)
        names = read.titles(work, {entity: ids})
        for record in sorted(ids):
            for user, chosen in sorted(following.get(record, {}).items()):
                if user in readers and record in seen[user]:
                    mine = [
                        one
                        for one in by_record[entity, record]
                        if one.actor != user and (not one.comment or "text" in comments[user].get(one.comment, ()))
                    ]
                    text = _Text(work, readers[user], work.catalog.entity(entity), seen[user][record], chosen)
                    change = text.notification(record, names.get((entity, record), ""), mine, known)
                    if change is not None:
                        yield change


def _seen(work: Work, entity: str, ids: set[str], users: Sequence[User]) -> dict[str, dict[str, frozenset[str]]]:
    found = read.seen_by(work, entity, ids, users) if ids else [{} for _ in users]
    return {str(user.id): one for user, one in zip(users, found, strict=True)}


class _Text:
    """What one follower is told of one record, in his language, as far as he may see its fields."""

    def __init__(
        self, work: Work, reader: User, entity: Entity, seen: frozenset[str], chosen: Sequence[str] | None
    ) -> None:
        self._work, self._reader, self._entity, self._seen = work, reader, entity, seen
        filled = scores.filled(work.catalog, entity.id)
        own = [one.id for one in entity.fields.values() if one.type not in COMPUTED and one.id not in filled]
        self._watched = set(chosen) if chosen else {*own, *_SYSTEM}
        self._locale = reader.locale or work.catalog.settings.get("locale", "en")

    def notification(
        self, record: str, name: str, news: Sequence[News], known: Mapping[str, people.Person]
    ) -> Change | None:
        """Return the notification of what happened; None if nothing of it is news to him."""
        with speaking(self._locale):
            lines = list(dict.fromkeys(line for one in news for line in self._lines(one)))
            if not lines:
                return None
            who = {str(known[one.actor].facts.get("name") or "") for one in news if one.actor and one.actor in known}
            shown = name if self._entity.display in self._seen else ""
            shown = (
                shown
                or self._work.catalog.text("entity", self._entity.id, "/title", self._locale)
                or self._entity.title
            )
            title = f"{who.pop()}: {shown}" if len(who) == 1 else shown
            more = [say("and-more", count=len(lines) - _LISTED)] if len(lines) > _LISTED else []
        user = self._reader.id
        about = {"entity": self._entity.id, "id": record}
        body = "\n".join([*lines[:_LISTED], *more])[:2000]
        return Change({"user": user, "owner": user, "title": title[:200], "body": body, "about": about})

    def _lines(self, one: News) -> Iterator[str]:
        if one.comment:
            yield " ".join(one.text.split())[:500]
        elif one.type in (DELETED, RESTORED):
            yield say("was-archived" if one.type == DELETED else "was-restored")
        for name, (before, after) in one.changes.items():
            field = self._entity.field(name)
            if field is None or name not in self._watched or name not in self._seen:
                continue
            label = self._label(field)
            if field.type in _TOLD and field.spec.get("sensitivity") != "secret":
                yield f"{label}: {self._value(field, before)} → {self._value(field, after)}"
            else:
                yield say("has-changed", field=label)

    def _label(self, field: Field) -> str:
        found = self._work.catalog.text("entity", self._entity.id, f"/properties/{field.id}/title", self._locale)
        if field.system and self._locale.startswith("zh"):
            return {"stage": "阶段", "owner": "负责人", "team": "团队"}.get(field.id, field.title)
        return found or field.title

    def _value(self, field: Field, value: Any) -> str:
        if value is None or value == "" or value == []:
            return "–"
        catalog = self._work.catalog
        if field.id == "stage" and field.system:
            for pipeline_id in self._entity.pipelines:
                stage = catalog.pipelines[pipeline_id].stages.get(str(value))
                if stage is not None:
                    at = f"/stages/{stage.id}/title"
                    return catalog.text("pipeline", pipeline_id, at, self._locale) or stage.title
        for option in field.options:
            if option.id == value and not field.spec.get("option_set"):
                at = f"/properties/{field.id}/options/{option.id}/title"
                return catalog.text("entity", self._entity.id, at, self._locale) or option.title
        try:
            return " ".join(fields.to_text(catalog, self._entity.id, field.id, value).split())[:_SHORT]
        except (ValueError, TypeError, KeyError, ArithmeticError):  # a value of before its field was another
            return str(value)[:_SHORT]
