"""Which values each type takes, what they become, and why others are refused. Values are written as JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dealwright import fields

OPTIONS = [{"id": "a", "title": "Apple"}, {"id": "b", "title": "Pear", "hidden": True}]
SELECT = {"field": "select", "options": OPTIONS}
MANY = {"field": "multi_select", "options": OPTIONS}
FILE = '{"id":"f1","name":"a.pdf","size":10,"type":"application/pdf"}'

TAKEN = [
    ({"field": "text"}, '"Li Lei"', "Li Lei"),
    ({"field": "text"}, '""', None),
    ({"field": "text"}, "null", None),
    ({"field": "text"}, '"e\\u0301"', "é"),
    ({"field": "text", "minLength": 3}, '""', None),
    ({"field": "text", "pattern": "b+"}, '"abbc"', "abbc"),
    ({"field": "text", "enum": ["x", "y"]}, '"y"', "y"),
    ({"field": "text", "format": "ipv6"}, '"2001:db8::1"', "2001:db8::1"),
    ({"field": "text", "format": "gtin"}, '"06901234567892"', "06901234567892"),
    ({"field": "text", "format": "gtin"}, '"6901234567892"', "6901234567892"),
    ({"field": "text", "format": "gtin"}, '"96385074"', "96385074"),
    ({"field": "long_text"}, '"one\\ttwo\\nthree"', "one\ttwo\nthree"),
    ({"field": "email"}, '"li.lei+crm@mail.example.cn"', "li.lei+crm@mail.example.cn"),
    ({"field": "phone"}, '"+86 (10) 1234-5678 ext 12"', "+86 (10) 1234-5678 ext 12"),
    ({"field": "phone"}, '"010-12345678转801"', "010-12345678转801"),
    ({"field": "url"}, '"https://example.com/a?b=1#c"', "https://example.com/a?b=1#c"),
    ({"field": "url"}, '"mailto:a@example.com"', "mailto:a@example.com"),
    ({"field": "colour"}, '"#1A2B3C"', "#1a2b3c"),
    ({"field": "integer"}, "9223372036854775807", 2**63 - 1),
    ({"field": "integer", "multipleOf": 5}, "-15", -15),
    ({"field": "decimal"}, '"1234.5600"', Decimal("1234.56")),
    ({"field": "decimal"}, "0.1", Decimal("0.1")),
    ({"field": "decimal", "scale": 0}, '"12.000"', Decimal(12)),
    ({"field": "decimal"}, "1e3", Decimal(1000)),
    ({"field": "percent"}, '"-0"', Decimal(0)),
    ({"field": "money"}, '"99999999999999.9999"', Decimal("99999999999999.9999")),
    ({"field": "money", "minimum": "0.01"}, '"0.01"', Decimal("0.01")),
    ({"field": "rating"}, "5", 5),
    ({"field": "boolean"}, "false", False),
    ({"field": "date"}, '"2028-02-29"', date(2028, 2, 29)),
    # 09:30 in Shanghai (UTC+8) is 01:30 in UTC; microseconds are cut, not rounded.
    ({"field": "datetime"}, '"2026-11-23T09:30:00.123999+08:00"', datetime(2026, 11, 23, 1, 30, 0, 123000, UTC)),
    ({"field": "time"}, '"23:59:59"', time(23, 59, 59)),
    ({"field": "duration"}, '"P1W2DT3H4M5.5S"', timedelta(days=9, hours=3, minutes=4, seconds=5.5)),
    ({"field": "duration"}, '"-PT90M"', timedelta(minutes=-90)),
    (SELECT, '"b"', "b"),
    ({**SELECT, "allow_new": True}, '"quince"', "quince"),
    (MANY, '["b","a"]', ["b", "a"]),
    (MANY, "[]", None),
    ({"field": "checklist", "options": OPTIONS}, '{"a":true}', {"a": True}),
    ({"field": "tags"}, '["vip","大客户"]', ["vip", "大客户"]),
    ({"field": "json"}, '{"a":[1,null,0.5]}', {"a": [1, None, 0.5]}),
    ({"field": "address"}, '{"city":"Jena","street":""}', {"city": "Jena"}),
    ({"field": "geolocation"}, '{"lat":31.23,"lon":-121}', {"lat": 31.23, "lon": -121.0}),
    ({"field": "file"}, FILE, {"id": "f1", "name": "a.pdf", "size": 10, "type": "application/pdf"}),
    ({"field": "file", "multiple": True}, "[]", None),
    ({"field": "reference", "to": "s.account"}, '"acc-1"', "acc-1"),
    ({"field": "references", "to": "s.account"}, '["b","a"]', ["b", "a"]),
    ({"field": "references", "to": "s.account"}, "null", []),
    ({"field": "any_reference"}, '{"entity":"s.account","id":"1"}', {"entity": "s.account", "id": "1"}),
]

REFUSED = [
    ({"field": "text"}, "1", "wrong-type"),
    ({"field": "text"}, '"' + "x" * 256 + '"', "too-long"),
    ({"field": "text", "minLength": 3}, '"ab"', "too-short"),
    ({"field": "text"}, '"a\\nb"', "control-character"),
    ({"field": "text"}, '"a\\u0000b"', "control-character"),
    ({"field": "text"}, '"a\\u0085b"', "control-character"),
    ({"field": "text"}, '"a\\ud800b"', "control-character"),
    ({"field": "long_text"}, '"a\\u0007b"', "control-character"),
    ({"field": "text", "pattern": "^a+$"}, '"aab"', "pattern"),
    ({"field": "text", "enum": ["x", "y"]}, '"z"', "not-in-enum"),
    ({"field": "text", "format": "uuid"}, '"123"', "not-in-format"),
    ({"field": "text", "format": "gtin"}, '"690123456789"', "wrong-check-digit"),
    ({"field": "text", "format": "gtin"}, '"06901234567893"', "wrong-check-digit"),
    ({"field": "text", "format": "gtin"}, '"123"', "not-in-format"),
    ({"field": "email"}, '"li.lei@example"', "not-an-email"),
    ({"field": "email"}, '"a@b.cn\\u2028@c.cn"', "not-an-email"),
    ({"field": "phone"}, '"call me"', "not-a-phone"),
    ({"field": "url"}, '"javascript:alert(1)"', "not-a-url"),
    ({"field": "url"}, '"https://bank.example@evil.example/"', "not-a-url"),
    ({"field": "colour"}, '"red"', "not-a-colour"),
    ({"field": "integer"}, '"1"', "wrong-type"),
    ({"field": "integer"}, "true", "wrong-type"),
    ({"field": "integer"}, "1.0", "wrong-type"),
    ({"field": "integer"}, "9223372036854775808", "above-maximum"),
    ({"field": "integer"}, "-9223372036854775809", "below-minimum"),
    ({"field": "integer"}, "1" + "0" * 30, "above-maximum"),
    ({"field": "integer", "minimum": 1}, "0", "below-minimum"),
    ({"field": "integer", "exclusiveMinimum": 1}, "1", "not-above"),
    ({"field": "integer", "exclusiveMaximum": 5}, "5", "not-below"),
    ({"field": "integer", "multipleOf": 5}, "4", "not-a-multiple"),
    ({"field": "decimal"}, "1e400", "not-below"),
    ({"field": "decimal"}, "1e-400", "too-precise"),
    ({"field": "decimal"}, "NaN", "wrong-type"),
    ({"field": "decimal"}, '"NaN"', "not-a-number"),
    ({"field": "decimal"}, '"1e3"', "not-a-number"),
    ({"field": "decimal"}, '"1,234"', "not-a-number"),
    ({"field": "decimal"}, '" 1"', "not-a-number"),
    ({"field": "decimal"}, '"1\\n"', "not-a-number"),
    ({"field": "decimal"}, '"١"', "not-a-number"),
    ({"field": "decimal"}, '"1' + "0" * 30 + '"', "not-below"),
    ({"field": "decimal"}, "-1" + "0" * 30, "not-above"),
    ({"field": "decimal"}, "true", "wrong-type"),
    ({"field": "decimal", "scale": 2}, '"0.001"', "too-precise"),
    # 29 digits: more than Python's decimal context keeps, so that rounding would hide the last one.
    ({"field": "decimal"}, '"1.0000000000000000000000000001"', "too-precise"),
    ({"field": "money"}, '"1.23456"', "too-precise"),
    ({"field": "money"}, '"100000000000000"', "not-below"),
    ({"field": "percent", "maximum": 100}, '"100.01"', "above-maximum"),
    ({"field": "rating"}, "6", "above-maximum"),
    ({"field": "rating"}, "0", "below-minimum"),
    ({"field": "boolean"}, "null", "wrong-type"),
    ({"field": "boolean"}, "1", "wrong-type"),
    ({"field": "boolean"}, '"true"', "wrong-type"),
    ({"field": "date"}, '"2026-02-29"', "not-a-date"),
    ({"field": "date"}, '"20261123"', "not-a-date"),
    ({"field": "date"}, '"2026-W48-1"', "not-a-date"),
    ({"field": "date"}, '""', "not-a-date"),
    ({"field": "datetime"}, '"2026-11-23T09:30:00"', "not-a-datetime"),
    ({"field": "datetime"}, '"0001-01-01T00:00:00+01:00"', "not-a-datetime"),
    ({"field": "datetime"}, '"2026-11-23T23:59:60Z"', "not-a-datetime"),
    ({"field": "time"}, '"24:00"', "not-a-time"),
    ({"field": "duration"}, '"P1M"', "not-a-duration"),
    ({"field": "duration"}, '"P1Y"', "not-a-duration"),
    ({"field": "duration"}, '"P"', "not-a-duration"),
    ({"field": "duration"}, '"PT"', "not-a-duration"),
    ({"field": "duration"}, '"PT99999999H"', "not-a-duration"),
    (SELECT, '"c"', "no-such-option"),
    (SELECT, '"Apple"', "no-such-option"),
    (MANY, '"a"', "wrong-type"),
    (MANY, '["a","a"]', "repeated"),
    ({**MANY, "minItems": 2}, '["a"]', "too-few"),
    ({"field": "checklist", "options": OPTIONS}, '{"z":true}', "no-such-option"),
    ({"field": "checklist", "options": OPTIONS}, '{"a":1}', "wrong-type"),
    ({"field": "tags", "maxItems": 1}, '["a","b"]', "too-many"),
    ({"field": "json"}, "[" * 33 + "]" * 33, "too-deep"),
    ({"field": "json"}, '"' + "x" * 65_536 + '"', "too-large"),
    ({"field": "json"}, "0.12345678901234567890", "too-precise"),
    ({"field": "json"}, '{"a\\u0000":1}', "control-character"),
    ({"field": "address"}, '{"planet":"Earth"}', "unknown-key"),
    ({"field": "geolocation"}, '{"lat":90.5,"lon":0}', "above-maximum"),
    ({"field": "geolocation"}, '{"lat":1}', "missing-key"),
    ({"field": "file"}, '{"id":"f1"}', "missing-key"),
    ({"field": "file", "accept": ["image/*"]}, FILE, "wrong-file-type"),
    ({"field": "file", "max_size": 9}, FILE, "too-large"),
    ({"field": "image"}, FILE.replace("application/pdf", "image/svg+xml"), "wrong-file-type"),
    ({"field": "file", "multiple": True}, f"[{FILE},{FILE}]", "repeated"),
    ({"field": "reference", "to": "s.account"}, '""', "not-an-id"),
    ({"field": "reference", "to": "s.account"}, "7", "wrong-type"),
    ({"field": "references", "to": "s.account"}, '["a","a"]', "repeated"),
    ({"field": "any_reference"}, '{"entity":"s.nothing","id":"1"}', "no-such-entity"),
    ({"field": "money", "currency": "per_record"}, '{"amount":"1","currency":"eur"}', "no-such-currency"),
    ({"field": "autonumber", "format": "{seq}"}, '"1"', "read-only"),
]


def named(case: Any) -> str:
    return str(case["field"]) if isinstance(case, dict) and "field" in case else repr(case)[:40]


@pytest.mark.parametrize(("spec", "written", "typed"), TAKEN, ids=named)
def test_a_value_that_fits_is_taken_and_typed(tried, spec, written, typed):
    value, problems = tried(spec, written)
    assert problems == []
    assert value == typed
    assert type(value) is type(typed)


@pytest.mark.parametrize(("spec", "written", "code"), REFUSED, ids=named)
def test_a_value_that_does_not_fit_is_refused_with_its_code(tried, spec, written, code):
    _, problems = tried(spec, written)
    assert {problem.code for problem in problems} == {code}


def test_money_with_its_own_currency_is_two_entries_of_a_typed_record_and_one_object_in_json(made):
    catalog = made({"f": {"field": "money", "currency": "per_record"}})
    values, problems = fields.read(catalog, "s.deal", {"f": {"amount": "5.5", "currency": "EUR"}}, new=True)
    assert (values, problems) == ({"f": Decimal("5.5"), "f__currency": "EUR"}, [])
    assert fields.shown(catalog, "s.deal", values) == {"f": {"amount": "5.50", "currency": "EUR"}}
    assert fields.read(catalog, "s.deal", {"f": None}, new=True)[0] == {"f": None, "f__currency": None}


def test_every_problem_is_found_at_its_place(made):
    items = {"properties": {"qty": {"field": "integer", "minimum": 1}, "price": {"field": "money"}}}
    catalog = made({"name": {"field": "text"}, "lines": {"field": "rows", "items": items}})
    sent = {
        "nmae": "x",
        "lines": [{"qty": 0}, {"qty": 1, "price": "x"}, 7, {"a/b": 1}],
        "version": 3,
        "name": 5,
    }
    values, problems = fields.read(catalog, "s.deal", sent, new=True)
    assert values == {}
    assert [(problem.pointer, problem.code) for problem in problems] == [
        ("/name", "wrong-type"),
        ("/lines/0/qty", "below-minimum"),
        ("/lines/1/price", "not-a-number"),
        ("/lines/2", "wrong-type"),
        ("/lines/3/a~1b", "unknown-field"),
        ("/version", "read-only"),
        ("/nmae", "unknown-field"),
    ]


def test_values_without_a_fault_are_returned_beside_the_problems(made):
    catalog = made({"a": {"field": "integer"}, "b": {"field": "integer"}})
    values, problems = fields.read(catalog, "s.deal", {"a": 1, "b": "x"}, new=False)
    assert values == {"a": 1}
    assert [problem.pointer for problem in problems] == ["/b"]


def test_what_is_no_object_is_refused_as_a_whole(made):
    values, problems = fields.read(made({"a": {"field": "text"}}), "s.deal", ["a"], new=True)
    assert values == {}
    assert [(problem.pointer, problem.code) for problem in problems] == [("", "wrong-type")]


def test_a_message_does_not_repeat_a_secret(made):
    catalog = made({"key": {"field": "text", "sensitivity": "secret", "pattern": "^k-"}})
    _, problems = fields.read(catalog, "s.deal", {"key": "hunter2"}, new=True)
    assert "hunter2" not in problems[0].message


def test_a_secret_is_shown_as_set_and_what_is_shown_cannot_be_sent_back(made):
    catalog = made(
        {"key": {"field": "text", "sensitivity": "secret"}, "none": {"field": "text", "sensitivity": "secret"}}
    )
    shown = fields.shown(catalog, "s.deal", {"key": "hunter2", "none": None})
    assert shown == {"key": {"set": True}, "none": None}
    assert [p.code for p in fields.read(catalog, "s.deal", shown, new=False)[1]] == ["wrong-type"]


def test_owner_and_team_may_be_sent_and_the_rest_of_the_platform_s_fields_not(made):
    catalog = made({"name": {"field": "text"}})
    sent = {"owner": "u1", "team": None, "created_at": "2026-11-23T00:00:00Z"}
    values, problems = fields.read(catalog, "s.deal", sent, new=True)
    assert values == {"owner": "u1", "team": None}
    assert [(problem.pointer, problem.code) for problem in problems] == [("/created_at", "read-only")]


def test_a_limit_may_be_a_parameter(made):
    parameter = {"kind": "parameter", "id": "s.most", "type": "integer", "title": "Most", "default": 3}
    catalog = made({"n": {"field": "integer", "maximum": {"param": "most"}}}, documents=[parameter])
    assert fields.read(catalog, "s.deal", {"n": 3}, new=True)[1] == []
    assert fields.read(catalog, "s.deal", {"n": 4}, new=True)[1][0].code == "above-maximum"


def test_a_binary_float_is_refused_even_if_it_is_whole(made):
    catalog = made({"n": {"field": "decimal"}})
    assert fields.read(catalog, "s.deal", {"n": 2.0}, new=True)[1][0].code == "wrong-type"


def test_a_pattern_takes_linear_time(made):
    catalog = made({"t": {"field": "text", "pattern": "^(a+)+$", "maxLength": 100_000}})
    _, problems = fields.read(catalog, "s.deal", {"t": "a" * 50_000 + "!"}, new=True)
    assert problems[0].code == "pattern"


class TestRows:
    ITEMS = {
        "properties": {
            "qty": {"field": "integer"},
            "price": {"field": "money", "currency": "per_record"},
            "double": {"field": "formula", "result": "integer", "formula": "qty * 2"},
        }
    }

    @pytest.fixture
    def catalog(self, made):
        return made({"lines": {"field": "rows", "items": self.ITEMS}})

    def test_a_new_row_gets_an_id_and_a_known_one_keeps_it(self, catalog):
        before = {"lines": [{"id": "r1", "qty": 1}]}
        sent = {"lines": [{"id": "r1", "qty": 2}, {"qty": 3}]}
        values, problems = fields.read(catalog, "s.deal", sent, new=False, before=before)
        assert problems == []
        assert values["lines"][0] == {"id": "r1", "qty": 2}
        assert len(values["lines"][1]["id"]) == 36

    @pytest.mark.parametrize("new", [True, False])
    def test_the_id_of_another_record_s_row_is_refused(self, catalog, new):
        sent = {"lines": [{"qty": 1}, {"id": "other", "qty": 3}]}
        _, problems = fields.read(catalog, "s.deal", sent, new=new, before=None if new else {"lines": []})
        assert [(problem.pointer, problem.code) for problem in problems] == [("/lines/1/id", "no-such-row")]

    def test_the_same_row_twice_is_refused(self, catalog):
        sent = {"lines": [{"id": "r1"}, {"id": "r1"}]}
        _, problems = fields.read(catalog, "s.deal", sent, new=False)
        assert [(problem.pointer, problem.code) for problem in problems] == [("/lines/1/id", "repeated")]

    def test_a_row_can_be_sent_back_as_it_was_read_with_its_computed_values(self, catalog):
        row = {"id": "r1", "qty": 2, "price": Decimal("1.5"), "price__currency": "EUR", "double": 4}
        shown = fields.shown(catalog, "s.deal", {"lines": [row]})
        assert shown["lines"] == [{"id": "r1", "qty": 2, "price": {"amount": "1.50", "currency": "EUR"}, "double": 4}]
        values, problems = fields.read(catalog, "s.deal", shown, new=False)
        assert problems == []
        assert values["lines"] == [{"id": "r1", "qty": 2, "price": Decimal("1.5"), "price__currency": "EUR"}]

    def test_more_than_a_thousand_rows_are_refused(self, catalog):
        _, problems = fields.read(catalog, "s.deal", {"lines": [{}] * 1001}, new=True)
        assert [problem.code for problem in problems] == ["too-many"]


def test_only_the_fields_asked_for_are_shown(made):
    catalog = made({"a": {"field": "decimal"}, "b": {"field": "text"}})
    row = {"a": Decimal("1.50"), "b": "x", "strange": 1}
    assert fields.shown(catalog, "s.deal", row) == {"a": "1.5", "b": "x"}
    assert fields.shown(catalog, "s.deal", row, only={"b"}) == {"b": "x"}


def test_what_is_the_same_to_a_person_has_not_changed(made):
    catalog = made(
        {
            "n": {"field": "decimal"},
            "m": MANY,
            "p": {"field": "money", "currency": "per_record"},
            "x": {"field": "boolean"},
        }
    )
    before = {"n": Decimal("1.5"), "m": ["a", "b"], "p": Decimal(1), "p__currency": "EUR", "x": None}
    after = {"n": Decimal("1.50"), "m": ["b", "a"], "p": Decimal(1), "p__currency": "USD", "x": False}
    assert fields.changed(catalog, "s.deal", before, after, ["n", "m", "p", "x"]) == {"p"}


def test_a_value_at_the_end_of_a_path_is_shown_like_a_field(made):
    catalog = made(
        {"account": {"field": "reference", "to": "s.account"}, "fee": {"field": "money", "currency": "per_record"}}
    )
    assert fields.shown_path(catalog, "s.deal", "account.founded", date(2026, 1, 5)) == "2026-01-05"
    assert fields.shown_path(catalog, "s.deal", "account.founded", None) is None
    assert fields.shown_path(catalog, "s.deal", "fee", Decimal("1.5")) == "1.50"
    assert fields.shown_path(catalog, "s.deal", "nothing.at.all", "x") == "x"


def test_the_form_template_of_a_type_has_its_name():
    assert {name: kind.template for name, kind in fields.TYPES.items()} == {name: name for name in fields.TYPES}
