"""Conditions as rows to choose from: what each row says, that nothing is lost by reading, and what stays text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions import sources
from dealwright.conditions.parser import parse
from dealwright.conditions.rows import OPERATIONS, read, written
from dealwright.conditions.text import text
from dealwright.errors import ConditionError

KINDS = {
    **{"name": "text", "amount": "number", "active": "boolean", "day": "date", "moment": "datetime", "size": "choice"},
    **{"kinds": "choices", "owner": "record", "account.region": "choice", "spent": "duration", "user": "role"},
}


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ('lower(name).contains("lamp")', {"field": "name", "op": "contains", "value": "lamp"}),
        ('!lower(name).contains("lamp")', {"field": "name", "op": "lacks", "value": "lamp"}),
        ("amount >= 10.50", {"field": "amount", "op": ">=", "value": "10.50"}),
        ("amount > -3", {"field": "amount", "op": ">", "value": "-3"}),
        ("active == true", {"field": "active", "op": "==", "value": "true"}),
        ("active", {"field": "active", "op": "true"}),
        ("!active", {"field": "active", "op": "false"}),
        ('day < date("2026-11-23")', {"field": "day", "op": "<", "value": "2026-11-23"}),
        ("day < today()", {"field": "day", "op": "<", "value": "today()", "by": "name"}),
        ("moment >= now() - days(7)", {"field": "moment", "op": "since", "value": "7"}),
        ("day < today() - days(7)", {"field": "day", "op": "older", "value": "7"}),
        ("day <= today() + days(30)", {"field": "day", "op": "until", "value": "30"}),
        ('size in ["s", "l"]', {"field": "size", "op": "any", "value": ["s", "l"]}),
        ('!(size in ["s"])', {"field": "size", "op": "none", "value": ["s"]}),
        ('account.region == "north"', {"field": "account.region", "op": "==", "value": "north"}),
        ('"a" in kinds', {"field": "kinds", "op": "has", "value": "a"}),
        ("owner == user.id", {"field": "owner", "op": "==", "value": "user.id", "by": "name"}),
        ("amount > param.large", {"field": "amount", "op": ">", "value": "param.large", "by": "name"}),
        ("amount == null", {"field": "amount", "op": "empty"}),
        ("changed(amount)", {"field": "amount", "op": "changed"}),
        ('spent > duration("24h")', {"field": "spent", "op": ">", "value": "24h"}),
        ('hasRole("t.clerk")', {"field": "user", "op": "role", "value": "t.clerk"}),
    ],
)
def test_a_condition_of_one_comparison_is_a_row_that_is_written_as_it_was(source: str, part: dict[str, Any]) -> None:
    found = read(source, KINDS.get)
    assert found == {"join": "&&", "parts": [part]}
    assert written(found, KINDS.get) == text(parse(source))


def test_groups_join_nest_and_refuse() -> None:
    found = read('amount > 1 && !(size == "s" || active)', KINDS.get)
    inner = [{"field": "size", "op": "==", "value": "s"}, {"field": "active", "op": "true"}]
    assert found["parts"][1] == {"join": "||", "not": True, "parts": inner}
    found["parts"][1]["parts"].pop()
    assert written(found, KINDS.get) == 'amount > 1 && !(size == "s")'
    assert read("  ", KINDS.get) == {"join": "&&", "parts": []} and written(read("", KINDS.get), KINDS.get) == ""


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("amount * 2 > 5", "words"), ('name.contains("Lamp")', "words"), ("lines.exists(l, l.qty > 3)", "words"),
        ("name > 1", "words"), ("!(amount > 1)", "words"), ("secret > 1", "names"), ('other.name == "x"', "names"),
        ("changed(secret)", "names"),
    ],
)  # fmt: skip
def test_what_rows_cannot_say_stays_as_text_beside_the_rows_with_a_word_why(source: str, why: str) -> None:
    found = read(f"active && {source}", KINDS.get)
    assert found["parts"] == [{"field": "active", "op": "true"}, {"text": source, "why": why}]
    assert written(found, KINDS.get) == f"active && {source}"


def test_rows_in_which_something_is_missing_are_left_out_and_a_text_that_cannot_be_read_is_told() -> None:
    unfinished = [
        {"field": "amount", "op": ">"}, {"field": "amount", "op": ">", "value": "many"}, {"join": "||", "parts": []},
        {"field": "size", "op": "any", "value": []}, {"field": "", "op": "empty"}, {"text": " "},
    ]  # fmt: skip
    tree = {"join": "&&", "parts": [*unfinished, {"field": "amount", "op": "<", "value": "1,500"}]}
    assert written(tree, KINDS.get) == "amount < 1500"
    with pytest.raises(ConditionError):
        written({"join": "&&", "parts": [{"text": "amount >"}]}, KINDS.get)
    with pytest.raises(ConditionError):
        read("amount >", KINDS.get)


@given(sources.conditions, st.sampled_from(sorted(OPERATIONS)))
def test_reading_a_condition_as_rows_loses_nothing_whatever_its_names_are(source: str, kind: str) -> None:
    assert written(read(source, lambda _: kind), lambda _: kind) == text(parse(source))
