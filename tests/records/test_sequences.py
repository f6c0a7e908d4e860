"""Sequences: nurture, 30/60/90 after a deal, training on the 3rd, 7th and 21st day; on both databases, under a frozen clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock, records
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, RecordError, RuleLoopError
from dealwright.records import Work
from dealwright.storage import revisions
from passing import pass_until
from worlds import made, opened, person, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A Monday.
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def task(title: str) -> dict[str, Any]:
    return {"do": "create_task", "title": title}


def sequence(name: str, *steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    head = {"kind": "sequence", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal"}
    return {**head, "steps": list(steps), **more}


def step(name: str, after: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "after": after, "then": [task(name)], **more}


def on_code(code: str, *then: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule that acts when a deal is given a code."""
    return {
        "kind": "rule", "id": f"t.{code}", "lang": 1, "title": code, "entity": "t.deal",
        "on": {"record": {"events": ["created", "updated"], "fields": ["code"]}}, "if": f"code == \"{code}\"",
        "then": list(then),
    }  # fmt: skip


def asks(do: str, name: str = "care") -> dict[str, Any]:
    return {"do": f"{do}_sequence", "sequence": f"t.{name}"}


RULES = (on_code("go", asks("start")), on_code("next", asks("advance")), on_code("halt", asks("stop")))


class Desk:
    """A deal that rules enrol in sequences by its code."""

    def __init__(self, database: Any, *documents: Mapping[str, Any]) -> None:
        self.database = database
        with clock.frozen(NINE):
            self.workspace = opened(database, *RULES, *documents)
            self.deal = made(self.workspace, "t.deal", name="Lift", amount="10")

    def change(self, at: datetime, **data: Any) -> None:
        with clock.frozen(at):
            records.save(self.workspace, access.operator(), "t.deal", data, id=self.deal)

    def pass_until(self, at: datetime) -> None:
        pass_until(self.workspace, at)

    def tasks(self) -> list[tuple[str, timedelta]]:
        """Return what was done, and how long after nine on the Monday."""
        found = [(row["title"], row["created_at"]) for row in rows_of(self.database, "base__task")]
        with self.database.read() as connection:
            page = records.page(Work(self.workspace, connection, access.operator()), "base.task", sort="created_at")
        assert len(found) == len(page.items)
        return [(one["title"], datetime.fromisoformat(one["created_at"]) - NINE) for one in page.items]

    def shown(self, user: Any = None) -> list[dict[str, Any]]:
        with self.database.read() as connection:
            work = Work(self.workspace, connection, user or access.operator())
            return records.sequences_of(work, "t.deal", self.deal)

    def states(self) -> list[tuple[str, str | None]]:
        return [(one["state"], one["why"]) for one in self.shown()]

    def told(self) -> list[str]:
        with self.database.read() as connection:
            found = records.history(Work(self.workspace, connection, access.operator()), "t.deal", self.deal)
        return [e["type"].removeprefix("sequence.") for e in reversed(found) if e["type"].startswith("sequence.")]


def test_thirty_sixty_and_ninety_days_after_a_deal_each_step_is_done_once_at_its_moment(database):
    care = sequence("care", step("d30", "P30D"), step("d60", "P60D"), step("d90", "P90D"))
    desk = Desk(database, care)
    desk.change(NINE, code="go")
    desk.pass_until(NINE + 30 * DAY - timedelta(milliseconds=1))
    assert desk.tasks() == []
    desk.pass_until(NINE + 30 * DAY)
    assert desk.tasks() == [("d30", 30 * DAY)]
    (running,) = desk.shown()
    assert [(one["id"], one["done"]) for one in running["steps"]] == [("d30", True), ("d60", False), ("d90", False)]
    desk.pass_until(NINE + 200 * DAY)
    assert desk.tasks() == [("d30", 30 * DAY), ("d60", 60 * DAY), ("d90", 90 * DAY)]
    assert desk.states() == [("finished", None)]
    assert desk.told() == ["started", "step", "step", "step", "finished"]


def test_training_counts_from_the_step_before_and_takes_up_at_nine_on_working_days(database):
    # 3, then 4, then 14 days: the 3rd, 7th and 21st day.
    training = sequence(
        "care", step("a", "P3D"), step("b", "P4D"), step("c", {"param": "rest", "unit": "day"}, at="08:00"),
        step("d", "P1WD"), delays_from="previous",
    )  # fmt: skip
    rest = {"kind": "parameter", "id": "t.rest", "type": "integer", "title": "Rest", "default": 14}
    desk = Desk(database, training, rest)
    desk.change(NINE + HOUR, code="go")
    desk.pass_until(NINE + 60 * DAY)
    assert desk.tasks() == [
        ("a", 3 * DAY + HOUR), ("b", 7 * DAY + HOUR), ("c", 21 * DAY - HOUR), ("d", 22 * DAY - HOUR)
    ]  # fmt: skip


def test_a_step_whose_condition_does_not_hold_is_passed_over_and_says_why(database):
    nurture = sequence("care", step("hello", "P0D"), step("case", "P3D", **{"if": "amount > 100"}), step("call", "P7D"))
    desk = Desk(database, nurture)
    desk.change(NINE, code="go")
    desk.pass_until(NINE + 30 * DAY)
    assert desk.tasks() == [("hello", timedelta(0)), ("call", 7 * DAY)]
    with database.read() as connection:
        found = records.decided(Work(desk.workspace, connection, access.operator()), "t.deal", desk.deal)
    assert [(one["rule"], one["fired"]) for one in found if one["rule"].startswith("t.care.")] == [
        ("t.care.call", True), ("t.care.case", False), ("t.care.hello", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stop", "after"),
    [
        pytest.param("amount > 100", {"amount": "500"}, id="a condition"),
        pytest.param(None, {"code": "halt"}, id="a rule"),
    ],
)
def test_what_stops_a_sequence_stops_what_is_still_to_come(database, stop, after):
    care = sequence("care", step("a", "P1D"), step("b", "P2D"), **({"stop": stop} if stop else {}))
    desk = Desk(database, care)
    desk.change(NINE, code="go")
    desk.pass_until(NINE + DAY)
    desk.change(NINE + DAY + HOUR, **after)
    desk.pass_until(NINE + 9 * DAY)
    assert desk.tasks() == [("a", DAY)]
    assert desk.states() == [("stopped", "condition" if stop else "rule")]
    assert [row for row in rows_of(database, "dw_timer") if row["state"] == "pending"] == []


def test_an_event_and_an_archived_record_stop_it_too_and_one_that_is_over_does_not_start(database):
    care = sequence("care", step("a", "P1D"), stop={"event": "mail.answered", "if": "amount > 5"})
    over = sequence("over", step("x", "P1D"), stop="amount < 50")
    desk = Desk(database, care, over, on_code("over", asks("start", "over")))
    desk.change(NINE, code="over")
    assert desk.shown() == []
    desk.change(NINE, code="go")
    with clock.frozen(NINE + HOUR), database.write() as connection:
        records.send(Work(desk.workspace, connection, access.operator()), "mail.answered", "t.deal", desk.deal, {})
    assert desk.states() == [("stopped", "condition")]
    desk.change(NINE + HOUR, code="x")
    desk.change(NINE + 2 * HOUR, code="go")
    with clock.frozen(NINE + 3 * HOUR), database.write() as connection:
        records.archive(Work(desk.workspace, connection, access.operator()), "t.deal", desk.deal)
    assert desk.states() == [("stopped", "archived"), ("stopped", "condition")]
    desk.pass_until(NINE + 9 * DAY)
    assert desk.tasks() == []


def test_the_next_step_can_be_done_now_and_what_counts_from_it_moves(database):
    care = sequence("care", step("a", "P3D"), step("b", "P3D"), delays_from="previous")
    desk = Desk(database, care)
    desk.change(NINE, code="go")
    desk.change(NINE + DAY, code="next")
    assert desk.tasks() == [("a", DAY)]
    desk.pass_until(NINE + 30 * DAY)
    assert desk.tasks() == [("a", DAY), ("b", 4 * DAY)]


@pytest.mark.parametrize(
    ("again", "states", "done"),
    [
        ("after_end", [("running", None), ("finished", None)], [DAY, 5 * DAY]),
        ("never", [("finished", None)], [DAY]),
    ],
)
def test_a_second_start_means_what_again_says(database, again, states, done):
    desk = Desk(database, sequence("care", step("a", "P1D"), again=again))
    for at in (NINE, NINE + HOUR):  # while it runs a second start is nothing
        desk.change(at, code="go")
        desk.change(at, code="x")
    desk.pass_until(NINE + 2 * DAY)
    desk.change(NINE + 4 * DAY, code="go")
    assert desk.states() == states
    desk.pass_until(NINE + 9 * DAY)
    assert [at for _, at in desk.tasks()] == done


def test_a_start_may_begin_the_sequence_anew(database):
    desk = Desk(database, sequence("care", step("a", "P2D"), again="restart"))
    desk.change(NINE, code="go")
    desk.change(NINE + DAY, code="x")
    desk.change(NINE + DAY, code="go")
    desk.pass_until(NINE + 9 * DAY)
    assert desk.tasks() == [("a", 3 * DAY)]
    assert desk.states() == [("finished", None), ("stopped", "restart")]


def test_a_sequence_that_runs_keeps_its_delays_when_the_definition_changes(database):
    care = sequence("care", step("a", "P3D"), step("b", "P3D"), delays_from="previous")
    desk = Desk(database, care)
    desk.change(NINE, code="go")
    slow = sequence("care", step("a", "P9D"), {**step("b", "P9D"), "then": [task("b anew")]}, delays_from="previous")
    changed(desk, slow)
    desk.change(NINE + DAY, code="next")
    desk.pass_until(NINE + 30 * DAY)
    assert desk.tasks() == [("a", DAY), ("b anew", 4 * DAY)]  # what is done is as the definitions in force say


def test_a_sequence_that_is_gone_ends_at_its_next_step(database):
    desk = Desk(database, sequence("care", step("a", "P3D")))
    desk.change(NINE, code="go")
    changed(desk, None)
    desk.pass_until(NINE + 9 * DAY)
    assert desk.tasks() == []
    assert [(row["state"], row["why"]) for row in rows_of(database, "dw_enrolment")] == [("stopped", "gone")]


def changed(desk: Desk, care: Mapping[str, Any] | None) -> None:
    """Put the world in force anew with another sequence, or with none."""
    from dealwright import packs
    from dealwright.metadata import load
    from dealwright.metadata.layers import Layer, SourcedDocument
    from worlds import SETTINGS, documents

    more = (*RULES, care) if care is not None else ()
    sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in documents(*more))
    layers = [load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))]
    catalog = load.catalog(layers, SETTINGS)
    with clock.frozen(NINE), desk.database.write() as connection:
        packs.store(connection, catalog, layers, reason="test", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="test", by=None, at=clock.now())


def by_hand(desk: Desk, act: Any, at: datetime, user: Any = None) -> dict[str, Any]:
    with clock.frozen(at), desk.database.write() as connection:
        return act(Work(desk.workspace, connection, user or access.operator()), "t.deal", desk.deal, "t.care")


def offered(desk: Desk, user: Any = None) -> list[str]:
    with desk.database.read() as connection:
        found = records.sequences_offered(
            Work(desk.workspace, connection, user or access.operator()), "t.deal", desk.deal
        )
    return [one["sequence"] for one in found]


def test_a_person_starts_a_sequence_does_its_next_step_and_ends_it_and_the_events_name_him(database):
    desk = Desk(
        database, sequence("care", step("a", "P3D"), step("b", "P3D"), step("c", "P3D"), delays_from="previous")
    )
    ann = person(desk.workspace, "Ann", ["t.rep"])
    desk.change(NINE, owner=ann.id)
    assert offered(desk, ann) == ["t.care"]
    started = by_hand(desk, records.start_sequence, NINE, ann)
    assert (started["state"], started["rule"], len(started["steps"])) == ("running", None, 3)
    assert offered(desk, ann) == []
    with pytest.raises(ConflictError, match="runs for this Deal already"):
        by_hand(desk, records.start_sequence, NINE, ann)
    by_hand(desk, records.advance_sequence, NINE + DAY, ann)
    assert desk.tasks() == [("a", DAY)]
    desk.pass_until(NINE + 4 * DAY)
    assert desk.tasks() == [("a", DAY), ("b", 4 * DAY)]
    ended = by_hand(desk, records.stop_sequence, NINE + 5 * DAY, ann)
    assert (ended["state"], ended["why"]) == ("stopped", "person")
    with pytest.raises(ConflictError, match="does not run"):
        by_hand(desk, records.stop_sequence, NINE + 5 * DAY, ann)
    desk.pass_until(NINE + 30 * DAY)
    assert len(desk.tasks()) == 2
    actors = {row["type"]: row["actor"] for row in rows_of(database, "dw_event") if row["type"].startswith("sequence.")}
    assert (actors["sequence.started"], actors["sequence.stopped"]) == (ann.id, ann.id)
    assert offered(desk) == ["t.care"]


def test_what_again_and_stop_do_not_allow_a_person_may_not_do_either(database):
    desk = Desk(database, sequence("care", step("a", "P1D"), again="never", stop="amount > 100"))
    desk.change(NINE, amount="500")
    with pytest.raises(ConflictError, match="holds for this Deal already"):
        by_hand(desk, records.start_sequence, NINE)
    desk.change(NINE, amount="5")
    by_hand(desk, records.start_sequence, NINE)
    desk.pass_until(NINE + 2 * DAY)
    with pytest.raises(ConflictError, match="only once"):
        by_hand(desk, records.start_sequence, NINE + 2 * DAY)
    assert offered(desk) == []
    assert desk.states() == [("finished", None)]


def test_who_may_not_change_the_record_or_see_what_ends_a_sequence_starts_and_ends_none(database):
    desk = Desk(database, sequence("care", step("a", "P1D"), stop="margin > 5"))
    rep, viewer, guest = (person(desk.workspace, n, [f"t.{n.lower()}"]) for n in ("Rep", "Viewer", "Guest"))
    desk.change(NINE, owner=rep.id)
    for act in (records.start_sequence, records.advance_sequence, records.stop_sequence):
        with pytest.raises(NotFoundError, match="no sequence"):
            by_hand(desk, act, NINE, rep)  # a rep does not see the margin
        with pytest.raises(NotFoundError):
            by_hand(desk, act, NINE, viewer)
        with pytest.raises((NotFoundError, ForbiddenError)):
            by_hand(desk, act, NINE, guest)
    assert offered(desk, rep) == []
    changed(desk, sequence("care", step("a", "P1D")))
    with pytest.raises(ForbiddenError, match="may not update"):
        by_hand(desk, records.start_sequence, NINE, viewer)
    assert offered(desk, viewer) == []
    assert rows_of(database, "dw_enrolment") == []


def test_rules_that_chase_a_sequence_are_stopped_and_nothing_is_written(database):
    again = {
        "kind": "rule", "id": "t.again", "lang": 1, "title": "Again", "entity": "t.deal",
        "on": {"event": {"type": "sequence.stopped"}}, "then": [asks("start")],
    }  # fmt: skip
    at_once = {**again, "id": "t.at_once", "on": {"event": {"type": "sequence.started"}}, "then": [asks("stop")]}
    desk = Desk(database, sequence("care", step("a", "P1D")), again, at_once)
    with pytest.raises(RuleLoopError):
        desk.change(NINE, code="go")
    assert rows_of(database, "dw_enrolment") == []


def test_who_may_not_see_what_started_or_ends_it_is_told_of_none_and_nobody_sends_its_events(database):
    desk = Desk(database, sequence("care", step("a", "P1D"), stop="margin > 5"))
    ann = person(desk.workspace, "Ann", ["t.rep"])
    desk.change(NINE, code="go", owner=ann.id)
    assert len(desk.shown()) == 1
    assert desk.shown(ann) == []  # a rep does not see the margin
    with database.write() as connection, pytest.raises(RecordError):
        records.send(Work(desk.workspace, connection, access.operator()), "sequence.finished", "t.deal", desk.deal, {})
