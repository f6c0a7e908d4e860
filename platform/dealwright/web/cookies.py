"""Our cookies: their names, and the marks that keep them ours.

Over TLS a name starts with ``__Host-``: the browser then takes the cookie only from this very host, over TLS, for
every path (RFC 6265bis §4.1.3.2), so no other host of the domain can plant one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


def name(kind: str) -> str:
    """Return the name of the cookie ``kind`` (session, visitor, locale, browser) on this connection."""
    return f"__Host-dw_{kind}" if request.is_secure else f"dw_{kind}"


def session_secret() -> str | None:
    """Return the secret of the session that this request carries, checked or not; None without one."""
    return request.cookies.get(name("session")) or None


def browser_secret() -> str | None:
    """Return the secret by which the browser is known from an earlier sign-in, checked or not; None without one."""
    return request.cookies.get(name("browser")) or None


def put(response: Response, kind: str, value: str, *, max_age: int | None) -> None:
    """Set a cookie that scripts cannot read; ``max_age`` in seconds, None until the browser closes."""
    response.set_cookie(
        name(kind), value, max_age=max_age, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
    )


def drop(response: Response, kind: str) -> None:
    """Remove a cookie."""
    response.delete_cookie(name(kind), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
