"""Suggestions on the page of a record: accepted, or dismissed with a reason, by plain forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request

from dealwright import records
from dealwright.errors import ConflictError, ForbiddenError, RecordError
from dealwright.fields.messages import speaking
from dealwright.web import i18n, record_pages, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

    from dealwright.records import Work


def register(pages: Blueprint) -> None:
    """Add the forms to the blueprint."""
    pages.add_url_rule("/suggestions/<identifier>/accept", "accept_suggestion", accept, methods=["POST"])
    pages.add_url_rule("/suggestions/<identifier>/dismiss", "dismiss_suggestion", dismiss, methods=["POST"])


def accept(identifier: str) -> ResponseReturnValue:
    """Do what a suggestion says, and show the record again."""
    return _decided(identifier, lambda work: records.accept(work, identifier))


def dismiss(identifier: str) -> ResponseReturnValue:
    """Dismiss a suggestion with a reason, and show the record again."""
    return _decided(identifier, lambda work: records.dismiss(work, identifier, request.form.get("reason", "")))


def _decided(identifier: str, act: Callable[[Work], object]) -> ResponseReturnValue:
    with visit.reading() as work:
        entity, record = records.suggested(work, identifier)
    try:
        with visit.writing() as work, speaking(i18n.tag()):
            act(work)
    except (RecordError, ConflictError, ForbiddenError) as error:
        return record_pages.shown_again(entity, record, error)
    return record_pages.onward(entity, record)
