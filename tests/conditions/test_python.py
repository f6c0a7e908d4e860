"""The Python back end on values worked out by hand: what emptiness means, what is exact, what an event's values are."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext

import pytest

from conditions.world import DEAL, NOW, TODAY, catalog
from dealwright.conditions import of


def value(source, use="formula", rows=None, **env):
    known = {"now()": NOW, "today()": TODAY} | {key.replace("__", "."): one for key, one in env.items()}
    return of(catalog(), DEAL, source, use, rows=rows).evaluate(known)


@pytest.mark.parametrize(
    ("source", "truth"),
    [
        ("amount < 5", False),
        ("amount >= 5", False),
        ("!(amount < 5)", True),
        ("amount == 5", False),
        ("amount != 5", True),
        ("amount == null", True),
        ("amount == budget", True),
        ("amount < budget", False),
        ("amount in [5]", False),
        ("!(amount in [5])", True),
        ('name.contains("a")', False),
        ('name.contains("")', False),
        ("blank(name)", True),
        ("active", False),
        ("active == false", True),
        ("size(name) == 0", True),
        ("size(lines) == 0", True),
        ('"vip" in tags', False),
        ("amount + 1 == null", True),
        ("coalesce(amount, 0) < 5", True),
        ("account.region == null", True),
        ("lines.exists(l, l.qty == null)", False),
        ("lines.all(l, l.qty > 3)", True),
        ("lines.sum(l, l.qty) == 0", True),
        ("lines.avg(l, l.qty) == null", True),
        ("lines.max(l, l.qty) == null", True),
        ("lines.count(l, true) == 0", True),
        ("now() - seen > days(1)", False),
        ("days_in_stage > 3", False),
        ("place.city == null", True),
        ("tags == null", True),
        ("points == null", True),
    ],
)
def test_with_nothing_filled_in(source, truth):
    assert value(source, "filter") is truth


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_blank_takes_every_kind_of_nothing_for_empty(nothing):
    field = {str: "name", list: "tags", dict: "points", type(None): "code"}[type(nothing)]
    assert value(f"blank({field})", "filter", **{field: nothing}) is True


def test_a_checklist_holds_what_is_done():
    points = {"contract": True, "stamp": False}
    assert value('"contract" in points', points=points)
    assert not value('"stamp" in points', points=points)
    assert value("size(points)", points=points) == 1


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("0.1 + 0.2 == 0.3", True),
        ("amount / 3", Decimal("0.033333")),
        ("-amount / 3", Decimal("-0.033333")),
        ("2 / 3", Decimal("0.666667")),
        ("1 / 0", None),
        ("amount / (qty - qty)", None),
        ("round(2.5, 0)", Decimal(3)),
        ("round(-2.5, 0)", Decimal(-3)),
        ("round(0.145, 2)", Decimal("0.15")),
        # The quotient is 0.0000004999999999999995: rounding it first to 28 digits would not matter, to 7 places would.
        ("0.9999999999999990 / 2000000", Decimal("0.000000")),
        ("1 / 2000000", Decimal("0.000001")),
        ("qty * 9007199254740993", 27021597764222979),
        ("amount * 99999999999999.9999 * 99999999999999.9999", Decimal("999999999999999998000000000.000000001")),
        ("abs(-0.10)", Decimal("0.10")),
        ("least(3, 2.5)", Decimal("2.5")),
        ("greatest(qty, 2)", 3),
        ("-qty", -3),
        ("coalesce(budget, amount)", Decimal("0.10")),
        ("active ? 1 : 2.5", Decimal("2.5")),
        ('name + "!"', "Ann!"),
        ("lower(name)", "ann"),
        ('lower("ΑΣ İ")', "ασ İ"),
        ('size("谈判")', 2),
        ('duration("1d12h")', timedelta(hours=36)),
        ("days(qty)", timedelta(days=3)),
        ("days(4000000)", None),
        ("closes + days(1)", date(2026, 3, 1)),
        ("closes - days(59)", date(2025, 12, 31)),
        ("closes - starts", timedelta(days=28)),
        ("addMonths(starts, 1)", date(2026, 2, 28)),
        ("addMonths(starts, 13)", date(2027, 2, 28)),
        ("addMonths(starts, -11)", date(2025, 2, 28)),
        ("addMonths(starts, 119999)", None),
        ("addMonths(seen, 3)", datetime(2027, 2, 22, 12, tzinfo=UTC)),
        ("closes + days(3652000)", None),
        ("wholeDays(now() - seen)", 1),
        ("wholeDays(seen - now())", -1),
        ("year(closes) * 100 + month(closes)", 202602),
        ('date("2026-02-28") == closes', True),
        ('datetime("2026-11-22T13:00:00+01:00") == seen', True),
        ('time("09:30") < at', True),
    ],
)
def test_values_are_exact(source, result):
    env = {
        "amount": Decimal("0.10"),
        "qty": 3,
        "name": "Ann",
        "active": False,
        "closes": date(2026, 2, 28),
        "starts": date(2026, 1, 31),
        "seen": NOW - timedelta(days=1),
        "at": time(10, 0),
    }
    # Whatever a thread has set must not matter.
    with localcontext(prec=3):
        found = value(source, **env)
    assert found == result
    assert type(found) is type(result)


LINES = [
    {"id": "1", "qty": 3, "price": Decimal("9.50"), "product.rank": 5, "product": "a1"},
    {"id": "2", "qty": None, "price": Decimal("1.00")},
    {"id": "3", "qty": 1, "price": None, "done": True},
]


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("lines.sum(l, l.qty * l.price)", Decimal("28.50")),
        ("lines.sum(l, l.qty)", 4),
        ("lines.avg(l, l.qty)", Decimal("2.000000")),
        ("lines.avg(l, l.price)", Decimal("5.250000")),
        ("lines.min(l, l.price)", Decimal("1.00")),
        ("lines.max(l, l.qty)", 3),
        ("lines.count(l, l.qty > qty)", 1),
        ("lines.count(l, l.done)", 1),
        ("lines.exists(l, l.product.rank == 5 && l.product == account)", True),
        ("lines.all(l, l.qty != 2)", True),
        ("lines.exists(l, lines.exists(m, m.qty > l.qty))", True),
        ("size(lines)", 3),
    ],
)
def test_rows_are_asked_one_by_one(source, result):
    assert value(source, lines=LINES, qty=2, account="a1") == result


def test_references_are_ids_or_whole_records():
    assert value('partners.exists(p, p.id == "a1") && "a1" in partners', "filter", partners=["a1"])
    assert value('partners.exists(p, p.rank > 3) && "a1" in partners', "filter", partners=[{"id": "a1", "rank": 4}])


def test_a_row_sees_its_record_as_parent():
    assert value("parent.amount > price", "field", rows="lines", price=Decimal(1), parent__amount=Decimal(2))


@pytest.mark.parametrize(
    ("source", "given", "truth"),
    [
        ('event.x == "3"', "3", True),
        ('event.x == "3"', 3, False),
        ('event.x != "3"', 3, True),
        ("event.x == 3", 3, True),
        ("event.x == 3", Decimal("3.0"), True),
        ("event.x == 3", "3", False),
        ("event.x == 1", True, False),
        ("event.x == true", True, True),
        ("event.x == true", 1, False),
        ("event.x > 3", 4, True),
        ("event.x > 3", "4", False),
        ("event.x > 3", None, False),
        ("!(event.x > 3)", "4", True),
        ("event.x == null", None, True),
        ("event.x == null", 0, False),
        ("event.x in [1, 2]", 2, True),
        ('event.x in ["a"]', 2, False),
        ('event.x.contains("a")', "cat", True),
        ('event.x.contains("a")', ["a"], False),
        ('"a" in event.x', ["a"], True),
        ('"a" in event.x', "a", False),
        ("blank(event.x)", [], True),
        ("event.x == amount", Decimal(7), True),
        ("event.x == name", 7, False),
        ("event.x == 3", [3], False),
        ("event.x in [1]", {"a": 1}, False),
    ],
)
def test_a_value_of_an_event_equals_only_what_is_of_its_type(source, given, truth):
    assert value(source, "rule", event__x=given, amount=Decimal(7), name="7") is truth


@pytest.mark.parametrize(
    ("env", "truth"),
    [
        ({"qty": 3, "old.qty": 3}, False),
        ({"qty": 3, "old.qty": None}, True),
        ({"qty": None, "old.qty": None}, False),
        ({"qty": 3, "is_new": True}, True),
        ({"qty": None, "is_new": True}, False),
        pytest.param({"qty": 3}, False, id="an event that is no change"),
    ],
)
def test_changed_compares_with_the_value_before(env, truth):
    assert of(catalog(), DEAL, "changed(qty)", "rule").evaluate(env) is truth


def test_explained_tells_of_each_leaf_what_it_looked_at():
    one = of(catalog(), DEAL, '!(amount < 5) && (active || lines.exists(l, l.qty > 1)) && "vip" in tags', "rule")
    result, leaves = one.explained({"amount": Decimal(7), "lines": LINES, "tags": ["hot"]})
    assert result is False
    assert leaves == [
        {"text": "amount < 5", "value": Decimal(7), "truth": False},
        {"text": "active", "value": False, "truth": False},
        {"text": "lines.exists(l, l.qty > 1)", "value": 1, "truth": True},
        {"text": '"vip" in tags', "value": ["hot"], "truth": False},
    ]


def test_a_long_condition_does_not_exhaust_the_stack():
    source = " || ".join(f"qty == {i}" for i in range(95))
    deep = "(" * 38 + "amount" + " + 1)" * 38 + " > 3"
    program = f"""
import sys
sys.path[:0] = {json.dumps(sys.path)}
from conditions.world import catalog, DEAL
from dealwright.conditions import of
known = catalog()
sys.setrecursionlimit(350)
print(*[of(known, DEAL, source, "filter").evaluate({{"qty": 94}}) for source in {json.dumps([source, deep])}])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["True", "False"], done.stderr
