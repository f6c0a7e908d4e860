"""The board's page, the next cards of a lane, and what happens when a card is dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from dealwright import access, records
from dealwright.errors import ConflictError, DealwrightError, ForbiddenError, NotFoundError, QueryError, RecordError
from dealwright.fields.messages import speaking
from dealwright.records import read
from dealwright.web import board, i18n, notices, queries, refusals, story, visit
from dealwright.web.board import Asked, Grouping
from dealwright.web.i18n import gettext
from dealwright.web.wrong import Wrong, wrong

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work
    from dealwright.web.queries import Query


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/board", "board", show)
    pages.add_url_rule("/records/<entity_id>/<record_id>/drop", "drop", drop, methods=["POST"])


def show(entity_id: str) -> ResponseReturnValue:
    """Show the board; with ``lane`` and ``cursor`` only the next cards of a lane, for htmx."""
    with visit.reading() as work:
        opened = _asked(work, entity_id)
        entity, by, asked = opened.entity, opened.by, opened.asked
        cursor = request.args.get("cursor", "")
        lanes: tuple[board.Lane, ...] = ()
        fault: Wrong | None = None
        try:
            read.filter_condition(work, entity, asked.filter)  # by itself, so that places in it are told as typed
            if cursor:
                cards, more = board.next_cards(work, entity, by, asked, request.args.get("lane", ""), cursor)
                return render_template("board/cards.html", cards=cards, more=more, by=by, entity=entity)
            lanes = board.lanes(work, entity, by, asked)
        except QueryError as error:
            seen = access.rights(work.catalog, work.user, entity.id).seen()
            fault = wrong(work.catalog, entity, asked.filter, error, seen)
        page = render_template(
            "board/part.html" if visit.wants_part() else "board/page.html",
            entity=entity,
            plural=i18n.entity_plural(work.catalog, entity),
            lanes=lanes,
            by=by,
            offered=opened.offered,
            pipelines=_pipelines(work, entity),
            query=opened.query,
            mine=f'owner == "{work.user.id}"'
            if "owner" in access.rights(work.catalog, work.user, entity.id).seen()
            else "",
            wrong=fault,
            may_create=access.rights(work.catalog, work.user, entity.id).allows("create"),
            searchable=entity.display is not None,
            notice=notices.notice(),
        )
    return page, 200 if fault is None else 422, {"Vary": "HX-Request-Type"}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A board that a request is about."""

    entity: Entity
    offered: tuple[Grouping, ...]
    by: Grouping
    query: Query
    asked: Asked


def _asked(work: Work, entity_id: str) -> _Opened:
    access.demand(work.catalog, work.user, "read", entity_id)
    entity = work.catalog.entity(entity_id)
    query = queries.asked(work, entity, "board")
    offered = board.groupings(work, entity, query["pipeline"])
    if not offered:
        raise NotFoundError(f"{entity.plural} have no stages and no choices to make a board of")
    by = next((one for one in offered if one.field.id == query["by"]), offered[0])
    return _Opened(entity, offered, by, query, Asked(query["q"], query["filter"], query["sort"], query.address))


def _pipelines(work: Work, entity: Entity) -> list[tuple[str, str]]:
    if len(entity.pipelines) < 2:
        return []
    return [(one, i18n.pipeline_title(work.catalog, work.catalog.pipelines[one])) for one in entity.pipelines]


def drop(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Take a record to another lane, by the road of every change, and answer in JSON.

    Returns:
        200 with ``message``, the new ``card`` as HTML, and ``lanes``: key → ``count`` and ``total``. Refused: the status
        of the refusal, ``message``, ``problems`` (``message``, and ``url`` where it can be mended), and ``reason``:
        whether all it takes is a reason.
    """
    to, reason = request.form.get("to", ""), request.form.get("reason", "")
    with visit.reading() as work:
        opened = _asked(work, entity_id)
        entity, by, asked = opened.entity, opened.by, opened.asked
    try:
        with speaking(i18n.tag()):
            _take(entity, record_id, by, to, reason)
    except (ConflictError, RecordError, ForbiddenError, QueryError) as error:
        return _refused(entity, record_id, by, error), error.status
    with visit.reading() as work:
        after = board.totals(work, entity, by, asked)
        card = board.card(work, entity, by, records.fetch(work, entity_id, record_id))
        html = render_template("board/cards.html", cards=(card,), more="", by=by, entity=entity)
    counted = {key: {"count": count, "total": total} for key, (count, total) in after.items()}
    return jsonify(message=gettext("Moved"), card=html, lanes=counted)


def _take(entity: Entity, record_id: str, by: Grouping, to: str, reason: str) -> None:
    workspace, user, address = visit.workspace(), visit.user(), visit.address()
    if by.pipeline is not None:
        records.move(workspace, user, entity.id, record_id, to, reason=reason, address=address)
    else:
        records.save(workspace, user, entity.id, {by.field.id: to or None}, id=record_id, address=address)


def _refused(entity: Entity, record_id: str, by: Grouping, error: DealwrightError) -> Response:
    catalog = visit.catalog()
    edit = url_for("web.edit", entity_id=entity.id, record_id=record_id)
    reasons = {"/reason", f"/{by.pipeline.reason_field}"} if by.pipeline is not None else set()
    asks = [one for one in error.problems if one.pointer in reasons and one.code == "required"]
    found: list[dict[str, Any]] = []
    for message, field in story.refused(catalog, entity, error):
        if not any(one.message == message for one in asks):
            found.append({"message": message, "url": f"{edit}#f-{field}" if field else ""})
    return jsonify(message=refusals.told(error), problems=found, reason=bool(asks), url=edit)
