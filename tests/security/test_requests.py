"""What every request and answer keeps to: headers, versions, keys that make a repeat safe, strict JSON, no forged forms."""

from __future__ import annotations

import json
import threading

import pytest

from access.surfaces import ROUTES
from dealwright.web.csp import HEADERS

D = "/api/v1/records/t.deal"


def test_every_answer_carries_the_headers_errors_and_files_too(shared_site):
    site = shared_site
    plain = [one for one in ROUTES if one.method == "GET" and not one.rule.startswith("/api/v1/files/")]
    addresses = [("GET", one.address.format(**site.names)) for one in plain]
    addresses += [("GET", "/nowhere"), ("GET", "/static/nothing.js"), ("POST", "/healthz"), ("GET", "/api/v1/nothing")]
    for who in ("root", "nobody"):
        for method, address in addresses:
            headers = site.ask(who, method, address).headers
            for name, value in HEADERS.items():
                assert headers.getlist(name) == [value], (address, name)
            assert headers["Cache-Control"] == "no-store" or address.startswith("/static"), address
            assert "Access-Control-Allow-Origin" not in headers
            assert headers["X-Request-Id"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_an_uploaded_file_runs_nothing(shared_site):
    answer = shared_site.ask("ada", "GET", f"/api/v1/files/{shared_site.names['file']}")
    assert answer.status_code == 200
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]


def test_strict_transport_is_asked_for_over_tls_only(shared_site):
    client = shared_site.app.test_client()
    assert "Strict-Transport-Security" in client.get("https://localhost/healthz").headers
    assert "Strict-Transport-Security" not in client.get("http://localhost/healthz").headers


def test_a_foreign_origin_is_not_let_in(shared_site):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PATCH"}
    for method in ("GET", "OPTIONS"):
        response = shared_site.ask("root", method, D, headers=headers)
        assert not any(name.startswith("Access-Control") for name, _ in response.headers)


@pytest.mark.parametrize("name", ["filter", "sort", "fields", "page_size", "cursor", "count", "archived", "q"])
def test_a_parameter_given_twice_is_refused(shared_site, name):
    assert shared_site.ask("root", "GET", f"{D}?{name}=1&{name}=1").status_code == 400
    assert shared_site.ask("root", "GET", f"{D}?{name}[]=1").status_code == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("opened", '"1"'),
        ("opened", "true"),
        ("opened", "1.5"),
        ("opened", "9223372036854775808"),
        ("opened", "1e400"),
        ("opened", "-9223372036854775809"),
        ("opened", "[1]"),
        ("amount", "true"),
        ("amount", '"NaN"'),
        ("amount", '"Infinity"'),
        ("amount", '"1e30"'),
        ("amount", "1e400"),
        ("amount", '"1,5"'),
        ("amount", '{"amount":"1"}'),
        ("name", "1"),
        ("name", "true"),
        ("name", "[]"),
        ("name", '"\\ud800"'),
        ("name", '"a\\u0000b"'),
        ("tier", "1"),
        ("tier", '["A"]'),
        ("win", '"abc"'),
        ("closes_on", "20261123"),
        ("closes_on", '"2026-13-01"'),
        ("account", "1"),
        ("lines", "{}"),
        ("lines", '[{"what":1,"qty":1}]'),
    ],
)
def test_a_value_of_another_type_is_refused(shared_site, field, value):
    body = f'{{"name":"x","{field}":{value}}}' if field != "name" else f'{{"name":{value}}}'
    response = shared_site.ask("root", "POST", D, raw=body.encode())
    assert response.status_code == 422, response.text
    assert response.json["errors"]


def test_a_change_of_an_old_version_is_refused(site):
    deal = f"{D}/{site.names['deal']}"
    tag = site.ask("ada", "GET", deal).headers["ETag"]
    changed = site.ask("ada", "PATCH", deal, {"name": "one"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    assert site.ask("ada", "PATCH", deal, {"name": "two"}, headers={"If-Match": tag}).status_code == 412
    assert site.ask("ada", "PATCH", deal, {"name": "two"}, headers={"If-Match": "two"}).status_code == 400
    assert site.ask("ada", "GET", deal).json["name"] == "one"


def named(site, name):
    return site.ask("root", "GET", f"{D}?filter=name%20%3D%3D%20%22{name}%22&count=1").json["count"]


def test_a_key_makes_a_repeat_safe(site):
    first = site.ask("ada", "POST", D, {"name": "once"}, headers={"Idempotency-Key": "k1"})
    again = site.ask("ada", "POST", D, {"name": "once"}, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replay"] == "true"
    other = site.ask("ada", "POST", D, {"name": "twice"}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json["errors"][0]["code"]) == (422, "key-reused")
    assert site.ask("bo", "POST", D, {"name": "once"}, headers={"Idempotency-Key": "k1"}).json["id"] != first.json["id"]
    assert (named(site, "once"), named(site, "twice")) == (2, 0)
    for key in ("", "x" * 201, "a\tb"):
        assert site.ask("ada", "POST", D, {"name": "z"}, headers={"Idempotency-Key": key}).status_code == 400
    # A refused request leaves the key free: mended, it is taken.
    assert site.ask("ada", "POST", D, {"name": ""}, headers={"Idempotency-Key": "k2"}).status_code == 422
    assert site.ask("ada", "POST", D, {"name": "mended"}, headers={"Idempotency-Key": "k2"}).status_code == 201


def test_a_key_sent_many_times_at_once_is_worked_on_once(site):
    answers = []

    def send():
        answers.append(site.ask("ada", "POST", D, {"name": "race"}, headers={"Idempotency-Key": "r"}))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status_code for one in answers} <= {201, 409, 503}
    assert len({one.json["id"] for one in answers if one.status_code == 201}) == 1
    assert named(site, "race") == 1


def test_a_form_from_elsewhere_is_refused(site):
    deal = site.names["deal"]
    token = site.visitors["ada"].headers("/")["X-CSRF-Token"]
    cases = (
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    )
    # The form for strangers reads no session: who is signed in is a stranger there, and may be anywhere (test_intake.py).
    apart = {"/sign-in", "/forms/<identifier>"}
    pages = [
        one for one in ROUTES if one.method == "POST" and not one.address.startswith("/api/") and one.rule not in apart
    ]
    for one in pages:
        for headers in cases:
            response = site.ask("root", "POST", one.address.format(**site.names), form=one.body or {}, headers=headers)
            assert response.status_code == 403, (one.rule, headers)
    # The positive control: with the token the same form is taken.
    taken = site.ask("ada", "POST", f"/records/t.deal/{deal}/edit", form={"name": "taken", "csrf_token": token})
    assert taken.status_code == 303
    assert json.loads(site.ask("ada", "GET", f"{D}/{deal}").text)["name"] == "taken"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "\\\\evil",
        "/%09/evil",
        "javascript:alert(1)",
        "///evil",
        "/\t/evil",
        " //evil",
        "http:/evil",
        "//evil.example/%2f..",
        "/a\r\nSet-Cookie: x=1",
        "data:text/html,x",
    ],
)
def test_a_redirect_stays_here(shared_site, target):
    client = shared_site.app.test_client(use_cookies=False)
    headers = shared_site.visitors["ada"].headers("/")
    response = client.get("/sign-in", query_string={"next": target}, headers=headers)
    assert response.status_code == 303
    assert response.headers["Location"] in ("/", "/%09/evil")
    assert "Set-Cookie" not in response.headers
