"""The moment that a rule waits for, worked out from a record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

import deals
from dealwright.rules import timed

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # 20:00 in Shanghai, the zone of the deals
TICK = timedelta(milliseconds=1)


def waited(on):
    found = timed.read(deals.workspace(), deals.rule("r", on=on), None)
    assert found is not None
    return found


def after(field, offset, **more):
    return waited({"after": {"field": field, "offset": offset, **more}})


def test_idle_is_due_at_the_first_moment_after_the_time_has_passed():
    idle = waited({"idle": {"of": "seen", "for": {"param": "days", "unit": "day"}}})
    assert idle.due({"seen": NOON}) == NOON + timedelta(days=7) + TICK
    assert idle.due({"seen": None, "created_at": NOON}) is None


def test_a_record_without_an_activity_is_idle_since_it_was_made():
    idle = waited({"idle": {"of": "last_activity_at", "for": "P7D"}})
    assert idle.due({"last_activity_at": None, "created_at": NOON}) == NOON + timedelta(days=7) + TICK
    assert idle.due({"last_activity_at": NOON, "created_at": date(2020, 1, 1)}) == NOON + timedelta(days=7) + TICK


@pytest.mark.parametrize(
    ("found", "row", "moment"),
    [
        pytest.param(after("seen", "PT24H"), {"seen": NOON}, datetime(2026, 11, 24, 12, 0), id="exactly a day later"),
        pytest.param(after("seen", "-PT2H"), {"seen": NOON}, datetime(2026, 11, 23, 10, 0), id="before it"),
        pytest.param(after("seen", "P1D", at="09:00"), {"seen": NOON}, datetime(2026, 11, 24, 1, 0), id="at a time"),
        pytest.param(
            after("close", "P0D"), {"close": date(2026, 11, 23)}, datetime(2026, 11, 22, 16, 0), id="midnight"
        ),
        pytest.param(
            after("close", "-P30D", at="08:30"),
            {"close": date(2026, 3, 1)},
            datetime(2026, 1, 30, 0, 30),
            id="30 before",
        ),
        pytest.param(
            after("close", "P3M"),
            {"close": date(2026, 11, 30)},
            datetime(2027, 2, 27, 16, 0),
            id="cut to the month's end",
        ),
        pytest.param(after("close", "PT6H"), {"close": date(2026, 11, 23)}, datetime(2026, 11, 22, 22, 0), id="hours"),
    ],
)
def test_after_is_due_exactly_then(found, row, moment):
    assert found.due(row) == moment.replace(tzinfo=UTC)


def test_working_days_leave_weekends_out():
    idle = waited({"idle": {"of": "seen", "for": "P5WD"}})
    assert idle.due({"seen": NOON}) == datetime(2026, 11, 30, 12, 0, tzinfo=UTC) + TICK  # from Monday to Monday
    before = after("close", "-P3WD", at="09:00")
    assert before.due({"close": date(2026, 11, 23)}) == datetime(2026, 11, 18, 1, 0, tzinfo=UTC)  # Wednesday


def test_it_is_worked_out_anew_when_its_field_or_what_the_condition_reads_changes():
    rule = deals.rule("r", 'status == "open" && updated_at != null', on={"idle": {"of": "seen", "for": "P7D"}})
    condition = deals.compile_condition(deals.workspace(), "sales.deal", rule.condition, "rule")
    found = timed.read(deals.workspace(), rule, condition)
    assert found.watches == {"seen", "status", "archived_at"}


@pytest.mark.parametrize(
    ("on", "pointer", "code"),
    [
        ({"idle": {"of": "name", "for": "P7D"}}, "/on/idle/of", "not-a-moment"),
        ({"idle": {"of": "seen", "for": "P0WD"}}, "/on/idle/for", "not-a-duration"),
        ({"after": {"field": "amount", "offset": "P7D"}}, "/on/after/field", "not-a-moment"),
        ({"after": {"field": "seen", "offset": "P"}}, "/on/after/offset", "not-a-duration"),
    ],
)
def test_what_cannot_be_waited_for_is_a_problem(on, pointer, code):
    (problem,) = timed.problems(deals.workspace(), deals.rule("r", on=on))
    assert (problem.pointer, problem.code) == (pointer, code)
