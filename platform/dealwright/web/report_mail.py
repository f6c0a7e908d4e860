"""A report as a page that stands alone: for a mail, for print, for keeping. No script, nothing that is loaded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import g, render_template

from dealwright.fields import messages
from dealwright.web import i18n, report_views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from dealwright.records import Work


def page(app: Flask, work: Work, said: Mapping[str, Any]) -> str:
    """Return the page of a report for the user of a transaction, in the language that is spoken meanwhile.

    Args:
        app: The application that has the texts and templates.
        work: The transaction; its user's zone is that of the moments.
        said: The report as API JSON.
    """
    base = work.catalog.settings.get("address", "").rstrip("/")
    shown = {
        **said,
        "as_of": datetime.fromisoformat(str(said["as_of"])),
        # Nothing leads to the records behind a figure: the page is read where nobody is signed in.
        "columns": [{**one, "counted": False} for one in said["columns"]],
    }
    with app.test_request_context():
        g.user, g.catalog = work.user, work.catalog
        g.locale_tag = "zh-CN" if messages.locale().startswith("zh") else "en"
        address = f"{base}/reports/{said['report']}" if base else ""
        view = report_views.view(work, shown, lambda key, figure: "", address)
        return render_template("reports/alone.html", view=view, tag=i18n.tag(), address=address)
