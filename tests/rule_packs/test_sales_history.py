"""The history of the demonstration is what its generator makes, and whole."""

from __future__ import annotations

import json
import re

import sales_history


def test_the_history_is_that_of_its_seed() -> None:
    assert sales_history.FILE.read_text(encoding="utf-8") == sales_history.written()


def test_nothing_speaks_of_what_comes_later() -> None:
    named: set[str] = set()
    for entry in json.loads(sales_history.written())["history"]:
        spoken_of = set(re.findall(r"@h[_a-z]*\d+", json.dumps([entry["data"], entry.get("record")])))
        assert spoken_of <= named, entry
        named.add(f"@{entry.get('as')}")


def test_each_deal_begins_before_it_moves_and_ends_once() -> None:
    begun: dict[str, float] = {}
    ended: set[str] = set()
    for entry in json.loads(sales_history.written())["history"]:
        if "to" in entry:
            assert entry["record"] in begun and entry["record"] not in ended
            assert entry["days_ago"] <= begun[entry["record"]]
            if entry["to"] in ("won", "lost", "archived"):
                ended.add(entry["record"])
        elif entry["entity"] == "sales.opportunity":
            begun[f"@{entry['as']}"] = entry["days_ago"]
    assert len(begun) == 120 and 80 <= len(ended) < 120
