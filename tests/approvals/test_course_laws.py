"""Laws of every course, whatever is done with it in whatever order: played by chance on chance definitions."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dealwright.approvals import moves
from dealwright.approvals.course import DONE, Candidate, Course
from dealwright.errors import ConflictError, ForbiddenError
from dealwright.metadata.approvals import Approval, Need, Rules, Step

USERS = ["ann", "ben", "cat", "dan", "eve"]
needs = st.one_of(
    st.sampled_from([Need("any"), Need("all")]),
    st.builds(Need, st.just("count"), st.integers(1, 4)),
    st.builds(Need, st.just("percent"), st.integers(1, 100)),
)


@st.composite
def approvals(draw: Any) -> Approval:
    steps = [
        Step(
            f"s{number}",
            f"Step {number}",
            (),
            group=draw(st.sampled_from([None, None, "g"])),
            need=draw(needs),
            reject=draw(st.sampled_from(["one", "quorum"])),
            nobody=draw(st.sampled_from(["block", "skip", "escalate"])),
            on_timeout=draw(st.sampled_from(["remind", "escalate", "approve", "reject"])),
        )
        for number in range(draw(st.integers(1, 4)))
    ]
    rules = Rules(
        self_approval=draw(st.sampled_from(["allowed", "forbidden"])),
        same_person=draw(st.sampled_from(["once", "each_step"])),
        recall=draw(st.sampled_from(["before_last", "before_first", "never"])),
    )
    return Approval("t.flow", "Flow", "t.deal", {one.id: one for one in steps}, rules)


class CourseLaws(RuleBasedStateMachine):
    """Everything that people, time and changes can do to a course."""

    @initialize(approval=approvals(), data=st.data())
    def begin(self, approval: Approval, data: Any) -> None:
        self.approval = approval
        people = {one: data.draw(st.lists(st.sampled_from(USERS), max_size=4)) for one in approval.steps}
        behalf = data.draw(st.dictionaries(st.sampled_from(USERS), st.sampled_from(USERS), max_size=2))
        self.bosses = data.draw(st.dictionaries(st.sampled_from(USERS), st.sampled_from(USERS), max_size=3))
        self.ask = lambda step, before: [Candidate(one, "why", behalf.get(one)) for one in people[step.id]]
        self.managers = lambda users: {one: self.bosses[one] for one in users if one in self.bosses}
        self.needed = data.draw(st.sets(st.sampled_from(sorted(approval.steps)), min_size=1))
        self.course = moves.begin(approval, self.needed, "ann", self.ask, self.managers)

    def do(self, act: Any) -> None:
        """Do something; what is refused leaves the course as it is."""
        before = self.course
        try:
            after: Course = act()
        except (ConflictError, ForbiddenError):
            return
        assert before.state == "open", "nothing is done after the end"
        self.course = after

    seats = st.integers(0, 30)

    @rule(seat=seats, verdict=st.sampled_from(["approved", "approved", "rejected"]))
    def decide(self, seat: int, verdict: str) -> None:
        self.do(lambda: moves.decide(self.approval, self.course, seat, verdict, self.ask, self.managers))

    @precondition(lambda self: self.course.state == "open")
    @rule(place=st.integers(0, 30))
    def time_out(self, place: int) -> None:
        if place < len(self.course.places):
            self.do(lambda: moves.time_out(self.approval, self.course, place, self.ask, self.managers))

    @rule(user=st.sampled_from(USERS))
    def recall(self, user: str) -> None:
        self.do(lambda: moves.recall(self.approval, self.course, user))

    @rule(seat=seats, to=st.sampled_from(["s0", "s1", "s2"]))
    def give_back(self, seat: int, to: str) -> None:
        self.do(lambda: moves.give_back(self.approval, self.course, seat, to, self.ask, self.managers))

    @rule()
    def restart(self) -> None:
        self.do(lambda: moves.restart(self.approval, self.course, self.needed, self.ask, self.managers))

    @rule(seat=seats, to=st.sampled_from(USERS))
    def hand_over(self, seat: int, to: str) -> None:
        self.do(lambda: moves.hand_over(self.approval, self.course, seat, to, "handed over"))

    @rule(seat=seats, who=st.sampled_from(USERS), where=st.sampled_from(["before", "beside", "after"]))
    def add(self, seat: int, who: str, where: str) -> None:
        self.do(lambda: moves.add(self.approval, self.course, seat, who, where, "added"))

    @rule(place=st.integers(0, 5), who=st.sampled_from(USERS))
    def seat(self, place: int, who: str) -> None:
        if place < len(self.course.places):
            self.do(lambda: moves.seat(self.approval, self.course, place, [Candidate(who, "named")]))

    @invariant()
    def names_are_places_in_lists(self) -> None:
        assert [one.number for one in self.course.seats] == list(range(len(self.course.seats)))
        assert sorted(one.number for one in self.course.places) == list(range(len(self.course.places)))

    @invariant()
    def after_the_end_nobody_is_asked(self) -> None:
        if self.course.state != "open":
            assert self.course.asked() == ()

    @invariant()
    def an_open_course_waits_for_somebody(self) -> None:
        if self.course.state == "open":
            open_places = [one for one in self.course.live() if one.state in ("open", "blocked")]
            assert open_places, "it waits for nobody and never ends"
            for one in open_places:
                assert one.state == "blocked" or any(s.state == "asked" for s in self.course.at(one.number))

    @invariant()
    def it_is_approved_only_if_every_step_was(self) -> None:
        live = [one.state for one in self.course.live()]
        if self.course.state == "approved":
            assert set(live) <= {"approved", "skipped"}
        if "rejected" in live:
            assert self.course.state == "rejected"

    @invariant()
    def a_chair_decides_once(self) -> None:
        decided = Counter(one.chair for one in self.course.seats if one.state in ("approved", "rejected"))
        assert all(count == 1 for count in decided.values())

    @invariant()
    def nobody_sits_twice_at_a_place_or_decides_the_own_request(self) -> None:
        for place in self.course.places:
            users = [one.user for one in self.course.at(place.number)]
            assert len(users) == len(set(users))
        if self.approval.rules.self_approval == "forbidden":
            assert all(self.course.requester not in (one.user, one.behalf) for one in self.course.seats)

    @invariant()
    def only_places_in_turn_are_open(self) -> None:
        ranks = {one.rank for one in self.course.live() if one.state in ("open", "blocked")}
        assert len(ranks) <= 1
        for rank in ranks:
            assert all(one.state in DONE for one in self.course.live() if one.rank < rank)


CourseLaws.TestCase.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
TestCourseLaws = CourseLaws.TestCase
