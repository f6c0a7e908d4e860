"""Saved views of lists and boards on pages: saving, changing and removing one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, redirect, request, url_for

from dealwright import records
from dealwright.web import visit
from dealwright.web.queries import KEPT

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/views", "list_view", keep, methods=["POST"])


def keep(entity_id: str) -> ResponseReturnValue:
    """Save the list or board at ``address`` as a view (``do`` is ``new`` or ``update``), or ``remove`` one; open it then."""
    form = request.form
    query = {
        name: values[0]
        for name, values in parse_qs(urlsplit(form.get("address", "")[:8000]).query).items()
        if name in KEPT
    }
    board = form.get("shape") == "board"
    if board:
        query["shape"] = "board"
    endpoint = "web.board" if board else "web.records"
    with visit.writing() as work:
        if form.get("do") == "remove":
            records.remove_list_view(work, entity_id, form.get("id", ""))
            return redirect(url_for(endpoint, entity_id=entity_id, notice="done"), 303)
        audience = "everyone" if form.get("audience") == "everyone" else "private"
        changed = form.get("id") if form.get("do") == "update" else None
        view = records.keep_list_view(
            work, entity_id, form.get("title", ""), query, audience=audience, id=changed or None
        )
    return redirect(url_for(endpoint, entity_id=entity_id, view=view.id, notice="saved"), 303)
