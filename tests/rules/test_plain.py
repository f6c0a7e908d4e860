from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from dealwright.rules.plain import fact, plain


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param(None, None, id="empty"),
        pytest.param(True, True, id="yes"),
        pytest.param(2**60, 2**60, id="a large integer"),
        pytest.param("报价", "报价", id="text"),
        pytest.param(Decimal("1E+3"), "1000", id="a decimal has no exponent"),
        pytest.param(Decimal("0.10"), "0.10", id="a decimal keeps its digits"),
        pytest.param(date(2026, 11, 23), "2026-11-23", id="a date"),
        pytest.param(
            datetime(2026, 11, 23, 16, 5, 1, 9000, tzinfo=timezone(timedelta(hours=8))),
            "2026-11-23T08:05:01.009Z",
            id="a moment is in UTC",
        ),
        pytest.param(time(9, 30), "09:30:00", id="a time of day"),
        pytest.param(timedelta(days=1, hours=2), "P1DT2H", id="a day and two hours"),
        pytest.param(timedelta(milliseconds=-500), "-PT0.5S", id="half a second back"),
        pytest.param(timedelta(minutes=20, seconds=10), "PT20M10S", id="minutes and seconds"),
        pytest.param(timedelta(0), "PT0S", id="no time"),
        pytest.param([{"qty": Decimal("2")}], [{"qty": "2"}], id="rows"),
    ],
)
def test_a_value_is_kept_as_json(value, written):
    assert plain(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [("1000.00", "1000"), ("1E+3", "1000"), ("0.10", "0.1"), ("-0.00", "0"), ("-2.50", "-2.5"), ("123456789012345678901.10",
     "123456789012345678901.1")],
)  # fmt: skip
def test_a_fact_is_the_same_however_many_zeros_its_number_had(value, written):
    assert fact([{"amount": Decimal(value)}]) == [{"amount": written}]


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match="float is not a value of a condition"):
        plain(0.5)
