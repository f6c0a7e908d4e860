"""Rules that hear of clocks, deadlines and approvals are tried over the past; and decisions are made again to the byte."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock, records, rules
from dealwright.records import Work, Workspace, needs, replay
from dealwright.rules.plain import plain
from dealwright.storage import Database, decisions, events
from passing import pass_until
from security.traces import traces
from triggers import AT_ONCE, DAY, MONTH, RUN, AtOnce, make_by_time, people_of, rule, world
from worlds import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres import Postgres

#: After everything has happened.
NOW = MONTH + (MONTH - RUN)


@contextmanager
def played(url: str, folder: Path) -> Iterator[Workspace]:
    """A workspace in which each kind of trigger came below, to and above its threshold; ids follow from the moments."""
    with Database(url) as database:
        with clock.counted(), clock.frozen(RUN - 30 * DAY):
            tokens = world(database, folder)
            workspace = Workspace(database, folder)
            make_by_time(workspace)
            pass_until(workspace, RUN)
            AtOnce(workspace, people_of(workspace, tokens)).play()
            pass_until(workspace, NOW)
        yield workspace


@pytest.fixture(scope="module")
def sqlite_past(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("past")
    shutil.copy(sqlite_template, folder / "past.db")
    with played(f"sqlite:///{folder / 'past.db'}", folder) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def postgresql_past(pg: Postgres, pg_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    name = pg.create(template=pg_template)
    with played(pg.url(name), tmp_path_factory.mktemp("past")) as workspace:
        yield workspace
    pg.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def past(request: pytest.FixtureRequest) -> Workspace:
    """The past on each kind of database; tests only read it."""
    workspace: Workspace = request.getfixturevalue(f"{request.param}_past")
    return workspace


def trace(workspace: Workspace) -> str:
    """Return everything that was logged and decided, as JSON."""
    with workspace.database.read() as connection:
        log = events.since(connection, 0, limit=10_000)
        told = [{**one, "seq": None} for one in log], list(reversed(decisions.latest(connection, limit=10_000)))
    return json.dumps(told, sort_keys=True, default=str)


def tried(workspace: Workspace, *documents: dict[str, Any]) -> dict[str, dict[str, Any]]:
    with clock.frozen(NOW), workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        found = records.simulate(work, documents, records.beginning("P90D", work.now))["rules"]
    return {one["rule"].removeprefix("t.by_"): one for one in found}


def test_a_draft_that_waits_for_a_clock_a_deadline_or_an_approval_is_asked_when_it_would_have_been(past):
    before = traces(past.database)
    never = [{**rule(kind), "if": 'name == "nobody"'} for kind in ("sla", "deadline", "approval")]
    found = tried(past, *never)
    done = {
        kind: [one["did"][0]["data"]["title"] for one in each["examples"]["no_longer"]] for kind, each in found.items()
    }
    assert {kind: sorted(titles) for kind, titles in done.items()} == {
        "sla": ["sla above", "sla at", "sla below"],  # all three are over by now
        "deadline": ["deadline above", "deadline at", "deadline below"],
        "approval": ["approval above", "approval at"],
    }
    moments = {each["record"]: each["at"] for each in found["sla"]["examples"]["no_longer"]}
    assert sorted(moments.values())[1] == str(plain(RUN))
    # A new rule: half of the time, and who is asked for an approval.
    on = {"sla": {"policy": "t.reply", "event": "started"}}
    asked = {"approval": {"approval": "t.two", "event": "requested"}}
    new = tried(
        past, {**rule("sla"), "id": "t.by_start", "on": on}, {**rule("approval"), "id": "t.by_asking", "on": asked}
    )
    assert (new["start"]["newly"], new["asking"]["newly"]) == (3, 3)
    assert traces(past.database) == before


def test_the_same_story_leaves_the_same_trace_to_the_byte_on_every_database(sqlite_past, postgresql_past):
    assert len(json.loads(trace(sqlite_past))[1]) > 60
    assert trace(sqlite_past) == trace(postgresql_past)


def test_a_trial_of_rules_of_all_kinds_gives_the_same_answer_to_the_byte(past):
    drafts = [
        {**rule(kind), "if": 'name != "nobody"'} for kind in (*AT_ONCE, "idle", "after", "sla", "deadline", "schedule")
    ]
    drafts = [{**one, "then": [{"do": "create_task", "title": "{code}!"}]} for one in drafts]
    first = json.dumps(tried(past, *drafts), sort_keys=True)
    again = Workspace(past.database, past.folder)  # as another process has it: nothing is remembered
    assert json.dumps(tried(again, *drafts), sort_keys=True) == first
    assert all(one["digest"] for one in json.loads(first).values())


def test_decisions_are_made_again_from_the_log_to_the_byte(past):
    """Each decision that an event of the log led to comes out of the log again: facts, truth, window and outcome."""
    kept = {(row["event"], row["rule"]): row for row in rows_of(past.database, "dw_decision")}
    made = {}
    with clock.frozen(NOW), past.database.read() as connection:
        work = Work(past, connection, access.operator())
        entity = work.catalog.entity("t.deal")
        known = rules.of(work.catalog)
        wanted = needs.sorted_out(entity, frozenset().union(*(one.needs() for one in known.by_id.values())))
        ids = sorted({row["record"] for row in kept.values() if row["entity"] == "t.deal"})
        for one in replay.moments(work, entity, ids, RUN.replace(year=2025), wanted):
            if one.event.type != "engagement.opened":  # how many there were by then is asked of the log
                for decision in rules.decide(work.catalog, [(one.event, one.env)]):
                    made[decision.event, decision.rule] = decision
    assert len(made) > 20
    for key, decision in made.items():
        row = kept[key]
        told = {"fired": decision.fired, "facts": dict(decision.facts), "truth": list(decision.truth)}
        stored = {name: row[name] if not isinstance(row[name], str) else json.loads(row[name]) for name in told}
        stored["fired"] = bool(stored["fired"])
        assert json.dumps(told, sort_keys=True) == json.dumps(stored, sort_keys=True), key
        assert (decision.window, decision.rule_version) == (row["window"], row["rule_version"])
