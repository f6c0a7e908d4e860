"""One request of a person: who it is, the catalog it sees, and a transaction to read in.

begin      finds the session and the catalog, or sends to the sign-in
reading    a read transaction for the page, as that person
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from flask import current_app, g, redirect, request, url_for

from dealwright import access, clock
from dealwright.fields.messages import speaking
from dealwright.records import Work, Workspace
from dealwright.web import cookies, csrf, i18n

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Response

    from dealwright.access import User
    from dealwright.metadata.catalog import Catalog

#: Seconds between two notes that a session is in use, and how many sessions a process remembers for that.
_NOTED, _REMEMBERED = 600.0, 10_000
#: Pages for people who are not signed in.
OPEN = frozenset({"web.sign_in", "web.language", "web.approval_mail", "web.approval_mail_decide"})
#: What an open page asks by itself: it keeps no session alive.
_BY_ITSELF = frozenset({"web.changes", "web.unread"})
#: Pages that know nobody, whoever is signed in.
STRANGERS = frozenset({"web.intake", "web.intake_send"})
#: Pages whose posts come back to a form.
_FORMS = frozenset({"web.new", "web.edit"})


def workspace() -> Workspace:
    """Return the workspace that this application serves."""
    return cast("Workspace", current_app.extensions["dealwright"])


def user() -> User:
    """Return who is signed in; only after :func:`begin` let the request through."""
    return cast("User", g.user)


def catalog() -> Catalog:
    """Return the catalog that this request began with."""
    return cast("Catalog", g.catalog)


def address() -> str:
    """Return where the request came from, for limits and the audit log."""
    return request.remote_addr or ""


def begin() -> Response | None:
    """Find out who asks; refuse a forged post; send who is not signed in to the sign-in.

    Raises:
        ForbiddenError: If the request changes something and does not come from a page of ours.
    """
    recognise()
    csrf.check()
    secret = cookies.session_secret()
    if g.user is not None and secret and request.endpoint not in _BY_ITSELF:
        _note_use(secret)
    if g.user is None and request.endpoint not in OPEN:
        return to_sign_in()
    return None


def recognise() -> None:
    """Find out who asks, and in which catalog, and nothing more."""
    secret = cookies.session_secret()
    g.begun = clock.now()
    with workspace().database.read() as connection:
        g.catalog = workspace().catalog(connection)
        g.user = access.session_user(connection, g.catalog, secret) if secret else None


def _note_use(secret: str) -> None:
    """Keep a session that is used from running out, with one write in ten minutes."""
    now = clock.elapsed()
    noted = current_app.extensions.setdefault("dealwright.sessions", OrderedDict())
    if now - noted.get(secret, -_NOTED) >= _NOTED:
        noted[secret] = now
        noted.move_to_end(secret)
        while len(noted) > _REMEMBERED:
            noted.popitem(last=False)
        access.touch(workspace(), secret)


def to_sign_in() -> Response:
    """Send to the sign-in page, which leads back here where that makes sense."""
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    if request.endpoint in _FORMS:
        here = request.path  # the form again: what was typed lies in the browser
    target = url_for("web.sign_in", next=here if here != "/" else None)
    if request.headers.get("HX-Request"):
        response = cast("Response", current_app.response_class(status=204))
        response.headers["HX-Redirect"] = target
        return response
    return redirect(target, 303)


def wants_part() -> bool:
    """Tell whether htmx asks for a part of a page; going back in the history it asks for the whole."""
    return request.headers.get("HX-Request-Type") == "partial"


@contextmanager
def reading() -> Iterator[Work]:
    """Open a read transaction as the person who asks, in the language of the page."""
    with workspace().database.read() as connection, speaking(i18n.tag()):
        yield Work(workspace(), connection, user(), address=address())


@contextmanager
def reading_as(who: User) -> Iterator[Work]:
    """Open a read transaction as somebody who is not signed in."""
    with workspace().database.read() as connection, speaking(i18n.tag()):
        yield Work(workspace(), connection, who, address=address())


@contextmanager
def writing() -> Iterator[Work]:
    """Open a write transaction as the person who asks, in the language of the page."""
    with workspace().database.write() as connection, speaking(i18n.tag()):
        yield Work(workspace(), connection, user(), address=address())
