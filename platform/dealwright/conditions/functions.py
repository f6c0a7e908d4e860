"""The functions of conditions: one table that the checker, the back ends' tests and the documentation read.

Each is computed in four places (``python``, ``ui/src/expr.js``, ``sql.values``, ``sql.leaves``), with one meaning.
A strict function of an empty value is empty, or false if it is a condition.
"""

from __future__ import annotations

from dataclasses import dataclass

_MOMENTS = ("date", "datetime")
_NUMBERS = ("integer", "decimal")
_ORDERED = ("integer", "decimal", "date", "datetime", "time", "duration")
_ANY = ("any",)


@dataclass(frozen=True, slots=True)
class Function:
    """What a function takes and gives.

    Attributes:
        name: As it is written, without brackets.
        params: For each argument the kinds that it may have; ``any`` is every kind.
        result: Kind of the result; ``same`` is the type that the arguments have in common.
        more: Whether the last argument may be repeated.
        strict: Whether an empty argument makes the result empty (false, for a condition).
        constant: Whether the arguments must be constants, so that the result is one too.
        use: A root that a use must know for the function to be allowed there; None for everywhere.
        shown: How a person writes it, for messages.
    """

    name: str
    params: tuple[tuple[str, ...], ...]
    result: str
    shown: str
    more: bool = False
    strict: bool = True
    constant: bool = False
    use: str | None = None


_TABLE = (
    Function("now", (), "datetime", "now()"),
    Function("today", (), "date", "today()"),
    Function("date", (("text",),), "date", 'date("2026-11-23")', constant=True),
    Function("datetime", (("text",),), "datetime", 'datetime("2026-11-23T09:30:00Z")', constant=True),
    Function("time", (("text",),), "time", 'time("09:30")', constant=True),
    Function("duration", (("text",),), "duration", 'duration("168h")', constant=True),
    Function("days", (("integer",),), "duration", "days(7)"),
    Function("wholeDays", (("duration",),), "integer", "wholeDays(now() - created_at)"),
    Function("addMonths", (_MOMENTS, ("integer",)), "first", "addMonths(start, 3)"),
    Function("year", (("date",),), "integer", "year(close_date)"),
    Function("month", (("date",),), "integer", "month(close_date)"),
    Function("lower", (("text",),), "text", "lower(name)"),
    Function("startsWith", (("text",), ("text",)), "boolean", 'name.startsWith("A")'),
    Function("endsWith", (("text",), ("text",)), "boolean", 'email.endsWith(".cn")'),
    Function("contains", (("text",), ("text",)), "boolean", 'name.contains("clinic")'),
    Function("size", (("text", "set", "checklist", "rows"),), "integer", "size(lines)", strict=False),
    Function("blank", (_ANY,), "boolean", "blank(name)", strict=False),
    Function("coalesce", (_ANY, _ANY), "same", "coalesce(discount, 0)", more=True, strict=False),
    Function("abs", (_NUMBERS,), "first", "abs(amount)"),
    Function("round", (("decimal", "integer"), ("integer",)), "decimal", "round(amount, 2)"),
    Function("least", (_ORDERED, _ORDERED), "same", "least(amount, budget)", more=True),
    Function("greatest", (_ORDERED, _ORDERED), "same", "greatest(amount, budget)", more=True),
    Function("hasRole", (("text",),), "boolean", 'hasRole("sales.rep")', use="user"),
    Function("changed", (_ANY,), "boolean", "changed(stage)", strict=False, use="old"),
)
FUNCTIONS = {function.name: function for function in _TABLE}
#: Functions that are written after their first argument, with a dot.
METHODS = frozenset({"startsWith()", "endsWith()", "contains()"})
#: Most places that ``round`` can be asked for.
MAX_PLACES = 8
#: What people write from other languages, and what it is called here.
OTHER_NAMES = {
    "len": "size",
    "length": "size",
    "count": "size",
    "isempty": "blank",
    "isblank": "blank",
    "isnull": "blank",
    "if": "?:",
    "min": "least",
    "max": "greatest",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "like": "contains",
}
