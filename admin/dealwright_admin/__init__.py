"""The console of administrators under ``/admin``: users, roles, the catalog, events, decisions, the outbox.

It joins the platform through the same hook as anybody's plugin. Flask-Admin gives the frame (menu, lists with order,
search and pages, one address per view); the pages are our templates, so none of its scripts or styles is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.plugins import implements

if TYPE_CHECKING:
    from flask import Flask


@implements
def register_pages(app: Flask) -> None:
    """Mount the console."""
    from dealwright_admin.mount import mount

    mount(app)
