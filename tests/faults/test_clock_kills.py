"""A worker killed at any point of finding a breach: it is found afterwards, once, with everything that it asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dealwright.records import Workspace
from dealwright.storage import Database
from passing import pass_until
from ticketing import NINE, clocks, desk, fetched, tasks, ticket, told

from .kill_points import STRIDES, Points, die, in_a_child, stride

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")

DUE = NINE + timedelta(days=1, hours=1)
#: More points than finding a breach has.
MOST = 200


@pytest.mark.parametrize("step", STRIDES)
def test_a_breach_is_found_once_wherever_the_worker_dies(database_url, tmp_path, step):
    with Database(database_url) as database:
        desk(database)
    died = 0
    for at in stride(step, MOST):
        with Database(database_url) as database:
            one = ticket(Workspace(database, tmp_path), NINE, subject=f"Pump {at}")

        def act(tell, at=at):
            with Database(database_url) as database:
                points = Points(at, die)
                points.watch(database)
                pass_until(Workspace(database, tmp_path), DUE)

        lived, _ = in_a_child(act)
        with Database(database_url) as database:
            workspace = Workspace(database, tmp_path)
            pass_until(workspace, DUE)
            kinds = [kind for kind, _ in told(workspace, one)]
            assert kinds == ["sla.started", "sla.reached", "sla.reached", "sla.breached"], at
            assert clocks(workspace, one)[0].breached_at == DUE
            after = fetched(workspace, one)
            assert (after["level"], after["escalated"]) == (1, True)
            assert [row["title"] for row in tasks(workspace)].count(f"Pump {at} is over") == 1
        if lived:
            break
        died += 1
    assert 20 / step < died < MOST / step - 1
