"""Everything that can be done with a course: begin, decide, time out, take back, send back, hand over, add. Pure.

Every function takes a course and returns the next one; nothing is read or written here. Who may decide a step is asked
of the caller (:data:`~dealwright.approvals.course.Ask`) at the moment when the step begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dealwright.approvals import progress
from dealwright.approvals.course import Candidate, Course, Place, Seat
from dealwright.approvals.texts import ended, say
from dealwright.errors import ConflictError, ForbiddenError

if TYPE_CHECKING:
    from dealwright.approvals.course import Ask, Managers
    from dealwright.metadata.approvals import Approval

#: People who may be added to one course by hand, so that nobody makes it endless.
MOST_ADDED: Final = 20


def begin(approval: Approval, needed: Iterable[str], requester: str | None, ask: Ask, managers: Managers) -> Course:
    """Return the course of an approval that is asked for.

    Args:
        approval: The definition.
        needed: Ids of the steps whose condition holds.
        requester: Who asks.
        ask: Who may decide a step.
        managers: Who stands above whom.

    Returns:
        A course; it is approved at once if no step needs a decision.
    """
    wanted = set(needed)
    places = [
        Place(number, step.id, rank, "waiting" if step.id in wanted else "skipped", "" if step.id in wanted else "when")
        for number, (rank, step) in enumerate(
            (rank, step) for rank, stretch in enumerate(approval.stretches()) for step in stretch
        )
    ]
    return progress.advanced(approval, Course(requester, tuple(places)), ask, managers)


def decide(approval: Approval, course: Course, seat: int, verdict: str, ask: Ask, managers: Managers) -> Course:
    """Return the course after the person of a seat has approved or rejected.

    Args:
        approval: The definition.
        course: As it is.
        seat: Number of the seat.
        verdict: ``approved`` or ``rejected``.
        ask: Who may decide the steps that begin now.
        managers: Who stands above whom.

    Raises:
        ConflictError: If the course has ended, or the seat has decided or is asked no longer.
    """
    present = _of(course, seat)
    course = course.with_seats(
        (
            replace(one, state=verdict)
            if one.number == seat
            else replace(one, state="left")
            if one.chair == present.chair and one.state == "asked"
            else one
            for one in course.seats
        ),
    )
    return progress.advanced(approval, course, ask, managers)


def time_out(approval: Approval, course: Course, place: int, ask: Ask, managers: Managers) -> Course:
    """Return the course after a place was not decided in time; the same one if only reminders follow.

    Managers are asked beside those who have not answered, once for each chair; whoever decides first decides.
    """
    here = course.place(place)
    step = approval.steps[here.step]
    if course.state != "open" or here.state != "open":
        return course
    match step.on_timeout:
        case "approve" | "reject":
            state = "approved" if step.on_timeout == "approve" else "rejected"
            course = course.with_place(replace(here, state=state, reason="timeout"))
            return progress.advanced(approval, course, ask, managers)
        case "escalate":
            return progress.escalated(approval, course, place, managers)
        case _:
            return course


def recall(approval: Approval, course: Course, user: str | None) -> Course:
    """Return the course after who asked has taken it back.

    Raises:
        ConflictError: If it has ended, or has come too far.
        ForbiddenError: If somebody else asks.
    """
    _must_be_open(course)
    if user is None or user != course.requester:
        raise ForbiddenError(say("not-yours"))
    live = {one.number for one in course.live()}
    decided = any(one.state in ("approved", "rejected") for one in course.seats if one.place in live)
    if approval.rules.recall == "never" or (approval.rules.recall == "before_first" and decided):
        raise ConflictError(say("too-late"))
    return progress.ended(course, "recalled")


def end(course: Course, state: str) -> Course:
    """Return the course ended by the platform: what it was about is gone, or needs it no longer."""
    _must_be_open(course)
    return progress.ended(course, state)


def give_back(approval: Approval, course: Course, seat: int, to: str | None, ask: Ask, managers: Managers) -> Course:
    """Return the course after the person of a seat has sent it back: to an earlier step, or to who asked (None).

    What was decided from that step on counts no longer; those people are asked anew.

    Raises:
        ConflictError: If the seat is asked no longer, or the step does not lie before the seat's own.
    """
    present = _of(course, seat)
    if to is None:
        return progress.ended(course, "returned")
    here = course.place(present.place)
    found = [one for one in course.live() if one.step == to and one.rank < here.rank and one.state == "approved"]
    if not found:
        earlier = dict.fromkeys(one.step for one in course.live() if one.rank < here.rank and one.state == "approved")
        titles = ", ".join(approval.steps[one].title for one in earlier)
        raise ConflictError(say("back-to-steps" if titles else "back-to", titles=titles, to=to[:40]))
    return progress.advanced(approval, progress.reset(course, from_rank=found[0].rank), ask, managers)


def restart(approval: Approval, course: Course, needed: Iterable[str], ask: Ask, managers: Managers) -> Course:
    """Return the course begun anew, because what was approved has changed; ``needed`` as for :func:`begin`.

    What was decided before stays to be read, and counts no longer.

    Raises:
        ConflictError: If the course has ended.
    """
    _must_be_open(course)
    fresh = begin(approval, needed, course.requester, ask, managers)
    seats, places = len(course.seats), len(course.places)
    chairs = 1 + max((one.chair for one in course.seats), default=-1)
    ranks = 1 + max((one.rank for one in course.places), default=-1)
    gone = (replace(one, state="left") if one.state == "asked" else one for one in course.seats)
    past = (replace(one, past=True) for one in course.places)
    return replace(
        fresh,
        places=(*past, *(replace(one, number=one.number + places, rank=one.rank + ranks) for one in fresh.places)),
        seats=(
            *gone,
            *(
                replace(one, number=one.number + seats, place=one.place + places, chair=one.chair + chairs)
                for one in fresh.seats
            ),
        ),
        turn=course.turn + 1,
    )


def hand_over(approval: Approval, course: Course, seat: int, to: str, why: str) -> Course:
    """Return the course with another person in the chair of a seat.

    Raises:
        ConflictError: If the seat is asked no longer, or the other is asked at this place already.
        ForbiddenError: If the other may not decide: who asked, where that is forbidden.
    """
    present = _of(course, seat)
    _must_be_able(approval, course, present.place, to)
    seats = [replace(one, state="left") if one.number == seat else one for one in course.seats]
    behalf = present.behalf or present.user
    return course.with_seats((*seats, Seat(len(seats), present.place, present.chair, to, why, behalf)))


def add(approval: Approval, course: Course, seat: int, who: str, where: str, why: str) -> Course:
    """Return the course with one more person who must approve.

    Args:
        approval: The definition.
        course: As it is.
        seat: Seat of the person who adds.
        who: The person added.
        where: ``before``: the present place waits until that person has approved; ``beside``: one more chair at this
            place; ``after``: that person is asked when the present place is approved.
        why: Such as ``added by Ann``.

    Raises:
        ConflictError: As :func:`hand_over`, or if more than ``MOST_ADDED`` people were added.
    """
    present = _of(course, seat)
    here = course.place(present.place)
    if sum(1 for one in course.places if one.added_for) >= MOST_ADDED:
        raise ConflictError(say("too-many", count=MOST_ADDED))
    if where == "beside":
        _must_be_able(approval, course, present.place, who)
        chair = 1 + max(one.chair for one in course.seats)
        return course.with_seats((*course.seats, Seat(len(course.seats), here.number, chair, who, why)))
    if who == course.requester and approval.rules.self_approval == "forbidden":
        raise ForbiddenError(say("own-request"))
    number = len(course.places)
    shift = here.rank if where == "before" else here.rank + 1
    places = [replace(one, rank=one.rank + 1) if one.rank >= shift else one for one in course.places]
    extra = Place(number, here.step, shift, added_for=who, added_why=why)
    course = replace(course, places=tuple(sorted((*places, extra), key=lambda one: (one.rank, one.number))))
    if where == "after":
        return course
    return progress.opened(approval, progress.paused(course, shift + 1), number, lambda *_: (), lambda _: {})


def seat(approval: Approval, course: Course, place: int, people: Sequence[Candidate]) -> Course:
    """Return the course with people asked at a blocked place: what an administrator does about it.

    Raises:
        ConflictError: If the place is not blocked.
        ForbiddenError: If none of ``people`` may decide.
    """
    _must_be_open(course)
    here = course.place(place)
    if here.state != "blocked":
        raise ConflictError(say("nobody-wanted"))
    fit = progress.able(approval, course, people)
    if not fit:
        raise ForbiddenError(say("own-request"))
    return progress.seated(course, place, fit).with_place(replace(here, state="open", reason=""))


def _must_be_open(course: Course) -> None:
    if course.state != "open":
        raise ConflictError(ended(course.state))


def _of(course: Course, number: int) -> Seat:
    _must_be_open(course)
    found = next((one for one in course.seats if one.number == number), None)
    if found is None or found.state == "left":
        raise ConflictError(say("elsewhere"))
    if found.state != "asked":
        raise ConflictError(say("decided"))
    if course.place(found.place).state != "open":
        raise ConflictError(say("waits"))
    return found


def _must_be_able(approval: Approval, course: Course, place: int, who: str) -> None:
    if not progress.able(approval, course, [Candidate(who, "")]):
        raise ForbiddenError(say("own-request"))
    if any(one.user == who for one in course.at(place)):
        raise ConflictError(say("there-already"))
