"""Trying a draft: a form as a role would meet it, a condition on live records, and what would have been decided otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from dealwright import records
from dealwright.conditions.scope import USES
from dealwright.errors import DealwrightError, NotFoundError
from dealwright.fields.messages import speaking
from dealwright.storage import trial
from dealwright.web import builder, i18n, record_pages, sentences, visit
from dealwright.web.i18n import gettext
from dealwright_admin import publishing, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, opened

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

    from dealwright.packs.drafts import Opened

#: Records that are named of those that a condition finds.
_NAMED = 8


class Trying(DraftPage):
    """What a draft would be like; nothing is ever written."""

    @exposed("/<draft>/entities/<entity>/preview/", methods=("GET", "POST"))
    def preview_view(self, draft: str, entity: str) -> ResponseReturnValue:
        """Show the form of a new record as a role would meet it, laid out as in ``stage``; judge what is posted."""
        found = opened(draft)
        role = request.args.get("role", "")
        if entity not in found.catalog.entities or role not in found.catalog.roles:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=f"{entity} {role}"[:80]))
        user = replace(visit.user(), roles=(role,))
        with visit.workspace().database.read() as connection, speaking(i18n.tag()):
            under = trial.of(found.catalog, visit.catalog())
            work = records.Work(visit.workspace(), connection, user, catalog=under)
            whose = words.document(found.catalog, "role", role)
            return record_pages.previewed(work, entity, whose, stage=request.args.get("stage", "")), 200

    @exposed("/<draft>/try/")
    def try_view(self, draft: str) -> ResponseReturnValue:
        """Count the records for which a condition holds now, and name some; ``from`` is the input that it stands in."""
        found = opened(draft)
        entity = request.args.get("entity", "")
        source = request.args.get(request.args.get("from", ""), "").strip()
        try:
            with visit.workspace().database.read() as connection, speaking(i18n.tag()):
                told = _matching(connection, found, entity, source)
        except DealwrightError as error:
            said = sentences.every(error)
            return self.shown("tried.html", found, refusal=said, told=None, entity=entity), 200
        return self.shown("tried.html", found, refusal=None, told=told, entity=entity), 200

    @exposed("/<draft>/conditions/")
    def condition_view(self, draft: str) -> ResponseReturnValue:
        """Answer the visual builder about a condition (:func:`dealwright.web.builder.answer`) by the draft's definitions."""
        found, asked = opened(draft), request.args
        if asked.get("use") not in USES:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=asked.get("use", "")[:80]))
        names = builder.Names(
            found.catalog,
            asked.get("entity", ""),
            asked["use"],
            namespace=asked.get("space", ""),
            rows=asked.get("rows") or None,
            record=asked.get("record") or None,
        )
        return jsonify(builder.answer(names, asked)), 200

    @exposed("/<draft>/effect/")
    def effect_view(self, draft: str) -> ResponseReturnValue:
        """Show what would have been decided otherwise under the draft."""
        found = opened(draft)
        since = request.args.get("since", "P90D")
        since = since if since in publishing.PERIODS else "P90D"
        decisions: list[dict[str, Any]] = []
        if not found.examined.problems:
            with visit.workspace().database.read() as connection:
                work = records.Work(visit.workspace(), connection, visit.user(), catalog=visit.catalog())
                diff = records.compared(work, found.catalog, records.beginning(since, work.now))
                decisions = publishing.decided(found.catalog, diff)
        page = self.shown("effect.html", found, decisions=decisions, period=publishing.period(since))
        return page, 200


def _matching(connection: Connection, found: Opened, entity: str, source: str) -> dict[str, Any]:
    """Return how many records meet a condition, of how many, and the first of them."""
    live = visit.catalog()
    if entity not in live.entities:
        return {"count": 0, "of": 0, "some": []}
    work = records.Work(visit.workspace(), connection, visit.user(), catalog=trial.of(found.catalog, live))
    everything = records.page(work, entity, size=1, count=True)
    page = records.page(work, entity, filter=source or None, size=_NAMED, count=True)
    display = work.catalog.entity(entity).display or "id"
    return {
        "count": page.count,
        "of": everything.count,
        "some": [(str(one["id"]), str(one.get(display) or one["id"])) for one in page.items],
    }
