"""What there is to do: my tasks, the most worth doing first and why; the same as a calendar; what my team has open."""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask_babel import format_date, get_locale

from dealwright import access, clock, records
from dealwright.errors import ConflictError, DealwrightError, ForbiddenError, NotFoundError, RecordError
from dealwright.fields.messages import speaking
from dealwright.metadata.names import BASE, namespace_of
from dealwright.records import agenda
from dealwright.records.agenda import TASK, USER
from dealwright.web import i18n, notices, refusals, visit
from dealwright.web.display import EMPTY, Display, Reader, display, number
from dealwright.web.i18n import gettext
from dealwright.web.links import links

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work
    from dealwright.records.agenda import Entry

#: Tasks for whose record the best hour is looked up; entities with stages whose open records a team is shown.
TIMED, PIPED = 8, 3


@dataclass(frozen=True, slots=True)
class Task:
    """One task, ready to be drawn.

    Attributes:
        due: When, in words; ``late`` and ``soon`` colour it.
        why: What its place in the order comes from, in words.
        about: (name, address) of the record it is about.
        best: When that is reached best; empty where nobody knows.
    """

    id: str
    title: str
    url: str
    who: str
    due: str
    exact: str
    late: bool
    soon: bool
    points: int
    why: str
    about: tuple[str, str] | None
    kind: str
    hue: str
    tier: tuple[str, str] | None
    score: str
    amount: Display
    best: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Records of one entity in the order of a score: ``rows`` are (name, address, tier, score, amount)."""

    title: str
    score: str
    hue: str
    url: str
    rows: tuple[tuple[str, str, tuple[str, str] | None, str, Display], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody under the reader: open tasks, how many of them are overdue, open records of each entity with stages."""

    name: str
    url: str
    tasks: int
    late: int
    open: tuple[tuple[str, Display, str], ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar; ``here`` is in the month that is shown."""

    number: int
    exact: str
    spoken: str
    today: bool
    here: bool
    tasks: tuple[Task, ...]


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/todo", "todo", todo)
    pages.add_url_rule("/todo", "todo_do", change, methods=["POST"])


def todo() -> ResponseReturnValue:
    """Show what is to be done: ``who`` is me or team, ``shape`` list or calendar, ``month`` such as 2026-12."""
    return _page(None), 200


def _page(refusal: DealwrightError | None) -> str:
    with visit.reading() as work, speaking(i18n.tag()):
        if not agenda.sees(work):
            raise ForbiddenError("your roles show you no tasks")
        under = agenda.reports(work)
        team = request.args.get("who") == "team" and bool(under)
        people = under if team else [work.user.id or ""]
        month = _month(work)
        shape = "calendar" if request.args.get("shape") == "calendar" else "list"
        tasks: list[Task] = []
        weeks: list[list[Day]] = []
        if shape == "calendar":
            weeks = _weeks(work, people, month)
        else:
            tasks = _drawn(work, agenda.agenda(work, people), timed=not team)
        held = access.rights(work.catalog, work.user, TASK)

        def here(**changes: str) -> str:
            kept = {"who": "team" if team else "", "shape": "" if shape == "list" else shape, **changes}
            query = urlencode({name: text for name, text in kept.items() if text})
            return url_for("web.todo") + (f"?{query}" if query else "")

        first = month.replace(day=1)
        return render_template(
            "todo/page.html",
            team=team,
            has_team=bool(under),
            shape=shape,
            tasks=tasks,
            queues=_queues(work, people) if shape == "list" and not team else (),
            people=_people(work, under) if team and shape == "list" else (),
            piped=[i18n.entity_plural(work.catalog, one) for one in _piped(work)],
            weeks=weeks,
            weekdays=_weekdays(),
            month=format_date(month, "LLLL y" if i18n.tag() == "en" else "y年M月"),
            before=here(month=f"{first - timedelta(days=1):%Y-%m}"),
            after=here(month=f"{first + timedelta(days=31):%Y-%m}"),
            here=here,
            may_add=held.allows("create"),
            may_edit=held.allows("update"),
            refusal=refusal,
            notice=notices.notice(),
        )


def change() -> ResponseReturnValue:
    """Change a task (``do``): add it, note that it is done, put it off until ``tomorrow`` or for a ``week``, ``move`` it.

    A move keeps the time of the day and is answered in JSON: ``message``, and ``late``; refused: ``message``.
    """
    doing, identifier = request.form.get("do", ""), request.form.get("id")
    if doing == "move":
        return _moved(identifier or "", request.form.get("day", ""))
    with visit.reading() as work:
        zone, me = i18n.zone(), work.user.id
        data: dict[str, Any] = {}
        if doing == "add":
            data = {
                "title": request.form.get("title", "").strip(),
                "assignee": me,
                **_due(request.form.get("due"), zone),
            }
            identifier = None
        elif doing == "done":
            data = {"status": "done"}
        elif doing in ("tomorrow", "week"):
            day = clock.now().astimezone(zone).date() + timedelta(days=1 if doing == "tomorrow" else 7)
            data = _due(day.isoformat(), zone)
        if not data or (doing != "add" and not identifier):
            raise NotFoundError("there is nothing like that to do with a task")
    try:
        with speaking(i18n.tag()):
            records.save(visit.workspace(), visit.user(), TASK, data, id=identifier, address=visit.address())
    except (RecordError, ConflictError) as error:
        return _page(error), error.status
    kept = {name: request.args[name] for name in ("who", "shape", "month") if request.args.get(name)}
    kept["notice"] = "done" if doing == "done" else "saved"
    return redirect(f"{url_for('web.todo')}?{urlencode(kept)}", 303)


def _moved(identifier: str, day: str) -> ResponseReturnValue:
    """Take a task to another day; its time of the day stays, in the zone of the reader."""
    zone = i18n.zone()
    with visit.reading() as work:
        due = records.fetch(work, TASK, identifier).get("due")
    data = _due(day, zone)
    try:
        if due and data:
            at = datetime.fromisoformat(str(due)).astimezone(zone).time()
            moment = datetime.combine(date.fromisoformat(day), at, zone)
            data = {"due": moment.astimezone(clock.now().tzinfo).isoformat()}
        with speaking(i18n.tag()):
            records.save(visit.workspace(), visit.user(), TASK, data, id=identifier, address=visit.address())
    except ValueError:
        return jsonify(message=gettext("This is no day.")), 422
    except (RecordError, ConflictError, ForbiddenError) as error:
        return jsonify(message=" ".join(refusals.problems(error)) or refusals.told(error)), error.status
    spoken = format_date(date.fromisoformat(day), "full")
    late = datetime.fromisoformat(data["due"]) < clock.now()
    return jsonify(message=gettext("Moved to %(day)s", day=spoken), late=late)


def _due(day: str | None, zone: Any) -> dict[str, str]:
    """Return the last minute of a day; what is no day stays as it was, for the save to refuse."""
    if not day:
        return {}
    try:
        end = datetime.combine(date.fromisoformat(day), time(23, 59), zone)
    except ValueError:
        return {"due": day}
    return {"due": end.astimezone(clock.now().tzinfo).isoformat()}


def _drawn(work: Work, entries: Sequence[Entry], *, timed: bool) -> list[Task]:
    wanted: dict[str, set[str]] = {}
    for one in entries:
        if one.about is not None:
            wanted.setdefault(one.about[0], set()).add(one.about[1])
        if one.assignee is not None:
            wanted.setdefault(USER, set()).add(one.assignee)
    titles = links(work, [wanted])
    return [_task(work, one, titles, timed=timed and place < TIMED) for place, one in enumerate(entries)]


def _task(work: Work, one: Entry, titles: Mapping[tuple[str, str], tuple[str, str | None]], *, timed: bool) -> Task:
    about, tier, score, amount, kind, hue = None, None, "", EMPTY, "", "gray"
    if one.about is not None:
        entity = work.catalog.entity(one.about[0])
        kind, hue = i18n.entity_title(work.catalog, entity), str(entity.document.get("hue") or "gray")
        title, url = titles.get(one.about, ("", None))
        about = (title, url) if url is not None else None
        tier, score = _scored(work, entity, one.facts)
        money = agenda.amount_of(entity, one.facts)
        if money is not None:
            amount = display(Reader(work.catalog, entity, {}, short=True), entity.fields[money[0]], money[1])
    best = agenda.best_time(work, one) if timed else None
    return Task(
        id=one.id,
        title=one.title,
        url=url_for("web.record", entity_id=TASK, record_id=one.id),
        who=titles.get((USER, one.assignee or ""), ("", None))[0],
        due=_days(one.days, late=_late(work, one)),
        exact=one.due.isoformat() if one.due is not None else "",
        late=_late(work, one),
        soon=one.days is not None and 0 <= one.days <= 1,
        points=one.points,
        why=_why(one, tier, score, amount),
        about=about,
        kind=kind,
        hue=hue,
        tier=tier,
        score=score,
        amount=amount,
        best=gettext("best reached %(day)s at %(hour)s", day=_weekday(best["weekday"]), hour=f"{best['hour']:02}:00")
        if best
        else "",
    )


def _queues(work: Work, people: Sequence[str]) -> list[Queue]:
    found = []
    for score, waiting in agenda.queues(work, people):
        entity = work.catalog.entity(score.entity)
        titles = links(work, [{entity.id: {str(one["id"]) for one in waiting}}])
        reader = Reader(work.catalog, entity, {}, short=True)
        rows = []
        for one in waiting:
            title, url = titles.get((entity.id, str(one["id"])), ("", None))
            money = agenda.amount_of(entity, one)
            amount = display(reader, entity.fields[money[0]], money[1]) if money is not None else EMPTY
            rows.append((title, url or "", *_scored(work, entity, one), amount))
        called = i18n.text(work.catalog, "score", score.id, "/title", score.title)
        hue = str(entity.document.get("hue") or "gray")
        listed = url_for("web.records", entity_id=entity.id, sort=f"-{score.into}")
        found.append(Queue(i18n.entity_plural(work.catalog, entity), called, hue, listed, tuple(rows)))
    return found


def _late(work: Work, one: Entry) -> bool:
    return one.due is not None and one.due < work.now


def _scored(work: Work, entity: Entity, facts: Mapping[str, Any]) -> tuple[tuple[str, str] | None, str]:
    """Return the tier of a record as (label, hue), and its score as text."""
    found = agenda.score_of(work, entity.id, facts)
    if found is None:
        return None, ""
    score, value = found
    held = facts.get(score.tier_into) if score.tier_into is not None else None
    tier = next((one for one in score.tiers if one.id == held), None)
    if tier is None:
        return None, number(str(value))
    at = f"/tiers/{tier.id}/title"
    return (i18n.text(work.catalog, "score", score.id, at, tier.title), tier.hue or "gray"), number(str(value))


def _why(one: Entry, tier: tuple[str, str] | None, score: str, amount: Display) -> str:
    """Return in words what the place of a task comes from."""
    told = []
    if one.days is not None:
        told.append(_days(one.days, late=one.days < 0))
    if tier is not None:
        told.append(gettext("tier %(tier)s", tier=tier[0]))
    if score:
        told.append(gettext("score %(score)s", score=score))
    elif amount.kind != "empty":
        told.append(amount.text)
    return gettext(
        "%(points)s of 100 points: %(why)s", points=one.points, why=", ".join(told) or gettext("nothing says more")
    )


def _days(days: int | None, *, late: bool) -> str:
    if days is None:
        return ""
    if days < 0:
        return gettext("1 day overdue") if days == -1 else gettext("%(n)s days overdue", n=-days)
    if late:
        return gettext("overdue since today")
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("tomorrow")
    return gettext("in %(n)s days", n=days)


def _weekday(number_: int) -> str:
    return str(get_locale().days["format"]["abbreviated"][number_ - 1])


def _weekdays() -> list[str]:
    return [_weekday(one) for one in range(1, 8)]


def _month(work: Work) -> date:
    """Return a day of the month that is asked for; of this one if none is."""
    asked = request.args.get("month", "")
    try:
        return date.fromisoformat(f"{asked}-01")
    except ValueError:
        return work.now.astimezone(i18n.zone()).date()


def _weeks(work: Work, people: Sequence[str], month: date) -> list[list[Day]]:
    """Return the weeks of a month, from Monday, each day with the tasks that are due on it."""
    zone = i18n.zone()
    days = calendar.Calendar().monthdatescalendar(month.year, month.month)
    since = datetime.combine(days[0][0], time(), zone)
    until = datetime.combine(days[-1][-1] + timedelta(days=1), time(), zone)
    utc = clock.now().tzinfo
    found = agenda.agenda(work, people, since=since.astimezone(utc), until=until.astimezone(utc))
    by_day: dict[date, list[Task]] = {}
    for entry, task in zip(found, _drawn(work, found, timed=False), strict=True):
        if entry.due is not None:
            by_day.setdefault(entry.due.astimezone(zone).date(), []).append(task)
    today = work.now.astimezone(zone).date()
    return [
        [
            Day(
                day.day,
                day.isoformat(),
                format_date(day, "full"),
                day == today,
                day.month == month.month,
                tuple(by_day.get(day, ())),
            )
            for day in week
        ]
        for week in days
    ]


def _piped(work: Work) -> list[Entity]:
    """Return the entities with stages whose records have owners that the reader sees."""
    return [
        one
        for one in access.readable(work.catalog, work.user)
        if one.pipelines
        and namespace_of(one.id) != BASE
        and {"owner", "status"} <= access.rights(work.catalog, work.user, one.id).seen()
    ][:PIPED]


def _people(work: Work, under: Sequence[str]) -> list[Person]:
    """Return what each of the people has open: one statement for tasks, one for what is late, one for each entity."""
    names = ", ".join(json.dumps(one) for one in under)
    whose = f'status == "open" && assignee in [{names}]'
    tasks, late = (
        {
            str(one["key"]["assignee"]): one["count"]
            for one in records.aggregate(work, TASK, group=["assignee"], filter=each)
        }
        for each in (whose, f"{whose} && due < now()")
    )
    opened = [(one, _open(work, one, names)) for one in _piped(work)]
    titles = links(work, [{USER: set(under)}])
    found = []
    for person in under:
        name, url = titles.get((USER, person), (gettext("not visible to you"), None))
        columns = []
        for entity, by_owner in opened:
            count, amount = by_owner.get(person, (0, EMPTY))
            condition = f'status == "open" && owner == {json.dumps(person)}'
            address = f"{url_for('web.records', entity_id=entity.id)}?{urlencode({'filter': condition})}"
            columns.append((str(count), amount, address if count else ""))
        found.append(Person(name, url or "", tasks.get(person, 0), late.get(person, 0), tuple(columns)))
    return sorted(found, key=lambda one: (-one.late, -one.tasks, one.name))


def _open(work: Work, entity: Entity, names: str) -> dict[str, tuple[int, Display]]:
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    money = next(
        (
            one
            for one in entity.fields.values()
            if one.type == "money" and one.id in seen and one.spec.get("currency") != "per_record"
        ),
        None,
    )
    measures: list[tuple[str, str | None]] = [("count", None), *([("sum", money.id)] if money is not None else [])]
    condition = f'status == "open" && owner in [{names}]'
    reader = Reader(work.catalog, entity, {}, short=True)
    return {
        str(one["key"]["owner"]): (
            one["count"],
            display(reader, money, one.get(f"sum:{money.id}")) if money is not None else EMPTY,
        )
        for one in records.aggregate(work, entity.id, group=["owner"], measures=measures, filter=condition)
    }
