"""May this user do this, to this record, and to each of these fields? Asked before anything is answered.

A record that may not be seen is not found. A field that may not be seen is unknown, in the very words of a field that
does not exist. What a rule asks for is not judged by the rights of the person whose change woke it: its scope is what
its document names, and the event says which rule it was.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from dealwright.access import Rights, rights
from dealwright.access import demand as demanded
from dealwright.errors import ForbiddenError, NotFoundError, Problem
from dealwright.metadata.system import ASSIGNABLE
from dealwright.records import needs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

#: System fields that a new record may be given, beside ``ASSIGNABLE``: where in its pipeline it starts.
ON_CREATE = frozenset({"stage", "pipeline"})


def demand(work: Work, op: str, entity: Entity) -> Rights:
    """Return the user's rights to the entity if they allow ``op`` on some record; raise as ``access.demand``."""
    return demanded(work.catalog, work.user, op, entity.id)


def rows(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Judge each draft: the record as it was for a change, as it will be for a new one; and each field it sets."""
    held = rights(work.catalog, work.user, entity.id)
    asked = [draft for draft in drafts if draft.rule is None]
    for draft, env in zip(asked, _as_they_were(work, entity, held, asked), strict=True):
        op = draft.op or ("create" if draft.new else "update")
        matching = held.matching(op, env)
        if not matching:
            draft.error = _refusal(entity, draft, op, seen=bool(held.seen_on(env)))
            continue
        if entity.part_of in draft.changed and not draft.new and not held.matching(op, draft.env):
            # Whether there is no such whole or he may not change it is the same answer.
            draft.error = ForbiddenError(
                f"you may not put this {entity.title} there; choose a record that you may change"
            )
            continue
        allowed = frozenset().union(*(grant.edit for grant in matching))
        seen = allowed | held.seen_on(env)
        draft.hidden = frozenset(entity.all_fields()) - seen
        _forget(draft)
        draft.problems[:0] = list(unwritable(entity, draft, allowed, seen))


def still(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Judge new records once more whose place in a pipeline has changed since: a row rule may look at it."""
    held = rights(work.catalog, work.user, entity.id)
    for draft in drafts:
        if draft.rule is None and not held.matching(draft.op or "create", draft.env):
            draft.error = _refusal(entity, draft, draft.op or "create", seen=bool(held.seen_on(draft.env)))


def _forget(draft: Draft) -> None:
    """Take back what was asked of hidden fields: what would follow from it must not differ from a field that is not."""
    asked = draft.hidden.intersection(draft.asked)
    draft.problems = [p for p in draft.problems if p.pointer[1:].partition("/")[0] not in asked]
    for name in asked & draft.changed:
        draft.env[name] = (draft.before or {}).get(name)
        draft.changed.discard(name)
        draft.since.discard(name)


def _as_they_were(work: Work, entity: Entity, held: Rights, drafts: Sequence[Draft]) -> list[Mapping[str, Any]]:
    """Return the env of each draft before its change: what was asked is already in it, what stood there counts.

    What the rights read over a reference that is to change is loaded over the reference as it was.
    """
    reads = needs.sorted_out(entity, held.needs)
    found: list[Mapping[str, Any]] = []
    led: list[dict[str, Any]] = []
    for draft in drafts:
        if draft.before is None or not (held.needs | reads.hops) & draft.changed:
            found.append(draft.env)
            continue
        env = {**draft.env, **{name: draft.before.get(name) for name in draft.changed}}
        found.append(env)
        if reads.hops & draft.changed:
            led.append(env)
    needs.load(work, entity, reads, led)
    return found


def _refusal(entity: Entity, draft: Draft, op: str, *, seen: bool) -> ForbiddenError | NotFoundError:
    if draft.new or seen:
        return ForbiddenError(f"you may not {op} this {entity.title}; ask an administrator for a role that can")
    return NotFoundError(f"there is no {entity.title} with the id “{draft.id}”")


def unwritable(entity: Entity, draft: Draft, allowed: frozenset[str], seen: frozenset[str]) -> Iterable[Problem]:
    """Yield a problem for each field that was asked for and may not be set by this user."""
    for name in draft.asked:
        field = entity.field(name)
        if field is None or name not in seen:
            yield unknown(name, (one for one in entity.fields if one in seen))
        elif field.system and not settable(name, new=draft.new):
            yield Problem(f"/{name}", "read-only", f"{field.title} is kept by the platform; leave it out")
        elif name not in allowed:
            yield Problem(f"/{name}", "read-only", f"you may see {field.title} but not change it; leave it out")


def settable(name: str, *, new: bool) -> bool:
    """Tell whether a request may set this system field at all."""
    return name in ASSIGNABLE or (new and name in ON_CREATE)


def readable(entity: Entity, name: str, *, new: bool) -> bool:
    """Tell whether a key of the input has a value to be read: an own field, or a system field that may be set."""
    return name in entity.fields or (name in entity.system_fields and settable(name, new=new))


def unknown(name: str, known: Iterable[str]) -> Problem:
    """Return the problem of a field that does not exist, or that may not be seen."""
    near = difflib.get_close_matches(name, list(known), 1, 0.7)
    hint = f"; did you mean “{near[0]}”?" if near else ""
    pointer = name.replace("~", "~0").replace("/", "~1")
    return Problem(f"/{pointer}", "unknown-field", f"there is no field “{name}”{hint}")
