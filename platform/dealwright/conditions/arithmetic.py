"""What operators and functions do to values, none of which is empty.

Decimals are exact, whatever the context of the thread says. A date that would leave the calendar is empty.
"""

from __future__ import annotations

import operator
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from dealwright.conditions.types import QUOTIENT_SCALE

#: More digits than the longest condition can make of the longest constants: nothing is ever rounded unasked.
EXACT = Context(prec=20_000, rounding=ROUND_HALF_UP)
ZERO = Decimal(0)
_QUOTIENT = Decimal(1).scaleb(-QUOTIENT_SCALE)
#: Days from year 1 to year 9999: a longer step in time leads nowhere.
MAX_DAYS = 3_652_059
MAX_MONTHS = 120_000
DAY = timedelta(days=1)


def add(*values: Any) -> Any:
    """Return the sum of numbers, durations, a moment and durations, or texts joined."""
    total = values[0]
    for value in values[1:]:
        if total is None:
            return None
        total = EXACT.add(total, value) if isinstance(total, Decimal) else _within(operator.add, total, value)
    return total


def _subtract(x: Any, y: Any) -> Any:
    return EXACT.subtract(x, y) if isinstance(x, Decimal) else _within(operator.sub, x, y)


def _within(work: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """Return the result, or None where a date would leave the calendar."""
    try:
        return work(x, y)
    except OverflowError:
        return None


def _multiply(*values: Any) -> Any:
    total = values[0]
    for value in values[1:]:
        total = EXACT.multiply(total, value) if isinstance(total, Decimal) else total * value
    return total


def divide(x: Decimal, y: Decimal) -> Decimal | None:
    """Return x / y, rounded half up to 6 places; None if ``y`` is 0.

    The seventh place is cut, not rounded, before it decides: rounding twice would be wrong near a half.
    """
    if not y:
        return None
    cut = EXACT.scaleb(EXACT.divide_int(EXACT.scaleb(x, 7), y), -7)
    return EXACT.add(cut.quantize(_QUOTIENT, ROUND_HALF_UP, EXACT), ZERO)


def _round(x: Decimal, places: int) -> Decimal:
    return EXACT.add(x.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT), ZERO)


def _negate(x: Any) -> Any:
    return EXACT.subtract(ZERO, x) if isinstance(x, Decimal) else -x


def _days(n: int) -> timedelta | None:
    return timedelta(days=n) if -MAX_DAYS <= n <= MAX_DAYS else None


def _add_months(moment: date, months: int) -> date | None:
    if not -MAX_MONTHS <= months <= MAX_MONTHS:
        return None
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _lower(text: str) -> str:
    # Letter by letter: databases fold no letter into two and know no final sigma.
    return "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)


#: Operators that are empty (false, for a condition) as soon as one operand is.
STRICT: dict[str, Callable[..., Any]] = {
    "+": add,
    "-": _subtract,
    "*": _multiply,
    "/": divide,
    "neg": _negate,
    "decimal()": Decimal,
    "abs()": lambda x: x.copy_abs() if isinstance(x, Decimal) else abs(x),
    "round()": _round,
    "least()": min,
    "greatest()": max,
    "days()": _days,
    "wholeDays()": lambda passed: passed // DAY,
    "addMonths()": _add_months,
    "year()": lambda day: day.year,
    "month()": lambda day: day.month,
    "lower()": _lower,
    "startsWith()": str.startswith,
    "endsWith()": str.endswith,
    "contains()": operator.contains,
}
