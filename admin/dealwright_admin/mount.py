"""Mounting the console: its views, in the order of its menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, url_for
from flask_admin import Admin, AdminIndexView
from flask_admin.theme import Theme
from flask_babel import lazy_gettext

from dealwright_admin.catalog import Entities, Packs, Rules
from dealwright_admin.console import Guarded, exposed, local_moment, pretty, word
from dealwright_admin.happened import Decisions, Events
from dealwright_admin.operations import Jobs, Switched, Timers
from dealwright_admin.outbox import Outbox
from dealwright_admin.people import Roles, Users

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue


class Index(Guarded, AdminIndexView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """The first page of the console: leads to the users."""

    def __init__(self) -> None:
        super().__init__(name=lazy_gettext("Administration"), endpoint="admin", url="/admin")
        # Flask-Admin would serve 21 MB of jQuery, Bootstrap and maps; our templates need none of it.
        self.static_folder = None

    @exposed("/")
    def index(self) -> ResponseReturnValue:
        """Lead to the first list."""
        return redirect(url_for("admin_users.index_view"), 303)


def mount(app: Flask) -> None:
    """Add the console to the application."""
    app.register_blueprint(Blueprint("dealwright_admin", __name__, template_folder="templates"))
    app.jinja_env.globals.update(pretty=pretty, local_moment=local_moment, word=word)
    admin = Admin(
        app,
        name="Dealwright",
        index_view=Index(),
        theme=Theme(folder="bootstrap4", base_template="dealwright_admin/base.html"),
    )
    admin.add_views(
        Users(lazy_gettext("Users"), "users"),
        Roles(lazy_gettext("Roles"), "roles"),
        Entities(lazy_gettext("Entities"), "entities"),
        Rules(lazy_gettext("Rules"), "rules"),
        Packs(lazy_gettext("Packs"), "packs"),
        Events(lazy_gettext("Events"), "events"),
        Decisions(lazy_gettext("Decisions"), "decisions"),
        Outbox(lazy_gettext("Outbox"), "outbox"),
        Jobs(lazy_gettext("Jobs"), "jobs"),
        Timers(lazy_gettext("Timers"), "timers"),
        Switched(lazy_gettext("Rules that are off"), "rules-off"),
    )
