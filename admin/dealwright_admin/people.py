"""Users and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for
from flask_babel import lazy_gettext

from dealwright import access, clock
from dealwright.errors import ConflictError, Problem, RecordError
from dealwright.fields.messages import speaking
from dealwright.records.people import add_user
from dealwright.storage import accounts, audit
from dealwright.web import i18n, sentences, visit
from dealwright.web.i18n import gettext
from dealwright_admin.console import Listing, Row, exposed

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection


class Users(Listing):
    """Who may sign in: added, given roles, disabled here."""

    can_create = True
    column_list = ("name", "email", "roles", "state", "signed_in_at")
    column_labels = {
        "name": lazy_gettext("Name"),
        "email": lazy_gettext("E-mail"),
        "roles": lazy_gettext("Roles"),
        "state": lazy_gettext("State"),
        "signed_in_at": lazy_gettext("Last sign-in"),
    }
    searched = ("name", "email")
    sorted_by = ("name", "email", "signed_in_at")
    key = "user"

    def rows(self, connection: Connection) -> list[Row]:
        """Return every account."""
        return [dict(one) for one in accounts.everybody(connection, visit.catalog(), limit=10_000)]

    @exposed("/new/", methods=("GET", "POST"))
    def create_view(self) -> ResponseReturnValue:
        """Show the form of a new user, or add the user."""
        if request.method == "GET":
            return self._form({}, (), ()), 200
        typed = {name: request.form.get(name, "").strip() for name in ("name", "email")}
        roles = [role for role in request.form.getlist("roles") if role]
        try:
            with speaking(i18n.tag()):
                add_user(
                    visit.workspace(),
                    typed["email"],
                    typed["name"],
                    request.form.get("password") or None,
                    roles,
                    by=visit.user(),
                )
        except (RecordError, ConflictError) as error:
            problems = error.problems or (Problem("", error.code, error.detail),)
            return self._form(typed, roles, problems), error.status
        return self.back()

    def _form(self, typed: dict[str, str], roles: Any, problems: Any) -> str:
        return str(
            self.render(
                "dealwright_admin/user_new.html",
                typed=typed,
                chosen=roles,
                roles=_roles(),
                errors={problem.pointer.removeprefix("/"): sentences.told(problem.message) for problem in problems},
            )
        )

    @exposed("/details/")
    def details_view(self) -> ResponseReturnValue:
        """Show a user with roles to tick."""
        found = self.get_one(request.args.get("id", ""))
        return str(self._user(found))

    def _user(self, found: Row, **more: Any) -> Any:
        with visit.workspace().database.read() as connection:
            tokens = accounts.tokens(connection, found["user"])
        return self.render(
            "dealwright_admin/user.html",
            model=found,
            roles=_roles(),
            chosen=found["roles"],
            tokens=[one for one in tokens if one.get("revoked_at") is None],
            **more,
        )

    @exposed("/sessions/", methods=("POST",))
    def sessions_view(self) -> ResponseReturnValue:
        """End every session of a user, on all devices."""
        found = self.get_one(request.form.get("id", ""))
        with visit.workspace().database.write() as connection:
            accounts.end_sessions(connection, found["user"])
            _noted(connection, "user.sessions_ended", found, {})
        return _again(found)

    @exposed("/tokens/", methods=("POST",))
    def tokens_view(self) -> ResponseReturnValue:
        """Take a token back: whoever has it is refused from now on."""
        found = self.get_one(request.form.get("id", ""))
        token = request.form.get("token", "")
        with visit.workspace().database.write() as connection:
            there = any(one["id"] == token for one in accounts.tokens(connection, found["user"]))
            if there and accounts.revoke_token(connection, token, clock.now()):
                _noted(connection, "user.token_revoked", found, {"token": token})
        return _again(found)

    @exposed("/roles/", methods=("POST",))
    def roles_view(self) -> ResponseReturnValue:
        """Give a user exactly the roles that are ticked."""
        found = self.get_one(request.form.get("id", ""))
        known = {role for role, _ in _roles()}
        roles = sorted(role for role in request.form.getlist("roles") if role in known)
        _keep_an_administrator(found, roles)
        with visit.workspace().database.write() as connection:
            accounts.set_roles(connection, found["user"], roles)
            _noted(connection, "user.roles", found, {"before": sorted(found["roles"]), "after": roles})
        return _again(found)

    @exposed("/state/", methods=("POST",))
    def state_view(self) -> ResponseReturnValue:
        """Disable a user, whose sessions end at once, or let the user in again."""
        found = self.get_one(request.form.get("id", ""))
        state = "active" if request.form.get("state") == "active" else "disabled"
        if state == "disabled":
            _keep_an_administrator(found, [])
        with visit.workspace().database.write() as connection:
            accounts.set_state(connection, found["user"], state)
            _noted(connection, "user.state", found, {"state": state})
        return _again(found)

    @exposed("/password/", methods=("POST",))
    def password_view(self) -> ResponseReturnValue:
        """Set a new password; every session of the user ends."""
        found = self.get_one(request.form.get("id", ""))
        try:
            hashed = access.hashed(request.form.get("password", ""), found["email"], found["name"] or "")
        except RecordError as error:
            return str(self._user(found, error=sentences.told(error.problems[0].message))), error.status
        with visit.workspace().database.write() as connection:
            accounts.set_password(connection, found["user"], hashed, clock.now())
            _noted(connection, "user.password", found, {})
        return _again(found)


def _again(found: Row) -> ResponseReturnValue:
    return redirect(url_for("admin_users.details_view", id=found["user"], notice="done"), 303)


def _keep_an_administrator(found: Row, roles: list[str]) -> None:
    """Refuse that administrators lock themselves out: somebody else must take the role away."""
    if found["user"] == visit.user().id and access.ADMIN_ROLE in found["roles"] and access.ADMIN_ROLE not in roles:
        raise ConflictError(gettext("You cannot take your own administrator's role away; ask another administrator."))


def _noted(connection: Connection, action: str, found: Row, data: dict[str, Any]) -> None:
    audit.append(
        connection,
        action=action,
        actor=visit.user().id,
        at=clock.now(),
        subject=f"user:{found['user']}",
        data={**data, "by": visit.user().by},
        address=visit.address(),
    )


def _roles() -> list[tuple[str, str]]:
    catalog = visit.catalog()
    return [(one.id, i18n.text(catalog, "role", one.id, "/title", one.title)) for one in catalog.roles.values()]


class Roles(Listing):
    """What may be given to users. Roles are documents: they change with packs and overlays, not here."""

    column_list = ("title", "id", "layer", "entities", "capabilities")
    column_labels = {
        "title": lazy_gettext("Title"),
        "id": lazy_gettext("Id"),
        "layer": lazy_gettext("From"),
        "entities": lazy_gettext("Entities"),
        "capabilities": lazy_gettext("Capabilities"),
        "document": lazy_gettext("Document"),
    }
    searched = ("title", "id")

    def rows(self, connection: Connection) -> list[Row]:
        """Return every role of the catalog."""
        catalog = visit.catalog()
        return [
            {
                "id": role.id,
                "title": i18n.text(catalog, "role", role.id, "/title", role.title),
                "layer": role.layer,
                "entities": sorted({grant.entity for grant in role.grants}),
                "capabilities": sorted(role.capabilities),
                "document": role.document,
            }
            for role in catalog.roles.values()
        ]
