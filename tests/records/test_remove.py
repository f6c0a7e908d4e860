"""Archiving, restoring, purging; and events that are no save."""

from __future__ import annotations

import pytest

from dealwright import access, clock, records
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, RecordError
from dealwright.records import Work
from worlds import counts, made, person, rows_of

OPERATOR = access.operator()


def within(workspace, do, user=OPERATOR):
    with workspace.database.write() as connection:
        return do(Work(workspace, connection, user))


def test_an_archived_record_is_out_of_lists_and_comes_back(workspace):
    account = made(workspace, "t.account", name="Acme")
    within(workspace, lambda work: records.archive(work, "t.account", account))
    assert within(workspace, lambda work: records.page(work, "t.account").items) == []
    assert len(within(workspace, lambda work: records.page(work, "t.account", archived=True).items)) == 1
    within(workspace, lambda work: records.restore(work, "t.account", account))
    assert len(within(workspace, lambda work: records.page(work, "t.account").items)) == 1
    types = [one["type"] for one in within(workspace, lambda work: records.history(work, "t.account", account))]
    assert types == ["record.restored", "record.deleted", "record.created"]


def test_a_record_that_others_need_is_not_archived(workspace):
    account = made(workspace, "t.account", name="Acme")
    made(workspace, "t.deal", name="x", account=account)
    with pytest.raises(ConflictError, match="1 Deals refer to this Account by Account"):
        within(workspace, lambda work: records.archive(work, "t.account", account))


def test_an_archived_record_cannot_be_changed(workspace):
    account = made(workspace, "t.account", name="Acme")
    within(workspace, lambda work: records.archive(work, "t.account", account))
    with pytest.raises(ConflictError, match="restore it"):
        records.save(workspace, OPERATOR, "t.account", {"name": "y"}, id=account)


def test_its_unique_value_is_free_for_another_and_then_blocks_the_way_back(workspace):
    account = made(workspace, "t.account", name="Acme")
    within(workspace, lambda work: records.archive(work, "t.account", account))
    made(workspace, "t.account", name="Acme")
    with pytest.raises(ConflictError, match="taken its place"):
        within(workspace, lambda work: records.restore(work, "t.account", account))


def test_purging_takes_the_record_with_its_history_and_leaves_an_audit_entry(workspace):
    deal = made(workspace, "t.deal", name="x", lines=[{"what": "a", "qty": 1}])
    within(workspace, lambda work: records.purge(work, "t.deal", deal))
    assert counts(workspace.database, ["t__deal", "t__deal__lines"]) == {"t__deal": 0, "t__deal__lines": 0}
    assert [row for row in rows_of(workspace.database, "dw_event") if row["record"] == deal] == []
    assert rows_of(workspace.database, "dw_audit")[-1]["action"] == "record.purged"


def test_purging_needs_a_capability_of_its_own(workspace):
    rep = person(workspace, "Ada", ["t.rep"])
    deal = records.save(workspace, rep, "t.deal", {"name": "x"}).id
    with pytest.raises(ForbiddenError):
        within(workspace, lambda work: records.purge(work, "t.deal", deal), rep)


def test_a_sent_event_wakes_its_rule(workspace):
    deal = made(workspace, "t.deal", name="x")
    for _ in range(3):
        within(workspace, lambda work: records.send(work, "engagement.opened", "t.deal", deal, {"asset": "quote"}))
    within(workspace, lambda work: records.send(work, "engagement.opened", "t.deal", deal, {"asset": "video"}))
    (row,) = rows_of(workspace.database, "t__deal")
    assert (row["opened"], row["version"]) == (3, 4)


@pytest.mark.parametrize("kind", ["record.updated", "timer.due", "nonsense", "a.b.c"])
def test_the_platform_s_own_events_cannot_be_sent(workspace, kind):
    deal = made(workspace, "t.deal", name="x")
    with pytest.raises(RecordError) as error:
        within(workspace, lambda work: records.send(work, kind, "t.deal", deal, {}))
    assert error.value.problems[0].code == "not-an-event"


def test_an_event_about_a_record_that_may_not_be_seen_finds_none(workspace):
    deal = made(workspace, "t.deal", name="x")
    rep = person(workspace, "Ada", ["t.rep"])
    with pytest.raises(NotFoundError):
        within(workspace, lambda work: records.send(work, "engagement.opened", "t.deal", deal, {}), rep)


def test_an_event_cannot_lie_in_the_future(workspace):
    deal = made(workspace, "t.deal", name="x")
    later = clock.after(60)
    with pytest.raises(RecordError) as error:
        within(workspace, lambda work: records.send(work, "engagement.opened", "t.deal", deal, {}, later))
    assert error.value.problems[0].code == "in-the-future"
