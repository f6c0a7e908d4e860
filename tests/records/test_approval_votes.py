"""Votes on a real database, two people at once on two connections: each counts once, and nothing after the end.

Hypothesis plays: people decide, hand over, add others, send back, take back and change the record, alone or two at the
same moment. After each move the rows are held against the answers that people were given.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, RecordError
from dealwright.records import Change, approving, save_one
from dealwright.storage import events
from offices import DISCOUNT, Office

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.records import Work

PEOPLE = ("ann", "mia", "fay", "finn", "zoe")
#: The manager, then two of the three in finance, any of whom may close it; begun anew by a change of the discount.
VOTED = {
    **DISCOUNT, "rules": {"restart_on": ["discount"], "same_person": "each_step"},
    "steps": [DISCOUNT["steps"][0], {**DISCOUNT["steps"][1], "reject": "quorum"}],
}  # fmt: skip
#: What somebody can try; most of it decides.
DOINGS = st.sampled_from(
    ["approved", "approved", "approved", "rejected", "hand over", "before", "after", "back", "recall", "change"]
)
MOVES = st.tuples(st.sampled_from(PEOPLE), DOINGS, st.sampled_from(PEOPLE))


def machine(office: Office) -> type[RuleBasedStateMachine]:
    """Return the game, played in this office: each game has an approval of its own."""

    class Votes(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.deal = office.deal()
            self.one = office.asked(self.deal)
            self.votes: Counter[tuple[str, str]] = Counter()
            self.changes = 0
            self.before = office.row(self.one)

        def doing(self, who: str, what: str, to: str) -> Callable[[Work], Any]:
            other = getattr(office, to).id
            if what in ("approved", "rejected"):
                return lambda work: approving.decide(work, self.one, what, comment="so")
            self.changes += 1
            change = Change({"discount": f"{10 + self.changes % 5}.{self.changes:03d}"}, self.deal)
            return {
                "hand over": lambda work: approving.hand_over(work, self.one, to=other),
                "before": lambda work: approving.add(work, self.one, who=other, where="before"),
                "after": lambda work: approving.add(work, self.one, who=other, where="after"),
                "back": lambda work: approving.give_back(work, self.one, to="manager"),
                "recall": lambda work: approving.recall(work, self.one),
                "change": lambda work: save_one(work, "t.deal", change),
            }[what]

        def play(self, move: tuple[str, str, str]) -> tuple[str, str] | None:
            """Do something; return who has decided what, if it was a decision and was taken."""
            who, what, to = move
            try:
                office.act(getattr(office, who), self.doing(who, what, to))
            except (ConflictError, ForbiddenError, NotFoundError, RecordError):
                return None
            return (getattr(office, who).id, what) if what in ("approved", "rejected") else None

        def note(self, *taken: tuple[str, str] | None) -> None:
            self.votes.update(one for one in taken if one is not None)

        @rule(move=MOVES)
        def alone(self, move: tuple[str, str, str]) -> None:
            self.note(self.play(move))

        @rule(moves=st.tuples(MOVES, MOVES))
        def two_at_once(self, moves: tuple[tuple[str, str, str], tuple[str, str, str]]) -> None:
            start, taken, broken = threading.Barrier(2), [], []

            def run(move: tuple[str, str, str]) -> None:
                start.wait()
                try:
                    taken.append(self.play(move))
                except BaseException as error:  # what a thread raises is seen by nobody else
                    broken.append(error)

            threads = [threading.Thread(target=run, args=(move,)) for move in moves]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert broken == []
            assert len(taken) == 2, "one waits for ever"
            self.note(*taken)

        @rule(who=st.sampled_from(PEOPLE))
        def the_same_person_twice_at_once(self, who: str) -> None:
            self.two_at_once(((who, "approved", who), (who, "approved", who)))

        @invariant()
        def each_vote_that_was_taken_is_a_row_and_each_row_a_vote(self) -> None:
            rows = Counter(
                one["user"]
                for one in office.row(self.one).seats
                if one["decided_at"] is not None and not one["counted"]
            )
            votes: Counter[str] = Counter()
            for (user, _), count in self.votes.items():
                votes[user] += count
            assert rows == votes

        @invariant()
        def a_chair_has_decided_once_at_most(self) -> None:
            row = office.row(self.one)
            chairs = Counter(one["chair"] for one in row.seats if one["decided_at"] is not None)
            assert all(count == 1 for count in chairs.values())

        @invariant()
        def nothing_changes_after_the_end_and_it_ends_once(self) -> None:
            row, before = office.row(self.one), self.before
            if before.state != "open":
                assert row == before
            if row.state != "open":
                assert not [one for one in row.seats if one["state"] == "asked"]
                ends = [kind for kind in self.told() if kind in ("approved", "rejected", "recalled", "returned")]
                assert ends == [row.state]
            assert self.told().count("decided") == sum(self.votes.values())
            self.before = row

        @invariant()
        def nobody_decides_the_own_request(self) -> None:
            assert not [one for one in office.row(self.one).seats if office.ann.id in (one["user"], one["behalf"])]

        def told(self) -> list[str]:
            with office.workspace.database.read() as connection:
                found = events.of_records(connection, "t.deal", [self.deal], self.before.asked_at)
            kinds = [one["type"] for one in found if one["data"].get("request") == self.one]
            return [one.removeprefix("approval.") for one in kinds]

    return Votes


def played(database: Any, folder: Any, games: int, moves: int) -> None:
    office = Office(database, folder, VOTED)
    office.zoe = office.person("Zoe", ["t.finance"])
    # A race is not found again by doing less of the same, so nothing is shrunk.
    sizes = settings(
        max_examples=games,
        stateful_step_count=moves,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(lambda: machine(office)(), settings=sizes)


def test_every_vote_counts_once_and_nothing_is_decided_after_the_end(database, tmp_path):
    played(database, tmp_path, games=4, moves=8)


@pytest.mark.nightly
def test_every_vote_counts_once_in_long_games(database, tmp_path):
    played(database, tmp_path, games=150, moves=25)
