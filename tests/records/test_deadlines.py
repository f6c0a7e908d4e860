"""Deadlines: the days of law, from a moment or a date, and windows before one. Nothing moves them but their date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, calendars, clock, records, sla
from dealwright.errors import DefinitionError
from dealwright.metadata import load, strict
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Work
from dealwright.resources import shipped
from passing import pass_until
from ticketing import DAY, HOUR, HOURS, NINE, TICKET, change, clocks, desk, fetched, tasks, ticket, told
from worlds import documents, rows_of

CHINA = strict.read(shipped("rule_packs") / "calendar_cn" / "calendars" / "workdays.json") | {"id": "t.china"}


def reported(name, outcome, **length):
    """A clock of SAMR Order 1 (2018) for an adverse event."""
    return {
        "kind": "deadline", "id": f"t.{name}", "lang": 1, "title": name, "entity": "t.ticket",
        "from": "known_at", "when": f"outcome == \"{outcome}\"", "met_when": "reported_at != null",
        "calendar": "t.china", **length,
        "remind": [{"id": "half", "at": "50%", "to": "owner"}, {"id": "late", "at": "80%", "to": "owner"},
                   {"id": "missed", "at": "100%", "then": [{"do": "set_field", "field": "escalated", "value": True}]}],
    }  # fmt: skip


DEATH = reported("ae_death", "death", days=7, unit="calendar_day")
SERIOUS = reported("ae_serious", "serious", days=20, unit="calendar_day")
PHONE = reported("ae_group_phone", "group", hours=12)
SINGLE = reported("ae_group_single", "group", hours=24)
STUDY = reported("ae_group_study", "group", days=7, unit="calendar_day")
LICENCE = {
    "kind": "deadline", "id": "t.licence", "lang": 1, "title": "Renew the licence", "entity": "t.ticket",
    "from": "expires_on", "met_when": "renewed == true", "window": {"opens": 90, "closes": 30}, "unit": "working_day",
    "calendar": "t.china",
    "remind": [{"id": "sixty", "before": 60, "to": "owner"},
               {"id": "escalate", "before": 35, "then": [{"do": "set_field", "field": "level", "value": 2}]},
               {"id": "closed", "at": "100%", "then": [{"do": "create_task", "title": "Too late for {subject}"}]}],
}  # fmt: skip
#: Monday, 15:00 in Shanghai, three days before the holiday of October begins.
KNOWN = datetime.fromisoformat("2026-09-28T15:00:00+08:00")


@pytest.mark.parametrize(
    ("outcome", "due"),
    [
        ("death", {"t.ae_death": "2026-10-05T15:00"}),
        ("serious", {"t.ae_serious": "2026-10-18T15:00"}),
        ("group", {"t.ae_group_phone": "2026-09-29T03:00", "t.ae_group_single": "2026-09-29T15:00",
                   "t.ae_group_study": "2026-10-05T15:00"}),
    ],
)  # fmt: skip
def test_the_clocks_of_adverse_events_do_not_move_over_the_holiday(database, outcome, due):
    workspace = desk(database, CHINA, DEATH, SERIOUS, PHONE, SINGLE, STUDY, policy=None)
    one = ticket(workspace, KNOWN + HOUR, outcome=outcome, known_at=KNOWN.isoformat())
    found = {c.policy: c.due_at for c in clocks(workspace, one)}
    assert found == {name: datetime.fromisoformat(f"{at}:00+08:00") for name, at in due.items()}


@pytest.mark.parametrize(
    ("expiry", "opens", "closes"),
    [("2026-12-31", "2026-08-21", "2026-11-19"), ("2026-09-30", "2026-05-26", "2026-08-19")],
)
def test_the_window_to_renew_a_licence_opens_and_closes_working_days_before_it_expires(database, expiry, opens, closes):
    workspace = desk(database, CHINA, LICENCE, policy=None)
    one = ticket(workspace, datetime(2026, 1, 5, tzinfo=UTC), expires_on=expiry)
    (found,) = clocks(workspace, one)
    assert found.started_at == datetime.fromisoformat(f"{opens}T00:00:00+08:00")
    assert found.due_at == datetime.fromisoformat(f"{closes}T00:00:00+08:00") + DAY  # the end of that day


def test_a_deadline_reminds_and_is_missed_at_its_moments(database):
    workspace = desk(database, CHINA, DEATH, policy=None)
    one = ticket(workspace, KNOWN, outcome="death", known_at=KNOWN.isoformat())
    pass_until(workspace, KNOWN + 30 * DAY)
    assert told(workspace, one, "deadline") == [
        ("deadline.set", KNOWN.astimezone(UTC)),
        ("deadline.reached", KNOWN + 3.5 * DAY),
        ("deadline.reached", KNOWN + 5.6 * DAY),
        ("deadline.missed", KNOWN + 7 * DAY),
    ]
    assert fetched(workspace, one)["escalated"] is True
    change(workspace, KNOWN + 31 * DAY, one, reported_at=(KNOWN + 31 * DAY).isoformat())
    (found,) = clocks(workspace, one)
    assert (found.state, found.breached_at, found.late) == ("met", KNOWN + 7 * DAY, 24 * 24 * 3_600_000)


def test_what_is_reported_in_time_is_met_and_reminds_no_more(database):
    workspace = desk(database, CHINA, DEATH, policy=None)
    one = ticket(workspace, KNOWN, outcome="death", known_at=KNOWN.isoformat())
    change(workspace, KNOWN + DAY, one, reported_at=(KNOWN + DAY).isoformat())
    pass_until(workspace, KNOWN + 30 * DAY)
    assert [kind for kind, _ in told(workspace, one, "deadline")] == ["deadline.set", "deadline.met"]


def test_a_window_opens_reminds_escalates_and_closes(database):
    workspace = desk(database, CHINA, LICENCE, policy=None)
    one = ticket(workspace, datetime(2026, 1, 5, tzinfo=UTC), expires_on="2026-12-31")
    pass_until(workspace, datetime(2027, 1, 1, tzinfo=UTC))
    china = calendars.of(catalog_of(workspace), "t.china")
    dates = [(kind, at.astimezone(china.zone).date().isoformat()) for kind, at in told(workspace, one, "deadline")]
    assert dates == [
        ("deadline.set", "2026-01-05"),
        ("deadline.opened", "2026-08-21"),
        ("deadline.reached", "2026-10-09"),
        ("deadline.reached", "2026-11-12"),
        ("deadline.missed", "2026-11-20"),
    ]
    assert fetched(workspace, one)["level"] == 2
    assert [row["title"] for row in tasks(workspace)] == ["Too late for Pump"]


def catalog_of(workspace):
    with workspace.database.read() as connection:
        return workspace.catalog(connection)


def test_another_date_sets_the_deadline_anew_and_a_renewed_licence_begins_another(database):
    workspace = desk(database, CHINA, LICENCE, policy=None)
    one = ticket(workspace, NINE, expires_on="2027-12-31")
    change(workspace, NINE + HOUR, one, expires_on="2027-11-30")
    first, second = clocks(workspace, one)[-2:]
    assert sorted((first.state, second.state)) == ["cancelled", "running"]
    change(workspace, NINE + 2 * HOUR, one, renewed=True)
    assert [c.state for c in clocks(workspace, one)].count("met") == 1
    change(workspace, NINE + 3 * HOUR, one, renewed=False, subject="A slip")
    assert [c.state for c in clocks(workspace, one)].count("running") == 0  # this licence was renewed
    change(workspace, NINE + 4 * HOUR, one, expires_on="2032-11-30")
    assert [c.state for c in clocks(workspace, one)].count("running") == 1


def test_a_deadline_that_does_not_apply_any_more_ends_without_an_outcome(database):
    workspace = desk(database, CHINA, DEATH, SERIOUS, policy=None)
    one = ticket(workspace, KNOWN, outcome="death", known_at=KNOWN.isoformat())
    change(workspace, KNOWN + HOUR, one, outcome="serious")
    assert {c.policy: c.state for c in clocks(workspace, one)} == {"t.ae_death": "cancelled", "t.ae_serious": "running"}


def test_what_is_entered_late_gets_the_last_reminder_that_has_passed_and_no_other(database):
    workspace = desk(database, CHINA, DEATH, policy=None)
    one = ticket(workspace, KNOWN + 6 * DAY, outcome="death", known_at=KNOWN.isoformat())
    pass_until(workspace, KNOWN + 6 * DAY)
    kinds = [kind for kind, _ in told(workspace, one, "deadline")]
    assert kinds == ["deadline.set", "deadline.reached"]
    other = ticket(workspace, KNOWN + 8 * DAY, outcome="death", known_at=KNOWN.isoformat())
    pass_until(workspace, KNOWN + 8 * DAY)
    assert [kind for kind, _ in told(workspace, other, "deadline")] == ["deadline.set", "deadline.missed"]


def test_years_without_known_holidays_are_told_where_working_days_were_counted_through_them(database):
    workspace = desk(database, CHINA, LICENCE, policy=None)
    one = ticket(workspace, NINE, expires_on="2027-12-31")
    with workspace.database.read() as connection, clock.frozen(NINE):
        (found,) = records.clocks_of(Work(workspace, connection, access.operator()), "t.ticket", one)
    assert found["assumed_years"] == [2027]


def test_working_days_after_a_moment_end_with_the_last_of_them(database):
    recall = {**DEATH, "id": "t.recall", "days": 5, "unit": "working_day", "remind": []}
    workspace = desk(database, CHINA, recall, policy=None)
    one = ticket(workspace, KNOWN, outcome="death", known_at=KNOWN.isoformat())
    # 29 and 30 September, then 8, 9 and 10 October, which is a make-up Saturday.
    assert clocks(workspace, one)[0].due_at == datetime.fromisoformat("2026-10-11T00:00:00+08:00")


@pytest.mark.parametrize(("days", "problem"), [(5, None), (7, None), (10, "weakens")])
def test_a_layer_above_may_shorten_a_deadline_and_never_lengthen_it(days, problem):
    base = [load.base(), layer("t", TICKET, HOURS, CHINA, DEATH, *documents())]
    above = {"kind": "deadline", "extends": "t.ae_death", "overrides": [{"path": "#/days", "value": days}]}
    layers = [*base, layer("c", above, requires=frozenset({"t"}))]
    if problem is None:
        assert sla.of(load.catalog(layers)).by_id["deadline", "t.ae_death"].amount == days
    else:
        with pytest.raises(DefinitionError) as caught:
            load.catalog(layers)
        assert [one.code for one in caught.value.problems] == [problem]


def layer(name, *some, requires=frozenset()):
    return Layer(name, name, tuple(SourcedDocument(one, str(one.get("id", "x"))) for one in some), requires=requires)


def test_a_window_may_only_become_narrower():
    base = [load.base(), layer("t", TICKET, HOURS, CHINA, LICENCE, *documents())]

    def with_window(**window):
        overrides = [{"path": f"#/window/{key}", "value": value} for key, value in window.items()]
        above = {"kind": "deadline", "extends": "t.licence", "overrides": overrides}
        return load.catalog([*base, layer("c", above, requires=frozenset({"t"}))])

    assert sla.of(with_window(opens=80, closes=40)).by_id["deadline", "t.licence"].window == (80, 40)
    for wider in ({"opens": 100}, {"closes": 20}):
        with pytest.raises(DefinitionError, match="definitions"):
            with_window(**wider)


FACT = {
    "kind": "fact", "id": "t.death_days", "value": 7, "unit": "calendar_day",
    "source": {"title": "SAMR Order 1 (2018)", "article": "25"},
}  # fmt: skip


def problems(*some):
    found = sla.problems(load.catalog([load.base(), layer("t", TICKET, HOURS, CHINA, FACT, *documents(), *some)]))
    return [(one.pointer, one.code) for one in found]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"fact": "death_days"}, []),
        ({"fact": "nothing"}, [("/fact", "unknown-name")]),
        ({"fact": "death_days", "days": 8}, [("/days", "looser-than-fact")]),
        ({"fact": "death_days", "unit": "working_day"}, [("/fact", "wrong-unit")]),
        ({"from": "subject"}, [("/from", "wrong-type")]),
        ({"when": "known_at < now()"}, [("/when", "time-passes")]),
        ({"met_when": "owner == user.id"}, [("/met_when", "not-allowed")]),
        ({"calendar": "t.nothing"}, [("/calendar", "unknown-name")]),
        ({"remind": [{"id": "due", "at": "50%", "to": "owner"}]}, [("/remind/0/id", "wrong-name")]),
        ({"remind": [{"id": "a", "before": 7, "to": "owner"}]}, [("/remind/0/before", "out-of-range")]),
    ],
)
def test_what_is_wrong_with_a_deadline_is_said_at_its_place(change, found):
    assert problems({**DEATH, **change}) == found


def test_what_is_wrong_with_a_window_is_said_at_its_place():
    assert problems({**LICENCE, "window": {"opens": 30, "closes": 90}, "remind": []}) == [("/window", "empty-range")]
    assert problems({**LICENCE, "remind": [{"id": "a", "before": 20, "to": "owner"}]}) == [
        ("/remind/0/before", "out-of-range")
    ]


def test_a_new_deadline_is_set_for_the_records_that_are_there_but_not_for_what_is_long_past(database, monkeypatch):
    from dealwright.records import clocks_in_force

    monkeypatch.setattr(clocks_in_force, "BATCH", 2)
    workspace = desk(database, CHINA, DEATH, policy=None)
    with clock.frozen(KNOWN), workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        saved = records.save_many(
            work,
            "t.ticket",
            [
                Change({"subject": "x", "outcome": "death", "known_at": (KNOWN - days * DAY).isoformat()})
                for days in (0, 1, 2, 30, 3)
            ],
        )
        connection.exec_driver_sql("DELETE FROM dw_clock")
        connection.exec_driver_sql("DELETE FROM dw_timer")
        clocks_in_force.went_live(work, None)
    pass_until(workspace, KNOWN)
    assert [len(clocks(workspace, one.id)) for one in saved] == [1, 1, 1, 0, 1]
    pass_until(workspace, KNOWN + timedelta(days=30))
    assert len(rows_of(database, "dw_clock")) == 4
