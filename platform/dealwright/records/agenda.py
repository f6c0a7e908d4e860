"""What somebody has to do, the most worth doing first, each with why; and what the people under a manager have open.

**The order.** Half of the 100 points of a task is its urgency, half what it is worth:

    urgency   50 overdue, 40 due today, 30 within three days, 20 within a week, 10 later, 0 without a day
    worth     the score of the record it is about, in hundredths of the score's range, halved; without a score half the rank of
              its amount among those of the list (the largest has 50); 0 for a task about nothing

So a task that is due today for the best account comes before one that is overdue for the poorest, and a day never hides
a large deal. Ties go by due date, then by age. Of several scores that one counts that says ``"todo": "first"``, and the records of
its entity stand below the tasks, in its order: work that nobody has made a task of yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dealwright import access
from dealwright.errors import ForbiddenError, NotFoundError, QueryError
from dealwright.metadata import scores
from dealwright.records import read
from dealwright.records.contact_times import contact_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work

TASK: Final = "base.task"
USER: Final = "base.user"
#: Tasks with a day, and without one, that are looked at; levels of people under a manager; records of a queue.
DATED, UNDATED, LEVELS, QUEUED = 200, 50, 5, 10
_NEEDED: Final = frozenset({"title", "status", "due", "about", "assignee"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A task that is open.

    Attributes:
        about: (entity, id) of the record it is about; None for none that may be read.
        facts: That record in API JSON, as far as it may be seen.
        points: 0 to 100, by which the list is ordered.
        days: Whole days until it is due, in the workspace's zone; negative when it is overdue; None without a day.
    """

    id: str
    title: str
    due: datetime | None
    assignee: str | None
    about: tuple[str, str] | None
    facts: Mapping[str, Any]
    points: int
    days: int | None


def sees(work: Work) -> bool:
    """Tell whether tasks can be listed for the user at all."""
    return TASK in work.catalog.entities and access.rights(work.catalog, work.user, TASK).seen() >= _NEEDED


def agenda(
    work: Work, people: Sequence[str], *, since: datetime | None = None, until: datetime | None = None
) -> list[Entry]:
    """Return the open tasks of people, the most worth doing first.

    Args:
        work: The transaction.
        people: Ids of users.
        since: Only tasks that are due from this moment on; with ``until`` or not at all.
        until: And before this one.
    """
    if not people or not sees(work):
        return []
    found = _tasks(work, people, since, until)
    facts = _facts(work, found)
    amounts = _ranked(work, facts)
    zone = ZoneInfo(work.catalog.settings.get("zone", "UTC"))
    today = work.now.astimezone(zone).date()
    entries = []
    for one in found:
        about = _about(one)
        known = facts.get(about, {}) if about is not None else {}
        due = datetime.fromisoformat(str(one["due"])) if one.get("due") else None
        days = (due.astimezone(zone).date() - today).days if due is not None else None
        over = due is not None and due < work.now
        worth = _worth(work, about[0], known, amounts.get(about)) if about is not None and known else 0
        entries.append(
            Entry(
                id=str(one["id"]),
                title=str(one.get("title") or ""),
                due=due,
                assignee=str(one["assignee"]) if one.get("assignee") else None,
                about=about if known else None,
                facts=known,
                points=_urgency(days, over=over) + worth,
                days=min(days, -1) if over and days is not None and days < 0 else days,
            )
        )
    latest = datetime.max.replace(tzinfo=work.now.tzinfo)
    entries.sort(key=lambda one: (-one.points, one.due or latest, one.id))
    return entries


def queues(work: Work, people: Sequence[str]) -> list[tuple[scores.Score, Sequence[Mapping[str, Any]]]]:
    """Return the records of people that wait to be worked on, each entity in the order of the score that is its ``first``.

    Only records that the score looks at (``when``), and only where the user may see it and whose they are. One statement
    for each such score, none where no score says so.
    """
    found = []
    for entity_id in sorted({one.entity for one in scores.of(work.catalog).values() if one.todo == "first"}):
        if entity_id not in work.catalog.entities or not people:
            continue
        score = scores.ordering(work.catalog, entity_id)[0]
        names = ", ".join(f'"{one}"' for one in people)
        whose = f"owner in [{names}] && {score.into} != null" + (f" && ({score.when})" if score.when else "")
        try:
            waiting = read.page(work, entity_id, filter=whose, sort=f"-{score.into}", size=QUEUED).items
        except (ForbiddenError, NotFoundError, QueryError):
            continue  # something of it may not be seen, or belongs to the parameters of a pack
        if waiting:
            found.append((score, waiting))
    return found


def best_time(work: Work, entry: Entry) -> Mapping[str, Any] | None:
    """Return the hour at which the record of a task is reached best, or whom it refers to; None where nobody knows."""
    if entry.about is None:
        return None
    for entity_id, identifier in _reached(work, *entry.about, entry.facts):
        told = contact_times(work, entity_id, identifier)
        if told["best"]:
            hour: Mapping[str, Any] = told["best"][0]
            return hour
    return None


def reports(work: Work) -> list[str]:
    """Return the ids of the people under the user: those whose manager he is, and those under them."""
    found: list[str] = []
    level = [work.user.id] if work.user.id is not None else []
    for _ in range(LEVELS):
        if not level or not {"manager", "active"} <= access.rights(work.catalog, work.user, USER).seen():
            break
        names = ", ".join(f'"{one}"' for one in level)
        page = read.page(work, USER, filter=f"manager in [{names}] && active", only=["id"], size=200)
        level = [str(one["id"]) for one in page.items if one["id"] not in found and one["id"] != work.user.id]
        found += level
    return found


def _tasks(
    work: Work, people: Sequence[str], since: datetime | None, until: datetime | None
) -> list[Mapping[str, Any]]:
    names = ", ".join(f'"{one}"' for one in people)
    whose = f'status == "open" && assignee in [{names}]'
    only = ["title", "due", "about", "assignee"]
    if since is not None and until is not None:
        between = f'due >= datetime("{_text(since)}") && due < datetime("{_text(until)}")'
        return list(read.page(work, TASK, filter=f"{whose} && {between}", sort="due", only=only, size=DATED).items)
    dated = read.page(work, TASK, filter=f"{whose} && due != null", sort="due", only=only, size=DATED).items
    undated = read.page(work, TASK, filter=f"{whose} && due == null", sort="-id", only=only, size=UNDATED).items
    return [*dated, *undated]


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _about(task: Mapping[str, Any]) -> tuple[str, str] | None:
    about = task.get("about")
    return (str(about["entity"]), str(about["id"])) if isinstance(about, dict) and about.get("id") else None


def _facts(work: Work, tasks: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the records that tasks are about, by entity and id; one statement for each entity."""
    wanted: dict[str, list[str]] = {}
    for one in tasks:
        about = _about(one)
        if about is not None and about[0] in work.catalog.entities:
            wanted.setdefault(about[0], []).append(about[1])
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entity_id, ids in wanted.items():
        if access.rights(work.catalog, work.user, entity_id).allows("read"):
            for identifier, record in read.fetch_many(work, entity_id, list(dict.fromkeys(ids))).items():
                found[entity_id, identifier] = record
    return found


def amount_of(entity: Entity, record: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return the first amount of money of a record, with its field; None if it has none that may be seen."""
    for one in entity.fields.values():
        money = one.type == "money" or (one.type == "formula" and one.spec.get("result") == "money")
        if money and record.get(one.id) is not None:
            return one.id, record[one.id]
    return None


def score_of(work: Work, entity_id: str, record: Mapping[str, Any]) -> tuple[scores.Score, Decimal] | None:
    """Return the score that orders a record and has a value, with it; None if there is none that may be seen."""
    for one in scores.ordering(work.catalog, entity_id):
        if one.into is not None and record.get(one.into) is not None:
            return one, Decimal(str(record[one.into]))
    return None


def _ranked(work: Work, facts: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[tuple[str, str] | None, Decimal]:
    """Return for each record that has an amount its share of the way to the largest: 1 for that, by rank."""
    amounts: dict[tuple[str, str], Decimal] = {}
    for about, record in facts.items():
        found = amount_of(work.catalog.entity(about[0]), record)
        if found is not None:
            value = found[1].get("amount") if isinstance(found[1], dict) else found[1]
            try:
                amounts[about] = Decimal(str(value))
            except InvalidOperation:
                continue
    order = sorted(set(amounts.values()))
    return {about: Decimal(order.index(value) + 1) / len(order) for about, value in amounts.items()}


def _worth(work: Work, entity_id: str, record: Mapping[str, Any], rank: Decimal | None) -> int:
    scored = score_of(work, entity_id, record)
    if scored is not None:
        score, value = scored
        return int((value - score.low) / (score.high - score.low) * 50) if score.high > score.low else 0
    return int(rank * 50) if rank is not None else 0


def _urgency(days: int | None, *, over: bool) -> int:
    if days is None:
        return 0
    if over:
        return 50
    return next((points for most, points in ((0, 40), (3, 30), (7, 20)) if days <= most), 10)


def _reached(work: Work, entity_id: str, identifier: str, record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield the record and those it refers to whose best hours are worked out at all."""
    entity = work.catalog.entity(entity_id)
    if "contact_times" in entity.document:
        yield entity_id, identifier
    for one in entity.fields.values():
        target = work.catalog.entities.get(one.to or "") if one.type == "reference" else None
        timed = target is not None and "contact_times" in target.document and record.get(one.id)
        if target is not None and timed and access.rights(work.catalog, work.user, target.id).allows("read"):
            yield target.id, str(record[one.id])
