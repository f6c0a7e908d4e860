"""What happened and what was decided, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request
from flask_babel import lazy_gettext

from dealwright.storage import audit, decisions, events
from dealwright.web import visit
from dealwright.web.i18n import gettext
from dealwright_admin.console import MOST, Listing, Row

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Events(Listing):
    """The event log."""

    column_list = ("at", "type", "entity", "record", "actor", "version")
    column_labels = {
        "at": lazy_gettext("At"),
        "type": lazy_gettext("Type"),
        "entity": lazy_gettext("Entity"),
        "record": lazy_gettext("Record"),
        "actor": lazy_gettext("By"),
        "version": lazy_gettext("Version"),
        "id": lazy_gettext("Id"),
        "data": lazy_gettext("Data"),
        "rule": lazy_gettext("Rule"),
        "cause": lazy_gettext("Cause"),
        "revision": lazy_gettext("Revision"),
    }
    searched = ("id", "type", "entity", "record", "actor")

    def rows(self, connection: Connection) -> list[Row]:
        """Return the newest events."""
        return list(events.latest(connection, limit=MOST))

    def row(self, connection: Connection, identifier: str) -> Row | None:
        """Return any event."""
        return events.get(connection, identifier)


class Audit(Listing):
    """What people did that is no change of a record, and whether the chain of entries is whole."""

    key = "seq"
    column_list = ("at", "action", "subject", "actor", "address")
    column_labels = {
        "at": lazy_gettext("At"),
        "action": lazy_gettext("Action"),
        "subject": lazy_gettext("Subject"),
        "actor": lazy_gettext("By"),
        "address": lazy_gettext("Address of the network"),
        "data": lazy_gettext("Data"),
        "seq": lazy_gettext("Number"),
        "digest": lazy_gettext("Digest"),
        "previous": lazy_gettext("Digest before"),
    }
    searched = ("action", "subject", "actor", "address")

    def rows(self, connection: Connection) -> list[Row]:
        """Return the newest entries."""
        return list(audit.latest(connection, limit=MOST))

    def state(self) -> str:
        """Say whether every entry is what it was when it was written, where that is asked: it reads the whole log."""
        if not request.args.get("check"):
            return ""
        with visit.workspace().database.read() as connection:
            broken = audit.verify(connection)
        if broken is None:
            return gettext("The chain is whole: no entry was changed or removed.")
        return gettext("The chain is broken at entry %(n)s: it or one before was changed or removed.", n=broken)


class Decisions(Listing):
    """What rules decided, and what they looked at."""

    column_list = ("at", "rule", "fired", "mode", "entity", "record")
    column_labels = {
        "at": lazy_gettext("At"),
        "rule": lazy_gettext("Rule"),
        "fired": lazy_gettext("Fired"),
        "mode": lazy_gettext("Mode"),
        "entity": lazy_gettext("Entity"),
        "record": lazy_gettext("Record"),
        "id": lazy_gettext("Id"),
        "event": lazy_gettext("Event"),
        "rule_version": lazy_gettext("Version of the rule"),
        "revision": lazy_gettext("Revision"),
        "facts": lazy_gettext("Facts"),
        "truth": lazy_gettext("Truth"),
        "window": lazy_gettext("Window"),
        "result": lazy_gettext("Result"),
    }
    searched = ("id", "rule", "entity", "record")

    def rows(self, connection: Connection) -> list[Row]:
        """Return the newest decisions."""
        return list(decisions.latest(connection, limit=MOST))

    def row(self, connection: Connection, identifier: str) -> Row | None:
        """Return any decision."""
        return decisions.get(connection, identifier)
