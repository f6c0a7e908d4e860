"""Tasks that one person gets on one day: as many as the action says, and one more that stands for all others.

A rule that looks at thousands of records at once, a week after a large import, buries nobody in tasks. Who has had how many
is kept beside ``once_per``: each task of the day claims a place of the person, so no two servers hand out one place twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dealwright import actions
from dealwright.records.follow import Asked
from dealwright.storage import firings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.records.work import Work

#: What an outcome says of a task that was not made because the person has enough of them for the day.
GATHERED: Final = "gathered"
#: The place of the one that stands for the others.
_REST: Final = "rest"
#: The longest day of a zone, and one hour to spare.
_A_DAY: Final = timedelta(hours=26)


def kept(work: Work, asked: Sequence[Asked]) -> list[Asked]:
    """Return what is to be done: of bounded records as many as there are places left, and one for those that are left out.

    Two statements for each rule with a bound, none where there is none.
    """
    by_rule: dict[tuple[str, str, int], list[tuple[Asked, actions.Bound]]] = {}
    for one in asked:
        if isinstance(one.effect, actions.CreateRecord) and one.effect.bound is not None:
            key = (one.decision.rule, one.decision.rule_version, one.index)
            by_rule.setdefault(key, []).append((one, one.effect.bound))
    if not by_rule:
        return list(asked)
    left_out: set[int] = set()
    stand_in: dict[int, Asked] = {}
    for (rule, version, index), some in by_rule.items():
        for first, others in _of_people(work, rule, version, index, some):
            left_out.update(id(one) for one in others)
            if first is not None:
                stand_in[id(others[0])] = first
    return [found for one in asked if (found := stand_in.get(id(one)) if id(one) in left_out else one) is not None]


def _of_people(
    work: Work, rule: str, version: str, index: int, asked: Sequence[tuple[Asked, actions.Bound]]
) -> list[tuple[Asked | None, list[Asked]]]:
    """Return for each person who has too many those that are left out, and what stands for them if nothing does yet."""
    people: dict[str, list[tuple[Asked, actions.Bound]]] = {}
    for one in asked:
        people.setdefault(one[1].person, []).append(one)
    day = f"{work.env['today()']}#{index}#"
    had = firings.taken(work.connection, rule, sorted(people), since=work.now - _A_DAY)
    wanted = []
    for person, some in people.items():
        places = [*range(some[0][1].at_most), _REST]
        free = [f"{day}{place}" for place in places if f"{day}{place}" not in set(had.get(person, ()))]
        ordinary = [place for place in free if not place.endswith(_REST)][: len(some)]
        rest = [place for place in free if place.endswith(_REST)] if len(ordinary) < len(some) else []
        # The decision whose task takes the place; the last ones are those that are left out.
        for place, (holder, _) in zip([*ordinary, *rest], some, strict=False):
            wanted.append((rule, version, person, place, holder.decision.id, work.now))
    taken = {(person, window) for _, _, person, window in firings.claim(work.connection, wanted)} if wanted else set()
    found: list[tuple[Asked | None, list[Asked]]] = []
    for person, some in people.items():
        places = [window for who, window in taken if who == person]
        room = sum(not place.endswith(_REST) for place in places)
        if others := [each for each, _ in some[room:]]:
            bound = some[room][1]
            first = _for_all(others[0], bound) if any(place.endswith(_REST) for place in places) else None
            found.append((first, others))
            for left in others:
                left.outcomes.append({"action": left.index, "do": "create_task", "code": GATHERED})
    return found


def _for_all(one: Asked, bound: actions.Bound) -> Asked:
    """Return the record that stands for all others, asked for by the first of them."""
    return Asked(
        actions.CreateRecord("base.task", bound.rest), one.decision, one.index, one.number, one.depth, one.outcomes
    )
