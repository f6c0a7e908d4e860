"""Nobody else's page can post here in a user's name.

Two checks, either of which would do on a good day:

* **Origin.** A browser says where a post comes from (``Sec-Fetch-Site``, else ``Origin``). Another site is refused.
* **Token.** Every form carries an HMAC of a secret that lies in a cookie scripts cannot read: the session's, or before
  sign-in a visitor's. Another page can neither read it nor make it (OWASP's "signed double submit", bound to the
  session).

Requests under ``/api/`` that carry no cookie of ours are outside: a bearer token is never sent by itself.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING

from flask import g, request

from dealwright import clock
from dealwright.errors import ForbiddenError
from dealwright.web import cookies

if TYPE_CHECKING:
    from flask import Response

#: Name of the hidden input of a form.
FIELD = "csrf_token"
#: Name of the header that scripts send instead.
HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token() -> str:
    """Return the token for a form on this page; makes the visitor's secret at the first form before sign-in."""
    secret = cookies.session_secret() or _visitor()
    return hmac.new(secret.encode(), b"dealwright form", sha256).hexdigest()


def check() -> None:
    """Refuse a request that changes something unless it comes from a page of ours.

    Raises:
        ForbiddenError: If another site sent it, or its token is missing or old.
    """
    if request.method in _SAFE:
        return
    if not _same_origin():
        raise ForbiddenError("this form was sent from another site; open the page here and try again")
    sent = request.headers.get(HEADER) or request.form.get(FIELD, "")
    secret = cookies.session_secret() or request.cookies.get(cookies.name("visitor"))
    if not secret or not hmac.compare_digest(
        sent.encode(), hmac.new(secret.encode(), b"dealwright form", sha256).hexdigest().encode()
    ):
        raise ForbiddenError("this form is too old or was opened in another session; reload the page and send it again")


def remember(response: Response) -> Response:
    """Send the visitor's cookie if :func:`token` made one during this request."""
    made = g.pop("visitor_secret", None)
    if made:
        cookies.put(response, "visitor", made, max_age=None)
    return response


def _visitor() -> str:
    found = request.cookies.get(cookies.name("visitor")) or g.get("visitor_secret")
    if not found:
        found = g.visitor_secret = clock.secret()
    return found


def _same_origin() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin == request.host_url.rstrip("/")
