"""The work in the background: jobs, timers, and rules that are switched off; run anew, given up, switched on again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from flask_babel import lazy_gettext

from dealwright import records
from dealwright.errors import QueryError
from dealwright.records import operations
from dealwright.storage import measures, queue
from dealwright.web import visit
from dealwright_admin.console import MOST, Listing, Row, exposed, posted_ids

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection


class Jobs(Listing):
    """Jobs of the workers, the latest first, without what they work on."""

    column_list = ("at", "kind", "state", "error", "worker")
    column_labels = {
        "at": lazy_gettext("At"),
        "kind": lazy_gettext("Kind"),
        "state": lazy_gettext("State"),
        "error": lazy_gettext("Last fault"),
        "worker": lazy_gettext("Worker"),
        "id": lazy_gettext("Id"),
    }
    column_details_list = ("at", "kind", "state", "error", "worker", "id")
    searched = ("id", "kind", "state", "error")
    sorted_by = ("kind", "state")
    #: What can be done to jobs that gave up.
    bulk = (("replay", lazy_gettext("Run anew")), ("skip", lazy_gettext("Give up")))

    def rows(self, connection: Connection) -> list[Row]:
        """Return the latest jobs."""
        found = queue.jobs(visit.workspace().database, limit=MOST)
        return [
            {"id": j.id, "kind": j.kind, "state": j.state, "error": j.error, "at": j.at, "worker": j.worker}
            for j in found
        ]

    @exposed("/do/", methods=("POST",))
    def do_view(self) -> ResponseReturnValue:
        """Run dead jobs anew, or give them up; the audit log says who did it.

        Raises:
            QueryError: If the post asks for something else.
            NotFoundError, ConflictError: If one is not there, or not dead; then nothing is done.
        """
        name, ids = request.form.get("do", ""), posted_ids()
        if name not in ("replay", "skip"):
            raise QueryError(f"“{name[:40]}” cannot be done to jobs; use replay or skip")
        with visit.reading() as work:
            for identifier in ids:
                operations.demand_dead(work, identifier)
        with visit.writing() as work:
            for identifier in ids:
                operations.note_job(work, name, identifier)
        # After the commit: the job library has a connection of its own.
        for identifier in ids:
            (queue.replay if name == "replay" else queue.skip)(visit.workspace().database, identifier)
        return self.back()


class Timers(Listing):
    """Moments that records wait for, the longest due first."""

    column_list = ("due_at", "name", "entity", "record")
    column_labels = {
        "due_at": lazy_gettext("Due"),
        "name": lazy_gettext("Timer"),
        "entity": lazy_gettext("Entity"),
        "record": lazy_gettext("Record"),
        "id": lazy_gettext("Id"),
    }
    column_details_list = ("due_at", "name", "entity", "record", "id")
    searched = ("name", "entity", "record")

    def rows(self, connection: Connection) -> list[Row]:
        """Return the timers that are due next."""
        return list(measures.next_timers(connection, MOST))


class Switched(Listing):
    """Rules that the breaker or an administrator has switched off."""

    key = "rule"
    column_list = ("rule", "at", "why", "by", "in_force")
    column_labels = {
        "rule": lazy_gettext("Rule"),
        "at": lazy_gettext("Since"),
        "why": lazy_gettext("Why"),
        "by": lazy_gettext("By"),
        "in_force": lazy_gettext("In force"),
    }
    searched = ("rule", "why")
    bulk = (("on", lazy_gettext("Switch on again")),)

    def rows(self, connection: Connection) -> list[Row]:
        """Return the rules that are off."""
        with visit.reading() as work:
            return [_by(one) for one in records.rules_off(work)]

    @exposed("/do/", methods=("POST",))
    def do_view(self) -> ResponseReturnValue:
        """Switch rules on again; the audit log says who did it.

        Raises:
            QueryError: If the post asks for something else.
            NotFoundError: If one is neither off nor there; then nothing is done.
        """
        name = request.form.get("do", "")
        if name != "on":
            raise QueryError(f"“{name[:40]}” cannot be done to rules; use on")
        with visit.writing() as work:
            for rule in posted_ids():
                records.switch_rule(work, rule, on=True)
        return self.back()


def _by(one: dict[str, Any]) -> dict[str, Any]:
    """Return a row in which ``actor`` is who did it, so that he is called by his name."""
    return {**one, "actor": one["by"], "by": one["by"]}
