"""A process killed at any statement, commit or sending: the work is done over, and is there whole, and once."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from dealwright.records import imports as importing
from dealwright.records import onward
from dealwright.storage import outbox as messages
from dealwright.storage import schema

from .invariants import last, violations
from .kill_points import Points, die, in_a_child
from .scenarios import Apply, Archive, Bulk, Decide, Import, Install, Move, Outbox, Save, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .scenarios import Scenario
    from .site import Site

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork")

#: More points than any scenario has.
MOST = 2000
SEED = int(os.environ.get("DEALWRIGHT_TEST_SEED", "20270128"))


def child(site: Site, scenario: Scenario, state: Any, at: int) -> tuple[bool, list[Any]]:
    """Do the work in a process that dies at point ``at``; return whether it lived, and what its client was told."""
    site.close()

    def act(tell: Callable[[Any], None]) -> None:
        points = Points(at, die)
        points.watch(site.workspace.database)
        site.touched = points.pass_by
        answers = scenario.act(site, state)
        if at == 0:
            tell(points.seen)
            return
        points.pass_by("before the answer")
        for answer in answers:
            tell(answer)

    return in_a_child(act)


def trouble(site: Site, scenario: Scenario, run: int, at: int) -> tuple[list[str], bool]:
    """Kill at one point and do the work over; return all that is wrong, and whether the process came to its end."""
    database, since = site.workspace.database, last(site.workspace.database)
    state = scenario.begin(site, run)
    lived, told = child(site, scenario, state, at)
    half = violations(database, site.catalog, site.received(), since)
    found = [f"before recovery: {one}" for one in half]
    answers = scenario.act(site, state)
    if told and told != answers:
        found.append(f"the client was told {told}, and then {answers}")
    found += violations(database, site.catalog, site.received(), since)
    found += scenario.wrong(site, state, answers)
    return [f"killed at {at}: {one}" for one in found], lived


def every_point(site: Site, scenario: Scenario) -> int:
    """Kill at the first point, the second, and so on until the work comes to its end; return how often it died."""
    for at in range(1, MOST):
        found, lived = trouble(site, scenario, at, at)
        assert found == []
        if lived:
            assert violations(site.workspace.database, site.catalog, site.received()) == []
            return at - 1
    raise AssertionError(f"the work has more than {MOST} points")


def some_points(site: Site, scenario: Scenario, count: int) -> int:
    """Kill at ``count`` points, the last ones (around the last commit) among them; return how often it died."""
    _, told = child(site, scenario, scenario.begin(site, 1), 0)
    (total,) = told
    died = 0
    for run, at in enumerate(chosen(total, count), start=2):
        found, lived = trouble(site, scenario, run, at)
        assert found == []
        died += not lived
    assert violations(site.workspace.database, site.catalog, site.received()) == []
    return died


def chosen(total: int, count: int) -> Iterable[int]:
    print(f"{count} of {total} points, DEALWRIGHT_TEST_SEED={SEED}")
    last = range(max(total - 3, 1), total + 1)
    return sorted({*random.Random(SEED).sample(range(1, total + 1), min(count, total)), *last})


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import in batches of ten; and PostgreSQL builds every index after the commit, as it does for many records."""
    monkeypatch.setattr(importing, "BATCH", 10)
    monkeypatch.setattr(schema, "LARGE", 0)


WORK = {
    "save": Save(),
    "update": Update(),
    "move": Move(),
    "decide": Decide(),
    "bulk-atomic": Bulk(atomic=True),
    "bulk": Bulk(atomic=False),
    "archive": Archive(),
    "outbox": Outbox(messages=1),
    "import": Import(rows=24),
    "install": Install(),
    "apply": Apply(),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["save", "outbox"])
def test_work_killed_at_any_point_and_repeated_is_done_whole_and_once(site: Site, name: str) -> None:
    assert every_point(site, WORK[name]) >= 10
    received = site.received()
    assert (len(received) > len(set(received))) == (name == "outbox"), "only what was sent and not noted comes twice"


@pytest.mark.slow
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "name", ["update", "move", "decide", "bulk-atomic", "bulk", "archive", "import", "install", "apply"]
)
def test_work_killed_at_some_points_and_repeated_is_done_whole_and_once(site: Site, name: str) -> None:
    assert some_points(site, WORK[name], 3) >= 4


@pytest.mark.nightly
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", WORK)
def test_any_work_killed_at_any_point_and_repeated_is_done_whole_and_once(site: Site, name: str) -> None:
    assert every_point(site, WORK[name]) >= 10


@pytest.mark.nightly
def test_messages_of_a_worker_killed_at_any_point_all_arrive(site: Site) -> None:
    assert every_point(site, Outbox(messages=3)) >= 20


@pytest.mark.nightly
def test_a_long_import_killed_at_any_point_goes_on_where_it_was(site: Site) -> None:
    assert every_point(site, Import(rows=1200)) >= 30


class Careless(Save):
    """A save that writes its message after the commit: the fault that the outbox is there to prevent."""

    def act(self, site: Site, state: Any) -> list[Any]:
        late: list[Any] = []

        class Late:
            @staticmethod
            def put(connection: object, deliveries: list[Any]) -> None:
                late.extend(deliveries)

        onward.outbox, kept = Late, onward.outbox  # type: ignore[misc, assignment]
        try:
            answers = super().act(site, state)
        finally:
            onward.outbox = kept  # type: ignore[misc]
        with site.workspace.database.write() as connection:
            messages.put(connection, late)
        return answers


@pytest.mark.slow
def test_the_search_finds_a_message_that_is_written_after_the_commit(site: Site) -> None:
    _, (total,) = child(site, Careless(), Careless().begin(site, 1), 0)
    said = [one for at in range(total - 5, total + 1) for one in trouble(site, Careless(), at, at)[0]]
    assert any("is not in the outbox" in one for one in said)
