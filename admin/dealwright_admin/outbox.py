"""Messages that leave the platform: what waits, what arrived, what was given up; sent again or skipped here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from flask_babel import lazy_gettext

from dealwright import clock
from dealwright.errors import QueryError
from dealwright.storage import audit, outbox
from dealwright.web import visit
from dealwright_admin.console import MOST, Listing, Row, exposed, posted_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection


class Outbox(Listing):
    """The outbox."""

    column_list = ("at", "channel", "target", "state", "attempts", "last_error")
    column_labels = {
        "at": lazy_gettext("At"),
        "channel": lazy_gettext("Channel"),
        "target": lazy_gettext("To"),
        "state": lazy_gettext("State"),
        "attempts": lazy_gettext("Attempts"),
        "last_error": lazy_gettext("Last fault"),
    }
    searched = ("id", "channel", "target", "state", "record")
    sorted_by = ("state", "channel", "target")
    #: What can be done to the rows that are ticked: value of the button → label.
    bulk = (("replay", lazy_gettext("Send again")), ("skip", lazy_gettext("Skip")))

    def rows(self, connection: Connection) -> list[Row]:
        """Return the newest messages."""
        return list(outbox.latest(connection, limit=MOST))

    @exposed("/do/", methods=("POST",))
    def do_view(self) -> ResponseReturnValue:
        """Send messages again that were given up or skipped, or skip them.

        Raises:
            QueryError: If the post asks for something else.
        """
        actions: dict[str, Callable[..., int]] = {"replay": outbox.replay, "skip": outbox.skip}
        name, ids = request.form.get("do", ""), posted_ids()
        if name not in actions:
            raise QueryError(f"“{name[:40]}” cannot be done to messages; use replay or skip")
        data: dict[str, Any] = {"ids": ids, "by": visit.user().by}
        with visit.workspace().database.write() as connection:
            data["changed"] = actions[name](connection, ids, clock.now())
            audit.append(
                connection,
                action=f"outbox.{name}",
                actor=visit.user().id,
                at=clock.now(),
                data=data,
                address=visit.address(),
            )
        return self.back()
