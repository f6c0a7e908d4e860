"""Strategies for the source text of conditions, well typed, about the deals of the world."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from conditions.world import POINTS, REGIONS, STAGES, TAGS

pick = st.sampled_from
COMPARE = pick(["<", "<=", ">", ">=", "==", "!="])
EQUAL = pick(["==", "!="])


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda *p: " ".join(p), *parts)


def call(name: str, *args: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda *a: f"{name}({', '.join(a)})", *args)


def listed(values: list[str], least: int = 0) -> st.SearchStrategy[str]:
    return st.lists(pick(values), min_size=least, max_size=3).map(lambda v: f"[{', '.join(v)}]")


whole_names = pick(["qty", "rank", "account.rank", "account.deals", "age", "days_in_stage", "account.parent.rank"])
whole_constants = pick(["0", "1", "3", "-2", "7", "9007199254740993", "param.stall_days"])
exact_names = pick(
    [
        "amount",
        "budget",
        "rate",
        "ratio",
        "account.budget",
        "owner.limit",
        "user.limit",
        "account.won",
        "account.mean",
        "pace",
    ]
)
exact_constants = pick(["0", "0.1", "0.3", "9.5", "100000", "99999.99", "-5", "33.33"])


def numbers(names: st.SearchStrategy[str], constants: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def more(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return (
            st.builds("({} {} {})".format, inner, pick(["+", "-", "*", "/"]), inner)
            | st.builds("(-{})".format, inner)
            | call("coalesce", inner, inner)
            | call("abs", inner)
            | call("least", inner, inner)
            | call("greatest", inner, inner)
            | st.builds("round({}, {})".format, inner, pick(["0", "1", "2"]))
            | st.builds("({} ? {} : {})".format, flags, inner, inner)
        )

    return st.recursive(names | names | constants, more, max_leaves=3)


flags = pick(["active", "account.key", "!active", "account == null"])
row_number = pick(
    ["l.qty", "l.price", "l.share", "l.product.rank", "(l.qty * l.price)", "(l.price + 0.1)", "l.qty - qty"]
)
row_leaf = (
    joined(pick(["l.qty", "l.price", "l.product.rank"]), COMPARE, pick(["0", "3", "9.5", "0.3"]))
    | joined(pick(["l.qty", "l.price", "l.product"]), EQUAL, pick(["null"]))
    | joined(pick(["l.qty"]), COMPARE, pick(["qty", "rank"]))
    | pick(["l.done", 'l.product.region == "East"', 'l.label.contains("K")', "l.due < closes", "l.product == account"])
)
row_condition = st.recursive(
    row_leaf,
    lambda inner: st.builds("({} {} {})".format, inner, pick(["&&", "||"]), inner) | st.builds("!({})".format, inner),
    max_leaves=3,
)
row_values = (
    st.builds("lines.{}(l, {})".format, pick(["sum", "avg", "min", "max"]), row_number)
    | st.builds("lines.count(l, {})".format, row_condition)
    | pick(["size(lines)", "size(tags)", "size(points)", "size(partners)", "size(name)", "lines.max(l, l.qty)"])
    | pick(
        ["wholeDays(now() - seen)", "year(closes)", "month(starts)", "wholeDays(wait)", "wholeDays(closes - starts)"]
    )
)
wholes = numbers(whole_names, whole_constants)
exacts = numbers(exact_names | whole_names | row_values, exact_constants | whole_constants)

texts = pick(
    ["name", "account.name", "owner.name", "code", "place.city", "lower(name)", "lower(account.name)", "user.name"]
)
text_values = texts | pick(['"张三"', '"acme"', '"%"', '"_"', '""', '"A"', '(code + "x")', '"äö σασ"', '"Shanghai"'])
moments = pick(
    [
        *("seen", "now()", "last_activity_at", "stage_entered_at", "now() - days(7)", 'now() - duration("168h")'),
        *(
            'now() + duration("1h")',
            "seen + wait",
            "wait + seen",
            "seen - days(qty)",
            "addMonths(seen, 1)",
            "addMonths(seen, rank)",
        ),
        *('datetime("2026-11-16T12:00:00Z")', "now() - days(param.stall_days)"),
    ]
)
days = pick(
    [
        *("closes", "starts", "today()", "account.opened", "account.top", "today() + days(1)", "today() - days(2)"),
        *("closes + days(rank)", "closes - wait", "addMonths(closes, 1)", "addMonths(starts, -12)", "closes + wait"),
        'date("2026-11-23")',
    ]
)
lengths = pick(
    ["wait", 'duration("168h")', "days(qty)", "now() - seen", "closes - starts", "-wait", "wait + wait", "days(0)"]
)
times = pick(["at", 'time("09:30")', 'time("18:00")'])

leaves = (
    joined(exacts, COMPARE, exacts)
    | joined(wholes, COMPARE, wholes)
    | joined(pick(["amount", "budget", "qty", "account.budget", "total"]), COMPARE, exact_constants)
    | st.builds("{} in {}".format, pick(["qty", "rank", "amount", "account.rank"]), listed(["0", "1", "3", "5"]))
    | st.builds("{} in {}".format, pick(["amount", "ratio", "qty"]), listed(["0.3", "1", "100000.0"], 1))
    | joined(texts, EQUAL, text_values)
    | joined(pick(["stage"]), EQUAL, pick([*map(quoted, STAGES), "null"]))
    | joined(
        pick(["account.region", "home", "owner.region", "user.region"]), EQUAL, pick([*map(quoted, REGIONS), "null"])
    )
    | joined(pick(["account.region", "level"]), EQUAL, pick(["owner.region", "home", "user.region"]))
    | pick(["level == param.best", "level != param.best"])
    | st.builds(
        "{} in {}".format, pick(["account.region", "home", "account.parent.region"]), listed([*map(quoted, REGIONS)])
    )
    | joined(moments, COMPARE, moments)
    | joined(days, COMPARE, days)
    | joined(lengths, COMPARE, lengths)
    | joined(times, COMPARE, times)
    | st.builds("{}.{}({})".format, texts, pick(["contains", "startsWith", "endsWith"]), text_values)
    | st.builds("{} in tags".format, pick([*map(quoted, TAGS)]))
    | st.builds("{} in points".format, pick([*map(quoted, POINTS)]))
    | st.builds("{} in words".format, pick(['"张三"', '"a"', "code", "name", "account.name", "place.city"]))
    | st.builds("{} in partners".format, pick(["account", '"a1"', "account.parent"]))
    | st.builds(
        "partners.{}(p, {})".format,
        pick(["exists", "all"]),
        pick(['p.region == "East"', "p.rank > qty", "p.id == account", "p.key"]),
    )
    | st.builds("lines.{}(l, {})".format, pick(["exists", "all"]), row_condition)
    | st.builds(
        "blank({})".format,
        pick(
            [
                "name",
                "account.name",
                "amount",
                "tags",
                "points",
                "lines",
                "place",
                "owner",
                "words",
                "place.city",
                "partners",
            ]
        ),
    )
    | joined(
        pick(
            [
                "name",
                "amount",
                "tags",
                "lines",
                "place",
                "points",
                "owner",
                "account.budget",
                "seen",
                "age",
                "partners",
                "account.deals",
            ]
        ),
        EQUAL,
        pick(["null"]),
    )
    | joined(
        pick(["owner", "buyer", "account", "account.owner", "team"]),
        EQUAL,
        pick(["user.id", "owner", "null", '"u1"', "buyer"]).filter(lambda s: True),
    )
    | pick(
        [
            "active",
            "account.key",
            "account.parent.key",
            "true",
            "false",
            "active == false",
            'hasRole("sales.rep")',
            "user.manager == null",
        ]
    )
)


def fits(source: str) -> bool:
    return not any(wrong in source for wrong in _NEVER)


#: References to different entities are refused by the checker.
_NEVER = tuple(
    f"{a} {op} {b}" for op in ("==", "!=") for a in ("account", "team") for b in ("user.id", "owner", "buyer")
)
conditions = st.recursive(
    leaves.filter(fits),
    lambda inner: (
        st.builds("(({}) {} ({}))".format, inner, pick(["&&", "||", "==", "!="]), inner)
        | st.builds("!({})".format, inner)
        | st.builds("(({}) ? ({}) : ({}))".format, inner, inner, inner)
        | st.builds("{} && {} && {}".format, *(3 * [inner.map("({})".format)]))
    ),
    max_leaves=5,
)
values = (
    exacts
    | wholes
    | text_values
    | moments
    | days
    | lengths
    | row_values
    | pick(["account.region", "account", "owner.name", "active", "stage", "account.parent.name", "at"])
)
