"""Deals for tests: an entity with a field of every kind, conditions about it, and environments at the borders."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

from hypothesis import strategies as st

from dealwright.conditions import of as compile_condition
from dealwright.errors import ConditionError
from dealwright.events import Event
from dealwright.metadata import load
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.definitions import Action, Rule, Trigger

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)

DOCUMENTS = [
    {
        "kind": "entity",
        "id": "sales.account",
        "title": "Account",
        "properties": {"name": {"field": "text"}, "region": {"field": "text"}, "staff": {"field": "integer"}},
    },
    {
        "kind": "entity",
        "id": "sales.deal",
        "title": "Deal",
        "display": "name",
        "properties": {
            "name": {"field": "text", "title": "Name"},
            "amount": {"field": "money"},
            "budget": {"field": "money"},
            "ratio": {"field": "decimal", "scale": 8},
            "qty": {"field": "integer"},
            "tier": {"field": "select", "options": [{"id": one, "title": one} for one in ("A", "B", "C")]},
            "vip": {"field": "boolean"},
            "close": {"field": "date"},
            "seen": {"field": "datetime"},
            "wait": {"field": "duration"},
            "tags": {"field": "tags"},
            "account": {"field": "reference", "to": "sales.account"},
            "buyer": {"field": "user"},
            "lines": {
                "field": "rows",
                "items": {"properties": {"qty": {"field": "integer"}, "price": {"field": "money"}}},
            },
            "double": {"field": "formula", "formula": "amount * 2", "result": "money"},
            "pin": {"field": "text", "sensitivity": "secret"},
            "spent": {"field": "rollup", "of": "sales.cost", "via": "deal", "measure": "sum", "value": "amount"},
        },
    },
    {
        "kind": "entity",
        "id": "sales.cost",
        "title": "Cost",
        "properties": {"deal": {"field": "reference", "to": "sales.deal"}, "amount": {"field": "money"}},
    },
    {
        "kind": "pipeline",
        "id": "sales.standard",
        "title": "Standard",
        "entity": "sales.deal",
        "version": 1,
        "start": "needs",
        "stages": [
            {"id": "needs", "title": "Needs"},
            {"id": "proposal", "title": "Proposal"},
            {"id": "won", "title": "Won", "outcome": "won"},
        ],
    },
    {"kind": "parameter", "id": "sales.large", "type": "decimal", "title": "Large", "default": 1000},
    {"kind": "parameter", "id": "sales.days", "type": "integer", "title": "Days", "default": 7},
    {"kind": "message", "id": "sales.hello", "title": "Hello {name}", "body": "{account.region} {{x}}"},
]


@cache
def workspace() -> Catalog:
    """The catalog of :data:`DOCUMENTS`, with the shipped base."""
    return load.catalog_of(DOCUMENTS, {"zone": "Asia/Shanghai"}, with_base=True)


_numbers = itertools.count()


def with_rules(rules) -> Catalog:
    """The same catalog with these rules instead of none, and a revision of its own."""
    known = workspace()
    return Catalog(
        revision=f"{next(_numbers):016x}",
        documents=known.documents,
        entities=known.entities,
        rules={rule.id: rule for rule in rules},
        roles=known.roles,
        pipelines=known.pipelines,
        parameters=known.parameters,
        packs=known.packs,
        settings=known.settings,
    )


def rule(name, condition=None, *, on=None, then=(), entity="sales.deal", **others) -> Rule:
    """A rule of its parts as documents give them."""
    ((kind, spec),) = (on or {"record": {"events": ["created", "updated"]}}).items()
    actions = tuple(Action(one["do"], {key: one[key] for key in one if key != "do"}) for one in then)
    return Rule(f"sales.{name}", name.title(), entity, Trigger(kind, spec), condition, actions, **others)


def event(kind="record.updated", **others) -> Event:
    """An event about deal d1."""
    given = {"id": "e1", "entity": "sales.deal", "record": "d1", "version": 2, "at": NOW, **others}
    return Event(type=kind, **given)


# Environments --------------------------------------------------------------------------------------------------------

#: Values at and around the constants of :func:`conditions`, by name; None is an empty value.
VALUES = {
    "name": [None, "", "Ann", "ann", "报价", "报价单", "5", 'a"b', "x" * 70_000, "😀", "null", "true"],
    "amount": [None, *map(Decimal, ("-0.01", "0", "0.1", "0.3", "999.99", "999.9999", "1000", "1000.01", "1E+30"))],
    "budget": [None, *map(Decimal, ("0", "0.2", "1000", "1000.00", "-5"))],
    "ratio": [None, *map(Decimal, ("0.00000001", "0.1", "0.10000000", "-1", "2.5"))],
    "qty": [None, -(2**63), -1, 0, 1, 2, 3, 2**53, 2**53 + 1, 2**63 - 1],
    "tier": [None, "A", "B", "C"],
    "vip": [False, True],
    "close": [None, TODAY, TODAY - timedelta(1), TODAY + timedelta(1), date(1, 1, 1), date(9999, 12, 31)],
    "seen": [None, NOW, NOW - timedelta(days=7), NOW - timedelta(days=7, milliseconds=1), NOW + timedelta(days=9)],
    "wait": [None, timedelta(0), timedelta(hours=168), timedelta(milliseconds=1), timedelta(days=-1)],
    "tags": [None, [], ["a"], ["a", "b"], ["报价"]],
    "account": [None, "a1", "a2"],
    "account.region": [None, "", "East", "West"],
    "account.staff": [None, 0, 10, 11],
    "buyer": [None, "u1", "u2"],
    "lines": [
        None,
        [],
        [{"id": "l1", "qty": 1, "price": Decimal("0.1")}, {"id": "l2", "qty": None, "price": None}],
        [{"id": "l1", "qty": 9, "price": Decimal("500")}, {"id": "l2", "qty": 4, "price": Decimal("500")}],
    ],
    "stage": [None, "needs", "proposal", "won"],
    "stage_entered_at": [None, NOW, NOW - timedelta(days=7), NOW - timedelta(days=8)],
    "old.amount": [None, Decimal("1000"), Decimal("0.1")],
    "old.tier": [None, "A", "B"],
    "event.kind": [None, "", "demo", 5, Decimal("5.5"), True, ["demo"]],
    "event.count": [None, 0, 3, "3", Decimal("3.0"), False],
    "user.id": ["u1", "u2"],
    "user.roles": [[], ["sales.rep"]],
    "is_new": [False, True],
}


def env(chance: random.Random, missing: float = 0.15):
    """An environment drawn from :data:`VALUES`; now and then a name is missing altogether."""
    drawn = {name: chance.choice(values) for name, values in VALUES.items() if chance.random() >= missing}
    return {**drawn, "now()": NOW, "today()": TODAY}


def envs(seed: int, count: int):
    chance = random.Random(seed)
    return [env(chance) for _ in range(count)]


# Conditions ----------------------------------------------------------------------------------------------------------

_ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_EQUAL = st.sampled_from(["==", "!="])
_NUMBER = st.sampled_from(
    [
        "amount",
        "budget",
        "qty",
        "ratio",
        "double",
        "account.staff",
        "days_in_stage",
        "old.amount",
        "amount+budget",
        "amount*2",
        "-qty",
        "abs(amount)",
        "size(name)",
        "size(tags)",
        "size(lines)",
        "coalesce(amount,0)",
        "lines.sum(l,l.qty*l.price)",
        "lines.count(l,l.qty>1)",
        "lines.max(l,l.qty)",
        "round(amount,2)",
        "amount/budget",
        "least(amount,budget)",
    ]
)
_NUMERAL = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "3",
        "5",
        "0.1",
        "0.3",
        "0.2",
        "999.99",
        "1000",
        "1000.00",
        "1000.01",
        "-1",
        "2.5",
        "0.00000001",
        "9007199254740993",
        "9223372036854775807",
        "param.large",
        "param.days",
    ]
)
_TEXT = st.sampled_from(["name", "tier", "account.region", "old.tier", "stage", "lower(name)", "event.kind"])
_WORD = st.sampled_from(
    ['"A"', '"B"', '"East"', '"West"', '"ann"', '"报价"', '""', '"5"', '"a\\"b"', '"won"', '"demo"']
)
_MOMENT = {
    "close": ['date("2026-11-23")', 'date("2026-11-24")', "today()", "today() + days(1)", 'date("0001-01-01")'],
    "seen": ['datetime("2026-11-23T08:00:00Z")', "now()", "now() - days(param.days)", "stage_entered_at"],
    "wait": ['duration("168h")', 'duration("0s")', "now() - seen"],
}


@st.composite
def leaves(draw):
    kind = draw(st.sampled_from(["number", "number", "number", "text", "moment", "null", "in", "other", "fields"]))
    match kind:
        case "number":
            term, number = draw(_NUMBER), draw(_NUMERAL)
            return f"{term} {draw(_ORDER)} {number}" if draw(st.booleans()) else f"{number} {draw(_ORDER)} {term}"
        case "text":
            field = draw(_TEXT)
            words = {"tier": '"A" "B" "C"', "old.tier": '"A" "B"', "stage": '"needs" "won"'}.get(field)
            word = draw(st.sampled_from(words.split())) if words else draw(_WORD)
            return f"{field} {draw(_EQUAL)} {word}" if draw(st.booleans()) else f"{word} {draw(_EQUAL)} {field}"
        case "moment":
            field = draw(st.sampled_from(sorted(_MOMENT)))
            return f"{field} {draw(_ORDER)} {draw(st.sampled_from(_MOMENT[field]))}"
        case "null":
            name = draw(
                st.sampled_from(
                    [
                        "amount",
                        "qty",
                        "name",
                        "tier",
                        "close",
                        "seen",
                        "tags",
                        "lines",
                        "account",
                        "old.tier",
                        "event.kind",
                    ]
                )
            )
            return f"{name} {draw(_EQUAL)} null" if draw(st.booleans()) else f"blank({name})"
        case "in":
            return draw(
                st.sampled_from(
                    [
                        'tier in ["A", "C"]',
                        "qty in [1, 3]",
                        "event.count in [3, 0]",
                        '"a" in tags',
                        '"sales.rep" in user.roles',
                        'account.region in ["East"]',
                        "amount in [0.1, 1000]",
                        'name in ["", "5"]',
                    ]
                )
            )
        case "fields":
            return draw(
                st.sampled_from(
                    [
                        "amount >= budget",
                        "qty < amount",
                        "amount <= budget * 0.85",
                        "old.amount != amount",
                        "buyer == user.id",
                        "amount + budget == 0.3",
                        "seen < stage_entered_at",
                        "qty == ratio",
                        "tier == old.tier",
                    ]
                )
            )
        case _:
            return draw(
                st.sampled_from(
                    [
                        "vip",
                        "is_new",
                        "changed(amount)",
                        "changed(tier)",
                        'name.contains("价")',
                        'name.startsWith("a")',
                        "lines.exists(l, l.qty > 3)",
                        "lines.all(l, l.price > 0)",
                        'hasRole("sales.rep")',
                        "true",
                        "false",
                        "event.count == 3",
                        "event.count >= 3",
                        'event.kind == "demo"',
                        "event.kind == 5",
                        "qty < null",
                    ]
                )
            )


def _joined(inner):
    return st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: "(" + " && ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: "(" + " || ".join(parts) + ")"),
        inner.map(lambda part: f"!({part})"),
        st.tuples(inner, inner, inner).map(lambda parts: "({} ? {} : {})".format(*parts)),
    )


def conditions():
    """Sources of conditions of rules about a deal, deep enough to need several chains, or to be too large for any."""
    return st.recursive(leaves().filter(is_valid), _joined, max_leaves=12)


def is_valid(source: str) -> bool:
    """Whether the checker takes a condition: a constant may have more places than its field, a side no common type."""
    try:
        compile_condition(workspace(), "sales.deal", source, "rule", namespace="sales")
    except ConditionError:
        return False
    return True
