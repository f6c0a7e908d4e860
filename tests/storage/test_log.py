"""Events, decisions, firings, outbox, timers, numbers, requests, imports, the audit log, revisions."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealwright import clock
from dealwright.errors import ConflictError, NotFoundError
from dealwright.events import Event
from dealwright.storage import (
    Database,
    accounts,
    audit,
    decisions,
    events,
    firings,
    idempotency,
    imports,
    outbox,
    revisions,
    sequences,
    system,
    timers,
    workspaces,
)
from dealwright.storage.timers import Timer

from .conftest import NOON

MINUTE = timedelta(minutes=1)


def event(identifier, record="r1", kind="record.updated", **values):
    return Event(identifier, kind, "sales.deal", record, 2, NOON, **values)


class TestEvents:
    def test_an_event_comes_back_as_it_was(self, database):
        whole = event("e1", actor="u", data={"a": [1, "ü"]}, changes={"name": (None, "x"), "n": ("1.50", 2)}, cause="e0", depth=3)  # fmt: skip # noqa: E501
        with database.write() as connection:
            events.append(connection, [whole])
            found = events.get(connection, "e1")
            assert events.get(connection, "no") is None
        seq = found.pop("seq")
        assert seq >= 1
        assert found == {
            "id": "e1", "type": "record.updated", "entity": "sales.deal", "record": "r1", "version": 2, "at": NOON,
            "actor": "u", "data": {"a": [1, "ü"]}, "changes": {"name": [None, "x"], "n": ["1.50", 2]}, "cause": "e0",
            "depth": 3,
        }  # fmt: skip

    def test_decimals_survive_as_texts(self, database):
        with database.write() as connection:
            events.append(connection, [event("e1", data={"amount": Decimal("0.10")})])
            assert events.get(connection, "e1")["data"] == {"amount": "0.10"}

    def test_history_is_newest_first_in_pages(self, database):
        with database.write() as connection:
            events.append(
                connection,
                [event(f"e{n}", kind=kind) for n, kind in enumerate(["record.created"] + ["record.updated"] * 4)],
            )
            events.append(connection, [event("other", record="r2"), event("none", record=None)])
        with database.read() as connection:
            first = events.history(connection, "sales.deal", "r1", limit=2)
            rest = events.history(connection, "sales.deal", "r1", before=first[-1]["seq"])
            created = events.history(connection, "sales.deal", "r1", types=["record.created"])
        assert [one["id"] for one in first + rest] == ["e4", "e3", "e2", "e1", "e0"]
        assert [one["id"] for one in created] == ["e0"]

    def test_whoever_follows_the_log_never_misses_an_event(self, postgresql_url):
        """A number is given before the commit: the later number may be there first."""
        with Database(postgresql_url) as database:
            slow = database.engine.connect()
            transaction = slow.begin()
            events.append(slow, [event("slow")])
            with database.write() as connection:
                events.append(connection, [event("quick")])
            with database.read() as connection:
                assert events.since(connection, 0) == []
            transaction.commit()
            slow.close()
            with database.read() as connection:
                assert [one["id"] for one in events.since(connection, 0)] == ["slow", "quick"]

    def test_the_log_is_read_from_where_one_was(self, database):
        with database.write() as connection:
            events.append(connection, [event(f"e{n}") for n in range(5)])
        with database.read() as connection:
            first = events.since(connection, 0, limit=3)
            rest = events.since(connection, first[-1]["seq"])
        assert [one["id"] for one in first + rest] == [f"e{n}" for n in range(5)]

    def test_old_events_are_pruned_in_batches(self, database):
        with database.write() as connection:
            events.append(connection, [event(f"e{n}") for n in range(5)])
            assert events.prune(connection, NOON) == 0
            assert [events.prune(connection, NOON + MINUTE, batch=3) for _ in range(3)] == [3, 2, 0]


@dataclass(frozen=True)
class Made:
    id: str
    fired: bool = True
    rule: str = "sales.stall"
    record: str | None = "r1"
    rule_version: str = "v1"
    entity: str = "sales.deal"
    event: str = "e1"
    mode: str = "live"
    window: str | None = None
    facts: dict = None
    truth: tuple = (True, False)
    at: object = NOON
    revision: str = "abc"


class TestDecisions:
    def test_a_decision_is_stored_with_its_reasons(self, database):
        made = [
            Made("d1", facts={"amount": "1.50"}),
            Made("d2", fired=False, facts={}),
            Made("d3", record=None, facts={}),
        ]
        with database.write() as connection:
            decisions.put(connection, made, {"d1": [{"do": "set_field"}]})
            found = decisions.get(connection, "d1")
            assert decisions.get(connection, "no") is None
            assert [one["id"] for one in decisions.about(connection, "sales.deal", "r1")] == ["d2", "d1"]
            assert [one["id"] for one in decisions.of(connection, "sales.stall", fired=True)] == ["d3", "d1"]
            assert decisions.of(connection, "sales.stall", since=NOON + MINUTE) == []
        assert (found["facts"], found["truth"], found["result"]) == (
            {"amount": "1.50"}, [True, False], [{"do": "set_field"}]
        )  # fmt: skip


class TestFirings:
    def test_a_window_is_taken_once(self, database):
        first, second = ("r", "v1", "d1", "day"), ("r", "v1", None, "day")
        with database.write() as connection:
            assert firings.claim(connection, [(*first, "x", NOON), (*second, "x", NOON)]) == {first, second}
        with database.write() as connection:
            third = ("r", "v2", "d1", "day")
            asked = [(*first, "y", NOON), (*third, "y", NOON), (*third, "z", NOON)]
            assert firings.claim(connection, asked) == {third}
            assert firings.claim(connection, []) == set()
            assert firings.taken(connection, "r", ["d1", "d2"]) == {"d1": ["day", "day"]}

    def test_a_window_is_free_again_when_its_transaction_rolls_back(self, database):
        window = ("r", "v", "d", "w")
        with pytest.raises(ZeroDivisionError), database.write() as connection:
            firings.claim(connection, [(*window, "x", NOON)])
            raise ZeroDivisionError
        with database.write() as connection:
            assert firings.claim(connection, [(*window, "x", NOON)]) == {window}

    def test_of_many_at_once_one_gets_the_window(self, database):
        windows = [("r", "v", f"d{n}", "w") for n in range(20)]
        won = []

        def take(order):
            with database.write() as connection:
                won.extend(firings.claim(connection, [(*one, "x", NOON) for one in order]))

        threads = [threading.Thread(target=take, args=(order,)) for order in (windows, windows[::-1], windows[10:])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(won) == sorted(windows)


def message(key, at=NOON, **values):
    return {"id": key, "at": at, "channel": "webhook", "target": "t", "payload": {"n": 1}, "key": key, **values}


class TestOutbox:
    def test_a_key_is_put_once(self, database):
        with database.write() as connection:
            assert outbox.put(connection, [message("a"), message("b")]) == {"a", "b"}
            assert outbox.put(connection, [message("b"), message("c")]) == {"c"}
            assert outbox.put(connection, []) == set()
            assert outbox.counts(connection) == {"pending": 3}

    def test_a_claimed_message_is_due_again_only_after_its_lease(self, database):
        with database.write() as connection:
            outbox.put(connection, [message("a", rule="r", event="e"), message("later", at=NOON + MINUTE)])
        with database.write() as connection:
            (one,) = outbox.claim(connection, NOON, limit=5, lease=MINUTE)
            assert (one.key, one.payload, one.attempts, one.rule, one.event) == ("a", {"n": 1}, 1, "r", "e")
            assert not outbox.due(connection, NOON)
            assert outbox.claim(connection, NOON, limit=5, lease=MINUTE) == []
            again = outbox.claim(connection, NOON + MINUTE, limit=5, lease=MINUTE)
        assert [(one.key, one.attempts) for one in again] == [("a", 2), ("later", 1)]

    def test_what_is_sent_dead_or_skipped_is_not_due(self, database):
        with database.write() as connection:
            outbox.put(connection, [message(key) for key in "abcd"])
            outbox.sent(connection, ["a"], NOON)
            outbox.dead(connection, "b", "no such host", NOON)
            assert outbox.skip(connection, ["c"], NOON) == 1
            outbox.failed(connection, "d", "busy", NOON + MINUTE)
            assert not outbox.due(connection, NOON)
            assert outbox.counts(connection) == {"sent": 1, "dead": 1, "skipped": 1, "pending": 1}
            outbox.failed(connection, "a", "late news", NOON)
            outbox.dead(connection, "a", "late news", NOON)
            assert outbox.replay(connection, ["a", "b", "c", "d"], NOON) == 2
            claimed = outbox.claim(connection, NOON, limit=5, lease=MINUTE)
            assert {(one.key, one.attempts) for one in claimed} == {("b", 1), ("c", 1)}

    def test_nothing_is_due_while_the_workspace_is_on_hold(self, database):
        with database.write() as connection:
            outbox.put(connection, [message("a")])
            timers.put(connection, [Timer("sales.deal", "r", "sla", NOON)])
            workspaces.hold(connection)
            assert workspaces.is_held(connection)
            assert not outbox.due(connection, NOON)
            assert not timers.due(connection, NOON)
            assert outbox.claim(connection, NOON, limit=5, lease=MINUTE) == []
            assert timers.claim(connection, NOON) == []
            workspaces.hold(connection, False)
            assert outbox.due(connection, NOON)
            assert timers.due(connection, NOON)

    def test_two_workers_never_get_the_same_message(self, database):
        with database.write() as connection:
            outbox.put(connection, [message(f"{n:03d}") for n in range(60)])
        got = []

        def work():
            while True:
                with database.write() as connection:
                    taken = outbox.claim(connection, NOON, limit=7, lease=MINUTE)
                if not taken:
                    return
                got.extend(one.key for one in taken)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(got) == [f"{n:03d}" for n in range(60)]

    def test_a_claim_and_a_look_use_the_partial_index(self, database):
        with database.read() as connection:
            statement = outbox._first_due(NOON).limit(1)
            text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
            assert "state = 'pending'" in text
            if database.dialect == "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
                assert "ix_dw_outbox_due" in str(plan)


class TestTimers:
    def test_one_timer_of_a_name_is_pending_on_a_record(self, database):
        with database.write() as connection:
            timers.put(connection, [Timer("sales.deal", "r", "sla", NOON), Timer("sales.deal", "r", "other", NOON)])
            timers.put(connection, [Timer("sales.deal", "r", "sla", NOON + MINUTE, {"n": 2})])
            assert timers.move(connection, "r", "other", NOON + 2 * MINUTE)
            assert not timers.move(connection, "r", "none", NOON)
            found = timers.pending(connection, ["r", "s"])
        assert [(one.name, one.due_at, one.generation, one.data) for one in found["r"]] == [
            ("sla", NOON + MINUTE, 2, {"n": 2}),
            ("other", NOON + 2 * MINUTE, 2, {}),
        ]

    def test_a_cancelled_timer_never_fires_and_a_fired_one_once(self, database):
        with database.write() as connection:
            timers.put(connection, [Timer("sales.deal", record, "sla", NOON) for record in ("a", "b", "c")])
            timers.put(connection, [Timer("sales.deal", "a", "late", NOON + MINUTE)])
            assert timers.cancel(connection, "b", ["sla"]) == 1
            assert timers.cancel(connection, "b") == 0
            fired = timers.claim(connection, NOON, limit=1) + timers.claim(connection, NOON)
            assert [one.record for one in fired] == ["a", "c"]
            assert timers.claim(connection, NOON) == []
            timers.put(connection, [Timer("sales.deal", "a", "sla", NOON)])
            assert [one.generation for one in timers.claim(connection, NOON)] == [1]
            assert timers.prune(connection, NOON + MINUTE) == 4
            assert timers.cancel(connection, "a") == 1

    def test_a_timer_is_due_again_when_its_transaction_rolls_back(self, database):
        with database.write() as connection:
            timers.put(connection, [Timer("sales.deal", "r", "sla", NOON)])
        with pytest.raises(ZeroDivisionError), database.write() as connection:
            assert len(timers.claim(connection, NOON)) == 1
            raise ZeroDivisionError
        with database.write() as connection:
            assert len(timers.claim(connection, NOON)) == 1


class TestNumbers:
    def test_numbers_run_on_for_each_key(self, database):
        with database.write() as connection:
            assert list(sequences.take(connection, "a")) == [1]
            assert list(sequences.take(connection, "a", 3)) == [2, 3, 4]
            assert list(sequences.take(connection, "b", 2)) == [1, 2]

    def test_a_number_that_was_rolled_back_is_given_again(self, database):
        with pytest.raises(ZeroDivisionError), database.write() as connection:
            sequences.take(connection, "a")
            raise ZeroDivisionError
        with database.write() as connection:
            assert list(sequences.take(connection, "a")) == [1]

    def test_many_at_once_get_different_numbers_without_a_gap(self, database):
        got = []

        def take():
            for _ in range(10):
                with database.write() as connection:
                    got.extend(sequences.take(connection, "a", 2))

        threads = [threading.Thread(target=take) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(got) == list(range(1, 61))


class TestRequests:
    def test_the_same_key_gives_the_same_answer_and_another_body_does_not(self, database):
        with database.write() as connection:
            assert idempotency.begin(connection, "u", "k", "d", NOON).state == "new"
            assert idempotency.begin(connection, "u", "k", "d", NOON).state == "running"
            idempotency.finish(connection, "u", "k", 201, {"id": "x"})
        with database.write() as connection:
            done = idempotency.begin(connection, "u", "k", "d", NOON)
            assert (done.state, done.status, done.answer) == ("done", 201, {"id": "x"})
            assert idempotency.begin(connection, "u", "k", "other", NOON).state == "other"
            assert idempotency.begin(connection, "v", "k", "other", NOON).state == "new"
            assert idempotency.prune(connection, NOON) == 0
            assert idempotency.prune(connection, NOON + MINUTE) == 2

    def test_a_request_that_failed_can_be_made_again(self, database):
        with pytest.raises(ZeroDivisionError), database.write() as connection:
            idempotency.begin(connection, "u", "k", "d", NOON)
            raise ZeroDivisionError
        with database.write() as connection:
            assert idempotency.begin(connection, "u", "k", "d", NOON).state == "new"

    def test_of_two_at_once_the_second_is_told_so_or_waits_for_the_answer(self, database):
        """SQLite has one writer at a time, so there the second begins when the first has ended."""
        done, ready = [], threading.Event()

        def second():
            ready.wait(10)
            with database.write() as connection:
                done.append(idempotency.begin(connection, "u", "k", "d", NOON))

        thread = threading.Thread(target=second)
        thread.start()
        with database.write() as connection:
            idempotency.begin(connection, "u", "k", "d", NOON)
            ready.set()
            thread.join(0.2)
            idempotency.finish(connection, "u", "k", 201, 1)
        thread.join(30)
        assert [one.state for one in done] == ["done" if database.dialect == "sqlite" else "running"]


class TestImports:
    def test_an_import_that_broke_off_goes_on_where_it_was(self, database):
        with database.write() as connection:
            begun = imports.begin(connection, "d1", "sales.deal", "a.csv", "u", NOON)
            assert (begun.position, begun.counts) == (0, {})
            imports.advance(connection, "d1", 500, {"created": 499}, NOON)
        with database.write() as connection:
            again = imports.begin(connection, "d1", "sales.deal", "a.csv", "u", NOON)
            assert (again.id, again.position, again.counts) == (begun.id, 500, {"created": 499})
            imports.finish(connection, "d1", NOON)
            assert imports.begin(connection, "d1", "sales.deal", "a.csv", None, NOON).position == 0
            assert [one["state"] for one in imports.latest(connection)] == ["running", "done"]


def entry(connection, n):
    return audit.append(
        connection,
        action=f"a.{n}",
        actor="u" if n % 2 else None,
        at=NOON,
        data={"n": n, "f": 1.5, "d": Decimal("0.10")},
    )


class TestAudit:
    def test_a_whole_chain_is_verified_and_its_head_known(self, database):
        with database.write() as connection:
            assert audit.head(connection) == (0, "")
            assert audit.verify(connection) is None
            digests = [entry(connection, n) for n in range(4)]
        with database.read() as connection:
            assert audit.verify(connection) is None
            assert audit.head(connection) == (4, digests[-1])
            newest = audit.latest(connection, limit=1)[0]
        assert (newest["action"], newest["data"]) == ("a.3", {"n": 3, "f": 1.5, "d": "0.10"})

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_any_change_is_found_where_it_begins(self, database, data):
        with database.write() as connection:
            connection.execute(sa.delete(system.audit))
            for n in range(6):
                entry(connection, n)
        seq = data.draw(st.integers(1, 5), "entry")
        where = system.audit.c.seq == seq
        edits = {
            "at": NOON + MINUTE, "actor": "x", "address": "x", "action": "x", "subject": "x", "data": "{}",
            "previous": "x", "digest": "x",
        }  # fmt: skip
        what = data.draw(st.sampled_from(["delete", "swap", *edits]), "what")
        with database.write() as connection:
            if what == "delete":
                connection.execute(sa.delete(system.audit).where(where))
            elif what == "swap":
                for old, new in ((seq, 99), (seq + 1, seq), (99, seq + 1)):
                    connection.execute(sa.update(system.audit).where(system.audit.c.seq == old).values(seq=new))
            else:
                connection.execute(sa.update(system.audit).where(where).values({what: edits[what]}))
            assert audit.verify(connection) == seq

    def test_entries_written_at_once_make_one_chain(self, database):
        def work():
            for n in range(10):
                with database.write() as connection:
                    entry(connection, n)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        with database.read() as connection:
            assert audit.verify(connection) is None
            assert audit.head(connection)[0] == 30


class TestRevisions:
    def test_a_revision_comes_back_in_the_order_of_its_author(self, database):
        documents = {
            "z": {"b": 1, "a": {"d": [1, None], "c": "ü"}},
            "a": [1],
            "m": {"b": 1, "a": {"d": [1, None], "c": "ü"}},
        }
        with database.write() as connection:
            with pytest.raises(NotFoundError):
                revisions.active(connection)
            revisions.put(connection, "r1", documents, packs={"sales": "1.0"}, reason="first", by=None, at=NOON)
            revisions.put(connection, "r1", {}, packs={}, reason="again", by=None, at=NOON)
            revisions.activate(connection, "r1", reason="go", by="u", at=NOON)
        with database.read() as connection:
            assert revisions.active(connection) == "r1"
            found = revisions.documents(connection, "r1")
            assert json.dumps(found) == json.dumps(documents)
            stored = connection.scalar(sa.select(sa.func.count()).select_from(system.document))
        assert stored == 2

    def test_going_back_is_another_activation(self, database):
        with database.write() as connection:
            for identifier in ("r1", "r2"):
                revisions.put(connection, identifier, {}, packs={}, reason="x", by=None, at=NOON)
            for identifier in ("r1", "r2", "r1"):
                revisions.activate(connection, identifier, reason=f"to {identifier}", by=None, at=NOON)
            assert revisions.active(connection) == "r1"
            assert [one["revision"] for one in revisions.history(connection)] == ["r1", "r2", "r1"]
            for call in (revisions.documents, lambda c, i: revisions.activate(c, i, reason="", by=None, at=NOON)):
                with pytest.raises(NotFoundError):
                    call(connection, "none")

    def test_settings_are_kept(self, database):
        with database.write() as connection:
            assert workspaces.settings(connection) == {}
            workspaces.put_settings(connection, {"zone": "Asia/Shanghai"})
            assert workspaces.settings(connection) == {"zone": "Asia/Shanghai"}


class TestAccounts:
    def test_a_token_tells_user_roles_and_revision_in_one_statement(self, database):
        later = NOON + timedelta(days=1)
        with database.write() as connection:
            accounts.put(connection, "u1", "ann@example.com", "hash", NOON)
            accounts.set_roles(connection, "u1", ["sales.rep", "base.member"])
            accounts.put_token(connection, "t1", "digest", "u1", "Script", ["sales.rep"], NOON, later)
            with pytest.raises(ConflictError), connection.begin_nested():
                accounts.put(connection, "u2", "ann@example.com", None, NOON)
        seen = []
        sa.event.listen(database._reading, "before_cursor_execute", lambda *args: seen.append(args[2]))
        with database.read() as connection:
            found = accounts.by_token(connection, "digest", NOON, NOON)
            assert accounts.by_token(connection, "digest", later, NOON) is None
            assert accounts.by_token(connection, "other", NOON, NOON) is None
        assert len(seen) == 3 + (database.dialect == "sqlite")
        assert (found.user, found.roles, found.limit, found.token) == (
            "u1", ("base.member", "sales.rep"), ("sales.rep",), "t1"
        )  # fmt: skip
        with database.write() as connection:
            assert accounts.revoke_token(connection, "t1", NOON)
            assert accounts.by_token(connection, "digest", NOON, NOON) is None

    def test_a_disabled_account_opens_nothing_from_the_next_request_on(self, database):
        later = NOON + timedelta(days=1)
        with database.write() as connection:
            accounts.put(connection, "u1", "ann@example.com", "hash", NOON)
            accounts.put_token(connection, "t1", "digest", "u1", "Script", None, NOON, later)
            accounts.begin_session(connection, "s1", "u1", NOON, later, "127.0.0.1", "x")
            assert accounts.by_session(connection, "s1", NOON, NOON - MINUTE, NOON).user == "u1"
            accounts.set_state(connection, "u1", "disabled")
            assert accounts.by_session(connection, "s1", NOON, NOON - MINUTE, NOON) is None
            assert accounts.by_token(connection, "digest", NOON, NOON) is None


def test_ids_made_in_one_process_are_in_the_order_of_the_log(database):
    ids = clock.new_ids(50)
    with database.write() as connection:
        events.append(connection, [event(one) for one in ids])
    with database.read() as connection:
        assert [one["id"] for one in events.since(connection, 0)] == sorted(ids)
