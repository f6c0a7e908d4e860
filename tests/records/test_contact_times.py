"""When a contact is reached best: by hour of the week, smoothed, with its segment and then all as a stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Saved, Work
from dealwright.records.contact_times import ranked
from worlds import ACCOUNT, ROLES, documents, opened, person

#: A Monday, in UTC, which is the zone of the world.
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TUESDAY_TEN = datetime(2026, 11, 17, 10, 15, tzinfo=UTC)
FRIDAY_FOUR = datetime(2026, 11, 20, 16, 45, tzinfo=UTC)
MET = {**ACCOUNT, "contact_times": {"segment": "region", "minimum": 5}}
SEES = {"kind": "role", "id": "t.sees", "lang": 1, "title": "Sees", "grants": [
    {"entity": "t.account", "ops": ["read"]},
    {"entity": "base.activity", "ops": ["read"], "rows": "owner == user.id"}]}  # fmt: skip
BLIND = {"kind": "role", "id": "t.blind", "lang": 1, "title": "Blind", "grants": [
    {"entity": "t.account", "ops": ["read"], "fields": {"*": "see", "region": "none"}},
    {"entity": "base.activity", "ops": ["read"], "fields": {"*": "see", "outcome": "none"}}]}  # fmt: skip


@pytest.fixture
def world(database):
    with clock.frozen(NOW):
        yield opened(database, MET, SEES, BLIND)


def account(workspace, name, region=None):
    return records.save(workspace, access.operator(), "t.account", {"name": name, "region": region}).id


def calls(workspace, about, at, *outcomes, owner=None):
    about = {"entity": "t.account", "id": about}
    data = [
        {"kind": "call", "about": about, "at": (at + timedelta(minutes=n)).isoformat(), "outcome": one, "owner": owner}
        for n, one in enumerate(outcomes)
    ]
    with workspace.database.write() as connection:
        done = records.save_many(
            Work(workspace, connection, access.operator()), "base.activity", list(map(Change, data))
        )
    assert [one for one in done if not isinstance(one, Saved)] == []


def asked(workspace, record, user=None):
    with workspace.database.read() as connection:
        return records.contact_times(Work(workspace, connection, user or access.operator()), "t.account", record)


def test_the_best_hour_is_the_one_with_the_highest_smoothed_rate():
    found = ranked({(2, 10): (8, 6), (5, 16): (1, 1), (3, 9): (11, 1)})
    # p = 8/20; (6 + 5p)/13 = 61.5 %, (1 + 5p)/6 = 50 %, (1 + 5p)/16 = 18.8 %: one lucky call is not the best hour
    assert [(one["weekday"], one["hour"], one["rate"]) for one in found] == [
        (2, 10, "61.5"),
        (5, 16, "50.0"),
        (3, 9, "18.8"),
    ]
    assert ranked({(1, 9): (4, 0)}) == [] and ranked({}) == []


def test_hours_of_equal_rates_are_told_by_the_week():
    found = ranked({(5, 16): (2, 1), (2, 10): (2, 1), (2, 9): (4, 2)})
    assert [(one["weekday"], one["hour"]) for one in found] == [(2, 9), (2, 10), (5, 16)]


def test_a_contact_with_enough_interactions_answers_for_itself(world):
    kestrel = account(world, "Kestrel")
    calls(world, kestrel, TUESDAY_TEN, "reached", "reached", "reached", "no_answer")
    calls(world, kestrel, FRIDAY_FOUR, "no_answer", "reached", None, None)
    found = asked(world, kestrel)
    assert (found["level"], found["sample"], found["successes"], found["minimum"]) == ("record", 6, 4, 5)
    assert found["best"] == [
        {"weekday": 2, "hour": 10, "interactions": 4, "successes": 3, "rate": "70.4"},
        {"weekday": 5, "hour": 16, "interactions": 2, "successes": 1, "rate": "61.9"},
    ]


def test_with_too_few_the_segment_answers_and_then_all(world):
    kestrel, merlin, hobby = (account(world, name, region) for name, region in
                              (("Kestrel", "east"), ("Merlin", "east"), ("Hobby", None)))  # fmt: skip
    calls(world, kestrel, TUESDAY_TEN, "reached", "no_answer")
    assert asked(world, kestrel) == {
        "level": "none", "sample": 0, "successes": 0, "minimum": 5, "segment": None, "best": [],
    }  # fmt: skip
    calls(world, hobby, FRIDAY_FOUR, "reached", "reached", "reached")
    assert (asked(world, kestrel)["level"], asked(world, kestrel)["sample"]) == ("all", 5)
    calls(world, merlin, TUESDAY_TEN, "no_answer", "no_answer", "reached")
    found = asked(world, kestrel)
    assert (found["level"], found["segment"], found["sample"]) == ("segment", "east", 5)
    assert asked(world, hobby)["level"] == "all"


def test_what_is_old_or_planned_does_not_count(world):
    kestrel = account(world, "Kestrel")
    calls(world, kestrel, NOW - timedelta(days=400), *["reached"] * 9)
    calls(world, kestrel, NOW + timedelta(days=1), *["reached"] * 9)
    assert asked(world, kestrel)["level"] == "none"


def test_hours_are_those_of_the_workspace(world):
    kestrel = account(world, "Kestrel")
    calls(world, kestrel, datetime(2026, 11, 16, 18, 40, tzinfo=UTC), *["reached"] * 5)
    layers = [load.base(), Layer("t", "t", tuple(SourcedDocument(one, one["id"]) for one in documents(MET)), {})]
    catalog = load.catalog(layers, {"zone": "Asia/Kolkata"})
    with world.database.read() as connection:
        work = Work(world, connection, access.operator(), catalog=catalog)
        [best] = records.contact_times(work, "t.account", kestrel)["best"]
    assert (best["weekday"], best["hour"]) == (2, 0)  # 18:40 in UTC is ten past midnight in India


def test_only_interactions_that_the_reader_may_see_are_counted(world):
    kestrel = account(world, "Kestrel")
    ada = person(world, "Ada", ["t.sees"])
    calls(world, kestrel, TUESDAY_TEN, *["reached"] * 6)
    assert asked(world, kestrel, ada)["level"] == "none"
    calls(world, kestrel, FRIDAY_FOUR, *["reached"] * 5, owner=ada.id)
    assert (asked(world, kestrel, ada)["sample"], asked(world, kestrel)["sample"]) == (5, 11)


def test_who_may_not_see_the_outcome_is_told_nothing(world):
    kestrel = account(world, "Kestrel", "east")
    calls(world, kestrel, TUESDAY_TEN, *["reached"] * 6)
    assert asked(world, kestrel, person(world, "Bea", ["t.blind"]))["level"] == "none"


def test_an_entity_that_does_not_ask_for_it_is_told_nothing(database):
    with clock.frozen(NOW):
        world = opened(database, *ROLES)
        kestrel = account(world, "Kestrel")
        calls(world, kestrel, TUESDAY_TEN, *["reached"] * 12)
        assert asked(world, kestrel)["level"] == "none"
