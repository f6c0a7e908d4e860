"""The real application with people of every kind before it: what the tests of access and security ask their questions of."""

from __future__ import annotations

import hmac
import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dealwright import access, clock, records
from dealwright.access.sign_in import digest
from dealwright.app import create_app
from dealwright.records import Work, approving
from dealwright.storage import accounts, suggestions
from worlds import made, person, team

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from sqlalchemy import Connection
    from werkzeug.test import TestResponse

    from dealwright.access import User
    from dealwright.records import Saved, Workspace

#: A text that stands in cells only. Whoever sees it has seen a record.
CANARY = "Kestrel7Q"
#: The kinds of visitors that are nobody: without a key, with one that is dead, and with one of somebody who has left.
NOBODIES = ("nobody", "revoked", "expired", "garbled", "gone")


@dataclass(frozen=True)
class Visitor:
    """Somebody with an API token and a session of the browser; either may be dead, or missing."""

    token: str | None
    session: str | None

    def headers(self, address: str) -> dict[str, str]:
        """Return what this visitor sends with a request to an address: a token to the API, a cookie to pages."""
        if address.startswith("/api/"):
            return {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if not self.session:
            return {}
        token = hmac.new(self.session.encode(), b"dealwright form", sha256).hexdigest()
        return {"Cookie": f"dw_session={self.session}", "X-CSRF-Token": token}


@dataclass
class Site:
    """A served workspace.

    Attributes:
        people: Users by name; ``ada`` owns the deal, ``bo`` is of another team, ``gus`` has a role without grants,
            ``root`` may do everything.
        visitors: The same with keys in hand, and the nobodies.
        names: What addresses in tables stand for: ``deal``, ``account``, ``decision``, ``approval`` (ada's, of the deal),
            ``suggestion`` (about the deal).
    """

    workspace: Workspace
    app: Flask
    people: dict[str, User] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def ask(
        self,
        who: str,
        method: str,
        address: str,
        body: Any = None,
        *,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> TestResponse:
        """Send one request as somebody; ``body`` goes as JSON, ``form`` as a form, ``raw`` as JSON untouched."""
        sent = {**self.visitors[who].headers(address), **(headers or {})}
        options: dict[str, Any] = {}
        if form is not None:
            options["data"] = form
        elif body is not None or raw is not None:
            options["data"] = raw if raw is not None else json.dumps(body, default=str)
            options["content_type"] = sent.pop("Content-Type", "application/json")
        return self.app.test_client(use_cookies=False).open(
            address, method=method, headers=sent, buffered=True, **options
        )


def opened(workspace: Workspace) -> Site:
    """Return the application of a workspace with the small world of ``worlds``, its people and one deal."""
    app = create_app(workspace)
    site = Site(workspace, app)
    east, west = team(workspace, "East"), team(workspace, "West")
    for name, roles, its_team in (
        ("ada", ["t.rep"], east),
        ("bo", ["t.rep"], west),
        ("gus", ["t.guest"], west),
        ("root", [access.ADMIN_ROLE], west),
    ):
        site.people[name] = person(workspace, name.title(), roles, team=its_team)
    _keys(site)
    account = made(workspace, "t.account", name=f"{CANARY} account", region="east", code="A1")
    data = {"name": f"{CANARY} deal", "account": account, "amount": "100", "win": "80", "code": "D1"}
    deal = records.save(workspace, site.people["ada"], "t.deal", data)
    file = records.upload(workspace, site.people["ada"], io.BytesIO(f"{CANARY} deal".encode()), "secret.txt")
    with workspace.database.write() as connection:
        approval = approving.request(Work(workspace, connection, site.people["ada"]), "t.consent", "t.deal", deal.id)
        suggestion = _suggestion(connection, deal)
    site.names = {
        "suggestion": suggestion,
        "approval": approval,
        "file": file["id"],
        "account": account,
        "deal": deal.id,
        "decision": deal.decisions[0],
        "ada": site.people["ada"].id or "",
    }
    return site


def _suggestion(connection: Connection, deal: Saved) -> str:
    """Return the id of a suggestion about the deal that does nothing when it is accepted."""
    one = suggestions.Suggestion(
        clock.new_id(), "t.deal", deal.id, "t.tier_a", 0, deal.decisions[0], clock.now(),
        "", "Call", f"{CANARY} waits", {}, ["name"], None, None,
    )  # fmt: skip
    suggestions.put(connection, [one])
    return one.id


def _keys(site: Site) -> None:
    now = clock.now()
    lee = person(site.workspace, "Lee", [access.ADMIN_ROLE])
    with site.workspace.database.write() as connection:
        for name, user in site.people.items():
            site.visitors[name] = Visitor(
                access.new_token(connection, user.id, "test"), _session(connection, user, now + timedelta(days=1))
            )
        ada = site.people["ada"]
        late = access.new_token(connection, ada.id, "late", expires_at=now - timedelta(seconds=1))
        dead = access.new_token(connection, ada.id, "dead")
        for one in accounts.tokens(connection, ada.id):
            if one["title"] == "dead":
                accounts.revoke_token(connection, one["id"], now)
        ended = _session(connection, ada, now + timedelta(days=1))
        accounts.end_session(connection, digest(ended))
        site.visitors["gone"] = Visitor(
            access.new_token(connection, lee.id, "test"), _session(connection, lee, now + timedelta(days=1))
        )
        site.visitors["nobody"] = Visitor(None, None)
        site.visitors["revoked"] = Visitor(dead, ended)
        site.visitors["expired"] = Visitor(late, _session(connection, ada, now - timedelta(seconds=1)))
        site.visitors["garbled"] = Visitor("dw_" + "x" * 43, "x" * 43)
    with site.workspace.database.write() as connection:
        records.archive(Work(site.workspace, connection, access.operator()), "base.user", lee.id)


def _session(connection: Any, user: User, expires: Any) -> str:
    secret = clock.secret()
    accounts.begin_session(connection, digest(secret), user.id, clock.now(), expires, "127.0.0.1", "test")
    return secret
