"""Mounting the console: its views, in the order of its menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, url_for
from flask_admin import Admin, AdminIndexView
from flask_admin.theme import Theme
from flask_babel import lazy_gettext

from dealwright.web import sentences
from dealwright_admin import words
from dealwright_admin.approvals import Approvals
from dealwright_admin.calendars import Calendars
from dealwright_admin.carrying import Carrying
from dealwright_admin.catalog import Entities, Rules
from dealwright_admin.console import Guarded, exposed, local_moment, pretty, word
from dealwright_admin.drafts import Drafts, OneDraft, draft_state
from dealwright_admin.entities import Entities as DraftedEntities
from dealwright_admin.fields import Fields
from dealwright_admin.happened import Audit, Decisions, Events
from dealwright_admin.installing import Packs
from dealwright_admin.leftovers import Leftovers
from dealwright_admin.messages import Messages
from dealwright_admin.one_pack import OnePack
from dealwright_admin.operations import Jobs, Switched, Timers
from dealwright_admin.outbox import Outbox
from dealwright_admin.parameters import Parameters
from dealwright_admin.people import Roles, Users
from dealwright_admin.pipelines import Pipelines
from dealwright_admin.publishing import Publishing
from dealwright_admin.revisions import Revisions
from dealwright_admin.roles import Roles as DraftedRoles
from dealwright_admin.rules import Rules as DraftedRules
from dealwright_admin.scores import Scores
from dealwright_admin.sight import Sight
from dealwright_admin.slas import Slas
from dealwright_admin.tables import Tables
from dealwright_admin.trying import Trying
from dealwright_admin.views import Views

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
    app.jinja_env.globals.update(
        pretty=pretty, local_moment=local_moment, word=word, draft_state=draft_state, hue_name=words.hue
    )
    app.jinja_env.filters["told"] = sentences.told
    admin = Admin(
        app,
        name="Dealwright",
        index_view=Index(),
        theme=Theme(folder="bootstrap4", base_template="dealwright_admin/base.html"),
    )
    for group, views in _menu():
        for view in views:
            view.group = group
            admin.add_view(view)
    for view in (
        OnePack("one_pack"),
        Carrying(name="", endpoint="admin_carrying", url="packs/export"),
        Leftovers(name="", endpoint="admin_leftovers", url="packs/left"),
    ):
        admin.add_view(view)
    for view in (
        OneDraft("draft"),
        DraftedEntities("draft_entities"),
        Fields("draft_fields"),
        Approvals("draft_approvals"),
        Pipelines("draft_pipelines"),
        DraftedRules("draft_rules"),
        Scores("draft_scores"),
        Tables("draft_tables"),
        Views("draft_views"),
        DraftedRoles("draft_roles"),
        Parameters("draft_parameters"),
        Calendars("draft_calendars"),
        Slas("draft_slas"),
        Messages("draft_messages"),
        Publishing("draft_publishing"),
        Trying("draft_trying"),
    ):
        view.group = "build"
        admin.add_view(view)


def _menu() -> list[tuple[str, list[Any]]]:
    """Return the views of the menu in groups; the names of the groups stand in the template."""
    return [
        (
            "build",
            [
                Drafts(name=lazy_gettext("Drafts"), endpoint="admin_drafts", url="drafts"),
                Entities(lazy_gettext("Entities"), "entities"),
                Rules(lazy_gettext("Rules"), "rules"),
                Packs(name=lazy_gettext("Packs"), endpoint="admin_packs", url="packs"),
                Revisions(name=lazy_gettext("History"), endpoint="admin_revisions", url="revisions"),
            ],
        ),
        (
            "people",
            [
                Users(lazy_gettext("Users"), "users"),
                Roles(lazy_gettext("Roles"), "roles"),
                Sight(name=lazy_gettext("Who sees what"), endpoint="admin_sight", url="sight"),
            ],
        ),
        (
            "operations",
            [
                Audit(lazy_gettext("Audit log"), "audit"),
                Events(lazy_gettext("Events"), "events"),
                Decisions(lazy_gettext("Decisions"), "decisions"),
                Outbox(lazy_gettext("Outbox"), "outbox"),
                Jobs(lazy_gettext("Jobs"), "jobs"),
                Timers(lazy_gettext("Timers"), "timers"),
                Switched(lazy_gettext("Rules that are off"), "rules-off"),
            ],
        ),
    ]
