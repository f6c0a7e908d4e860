"""The checklist on the page of a record: what is to be done in its stage, ticked off with a note or a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from dealwright import records
from dealwright.errors import ConflictError, RecordError
from dealwright.fields.messages import speaking
from dealwright.web import i18n, record_pages, visit

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


def register(pages: Blueprint) -> None:
    """Add the page to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/<record_id>/checklist", "tick", tick, methods=["POST"])


def tick(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Tick an item off, or take that back, and show the record again."""
    form = request.form
    given: dict[str, Any] = {"id": form.get("id", ""), "done": form.get("done") != "0"}
    given.update({name: form[name] for name in ("stage", "note") if form.get(name, "").strip()})
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        given["file"] = records.upload(visit.workspace(), visit.user(), sent.stream, sent.filename)["id"]
    try:
        with visit.writing() as work, speaking(i18n.tag()):
            records.tick(work, entity_id, record_id, [given])
    except (RecordError, ConflictError) as error:
        return record_pages.shown_again(entity_id, record_id, error)
    return record_pages.onward(entity_id, record_id)
