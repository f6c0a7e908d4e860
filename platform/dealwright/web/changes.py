"""The way on which open pages learn that something they show has changed, and the count at the bell.

``GET /changes?of=NAMES&since=MOMENT`` answers a browser's ``EventSource`` with a stream of server-sent events where the
web server can hand a connection over (else 204, which tells it not to come again), and everybody else with JSON:
``{"at": moment to ask with next, "of": [names], "spread": milliseconds}``; ``of`` is null where nobody can tell any more
what happened since, so that the page looks for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, current_app, g, jsonify, request

from dealwright import clock
from dealwright.web import cookies, notifications, visit
from dealwright.web.pulse import BEAT, HOLD, Pulse, message, told, watched

if TYPE_CHECKING:
    import socket

    from flask.typing import ResponseReturnValue

#: Milliseconds after which a browser that has lost its connection comes again.
_AGAIN = 4000


def register(pages: Blueprint) -> None:
    """Add the addresses to the blueprint."""
    pages.add_url_rule("/changes", "changes", changes)
    pages.add_url_rule("/notifications/unread", "unread", unread)


def pulse() -> Pulse:
    """Return what follows the log for this application."""
    found = current_app.extensions.get("dealwright.pulse")
    if found is None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        made = Pulse(lambda: app.extensions["dealwright"])
        found = current_app.extensions.setdefault("dealwright.pulse", made)
    return cast("Pulse", found)


def since() -> int:
    """Return the moment that a page asks with: when its request began, so that it misses nothing; in milliseconds."""
    pulse().begin()
    return int(g.get("begun", clock.now()).timestamp() * 1000)


def changes() -> ResponseReturnValue:
    """See the module."""
    names = watched(request.args.get("of", ""))
    moment = _moment(request.headers.get("Last-Event-ID") or request.args.get("since", ""))
    stream = "text/event-stream" in request.headers.get("Accept", "")
    secret = cookies.session_secret() or ""
    hold = request.environ.get(HOLD)
    here = pulse()
    if stream and (hold is None or not names or not here.room(secret)):
        return "", 204
    here.look(BEAT)
    at, touches = here.since(moment)
    of = names
    if touches is not None:
        with visit.reading() as work:
            (of,) = told(work, touches, [(work.user, names)])
    if not stream:
        return jsonify(at=at, of=None if touches is None else sorted(of), spread=here.spread())

    def taken(connection: socket.socket, *, chunked: bool) -> None:
        here.hold(connection, names, secret, chunked=chunked)

    hold(taken)  # type: ignore[misc]
    first = message(at, of, here.spread()) if of else ""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(iter((f"retry: {_AGAIN}\n\n{first}",)), mimetype="text/event-stream", headers=headers)


def unread() -> ResponseReturnValue:
    """Return how many notifications wait, and the title of the newest: for the bell of an open page."""
    with visit.reading() as work:
        newest = notifications.newest(work)
    answer: dict[str, Any] = {"unread": notifications.unread(), "newest": newest}
    return jsonify(answer)


def _moment(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
