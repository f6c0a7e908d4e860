"""What is defined, over HTTP, as far as each may see it."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator


def test_conditions_are_checked_with_their_type_and_fields(clients):
    body = {"entity": "t.deal", "kind": "filter", "source": "amount>100&&account.region=='east'"}
    answer = clients["ada"].post("/conditions/check", body).json
    assert answer["ok"] is True
    assert answer["type"] == "boolean"
    assert answer["text"] == 'amount > 100 && account.region == "east"'
    assert set(answer["fields"]) == {"account", "account.region", "amount"}


def test_a_wrong_condition_is_shown_where_it_is_wrong(clients):
    body = {"entity": "t.deal", "kind": "filter", "source": 'tier == "D"'}
    (error,) = clients["admin"].post("/conditions/check", body).json["errors"]
    assert (error["start"], error["end"]) == (8, 11)
    assert "A" in error["message"]


def test_a_denied_field_in_a_condition_answers_like_an_unknown_one(clients):
    def asked(name):
        body = {"entity": "t.deal", "kind": "filter", "source": f"{name} > 1"}
        return json.dumps(clients["ada"].post("/conditions/check", body).json).replace(name, "X")

    assert asked("margin") == asked("nargim")
    assert asked("account.credit") == asked("account.tiderc")


def test_the_schema_of_an_entity_checks_what_the_interface_returns(clients):
    clients["admin"].post("/records/t.deal", {"name": "x", "amount": "5", "lines": [{"what": "a", "qty": 1}]})
    schema = clients["admin"].get("/metadata/entity/t.deal/schema").json
    Draft202012Validator.check_schema(schema)
    record = clients["admin"].get("/records/t.deal").json["items"][0]
    known = {name: value for name, value in record.items() if name in schema["properties"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(known)] == []


def test_metadata_names_no_denied_field_or_entity(clients):
    for path in (
        "/metadata/entity",
        "/metadata/entity/t.deal",
        "/metadata/entity/t.deal/schema",
        "/metadata/entity/t.account",
        "/openapi.json",
        "/metadata/rule",
        "/metadata/role",
    ):
        text = clients["ada"].get(path).text
        for name in ("margin", '"share"', "credit", "base.task", "dw_"):
            assert name not in text, (path, name)


def test_an_administrator_reads_whole_documents(clients):
    document = clients["admin"].get("/metadata/entity/t.deal").json
    assert document["properties"]["weighted"]["formula"] == "amount * win / 100"
    assert {one["id"] for one in clients["admin"].get("/metadata/rule").json["items"]} >= {"t.tier_a", "t.big"}


def test_the_description_lists_every_route_of_the_interface(app, clients):
    described = clients["admin"].get("/openapi.json").json["paths"]
    for rule in app.url_map.iter_rules():
        path = str(rule).removeprefix("/api/v1")
        if path == str(rule) or path.endswith("/space"):  # which deals have none: tests/web/test_spaces.py
            continue
        path = path.replace("<entity>", "t.deal").replace("<path:value>", "{value}")
        for name in ("record", "identifier", "decision"):
            path = path.replace(f"<{name}>", "{id}")
        for name in ("kind", "field", "rule", "sequence"):
            path = path.replace(f"<{name}>", f"{{{name}}}")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert method.lower() in described.get(path, {}), (path, method)
