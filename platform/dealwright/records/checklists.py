"""Checklists: what is to be done in a stage, who did it when, and what shows it.

An item is done with a tick, a note or a document, as its pipeline says. What was done belongs to the record and stays
when it goes on or comes back. Each tick is an event of the record (``checklist.done``, ``checklist.undone``): its
history tells of it and rules can wait for it. The version of the record stays: none of its fields has changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dealwright import access, clock, events
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, Problem, RecordError
from dealwright.records import attached, happenings, items, needs, past, pipelines
from dealwright.records.read import missing
from dealwright.records.texts import called, say
from dealwright.storage import checklists, files
from dealwright.storage import records as stored
from dealwright.storage.checklists import Tick

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.definitions import Entity, Item, Pipeline, Stage
    from dealwright.records.work import Work

#: Types of the events.
DONE: Final = "checklist.done"
UNDONE: Final = "checklist.undone"
#: Characters of a note.
LONGEST_NOTE: Final = 4000
_KEYS: Final = frozenset({"id", "stage", "done", "note", "file"})


def checklist(work: Work, entity_id: str, record_id: str) -> list[dict[str, Any]]:
    """Return the items of all stages of a record's pipeline, in order, with what was done.

    Nothing for who may not see the stage of the record.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    seen = past.seen(work, entity_id, record_id)
    entity = work.catalog.entity(entity_id)
    if not entity.pipelines or "stage" not in seen:
        return []
    row = stored.get(work.connection, work.catalog, entity_id, [record_id])[record_id]
    pipeline = pipelines.of(work.catalog, row)
    if pipeline is None or not any(stage.checklist for stage in pipeline.stages.values()):
        return []
    known = checklists.of(work.connection, entity_id, record_id, pipeline.family)
    shown = files.many(work.connection, [one.file for one in known.values() if one.file is not None])
    return [
        _told(work, pipeline, stage, item, known.get((stage.id, item.id)), shown)
        for stage in pipeline.stages.values()
        for item in stage.checklist
    ]


def _told(
    work: Work,
    pipeline: Pipeline,
    stage: Stage,
    item: Item,
    tick: Tick | None,
    shown: Mapping[str, files.StoredFile],
) -> dict[str, Any]:
    file = shown.get(tick.file) if tick is not None and tick.file is not None else None
    return {
        "stage": stage.id,
        "id": item.id,
        "title": items.title(work, pipeline, stage, item),
        "needs": item.needs,
        "document_type": item.document_type,
        "required": item.required,
        "done": tick is not None and tick.done_at is not None,
        "done_at": tick.done_at if tick is not None else None,
        "done_by": tick.done_by if tick is not None else None,
        "note": tick.note if tick is not None else None,
        "file": files.value(file) if file is not None else None,
    }


def tick(work: Work, entity_id: str, record_id: str, asked: Sequence[Any]) -> list[dict[str, Any]]:
    """Tick items off, or take that back; return the whole checklist.

    Args:
        work: The transaction.
        entity_id: Id of the entity.
        record_id: The record; who may update it may do this.
        asked: Objects ``{"id", "stage"?, "done"?, "note"?, "file"?}``: the stage is the present one when absent, done is
            true, and note and file (the id of an uploaded file) keep what they are.

    Raises:
        NotFoundError, ForbiddenError: If the record may not be seen, or not be updated.
        RecordError: With everything that is wrong; nothing is written.
        ConflictError: If the record is archived or in no pipeline.
    """
    entity, row = _taken(work, entity_id, record_id)
    pipeline = pipelines.of(work.catalog, row)
    if pipeline is None:
        raise ConflictError(f"this {entity.title} is in no pipeline, so it has no checklist")
    known = checklists.of(work.connection, entity_id, record_id, pipeline.family)
    problems: list[Problem] = []
    after: dict[tuple[str, str], Tick] = {}
    for index, one in enumerate(asked):
        found = _wanted(work, pipeline, row, one, f"/items/{index}", problems)
        if found is not None:
            stage, item, given = found
            before = after.get((stage.id, item.id)) or known.get((stage.id, item.id))
            after[stage.id, item.id] = _ticked(work, row, pipeline, stage, item, given, before)
            _shows(work, item, after[stage.id, item.id], record_id, f"/items/{index}", problems)
    if problems:
        raise RecordError("the checklist was not changed", problems)
    written = [one for key, one in after.items() if _said(one) != (_said(known[key]) if key in known else _NOTHING)]
    checklists.put(work.connection, written)
    named = [one.file for one in written if one.file is not None]
    if named:
        files.attach(work.connection, named, entity_id, record_id)
    happenings.happen(work, [_event(work, pipeline, one) for one in written])
    return checklist(work, entity_id, record_id)


def _taken(work: Work, entity_id: str, record_id: str) -> tuple[Entity, Mapping[str, Any]]:
    """Return a record that the user may update, locked."""
    held = access.demand(work.catalog, work.user, "update", entity_id)
    entity = work.catalog.entity(entity_id)
    row = stored.get(work.connection, work.catalog, entity_id, [record_id], lock=True).get(record_id)
    env = {**(row or {}), **work.env}
    needs.load(work, entity, needs.sorted_out(entity, held.needs), [env] if row is not None else [])
    seen = held.seen_on(env) if row is not None else frozenset()
    if row is None or not seen:
        raise missing(work, entity_id, record_id)
    if not held.matching("update", env) or "stage" not in seen:
        raise ForbiddenError(f"you may not update this {entity.title}, so you cannot tick anything off")
    if row["archived_at"] is not None:
        raise ConflictError(say("archived", record=called(work.catalog, entity)))
    return entity, row


def _wanted(
    work: Work, pipeline: Pipeline, row: Mapping[str, Any], one: Any, at: str, problems: list[Problem]
) -> tuple[Stage, Item, dict[str, Any]] | None:
    """Return what one entry of the call is about, or None and a problem."""
    if not isinstance(one, dict) or not isinstance(one.get("id"), str):
        problems.append(Problem(at, "wrong-type", "an entry is an object that names its item by “id”"))
        return None
    for name in sorted(one.keys() - _KEYS):
        problems.append(Problem(f"{at}/{name}", "unknown-key", f"“{name}” is not known here"))
    if not isinstance(one.get("done", True), bool):
        problems.append(Problem(f"{at}/done", "wrong-type", "done is true or false"))
    for name in ("note", "file", "stage"):
        if not isinstance(one.get(name), str | None):
            problems.append(Problem(f"{at}/{name}", "wrong-type", f"{name} is a text"))
    if len(str(one.get("note") or "")) > LONGEST_NOTE:
        problems.append(Problem(f"{at}/note", "too-long", f"a note has at most {LONGEST_NOTE} characters; shorten it"))
    if any(problem.pointer.startswith(f"{at}/") for problem in problems):
        return None
    stage = pipeline.stages.get(one.get("stage") or row["stage"])
    item = next((item for item in stage.checklist if item.id == one["id"]), None) if stage is not None else None
    if stage is None or item is None:
        where = stage.title if stage is not None else one.get("stage")
        problems.append(Problem(f"{at}/id", "no-such-item", f"there is no item “{one['id'][:80]}” in {where}"))
        return None
    return stage, item, one


def _ticked(
    work: Work,
    row: Mapping[str, Any],
    pipeline: Pipeline,
    stage: Stage,
    item: Item,
    given: Mapping[str, Any],
    before: Tick | None,
) -> Tick:
    entity = pipeline.entity
    old = before or Tick(entity, row["id"], pipeline.family, stage.id, item.id, work.now, work.user.id)
    note = (given["note"] or "").strip() or None if "note" in given else old.note
    new = replace(old, note=note, file=given.get("file", old.file), updated_at=work.now, updated_by=work.user.id)
    if not given.get("done", True):
        return replace(new, done_at=None, done_by=None)
    if old.done_at is not None and _said(new) == _said(old):
        return old
    return replace(new, done_at=work.now, done_by=work.user.id)


#: What is said of an item that nobody has touched.
_NOTHING: Final = (False, None, None)


def _said(one: Tick) -> tuple[bool, str | None, str | None]:
    return one.done_at is not None, one.note, one.file


def _shows(work: Work, item: Item, one: Tick, record_id: str, at: str, problems: list[Problem]) -> None:
    """Refuse what is done without what the item needs, and files that are not this record's or the user's own."""
    if one.file is not None and not _own(work, one.file, record_id):
        text = "there is no such file, or it belongs to another record; upload it again"
        problems.append(Problem(f"{at}/file", "no-such-file", text))
    if one.done_at is None:
        return
    if (item.needs == "note" and one.note is None) or (item.needs == "file" and one.file is None):
        problems.append(Problem(f"{at}/{item.needs}", "required", items.lacks(item, item.title)))


def _own(work: Work, file_id: str, record_id: str) -> bool:
    """Tell whether a file may stand for this record: the user's own upload, or one of it that he may read already."""
    file = files.many(work.connection, [file_id]).get(file_id)
    if file is None or file.record is None:
        return file is not None and file.created_by == work.user.id
    try:  # a file of a field that the user may not see must not be seen by way of the checklist
        return attached.opened(work, file_id)[0].record == record_id
    except NotFoundError:
        return False


def _event(work: Work, pipeline: Pipeline, one: Tick) -> events.Event:
    said = {"pipeline": pipeline.id, "stage": one.stage, "item": one.item, "note": one.note, "file": one.file}
    return events.Event(
        id=clock.new_id(),
        type=DONE if one.done_at is not None else UNDONE,
        entity=one.entity,
        record=one.record,
        version=None,
        at=work.now,
        actor=work.user.id,
        data={name: value for name, value in said.items() if value is not None},
    )
