"""A refusal leaves no trace, and says to somebody who may not see a record what it says of one that does not exist."""

from __future__ import annotations

import json
import re

import pytest

from access.surfaces import ROUTES
from dealwright import access
from dealwright.errors import UnknownFieldError
from dealwright.records import Work
from security.site import Visitor
from security.traces import traces
from worlds import made, person, rows_of

D = "/api/v1/records/t.deal"
NOWHERE = "01900000-0000-7000-8000-000000000000"
#: System fields; ``owner`` and ``team`` may be set, and where a new record starts.
SYSTEM = (
    *("id", "version", "created_at", "created_by", "updated_at", "updated_by", "archived_at", "status"),
    *("stage_entered_at", "pipeline_version", "last_activity_at", "workspace", "roles", "__currency", "extra"),
)

#: Bad requests for every route that changes something: method, address, body.
BAD = [
    ("POST", D, {"name": None}),
    ("POST", D, {"name": "x", "no_such": 1}),
    ("POST", D, {"name": "x", "amount": "-1"}),
    ("POST", D, {"name": "x", "code": "D1"}),
    ("POST", D, {"name": "x", "discount": "20"}),
    ("POST", D, {"name": "x", "account": NOWHERE}),
    ("POST", D, {"name": "x", "opens_on": "2026-02-02", "closes_on": "2026-01-01"}),
    ("POST", D, {"name": "x", "lines": [{"what": "a", "qty": 0}]}),
    ("POST", D, ["name"]),
    ("PATCH", f"{D}/{{deal}}", {"name": ""}),
    ("PATCH", f"{D}/{{deal}}", {"stage": "won"}),
    ("PATCH", f"{D}/{{deal}}", {"weighted": "1"}),
    ("PATCH", f"{D}/{{deal}}", {"amount": "200", "tier": "Z"}),
    ("PATCH", f"{D}/{NOWHERE}", {"name": "x"}),
    ("DELETE", "/api/v1/records/t.account/{account}", None),
    ("DELETE", f"{D}/{{deal}}?purge=2", None),
    ("POST", f"{D}/{{deal}}/move", {"to": "won"}),
    ("POST", f"{D}/{{deal}}/move", {"to": "offer", "data": {"amount": "0"}}),
    ("POST", f"{D}/{{deal}}/move", {"to": "nowhere", "data": {"amount": "5"}}),
    ("POST", f"{D}/{{deal}}/move", {}),
    ("PUT", f"{D}/by/code/D1", {"amount": "-5"}),
    ("PUT", f"{D}/by/name/D1", {"amount": "5"}),
    ("PUT", f"{D}/by/code/D1", {"code": "D2", "no_such": 1}),
    ("POST", f"{D}/bulk", {"create": [{"name": "x"}, {"name": None}], "atomic": True}),
    ("POST", f"{D}/bulk", {"create": [{"name": "x"}], "delete": [NOWHERE], "atomic": True}),
    ("POST", f"{D}/bulk", {"create": [{"name": "x"}], "update": [1]}),
    ("POST", f"{D}/bulk", {"create": [{"name": "x"}] * 1001}),
    ("POST", f"{D}/bulk", {"create": [{"name": "x"}], "oops": 1}),
    ("POST", "/api/v1/events", {"type": "record.updated", "entity": "t.deal", "record": "{deal}"}),
    ("POST", "/api/v1/events", {"type": "a.b", "entity": "t.deal", "record": "{deal}", "at": "2999-01-01T00:00:00Z"}),
    ("POST", "/api/v1/events", {"type": "a.b", "entity": "t.deal", "record": NOWHERE}),
    ("POST", "/api/v1/events", {"type": "a.b", "entity": "t.deal", "record": "{deal}", "data": {"x": "y" * 20_000}}),
]


def test_a_refused_request_leaves_no_trace(site):
    before = traces(site.workspace.database)
    for method, address, body in BAD:
        text = json.dumps(body).replace("{deal}", site.names["deal"])
        for key in ({}, {"Idempotency-Key": "k" + str(len(text))}):
            response = site.ask(
                "root", method, address.format(**site.names), raw=None if body is None else text.encode(), headers=key
            )
            assert 400 <= response.status_code < 500, (method, address, body, response.text)
            assert response.json["code"] and response.json["detail"]
            assert traces(site.workspace.database) == before, (method, address, body)


def test_a_trace_is_found(site):
    """The positive control of the test before: one letter in one cell is a trace."""
    before = traces(site.workspace.database)
    with site.workspace.database.write() as connection:
        connection.exec_driver_sql("UPDATE t__deal SET name = 'x'")
    after = traces(site.workspace.database)
    assert [table for table in after if after[table] != before[table]] == ["t__deal"]


def test_a_route_that_changes_something_refuses_a_body_that_is_no_json(site):
    before = traces(site.workspace.database)
    bodies = (b"", b"{", b"[1]", b'{"name":"x","name":"y"}', b'{"a":NaN}', b"\xff\xfe", b"[" * 100_000, b"9" * 10_000)
    for one in ROUTES:
        if not one.rule.startswith("/api/") or one.body is None:
            continue
        for raw in bodies:
            response = site.ask("root", one.method, one.address.format(**site.names), raw=raw)
            assert response.status_code in (400, 422), (one, raw[:20], response.text[:300])
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"):
            response = site.ask(
                "root", one.method, one.address.format(**site.names), {"name": "x"}, headers={"Content-Type": kind}
            )
            assert response.status_code in (400, 415), (one, kind)
    assert traces(site.workspace.database) == before


@pytest.mark.parametrize("field", SYSTEM)
def test_a_system_field_cannot_be_assigned_on_any_road(shared_site, field):
    site = shared_site
    before = traces(site.workspace.database)
    deal, value = site.names["deal"], 7 if field in ("version", "pipeline_version") else NOWHERE
    roads = (
        ("POST", D, {"name": "x", field: value}),
        ("PATCH", f"{D}/{deal}", {field: value}),
        ("PUT", f"{D}/by/code/D1", {field: value}),
        ("PUT", f"{D}/by/code/D77", {"name": "x", field: value}),
        ("POST", f"{D}/bulk", {"create": [{"name": "x", field: value}], "atomic": True}),
        ("POST", f"{D}/{deal}/move", {"to": "offer", "data": {field: value}}),
    )
    for method, address, body in roads:
        response = site.ask("root", method, address, body)
        assert response.status_code == 422, (method, address, response.text)
        pointers = [one["pointer"] for one in response.json["errors"]]
        assert any(one.endswith(f"/{field}") for one in pointers), (address, pointers)
        assert response.json["errors"][0]["code"] in ("read-only", "unknown-field")
    if field not in ("id", "version"):
        update = {"update": [{"id": deal, field: value}], "atomic": True}
        assert site.ask("root", "POST", f"{D}/bulk", update).status_code == 422
    page = site.ask("root", "POST", f"/records/t.deal/{deal}/edit", form={"name": "x", field: str(value)})
    assert page.status_code in (303, 412, 422)
    if page.status_code == 303:  # a form has no input for it: it was left unread
        site.ask("root", "PATCH", f"{D}/{deal}", {"name": "x"})
        stored = next(one for one in rows_of(site.workspace.database, "t__deal") if one["id"] == deal)
        assert str(stored.get(field)) != NOWHERE
        return
    assert traces(site.workspace.database) == before


_BY_CHANCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|20\d\d-\d\d-\d\dT[\d:.]+Z|data-since=\"\d+\"")
_RESEMBLING = re.compile(r"(?:; d| D)id you mean “[\w.]+”\?")


def told(response, *secrets):
    """What an answer says, without ids, times, the name that was asked for and what resembles it."""
    text = response.text
    for one in secrets:
        text = text.replace(one, "*")
    text = _BY_CHANCE.sub("*", _RESEMBLING.sub("", text))
    kept = {name: value for name, value in response.headers.items() if name != "X-Request-Id"}
    return response.status_code, text, {**kept, "Content-Length": ""}


@pytest.mark.parametrize("state", ["open", "archived"])
def test_a_record_that_may_not_be_seen_answers_like_none(site, state):
    deal = made(site.workspace, "t.deal", name="Hidden", code="H1", owner=site.names["ada"])
    if state == "archived":
        with site.workspace.database.write() as connection:
            connection.exec_driver_sql("UPDATE t__deal SET archived_at = created_at WHERE name = 'Hidden'")
    questions = [
        ("GET", "", None),
        ("PATCH", "", {"name": "y"}),
        ("PATCH", "", {"no_such": "y"}),
        ("PATCH", "", {"amount": "-1"}),
        ("DELETE", "", None),
        ("POST", "/move", {"to": "lost"}),
        ("POST", "/move", {"to": "nowhere"}),
        ("POST", "/restore", None),
        ("GET", "/history", None),
        ("GET", "/decisions", None),
        ("GET", "/checklist", None),
        ("GET", "/approvals", None),
        ("POST", "/approvals", {"approval": "t.consent"}),
        ("POST", "/approvals", {"approval": "t.nothing"}),
        ("GET", "/scores", None),
    ]
    different = []
    for match in ({}, {"If-Match": '"1"'}, {"If-Match": '"99"'}):
        for method, rest, body in questions:
            there = site.ask("bo", method, f"{D}/{deal}{rest}", body, headers=match)
            gone = site.ask("bo", method, f"{D}/{NOWHERE}{rest}", body, headers=match)
            if told(there, deal) != told(gone, NOWHERE):
                different.append((method, rest, body, match, there.text, gone.text))
    for address in (f"{D}/check?id=%s", "/records/t.deal/%s", "/records/t.deal/%s/edit"):
        method, body = ("POST", {"name": "y"}) if "check" in address else ("GET", None)
        there = site.ask("bo", method, address % deal, body)
        gone = site.ask("bo", method, address % NOWHERE, body)
        if told(there, deal) != told(gone, NOWHERE):
            different.append((address, there.text[:300], gone.text[:300]))
    for version in (1, 99, None):
        pair = []
        for identifier in (deal, NOWHERE):
            change = {"id": identifier, "name": "y", **({"version": version} if version else {})}
            pair.append(told(site.ask("bo", "POST", f"{D}/bulk", {"update": [change]}), identifier))
        if pair[0] != pair[1]:
            different.append(("bulk", version, *pair))
    assert different == [], "\n".join(str(one)[:600] for one in different)
    assert len(rows_of(site.workspace.database, "t__deal")) == 2


def test_what_no_grant_allows_is_refused_before_a_record_is_looked_for(shared_site):
    """A viewer may read and change deals; an answer about none of them would say that she may do the rest as well."""
    site = shared_site
    viewer = person(site.workspace, "Vi", ["t.viewer"])
    with site.workspace.database.write() as connection:
        site.visitors["vi"] = Visitor(access.new_token(connection, viewer.id, "test"), None)
    assert site.ask("vi", "GET", D).status_code == 200
    before = traces(site.workspace.database)
    for method, address, body in (
        ("GET", f"{D}/export?format=jsonl", None),
        ("POST", D, {"name": "x"}),
        ("POST", f"{D}/{NOWHERE}/move", {"to": "offer"}),
        ("DELETE", f"{D}/{NOWHERE}", None),
    ):
        response = site.ask("vi", method, address, body)
        assert (response.status_code, response.json["code"]) == (403, "forbidden"), (method, address, response.text)
    assert traces(site.workspace.database) == before


def test_an_entity_that_may_not_be_seen_answers_like_none(site):
    """A rep may do nothing with the tasks of the base, which are there; ``base.txsk`` is not."""
    assert site.ask("root", "GET", "/api/v1/records/base.task").status_code == 200
    different = []
    for one in ROUTES:
        if "t.deal" not in one.address or one.guard == "admin":
            continue
        pair = []
        for entity in ("base.task", "base.txsk"):
            address = one.address.replace("t.deal", entity).format(**site.names)
            body = json.loads(json.dumps(one.body).replace("{deal}", site.names["deal"]))
            kind = {"form": body} if body is not None and not address.startswith("/api/") else {"body": body}
            pair.append(told(site.ask("bo", one.method, address, **kind), entity))
        if pair[0] != pair[1]:
            different.append((one.method, one.address, *pair))
    assert different == [], "\n".join(str(one)[:600] for one in different)


def test_a_denied_field_answers_like_one_that_does_not_exist(site):
    templates = (
        f"{D}?sort=%s", f"{D}?sort=-%s,name", f"{D}?fields=%s", f"{D}?fields=name,%s", f"{D}/aggregate?group=%s",
        f"{D}/aggregate?measure=sum:%s", f"{D}/aggregate?measure=avg:%s", f"{D}?filter=%s%%20%%3E%%201",
        f"{D}?filter=%s%%20%%3D%%3D%%20%%22x%%22", f"{D}?filter=blank(%s)", f"{D}?filter=%s", f"{D}?filter=%s.x%%20%%3E%%201",
        f"{D}?filter=lower(%s)%%20%%3D%%3D%%20%%22x%%22", f"{D}?filter=name%%20%%3D%%3D%%20%s", f"{D}?filter=%s%%20%%2B%%20name",
        f"{D}?filter=amount%%20%%3E%%201%%20%%26%%26%%20%s", f"{D}?filter=%s.exists(l,%%20l.x%%20%%3E%%201)",
        f"{D}/export?filter=%s%%20%%3E%%201", "/records/t.deal?sort=%s", "/records/t.deal?filter=%s%%20%%3D%%3D%%20%%22x%%22",
        "/lookup/t.deal/%s",
    )  # fmt: skip
    different = []
    for denied, nothing in (("margin", "mxrgin"), ("share", "shxre"), ("account.credit", "account.crxdit")):
        for template in templates:
            one, other = (told(site.ask("ada", "GET", template % name), name) for name in (denied, nothing))
            if one != other:
                different.append((template % denied, one, other))
        for method, address in (("POST", D), ("PATCH", f"{D}/{{deal}}"), ("POST", f"{D}/check")):
            for value in ("1", 1, None, "x", []):
                body = {"name": "y", denied: value}, {"name": "y", nothing: value}
                pair = [
                    told(site.ask("ada", method, address.format(**site.names), one), name)
                    for one, name in zip(body, (denied, nothing), strict=True)
                ]
                if pair[0] != pair[1]:
                    different.append((method, address, value, *pair))
        for kind in ("filter", "rule", "value", "gate", "check", "formula", "field", "permission", "where", "default"):
            for source in (
                "%s > 1",
                "%s == 'x'",
                "blank(%s)",
                "old.%s == 1",
                "record.%s == 1",
                "changed(%s)",
                "name + %s",
                "%s",
            ):
                pair = [
                    told(
                        site.ask(
                            "ada", "POST", "/api/v1/conditions/check",
                            {"entity": "t.deal", "kind": kind, "source": source.replace("%s", name)},
                        ),
                        name,
                    )
                    for name in (denied, nothing)
                ]  # fmt: skip
                if pair[0] != pair[1]:
                    different.append((kind, source, *pair))
    assert different == [], "\n".join(str(one)[:600] for one in different)


def test_the_same_records_are_found_by_who_may_see_them(site):
    """The positive control: root gets an answer of its own for each of them."""
    for name in ("margin", "share", "account.credit"):
        assert site.ask("root", "GET", f"{D}?filter={name}%20%3E%201").status_code == 200
        assert site.ask("root", "GET", f"{D}?sort={name}").status_code == 200


@pytest.mark.parametrize("field", ["tier"])
def test_a_field_that_may_only_be_seen_cannot_be_changed(site, field):
    deal = f"{D}/{site.names['deal']}"
    before = site.ask("ada", "GET", deal).json
    for method, address, body in (
        ("PATCH", deal, {field: "B"}),
        ("POST", D, {"name": "x", field: "B"}),
        ("PUT", f"{D}/by/code/D1", {field: "B"}),
        ("POST", f"{deal}/move", {"to": "offer", "data": {field: "B"}}),
    ):
        response = site.ask("ada", method, address, body)
        assert (response.status_code, response.json["errors"][0]["code"]) == (422, "read-only"), address
    assert site.ask("ada", "GET", deal).json == before


def test_each_of_two_guards_of_a_denied_field_holds_alone(site):
    user = site.people["ada"]
    with site.workspace.database.read() as connection:
        work = Work(site.workspace, connection, user)
        for name in ("margin", "share", "no_such"):
            with pytest.raises(UnknownFieldError):
                access.criteria(work.catalog, user, "read", "t.deal", work.tables, work.env, [name])
            with pytest.raises(UnknownFieldError):
                access.first_steps(work.catalog, user, "t.deal", [name])
        assert access.first_steps(work.catalog, user, "t.deal", ["amount"]) == {"amount"}


def test_what_is_defined_names_no_denied_field(site):
    """Gates, formulas and checks of the world name ``margin`` and ``credit``; nothing that a rep is told does."""
    addresses = [f"/api/v1/metadata/{kind}" for kind in ("entity", "pipeline", "rule", "role", "option_set")]
    addresses += [f"/api/v1/metadata/{one}" for one in ("pipeline/t.sale", "entity/t.deal", "entity/t.account")]
    addresses += [f"/api/v1/metadata/entity/{one}/schema" for one in ("t.deal", "t.account")]
    addresses += [
        "/api/v1/openapi.json",
        "/records/t.deal",
        "/records/t.deal/new",
        f"/records/t.deal/{site.names['deal']}/edit",
    ]
    for address in addresses:
        told = site.ask("ada", "GET", address)
        assert told.status_code == 200, address
        for name in ("margin", "credit", "Margin", "Credit", '"share"'):
            assert name not in told.text, address
        if address.startswith("/api"):
            assert '"require"' not in told.text, address
    # The positive control: an administrator is told all of it.
    assert "margin" in site.ask("root", "GET", "/api/v1/metadata/entity/t.deal").text
    assert '"require"' in site.ask("root", "GET", "/api/v1/metadata/pipeline/t.sale").text
