"""The matcher in Python: asks each condition. It defines what is right, and serves wherever the C library does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealwright.rules.facts import Env
    from dealwright.rules.ruleset import Prepared


class Answer(NamedTuple):
    """What became of a rule's condition.

    Attributes:
        holds: Whether it holds; a rule without a condition always does.
        truth: Whether each of its comparisons holds, in the order of its text.
    """

    holds: bool
    truth: tuple[bool, ...]


_ALWAYS = Answer(True, ())


def answers(group: Iterable[Prepared], env: Env) -> list[Answer]:
    """Return the answer for each rule of ``group``, in its order."""
    return [_answer(one, env) for one in group]


def _answer(one: Prepared, env: Env) -> Answer:
    if one.condition is None:
        return _ALWAYS
    return Answer(one.condition.evaluate(env) is True, tuple([holds(env) for holds in one.comparisons]))
