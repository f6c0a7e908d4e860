"""The web application put together: pages, REST, the console of the plugins, health."""

from __future__ import annotations

import logging
import math
import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from dealwright import access, api, clock, plugins, web
from dealwright.access import rates
from dealwright.access.attempts import origin
from dealwright.api import answers
from dealwright.errors import DealwrightError, RateLimitedError
from dealwright.web import cookies, csp, report_mail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask.typing import ResponseReturnValue

    from dealwright.records import Workspace

#: Says that the process answers: no limits, no database.
HEALTH = "/healthz"
#: Bytes of any request: the largest file, and what multipart puts around it.
LARGEST = 26 * 2**20
#: Inputs of a form with files: a record with a thousand lines of eight columns.
MOST_PARTS = 10_000
_NOBODY = "No workspace is served under this name.\n"
_log = logging.getLogger(__name__)


def create_app(workspace: Workspace, *, proxies: int = 0) -> Flask:
    """Return the application that serves a workspace.

    Args:
        workspace: What it serves.
        proxies: How many reverse proxies stand in front: only their ``X-Forwarded-…`` headers are believed.
    """
    app = Flask("dealwright.web", static_folder=None)
    app.extensions["dealwright"] = workspace
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.config["MAX_FORM_PARTS"] = MOST_PARTS
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.extensions["dealwright.limits"] = rates.Limits()
    app.before_request(_begin)
    app.after_request(_end)
    app.register_blueprint(api.blueprint())
    app.add_url_rule(HEALTH, "health", _health)
    web.install(app)
    workspace.drawn = partial(report_mail.page, app)
    plugins.installed().register_pages(app)
    app.register_error_handler(500, _fault)
    pages = app.error_handler_spec[None][None][HTTPException]

    def http(error: HTTPException) -> ResponseReturnValue:
        """Answer an unknown address under the interface as the interface does, any other as a page."""
        if request.path.startswith("/api/"):
            return answers.plain_problem(error.code or 500, error.name, error.description or error.name)
        return cast("ResponseReturnValue", pages(error))

    app.register_error_handler(HTTPException, http)
    return app


def by_host(apps: Mapping[str, Flask], *, proxies: int = 0) -> WSGIApplication:
    """Return one application that serves several workspaces, each under its own names.

    Each workspace has an application of its own, with its own caches, limits and connections, so nothing of one can reach
    another. A name that nobody has is answered with 421, the same for each, whoever asks.

    Args:
        apps: By the name of the host, in small letters and without a port; made without ``proxies``.
        proxies: As for :func:`create_app`.
    """
    served = dict(apps)

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").lower()
        app = served.get(re.sub(r"\.?(:\d*)?\Z", "", host))
        if app is not None:
            return app(environ, start_response)
        found = _health() if environ.get("PATH_INFO") == HEALTH else Response(_NOBODY, 421, mimetype="text/plain")
        return csp.secured(found, tls=environ.get("wsgi.url_scheme") == "https")(environ, start_response)

    return ProxyFix(choose, x_for=proxies, x_proto=proxies, x_host=proxies) if proxies else choose


def _begin() -> ResponseReturnValue | None:
    g.request_id = clock.new_id()
    if request.path == HEALTH:
        return None
    if _limits().rates is None:
        with suppress(DealwrightError), answers.workspace().database.read() as connection:
            _limits().rates = rates.of(answers.workspace().catalog(connection))
    try:
        g.admitted = _limits().admit(_secret(), origin(request.remote_addr or ""))
    except RateLimitedError as error:
        if request.path.startswith("/api/"):
            return answers.problem(error)
        raise
    return None


def _limits() -> rates.Limits:
    return cast("rates.Limits", current_app.extensions["dealwright.limits"])


def _secret() -> str | None:
    """Return the digest of the token or session that a request carries, valid or not; None without one."""
    found = answers.token() if request.path.startswith("/api/") else cookies.session_secret()
    return access.digest(found) if found else None


def _count(response: Response) -> None:
    """Count a request for whoever turned out to have sent it, and tell a program how much it may still send."""
    if "admitted" not in g:
        return  # it was refused, or is the one that costs nothing
    asks = g.get("bearer")
    user, catalog = (asks.user, asks.catalog) if asks is not None else (g.get("user"), g.get("catalog"))
    if catalog is not None:
        _limits().rates = rates.of(catalog)
    caller = None if user is None else f"token:{user.token}" if user.token else f"user:{user.id}"
    spent = _limits().count(g.admitted, _secret(), origin(request.remote_addr or ""), caller)
    if spent is not None and request.path.startswith("/api/"):
        # Of the 11th draft of the IETF's "RateLimit header fields for HTTP".
        name, rate = spent.rate.name, spent.rate
        response.headers["RateLimit-Policy"] = f'"{name}";q={rate.at_once};w={math.ceil(rate.window)}'
        response.headers["RateLimit"] = f'"{name}";r={spent.left};t={spent.full_in}'


def _end(response: Response) -> Response:
    _count(response)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    return csp.secured(response, tls=request.is_secure)


def _health() -> Response:
    """Say that the process answers; it touches nothing, so it costs nothing and tells nothing."""
    return Response("ok\n", mimetype="text/plain")


def _fault(error: Exception) -> Response:
    """Log a fault of ours and answer without its details."""
    original = getattr(error, "original_exception", None) or error
    if isinstance(original, DealwrightError):
        return answers.problem(original)
    _log.error("request %s failed", g.get("request_id", ""), exc_info=original)
    return answers.plain_problem(
        500, "Internal error", f"a fault on our side; tell the operator {g.get('request_id', '')}"
    )
