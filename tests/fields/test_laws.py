"""What holds for every value: what is shown is read back, what is written into a cell is read back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright import fields
from dealwright.metadata import load

OPTIONS = [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}]
TYPES: dict[str, tuple[dict[str, Any], st.SearchStrategy[Any]]] = {
    "text": ({"field": "text"}, st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)),
    "integer": ({"field": "integer"}, st.integers(-(2**63), 2**63 - 1)),
    "decimal": ({"field": "decimal"}, st.decimals(-(10**13), 10**13, places=4)),
    "fine": ({"field": "decimal", "scale": 8}, st.decimals(-(10**9), 10**9, places=8)),
    "money": ({"field": "money"}, st.decimals(-(10**13), 10**13, places=4)),
    "percent": ({"field": "percent"}, st.decimals(0, 100, places=2)),
    "boolean": ({"field": "boolean"}, st.booleans()),
    "date": ({"field": "date"}, st.dates()),
    "datetime": (
        {"field": "datetime"},
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(
            lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        ),
    ),
    "time": ({"field": "time"}, st.times().map(lambda moment: moment.replace(microsecond=0))),
    "duration": ({"field": "duration"}, st.integers(-(10**14), 10**14).map(lambda n: timedelta(milliseconds=n))),
    "select": ({"field": "select", "options": OPTIONS}, st.sampled_from("ab")),
    "multi_select": ({"field": "multi_select", "options": OPTIONS}, st.sampled_from([["a"], ["b", "a"]])),
    "rating": ({"field": "rating"}, st.integers(1, 5)),
    "references": (
        {"field": "references", "to": "s.deal"},
        st.lists(st.sampled_from(["x", "y-1"]), unique=True, min_size=1),
    ),
}
CATALOG = load.catalog_of(
    [
        {
            "kind": "entity",
            "id": "s.deal",
            "title": "Deal",
            "properties": {name: spec for name, (spec, _) in TYPES.items()},
        }
    ]
)


@given(st.fixed_dictionaries({}, optional={name: values for name, (_, values) in TYPES.items()}))
@settings(max_examples=300, deadline=None)
def test_what_is_shown_is_read_back_to_the_same_value(record):
    record = {
        name: fields.read(CATALOG, "s.deal", {name: value}, new=True)[0][name] if name == "text" else value
        for name, value in record.items()
    }
    shown = fields.shown(CATALOG, "s.deal", record)
    values, problems = fields.read(CATALOG, "s.deal", shown, new=True)
    assert problems == []
    assert values == record
    assert fields.shown(CATALOG, "s.deal", values) == shown


@given(st.fixed_dictionaries({}, optional={name: values for name, (_, values) in TYPES.items()}))
@settings(max_examples=300, deadline=None)
def test_a_cell_is_read_back_to_the_value_it_was_written_from(record):
    shown = fields.shown(CATALOG, "s.deal", record)
    for name, value in shown.items():
        assert fields.from_text(CATALOG, "s.deal", name, fields.to_text(CATALOG, "s.deal", name, value)) == value


def test_the_shortest_form_is_shown():
    row = {
        "decimal": Decimal("15.0000"),
        "money": Decimal("0.1250"),
        "percent": Decimal("1E+2"),
        "date": date(2026, 1, 5),
        "time": time(9, 30),
        "datetime": datetime(2026, 1, 5, 1, 30, 0, 500000, UTC),
        "duration": timedelta(days=1, hours=2, milliseconds=1500),
        "references": [],
        "multi_select": None,
    }
    assert fields.shown(CATALOG, "s.deal", row) == {
        "decimal": "15",
        "money": "0.125",
        "percent": "100",
        "date": "2026-01-05",
        "time": "09:30",
        "datetime": "2026-01-05T01:30:00.500Z",
        "duration": "P1DT2H1.5S",
        "references": [],
        "multi_select": None,
    }
