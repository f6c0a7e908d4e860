"""The pages as a blueprint, and everything else that an application needs to serve them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, current_app, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from dealwright.errors import DealwrightError, RateLimitedError, SignInRequiredError
from dealwright.web import (
    about_forms,
    absences,
    approval_mail,
    approvals,
    assets,
    board_pages,
    builder,
    bulk,
    changes,
    csrf,
    following,
    i18n,
    imports,
    intake,
    list_views,
    lists,
    notifications,
    palette,
    quick,
    record_pages,
    refusals,
    reports,
    sequences,
    sign_in,
    spaces,
    suggestions,
    ticks,
    todo,
    uploads,
    visit,
    why,
)
from dealwright.web.i18n import gettext
from dealwright.web.shell import first, shell

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

#: Paths that answer machines: their errors are JSON, and not of this module.
_MACHINES = "/api/"


def install(app: Flask) -> None:
    """Make ``app`` serve the pages.

    ``app.extensions["dealwright"]`` must hold the :class:`~dealwright.records.Workspace`, and the application puts the
    headers of :mod:`dealwright.web.csp` on every response.
    """
    i18n.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        asset=assets.asset,
        asset_imports=assets.imports,
        csrf_token=csrf.token,
        csrf_input=_csrf_input,
        initials=initials,
        hue_of=hue_of,
        refusal_text=refusals.told,
        refusal_problems=refusals.problems,
    )
    app.context_processor(lambda: {"shell": shell()})
    app.register_blueprint(_blueprint())
    app.after_request(csrf.remember)
    _handle_errors(app)
    app.wsgi_app = assets.served(app.wsgi_app)  # type: ignore[method-assign]


def _blueprint() -> Blueprint:
    pages = Blueprint("web", __name__, template_folder="templates")
    pages.before_request(_begin)
    _handle_errors(pages)
    pages.register_error_handler(Exception, _failed)
    pages.add_url_rule("/", "home", home)
    sign_in.register(pages)
    lists.register(pages)
    board_pages.register(pages)
    builder.register(pages)
    bulk.register(pages)
    list_views.register(pages)
    imports.register(pages)
    record_pages.register(pages)
    about_forms.register(pages)
    approvals.register(pages)
    reports.register(pages)
    approval_mail.register(pages)
    sequences.register(pages)
    suggestions.register(pages)
    notifications.register(pages)
    changes.register(pages)
    palette.register(pages)
    quick.register(pages)
    absences.register(pages)
    ticks.register(pages)
    todo.register(pages)
    why.register(pages)
    uploads.register(pages)
    intake.register(pages)
    spaces.register(pages)
    following.register(pages)
    return pages


def _begin() -> ResponseReturnValue | None:
    if request.endpoint in visit.STRANGERS:
        intake.begin()
        return None
    return visit.begin()


def _handle_errors(where: Flask | Blueprint) -> None:
    # Flask asks a blueprint's handlers before the application's, so one for every Exception needs the others beside it.
    where.register_error_handler(DealwrightError, _refused)
    where.register_error_handler(HTTPException, _refused_by_http)


def home() -> ResponseReturnValue:
    """Lead to the list that the user begins with."""
    start = first(visit.catalog(), visit.user())
    if start is not None:
        return redirect(url_for("web.records", entity_id=start.id), 303)
    detail = gettext("No role shows you any records yet. Ask an administrator for one.")
    return render_template("errors/error.html", title=gettext("Nothing to see yet"), detail=detail, problems=())


@lru_cache(4096)
def initials(name: str) -> str:
    """Return what stands in a person's avatar: two first letters, or the last character of a Chinese name."""
    words = name.split()
    if not words:
        return "?"
    if any("\u4e00" <= c <= "\u9fff" for c in name):
        return name.strip()[-1]
    return "".join(word[0] for word in words[:2]).upper()


@lru_cache(4096)
def hue_of(name: str) -> str:
    """Return the hue of a person's avatar: always the same for the same name."""
    hues = ("pink", "violet", "blue", "teal", "green", "amber", "orange", "red")
    return hues[sum(map(ord, name)) % len(hues)]


def _csrf_input() -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, csrf.token())


def _refused(error: DealwrightError) -> ResponseReturnValue:
    """Answer with the error as a page; send to the sign-in where that would help."""
    if isinstance(error, SignInRequiredError):
        return visit.to_sign_in()
    title, detail, problems = gettext(error.title), refusals.told(error), refusals.problems(error)
    page, status, headers = _error_page(title, detail, error.status, problems)
    if isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(error.retry_after)
    return page, status, headers


def _refused_by_http(error: HTTPException) -> ResponseReturnValue:
    titles = {
        404: (gettext("Not found"), gettext("There is no such page, or you may not see it.")),
        405: (gettext("Not allowed"), gettext("This address does not take that. Go back and try from the page.")),
        413: (gettext("Too large"), gettext("More was sent than is taken. Send less.")),
    }
    status = error.code or 500
    if status < 400:
        return error.get_response()
    if status in titles and "user" not in g and not request.path.startswith(_MACHINES):
        visit.recognise()  # no page was found, so nobody has asked yet; who is signed in keeps the navigation
    title, detail = titles.get(status, (error.name, error.description or ""))
    return _error_page(title, detail, status, [])


def _failed(error: Exception) -> ResponseReturnValue:
    """Log what nobody foresaw, and say nothing of it but that it is logged."""
    if current_app.testing or current_app.debug:
        raise error
    current_app.logger.exception("a page failed: %s %s", request.method, request.path)
    detail = gettext(
        "Nothing was lost that had been saved. The fault is in the log; try again, or tell an administrator."
    )
    return _error_page(gettext("Something went wrong"), detail, 500, [])


def _error_page(
    title: str, detail: str, status: int, problems: list[str]
) -> tuple[str | dict[str, Any], int, dict[str, str]]:
    if request.path.startswith(_MACHINES):
        return {"title": title, "status": status, "detail": detail}, status, {}
    signed_in = g.get("user") is not None
    template = "errors/error.html" if signed_in else "errors/plain.html"
    values: dict[str, Any] = {"title": title, "detail": detail, "problems": problems}
    headers = {}
    if request.headers.get("HX-Request"):
        # A page must not be swapped into a part of a page: the part stays, and a message appears.
        headers = {
            "HX-Reswap": "none",
            "HX-Trigger": json.dumps({"dw:toast": {"message": detail or title, "bad": True}}),
        }
    return render_template(template, **values), status, headers
