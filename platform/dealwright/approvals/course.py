"""The course of one approval, as data: which steps are open, who is asked, and what each has decided.

    Course ── Place (a step on its way)      waiting → open → approved | rejected
          └─ Seat (a person who is asked)                └─ blocked (nobody to ask)       skipped

Seats of one *chair* stand for each other: somebody who stands in for an absent colleague, a manager asked after a
time-out, a colleague it was handed to. One of them decides, and the chair has decided; a quorum counts chairs.
``moves`` has everything that can be done with a course, ``progress`` what follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dealwright.metadata.approvals import Step

#: Ends of a course.
ENDS: Final = frozenset({"approved", "rejected", "recalled", "returned"})
#: States of a place in which nothing more happens to it.
DONE: Final = frozenset({"approved", "rejected", "skipped"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who may decide, and why.

    Attributes:
        behalf: Who should have decided; None if it is the person's own chair.
        why: In the words of the definition, such as ``role sales.manager`` or ``field owner.manager``.
    """

    user: str
    why: str
    behalf: str | None = None


#: Given a step and the ids of those who approved the stretch before, who may decide it.
Ask = Callable[["Step", tuple[str, ...]], Sequence[Candidate]]
#: Given users, the manager of each, or of those who have one: user → manager.
Managers = Callable[[Iterable[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Seat:
    """A person who is, or was, asked at a place.

    Attributes:
        number: Counts up within the course; it names the seat.
        place: Number of the place.
        chair: Seats of one chair stand for each other.
        state: ``asked``, ``approved``, ``rejected``, or ``left``: no longer asked.
        counted: Whether the approval is one of an earlier step that counts here too.
    """

    number: int
    place: int
    chair: int
    user: str
    why: str
    behalf: str | None = None
    state: str = "asked"
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A step on its way.

    Attributes:
        number: Names the place within the course.
        step: Id of the step in the definition.
        rank: Places of the same rank run side by side, smaller ranks before greater ones.
        state: ``waiting``, ``open``, ``blocked``, ``approved``, ``rejected`` or ``skipped``.
        reason: Why it was skipped, or what decided it: ``when``, ``nobody``, ``timeout``, ``votes``.
        added_for: The person it was added for by hand: the only one who is asked there.
        added_why: Why, for that person.
        past: Whether the course has begun anew since: kept to be read, counts no longer.
    """

    number: int
    step: str
    rank: int
    state: str = "waiting"
    reason: str = ""
    added_for: str | None = None
    added_why: str = ""
    past: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """An approval on its way.

    Attributes:
        requester: Id of who asked; None for the platform itself.
        state: ``open``, or one of :data:`ENDS`.
        turn: Counts up each time it begins anew.
    """

    requester: str | None
    places: tuple[Place, ...]
    seats: tuple[Seat, ...] = ()
    state: str = "open"
    turn: int = 1

    def asked(self) -> tuple[Seat, ...]:
        """Return the seats of those who are asked now."""
        return tuple(seat for seat in self.seats if seat.state == "asked")

    def live(self) -> tuple[Place, ...]:
        """Return the places of the present turn."""
        return tuple(one for one in self.places if not one.past)

    def place(self, number: int) -> Place:
        """Return a place by its number."""
        return next(one for one in self.places if one.number == number)

    def at(self, place: int) -> tuple[Seat, ...]:
        """Return the seats of a place that count: those not left."""
        return tuple(seat for seat in self.seats if seat.place == place and seat.state != "left")

    def with_seats(self, seats: Iterable[Seat]) -> Course:
        """Return the course with these seats."""
        return replace(self, seats=tuple(seats))

    def with_place(self, place: Place) -> Course:
        """Return the course with this place in the stead of the one with its number."""
        return replace(self, places=tuple(place if one.number == place.number else one for one in self.places))
