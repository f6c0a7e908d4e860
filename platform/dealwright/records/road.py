"""The one road of a change (``docs/architecture.md``, "The way of one save").

Form, REST, import, timer, rule and plugin all come here, one record or five hundred at once. Everything is worked out in
memory first, set by set, and written at the end: one row, its events, its decisions, its deliveries, in one
transaction. A save is one version of the record, whatever rules added to it; its events tell who changed what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import clock
from dealwright.errors import (
    ConflictError,
    DealwrightError,
    NotFoundError,
    StaleVersionError,
    TooLargeError,
    UnavailableError,
)
from dealwright.records import (
    armed,
    attached,
    clocks,
    episodes,
    follow,
    interactions,
    judge,
    locks,
    look,
    needs,
    numbers,
    onward,
    pipelines,
    reach,
    scored,
    visits,
    write,
)
from dealwright.records.draft import Draft
from dealwright.records.texts import called, say
from dealwright.records.work import Change, Saved, Work
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from dealwright.access import User
    from dealwright.events import Event
    from dealwright.metadata.definitions import Entity
    from dealwright.records.workspace import Workspace

#: Called in the transaction, with the entity, the drafts, and what rules asked for, after all are written. For what must
#: look at every change and itself takes the road: it cannot be named here without a circle.
FOLLOWING: list[Callable[[Work, Entity, Sequence[Draft], Sequence[follow.Asked]], None]] = []

#: Records in one call; an import cuts its file into batches of this size.
MOST = 1000


def save(
    workspace: Workspace,
    user: User,
    entity_id: str,
    data: Mapping[str, Any],
    *,
    id: str | None = None,  # noqa: A002 - the word of the API
    version: int | None = None,
    address: str = "",
) -> Saved:
    """Create a record, or change the one with ``id``, in a transaction of its own.

    Args:
        workspace: Where.
        user: In whose name; his rights decide.
        entity_id: Id of the entity.
        data: Fields and values in API JSON; a field that is not named keeps its value.
        id: The record to change; None makes a new one.
        version: The version that the caller has seen.
        address: Where the request came from.

    Raises:
        RecordError: If the record breaks its entity; every problem is listed.
        StaleVersionError: If the record has another version than ``version``.
        NotFoundError, ForbiddenError, ConflictError, RuleLoopError, UnavailableError: As ``errors`` describes.
    """
    with workspace.database.write() as connection:
        return save_one(Work(workspace, connection, user, address=address), entity_id, Change(data, id, version))


def save_one(work: Work, entity_id: str, change: Change) -> Saved:
    """Create or change one record within the transaction of ``work``.

    Raises:
        DealwrightError: As :func:`save`; part of the record may have been written, so the caller rolls back.
    """
    entity = work.catalog.entity(entity_id)
    judge.demand(work, "create" if change.id is None else "update", entity)
    draft = draft_of(entity, change)
    run(work, entity, [draft])
    if draft.error is not None:
        raise draft.error
    return saved(work, draft)


def save_many(work: Work, entity_id: str, changes: Sequence[Change]) -> list[Saved | DealwrightError]:
    """Create and change records of one entity within the transaction of ``work``.

    A change that is refused leaves no trace and does not hinder the others; a caller that wants all or nothing looks
    at the results and rolls back. Statements do not grow with the number of records.

    Returns:
        A result for each change, in order: what was saved (without the record itself, which nobody asked to read),
        or the error that refused it.

    Raises:
        NotFoundError, ForbiddenError: If the user may do nothing of the kind with this entity.
        TooLargeError: If there are more than ``MOST`` changes.
        UnavailableError: If the database is busy or gone; the caller rolls back.
    """
    if len(changes) > MOST:
        raise TooLargeError(f"{len(changes)} records in one call, at most {MOST} are taken; send them in parts")
    entity = work.catalog.entity(entity_id)
    for op in sorted({"create" if change.id is None else "update" for change in changes}):
        judge.demand(work, op, entity)
    drafts = [draft_of(entity, change) for change in changes]
    try:
        with work.connection.begin_nested():
            run(work, entity, drafts)
    except UnavailableError:
        raise  # of nobody's doing: the whole call is to be repeated
    except DealwrightError:
        # Something of one of them cannot be written: one by one, so that only the guilty are refused.
        drafts = [_alone(work, entity, change) for change in changes]
    return [draft.error if draft.error is not None else saved(work, draft, shown=False) for draft in drafts]


def _alone(work: Work, entity: Entity, change: Change) -> Draft:
    draft = draft_of(entity, change)
    try:
        with work.connection.begin_nested():
            run(work, entity, [draft])
    except UnavailableError:
        raise
    except DealwrightError as error:
        draft.error = error
    return draft


def run(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Take drafts of one entity down the whole road: check, decide, act, write, and what follows from it.

    A draft that is refused carries its error and nothing of it is written.

    Raises:
        DealwrightError: If the drafts as a whole cannot be written; the caller rolls back.
    """
    check(work, entity, drafts)
    finish(work, entity, drafts)


def finish(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Take checked drafts to the end: rules, rows, events, decisions, and what rules ask for elsewhere."""
    good = [draft for draft in drafts if draft.error is None]
    numbers.assign(work, entity, good)
    scored.follow(work, entity, good)
    good = [draft for draft in good if draft.error is None]
    effects = follow.decide(work, entity, good)
    write_and_follow(work, entity, good, effects)


def write_and_follow(work: Work, entity: Entity, drafts: Sequence[Draft], effects: Sequence[follow.Asked]) -> None:
    """Write decided drafts, then do what their rules ask for elsewhere.

    Raises:
        RecordError: If a rule or a move has changed what is locked.
    """
    for draft in drafts:
        locks.demand(draft)
    episodes.end(work, entity, drafts)
    write.put(work, entity, drafts)
    attached.attach(work, entity, drafts)
    scored.note(work, entity, drafts)
    reach.note(work, entity, drafts)
    armed.follow(work, entity, drafts)
    interactions.note(work, entity, drafts)
    visits.note(work, entity, drafts)
    told = clocks.follow(work, entity, drafts)
    bring_up(entity, drafts, onward.carry_out(work, effects, run, write_and_follow))
    if told:
        _tell(work, entity, drafts, told)
    for follow_up in FOLLOWING:
        follow_up(work, entity, drafts, effects)


def _tell(work: Work, entity: Entity, drafts: Sequence[Draft], told: Sequence[Event]) -> None:
    """Let rules look at what follows from drafts that were written, such as a clock that has started.

    What they change is a save of its own, one version later; the drafts are brought up to it.
    """
    bring_up(entity, drafts, tell(work, entity, told))


def bring_up(entity: Entity, drafts: Sequence[Draft], changed: Mapping[str, Draft]) -> None:
    """Bring drafts that were written up to what has been made of their records since."""
    for draft in drafts if changed else ():
        now = changed.get(draft.id)
        if now is not None and now.before is not None and now.before["version"] != draft.version:
            draft.env.update({name: now.env.get(name) for name in entity.all_fields()})
            version = int(now.before["version"]) - bool(draft.changed)
            draft.before = {**(draft.before or now.before), "version": version}


def tell(work: Work, entity: Entity, told: Sequence[Event]) -> dict[str, Draft]:
    """Log events that the platform raises about records of an entity, let rules look at them, and return the records.

    Events about records that are gone wake nothing.
    """
    drafts = taken(work, entity, [event.record for event in told if event.record is not None])
    hear(work, entity, [(draft, e) for e in told if (draft := drafts.get(e.record or "")) is not None])
    return drafts


def check(work: Work, entity: Entity, drafts: Sequence[Draft], *, lock: bool = True) -> None:
    """Do every check of a save, and change nothing: what the person may do, what the entity asks, what others hold."""
    _start(work, entity, drafts, lock=lock)
    live = [draft for draft in drafts if draft.error is None]
    wanted = needs.needs(work.catalog, entity, work.user.roles)
    look.read(work, entity, live)
    needs.load(work, entity, wanted, [draft.env for draft in live])
    for draft in live:
        needs.remember(wanted, draft.env, draft.before)
        needs.derive(wanted, draft.env)
    pipelines.assign(work, entity, live)
    judge.rows(work, entity, live)
    _present(work, entity, live)
    locks.load(work, entity, live)
    look.settle(work, entity, live)
    _place(work, entity, live)
    for draft in live:
        locks.check(draft)
    look.others(work, entity, live)
    attached.check(work, entity, live)
    for draft in live:
        draft.refuse()


def _place(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Look into which pipeline and variant records belong, now that their formulas are worked out."""
    moved = {draft.id: draft for draft in pipelines.assign(work, entity, drafts)}
    moved |= {draft.id: draft for draft in pipelines.vary(work, entity, drafts)}
    judge.still(work, entity, [draft for draft in moved.values() if draft.new])
    look.settle(work, entity, list(moved.values()))


def taken(work: Work, entity: Entity, ids: Sequence[str]) -> dict[str, Draft]:
    """Return drafts of stored records about which something happens that is no save, locked; by id."""
    rows = stored.get(work.connection, work.catalog, entity.id, ids, lock=True)
    drafts = {}
    for record_id, row in rows.items():
        draft = Draft(entity, record_id, False, {}, before=row)
        draft.env = {**row, **work.env, "is_new": False}
        drafts[record_id] = draft
    wanted = needs.needs(work.catalog, entity, work.user.roles)
    needs.load(work, entity, wanted, [draft.env for draft in drafts.values()])
    locks.load(work, entity, list(drafts.values()))
    for draft in drafts.values():
        needs.remember(wanted, draft.env, draft.before)
        needs.derive(wanted, draft.env)
    return drafts


def hear(work: Work, entity: Entity, told: Sequence[tuple[Draft, Event]]) -> None:
    """Let rules look at the events, one event of a record after the other, and write what comes of it."""
    rest = list(told)
    while rest:
        first: dict[str, tuple[Draft, Event]] = {}
        for draft, event in rest:
            first.setdefault(draft.id, (draft, event))
        taken = {event.id for _, event in first.values()}
        rest = [(draft, event) for draft, event in rest if event.id not in taken]
        for draft, event in first.values():
            draft.env = {k: v for k, v in draft.env.items() if not k.startswith("event.")}
            draft.env.update({f"event.{key}": value for key, value in event.data.items()})
            draft.events, draft.depth = [event], event.depth
        drafts = [draft for draft, _ in first.values()]
        effects = follow.decide(work, entity, drafts, told=True)
        write_and_follow(work, entity, drafts, effects)
        for draft in drafts:
            if draft.changed:
                version = draft.version
                draft.env["version"] = version
                draft.before = {**(draft.before or {}), **draft.env, "version": version}
            draft.events, draft.decisions, draft.changed, draft.outcomes = [], [], set(), {}
            draft.fired = set()


def draft_of(entity: Entity, change: Change) -> Draft:
    """Return the draft that a change begins with."""
    new = change.id is None
    return Draft(entity, change.id or clock.new_id(), new, change.data, expected=change.version)


def _start(work: Work, entity: Entity, drafts: Sequence[Draft], *, lock: bool) -> None:
    """Load what is to be changed, and give each draft its env."""
    ids = [draft.id for draft in drafts if not draft.new]
    found = stored.get(work.connection, work.catalog, entity.id, ids, lock=lock) if ids else {}
    for draft in drafts:
        if draft.new:
            draft.env = {**dict.fromkeys(entity.system_fields), **dict.fromkeys(entity.fields), **work.env}
            draft.env.update(id=draft.id, version=1, is_new=True)
            continue
        draft.before = found.get(draft.id)
        if draft.before is None:
            draft.error = NotFoundError(f"there is no {entity.title} with the id “{draft.id}”")
            continue
        draft.env = {**draft.before, **work.env, "is_new": False}


def _present(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Refuse to change what is archived or has another version. Told only to who may change it: so after the judge."""
    for draft in drafts:
        if draft.before is None or draft.error is not None:
            continue
        if draft.expected is not None and draft.expected != draft.before["version"]:
            draft.error = StaleVersionError(
                f"the {entity.title} has version {draft.before['version']} now, you changed version {draft.expected}; "
                "read it again and make your change anew"
            )
        elif draft.before["archived_at"] is not None:
            draft.error = ConflictError(say("archived", record=called(work.catalog, entity)))


def saved(work: Work, draft: Draft, *, shown: bool = True) -> Saved:
    """Return what the caller is told of a draft that was written; the record itself only if it is to be ``shown``."""
    return Saved(
        id=draft.id,
        version=draft.version,
        record=look.shown(work, draft) if shown else {},
        warnings=tuple(draft.warnings),
        decisions=tuple(decision.id for decision in draft.decisions),
        created=draft.new,
        unchanged=not draft.new and not draft.changed,
    )
