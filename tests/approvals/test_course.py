"""What a decision, a time-out or a change leads to: worked through by hand, one rule a test."""

from __future__ import annotations

from typing import Any

import pytest

from dealwright.approvals import moves
from dealwright.approvals.course import Candidate, Course
from dealwright.errors import ConflictError, ForbiddenError
from dealwright.metadata.approvals import Approval, Need, Rules, Step

#: Who may decide each step of these tests.
PEOPLE = {
    "manager": ["mia"],
    "finance": ["fay", "finn", "flo"],
    "legal": ["lee"],
    "nobody": [],
}
BOSSES = {"mia": "boss", "fay": "boss", "finn": "boss", "flo": "cfo", "ann": "mia"}


def ask(step: Step, before: tuple[str, ...]) -> list[Candidate]:
    return [Candidate(user, f"role {step.id}") for user in PEOPLE[step.id]]


def managers(users: Any) -> dict[str, str]:
    return {user: BOSSES[user] for user in users if user in BOSSES}


def flow(*steps: Step, **rules: Any) -> Approval:
    return Approval("t.flow", "Flow", "t.deal", {one.id: one for one in steps}, Rules(**rules))


def step(name: str, **more: Any) -> Step:
    return Step(name, name.title(), (), **more)


def begun(approval: Approval, requester: str | None = "ann", without: tuple[str, ...] = ()) -> Course:
    return moves.begin(approval, set(approval.steps) - set(without), requester, ask, managers)


def decide(approval: Approval, course: Course, user: str, verdict: str = "approved") -> Course:
    seat = next(one for one in course.asked() if one.user == user)
    return moves.decide(approval, course, seat.number, verdict, ask, managers)


def asked(course: Course) -> list[str]:
    return [one.user for one in course.asked()]


def states(course: Course) -> dict[str, str]:
    return {one.step: one.state for one in course.live()}


def test_steps_follow_each_other_and_the_last_one_approves_the_whole() -> None:
    approval = flow(step("manager"), step("legal"))
    course = begun(approval)
    assert (asked(course), course.state) == (["mia"], "open")
    course = decide(approval, course, "mia")
    assert (asked(course), states(course)) == (["lee"], {"manager": "approved", "legal": "open"})
    course = decide(approval, course, "lee")
    assert (asked(course), course.state) == ([], "approved")


def test_steps_of_a_group_run_side_by_side() -> None:
    approval = flow(step("manager", group="g"), step("legal", group="g"), step("finance"))
    course = begun(approval)
    assert asked(course) == ["mia", "lee"]
    course = decide(approval, course, "lee")
    assert states(course) == {"manager": "open", "legal": "approved", "finance": "waiting"}
    assert asked(decide(approval, course, "mia")) == ["fay", "finn", "flo"]


def test_a_step_whose_condition_does_not_hold_is_passed_over() -> None:
    approval = flow(step("manager"), step("legal"))
    course = begun(approval, without=("manager",))
    assert (asked(course), states(course)["manager"], course.places[0].reason) == (["lee"], "skipped", "when")
    assert begun(approval, without=("manager", "legal")).state == "approved"


@pytest.mark.parametrize(
    ("need", "enough"), [(Need("any"), 1), (Need("all"), 3), (Need("count", 2), 2), (Need("percent", 60), 2)]
)
def test_a_step_is_approved_when_as_many_as_it_needs_have_approved(need: Need, enough: int) -> None:
    approval = flow(step("finance", need=need))
    course = begun(approval)
    for number, user in enumerate(PEOPLE["finance"][:enough], start=1):
        assert course.state == "open"
        course = decide(approval, course, user)
        assert (course.state == "approved") == (number == enough)
    assert asked(course) == []


@pytest.mark.parametrize(
    ("percent", "people", "needed"),
    [(50, 3, 2), (50, 4, 2), (51, 4, 3), (100, 3, 3), (1, 3, 1), (34, 3, 2), (33, 3, 1)],
)
def test_a_part_of_those_asked_is_rounded_up(percent: int, people: int, needed: int) -> None:
    assert Need("percent", percent).of(people) == needed


def test_one_rejection_ends_a_step_that_says_so_and_the_whole() -> None:
    approval = flow(step("finance", need=Need("all")), step("legal"))
    course = decide(approval, begun(approval), "finn", "rejected")
    assert (course.state, states(course), asked(course)) == (
        "rejected",
        {"finance": "rejected", "legal": "waiting"},
        [],
    )


def test_with_a_quorum_a_step_is_rejected_only_when_it_can_no_longer_be_reached() -> None:
    approval = flow(step("finance", need=Need("count", 2), reject="quorum"))
    course = decide(approval, begun(approval), "fay", "rejected")
    assert course.state == "open"  # finn and flo are two
    assert decide(approval, course, "finn", "rejected").state == "rejected"
    assert decide(approval, decide(approval, course, "finn"), "flo").state == "approved"


def test_who_asks_does_not_decide_and_nobody_decides_for_that_person() -> None:
    approval = flow(step("finance"))
    assert asked(begun(approval, requester="fay")) == ["finn", "flo"]
    stands_in = moves.begin(approval, ["finance"], "fay", lambda *_: [Candidate("lee", "delegate", "fay")], managers)
    assert stands_in.places[0].state == "blocked"
    assert asked(begun(flow(step("finance"), self_approval="allowed"), requester="fay")) == ["fay", "finn", "flo"]


@pytest.mark.parametrize(
    ("nobody", "state", "who"), [("block", "blocked", []), ("skip", "skipped", []), ("escalate", "open", ["mia"])]
)
def test_a_step_with_nobody_to_ask_has_a_declared_answer(nobody: str, state: str, who: list[str]) -> None:
    course = begun(flow(step("nobody", nobody=nobody)))
    assert (states(course)["nobody"], asked(course)) == (state, who)
    assert course.state == ("approved" if nobody == "skip" else "open")


def test_a_blocked_step_goes_on_when_somebody_is_named() -> None:
    approval = flow(step("nobody"))
    course = moves.seat(approval, begun(approval), 0, [Candidate("lee", "named by the administrator")])
    assert asked(course) == ["lee"]
    assert decide(approval, course, "lee").state == "approved"
    with pytest.raises(ConflictError):
        moves.seat(approval, course, 0, [Candidate("mia", "")])


def test_an_approval_counts_in_later_steps_of_the_same_person_unless_each_step_asks() -> None:
    PEOPLE["again"] = ["mia", "lee"]
    once = flow(step("manager"), step("again", need=Need("all")))
    course = decide(once, begun(once), "mia")
    assert asked(course) == ["lee"]
    assert [one.counted for one in course.seats if one.user == "mia"] == [False, True]
    each = flow(step("manager"), step("again", need=Need("all")), same_person="each_step")
    assert asked(decide(each, begun(each), "mia")) == ["mia", "lee"]


def test_nothing_is_decided_twice_or_after_the_end() -> None:
    approval = flow(step("finance"))
    course = begun(approval)
    seats = {one.user: one.number for one in course.seats}
    done = decide(approval, course, "fay")
    for user in ("fay", "finn"):
        with pytest.raises(ConflictError, match="has ended"):
            moves.decide(approval, done, seats[user], "approved", ask, managers)
    both = flow(step("finance", need=Need("all")))
    course = decide(both, begun(both), "fay")
    with pytest.raises(ConflictError, match="decided this already"):
        moves.decide(both, course, seats["fay"], "rejected", ask, managers)


def test_a_time_out_reminds_asks_managers_approves_or_rejects() -> None:
    for answer, state in (("remind", "open"), ("approve", "approved"), ("reject", "rejected")):
        approval = flow(step("finance", on_timeout=answer))
        assert moves.time_out(approval, begun(approval), 0, ask, managers).state == state
    approval = flow(step("finance", need=Need("all"), on_timeout="escalate"))
    course = decide(approval, begun(approval), "fay")
    course = moves.time_out(approval, course, 0, ask, managers)
    assert asked(course) == ["finn", "flo", "boss", "cfo"]
    assert moves.time_out(approval, course, 0, ask, managers) == course  # once for each chair
    course = decide(approval, course, "boss")  # in the chair of finn
    assert asked(course) == ["flo", "cfo"]
    assert decide(approval, course, "flo").state == "approved"


def test_who_asked_takes_it_back_until_the_last_decision_as_far_as_the_rules_say() -> None:
    approval = flow(step("manager"), step("legal"))
    course = decide(approval, begun(approval), "mia")
    back = moves.recall(approval, course, "ann")
    assert (back.state, asked(back)) == ("recalled", [])
    with pytest.raises(ForbiddenError):
        moves.recall(approval, course, "mia")
    with pytest.raises(ConflictError, match="has ended"):
        moves.recall(approval, decide(approval, course, "lee"), "ann")
    early = flow(step("manager"), step("legal"), recall="before_first")
    assert moves.recall(early, begun(early), "ann").state == "recalled"
    with pytest.raises(ConflictError, match="cannot be taken back"):
        moves.recall(early, decide(early, begun(early), "mia"), "ann")


def test_it_is_sent_back_to_an_earlier_step_whose_people_are_asked_anew() -> None:
    approval = flow(step("manager"), step("finance", need=Need("all")), step("legal"))
    course = begun(approval)
    for user in ("mia", "fay", "finn", "flo"):
        course = decide(approval, course, user)
    lee = course.asked()[0].number
    again = moves.give_back(approval, course, lee, "finance", ask, managers)
    assert (asked(again), again.turn) == (["fay", "finn", "flo"], 2)
    assert states(again) == {"manager": "approved", "finance": "open", "legal": "waiting"}
    assert moves.give_back(approval, course, lee, None, ask, managers).state == "returned"
    with pytest.raises(ConflictError, match="Manager, Finance"):
        moves.give_back(approval, course, lee, "legal", ask, managers)


def test_a_change_begins_it_anew_and_nothing_decided_before_counts() -> None:
    approval = flow(step("manager"), step("legal"))
    course = decide(approval, begun(approval), "mia")
    course = moves.restart(approval, course, ["manager", "legal"], ask, managers)
    assert (asked(course), states(course), course.turn) == (["mia"], {"manager": "open", "legal": "waiting"}, 2)
    course = decide(approval, decide(approval, course, "mia"), "lee")
    assert course.state == "approved"
    assert [one.state for one in course.places] == ["approved", "open", "approved", "approved"]
    assert [one.past for one in course.places] == [True, True, False, False]


def test_a_chair_is_handed_over_and_the_first_person_is_asked_no_more() -> None:
    approval = flow(step("finance", need=Need("all")))
    course = begun(approval)
    course = moves.hand_over(approval, course, course.seats[0].number, "lee", "handed over by fay")
    assert asked(course) == ["finn", "flo", "lee"]
    assert course.seats[-1].behalf == "fay"
    for user in ("finn", "flo", "lee"):
        course = decide(approval, course, user)
    assert course.state == "approved"
    with pytest.raises(ForbiddenError):
        moves.hand_over(approval, begun(approval), 0, "ann", "")
    with pytest.raises(ConflictError, match="asked here already"):
        moves.hand_over(approval, begun(approval), 0, "finn", "")


def test_somebody_is_added_before_beside_or_after() -> None:
    approval = flow(step("manager"), step("finance"))
    course = begun(approval)
    before = moves.add(approval, course, 0, "lee", "before", "added by mia")
    assert [one.user for one in before.asked() if before.place(one.place).state == "open"] == ["lee"]
    with pytest.raises(ConflictError, match="before"):
        moves.decide(approval, before, 0, "approved", ask, managers)
    before = decide(approval, before, "lee")
    assert [one.user for one in before.asked() if before.place(one.place).state == "open"] == ["mia"]
    assert asked(decide(approval, before, "mia")) == ["fay", "finn", "flo"]

    after = decide(approval, moves.add(approval, course, 0, "lee", "after", "added by mia"), "mia")
    assert asked(after) == ["lee"]
    assert asked(decide(approval, after, "lee")) == ["fay", "finn", "flo"]

    every = flow(step("manager", need=Need("all")))
    beside = moves.add(every, begun(every), 0, "lee", "beside", "added by mia")
    assert asked(beside) == ["mia", "lee"]
    assert decide(every, decide(every, beside, "mia"), "lee").state == "approved"


def test_a_rejection_of_somebody_added_rejects_the_whole() -> None:
    approval = flow(step("manager"))
    course = moves.add(approval, begun(approval), 0, "lee", "before", "added by mia")
    assert decide(approval, course, "lee", "rejected").state == "rejected"


def test_an_approval_that_counts_decides_the_whole_chair() -> None:
    PEOPLE["top"] = ["boss"]
    approval = flow(step("top", group="g"), step("finance", group="g", need=Need("all"), on_timeout="escalate"))
    course = moves.time_out(approval, begun(approval), 1, ask, managers)
    assert asked(course) == ["boss", "fay", "finn", "flo", "boss", "cfo"]  # boss also in the chair of fay, cfo of flo
    course = decide(approval, course, "boss")
    assert states(course) == {"top": "approved", "finance": "open"}
    assert asked(course) == ["finn", "flo", "cfo"]
