"""Signing in and out, and choosing the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, redirect, render_template, request, url_for

from dealwright import access, clock
from dealwright.errors import RateLimitedError, SignInRequiredError
from dealwright.web import cookies, i18n, visit
from dealwright.web.targets import local

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

#: How long the choice of a language lasts, and how long a browser is known: a year.
_YEAR = 365 * 86400


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/sign-in", "sign_in", sign_in, methods=["GET", "POST"])
    pages.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    pages.add_url_rule("/language", "language", language, methods=["POST"])


def sign_in() -> ResponseReturnValue:
    """Show the sign-in form, or begin a session.

    The answer to a wrong password is that to an unknown address, and takes as long (``access`` sees to it). A browser
    that somebody signed in from is known by a cookie: strangers who guess wrong elsewhere do not keep him out here.
    """
    target = local(request.values.get("next"), url_for("web.home"))
    if g.user is not None:
        return redirect(target, 303)
    if request.method == "GET":
        return render_template("sign_in.html", target=target, email="", error=None)
    email = request.form.get("email", "").strip()
    agent = request.headers.get("User-Agent", "")
    try:
        browser = cookies.browser_secret() or clock.secret()
        password = request.form.get("password", "")
        secret, _ = access.sign_in(visit.workspace(), email, password, visit.address(), agent, browser)
    except (SignInRequiredError, RateLimitedError) as error:
        page = render_template("sign_in.html", target=target, email=email, error=error)
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, RateLimitedError) else {}
        return page, error.status, headers
    response = redirect(target, 303)
    cookies.put(response, "session", secret, max_age=None)
    cookies.put(response, "browser", browser, max_age=_YEAR)
    cookies.drop(response, "visitor")
    return response


def sign_out() -> ResponseReturnValue:
    """End the session here and in the database."""
    secret = cookies.session_secret()
    if secret:
        access.sign_out(visit.workspace(), secret)
    response = redirect(url_for("web.sign_in"), 303)
    cookies.drop(response, "session")
    # What the browser still holds of the pages goes too.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def language() -> ResponseReturnValue:
    """Remember the language that somebody chose."""
    tag = request.form.get("tag", "")
    response = redirect(local(request.form.get("next"), url_for("web.home")), 303)
    if tag in i18n.LOCALES:
        cookies.put(response, "locale", tag, max_age=_YEAR)
    return response
