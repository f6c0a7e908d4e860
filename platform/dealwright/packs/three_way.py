"""What an upgrade means for each change of the admins: what they saw, what they set, and what the packs say now.

    what the packs say now                            outcome
    what the admin saw                                KEPT        it stands as before
    just what the admin set                           CONVERGED   it is redundant, and can be reset
    something else, and any layer may set it          REVIEW      it stands; somebody should look
    something stricter than what the admin set        TIGHTENED   the stricter value stands
    the same under another name                       MOVED       it follows
    nothing: what it is about is gone                 PARKED      it waits, and comes back with it
    something that it no longer fits                  BLOCKED     it must be reset or changed first

The admin's value is never lost, whatever the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dealwright.metadata.canonical import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.overlaid import Standing
    from dealwright.metadata.patches import Patch

#: What a standing is called in a plan, besides active.
_OUTCOMES: Final[Mapping[str, str]] = {
    "redundant": "CONVERGED",
    "superseded": "TIGHTENED",
    "parked": "PARKED",
    "refused": "BLOCKED",
}
RISKS: Final[Mapping[str, str]] = {
    "KEPT": "safe",
    "MOVED": "safe",
    "CONVERGED": "safe",
    "REVIEW": "review",
    "TIGHTENED": "review",
    "PARKED": "review",
    "BLOCKED": "blocked",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one patch.

    Attributes:
        action: One of :data:`RISKS`.
        path: What it is about, under its new name.
        detail: In words: what it was, what it is, what stands.
    """

    action: str
    path: str
    detail: str


def outcomes(before: Patch, after: Patch, standing: Standing) -> Iterator[Outcome]:
    """Yield what becomes of a patch that stays; two outcomes where it has moved.

    Args:
        before: As it was in force, with what its author saw.
        after: As it shall be.
        standing: What it comes to over the new layers.
    """
    if before.path != after.path:
        yield Outcome("MOVED", before.path, f"it is {after.path} now")
    elif text(before.value) != text(after.value):
        yield Outcome("MOVED", after.path, "it reads fields by their new names")
    if after.op != "set" or standing.state != "active":
        action = _OUTCOMES.get(standing.state, "KEPT")
        yield Outcome(action, after.path, standing.why or "as before")
        return
    saw = text(after.base.value) if after.base is not None else "nothing"
    now = text(standing.below.value) if standing.below is not None else "nothing"
    ours = text(after.value)
    if saw == now:
        yield Outcome("KEPT", after.path, f"{ours} over {now}, which has not changed")
    else:
        whose = standing.below.layer if standing.below is not None else "nobody"
        yield Outcome("REVIEW", after.path, f"{whose} says {now} and no longer {saw}; {ours} stays")
