"""Conditions without a catalog: fields as documents, values as they come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from dealwright import clock, conditions
from dealwright.errors import ConditionError

FIELDS = {
    "amount": {"field": "money"},
    "qty": {"field": "integer"},
    "level": {"field": "select", "options": [{"id": "gold", "title": "Gold"}]},
    "closes": {"field": "date"},
    "seen": {"field": "datetime"},
    "active": {"field": "boolean"},
    "tags": {"field": "tags"},
    "account": {"field": "reference", "to": "sales.account"},
    "account.region": {"field": "text"},
    "account.parent": {"field": "reference"},
    "account.parent.rank": {"field": "integer"},
    "lines": {"field": "rows", "items": {"properties": {"qty": {"field": "integer"}}}},
}


@pytest.mark.parametrize(
    ("source", "values", "result"),
    [
        ("amount > 1000", {"amount": "1000.01"}, True),
        ("amount > 1000", {"amount": Decimal("1000")}, False),
        ("amount > 1000", {"amount": 1001}, True),
        ("amount > 1000", {}, False),
        ("amount > 1000", {"amount": ""}, False),
        ('level == "gold"', {"level": "gold"}, True),
        ('closes >= date("2026-11-23")', {"closes": "2026-11-23"}, True),
        ("closes == today()", {"closes": date(2026, 11, 23)}, True),
        ("now() - seen > days(2)", {"seen": "2026-11-20T00:00:00Z"}, True),
        ('"a" in tags', {"tags": ["a"]}, True),
        ('account.region == "East"', {"account": {"id": "a", "region": "East"}}, True),
        ('account.region == "East"', {"account.region": "East"}, True),
        ('account == "a"', {"account": {"id": "a", "region": "East"}}, True),
        ("account.parent.rank > 1", {"account": {"id": "a", "parent": {"id": "b", "rank": 2}}}, True),
        ("lines.sum(l, l.qty) == 3", {"lines": [{"qty": 1}, {"qty": 2}]}, True),
        ('user.id == "u1" && hasRole("rep")', {}, True),
        ("owner == user.id", {"owner": "u1"}, True),
    ],
)
def test_values_are_taken_typed_or_as_the_api_writes_them(source, values, result):
    found = conditions.compile(source, FIELDS)
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert found.evaluate(values, now=now, user={"id": "u1", "roles": ["rep"]}) is result


def test_a_formula_gives_its_value():
    assert conditions.compile("amount * 2", FIELDS, kind="formula").evaluate({"amount": "1.5"}) == Decimal("3.0")


def test_the_moment_is_the_clocks_if_none_is_given():
    with clock.frozen(datetime(2026, 11, 23, tzinfo=UTC)):
        assert conditions.compile("closes == today()", FIELDS).evaluate({"closes": "2026-11-23"})


def test_today_is_the_day_in_the_zone_of_the_moment():
    late = datetime.fromisoformat("2026-11-24T00:30:00+08:00")
    assert conditions.compile("closes == today()", FIELDS).evaluate({"closes": "2026-11-24"}, now=late)


def test_a_wrong_condition_is_refused():
    with pytest.raises(ConditionError, match="did you mean “amount”"):
        conditions.compile("amuont > 1", FIELDS)


@pytest.mark.parametrize(
    "values", [{"qty": "many"}, {"amount": "x"}, {"closes": "soon"}, {"seen": "2026-11-23T00:00:00"}]
)
def test_a_value_that_is_not_of_its_type_is_refused(values):
    (name,) = values
    with pytest.raises(ValueError, match=f"“{name}” is"):
        conditions.compile(f"{name} != null", FIELDS).evaluate(values)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs a zone"):
        conditions.compile("active", FIELDS).evaluate({}, now=datetime(2026, 1, 1))


def test_moments_are_cut_to_milliseconds():
    seen = datetime(2026, 11, 23, 12, 0, 0, 999, tzinfo=UTC)
    given = conditions.compile("seen == now()", FIELDS)
    assert given.evaluate({"seen": seen}, now=seen.replace(microsecond=0))
    assert not given.evaluate({"seen": seen + timedelta(milliseconds=1)}, now=seen.replace(microsecond=0))
