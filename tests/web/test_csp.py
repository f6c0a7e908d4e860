from __future__ import annotations

from flask import Flask, Response

from dealwright.web.csp import HEADERS, POLICY, secured


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert "unsafe" not in POLICY and "nonce" not in POLICY and "http" not in POLICY and "*" not in POLICY
    directives = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["form-action"] == "'self'"
    assert directives["object-src"] == directives["base-uri"] == "'none'"


def test_every_response_carries_the_headers_and_is_not_kept() -> None:
    response = secured(Response("x"), tls=False)
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert response.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in response.headers


def test_tls_is_demanded_for_the_future_only_over_tls() -> None:
    assert secured(Response("x"), tls=True).headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_a_response_that_says_how_long_it_may_be_kept_is_left_alone() -> None:
    with Flask("x").test_request_context():
        response = Response("x", headers={"Cache-Control": "max-age=60"})
        assert secured(response, tls=False).headers["Cache-Control"] == "max-age=60"
