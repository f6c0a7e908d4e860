"""Calendars in a draft: hours as people write them, days of a year that are pressed or pasted, and when something is due."""

from __future__ import annotations

from datetime import date

import pytest

from dealwright import calendars
from dealwright.packs import whole
from dealwright.records import Workspace
from dealwright_admin import calendar_form
from designs import SCRIPT, begun, drafted, published
from pages import Person, text

HOURS = "base.working_hours"


@pytest.mark.parametrize(
    ("written", "spans"),
    [
        ("9-12, 13:00–18:00", ["09:00-12:00", "13:00-18:00"]),
        ("08:30至17:00；19-21", ["08:30-17:00", "19:00-21:00"]),
        ("22:00-06:00", ["22:00-06:00"]),
        ("nine to five", ["nine to five"]),
        ("", []),
    ],
)
def test_hours_are_read_as_people_write_them_and_what_is_none_stays_to_be_told(written: str, spans: list[str]) -> None:
    assert calendar_form.hours(written) == spans


def test_days_are_read_one_by_one_and_as_ranges() -> None:
    read = calendar_form.days("2027-02-05 to 2027-02-07, 2027年5月1日、2027/12/25; 2027-02-30")
    assert read == [date(2027, 2, 5), date(2027, 2, 6), date(2027, 2, 7), date(2027, 5, 1), date(2027, 12, 25)]
    assert calendar_form.days("2027-05-03 – 2027-05-01") == [date(2027, 5, 3)]


def test_an_own_calendar_is_made_filled_counted_published_and_pulled(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    made = admin.post(f"{draft}calendars/", {"title": "Service desk", "chinese": "服务台"})
    here = str(made.location)
    assert here.endswith("/calendars/c.service_desk/")
    assert "09:00-12:00, 13:00-18:00" in admin.get(here).text
    told = admin.post(
        here, {"title": "Service desk", "title.zh-CN": "服务台", "monday": "8-12", "saturday": "9-x"}, **SCRIPT
    )
    assert "hours are written like 09:00-12:30" in text(told)
    told = admin.post(
        here, {"title": "Service desk", "monday": "8-12", "saturday": "", "zone": "Asia/Shanghai"}, **SCRIPT
    )
    assert "No problems" in text(told) and 'id="week-picture"' in told.text
    # Monday 4 January 2027 becomes a holiday, Sunday 10 January a make-up day; the first is pressed once more.
    assert 'data-kind="holiday"' in admin.post(f"{here}days/", {"day": "2027-01-04", "year": "2027"}, **SCRIPT).text
    admin.post(f"{here}days/", {"day": "2027-01-10", "year": "2027"})
    admin.post(f"{here}days/", {"day": "2027-01-04", "year": "2027"})
    admin.post(f"{here}days/", {"days": "2027-02-05 to 2027-02-07", "how": "holiday"})
    admin.post(f"{here}days/", {"days": "2027-12-24", "how": "hours", "hours": "9-12"})
    # Friday 17:00 and eight hours: one on Friday, four on Monday (8 to 12), three on Tuesday (9 to 12).
    due = text(admin.get(f"{here}due/?from=2027-01-15T17:00&amount=8&unit=H"))
    assert "Tue Jan 19, 2027 12:00" in due and "8 h counted" in due
    assert "Say how long" in text(admin.get(f"{here}due/?amount=many"))
    published(admin, draft)
    with workspace.database.read() as connection:
        (patch,) = whole.files(connection)["overlay/calendar.json"]["changes"][:1]
        catalog = drafted(connection, draft).catalog
    assert patch["path"] == "calendar:c.service_desk#"
    year = patch["value"]["years"]["2027"]
    assert year == {
        "holidays": ["2027-02-05", "2027-02-06", "2027-02-07"], "workdays": ["2027-01-10"],
        "hours": {"2027-12-24": ["09:00-12:00"]},
    }  # fmt: skip
    counting = calendars.of(catalog, "c.service_desk")
    assert counting.hours(date(2027, 1, 4)) == ((480, 720),) and not counting.is_workday(date(2027, 2, 5))


def test_a_calendar_of_a_pack_takes_other_hours_and_days_and_is_as_the_pack_says_again(
    admin: Person, workspace: Workspace
) -> None:
    draft = begun(admin)
    here = f"{draft}calendars/{HOURS}/"
    assert "This calendar belongs to" in text(admin.get(here))
    assert admin.post(here, {"monday": "8-20", "friday": ""}).status_code == 303
    admin.post(f"{here}days/", {"day": "2027-01-05", "year": "2027"})
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
        assert {one.path.partition("#")[2]: one.value for one in found.changed("calendar", HOURS)} == {
            "/week/monday": ["08:00-20:00"], "/week/friday": [], "/years/2027/holidays": ["2027-01-05"],
        }  # fmt: skip
        assert not found.examined.problems
    page = text(admin.get(f"{here}?year=2028"))
    assert "The holidays of 2028 are not known: it counts by its weekdays" in page
    admin.post(f"{here}reset/", {"attribute": "week/friday"})
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
        assert found.document("calendar", HOURS)["week"]["friday"] == ["09:00-18:00"]
        assert found.document("calendar", HOURS)["week"]["monday"] == ["08:00-20:00"]
    copy = str(admin.post(f"{draft}calendars/", {"copy": HOURS}).location)
    assert copy.endswith("/c.working_hours/") and "08:00-20:00" in admin.get(copy).text
    admin.post(f"{here}reset/", {})
    admin.post(f"{copy}reset/", {})
    with workspace.database.read() as connection:
        assert not drafted(connection, draft).changes


def test_a_holiday_of_a_pack_that_is_pressed_gets_hours_and_its_make_up_day_none() -> None:
    pack = {"years": {"2027": {"holidays": ["2027-01-01"], "workdays": ["2027-01-03"]}}}
    document = {"years": {"2027": {"holidays": ["2027-01-01"], "workdays": ["2027-01-03"]}}}
    for day, works in ((date(2027, 1, 1), False), (date(2027, 1, 3), True)):
        how = calendar_form.other(document, pack, day, works)
        calendar_form.mark(document, pack, day, how, [], ["09:00-18:00"])
    said = document["years"]["2027"]
    assert said["hours"] == {"2027-01-01": ["09:00-18:00"], "2027-01-03": []}  # type: ignore[comparison-overlap]
    for day in (date(2027, 1, 1), date(2027, 1, 3)):
        assert calendar_form.other(document, pack, day, True) == "usual"
        calendar_form.mark(document, pack, day, "usual", [], [])
    assert document == pack
