"""A course that goes on under another definition: what was decided counts, and all that is new is asked in its order."""

from __future__ import annotations

from dealwright.approvals import moves
from dealwright.approvals.carried import carried
from dealwright.approvals.course import Candidate, Course
from dealwright.metadata.approvals import Approval, Need, Rules, Step

PEOPLE = {"a": ["ann"], "b": ["ben"], "c": ["cat"], "d": ["dan", "eve"]}


def flow(*steps: str | Step, **step_map: str) -> Approval:
    found = [one if isinstance(one, Step) else Step(one, one, ()) for one in steps]
    return Approval("t.f", "F", "t.deal", {one.id: one for one in found}, Rules(), step_map=step_map)


def ask(step: Step, before: tuple[str, ...]) -> list[Candidate]:
    return [Candidate(one, "why") for one in PEOPLE[step.id]]


def begun(approval: Approval) -> Course:
    return moves.begin(approval, approval.steps, "req", ask, lambda _: {})


def decide(approval: Approval, course: Course, user: str) -> Course:
    seat = next(one.number for one in course.asked() if one.user == user)
    return moves.decide(approval, course, seat, "approved", ask, lambda _: {})


def over(approval: Approval, course: Course) -> Course:
    return carried(approval, course, approval.steps, ask, lambda _: {})


def told(course: Course) -> list[tuple[str, str]]:
    return [(one.step, one.state) for one in course.live()]


def asked(course: Course) -> list[str]:
    return [one.user for one in course.asked() if course.place(one.place).state == "open"]


def test_a_new_step_after_those_that_are_decided_is_asked_in_its_turn():
    course = over(flow("a", "c", "b"), decide(flow("a", "b"), begun(flow("a", "b")), "ann"))
    assert told(course) == [("a", "approved"), ("c", "open"), ("b", "waiting")]
    assert asked(course) == ["cat"]


def test_who_was_asked_before_the_new_step_came_first_is_asked_again_afterwards_in_the_same_seat():
    new = flow("b", "a")
    course = over(new, begun(flow("a")))
    assert told(course) == [("b", "open"), ("a", "waiting")]
    assert (asked(course), len(course.seats)) == (["ben"], 2)
    course = decide(new, course, "ben")
    assert (asked(course), len(course.seats)) == (["ann"], 2)
    assert decide(new, course, "ann").state == "approved"


def test_a_step_goes_on_as_its_successor_with_what_was_decided_there():
    old = flow(Step("d", "d", (), need=Need("all")), "a")
    course = decide(old, begun(old), "dan")
    new = flow(Step("c", "c", (), need=Need("any")), "b", d="c", a="b")
    course = over(new, course)
    assert told(course) == [("c", "approved"), ("b", "open")]  # one of two is enough now


def test_somebody_added_by_hand_stays_where_he_was_added():
    old = flow("a", "b")
    course = moves.add(old, begun(old), 0, "zoe", "after", "added")
    course = over(flow("a", "c", "b"), course)
    assert [(one.step, one.added_for) for one in course.live()] == [("a", None), ("a", "zoe"), ("c", None), ("b", None)]


def test_steps_that_lead_nowhere_or_meet_in_one_are_named():
    places = [{"step": "a", "past": False, "added_for": None}, {"step": "b", "past": False, "added_for": None}]
    assert flow("a", "b").unfit(places) == []
    assert flow("a").unfit(places) == ["b"]
    assert flow("a", b="a").unfit(places) == ["a", "b"]
    assert flow("c", a="c", b="c").unfit([{**places[0], "past": True}, places[1]]) == []
