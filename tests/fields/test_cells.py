"""Values as texts of forms and tables."""

from __future__ import annotations

import pytest

from dealwright import fields
from dealwright.errors import RecordError, UnknownFieldError
from dealwright.metadata import load

CHOICES = [{"id": "hot", "title": "Hot"}, {"id": "cold", "title": "Cold lead"}]
READ = [
    ({"field": "text"}, "  Li Lei ", "Li Lei"),
    ({"field": "text"}, "   ", None),
    ({"field": "integer"}, "+42", 42),
    ({"field": "integer"}, "４２", 42),
    ({"field": "decimal"}, "1234.50", "1234.50"),
    ({"field": "percent"}, "15 %", "15"),
    ({"field": "money"}, "-3.5", "-3.5"),
    ({"field": "money", "currency": "per_record"}, "3.5 eur", {"amount": "3.5", "currency": "EUR"}),
    ({"field": "money", "currency": "per_record"}, "3.5", {"amount": "3.5", "currency": "CNY"}),
    ({"field": "date"}, "2026/1/5", "2026-01-05"),
    ({"field": "date"}, "2026年1月5日", "2026-01-05"),
    # 09:30 in the workspace's zone, Asia/Shanghai, is 01:30 in UTC.
    ({"field": "datetime"}, "2026-11-23 9:30", "2026-11-23T01:30:00Z"),
    ({"field": "datetime"}, "2026-11-23T09:30", "2026-11-23T01:30:00Z"),
    ({"field": "datetime"}, "2026-11-23T09:30:00Z", "2026-11-23T09:30:00Z"),
    ({"field": "time"}, "9:30", "09:30"),
    ({"field": "boolean"}, "Yes", True),
    ({"field": "boolean"}, "是", True),
    ({"field": "boolean"}, "否", False),
    ({"field": "boolean"}, "", False),
    ({"field": "select", "options": CHOICES}, "hot", "hot"),
    ({"field": "select", "options": CHOICES}, "COLD LEAD", "cold"),
    ({"field": "select", "options": CHOICES}, "热", "hot"),
    ({"field": "multi_select", "options": CHOICES}, "Hot; cold;", ["hot", "cold"]),
    ({"field": "checklist", "options": CHOICES}, "hot", {"hot": True}),
    ({"field": "tags"}, "vip；new", ["vip", "new"]),
    ({"field": "references", "to": "s.account"}, "a;b", ["a", "b"]),
    ({"field": "any_reference"}, "s.account/a", {"entity": "s.account", "id": "a"}),
    ({"field": "geolocation"}, "31.23, 121.47", {"lat": 31.23, "lon": 121.47}),
    ({"field": "json"}, '{"a":[1]}', {"a": [1]}),
]
REFUSED = [
    ({"field": "decimal"}, "1,234.50", "ambiguous-number"),
    ({"field": "decimal"}, "1.234,50", "ambiguous-number"),
    ({"field": "decimal"}, "12,5", "ambiguous-number"),
    ({"field": "integer"}, "1 000", "ambiguous-number"),
    ({"field": "integer"}, "dozen", "not-a-number"),
    ({"field": "integer"}, "1.0", "ambiguous-number"),
    ({"field": "boolean"}, "maybe", "not-yes-or-no"),
    ({"field": "json"}, "{", "not-json"),
    ({"field": "json"}, "NaN", "not-json"),
    ({"field": "file"}, "a.pdf", "not-in-a-cell"),
    ({"field": "geolocation"}, "here", "wrong-type"),
    ({"field": "any_reference"}, "a", "not-an-id"),
]


@pytest.fixture
def catalog_with(made):
    def make(spec):
        return made({"f": spec})

    return make


def chinese(spec):
    document = {"kind": "entity", "id": "s.deal", "title": "Deal", "properties": {"f": spec}}
    account = {"kind": "entity", "id": "s.account", "title": "Account", "properties": {"name": {"field": "text"}}}
    texts = {"zh-CN": {"entity:s.deal#/properties/f/options/hot/title": "热"} if "options" in spec else {}}
    settings = {"zone": "Asia/Shanghai", "currency": "CNY"}
    return load.catalog_of([account, document], settings, translations=texts)


@pytest.mark.parametrize(("spec", "text", "value"), READ, ids=lambda case: repr(case)[:40])
def test_a_text_is_read_as_what_it_means(spec, text, value):
    assert fields.from_text(chinese(spec), "s.deal", "f", text) == value


@pytest.mark.parametrize(("spec", "text", "code"), REFUSED, ids=lambda case: repr(case)[:40])
def test_a_text_with_two_readings_or_none_is_refused(spec, text, code):
    with pytest.raises(RecordError) as caught:
        fields.from_text(chinese(spec), "s.deal", "f", text)
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [("/f", code)]


@pytest.mark.parametrize(
    ("spec", "value", "text"),
    [
        ({"field": "text"}, None, ""),
        ({"field": "money", "currency": "per_record"}, {"amount": "3.50", "currency": "EUR"}, "3.50 EUR"),
        ({"field": "boolean"}, False, "false"),
        ({"field": "multi_select", "options": CHOICES}, ["hot", "cold"], "hot;cold"),
        ({"field": "checklist", "options": CHOICES}, {"hot": True, "cold": False}, "hot"),
        ({"field": "address"}, {"city": "Jena", "street": "Markt 1"}, "Markt 1, Jena"),
        ({"field": "file"}, {"id": "1", "name": "a.pdf", "size": 1, "type": "text/plain"}, "a.pdf"),
        ({"field": "json"}, {"a": [1]}, '{"a":[1]}'),
        ({"field": "text", "sensitivity": "secret"}, {"set": True}, ""),
        ({"field": "any_reference"}, {"entity": "s.account", "id": "a"}, "s.account/a"),
    ],
    ids=lambda case: repr(case)[:40],
)
def test_a_value_is_written_as_a_text(catalog_with, spec, value, text):
    assert fields.to_text(catalog_with(spec), "s.deal", "f", value) == text


def test_a_field_that_does_not_exist_is_refused(catalog_with):
    with pytest.raises(UnknownFieldError):
        fields.from_text(catalog_with({"field": "text"}), "s.deal", "g", "x")
