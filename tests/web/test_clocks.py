"""The page of a record shows what is still to be done in time, and what was not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock
from dealwright.records import Workspace, save
from pages import Person, lease, text

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def record(workspace: Workspace) -> str:
    with clock.frozen(NOON):
        return lease(workspace).id


@pytest.mark.parametrize(
    ("hours", "says", "hue"),
    [(0, "4 h 0 min left", "blue"), (3.5, "0 h 30 min left", "amber"), (5, "Over for 1 h 0 min", "red")],
)
def test_a_running_clock_says_how_much_is_left_or_how_long_it_is_over(
    admin: Person, record: str, hours: float, says: str, hue: str
) -> None:
    with clock.frozen(NOON + hours * HOUR):
        page = admin.get(f"/records/t.lease/{record}")
    assert f"Time limits Answer the tenant {says} due" in text(page)
    assert f'data-hue="{hue}">{says}' in page.text


@pytest.mark.parametrize(("hours", "says"), [(3, "Met in time"), (6, "Met too late, by 2 h 0 min")])
def test_a_clock_that_has_ended_says_whether_it_was_met_in_time(
    admin: Person, workspace: Workspace, record: str, hours: int, says: str
) -> None:
    with clock.frozen(NOON + hours * HOUR):
        save(workspace, access.operator(), "t.lease", {"name": "Signed"}, id=record)
        page = text(admin.get(f"/records/t.lease/{record}"))
    assert f"Answer the tenant {says} ended" in page
    assert "The platform stopped a clock" in page


def test_the_due_moment_is_told_in_the_zone_of_the_reader(admin: Person, record: str) -> None:
    with clock.frozen(NOON + 5 * HOUR):
        page = text(admin.get(f"/records/t.lease/{record}"))
    assert "due Nov 24, 2026 00:00" in page  # in the zone of the workspace, eight hours ahead
