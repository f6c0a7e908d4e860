"""Saving what a browser sends, once: a change that waited for a connection carries a key, and may arrive a second time."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from flask import request

from dealwright import clock, records
from dealwright.errors import ConflictError, Problem, QueryError, RecordError
from dealwright.records import Change, Saved
from dealwright.storage import idempotency
from dealwright.web import csrf, visit
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Header of a request, and the longest key that is taken.
HEADER, _LONGEST = "Idempotency-Key", 200


def save(
    entity_id: str,
    data: Mapping[str, Any],
    *,
    id: str | None = None,  # noqa: A002 - the word of the API
    version: int | None = None,
) -> Saved:
    """Save a record as the person who asks; under a key that is known already, return what became of it then.

    Raises:
        DealwrightError: As :func:`records.save`; a key that came with another form before is refused.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return records.save(
            visit.workspace(), visit.user(), entity_id, data, id=id, version=version, address=visit.address()
        )
    if not 1 <= len(key) <= _LONGEST or not key.isprintable():
        raise QueryError(f"{HEADER} has {len(key)} characters; use 1 to {_LONGEST} printable ones")
    with visit.writing() as work:
        scope = f"{work.user.id}:form:{request.path}"
        begun = idempotency.begin(work.connection, scope, key, _digest(), clock.now())
        if begun.state == "done":
            return Saved(begun.answer["id"], begun.answer["version"], {}, created=id is None)
        if begun.state == "other":
            text = gettext("This was sent before with other content. Load the page and look at what is there.")
            raise RecordError(text, [Problem("", "key-reused", text)])
        if begun.state == "running":
            raise ConflictError(gettext("It is just being saved. Try again in a moment."))
        saved = records.save_one(work, entity_id, Change(data, id, version))
        idempotency.finish(work.connection, scope, key, 200, {"id": saved.id, "version": saved.version})
        return saved


def _digest() -> str:
    sent = sorted((name, value) for name, value in request.form.items(multi=True) if name != csrf.FIELD)
    return hashlib.sha256(json.dumps(sent).encode()).hexdigest()
