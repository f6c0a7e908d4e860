"""REST for records of every entity: ``/api/v1/records/{entity}``."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from dealwright import access
from dealwright import records as road
from dealwright.api import answers
from dealwright.errors import DealwrightError, Problem, QueryError, RecordError
from dealwright.records import Change, Saved, following, spaces
from dealwright.rules.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.records import Work

records = Blueprint("records", __name__)


@records.get("/records/<entity>")
def page(entity: str) -> Response:
    """List records: ``filter``, ``sort``, ``fields``, ``page_size``, ``cursor``, ``count``, ``archived``, ``q``."""
    answers.only_known("filter", "sort", "fields", "page_size", "cursor", "count", "archived", "q")
    fields = answers.single("fields")
    only = [name.strip() for name in fields.split(",") if name.strip()] if fields else None
    with answers.reading() as work:
        access.demand(work.catalog, work.user, "read", entity)
        access.first_steps(work.catalog, work.user, entity, only or ())
        found = road.page(
            work,
            entity,
            filter=answers.single("filter"),
            sort=answers.single("sort") or None,
            only=only,
            size=answers.number("page_size", 50, 1, 200),
            cursor=answers.single("cursor"),
            count=_flag("count"),
            archived=_flag("archived"),
            search=answers.single("q"),
            texts=True,
        )
    return answers.answer(
        {
            "items": list(found.items),
            "next_cursor": found.next_cursor,
            "count": found.count,
            "count_is_exact": found.count_is_exact,
        }
    )


@records.post("/records/<entity>")
def create(entity: str) -> Response:
    """Create a record; 201 with its address and version."""
    data = answers.body()
    with answers.writing() as work:
        return answers.once(work, lambda: _created(work, entity, road.save_one(work, entity, Change(data))))


def _created(work: Work, entity: str, saved: Saved) -> Response:
    return answers.answer(
        _with_warnings(saved), 201, Location=f"/api/v1/records/{entity}/{saved.id}", ETag=answers.etag(saved.version)
    )


@records.get("/records/<entity>/<record>")
def fetch(entity: str, record: str) -> Response:
    """Return one record with its ETag."""
    answers.only_known()
    with answers.reading() as work:
        found = road.fetch(work, entity, record)
    return answers.answer(found, ETag=answers.etag(found["version"]))


@records.patch("/records/<entity>/<record>")
def update(entity: str, record: str) -> Response:
    """Change fields of a record; ``If-Match`` guards against a change in between."""
    data = answers.body()
    version = answers.expected_version()
    with answers.writing() as work:

        def make() -> Response:
            saved = road.save_one(work, entity, Change(data, record, version))
            return answers.answer(_with_warnings(saved), ETag=answers.etag(saved.version))

        return answers.once(work, make)


@records.delete("/records/<entity>/<record>")
def delete(entity: str, record: str) -> Response:
    """Archive a record, or remove it for good with ``?purge=1``."""
    answers.only_known("purge")
    version = answers.expected_version()
    with answers.writing() as work:
        if _flag("purge"):
            road.purge(work, entity, record)
        else:
            road.archive(work, entity, record, version=version)
    return Response(status=204)


@records.post("/records/<entity>/<record>/restore")
def restore(entity: str, record: str) -> Response:
    """Bring an archived record back."""
    with answers.writing() as work:

        def make() -> Response:
            saved = road.restore(work, entity, record)
            return answers.answer(saved.record, ETag=answers.etag(saved.version))

        return answers.once(work, make)


@records.post("/records/<entity>/<record>/move")
def to_stage(entity: str, record: str) -> Response:
    """Move a record to the stage ``to``, or into another ``pipeline``; 409 with everything that is missing."""
    data = answers.body()
    answers.known(data, "to", "pipeline", "reason", "data")
    named = {name: data[name] for name in ("to", "pipeline", "reason") if data.get(name) is not None}
    wrong = [name for name, value in named.items() if not isinstance(value, str)]
    if wrong or not named.keys() & {"to", "pipeline"} or not isinstance(data.get("data", {}), dict):
        place, text = (wrong[0], f"{wrong[0]} is a text") if wrong else ("to", "name the stage to move to")
        raise RecordError("the move cannot be made", [Problem(f"/{place}", "required", text)])
    version = answers.expected_version()
    with answers.writing() as work:

        def make() -> Response:
            saved = road.move_one(work, entity, record, **named, data=data.get("data"), version=version)
            return answers.answer(_with_warnings(saved), ETag=answers.etag(saved.version))

        return answers.once(work, make)


@records.get("/records/<entity>/<record>/checklist")
def checklist(entity: str, record: str) -> Response:
    """Return what is to be done in each stage, and each stage that may follow with what is still missing for it."""
    with answers.reading() as work:
        found, done = road.gates(work, entity, record), road.checklist(work, entity, record)
        where = road.place(work, entity, record)
    items = [
        {"to": one["to"], "title": one["title"], "unmet": [problem.as_json() for problem in one["unmet"]]}
        for one in found
    ]
    return answers.answer({"pipeline": where, "items": items, "checklist": done})


@records.put("/records/<entity>/<record>/checklist")
def tick(entity: str, record: str) -> Response:
    """Tick ``items`` off, or take that back (``done: false``), with a note or a file that shows it."""
    data = answers.body()
    answers.known(data, "items")
    if not isinstance(data.get("items"), list) or len(data["items"]) > _MOST_ITEMS:
        text = f"items is a list of at most {_MOST_ITEMS} objects, each with the id of an item"
        raise RecordError("the checklist was not changed", [Problem("/items", "required", text)])
    with answers.writing() as work:
        return answers.once(work, lambda: answers.answer({"checklist": road.tick(work, entity, record, data["items"])}))


#: Items of one call.
_MOST_ITEMS = 200


@records.get("/records/<entity>/<record>/history")
def history(entity: str, record: str) -> Response:
    """Return what happened to a record, and the stages that it was in, newest first."""
    with answers.reading() as work:
        told = {"items": road.history(work, entity, record), "stages": road.visited(work, entity, record)}
        return answers.answer(told)


@records.get("/records/<entity>/<record>/decisions")
def decisions(entity: str, record: str) -> Response:
    """Return what rules decided about a record and why, newest first."""
    with answers.reading() as work:
        return answers.answer({"items": road.decided(work, entity, record)})


@records.get("/records/<entity>/<record>/rules")
def rules(entity: str, record: str) -> Response:
    """Return for each rule about a record why it acted last or did not, ``at`` a moment of the past or now."""
    answers.only_known("at")
    with answers.reading() as work:
        return answers.answer({"items": road.whys(work, entity, record, at=_moment(work))})


@records.get("/records/<entity>/<record>/rules/<rule>")
def why(entity: str, record: str, rule: str) -> Response:
    """Return why one rule did, or did not, act on a record; with ``at`` also what its condition came to then."""
    answers.only_known("at")
    with answers.reading() as work:
        return answers.answer(road.why(work, rule, record, at=_moment(work), entity_id=entity))


def _moment(work: Work) -> datetime | None:
    text = answers.single("at")
    return road.beginning(text, work.now, "at") if text else None


@records.get("/records/<entity>/<record>/clocks")
def clocks(entity: str, record: str) -> Response:
    """Return the SLA clocks and deadlines of a record, open ones first."""
    with answers.reading() as work:
        return answers.answer({"items": [plain(one) for one in road.clocks_of(work, entity, record)]})


@records.get("/records/<entity>/<record>/scores")
def scores(entity: str, record: str) -> Response:
    """Return what the scores of a record come to, with the share of each factor."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer({"items": road.scores(work, entity, record)})


@records.get("/records/<entity>/<record>/space")
def space(entity: str, record: str) -> Response:
    """Return the team of a record and what it shares: ``members``, ``comments``, ``files``, ``tasks``, ``progress``."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer(spaces.space(work, entity, record).as_json())


@records.get("/records/<entity>/<record>/followers")
def followers(entity: str, record: str) -> Response:
    """Return who follows a record: ``user``, ``why`` (``followed``, ``owner``, ``creator``), ``told``, ``fields``."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer({"items": [one.as_json() for one in following.followers(work, entity, record)]})


@records.put("/records/<entity>/<record>/followers/me")
def follow(entity: str, record: str) -> Response:
    """Let the caller hear of a record; ``fields`` names those whose changes are news, all where it is left out."""
    data = answers.body()
    answers.known(data, "fields")
    chosen = data.get("fields")
    if chosen is not None and not (isinstance(chosen, list) and all(isinstance(one, str) for one in chosen)):
        raise RecordError(
            "the record was not followed", [Problem("/fields", "wrong-type", "fields is a list of names")]
        )
    with answers.writing() as work:
        following.follow(work, entity, record, chosen)
        return answers.answer({"items": [one.as_json() for one in following.followers(work, entity, record)]})


@records.delete("/records/<entity>/<record>/followers/me")
def unfollow(entity: str, record: str) -> Response:
    """Let the caller hear of a record no longer."""
    with answers.writing() as work:
        following.unfollow(work, entity, record)
    return Response(status=204)


@records.get("/records/<entity>/<record>/contact-times")
def contact_times(entity: str, record: str) -> Response:
    """Return the hours at which a record is reached best, by the interactions that the caller may see."""
    answers.only_known()
    with answers.reading() as work:
        return answers.answer(road.contact_times(work, entity, record))


@records.put("/records/<entity>/by/<field>/<path:value>")
def upsert(entity: str, field: str, value: str) -> Response:
    """Create the record whose external id ``field`` is ``value``, or change the one that has it."""
    data = answers.body()
    with answers.writing() as work:

        def make() -> Response:
            saved = road.upsert(work, entity, field, value, data)
            if saved.created:
                return _created(work, entity, saved)
            return answers.answer(_with_warnings(saved), ETag=answers.etag(saved.version))

        return answers.once(work, make)


@records.post("/records/<entity>/bulk")
def many(entity: str) -> Response:
    """Create, change and archive many records: all or nothing (``atomic``), or each on its own (207 if some failed)."""
    data = answers.body()
    answers.known(data, "create", "update", "delete", "atomic")
    with answers.writing() as work:

        def make() -> Response:
            done = road.bulk(work, entity, data)
            results = [_result(i, result) for i, result in enumerate(done)]
            failed = any("errors" in result for result in results)
            return answers.answer({"results": results, "atomic": bool(data.get("atomic"))}, 207 if failed else 200)

        return answers.once(work, make)


@records.post("/records/<entity>/check")
def check_only(entity: str) -> Response:
    """Say what a save of this record would say, and save nothing. ``?id=`` checks a change of that record."""
    answers.only_known("id")
    data = answers.body()
    with answers.reading() as work:
        checked = road.check(work, entity, data, record_id=answers.single("id"))
    return answers.answer(
        {
            "ok": not checked.problems,
            "errors": [problem.as_json() for problem in checked.problems],
            "warnings": [problem.as_json() for problem in checked.warnings],
            "record": checked.record,
        }
    )


@records.get("/records/<entity>/aggregate")
def grouped(entity: str) -> Response:
    """Count and sum by group: ``group=stage,owner.region``, ``measure=count,sum:amount``, ``filter``.

    ``currency`` and ``on`` say into which currency, by the rates of which day, amounts of several are converted.
    """
    answers.only_known("group", "measure", "filter", "currency", "on")
    try:
        day = date.fromisoformat(answers.single("on") or "") if answers.single("on") else None
    except ValueError:
        raise QueryError("on is a day such as 2026-11-23") from None
    group = [one.strip() for one in (answers.single("group") or "").split(",") if one.strip()]
    measures = [_measure(one.strip()) for one in (answers.single("measure") or "count").split(",") if one.strip()]
    with answers.reading() as work:
        found = road.aggregate(
            work,
            entity,
            group=group,
            measures=measures,
            filter=answers.single("filter"),
            currency=answers.single("currency"),
            on=day,
        )
    return answers.answer({"groups": found})


@records.get("/records/<entity>/export")
def exported(entity: str) -> Response:
    """Stream the records that meet ``filter`` as csv, xlsx or jsonl; ``exact=1`` keeps values as they are for re-import."""
    answers.only_known("format", "filter", "exact")
    kind = answers.single("format") or "csv"
    with answers.reading() as work:
        access.demand(work.catalog, work.user, "export", entity)
        made = road.export(work, entity, kind, filter=answers.single("filter"), exact=_flag("exact"))
    response = Response(made.chunks, mimetype=made.type)
    response.headers["Content-Disposition"] = f'attachment; filename="{entity}.{kind}"'
    return response


def _with_warnings(saved: Saved) -> Mapping[str, Any]:
    if not saved.warnings:
        return saved.record
    return {**saved.record, "_warnings": [problem.as_json() for problem in saved.warnings]}


def _result(index: int, result: Saved | DealwrightError) -> dict[str, Any]:
    if isinstance(result, Saved):
        return {"index": index, "id": result.id, "version": result.version}
    problems = result.problems or [Problem("", result.code, result.detail)]
    return {"index": index, "errors": [problem.as_json() for problem in problems]}


def _measure(text: str) -> tuple[str, str | None]:
    operation, colon, path = text.partition(":")
    return operation, path if colon else None


def _flag(name: str) -> bool:
    text = answers.single(name)
    if text not in (None, "0", "1", "true", "false"):
        raise QueryError(f"{name} is “{text}”, it may be 1 or 0")
    return text in ("1", "true")
