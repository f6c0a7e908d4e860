"""A worker killed at any point of what a rule does: all of it is done afterwards, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dealwright import clock
from dealwright.records import Workspace
from dealwright.storage import Database
from passing import pass_until
from worlds import ACCOUNT, DEAL, made, opened, person, rows_of

from .kill_points import STRIDES, Points, die, in_a_child, stride

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DUE = NOON + timedelta(days=1)
#: More points than the rule has.
MOST = 200
RULE = {
    "kind": "rule", "id": "t.done", "lang": 1, "title": "Done", "entity": "t.deal", "once_per": "episode",
    "on": {"after": {"field": "created_at", "offset": "P1D"}},
    "then": [{"do": "move_stage", "to": "offer"},
             {"do": "update_record", "record": "account", "values": {"code": "name"}},
             {"do": "send_message", "to": "owner", "message": "t.hello"},
             {"do": "create_task", "title": "Call about {name}"},
             {"do": "call_webhook", "to": "erp"},
             {"do": "archive"}],
}  # fmt: skip
MESSAGE = {"kind": "message", "id": "t.hello", "lang": 1, "title": "{name}", "channels": ["in_app", "email"]}


@pytest.mark.parametrize("step", STRIDES)
def test_every_action_of_a_decision_is_done_once_wherever_the_worker_dies(database_url, tmp_path, step):
    with Database(database_url) as database:
        workspace = opened(database, ACCOUNT, DEAL, RULE, MESSAGE, folder=tmp_path)
        ann = person(workspace, "Ann", [], email="ann@example.com")
    died = 0
    for done, at in enumerate(stride(step, MOST), 1):
        name = f"Deal {at}"
        with Database(database_url) as database, clock.frozen(NOON):
            workspace = Workspace(database, tmp_path)
            account = made(workspace, "t.account", name=f"Account {at}")
            deal = made(workspace, "t.deal", name=name, account=account, amount="1", owner=ann.id)

        def act(tell, at=at):
            with Database(database_url) as database:
                points = Points(at, die)
                points.watch(database)
                pass_until(Workspace(database, tmp_path), DUE)

        lived, _ = in_a_child(act)
        with Database(database_url) as database:
            pass_until(Workspace(database, tmp_path), DUE)
            found = {table: rows_of(database, table) for table in ("t__deal", "t__account", "base__notification")}
            (row,) = [one for one in found["t__deal"] if one["id"] == deal]
            assert (row["stage"], row["archived_at"] is not None, row["version"]) == ("offer", True, 3), at
            (other,) = [one for one in found["t__account"] if one["id"] == account]
            assert (other["code"], other["version"]) == (name, 2)
            assert [one["title"] for one in found["base__notification"]].count(name) == 1
            assert [one["title"] for one in rows_of(database, "base__task")].count(f"Call about {name}") == 1
            sent = [one["channel"] for one in rows_of(database, "dw_outbox") if one["rule"] == "t.done"]
            assert (sent.count("email"), sent.count("webhook")) == (done, done)
        if lived:
            break
        died += 1
    assert 20 / step < died < MOST / step - 1
