"""Once in an episode: from when a condition holds until it no longer does, whatever wakes the rule in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, records
from dealwright.errors import RecordError
from worlds import made, opened, rows_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

LARGE = {
    "kind": "rule", "id": "t.large", "lang": 1, "title": "Large", "entity": "t.deal", "once_per": "episode",
    "on": {"record": {"events": ["created", "updated"], "fields": ["name"]}}, "if": "amount >= 1000",
    "then": [{"do": "create_task", "title": "Look at {name}"}],
}  # fmt: skip


@pytest.fixture
def large(database, tmp_path):
    with clock.frozen(NOON):
        return opened(database, LARGE, folder=tmp_path)


def save(workspace, record, **data):
    with clock.frozen(NOON + timedelta(hours=1)):
        records.save(workspace, access.operator(), "t.deal", data, id=record)


def tasks(workspace):
    return [one["title"] for one in rows_of(workspace.database, "base__task")]


def test_a_rule_fires_once_while_its_condition_holds_and_again_when_it_has_been_false(large):
    with clock.frozen(NOON):
        deal = made(large, "t.deal", name="A", amount="1000")
    save(large, deal, name="B")
    assert tasks(large) == ["Look at A"]
    save(large, deal, name="C", amount="999.99")
    save(large, deal, name="D", amount="1000")
    save(large, deal, name="E")
    assert tasks(large) == ["Look at A", "Look at D"]


def test_an_episode_ends_too_by_a_save_that_does_not_wake_the_rule(large):
    with clock.frozen(NOON):
        deal = made(large, "t.deal", name="A", amount="1000")
    save(large, deal, amount="5")
    save(large, deal, amount="2000")
    assert tasks(large) == ["Look at A"]
    save(large, deal, name="B")
    assert tasks(large) == ["Look at A", "Look at B"]


def test_the_episodes_of_records_are_their_own(large):
    with clock.frozen(NOON):
        first = made(large, "t.deal", name="A", amount="1000")
        made(large, "t.deal", name="B", amount="1000")
    save(large, first, amount="5")
    windows = sorted(one["window"].partition(":")[0] for one in rows_of(large.database, "dw_firing"))
    assert windows == ["episode", "episode"]
    assert sum(one["window"] == "episode" for one in rows_of(large.database, "dw_firing")) == 1


def test_an_episode_is_not_ended_by_a_save_that_is_refused(large):
    with clock.frozen(NOON):
        deal = made(large, "t.deal", name="A", amount="1000")
    with pytest.raises(RecordError):
        save(large, deal, amount="-5")
    save(large, deal, name="B")
    assert tasks(large) == ["Look at A"]
