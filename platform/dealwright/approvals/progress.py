"""How a course goes on by itself: what is decided is closed, what comes next begins, until somebody must decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from dealwright.approvals.course import DONE, Candidate, Course, Place, Seat

if TYPE_CHECKING:
    from dealwright.approvals.course import Ask, Managers
    from dealwright.metadata.approvals import Approval


def advanced(approval: Approval, course: Course, ask: Ask, managers: Managers) -> Course:
    """Settle what is decided, and begin what comes next, until somebody must decide or it has ended."""
    while True:
        course = _settled(approval, course)
        if any(one.state == "rejected" for one in course.live()):
            return ended(course, "rejected")
        rank = min((one.rank for one in course.live() if one.state not in DONE), default=None)
        if rank is None:
            return ended(course, "approved")
        waiting = [one for one in course.live() if one.rank == rank and one.state == "waiting"]
        if not waiting:
            return course
        for one in waiting:
            course = opened(approval, course, one.number, ask, managers)


def opened(approval: Approval, course: Course, number: int, ask: Ask, managers: Managers) -> Course:
    """Return the course with a place begun: people are asked, or it is passed over, or it waits for somebody."""
    here = course.place(number)
    step = approval.steps[here.step]
    there = course.at(number)
    if there:  # it was paused for somebody who was to decide before
        return course.with_place(replace(here, state="open"))
    if here.added_for is not None:
        people: Sequence[Candidate] = (Candidate(here.added_for, here.added_why),)
    else:
        people = ask(step, _before(course, here.rank))
    fit = able(approval, course, people)
    if not fit and step.nobody == "skip" and here.added_for is None:
        return course.with_place(replace(here, state="skipped", reason="nobody"))
    if not fit and step.nobody == "escalate":
        below = [one.user for one in people] or [one for one in (course.requester,) if one]
        above = managers(below)
        fit = able(approval, course, [Candidate(to, f"manager of {of}") for of, to in above.items()])
    if not fit:
        return course.with_place(replace(here, state="blocked", reason="nobody"))
    course = seated(course, number, fit)
    course = course.with_place(replace(here, state="open"))
    return _counted(approval, course)


def able(approval: Approval, course: Course, people: Iterable[Candidate]) -> list[Candidate]:
    """Return those who may decide, each once: not who asked, nor anybody on that person's behalf, where forbidden."""
    found: dict[str, Candidate] = {}
    for one in people:
        own = course.requester is not None and course.requester in (one.user, one.behalf)
        if not (own and approval.rules.self_approval == "forbidden"):
            kept = found.setdefault(one.user, one)
            if kept.behalf is not None and one.behalf is None:
                found[one.user] = one  # in one's own right rather than for somebody else
    return list(found.values())


def seated(course: Course, place: int, people: Iterable[Candidate]) -> Course:
    """Return the course with a chair for each of these people at a place."""
    chair = 1 + max((one.chair for one in course.seats), default=-1)
    start = len(course.seats)
    new = [Seat(start + n, place, chair + n, one.user, one.why, one.behalf) for n, one in enumerate(people)]
    return course.with_seats((*course.seats, *new))


def _counted(approval: Approval, course: Course) -> Course:
    """Let the approval of somebody who has approved a place of this turn count wherever that person is asked."""
    if approval.rules.same_person != "once":
        return course
    live = {one.number for one in course.live() if one.state in ("open", "approved")}
    have = {one.user for one in course.seats if one.state == "approved" and one.place in live}
    now = {
        one.number: one.chair
        for one in course.seats
        if one.state == "asked" and one.user in have and course.place(one.place).added_for is None
    }
    chairs = set(now.values())
    return course.with_seats(
        replace(one, state="approved", counted=True)
        if one.number in now
        else replace(one, state="left")
        if one.state == "asked" and one.chair in chairs
        else one
        for one in course.seats
    )


def _settled(approval: Approval, course: Course) -> Course:
    """Close each open place whose decision is clear; nobody is asked there any more."""
    course = _counted(approval, course)
    for here in course.live():
        if here.state != "open":
            continue
        step = approval.steps[here.step]
        chairs = {chair: {one.state for one in seats} for chair, seats in _by_chair(course.at(here.number))}
        approved = sum("approved" in states for states in chairs.values())
        rejected = sum("rejected" in states for states in chairs.values())
        needed = 1 if here.added_for is not None else step.need.of(len(chairs))
        if (step.reject == "one" and rejected) or len(chairs) - rejected < needed:
            course = _closed(course, replace(here, state="rejected", reason="votes"))
        elif approved >= needed:
            course = _closed(course, replace(here, state="approved", reason="votes"))
    for here in course.live():
        if here.state in DONE:
            course = _closed(course, here)
    return course


def _by_chair(seats: Iterable[Seat]) -> Iterable[tuple[int, list[Seat]]]:
    ordered = sorted(seats, key=lambda one: one.chair)
    return [(chair, list(some)) for chair, some in groupby(ordered, key=lambda one: one.chair)]


def _closed(course: Course, here: Place) -> Course:
    course = course.with_place(here)
    return course.with_seats(
        (
            replace(one, state="left") if one.place == here.number and one.state == "asked" else one
            for one in course.seats
        ),
    )


def escalated(approval: Approval, course: Course, place: int, managers: Managers) -> Course:
    """Return the course with the managers of those who have not answered asked beside them, in the same chairs."""
    open_seats = [one for one in course.at(place) if one.state == "asked"]
    sizes = {chair: len(seats) for chair, seats in _by_chair(course.at(place))}
    alone = [one for one in open_seats if sizes[one.chair] == 1]
    above = managers([one.behalf or one.user for one in alone])
    present = {one.user for one in course.at(place)}
    seats = list(course.seats)
    for one in alone:
        to = above.get(one.behalf or one.user)
        if to is not None and to not in present and able(approval, course, [Candidate(to, "")]):
            present.add(to)
            seats.append(Seat(len(seats), place, one.chair, to, "escalated", one.behalf or one.user))
    return course.with_seats(seats)


def _before(course: Course, rank: int) -> tuple[str, ...]:
    """Return who approved the nearest places before ``rank`` that were approved by people."""
    ranks = sorted({one.rank for one in course.live() if one.rank < rank and one.state == "approved"}, reverse=True)
    for near in ranks:
        numbers = {one.number for one in course.places if one.rank == near}
        people = tuple(one.user for one in course.seats if one.place in numbers and one.state == "approved")
        if people:
            return people
    return ()


def reset(course: Course, *, from_rank: int) -> Course:
    """Return the course with everything from a rank on undone: those places wait, and nobody sits there."""
    again = {one.number for one in course.live() if one.rank >= from_rank and one.reason != "when"}
    places = tuple(replace(one, state="waiting", reason="") if one.number in again else one for one in course.places)
    seats = tuple(replace(one, state="left") if one.place in again else one for one in course.seats)
    return replace(course, places=places, seats=seats, turn=course.turn + 1)


def paused(course: Course, rank: int) -> Course:
    """Return the course with the open places of a rank waiting; who was asked there stays so."""
    places = (
        replace(one, state="waiting") if one.rank == rank and one.state == "open" else one for one in course.places
    )
    return replace(course, places=tuple(places))


def ended(course: Course, state: str) -> Course:
    """Return the course at its end; nobody is asked any more."""
    course = course.with_seats(replace(one, state="left") if one.state == "asked" else one for one in course.seats)
    return replace(course, state=state)
