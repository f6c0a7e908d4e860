"""The history of stages: one row a visit, whatever road led there, and its rows are the whole life of a record."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from dealwright import access, clock, records
from dealwright.errors import DealwrightError
from dealwright.records import Change, Work
from dealwright.records import visits as kept_visits
from dealwright.storage import timers
from dealwright.storage.migrations.versions import v0020_ways
from passing import pass_until
from worlds import PIPELINE, made, opened, person, rows_of

OPERATOR = access.operator()
NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)
FREE = {**PIPELINE, "stages": [{"id": one, "title": one.title()} for one in ("open", "offer", "trial")] + [
    {"id": "lost", "title": "Lost", "outcome": "lost", "reason": "required"}]}  # fmt: skip


def visits(world, user, deal):
    with world.database.read() as connection:
        return records.visited(Work(world, connection, user), "t.deal", deal)


def at(hours):
    return clock.frozen(NOON + timedelta(hours=hours))


def test_a_visit_tells_who_came_when_from_where_and_how_long_it_lasted(workspace):
    account = made(workspace, "t.account", name="Acme")
    rep = person(workspace, "Rae", ["t.rep"])
    with at(0):
        deal = records.save(workspace, rep, "t.deal", {"name": "x", "amount": "9", "account": account}).id
    with at(5):
        records.move(workspace, OPERATOR, "t.deal", deal, "offer")
    with at(30):
        latest, first = visits(workspace, rep, deal)
    assert first == {
        "stage": "open", "title": "Open", "from": None, "to": "offer", "entered_at": NOON, "left_at": NOON + timedelta(hours=5),
        "entered_by": rep.id, "left_by": OPERATOR.id, "reason": None, "seconds": 5 * 3600, "working_seconds": 5 * 3600,
        "pipeline": "t.sale", "pipeline_version": 1,
    }  # fmt: skip
    assert (latest["stage"], latest["from"], latest["to"], latest["left_at"], latest["seconds"]) == (
        "offer",
        "open",
        None,
        None,
        90000,
    )
    # Wednesday from 17:00 to 18:00 and Thursday from 9:00 to 18:00.
    assert latest["working_seconds"] == 10 * 3600


def test_going_back_and_being_lost_and_found_are_visits_of_their_own(database, tmp_path):
    world = opened(database, FREE, folder=tmp_path)
    with at(0):
        deal = records.save(world, OPERATOR, "t.deal", {"name": "x"}).id
    for hours, to, reason in ((1, "offer", ""), (2, "open", ""), (4, "lost", "no money"), (8, "open", "")):
        with at(hours):
            records.move(world, OPERATOR, "t.deal", deal, to, reason=reason)
    with at(9):
        found = visits(world, OPERATOR, deal)[::-1]
    assert [(one["stage"], one["from"], one["to"], one["seconds"] // 3600) for one in found] == [
        ("open", None, "offer", 1), ("offer", "open", "open", 1), ("open", "offer", "lost", 2), ("lost", "open", "open", 4),
        ("open", "lost", None, 1),
    ]  # fmt: skip
    assert [one["reason"] for one in found] == [None, None, None, "no money", None]


def test_archiving_and_restoring_end_no_visit(workspace):
    with at(0):
        deal = made(workspace, "t.deal", name="x")
    for hours, do in ((1, records.archive), (3, records.restore)):
        with at(hours), workspace.database.write() as connection:
            do(Work(workspace, connection, OPERATOR), "t.deal", deal)
    with at(4):
        assert [(one["stage"], one["seconds"]) for one in visits(workspace, OPERATOR, deal)] == [("open", 4 * 3600)]


def test_many_records_at_once_get_their_visits_and_a_refused_one_gets_none(workspace):
    changes = [Change({"name": f"d{n}", "stage": "offer" if n % 2 else "open"}) for n in range(5)] + [Change({})]
    with workspace.database.write() as connection:
        done = records.save_many(Work(workspace, connection, OPERATOR), "t.deal", changes)
    assert [isinstance(one, DealwrightError) for one in done] == [False] * 5 + [True]
    assert sorted(one["stage"] for one in rows_of(workspace.database, "dw_visit")) == ["offer"] * 2 + ["open"] * 3


def test_who_may_not_see_the_stage_is_told_of_no_visit(workspace):
    deal = made(workspace, "t.deal", name="x")
    viewer = person(workspace, "Vic", ["t.viewer"])
    (told,) = visits(workspace, viewer, deal)
    assert told["stage"] == "open"
    assert "pipeline" not in told  # he may see the name and the stage, and no other field


def test_a_refused_move_leaves_the_visit_as_it_is(workspace):
    deal = made(workspace, "t.deal", name="x")
    before = rows_of(workspace.database, "dw_visit")
    with pytest.raises(DealwrightError):
        records.move(workspace, OPERATOR, "t.deal", deal, "offer")
    assert rows_of(workspace.database, "dw_visit") == before


@pytest.mark.parametrize("seed", range(2))
def test_the_visits_of_a_record_are_its_whole_life_and_the_log_tells_the_same(database, tmp_path, seed):
    world = opened(database, FREE, folder=tmp_path)
    chance = random.Random(seed)
    now = NOON
    deals = []
    for _ in range(6):
        with clock.frozen(now):
            deals.append(made(world, "t.deal", name="x"))
        now += timedelta(seconds=chance.randint(1, 9999))
    for _ in range(40):
        now += timedelta(seconds=chance.randint(0, 99_999))
        with clock.frozen(now):
            try:
                to = chance.choice(["open", "offer", "trial", "lost"])
                records.move(world, OPERATOR, "t.deal", chance.choice(deals), to, reason=chance.choice(["", "why"]))
            except DealwrightError:
                continue
    with clock.frozen(now):
        told = {deal: visits(world, OPERATOR, deal) for deal in deals}
    born = {row["id"]: row["created_at"] for row in _deals(world)}
    for deal, found in told.items():
        assert sum(one["seconds"] for one in found) == int((now - born[deal]).total_seconds())
        assert all(one["entered_at"] == next_["left_at"] for one, next_ in pairwise(found))
    before = _bare(rows_of(database, "dw_visit"))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM dw_visit")
        timers.put(connection, [timers.Timer("", "", "visits:fill", now)])
    kept_visits.BATCH, kept = 2, kept_visits.BATCH
    try:
        pass_until(world, now)
    finally:
        kept_visits.BATCH = kept
    assert _bare(rows_of(database, "dw_visit")) == before
    # Visits of before the platform noted ways get theirs when it is upgraded.
    assert any(str(value).count(">") > 2 for one in before for value in one)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE dw_visit SET way = NULL")
        connection.execute(v0020_ways.filled(database.dialect, database.schema))
    assert _bare(rows_of(database, "dw_visit")) == before


def _deals(world):
    with world.database.read() as connection:
        return [
            {**one, "created_at": datetime.fromisoformat(one["created_at"])}
            for one in records.page(Work(world, connection, OPERATOR), "t.deal", size=50).items
        ]


def _bare(rows):
    return sorted(([v for k, v in sorted(row.items()) if k != "seq"] for row in rows), key=str)


def test_a_record_whose_log_was_pruned_is_in_its_stage_since_it_entered_it(workspace):
    with at(0):
        deal = made(workspace, "t.deal", name="x")
    with workspace.database.write() as connection:
        for table in ("dw_visit", "dw_event"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        timers.put(connection, [timers.Timer("", "", "visits:fill", NOON)])
    pass_until(workspace, NOON)
    with at(2):
        assert [(one["stage"], one["seconds"]) for one in visits(workspace, OPERATOR, deal)] == [("open", 7200)]
