"""Many changes in one call, and the change of a record known by a key of another system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, fields
from dealwright.errors import (
    ConflictError,
    DealwrightError,
    Problem,
    RecordError,
    TooLargeError,
    UnavailableError,
    UnknownFieldError,
)
from dealwright.records import read, remove, road
from dealwright.records.work import Change, Saved
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.records.work import Work


def bulk(work: Work, entity_id: str, asked: Mapping[str, Any]) -> list[Saved | DealwrightError]:
    """Create, change and archive records of one entity in one transaction.

    Args:
        work: The transaction.
        entity_id: Id of the entity.
        asked: ``{"create": [record…], "update": [{"id", "version"?, …}…], "delete": [id…], "atomic": bool}``.

    Returns:
        Results in the order create, update, delete.

    Raises:
        RecordError: If ``asked`` is not of that form; or if it is atomic and one is refused: then nothing is written.
        TooLargeError: If there are more than 1,000 in all.
    """
    creates, updates, deletes = (_list(asked, name) for name in ("create", "update", "delete"))
    total = len(creates) + len(updates) + len(deletes)
    if total > road.MOST:
        raise TooLargeError(f"{total} records in one call, at most {road.MOST} are taken; send them in parts")
    changes = [Change(_object(one, f"/create/{i}")) for i, one in enumerate(creates)]
    changes += [_update(one, f"/update/{i}") for i, one in enumerate(updates)]
    results: list[Saved | DealwrightError] = road.save_many(work, entity_id, changes) if changes else []
    results += [_archive(work, entity_id, one, f"/delete/{i}") for i, one in enumerate(deletes)]
    if asked.get("atomic"):
        problems = [
            p for i, result in enumerate(results) if isinstance(result, DealwrightError) for p in _at(i, result)
        ]
        if problems:
            raise RecordError(f"{len(problems)} problems; atomic was asked, so nothing was written", problems)
    return results


def upsert(work: Work, entity_id: str, name: str, value: str, data: Mapping[str, Any]) -> Saved:
    """Create the record whose external id is ``value``, or change the one that has it.

    Raises:
        UnknownFieldError: If the entity has no such field, it is no ``external_id``, or the user may not see it.
        ConflictError: If several records have the value.
    """
    entity = work.catalog.entity(entity_id)
    field = entity.fields.get(name)
    held = access.demand(work.catalog, work.user, "read", entity_id)
    if field is None or name not in held.seen() or not field.spec.get("external_id"):
        raise UnknownFieldError(f"there is no field “{name}” that is an external id")
    key = fields.from_text(work.catalog, entity_id, name, value)
    typed, problems = fields.read(work.catalog, entity_id, {name: key}, new=False)
    if problems:
        raise RecordError("the key cannot be used", problems)
    found = stored.find_by(work.connection, work.catalog, entity_id, name, [typed[name]])
    # One that may not be seen is none: the new record then fails by what is unique, as any other would.
    readable = read.fetch_many(work, entity_id, found.get(typed[name], []))
    ids = sorted(identifier for identifier, record in readable.items() if name in record)
    if len(ids) > 1:
        raise ConflictError(f"{len(ids)} {entity.plural} have {field.title} “{value}”; change one of them first")
    if ids:
        return road.save_one(work, entity_id, Change(data, ids[0]))
    return road.save_one(work, entity_id, Change({**data, name: key}))


def _list(asked: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = asked.get(name, [])
    if not isinstance(found, (list, tuple)):
        raise RecordError("the call cannot be used", [Problem(f"/{name}", "wrong-type", f"{name} is a list")])
    return found


def _object(one: Any, pointer: str) -> Mapping[str, Any]:
    if not isinstance(one, dict):
        raise RecordError("the call cannot be used", [Problem(pointer, "wrong-type", "a record is an object in { }")])
    return one


def _update(one: Any, pointer: str) -> Change:
    record = dict(_object(one, pointer))
    record_id, version = record.pop("id", None), record.pop("version", None)
    if not isinstance(record_id, str) or not isinstance(version, int | None) or isinstance(version, bool):
        text = "an update names its record by “id” (text), and may name the version it has seen by “version” (number)"
        raise RecordError("the call cannot be used", [Problem(pointer, "wrong-type", text)])
    return Change(record, record_id, version)


def _archive(work: Work, entity_id: str, one: Any, pointer: str) -> Saved | DealwrightError:
    if not isinstance(one, str):
        raise RecordError("the call cannot be used", [Problem(pointer, "wrong-type", "delete is a list of ids")])
    try:
        with work.connection.begin_nested():
            return remove.archive(work, entity_id, one)
    except UnavailableError:
        raise
    except DealwrightError as error:
        return error


def _at(index: int, error: DealwrightError) -> list[Problem]:
    problems = error.problems or (Problem("", error.code, error.detail),)
    return [Problem(f"/{index}{p.pointer}", p.code, p.message) for p in problems]
