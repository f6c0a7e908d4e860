"""Deliveries: each message goes out under its key; failures come back later; what is hopeless is dead, till replayed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dealwright import clock
from dealwright.errors import DeliveryError
from dealwright.jobs import Pace
from dealwright.jobs.deliveries import Deliveries, next_try
from dealwright.plugins import Delivery, Plugins, implements
from dealwright.storage import Database, outbox, system

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PACE = Pace(poll=0.01)


class Receiver:
    """The other side: notes what comes and fails as it is told."""

    def __init__(self) -> None:
        self.got: list[Delivery] = []
        self.fails: list[Exception] = []
        self.gate: dict[str, threading.Event] = {}
        self.inside: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.lock = threading.Lock()

    @implements
    def deliver(self, channel: str, delivery: Delivery) -> str | None:
        if channel != "test":
            return None
        with self.lock:
            self.got.append(delivery)
            self.inside[delivery.target] = self.inside.get(delivery.target, 0) + 1
            self.most[delivery.target] = max(self.most.get(delivery.target, 0), self.inside[delivery.target])
        try:
            if delivery.target in self.gate:
                assert self.gate[delivery.target].wait(20)
            if self.fails:
                raise self.fails.pop(0)
        finally:
            with self.lock:
                self.inside[delivery.target] -= 1
        return "ok"


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def deliveries(database: Database, receiver: Receiver) -> Iterator[Deliveries]:
    found = Plugins()
    found.add("receiver", receiver)
    one = Deliveries(database, found, PACE)
    yield one
    for gate in receiver.gate.values():
        gate.set()
    assert one.stop(20)


def put(database: Database, *keys: str, target: str = "t", channel: str = "test", at: datetime = NOON) -> None:
    rows = [
        {"id": clock.new_id(), "key": key, "channel": channel, "target": target, "payload": {"n": key}, "at": at}
        for key in keys
    ]
    with database.write() as connection:
        outbox.put(connection, rows)


def failing(attempt: int) -> outbox.Delivery:
    return outbox.Delivery("1", "k", "test", "t", {}, attempt, NOON, None, None, None, None)


def states(database: Database) -> dict[str, tuple[str, int]]:
    with database.read() as connection:
        return {message["key"]: (message["state"], message["attempts"]) for message in outbox.latest(connection)}


def deliver_all(deliveries: Deliveries, at: datetime) -> None:
    """Take and finish everything that is due at a moment."""
    with clock.frozen(at):
        while deliveries.look():
            settled(deliveries)


def settled(deliveries: Deliveries) -> None:
    with deliveries._changed:
        assert deliveries._changed.wait_for(lambda: not +deliveries._on_their_way, 20)


def test_a_message_that_is_rolled_back_never_was(database):
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        outbox.put(connection, [{"id": "1", "key": "k", "channel": "test", "target": "t", "payload": {}, "at": NOON}])
        raise ZeroDivisionError
    assert states(database) == {}


def test_each_message_goes_out_once_with_its_key_and_payload(database, deliveries, receiver):
    put(database, *"abcdefghijkl")
    deliver_all(deliveries, NOON)
    assert sorted(delivery.key for delivery in receiver.got) == list("abcdefghijkl")
    assert {delivery.payload["n"] == delivery.key for delivery in receiver.got} == {True}
    assert set(states(database).values()) == {("sent", 1)}


def test_the_same_key_twice_is_one_message(database, deliveries, receiver):
    put(database, "a")
    put(database, "a", "b")
    deliver_all(deliveries, NOON)
    assert sorted(delivery.key for delivery in receiver.got) == ["a", "b"]


def test_a_message_for_later_waits(database, deliveries, receiver):
    put(database, "a", at=NOON + timedelta(hours=1))
    deliver_all(deliveries, NOON)
    assert receiver.got == []
    deliver_all(deliveries, NOON + timedelta(hours=1))
    assert len(receiver.got) == 1


def test_a_failed_message_comes_back_after_a_pause_with_the_same_key(database, deliveries, receiver):
    receiver.fails = [DeliveryError("busy")]
    put(database, "a")
    deliver_all(deliveries, NOON)
    assert states(database) == {"a": ("pending", 1)}
    deliver_all(deliveries, NOON + timedelta(seconds=7))  # 10 s less at most a fifth
    assert len(receiver.got) == 1
    deliver_all(deliveries, NOON + timedelta(seconds=10))
    assert [(delivery.key, delivery.attempt) for delivery in receiver.got] == [("a", 1), ("a", 2)]
    assert states(database) == {"a": ("sent", 2)}


def test_a_poisoned_message_is_dead_after_eight_attempts_and_does_not_stop_the_others(database, deliveries, receiver):
    put(database, "poison")
    at = NOON
    for _ in range(8):
        receiver.fails = [ValueError("boom")]
        deliver_all(deliveries, at)
        at += timedelta(hours=7)
    put(database, "good")
    deliver_all(deliveries, at)
    assert states(database) == {"poison": ("dead", 8), "good": ("sent", 1)}
    with database.read() as connection:
        (dead,) = outbox.latest(connection, state="dead")
    assert dead["last_error"] == (
        "the plugin 'receiver' failed in deliver: ValueError: boom. Update it, or remove its package and restart"
    )


def test_a_refusal_for_good_is_dead_at_once(database, deliveries, receiver):
    receiver.fails = [DeliveryError("gone", permanent=True)]
    put(database, "a")
    deliver_all(deliveries, NOON)
    assert states(database) == {"a": ("dead", 1)}


def test_a_dead_message_is_replayed_under_its_old_key(database, deliveries, receiver):
    receiver.fails = [DeliveryError("gone", permanent=True)]
    put(database, "a")
    deliver_all(deliveries, NOON)
    with clock.frozen(NOON), database.write() as connection:
        (dead,) = outbox.latest(connection, state="dead")
        assert outbox.replay(connection, [dead["id"]], NOON) == 1
        assert outbox.replay(connection, [dead["id"]], NOON) == 0
    deliver_all(deliveries, NOON)
    assert [delivery.key for delivery in receiver.got] == ["a", "a"]
    assert states(database) == {"a": ("sent", 1)}


def test_a_skipped_message_never_goes_out(database, deliveries, receiver):
    put(database, "a")
    with database.write() as connection:
        outbox.skip(connection, [message["id"] for message in outbox.latest(connection)], NOON)
    deliver_all(deliveries, NOON)
    assert receiver.got == []
    assert states(database) == {"a": ("skipped", 0)}


def test_a_channel_without_a_plugin_waits_for_one(database, deliveries):
    put(database, "a", channel="drum")
    deliver_all(deliveries, NOON)
    with database.read() as connection:
        (message,) = outbox.latest(connection, state="pending")
    assert message["last_error"].startswith("no plugin on this worker delivers 'drum'")


def test_what_a_dead_worker_had_taken_is_due_again_after_its_lease(database, deliveries, receiver):
    put(database, "a")
    with database.write() as connection:
        taken = outbox.claim(connection, NOON, limit=10, lease=timedelta(seconds=PACE.lease))
    assert [message.key for message in taken] == ["a"]
    deliver_all(deliveries, NOON + timedelta(seconds=119))
    assert receiver.got == []
    deliver_all(deliveries, NOON + timedelta(seconds=120))
    assert [delivery.attempt for delivery in receiver.got] == [2]


def test_two_workers_never_take_the_same_message(database):
    put(database, *(f"k{n}" for n in range(40)))
    taken: list[str] = []
    lock = threading.Lock()

    def take() -> None:
        while True:
            with database.write() as connection:
                got = outbox.claim(connection, clock.now(), limit=3, lease=timedelta(seconds=60))
            if not got:
                return
            with lock:
                taken.extend(message.key for message in got)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == sorted(f"k{n}" for n in range(40))


def test_a_slow_receiver_does_not_hold_up_the_others(database, deliveries, receiver):
    receiver.gate["slow"] = threading.Event()
    put(database, *(f"s{n}" for n in range(20)), target="slow")
    put(database, "quick", target="quick")
    with clock.frozen(NOON):
        while deliveries.look():
            pass
        with deliveries._changed:
            assert deliveries._changed.wait_for(lambda: "quick" not in +deliveries._on_their_way, 20)
        assert states(database)["quick"] == ("sent", 1)
        assert receiver.most["slow"] <= 3
        receiver.gate["slow"].set()
        settled(deliveries)
    deliver_all(deliveries, NOON)
    assert receiver.most["slow"] <= 3
    assert set(states(database).values()) == {("sent", 1)}
    assert receiver.most["slow"] <= 3


def test_nothing_goes_out_while_the_workspace_is_held(database, deliveries, receiver):
    put(database, "a")
    with database.write() as connection:
        connection.execute(sa.update(system.workspace).values(held=True))
    deliver_all(deliveries, NOON)
    assert receiver.got == []
    with database.write() as connection:
        connection.execute(sa.update(system.workspace).values(held=False))
    deliver_all(deliveries, NOON)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 10), (2, 40), (3, 160), (4, 640), (5, 2560), (6, 10240), (7, 21600), (8, 21600)]
)
def test_pauses_grow_fourfold_up_to_six_hours_and_differ_by_a_fifth(attempt, seconds):
    message = failing(attempt)
    with clock.frozen(NOON):
        waits = [
            (next_try(replace(message, id=str(n)), DeliveryError("x"), Pace()) - NOON).total_seconds()
            for n in range(50)
        ]
    assert 0.8 * seconds - 0.01 <= min(waits) < max(waits) <= seconds
    assert len(set(waits)) > 40


def test_a_receiver_that_asks_for_more_time_gets_it():
    message = failing(1)
    with clock.frozen(NOON):
        assert next_try(message, DeliveryError("x", retry_after=3600), Pace()) == NOON + timedelta(hours=1)


def test_old_messages_that_were_sent_are_pruned_and_dead_ones_stay(database, deliveries, receiver):
    receiver.fails = [DeliveryError("gone", permanent=True)]
    put(database, "dead")
    deliver_all(deliveries, NOON)
    put(database, "sent")
    deliver_all(deliveries, NOON)
    with database.write() as connection:
        assert outbox.prune(connection, NOON) == 0
        assert outbox.prune(connection, NOON + timedelta(seconds=1)) == 1
    assert states(database) == {"dead": ("dead", 1)}
