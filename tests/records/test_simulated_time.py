"""Rules that wait for time are tried over the past: they would have acted just when they did act, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dealwright import access, clock, records
from dealwright.errors import QueryError
from dealwright.records import Work, scheduled
from passing import pass_until
from security.traces import traces
from worlds import opened, rows_of

DAY = timedelta(days=1)
#: A Tuesday.
START = datetime(2026, 9, 1, 9, tzinfo=UTC)
NOW = START + 75 * DAY


def rule(name: str, on: dict[str, Any], *, entity: str = "t.deal", **more: Any) -> dict[str, Any]:
    then = [{"do": "create_task", "title": f"{name} {{name}}"}]
    head = {"kind": "rule", "id": f"t.{name}", "lang": 1, "title": name, "entity": entity}
    return {**head, "on": on, "then": then, **more}


IDLE = rule("idle", {"idle": {"of": "stage_entered_at", "for": "P10D"}}, **{"if": "win < 50"})
AFTER = rule("after", {"after": {"field": "closes_on", "offset": "-P3D", "at": "09:00"}}, **{"if": "amount > 60"})
COUNT = rule("count", {"count": {"event": "quote.seen", "at_least": 2, "within": "P10D"}}, once_per="week")
WEEKLY = rule(
    "weekly", {"schedule": {"every": "week", "on": "monday", "at": "08:00", "filter": "win >= 60"}}, once_per="episode"
)
FALL = rule(
    "fall",
    {"trend": {"measure": "sum:amount", "of": "t.deal", "via": "account", "date": "opens_on", "per": "month",
               "periods": 1, "change": -10}},
    entity="t.account",
)  # fmt: skip
RULES = (IDLE, AFTER, COUNT, WEEKLY, FALL)


class Past:
    """A world in which the rules were in force for 75 days, and two deals of one account went their ways."""

    def __init__(self, database: Any) -> None:
        self.database, self.last = database, START
        with clock.frozen(START):
            self.workspace = opened(database, *RULES)
            with database.write() as connection:
                scheduled.went_live(Work(self.workspace, connection, access.platform_itself()), None)
            made = records.save(self.workspace, access.operator(), "t.account", {"name": "Kestrel"})
        self.account = made.id
        self.one = self.save(1, name="One", win="20", amount="100", account=self.account, opens_on="2026-09-02")
        self.two = self.save(1, name="Two", win="80", amount="90", account=self.account, opens_on="2026-10-02",
                             closes_on="2026-10-03")  # fmt: skip
        self.seen(2, self.one)
        self.seen(11, self.one)  # within ten days of the first
        self.seen(12, self.one)  # the same week
        self.save(12, self.two, win="40")
        self.seen(22, self.one)  # another week, just ten days after the last
        with self.at(23):
            records.move(self.workspace, access.operator(), "t.deal", self.one, "offer")
        self.save(31, self.two, win="70", closes_on="2026-10-20")
        self.seen(40, self.one)
        pass_until(self.workspace, NOW, since=self.last)

    def at(self, day: float) -> Any:
        now = START + day * DAY
        pass_until(self.workspace, now, since=self.last)
        self.last = now
        return clock.frozen(now)

    def save(self, day: float, record: str | None = None, **data: Any) -> str:
        with self.at(day):
            return records.save(self.workspace, access.operator(), "t.deal", data, id=record).id

    def seen(self, day: float, record: str) -> None:
        with self.at(day), self.database.write() as connection:
            records.send(Work(self.workspace, connection, access.operator()), "quote.seen", "t.deal", record, {})

    def tried(self, *documents: dict[str, Any], since: str = "P90D") -> list[dict[str, Any]]:
        with clock.frozen(NOW), self.database.read() as connection:
            work = Work(self.workspace, connection, access.operator())
            return records.simulate(work, documents, records.beginning(since, work.now))["rules"]

    def acted(self, name: str) -> list[tuple[str, datetime]]:
        """Return title and moment of what a rule did in truth."""
        with self.database.read() as connection:
            page = records.page(Work(self.workspace, connection, access.operator()), "base.task", sort="created_at")
        return [
            (one["title"], datetime.fromisoformat(one["created_at"]))
            for one in page.items
            if one["title"].startswith(f"{name} ")
        ]


@pytest.fixture
def past(database) -> Past:
    return Past(database)


def moments(found: dict[str, Any], kind: str, key: str) -> list[tuple[str, datetime]]:
    told = found["examples"].get(kind, ())
    return sorted((one[key][0]["data"]["title"], datetime.fromisoformat(one["at"])) for one in told)


def test_a_draft_that_never_fires_no_longer_does_just_what_was_done_and_nothing_is_left_behind(past):
    before = traces(past.database)
    acted = {name: past.acted(name) for name in ("idle", "after", "count", "weekly", "fall")}
    # One was idle twice, Two was asked again when its win fell; Two closes twice; 100 to 90 is a fall of ten percent.
    assert {name: len(found) for name, found in acted.items()} == {
        "idle": 3, "after": 2, "count": 2, "weekly": 2, "fall": 1
    }  # fmt: skip
    found = {one["rule"][2:]: one for one in past.tried(*({**one, "if": 'name == "nobody"'} for one in RULES))}
    assert {name: moments(one, "no_longer", "did") for name, one in found.items()} == {
        name: sorted(done) for name, done in acted.items()
    }
    again = past.tried(*({**one, "if": 'name == "nobody"'} for one in RULES))
    assert json.dumps(again, sort_keys=True) == json.dumps(
        past.tried(*({**one, "if": 'name == "nobody"'} for one in RULES)), sort_keys=True
    )
    assert found["fall"]["read_as_now"] == []
    assert traces(past.database) == before
    assert len(rows_of(past.database, "base__task")) == 10


def test_a_trend_is_measured_on_the_records_as_they_were_at_each_run(past):
    """What was found on 1 November stays found, whatever has become of the two deals since."""
    with past.at(69):
        other = records.save(past.workspace, access.operator(), "t.account", {"name": "Osprey"}).id
    past.save(70, past.two, amount="500")  # from 90: a rise today
    past.save(71, past.one, account=other)  # whose amount of September fell away with it
    with past.at(72), past.database.write() as connection:
        records.archive(Work(past.workspace, connection, access.operator()), "t.deal", past.two)
    never = {**FALL, "if": 'name == "nobody"'}
    [found] = past.tried(never)
    assert moments(found, "no_longer", "did") == past.acted("fall")
    steeper = {**FALL, "on": {"trend": {**FALL["on"]["trend"], "change": -11}}}
    assert past.tried(steeper)[0]["no_longer"] == 1
    # A filter is asked of the records as they were, too; and what an average or the least comes to.
    spec = {**FALL["on"]["trend"], "where": "amount > 95"}
    assert past.tried({**FALL, "on": {"trend": spec}})[0]["same"] == 1  # 100, then nothing
    for measure, same in (("avg:amount", 1), ("min:amount", 1), ("max:amount", 1), ("count", 0)):
        [found] = past.tried({**FALL, "on": {"trend": {**FALL["on"]["trend"], "measure": measure}}})
        assert (measure, found["same"]) == (measure, same)


def test_another_length_of_time_changes_when_and_for_whom_and_not_more_runs_are_played_than_fit(past):
    [found] = past.tried({**IDLE, "on": {"idle": {"of": "stage_entered_at", "for": "P12D"}}})
    # One: two days later both times. Two: when its time came, not when its win fell the day before.
    assert (found["woken"], found["newly"], found["no_longer"], found["same"]) == (3, 0, 0, 0)
    changed = sorted((one["at"], one["did_at"]) for one in found["examples"]["changed"])
    assert changed == [
        ("2026-09-14T09:00:00.001Z", "2026-09-12T09:00:00.001Z"),
        ("2026-09-14T09:00:00.001Z", "2026-09-13T09:00:00.000Z"),
        ("2026-10-06T09:00:00.001Z", "2026-10-04T09:00:00.001Z"),
    ]
    # Too many runs are refused, fewer are played.
    hourly = {**WEEKLY, "on": {"schedule": {"cron": "*/30 * * * *"}}, "id": "t.often"}
    with pytest.raises(QueryError, match="more than 500 runs"):
        past.tried(hourly)
    [found] = past.tried(hourly, since="P1D")
    assert found["woken"] == 96  # two deals, 48 runs
