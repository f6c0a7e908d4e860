"""Following a record on its page: the bell beside its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request

from dealwright.records import following
from dealwright.web import record_pages, visit

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


def register(pages: Blueprint) -> None:
    """Add the page to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/<record_id>/follow", "follow", follow, methods=["POST"])


def follow(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Follow the record, or with ``do`` = ``stop`` no longer, and show it again."""
    with visit.writing() as work:
        if request.form.get("do") == "stop":
            following.unfollow(work, entity_id, record_id)
        else:
            following.follow(work, entity_id, record_id)
    return record_pages.onward(entity_id, record_id)
