"""Guessing passwords: what it costs, and that it never tells whom there is. Under a frozen clock, on both databases."""

from __future__ import annotations

import re
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from dealwright import access, clock
from dealwright.access import attempts
from dealwright.app import create_app
from dealwright.errors import RateLimitedError, SignInRequiredError
from dealwright.jobs import retention
from dealwright.records import Workspace, add_user
from dealwright.storage import Database, accounts, audit
from sent import statements
from worlds import rows_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LI, WANG, OFF, NOBODY = "li@example.com", "wang@example.com", "off@example.com", "nobody@example.com"
PASSWORD = "four words of a test"
#: The module; its name in the package is that of its function.
sign_in = sys.modules["dealwright.access.sign_in"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing: what is tested is how many are compared."""
    monkeypatch.setattr(sign_in, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    sign_in._nobody.cache_clear()


@pytest.fixture
def place(workspace: Workspace) -> Workspace:
    for email in (LI, WANG, OFF):
        add_user(workspace, email, email.partition("@")[0], PASSWORD, ["t.rep"])
    with workspace.database.write() as connection:
        off = accounts.by_email(connection, OFF)
        accounts.set_state(connection, off.user, "disabled")
    return workspace


def guess(place: Workspace, at: datetime, email: str = LI, password: str = "wrong", **more: str) -> int:
    """Return 0 for a session, -1 for a password that was compared and is wrong, else the seconds of the pause."""
    with clock.frozen(at):
        try:
            access.sign_in(place, email, password, **{"address": "203.0.113.9", **more})
        except SignInRequiredError:
            return -1
        except RateLimitedError as error:
            return error.retry_after
    return 0


def guesses(place: Workspace, count: int, at: datetime, **more: str) -> None:
    assert {guess(place, at, **more) for _ in range(count)} == {-1}


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (0, 0),
        (9, 0),
        (10, 60),
        (11, 120),
        (12, 240),
        (13, 480),
        (14, 960),
        (15, 1920),
        (16, 3600),
        (17, 3600),
        (5000, 3600),
    ],
)
def test_pauses_begin_with_a_minute_at_the_tenth_failure_and_double_up_to_an_hour(failures, seconds):
    assert attempts.pause(attempts.EMAIL, failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_an_address_counts_for_the_network_of_one_customer(address, origin):
    assert attempts.origin(address) == origin


def test_after_nine_wrong_passwords_the_right_one_is_taken_and_all_are_forgiven(place):
    guesses(place, 9, NOON)
    assert guess(place, NOON, password=PASSWORD) == 0
    guesses(place, 9, NOON)
    assert guess(place, NOON, password=PASSWORD) == 0


def test_the_tenth_wrong_password_brings_a_pause_in_which_the_right_one_is_not_looked_at(place):
    guesses(place, 10, NOON)
    assert guess(place, NOON, password=PASSWORD) == 60
    assert guess(place, NOON + MINUTE - SECOND / 1000, password=PASSWORD) == 1
    assert guess(place, NOON + MINUTE, password=PASSWORD) == 0


def test_each_further_one_doubles_the_pause_and_refused_attempts_do_not_lengthen_it(place):
    guesses(place, 10, NOON)
    assert [guess(place, NOON + MINUTE - SECOND) for _ in range(5)] == [1] * 5
    assert guess(place, NOON + MINUTE) == -1
    assert guess(place, NOON + MINUTE) == 120
    assert guess(place, NOON + 3 * MINUTE) == -1
    assert guess(place, NOON + 3 * MINUTE) == 240


def test_the_same_address_written_otherwise_is_the_same(place):
    guesses(place, 5, NOON, email=" LI@Example.com")
    guesses(place, 5, NOON, email="ｌi@example.com")
    assert guess(place, NOON, email=LI, password=PASSWORD) == 60
    assert guess(place, NOON, email=WANG, password=PASSWORD) == 0


def test_one_failure_is_forgiven_every_hour(place):
    # Ten at noon are nine at one: the next one is the tenth. Nine at noon are none at nine.
    guesses(place, 10, NOON)
    assert guess(place, NOON + HOUR) == -1
    assert guess(place, NOON + HOUR) == 60
    guesses(place, 9, NOON, email=WANG)
    guesses(place, 9, NOON + 9 * HOUR, email=WANG)
    assert guess(place, NOON + 9 * HOUR, email=WANG, password=PASSWORD) == 0


def test_a_clock_that_was_set_back_keeps_nobody_out_for_long(place):
    guesses(place, 10, NOON)
    assert guess(place, NOON - 48 * HOUR, password=PASSWORD) == 0
    guesses(place, 10, NOON)
    guesses(place, 10, NOON - 48 * HOUR)
    assert guess(place, NOON - 48 * HOUR, password=PASSWORD) == 60


def test_who_errs_once_an_hour_is_never_kept_waiting(place):
    assert {guess(place, NOON + n * HOUR) for n in range(30)} == {-1}


def test_of_a_thousand_guesses_a_day_few_are_looked_at(place):
    outcomes = [guess(place, NOON + n * timedelta(seconds=86.4)) for n in range(1000)]
    # Ten at once, six while the pauses grow to an hour, then one an hour.
    assert 30 <= outcomes.count(-1) <= 10 + 6 + 24


def test_a_hundred_failures_from_one_origin_bring_a_pause_for_whoever_comes_from_there(place):
    for n in range(99):
        assert guess(place, NOON, email=f"n{n}@example.com") == -1
    assert guess(place, NOON, email=LI, password=PASSWORD) == 0  # and does not wipe out the 99
    assert guess(place, NOON, email="one-more@example.com") == -1
    assert guess(place, NOON, email=LI, password=PASSWORD) == 60
    assert guess(place, NOON, email=LI, password=PASSWORD, address="203.0.113.10") == 0
    assert guess(place, NOON + MINUTE, email=LI, password=PASSWORD) == 0
    # Twelve are forgiven in an hour: 88 are left, and twelve more bring the next pause.
    at = NOON + HOUR
    assert {guess(place, at, email=f"m{n}@example.com") for n in range(12)} == {-1}
    assert guess(place, at, email=LI, password=PASSWORD) == 60


def test_an_ipv6_customer_cannot_count_anew_with_each_of_his_addresses(place):
    for n in range(100):
        assert guess(place, NOON, email=f"n{n}@example.com", address=f"2001:db8::{n:x}") == -1
    assert guess(place, NOON, password=PASSWORD, address="2001:db8::ffff") == 60
    assert guess(place, NOON, password=PASSWORD, address="2001:db8:0:1::1") == 0


def test_limits_hold_in_another_process_and_after_a_restart(place, tmp_path):
    guesses(place, 10, NOON)
    with Database(place.database.url) as database:
        assert guess(Workspace(database, tmp_path), NOON, password=PASSWORD) == 60


def test_guesses_sent_at_the_same_time_are_all_counted(place, monkeypatch):
    compared = []
    real = sign_in._verified
    monkeypatch.setattr(sign_in, "_verified", lambda *one: compared.append(one) or real(*one))
    gate = threading.Barrier(30)

    def send() -> None:
        gate.wait()
        guess(place, NOON)

    threads = [threading.Thread(target=send) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(compared) == 10


def test_strangers_who_guess_do_not_keep_out_who_comes_with_a_known_browser(place):
    mine = {"browser": "a browser of mine"}
    assert guess(place, NOON, password=PASSWORD, **mine) == 0
    for address in ("198.51.100.1", "198.51.100.2"):
        guess(place, NOON, address=address)
    guesses(place, 8, NOON, address="198.51.100.3")
    assert guess(place, NOON, password=PASSWORD) == 60
    assert guess(place, NOON, password=PASSWORD, browser="another") == 60
    assert guess(place, NOON, password=PASSWORD, **mine) == 0
    # It is known for li alone, and whoever guesses with it waits like others.
    guesses(place, 10, NOON, email=WANG, **mine)
    assert guess(place, NOON, email=WANG, password=PASSWORD, **mine) == 60
    guesses(place, 10, NOON, **mine)
    assert guess(place, NOON, password=PASSWORD, **mine) == 60


def test_a_new_password_forgives_the_old_guesses(place):
    guesses(place, 10, NOON)
    with place.database.write() as connection:
        user = accounts.by_email(connection, LI)
        accounts.set_password(connection, user.user, access.hashed("another four words"), NOON)
    assert guess(place, NOON, password="another four words") == 0


def test_during_a_pause_an_attempt_is_two_reads_and_holds_nobody_up(place):
    guesses(place, 10, NOON)
    with statements() as done:
        assert guess(place, NOON, password=PASSWORD) == 60
    assert [one.split()[0] for one in done if one != "BEGIN"] == ["SELECT", "SELECT"]


@pytest.mark.parametrize("browser", ["", "a browser"])
def test_an_address_that_nobody_has_is_answered_with_the_same_words_and_the_same_work(place, monkeypatch, browser):
    app = create_app(place)
    compared = []
    real = sign_in._verified
    monkeypatch.setattr(sign_in, "_verified", lambda *one: compared.append(one) or real(*one))

    def ask(email: str, n: int) -> list[Any]:
        client = app.test_client()
        token = re.search(r'name="csrf-token" content="(\w+)"', client.get("/sign-in").text)[1]
        visitor = client.get_cookie("dw_visitor").value
        if browser:
            client.set_cookie("dw_browser", browser)
        compared.clear()
        # Each from an origin of its own: what is compared here is the limit of the person.
        sent = {"csrf_token": token, "email": email, "password": "wrong"}
        with statements() as done:
            answer = client.post("/sign-in", data=sent, environ_base={"REMOTE_ADDR": f"198.51.{n}.{len(email)}"})
        text = answer.text
        for mine in (token, email, visitor):
            text = text.replace(mine, "…")
        headers = [(name, value) for name, value in answer.headers if name not in ("X-Request-Id", "Content-Length")]
        length = len(answer.data) - answer.text.count(email) * len(email)
        return [answer.status_code, headers, text, length, list(done), len(compared)]

    with clock.frozen(NOON):
        for n in range(13):
            wrong = ask(LI, n)
            assert ask(NOBODY, n) == wrong
            assert ask(OFF, n) == wrong
            assert wrong[0] == (401 if n < 10 else 429)
            assert wrong[-1] == (1 if n < 10 else 0)
    assert ("Retry-After", "60") in wrong[1]


def test_each_failure_and_the_pause_that_it_brought_are_in_the_audit_log(place):
    guesses(place, 10, NOON, address="198.51.100.1")
    for _ in range(50):
        guess(place, NOON, address="198.51.100.1")
    guess(place, NOON, email="hunter2: oops", address="198.51.100.2")
    guess(place, NOON + MINUTE, password=PASSWORD, address="198.51.100.1")
    with place.database.read() as connection:
        li = accounts.by_email(connection, LI).user
        entries = audit.latest(connection, limit=12)[::-1]
        assert audit.verify(connection) is None
    assert [(one["action"], one["subject"], one["address"], one["data"]) for one in entries] == [
        *[("session.refused", f"user:{li}", "198.51.100.1", {"pause": 0})] * 9,
        ("session.refused", f"user:{li}", "198.51.100.1", {"pause": 60}),
        ("session.refused", "", "198.51.100.2", {"pause": 0}),
        ("session.begun", "", "198.51.100.1", {}),
    ]
    # What was typed in the place of the address stands nowhere: it may be a password.
    tables = ("dw_attempt", "dw_audit", "dw_account")
    assert not any("hunter2" in repr(row) for table in tables for row in rows_of(place.database, table))


def test_what_is_forgiven_and_who_was_not_seen_for_a_year_is_removed_at_night(place):
    guess(place, NOON, password=PASSWORD, browser="mine")
    guesses(place, 3, NOON)
    left = []
    for at in (NOON + 3 * HOUR - SECOND, NOON + 3 * HOUR, NOON + timedelta(days=366)):
        with clock.frozen(at), place.database.write() as connection:
            retention.attempts.prune(connection, at, at - retention.DEVICES)
        left.append([len(rows_of(place.database, table)) for table in ("dw_attempt", "dw_device")])
    # The origin's three are forgiven after a quarter of an hour already.
    assert left == [[1, 1], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "origin"),
    [
        (0, "198.51.100.7", "203.0.113.9"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "192.0.2.1, 198.51.100.7", "198.51.100.7"),
        (2, "192.0.2.1, 198.51.100.7", "192.0.2.1"),
        (2, "198.51.100.7", "203.0.113.9"),
    ],
)
def test_where_a_request_comes_from_is_believed_of_declared_proxies_only(place, proxies, forwarded, origin):
    client = create_app(place, proxies=proxies).test_client()
    token = re.search(r'name="csrf-token" content="(\w+)"', client.get("/sign-in").text)[1]
    sent = {"csrf_token": token, "email": NOBODY, "password": "wrong"}
    here = {"REMOTE_ADDR": "203.0.113.9"}
    client.post("/sign-in", data=sent, headers={"X-Forwarded-For": forwarded}, environ_base=here)
    keys = {row["key"] for row in rows_of(place.database, "dw_attempt")}
    assert {key for key in keys if key.startswith("origin:")} == {f"origin:{origin}"}
