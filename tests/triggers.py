"""A rule of each kind of trigger, each with a threshold: for tests of what happens below, at and above it.

A deal is for the rule of its name, and its code tells deals of one name apart; what a rule does is a task with the code.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock
from dealwright.errors import ConflictError
from dealwright.records import Change, Work, approving, move_one, save_one, scheduled, send
from worlds import DEAL, made, opened, person, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from dealwright.records import Workspace
    from dealwright.storage import Database

#: When the monthly run is, and when what waits for a moment has waited just long enough.
RUN = datetime(2026, 1, 31, 23, tzinfo=UTC)
#: When the months of trends are complete.
MONTH = datetime(2026, 2, 1, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
DAY = timedelta(days=1)

#: What happens, or is asked for, at once; and what time brings.
AT_ONCE = ("record", "stage", "event", "count", "approval")
BY_TIME = ("idle", "after", "schedule", "trend", "sla", "deadline")
KINDS = (*AT_ONCE, *BY_TIME)
CASES = ("below", "at", "above")
#: Of what a number is compared with: just below, at and just above 100.
NUMBERS = {"below": "99.99", "at": "100", "above": "100.01"}

#: ``on`` of each kind, and what its ``if`` asks besides the name.
ON: dict[str, tuple[dict[str, Any], str]] = {
    "record": ({"record": {"events": ["created"]}}, "amount >= 100"),
    "stage": ({"stage": {"entered": "offer"}}, "amount >= 100"),
    "event": ({"event": {"type": "call.made"}}, "event.seconds >= 60"),
    "count": ({"count": {"event": "engagement.opened", "at_least": 3, "within": "P90D"}}, ""),
    "approval": ({"approval": {"approval": "t.two", "event": "approved"}}, ""),
    "idle": ({"idle": {"of": "last_activity_at", "for": "P7D"}}, ""),
    "after": ({"after": {"field": "created_at", "offset": "P1D"}}, ""),
    "schedule": ({"schedule": {"every": "month", "on": "last", "at": "23:00", "filter": "amount >= 100"}}, ""),
    "sla": ({"sla": {"policy": "t.reply", "event": "breached"}}, ""),
    "deadline": ({"deadline": {"deadline": "t.report", "event": "missed"}}, ""),
}


def rule(kind: str) -> dict[str, Any]:
    on, asks = ON[kind]
    return {
        "kind": "rule", "id": f"t.by_{kind}", "lang": 1, "title": kind, "entity": "t.deal", "on": on, "once_per": "record",
        "if": f"name == \"{kind}\"" + (f" && {asks}" if asks else ""),
        "then": [{"do": "create_task", "title": "{code}"}],
    }  # fmt: skip


TREND = {
    "kind": "rule", "id": "t.by_trend", "lang": 1, "title": "trend", "entity": "t.account", "once_per": "record",
    "on": {"trend": {"measure": "sum:amount", "of": "t.deal", "via": "account", "date": "opens_on", "per": "month",
                     "periods": 1, "change": -15}},
    "then": [{"do": "create_task", "title": "{name}"}],
}  # fmt: skip
WATCHED = copy.deepcopy(DEAL)
WATCHED["properties"]["known_at"] = {"field": "datetime", "title": "Known"}
DOCUMENTS = (
    WATCHED, *map(rule, ON), TREND,
    {"kind": "sla", "id": "t.reply", "lang": 1, "title": "Reply", "entity": "t.deal", "start": "name == \"sla\"",
     "stop": "opened > 0", "target": "PT48H"},
    {"kind": "deadline", "id": "t.report", "lang": 1, "title": "Report", "entity": "t.deal", "from": "known_at",
     "met_when": "opened > 0", "hours": 24},
    {"kind": "approval", "id": "t.two", "lang": 1, "title": "Two", "entity": "t.deal",
     "steps": [{"id": "office", "title": "Office", "approvers": [{"role": "base.admin"}], "need": {"count": 2}}]},
)  # fmt: skip


def world(database: Database, folder: Path) -> dict[str, str]:
    """Put the rules in force; return tokens of Ann, who sells, and of three administrators, who decide."""
    with clock.frozen(RUN - 20 * DAY):
        workspace = opened(database, *DOCUMENTS, folder=folder)
        people = {"ann": person(workspace, "Ann", ["t.rep"])}
        people |= {name: person(workspace, name.title(), ["base.admin"]) for name in ("bea", "cid", "dan")}
        with database.write() as connection:
            scheduled.went_live(Work(workspace, connection, access.platform_itself()), None)
            return {name: access.new_token(connection, user.id or "", "test") for name, user in people.items()}


def people_of(workspace: Workspace, tokens: dict[str, str]) -> dict[str, access.User]:
    """Return the people of the world by name."""
    with workspace.database.read() as connection:
        return {name: access.bearer(connection, workspace, token, "").user for name, token in tokens.items()}


def fired(database: Database) -> dict[str, list[str]]:
    """Return for each kind the codes of the deals for which its rule has acted, sorted; each as often as it did."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for code in sorted(str(row["title"]) for row in rows_of(database, "base__task")):
        found[code.partition(" ")[0]].append(code.partition(" ")[2])
    return found


def make_by_time(workspace: Workspace, cases: tuple[str, ...] = CASES) -> None:
    """Make deals that wait for time: at ``RUN`` one has waited a moment too little, one just long enough, one longer."""
    waits = {"idle": 7 * DAY + TICK, "after": DAY, "sla": 2 * DAY, "deadline": DAY}
    late = {"below": -TICK, "at": 0 * TICK, "above": TICK}
    begins = sorted((RUN - wait - late[case], kind, case) for kind, wait in waits.items() for case in cases)
    for moment, kind, case in begins:
        with clock.frozen(moment):
            more = {"known_at": moment.isoformat()} if kind == "deadline" else {}
            made(workspace, "t.deal", name=kind, code=f"{kind} {case}", **more)
    with clock.frozen(RUN - DAY):
        for case in cases:
            made(workspace, "t.deal", name="schedule", code=f"schedule {case}", amount=NUMBERS[case])
            account = made(workspace, "t.account", name=f"trend {case}")
            now = {"below": "850.01", "at": "850", "above": "849.99"}[
                case
            ]  # a fall of 15 % from 1000, just less and more
            made(workspace, "t.deal", name="ordered", account=account, amount="1000", opens_on="2025-12-31")
            made(workspace, "t.deal", name="ordered", account=account, amount=now, opens_on="2026-01-01")


class AtOnce:
    """What makes the rules act that wait for no time; ``people`` are Ann and three who decide."""

    def __init__(self, workspace: Workspace, people: dict[str, access.User]) -> None:
        self.workspace, self.people = workspace, people

    def do(self, who: str, what: Any, *given: Any) -> Any:
        with clock.frozen(RUN), self.workspace.database.write() as connection:
            return what(Work(self.workspace, connection, self.people[who]), *given)

    def deal(self, kind: str, case: str, **data: Any) -> str:
        given = {"name": kind, "code": f"{kind} {case}", **data}
        return str(self.do("ann", save_one, "t.deal", Change(given)).id)

    def play(self) -> None:
        """Bring each kind just below, to and above its threshold."""
        with clock.frozen(RUN):
            account = made(self.workspace, "t.account", name="Kestrel")
        for place, case in enumerate(CASES):
            self.deal("record", case, amount=NUMBERS[case])
            staged = self.deal("stage", case, amount=NUMBERS[case], account=account)
            self.do("ann", move_one, "t.deal", staged, "offer")
            self.do("ann", send, "call.made", "t.deal", self.deal("event", case), {"seconds": 59 + place})
            opens = self.deal("count", case)
            for _ in range(2 + place):
                self.do("ann", send, "engagement.opened", "t.deal", opens, {})
            asked = self.deal("approval", case)
            approval = self.do("ann", approving.request, "t.two", "t.deal", asked)
            for name in ("bea", "cid")[: 1 + place]:
                self.do(name, approving.decide, approval, "approved")
        with pytest.raises(ConflictError):  # two are enough: the third decides nothing any more
            self.do("dan", approving.decide, approval, "approved")
