"""The web application put together: pages, REST, the console of the plugins, health."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from dealwright import api, clock, plugins, web
from dealwright.api import answers
from dealwright.errors import DealwrightError
from dealwright.web import csp

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.records import Workspace

#: Bytes of any request: the largest file, and what multipart puts around it.
LARGEST = 26 * 2**20
#: Inputs of a form with files: a record with a thousand lines of eight columns.
MOST_PARTS = 10_000
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
    app.before_request(_begin)
    app.after_request(_end)
    app.register_blueprint(api.blueprint())
    app.add_url_rule("/healthz", "health", _health)
    web.install(app)
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


def _begin() -> None:
    g.request_id = clock.new_id()


def _end(response: Response) -> Response:
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
