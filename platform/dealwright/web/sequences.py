"""Sequences on the page of a record: started, gone on with and ended by plain forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, request

from dealwright import records
from dealwright.errors import ConflictError, NotFoundError
from dealwright.fields.messages import speaking
from dealwright.web import i18n, record_pages, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask.typing import ResponseReturnValue

#: What a button of the page does.
_DO: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {
    "start": records.start_sequence,
    "advance": records.advance_sequence,
    "stop": records.stop_sequence,
}


def register(pages: Blueprint) -> None:
    """Add the form to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/<record_id>/sequences", "sequence", change, methods=["POST"])


def change(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Start a sequence for a record, do its next step, or end it, as the button says; show the record again."""
    doing = next((name for name in _DO if name in request.form), None)
    if doing is None:
        raise NotFoundError("the button is none of this page")
    try:
        with visit.writing() as work, speaking(i18n.tag()):
            _DO[doing](work, entity_id, record_id, request.form[doing])
    except ConflictError as error:
        return record_pages.shown_again(entity_id, record_id, error)
    return record_pages.onward(entity_id, record_id)
