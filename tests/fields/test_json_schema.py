"""marshmallow and the published JSON Schema give the same verdict on every value, broken ones included.

Left out is exactly what ``dealwright.fields.json_schema`` says JSON Schema cannot express: the strategies below never
make such values, and each of them says which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry

from dealwright import fields
from dealwright.metadata import load

OPTIONS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}, {"id": "c", "title": "C", "hidden": True}]
ITEMS = {
    "properties": {
        "qty": {"field": "integer", "minimum": 1},
        "price": {"field": "money"},
        "note": {"field": "text", "maxLength": 5},
        "sum": {"field": "formula", "result": "money", "formula": "qty * price"},
    }
}
PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "text": {"field": "text"},
    "short": {"field": "text", "minLength": 2, "maxLength": 4},
    "coded": {"field": "text", "pattern": "^[A-Z]{2}-[0-9]+$"},
    "listed": {"field": "text", "enum": ["x", "y"]},
    "uuid": {"field": "text", "format": "uuid"},
    "host": {"field": "text", "format": "hostname"},
    "ipv4": {"field": "text", "format": "ipv4"},
    "ipv6": {"field": "text", "format": "ipv6"},
    "uri": {"field": "text", "format": "uri"},
    "long": {"field": "long_text"},
    "email": {"field": "email"},
    "phone": {"field": "phone"},
    "url": {"field": "url"},
    "colour": {"field": "colour"},
    "integer": {"field": "integer"},
    "bounded": {"field": "integer", "minimum": -3, "maximum": 10, "multipleOf": 2},
    "decimal": {"field": "decimal"},
    "fine": {"field": "decimal", "scale": 8},
    "whole": {"field": "decimal", "scale": 0},
    "percent": {"field": "percent"},
    "money": {"field": "money"},
    "own": {"field": "money", "currency": "per_record"},
    "rating": {"field": "rating", "maximum": 3},
    "boolean": {"field": "boolean"},
    "date": {"field": "date"},
    "datetime": {"field": "datetime"},
    "time": {"field": "time"},
    "duration": {"field": "duration"},
    "select": {"field": "select", "options": OPTIONS},
    "open": {"field": "select", "options": OPTIONS, "allow_new": True},
    "many": {"field": "multi_select", "options": OPTIONS, "minItems": 2, "maxItems": 3},
    "checklist": {"field": "checklist", "options": OPTIONS},
    "tags": {"field": "tags", "maxItems": 3},
    "json": {"field": "json"},
    "address": {"field": "address"},
    "place": {"field": "geolocation"},
    "file": {"field": "file", "accept": ["image/*", "application/pdf"], "max_size": 100},
    "files": {"field": "file", "multiple": True},
    "image": {"field": "image"},
    "account": {"field": "reference", "to": "s.account"},
    "accounts": {"field": "references", "to": "s.account"},
    "anything": {"field": "any_reference"},
    "user": {"field": "user"},
    "lines": {"field": "rows", "items": ITEMS, "maxItems": 2},
}
#: Bounds of a number hold in JSON Schema for numbers only, not for texts of numbers.
NUMBERS = {
    "percent_bounded": {"field": "percent", "minimum": 0, "maximum": "99.5"},
    "odd": {"field": "decimal", "enum": [1, "2.5"]},
}

CATALOG = load.catalog_of(
    [
        {"kind": "entity", "id": "s.account", "title": "Account", "properties": {"name": {"field": "text"}}},
        {"kind": "entity", "id": "s.deal", "title": "Deal", "properties": {**PROPERTIES, **NUMBERS}},
    ],
    with_base=True,
)
CHECKER = FormatChecker(["date"])


@CHECKER.checks("date-time", raises=(ValueError, OverflowError))
def _is_moment(text: Any) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).astimezone() is not None


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    # As a client has it: through JSON. Fractions are read exactly, as our own reader does.
    plain = json.loads(json.dumps(schema), parse_float=Decimal)
    Draft202012Validator.check_schema(json.loads(json.dumps(schema)))
    return Draft202012Validator(plain, registry=Registry(), format_checker=CHECKER)


UPDATE = validator(fields.record_schema(CATALOG, "s.deal", "update"))

# ASCII and letters that NFC leaves alone: the length of other texts may change.
CHARS = st.sampled_from("aZ09 -_.@/:;+()#é谈判\t\n\x00\x7f\x85")
TEXTS = st.text(CHARS, max_size=8) | st.sampled_from(
    [
        "x" * 255,
        "x" * 256,
        "AB-12",
        "AB-12\n",
        "x",
        "y",
        "a@b.cn",
        "a@b",
        "li.lei@例子.公司",
        "+86 10 1234",
        "010-1234转8",
        "https://example.com/a?b",
        "HTTP://x",
        "https://u@h/",
        "mailto:a@b.cn",
        "javascript:1",
        "#12aBcD",
        "#12",
        "2026-11-23",
        "2026-02-30",
        "2026-1-1",
        "2026-11-23T09:30:00Z",
        "2026-11-23T09:30:00.5+08:00",
        "2026-11-23T09:30:00",
        "2026-02-30T09:30:00Z",
        "09:30",
        "09:30:15",
        "24:00",
        "P1DT2H",
        "P1W",
        "P1M",
        "P",
        "-PT1.5S",
        "PT1H1S",
        "1.5",
        "-1.50000",
        "007",
        "1e3",
        "123456789012345",
        "0.123456789",
        "-0",
        "a",
        "b",
        "c",
        "00000000-0000-7000-8000-000000000000",
        "127.0.0.1",
        "256.0.0.1",
        "::1",
        "2001:db8::1",
        "1::2::3",
        "a.example",
        "-a.example",
        "EUR",
        "image/png",
        "image/svg+xml",
        "application/pdf",
        "s.account",
        "base.user",
        "",
    ]
)
# No whole numbers with a point (1.0): JSON Schema takes them for integers.
FRACTIONS = st.decimals(-1000, 1000, places=5, allow_nan=False).filter(lambda n: n != n.to_integral_value())
INTEGERS = st.integers(-20, 20) | st.sampled_from(
    [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**14, 10**18]
)  # jsonschema itself fails on more digits
SCALARS = st.none() | st.booleans() | INTEGERS | FRACTIONS | TEXTS
KEYS = st.sampled_from(
    [
        "a",
        "b",
        "z",
        "id",
        "name",
        "size",
        "type",
        "amount",
        "currency",
        "city",
        "street",
        "lat",
        "lon",
        "entity",
        "qty",
        "price",
    ]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=6
)
FILES = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "name": TEXTS | st.just("a.png"),
        "size": INTEGERS,
        "type": st.sampled_from(["image/png", "application/pdf", "text/plain", "x"]),
    }
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"qty": INTEGERS | SCALARS, "price": SCALARS, "note": TEXTS, "sum": SCALARS, "zzz": SCALARS}
    ),
    max_size=3,
)
LIKELY: Mapping[str, st.SearchStrategy[Any]] = {
    "many": st.lists(st.sampled_from("abcd"), max_size=4),
    "tags": st.lists(TEXTS, max_size=4),
    "checklist": st.dictionaries(st.sampled_from("abcd"), st.booleans() | SCALARS, max_size=3),
    "own": st.fixed_dictionaries({"amount": TEXTS | FRACTIONS, "currency": TEXTS}),
    "address": st.dictionaries(st.sampled_from(["city", "street", "planet"]), TEXTS | st.none()),
    "place": st.fixed_dictionaries({"lat": INTEGERS | FRACTIONS, "lon": INTEGERS | FRACTIONS}),
    "file": FILES,
    "image": FILES,
    # At most one: ids that stand twice are beyond JSON Schema.
    "files": st.lists(FILES, max_size=1),
    "anything": st.fixed_dictionaries({"entity": TEXTS, "id": TEXTS}),
    "accounts": st.lists(TEXTS, max_size=4),
    "lines": ROWS,
}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record of a few fields, of which some are likely to fit and some are anything."""
    names = draw(st.lists(st.sampled_from([*PROPERTIES]), min_size=1, max_size=3, unique=True))
    record = {name: draw(LIKELY.get(name, SCALARS) | VALUES) for name in names}
    numbers = draw(st.dictionaries(st.sampled_from([*NUMBERS]), INTEGERS | FRACTIONS, max_size=1))
    strange = draw(st.dictionaries(st.sampled_from(["zzz", "id", "version", "created_at"]), SCALARS, max_size=1))
    return record | numbers | (strange if draw(st.integers(0, 9)) == 0 else {})


def _fits_everywhere(record: Any) -> bool:
    """Tell whether a record holds nothing that only one of the two can judge."""
    texts = json.dumps(record.get("json"), default=str)
    ids = (
        [row.get("id") for row in record.get("lines") or () if isinstance(row, dict)]
        if isinstance(record.get("lines"), list)
        else []
    )
    files = (
        [f.get("id") for f in record["files"] if isinstance(f, dict)] if isinstance(record.get("files"), list) else []
    )
    # Texts with a NUL and numbers of more digits than a float has are refused inside json.
    exact = "\\u0000" not in texts and not _inexact(record.get("json"))
    return exact and len(ids) == len(set(map(str, ids))) and len(files) == len(set(map(str, files)))


def _inexact(value: Any) -> bool:
    if isinstance(value, Decimal):
        return Decimal(repr(float(value))) != value
    if isinstance(value, list):
        return any(map(_inexact, value))
    return isinstance(value, dict) and any(map(_inexact, value.values()))


def agree(record: dict[str, Any]) -> None:
    if not _fits_everywhere(record):
        return
    _, problems = fields.read(CATALOG, "s.deal", record, new=False)
    errors = list(UPDATE.iter_errors(record))
    assert bool(problems) == bool(errors), (problems, [(list(error.path), error.message) for error in errors])


@given(records())
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_validators_give_the_same_verdict(record):
    agree(record)


@pytest.mark.nightly
@given(records())
@settings(max_examples=50_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_validators_give_the_same_verdict_on_very_many_records(record):
    agree(record)


@pytest.mark.parametrize("name", [*PROPERTIES])
@pytest.mark.parametrize("value", [None, "", [], {}, 0, True, "a", 1, "1", ["a"], {"a": True}], ids=repr)
def test_both_agree_on_the_plainest_values_of_every_type(name, value):
    agree({name: value})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("account", "a"),
        ("date", "2026-11-23"),
        ("datetime", "2026-11-23T09:30:00Z"),
        ("time", "09:30"),
        ("duration", "P1D"),
        ("decimal", "1.5"),
        ("colour", "#112233"),
        ("uuid", "00000000-0000-7000-8000-000000000000"),
    ],
)
def test_a_line_feed_at_the_end_is_refused_by_both(name, text):
    agree({name: text})
    assert list(UPDATE.iter_errors({name: text})) == []
    assert list(UPDATE.iter_errors({name: text + "\n"})) != []
    agree({name: text + "\n"})


class TestRequired:
    ENTITY = {
        "kind": "entity",
        "id": "s.deal",
        "title": "Deal",
        "properties": {
            "name": {"field": "text"},
            "tags": {"field": "tags"},
            "state": {"field": "text", "default": "new"},
            "why": {"field": "text", "visible_when": 'name == "x"'},
            "flag": {"field": "boolean"},
            "total": {"field": "formula", "result": "integer", "formula": "1 + 1"},
            "key": {"field": "text", "sensitivity": "secret"},
        },
        "required": ["name", "tags", "state", "why"],
    }

    @pytest.fixture
    def catalog(self):
        return load.catalog_of([self.ENTITY], with_base=True)

    @pytest.mark.parametrize(
        "record",
        [{}, {"name": ""}, {"name": "a", "tags": []}, {"name": None, "tags": ["a"]}, {"name": "a", "tags": ["a"]}],
        ids=repr,
    )
    def test_what_must_be_sent_is_what_settling_asks_for(self, catalog, record):
        values, problems = fields.read(catalog, "s.deal", record, new=True)
        env = {**dict.fromkeys(catalog.entity("s.deal").fields), **values}
        env |= {key: value for key, value in fields.defaults(catalog, "s.deal", env).items() if env[key] is None}
        problems += fields.settle(catalog, "s.deal", env, changed=values, new=True).problems
        create = validator(fields.record_schema(catalog, "s.deal", "create"))
        assert bool(problems) == bool(list(create.iter_errors(record)))

    def test_the_schema_of_a_record_marks_what_is_only_read_and_only_written(self, catalog):
        properties = fields.record_schema(catalog, "s.deal")["properties"]
        assert properties["total"]["readOnly"] is True
        assert properties["created_at"]["readOnly"] is True
        assert properties["key"]["writeOnly"] is True
        assert "readOnly" not in properties["owner"]

    def test_a_record_that_is_shown_fits_the_schema_of_a_record(self, catalog):
        row = {"name": "a", "tags": ["x"], "state": None, "flag": True, "total": 2, "id": "1", "version": 1}
        schema = validator(fields.record_schema(catalog, "s.deal"))
        assert list(schema.iter_errors(fields.shown(catalog, "s.deal", row))) == []
