"""Reports at certain times: a snapshot for each recipient under own rights, missed runs once, nobody else's eyes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock
from dealwright.app import create_app
from dealwright.errors import DefinitionError, NotFoundError
from dealwright.metadata import load, schemas
from dealwright.records import Work, report_runs
from passing import pass_until
from worlds import documents, made, opened, person, rows_of

START = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
WEEKLY = {
    "kind": "report", "id": "t.weekly", "lang": 1, "title": "Weekly", "entity": "t.deal", "calculate": "totals",
    "measure": "sum:amount", "schedule": {"every": "week", "on": "monday", "at": "08:00"},
    "recipients": ["t.rep", "t.guest"],
}  # fmt: skip


@pytest.fixture
def world(database, tmp_path):
    with clock.frozen(START):
        workspace = opened(
            database, WEEKLY, folder=tmp_path, translations={"zh-CN": {"report:t.weekly#/title": "周报"}}
        )
        with database.write() as connection:
            report_runs.went_live(Work(workspace, connection, access.platform_itself()), None)
        people = {
            "ada": person(workspace, "Ada", ["t.rep"], locale="zh-CN"),
            "bo": person(workspace, "Bo", ["t.rep"]),
            "gus": person(workspace, "Gus", ["t.guest"]),
        }
        for name, amount in (("ada", "100"), ("ada", "20"), ("bo", "3")):
            made(workspace, "t.deal", name=f"{name} {amount}", amount=amount, owner=people[name].id)
    return workspace, people


def asked(world, who, function, *arguments):
    workspace, people = world
    with workspace.database.read() as connection:
        return function(Work(workspace, connection, people[who]), *arguments)


def snapshots(world, who):
    return asked(world, who, report_runs.listed, "t.weekly", 50)


def test_each_recipient_gets_what_the_own_rights_show_once_a_week(world):
    workspace, people = world
    pass_until(workspace, MONDAY - timedelta(seconds=1))
    assert rows_of(workspace.database, "dw_snapshot") == []
    pass_until(workspace, MONDAY + timedelta(days=8))
    for who, total in (("ada", "120.00"), ("bo", "3.00")):
        found = snapshots(world, who)
        assert [one["run"] for one in found] == [MONDAY + timedelta(days=7), MONDAY]
        said = asked(world, who, report_runs.one, found[1]["id"])
        assert said["rows"][0]["figures"]["sum:amount"] == total
        assert said["as_of"] == "2026-11-23T08:00:00.000Z"
    # Who may not read deals has none and is told nothing.
    told = rows_of(workspace.database, "base__notification")
    assert sorted((one["user"], one["title"]) for one in told) == sorted(
        [(people["ada"].id, "新报表：周报")] * 2 + [(people["bo"].id, "New report: Weekly")] * 2
    )
    assert {one["user"] for one in rows_of(workspace.database, "dw_snapshot")} == {people["ada"].id, people["bo"].id}
    last = snapshots(world, "bo")[0]["id"]
    assert f"/snapshots/{last}" in {one["body"] for one in told}


def test_runs_that_were_missed_are_made_up_for_once(world):
    workspace, _ = world
    late = MONDAY + timedelta(days=23)
    pass_until(workspace, late, since=late)
    found = snapshots(world, "ada")
    assert [(one["run"], one["at"]) for one in found] == [(MONDAY + timedelta(days=21), late)]
    pass_until(workspace, MONDAY + timedelta(days=28))
    assert len(snapshots(world, "ada")) == 2


def test_a_report_that_says_so_goes_out_as_a_mail_with_its_page_in_the_language_of_each(database, tmp_path):
    with clock.frozen(START):
        mailed = {**WEEKLY, "id": "t.mailed", "email": "page", "group": ["tier"]}
        chinese = {"report:t.mailed#/title": "周报", "entity:t.deal#/properties/tier/title": "等级"}
        workspace = opened(database, mailed, folder=tmp_path, translations={"zh-CN": chinese})
        create_app(workspace)
        with database.write() as connection:
            report_runs.went_live(Work(workspace, connection, access.platform_itself()), None)
        people = {"ada": person(workspace, "Ada", ["t.rep"], locale="zh-CN"), "bo": person(workspace, "Bo", ["t.rep"])}
        made(workspace, "t.deal", name="One", tier="A", amount="987", owner=people["ada"].id)
        made(workspace, "t.deal", name="Two", tier="B", amount="654", owner=people["bo"].id)
    late = MONDAY + timedelta(days=7)
    pass_until(workspace, late, since=late)  # one run was missed
    found = [one["payload"] for one in rows_of(database, "dw_outbox")]
    mails = {one["user"]: one for one in (json.loads(one) if isinstance(one, str) else one for one in found)}
    assert len(found) == len(mails) == 2
    ada, bo = (mails[people[who].id] for who in ("ada", "bo"))
    assert (ada["subject"], bo["subject"]) == ("周报，2026-11-30", "Weekly, 2026-11-30")
    (page,) = ada["attachments"]
    assert (page["name"], page["type"]) == ("t.mailed-2026-11-30.html", "text/html")
    for text in ('lang="zh-CN"', "<h1>周报</h1>", "等级", "截至", "987", "<svg", "@page"):
        assert text in page["content"], text
    assert "654" not in page["content"]  # what Ada may not see is in no mail of hers
    (page,) = bo["attachments"]
    assert 'lang="en"' in page["content"] and "654" in page["content"] and "987" not in page["content"]
    assert not re.search(r"<script|<link|<img|url\(|@import|(src|href)=(?!\"#)", page["content"])


def test_a_timer_that_is_carried_out_twice_leaves_one_snapshot(world):
    workspace, people = world
    with workspace.database.write() as connection, clock.frozen(MONDAY):
        work = Work(workspace, connection, access.platform_itself())
        report = report_runs.defined.of(work.catalog)["t.weekly"]
        for _ in range(2):
            report_runs._for_one(work, report, people["ada"].id, MONDAY)
    assert len(snapshots(world, "ada")) == 1
    assert len(rows_of(workspace.database, "base__notification")) == 1


def test_a_snapshot_is_for_the_eyes_of_its_user_as_long_as_the_report_is(world):
    workspace, people = world
    pass_until(workspace, MONDAY)
    (one,) = snapshots(world, "ada")
    for who in ("bo", "gus"):
        with pytest.raises(NotFoundError):
            asked(world, who, report_runs.one, one["id"])
    with pytest.raises(NotFoundError):
        snapshots(world, "gus")
    degraded = access.User(people["ada"].id, "", "Ada", ("t.guest",), people["ada"].facts)
    with workspace.database.read() as connection, pytest.raises(NotFoundError):
        report_runs.one(Work(workspace, connection, degraded), one["id"])


def test_another_time_takes_the_place_of_the_one_before(world):
    workspace, _ = world
    with workspace.database.write() as connection, clock.frozen(START):
        work = Work(workspace, connection, access.platform_itself())
        before = work.catalog
        daily = {**WEEKLY, "schedule": {"every": "day", "at": "06:00"}}
        own = documents(WEEKLY)
        changed = load.catalog_of(
            [daily if one["id"] == "t.weekly" else one for one in own], dict(before.settings), with_base=True
        )
        report_runs.went_live(Work(workspace, connection, access.platform_itself(), catalog=changed), before)
        (timer,) = [one for one in pending(connection) if one[0] == "report:t.weekly"]
        assert timer[1] == datetime(2026, 11, 21, 6, tzinfo=UTC)
        without = load.catalog_of(
            [one for one in own if one["id"] != "t.weekly"], dict(before.settings), with_base=True
        )
        report_runs.went_live(Work(workspace, connection, access.platform_itself(), catalog=without), changed)
        assert [one for one in pending(connection) if one[0].startswith("report:")] == []


def pending(connection):
    found = connection.exec_driver_sql("SELECT name, due_at FROM dw_timer WHERE state = 'pending'").all()
    return [
        (name, due if isinstance(due, datetime) else datetime.fromisoformat(due).replace(tzinfo=UTC))
        for name, due in found
    ]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"schedule": {"every": "week", "on": 3}}, "no-such-day"),
        ({"schedule": {"every": "month", "on": "friday"}}, "no-such-day"),
        ({"schedule": {"every": "day", "on": "monday"}}, "no-such-day"),
        ({"schedule": {"every": "month", "month": 2}}, "no-such-month"),
        ({"schedule": {"every": "quarter", "month": 4}}, "no-such-month"),
        ({"recipients": ["t.nobody"]}, "unknown-name"),
    ],
)
def test_a_schedule_that_never_comes_and_recipients_that_are_none_are_refused(more, code):
    assert schemas.check({**WEEKLY, **more}) == []
    with pytest.raises(DefinitionError) as refused:
        load.catalog_of(documents({**WEEKLY, **more}), with_base=True)
    assert [one.code for one in refused.value.problems] == [code]


def test_half_a_schedule_is_refused():
    for left_out in ("schedule", "recipients"):
        half = {key: value for key, value in WEEKLY.items() if key != left_out}
        with pytest.raises(DefinitionError) as refused:
            load.catalog_of(documents(half), with_base=True)
        assert [one.code for one in refused.value.problems] == ["half-a-schedule"]
