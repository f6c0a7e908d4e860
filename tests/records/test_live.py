"""When a revision goes live, the followers hear of it once, from the worker, with what was in force before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dealwright import clock, packs
from dealwright.records import Workspace, live
from passing import pass_until

MOMENT = datetime(2030, 1, 1, tzinfo=UTC)


def test_followers_hear_of_each_installation_with_the_catalog_before(database, tmp_path, monkeypatch):
    workspace = Workspace(database, tmp_path)
    heard = []
    monkeypatch.setattr(live, "FOLLOWERS", (lambda work, before: heard.append((before, work.catalog)),))
    with clock.frozen(MOMENT):
        first = packs.install(database)
    pass_until(workspace, MOMENT)
    with clock.frozen(MOMENT + timedelta(days=1)):
        second = packs.install(database, settings={"zone": "Asia/Shanghai"})
        assert packs.install(database, settings={"zone": "Asia/Shanghai"}).unchanged
    pass_until(workspace, MOMENT + timedelta(days=2))
    (none, one), (before, after) = heard
    assert none is None
    assert one.revision == before.revision == first.revision
    assert after.revision == second.revision
