"""The parts of a draft, in the order of their navigation."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext

#: Key, title and endpoint of each.
PARTS: Final = (
    ("changes", lazy_gettext("Changes"), "admin_draft.draft_view"),
    ("entities", lazy_gettext("Entities"), "admin_draft_entities.index_view"),
    ("views", lazy_gettext("Views"), "admin_draft_views.index_view"),
    ("approvals", lazy_gettext("Approvals"), "admin_draft_approvals.index_view"),
    ("pipelines", lazy_gettext("Pipelines"), "admin_draft_pipelines.index_view"),
    ("rules", lazy_gettext("Rules"), "admin_draft_rules.index_view"),
    ("scores", lazy_gettext("Scores"), "admin_draft_scores.index_view"),
    ("roles", lazy_gettext("Roles"), "admin_draft_roles.index_view"),
    ("parameters", lazy_gettext("Parameters"), "admin_draft_parameters.index_view"),
    ("slas", lazy_gettext("SLAs"), "admin_draft_slas.index_view"),
    ("calendars", lazy_gettext("Calendars"), "admin_draft_calendars.index_view"),
    ("messages", lazy_gettext("Messages"), "admin_draft_messages.index_view"),
)
