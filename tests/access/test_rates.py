"""Limits of requests: what a caller may send, what a stranger may, and that nobody pays for another. Frozen clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dealwright import clock
from dealwright.access import rates
from dealwright.access.rates import Buckets, Rate
from dealwright.errors import RateLimitedError
from dealwright.metadata import settings

if TYPE_CHECKING:
    from security.site import Site

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
#: Two a second, five at once: an empty bucket is full after 2.5 seconds.
SLOW = Rate("caller", 2, 5)
ME = "/api/v1/me"


def taken(buckets: Buckets, count: int, at: datetime, key: str = "a", rate: Rate = SLOW) -> list[int]:
    """Return what each of ``count`` requests left; below zero the seconds that it has to wait."""
    found = []
    with clock.frozen(at):
        for _ in range(count):
            try:
                found.append(buckets.take(key, rate).left)
            except RateLimitedError as error:
                found.append(-error.retry_after)
    return found


def test_a_bucket_gives_what_it_holds_then_refuses_then_fills_at_its_rate():
    buckets = Buckets()
    assert taken(buckets, 7, NOON) == [4, 3, 2, 1, 0, -1, -1]
    assert taken(buckets, 1, NOON + SECOND * 0.499) == [-1]
    assert taken(buckets, 2, NOON + SECOND * 0.5) == [0, -1]
    assert taken(buckets, 3, NOON + SECOND * 1.5) == [1, 0, -1]
    assert taken(buckets, 6, NOON + SECOND * 60) == [4, 3, 2, 1, 0, -1]


def test_a_slow_rate_says_how_long_to_wait():
    rate = Rate("caller", 0.1, 1)
    buckets = Buckets()
    assert taken(buckets, 2, NOON, rate=rate) == [0, -10]
    assert taken(buckets, 1, NOON + SECOND * 9.2, rate=rate) == [-1]
    assert taken(buckets, 1, NOON + SECOND * 10, rate=rate) == [0]


def test_one_bucket_says_nothing_of_another():
    buckets = Buckets()
    taken(buckets, 6, NOON, "a")
    assert taken(buckets, 1, NOON, "b") == [4]


def test_looking_takes_nothing():
    buckets = Buckets()
    with clock.frozen(NOON):
        for _ in range(10):
            assert buckets.take("a", SLOW, 0).left == 5
    taken(buckets, 5, NOON)
    with clock.frozen(NOON), pytest.raises(RateLimitedError):
        buckets.take("a", SLOW, 0)


def test_a_clock_that_was_set_back_or_on_fills_the_bucket_and_no_more():
    buckets = Buckets()
    taken(buckets, 6, NOON)
    assert taken(buckets, 6, NOON - timedelta(days=2)) == [4, 3, 2, 1, 0, -1]
    assert taken(buckets, 6, NOON + timedelta(days=2)) == [4, 3, 2, 1, 0, -1]


def test_many_buckets_are_forgotten_from_the_full_end():
    buckets = Buckets(remembered=10)
    taken(buckets, 5, NOON, "busy")
    for n in range(100):
        taken(buckets, 1, NOON, f"once {n}")
    assert len(buckets) <= 10
    assert taken(buckets, 1, NOON, "busy") == [-1]


@given(
    gaps=st.lists(st.integers(0, 3000), max_size=60),
    per_second=st.sampled_from([0.5, 2, 7, 100]),
    at_once=st.integers(1, 20),
)
def test_no_stretch_of_time_sees_more_than_a_burst_and_the_rate(gaps, per_second, at_once):
    buckets, rate, at, let_in = Buckets(), Rate("caller", per_second, at_once), NOON, []
    for gap in gaps:
        at += timedelta(milliseconds=gap)
        if taken(buckets, 1, at, rate=rate)[0] >= 0:
            let_in.append(at)
    for i, first in enumerate(let_in):
        for j in range(i, len(let_in)):
            assert j - i + 1 <= at_once + per_second * (let_in[j] - first).total_seconds() + 1e-3


def test_settings_that_no_limit_can_be_made_of_are_refused():
    for name in settings.LIMITS:
        for value in ("", "-1", "many", "1e9", "1,5", "99999999", "NaN"):
            assert [one.pointer for one in settings.problems({name: value})] == [f"/{name}"]
        assert settings.problems({name: settings.LIMITS[name]}) == []
    assert [one.code for one in settings.problems({"request_rate": "1"})] == ["no-such-setting"]


@pytest.fixture
def limited(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The application with small limits: five requests of a caller at once, three of a stranger."""
    few = rates.Rates(SLOW, Rate("stranger", 1, 3))
    monkeypatch.setattr(rates, "of", lambda catalog: few)
    return site


def asked(site: Site, who: str, address: str = ME, count: int = 1, at: datetime = NOON, **more: Any) -> list[int]:
    with clock.frozen(at):
        return [site.ask(who, "GET", address, **more).status_code for _ in range(count)]


def test_a_token_is_refused_when_its_bucket_is_empty_and_others_are_not(limited):
    assert asked(limited, "ada", count=7) == [200] * 5 + [429] * 2
    assert asked(limited, "bo", count=2) == [200] * 2
    assert asked(limited, "ada", at=NOON + SECOND / 2, count=2) == [200, 429]


def test_a_refusal_is_a_problem_that_says_when_to_come_back(limited):
    asked(limited, "ada", count=5)
    with clock.frozen(NOON):
        answer = limited.ask("ada", "GET", ME)
    assert (answer.status_code, answer.mimetype, answer.json["code"]) == (
        429,
        "application/problem+json",
        "rate-limited",
    )
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["X-Request-Id"] == answer.json["request_id"]


def test_each_answer_says_what_is_left(limited):
    with clock.frozen(NOON):
        answers = [limited.ask("ada", "GET", ME) for _ in range(3)]
        stranger = limited.ask("nobody", "GET", ME)
    assert {one.headers["RateLimit-Policy"] for one in answers} == {'"caller";q=5;w=3'}
    assert [one.headers["RateLimit"] for one in answers] == [
        '"caller";r=4;t=1', '"caller";r=3;t=1', '"caller";r=2;t=2',
    ]  # fmt: skip
    assert stranger.headers["RateLimit"] == '"stranger";r=2;t=1'


def test_the_sessions_of_a_person_share_one_bucket_that_is_not_that_of_his_tokens(limited):
    page = "/records/t.deal"
    assert asked(limited, "ada", page, 3) == [200] * 3
    other = dict(limited.visitors["ada"].headers(page))
    with limited.workspace.database.write() as connection:
        from security.site import _session

        other["Cookie"] = f"dw_session={_session(connection, limited.people['ada'], clock.now() + timedelta(days=9))}"
    assert asked(limited, "nobody", page, 3, headers=other) == [200, 200, 429]
    assert asked(limited, "ada", page) == [429]
    assert asked(limited, "ada", ME, 5) == [200] * 5


def test_a_page_that_is_refused_is_a_page(limited):
    asked(limited, "ada", "/records/t.deal", 5)
    with clock.frozen(NOON):
        answer = limited.ask("ada", "GET", "/records/t.deal")
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (429, "text/html", "1")


def test_strangers_of_one_network_share_a_bucket_and_whoever_is_known_is_not_kept_out(limited):
    assert asked(limited, "ada") == [200]
    assert asked(limited, "nobody", count=2) + asked(limited, "garbled", count=2) == [401, 401, 401, 429]
    assert asked(limited, "revoked") + asked(limited, "nobody", "/sign-in") == [429, 429]
    assert asked(limited, "ada", count=4) == [200] * 4
    assert asked(limited, "nobody", at=NOON + SECOND, count=2) == [401, 429]


def test_guessed_tokens_are_refused_before_they_are_looked_up(limited):
    asked(limited, "garbled", count=3)
    done: list[str] = []
    engines = [limited.workspace.database._writing, limited.workspace.database._reading]
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", lambda *one: done.append(one[2]))
    assert asked(limited, "garbled") == [429]
    assert done == []


def test_a_token_that_was_revoked_counts_as_a_stranger_again(limited):
    assert asked(limited, "ada") == [200]
    with limited.workspace.database.write() as connection:
        connection.execute(sa.text("UPDATE dw_token SET revoked_at = '2026-01-01 00:00:00' WHERE title = 'test'"))
    assert asked(limited, "ada", count=5) == [401, 401, 401, 429, 429]


def test_whether_the_process_lives_is_answered_to_anybody_at_any_time(limited):
    asked(limited, "nobody", count=4)
    assert asked(limited, "nobody", "/healthz", 50) == [200] * 50


def test_without_a_limit_nothing_is_counted_and_nothing_said(site):
    assert asked(site, "ada", count=30) == [200] * 30
    with clock.frozen(NOON):
        assert "RateLimit" not in site.ask("ada", "GET", ME).headers
