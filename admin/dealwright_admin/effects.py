"""What the numbers of a draft would decide otherwise now: conditions on live records, waiting times, scores.

Beside playing the past again (``trying.effect_view``) this asks each rule, gate, clock and check that reads a changed number
about the records as they are, in SQL: for how many it holds under the draft, and for how many it holds in force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import conditions, records, rules
from dealwright.errors import DealwrightError
from dealwright.metadata.pointers import named
from dealwright.storage import estimates, trial
from dealwright.web import visit
from dealwright.web.i18n import gettext
from dealwright_admin import publishing, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.conditions import Use
    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.drafts import Opened
    from dealwright.records import Work

#: Uses whose conditions are about one record as it is: what is about people or rows is not counted.
_COUNTED: Final = frozenset({"rule", "gate", "clock", "filter", "field", "check"})


def now(found: Opened) -> list[dict[str, Any]]:
    """Return what would be decided otherwise now, an entry for each definition; nothing is written."""
    with visit.workspace().database.read() as connection:
        work = records.Work(visit.workspace(), connection, visit.user(), catalog=visit.catalog())
        drafted = trial.of(found.catalog, work.catalog)
        told = [*_conditions(work, drafted), *_waiting(work, drafted)]
        diff = records.compared(work, found.catalog, work.now)
        return [*told, *publishing.decided(found.catalog, {"scores": diff["scores"]})]


def _conditions(work: Work, drafted: Catalog) -> Iterator[dict[str, Any]]:
    """Yield the conditions of the same text that come to something else, with what they hold for."""
    live = {(one.kind, one.id, one.pointer, one.source, one.entity): one for one in conditions.places(work.catalog)}
    for place in conditions.places(drafted):
        there = live.get((place.kind, place.id, place.pointer, place.source, place.entity))
        if there is None or "param." not in place.source or place.use not in _COUNTED or place.rows is not None:
            continue
        counts = _counts(work, drafted, place)
        if counts is not None and (counts["newly"] or counts["no_longer"]):
            yield _told(drafted, place, counts)


def _counts(work: Work, drafted: Catalog, place: Use) -> dict[str, int] | None:
    """Return for how many records a condition holds, newly and no longer; None where only an event can tell."""

    def filters(catalog: Catalog) -> tuple[conditions.Condition, conditions.Condition]:
        yes, no = (
            conditions.of(catalog, place.entity, source, "filter", namespace=place.namespace)
            for source in (place.source, f"!({place.source})")
        )
        return yes, no

    try:
        (was, was_not), (will, will_not) = filters(work.catalog), filters(drafted)
    except DealwrightError:
        return None
    if was.ast == will.ast:
        return None
    connection, entity, at = work.connection, place.entity, work.now
    return {
        "holds": estimates.matching(connection, drafted, entity, will, at),
        "newly": estimates.both(connection, drafted, entity, will, was_not, at),
        "no_longer": estimates.both(connection, drafted, entity, was, will_not, at),
    }


def _told(catalog: Catalog, place: Use, counts: dict[str, int]) -> dict[str, Any]:
    document = catalog.documents.get((place.kind, place.id), {})
    where = tuple(step for step in named(document, place.pointer) if step not in ("if", "require", "error_when"))
    what = words.place(catalog, place.kind, place.id, where) if where else ""
    title = words.document(catalog, place.kind, place.id)
    parts = [
        gettext("holds for %(n)s records", n=counts["holds"]),
        *([gettext("%(n)s newly", n=counts["newly"])] if counts["newly"] else []),
        *([gettext("%(n)s no longer", n=counts["no_longer"])] if counts["no_longer"] else []),
    ]
    return {"title": f"{title} · {what}" if what else title, "kind": words.kind(place.kind), "parts": parts}


def _waiting(work: Work, drafted: Catalog) -> Iterator[dict[str, Any]]:
    """Yield the rules that wait for records to be idle for another time, with how many are idle so long."""
    before, after = rules.of(work.catalog).by_id, rules.of(drafted).by_id
    for name, one in after.items():
        old = before.get(name)
        if old is None or one.timed is None or not one.timed.idle or old.timed is None or old.timed == one.timed:
            continue
        field = drafted.entity(one.rule.entity).field(one.timed.field)
        if field is None or field.type != "datetime":
            continue
        limits = (old.timed.before(work.now), one.timed.before(work.now))
        was, will = (
            estimates.older(work.connection, drafted, one.rule.entity, one.timed.field, limit)
            if limit is not None
            else 0
            for limit in limits
        )
        if was != will:
            parts = [gettext("finds %(n)s records idle instead of %(of)s", n=will, of=was)]
            yield {"title": words.document(drafted, "rule", name), "kind": words.kind("rule"), "parts": parts}
