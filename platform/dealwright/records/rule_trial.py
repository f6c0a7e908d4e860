"""A rule tried before it is in force: the records that it would look at now, what it would have done, and why not here.

    at_hand(work, rule)           which active records meet what it looks at, asked in the database
    over(work, trial, rule, ...)  how often it would have acted since a moment, beside what is in force
    asked(trial, rule, record)    what its condition comes to on one record as it is now

``trial`` works with the drafted definitions over the tables of those in force (``storage.trial``). Nothing is written, and
only what the user may see in full is asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright import rules
from dealwright.errors import NotFoundError, QueryError
from dealwright.metadata.names import namespace_of
from dealwright.metadata.scopes import qualified
from dealwright.records import needs, past, read, replay, rule_simulation
from dealwright.rules import guard, spans

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dealwright.metadata.definitions import Rule
    from dealwright.records.work import Work

#: Records that are named of those that a rule would look at, and records that a trial of the past looks at, at most.
NAMED: Final = 8
MOST: Final = 20_000


class _EnoughError(Exception):
    """As many records as a trial may look at have been looked at."""


def at_hand(trial: Work, rule_id: str) -> dict[str, Any]:
    """Return the active records that meet what a rule looks at, as they are now.

    That is its condition, and what its trigger says of a record beside the moment: the stage that it comes to, the filter of
    a run, since when nothing has happened. What only an event can say is not asked.

    Returns:
        ``count`` of ``of`` records, both exact up to 10,000, the ``items`` that are named (id, title), and the ``filter``.

    Raises:
        NotFoundError: If there is no such rule.
        QueryError: If the condition asks for what only an event can say, or for what the user may not see.
    """
    rule = _rule(trial, rule_id)
    asked = " && ".join(f"({one})" for one in _parts(trial, rule))
    everything = read.page(trial, rule.entity, size=1, count=True)
    page = read.page(trial, rule.entity, filter=asked or None, size=NAMED, count=True)
    display = trial.catalog.entity(rule.entity).display or "id"
    return {
        "count": page.count,
        "of": everything.count,
        "items": [(str(one["id"]), str(one.get(display) or one["id"])) for one in page.items],
        "filter": asked,
    }


def over(work: Work, trial: Work, rule_id: str, since: datetime) -> dict[str, Any]:
    """Return what a rule would have done since a moment: as ``rule_simulation.compared``.

    With ``fires``, how often it would have acted.

    Raises:
        NotFoundError: If there is no such rule, or it is a draft that is not looked at.
        QueryError: If more than :data:`MOST` records would have to be looked at.
    """
    old, new = rules.of(work.catalog).by_id.get(rule_id), rules.of(trial.catalog).by_id.get(rule_id)
    if new is None:
        raise NotFoundError(f"there is no live or shadow rule “{rule_id[:80]}”")
    looked = 0

    def progress(count: int) -> None:
        nonlocal looked
        looked += count
        if looked > MOST:
            raise _EnoughError

    try:
        found = rule_simulation.compared(work, trial, old, new, since, progress)
    except _EnoughError:
        raise QueryError(
            f"more than {MOST} records were touched since then; choose a shorter time, or use dealwright simulate"
        ) from None
    return {**found, "fires": found["newly"] + found["changed"] + found["same"]}


def asked(trial: Work, rule_id: str, record_id: str) -> dict[str, Any]:
    """Return what the condition of a rule comes to on a record as it is now: as ``rules.asked``.

    Raises:
        NotFoundError: If there is no such rule or record, or the user may not see all that the rule looks at.
    """
    rule = _rule(trial, rule_id)
    one = rules.of(trial.catalog).by_id.get(rule_id)
    entity = trial.catalog.entity(rule.entity)
    may_see = past.seen(trial, rule.entity, record_id)
    if one is None or not past.shows(trial, rule.entity, map(guard.shown, one.reads), may_see):
        raise NotFoundError(f"there is no rule “{rule_id[:80]}”")
    env = replay.as_of(trial, entity, record_id, trial.now, needs.sorted_out(entity, one.needs()))
    if env is None:
        raise read.missing(trial, rule.entity, record_id)
    return rules.asked(trial.catalog, rule_id, record_id, env, trial.now)


def _rule(trial: Work, rule_id: str) -> Rule:
    rule = trial.catalog.rules.get(rule_id)
    if rule is None or rule.entity not in trial.catalog.entities:
        raise NotFoundError(f"there is no rule “{rule_id[:80]}”")
    return rule


def _parts(trial: Work, rule: Rule) -> list[str]:
    """Return what a rule looks at, as filters."""
    namespace = namespace_of(rule.id)
    spec = rule.trigger.spec
    found: list[str] = [qualified(rule.condition, namespace)] if rule.condition else []
    match rule.trigger.kind:
        case "stage":
            given = spec.get("entered", ())
            stages = [given] if isinstance(given, str) else list(given)
            found += [" || ".join(f'stage == "{one}"' for one in stages)] if stages else []
        case "schedule" if "filter" in spec:
            found.append(qualified(str(spec["filter"]), namespace))
        case "idle":
            found += _idle(trial, rule, spec)
    return found


def _idle(trial: Work, rule: Rule, spec: Mapping[str, Any]) -> list[str]:
    """Return since when nothing must have happened, where a filter can say it: in days, weeks, hours or months."""
    span = spans.read(trial.catalog, rule.id, spec.get("for"))
    field = trial.catalog.entity(rule.entity).field(str(spec.get("of")))
    if span is None or field is None or span.workdays:
        return []
    since = f"coalesce({field.id}, created_at)" if field.type == "datetime" else field.id
    now = "now()" if field.type == "datetime" else "today()"
    if span.months:
        return [f"{since} < addMonths({now}, 0 - {span.months})"] if not span.rest else []
    if field.type == "date":
        return [f"{since} < {now} - days({span.rest // timedelta(days=1)})"]
    return [f'{since} < {now} - duration("{span.rest // timedelta(minutes=1)}m")']
