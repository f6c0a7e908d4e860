"""The headers that every response carries: pages, errors, the API and static files alike.

The policy names no nonce, no hash and no ``unsafe-*``: all scripts and styles are files of ours, and a page has no
inline script, no ``on…`` handler and no ``style`` attribute. What data brings into a page cannot run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Response

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "manifest-src 'self'",
    )
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(self), microphone=(), payment=(), usb=()",
    }
)
#: Marks a response that names in its own policy who may frame it.
_FRAMED = "by policy"
#: Two years, the least that browsers' preload lists take; sent over TLS only, as RFC 6797 §7.2 demands.
STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"


def framed(response: Response, hosts: Iterable[str]) -> None:
    """Let the pages of these sites show a response inside them; it has no scripts, and sends its form only here."""
    kept = [one for one in POLICY.split("; ") if not one.startswith(("frame-ancestors", "script-src", "connect-src"))]
    response.headers["Content-Security-Policy"] = "; ".join((*kept, " ".join(("frame-ancestors 'self'", *hosts))))
    if hosts:
        # It would refuse every other site, and browsers that know frame-ancestors do not read it (CSP 3, §6.4.2.2).
        response.headers["X-Frame-Options"] = _FRAMED
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Referrer-Policy"] = "no-referrer"


def secured(response: Response, *, tls: bool) -> Response:
    """Put the headers on a response, and forbid caches to keep what is not a static file.

    Args:
        response: Any response of the application.
        tls: Whether the request came over TLS.
    """
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.headers["X-Frame-Options"] == _FRAMED:
        del response.headers["X-Frame-Options"]
    if tls:
        response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
