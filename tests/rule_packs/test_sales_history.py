"""The history of the demonstration is what its generator makes, and whole."""

from __future__ import annotations

import json
import re

import pytest

import sales_history


def test_the_history_is_that_of_its_seed() -> None:
    texts = sales_history.FILE.read_text(encoding="utf-8"), sales_history.WORK.read_text(encoding="utf-8")
    assert texts == sales_history.written()


@pytest.mark.parametrize("small", [True, False])
def test_nothing_speaks_of_what_comes_later_or_is_left_out(small: bool) -> None:
    named: set[str] = set()
    for entry in json.loads(sales_history.written()[0])["history"]:
        if small and "more" in entry:
            continue
        spoken_of = set(re.findall(r"@h[_a-z]*\d+", json.dumps([entry["data"], entry.get("record")])))
        assert spoken_of <= named, entry
        named.add(f"@{entry.get('as')}")


def test_it_has_two_sizes() -> None:
    history = json.loads(sales_history.written()[0])["history"]
    for entity, small, full in (
        ("sales.account", 40, 200),
        ("sales.contact", 40, 200),
        ("sales.opportunity", 120, 600),
    ):
        made = [one for one in history if one["entity"] == entity and "to" not in one]
        assert len(made) == full and len([one for one in made if "more" not in one]) == small


def test_every_word_that_people_read_has_a_chinese_one() -> None:
    texts = json.loads(sales_history.written()[0])["texts"]["zh-CN"]
    read = {
        "name",
        "job_title",
        "country",
        "region",
        "need",
        "subject",
        "notes",
        "case_reference",
        "delivery_terms",
        "title",
    }
    read |= {"service_terms", "alternatives"}
    for entry in json.loads(sales_history.written()[0])["history"]:
        rows = [entry["data"], *entry["data"].get("options", [])]
        words = {one[name] for one in rows for name in read & one.keys()} | {entry.get("reason")} - {None}
        assert words <= texts.keys(), entry


def test_each_deal_begins_before_it_moves_and_ends_once() -> None:
    begun: dict[str, float] = {}
    ended: set[str] = set()
    for entry in json.loads(sales_history.written()[0])["history"]:
        if "to" in entry:
            assert entry["record"] in begun and entry["record"] not in ended
            assert entry["days_ago"] <= begun[entry["record"]]
            if entry["to"] in ("won", "lost", "archived"):
                ended.add(entry["record"])
        elif entry["entity"] == "sales.opportunity":
            begun[f"@{entry['as']}"] = entry["days_ago"]
    assert len(begun) == 600 and 450 <= len(ended) < 600


def test_work_is_done_on_deals_that_have_begun_and_in_words_that_are_there() -> None:
    happened, done = (json.loads(one) for one in sales_history.written())
    begun = {
        f"@{one['as']}": one for one in happened["history"] if one["entity"] == "sales.opportunity" and "as" in one
    }
    assert len(done["history"]) > 2000
    for entry in done["history"]:
        deal = begun[entry["record"] if "done" in entry else entry["data"]["about"]["id"]]
        since = entry["days_ago"] if "done" in entry else entry["data"]["at"]["days_ago"]
        assert 0 < since <= deal["days_ago"] and entry.get("more") == deal.get("more")
        assert (
            "done" in entry or {entry["data"]["subject"], entry["data"]["notes"]} <= happened["texts"]["zh-CN"].keys()
        )
