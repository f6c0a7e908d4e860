"""A workspace with an entity of every field type, and people to sign in: for tests of the pages."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dealwright import access, clock, packs
from dealwright.app import create_app
from dealwright.records import Saved, Work, Workspace, add_user, approving, save
from dealwright.storage import Database, approval_links, approvals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PACK = Path(__file__).parent / "web" / "packs" / "page_fields"
PASSWORD = "four words of a test"
#: May do everything; may see and change things, but not every field; has no role.
ADMIN, CLERK, GUEST = "ada@example.com", "carl@example.com", "gus@example.com"
SETTINGS = {"zone": "Asia/Shanghai", "locale": "en", "currency": "CNY"}


@contextmanager
def workspace(url: str, folder: Path) -> Iterator[Workspace]:
    """A workspace on a migrated database, with the pack of the tests and three people."""
    with Database(url) as database:
        packs.install(database, [packs.read(PACK)], reason="test", settings=SETTINGS)
        made = Workspace(database, folder)
        add_user(made, ADMIN, "Ada Berg", PASSWORD, [access.ADMIN_ROLE])
        add_user(made, CLERK, "Carl Neu", PASSWORD, ["t.clerk"])
        add_user(made, GUEST, "Gus", PASSWORD, [])
        yield made


def sessions(made: Workspace) -> dict[str, str]:
    """Sign everybody in, once for all tests that begin with a copy: checking a password is slow on purpose."""
    return {email: access.sign_in(made, email, PASSWORD)[0] for email in (ADMIN, CLERK, GUEST)}


def copied(template: Path, to: Path) -> str:
    """Return the address of a copy of a finished SQLite workspace: quicker than making another."""
    shutil.copy(template, to)
    return f"sqlite:///{to}"


def app(made: Workspace) -> Flask:
    """The application, with faults raised instead of answered."""
    served = create_app(made)
    served.testing = True
    return served


def thing(made: Workspace, **data: Any) -> Saved:
    """Save a thing as the operator."""
    return save(made, access.operator(), "t.thing", {"name": "A thing", **data})


def deal(made: Workspace, **data: Any) -> Saved:
    """Save a deal as the operator."""
    return save(made, access.operator(), "t.deal", {"name": "A deal", **data})


def lease(made: Workspace, **data: Any) -> Saved:
    """Save a lease, of which there are two pipelines, as the operator."""
    return save(made, access.operator(), "t.lease", {"name": "A lease", **data})


def asked(made: Workspace, signed_in: Mapping[str, str], deal_id: str) -> str:
    """Let the administrator ask for an approval of a deal and the clerk approve first; return the deal's id."""
    with made.database.write() as connection:
        catalog = made.catalog(connection)
        ada, carl = (access.session_user(connection, catalog, signed_in[email]) for email in (ADMIN, CLERK))
        assert ada is not None and carl is not None
        comment = "The customer decides on Friday."
        one = approving.request(Work(made, connection, ada), "t.budget", "t.deal", deal_id, comment=comment)
        approving.decide(Work(made, connection, carl), one, "approved", comment="Fine with me")
    return deal_id


def linked(made: Workspace, record: str) -> str:
    """Return the secret of a link by which whoever is asked about a record now can decide from a mail."""
    secret = clock.secret()
    with made.database.write() as connection:
        (row,) = approvals.rows(connection, [record], state="open")
        seat = next(one for one in approvals.get(connection, [row.id])[row.id].seats if one["state"] == "asked")
        now = clock.now()
        digest, ends = access.digest(secret), now + timedelta(days=7)
        approval_links.add(connection, approval_links.Link(digest, row.id, seat["number"], seat["user"], now, ends))
    return secret


def token(response: TestResponse) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="csrf-token" content="(\w+)"', response.text)
    assert found is not None
    return found[1]


def text(response: TestResponse) -> str:
    """Return what a person reads on a page: without tags, in one line."""
    bare = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.text, flags=re.DOTALL)
    for name, character in (("&#39;", "'"), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"')):
        bare = bare.replace(name, character)
    return " ".join(bare.split())


class Person:
    """Somebody with a browser that knows no scripts."""

    def __init__(self, served: Flask, session: str | None = None) -> None:
        """Begin with a session of :func:`sessions`, or as somebody who is not signed in."""
        self.client: FlaskClient = served.test_client()
        if session is not None:
            self.client.set_cookie("dw_session", session)
        self.token = token(self.get("/nowhere" if session is not None else "/sign-in"))

    def get(self, address: str, **headers: str) -> TestResponse:
        """Open a page."""
        return self.client.get(address, headers=headers, buffered=True)

    def post(self, address: str, data: dict[str, Any], **headers: str) -> TestResponse:
        """Send a form of ours."""
        return self.client.post(address, data={"csrf_token": self.token, **data}, headers=headers)
