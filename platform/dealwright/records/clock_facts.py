"""How the clocks of a record stand, for conditions: ``sla.first_response.breached``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.names import namespace_of
from dealwright.records.clocks import calendar_of
from dealwright.sla.clock import MILLI
from dealwright.storage import clocks as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work
    from dealwright.sla import Clock

#: What is known of a policy of which the record has had no clock.
_NONE: Final = {"state": None, "due_at": None, "breached": False, "elapsed": None, "remaining": None}


def load(work: Work, entity: Entity, wanted: Iterable[str], envs: Sequence[dict[str, Any]]) -> None:
    """Fill ``sla.<name>.<what>`` into the envs of records: one statement, and none for new records.

    The clock is the open one of the policy, else the one that started last: ``state`` running, paused, met or cancelled;
    ``due_at``; ``breached``; ``elapsed`` and ``remaining``, in working time where the clock runs by a calendar.
    ``remaining`` is negative for a clock that is over, and empty for one that has ended.
    """
    names = {name: (policy_id(name, entity), name.rpartition(".")[2]) for name in wanted}
    for one in envs:
        one.update({name: _NONE[what] for name, (_, what) in names.items()})
    ids = [str(one["id"]) for one in envs if one.get("id") is not None and not one.get("is_new")]
    if not ids:
        return
    # The oldest first, so that the last one stays; an open clock has started after all that ended.
    found = stored.of_policies(work.connection, ids, sorted({policy for policy, _ in names.values()}))
    latest = {(one.record, one.policy): one for one in found}
    for env in envs:
        shown: dict[str, dict[str, Any]] = {}
        for name, (policy, what) in names.items():
            clock = latest.get((str(env.get("id")), policy))
            if clock is not None:
                if policy not in shown:
                    shown[policy] = _standing(work, clock)
                env[name] = shown[policy][what]


def _standing(work: Work, one: Clock) -> dict[str, Any]:
    elapsed = max(one.elapsed(work.now, calendar_of(work, one)), 0)
    return {
        "state": one.state,
        "due_at": one.due_at,
        "breached": one.breached_at is not None or (one.is_open and elapsed > one.total),
        "elapsed": elapsed * MILLI,
        "remaining": (one.total - elapsed) * MILLI if one.is_open else None,
    }


def policy_id(name: str, entity: Entity) -> str:
    """Return the id of the policy that ``sla.first_response.breached`` names; ``ns__name`` is another pack's."""
    local = name.split(".")[1]
    other, bar, rest = local.partition("__")
    return f"{other}.{rest}" if bar else f"{namespace_of(entity.id)}.{local}"
