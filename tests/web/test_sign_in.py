from __future__ import annotations

import pytest
from flask import Flask

from dealwright.web.csp import POLICY
from pages import ADMIN, PASSWORD, Person, text, token


def test_a_page_sends_who_is_not_signed_in_to_the_sign_in_and_back(app: Flask) -> None:
    stranger = Person(app)
    answer = stranger.get("/records/t.thing?q=x")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/records/t.thing?q%3Dx")
    back = stranger.post(answer.location, {"email": ADMIN, "password": PASSWORD})
    assert (back.status_code, back.location) == (303, "/records/t.thing?q=x")


def test_htmx_is_sent_to_the_sign_in_by_a_header_so_that_no_page_lands_in_a_page(app: Flask) -> None:
    answer = Person(app).get("/records/t.thing", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/sign-in?next=/records/t.thing")


@pytest.mark.parametrize(
    ("email", "password"), [(ADMIN, "wrong"), ("nobody@example.com", PASSWORD), ("", ""), (ADMIN, "")]
)
def test_a_wrong_sign_in_says_the_same_whatever_is_wrong(app: Flask, email: str, password: str) -> None:
    stranger = Person(app)
    answer = stranger.post("/sign-in", {"email": email, "password": password})
    assert answer.status_code == 401
    assert "E-mail or password is wrong" in text(answer)
    assert "dw_session" not in str(answer.headers)


def test_the_eleventh_wrong_password_is_not_looked_at(app: Flask) -> None:
    stranger = Person(app)
    for _ in range(10):
        stranger.post("/sign-in", {"email": ADMIN, "password": "wrong"})
    answer = stranger.post("/sign-in", {"email": ADMIN, "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many attempts" in text(answer)


def test_the_session_cookie_cannot_be_read_by_scripts_and_goes_with_sign_out(app: Flask) -> None:
    stranger = Person(app)
    cookie = stranger.post("/sign-in", {"email": ADMIN, "password": PASSWORD}).headers.getlist("Set-Cookie")[0]
    assert cookie.startswith("dw_session=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    secret = cookie.partition("=")[2].partition(";")[0]
    stranger.token = token(stranger.get("/records/t.thing"))
    assert stranger.post("/sign-out", {}).location == "/sign-in"
    stranger.client.set_cookie("dw_session", secret)
    assert stranger.get("/records/t.thing").status_code == 303


def test_over_tls_the_session_cookie_is_bound_to_the_host(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://localhost")
    data = {"csrf_token": token(page), "email": ADMIN, "password": PASSWORD}
    answer = client.post("/sign-in", data=data, base_url="https://localhost")
    cookie = answer.headers.getlist("Set-Cookie")[0]
    assert cookie.startswith("__Host-dw_session=") and "Secure" in cookie and "Domain" not in cookie


def test_who_may_see_nothing_is_told_whom_to_ask(guest: Person) -> None:
    answer = guest.get("/")
    assert answer.status_code == 200
    assert "Ask an administrator for one" in text(answer)


@pytest.mark.parametrize("address", ["/sign-in", "/records/t.thing", "/nothing", "/static/nothing", "/healthz"])
def test_every_answer_carries_the_policy(app: Flask, address: str) -> None:
    answer = app.test_client().get(address)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_static_files_carry_the_policy_are_compressed_and_kept_for_good(app: Flask) -> None:
    from dealwright.web.assets import asset

    answer = app.test_client().get(asset("app.js"), headers={"Accept-Encoding": "br, gzip"})
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Content-Encoding"] == "br"
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()
