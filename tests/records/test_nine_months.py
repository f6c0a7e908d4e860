"""Nine months of a pipeline, from the first lead to what comes after the deal, played on both databases.

Everything is metadata: one file of documents, no code. The clock goes from one due moment to the next, and each thing that
happens is looked for at the moment at which the article on pipeline management says it should.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dealwright import access, clock
from dealwright.records import Change, Work, approving, fetch, move_one, save_one, scheduled, send
from passing import pass_until
from worlds import DEAL, PIPELINE, made, opened, person

if TYPE_CHECKING:
    from dealwright.access import User

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def rule(name: str, on: dict[str, Any], condition: str | None, *then: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {
        "kind": "rule",
        "id": f"t.{name}",
        "lang": 1,
        "title": name,
        "entity": "t.deal",
        "on": on,
        "then": list(then),
    }
    return {**found, **({"if": condition} if condition else {}), **more}


def task(title: str, assignee: str = "owner") -> dict[str, Any]:
    return {"do": "create_task", "title": title, "assignee": assignee}


SALE = copy.deepcopy(DEAL)
SALE["properties"] |= {
    "red": {"field": "boolean", "title": "Red"},
    "parked": {"field": "boolean", "title": "Out of the main pipeline"},
    "heat": {"field": "decimal", "scale": 0, "title": "Heat"},
    "level": {"field": "select", "title": "Level", "options": [{"id": one, "title": one} for one in "ABC"]},
}
STAGES = copy.deepcopy(PIPELINE)
STAGES["stages"][1]["exit"] = [
    {"id": "agreed", "message": "Have the discount approved",
     "require": 'coalesce(discount, 0) <= 5 || approvals.discount.outcome == "approved"'},
]  # fmt: skip
DOCUMENTS = [
    SALE, STAGES,
    rule("stall", {"idle": {"of": "last_activity_at", "for": "P7D"}}, 'status == "open"', task("Stalled: {name}", "owner.manager")),
    rule("red", {"idle": {"of": "stage_entered_at", "for": "P30D"}}, 'status == "open"',
         {"do": "set_field", "field": "red", "value": True}),
    rule("demo", {"count": {"event": "engagement.opened", "where": 'event.asset == "demo"', "at_least": 3, "within": "P90D"}},
         None, task("Prepare a custom quote"), once_per="record"),
    rule("hesitates", {"count": {"event": "engagement.opened", "where": 'event.asset == "quote"', "at_least": 3, "since": "stage"}},
         'status == "open"', task("Change the strategy"), once_per="stage_visit"),
    *(rule(f"day_{days}", {"after": {"field": "stage_entered_at", "offset": f"P{days}D"}}, 'stage == "won"', task(what))
      for days, what in ((30, "Satisfaction survey"), (60, "Invite to a training"), (90, "Offer a service"))),
    rule("park", {"schedule": {"every": "month", "on": "last", "at": "23:00", "filter": "days_since_activity >= 270"}}, None,
         {"do": "set_field", "field": "parked", "value": True}),
    {"kind": "sla", "id": "t.first_offer", "lang": 1, "title": "First offer", "entity": "t.deal",
     "start": {"event": "record.created"}, "stop": 'stage != "open"', "target": "PT48H",
     "escalate": [{"id": "over", "at": "100%", "to": "owner.manager"}]},
    {"kind": "score", "id": "t.heat", "lang": 1, "title": "Heat", "entity": "t.deal", "into": "heat",
     "tier_into": "level", "decimals": 0,
     "inputs": [{"id": "win", "value": "win", "weight": 1, "scale": {"linear": {"from": 0, "to": 100}}}],
     "tiers": [{"id": "A", "title": "A", "from": 70}, {"id": "B", "title": "B", "from": 30}, {"id": "C", "title": "C", "from": 0}]},
    {"kind": "approval", "id": "t.discount", "lang": 1, "title": "Discount", "entity": "t.deal", "when": "discount > 5",
     "steps": [{"id": "manager", "title": "Manager", "approvers": [{"manager_of": "owner"}], "due": "P2D"}],
     "rules": {"restart_on": ["discount"], "lock": "fields"}},
]  # fmt: skip


class Year:
    """The people and the deals of the story."""

    def __init__(self, database: Any, folder: Any) -> None:
        with clock.frozen(MONDAY - DAY):
            self.workspace = opened(database, *DOCUMENTS, folder=folder)
            with self.workspace.database.write() as connection:
                scheduled.went_live(Work(self.workspace, connection, access.platform_itself()), None)
            self.boss = person(self.workspace, "Bo", ["base.admin"])
            self.ann = person(self.workspace, "Ann", ["t.rep", "base.member"], manager=self.boss.id)
            self.account = made(self.workspace, "t.account", name="Acme")

    def at(self, moment: datetime, what: Any, user: User | None = None) -> Any:
        """Let time pass up to a moment, and then do something."""
        pass_until(self.workspace, moment - timedelta(milliseconds=1))
        with clock.frozen(moment), self.workspace.database.write() as connection:
            return what(Work(self.workspace, connection, user or self.ann))

    def deal(self, moment: datetime, **data: Any) -> str:
        change = Change({"name": "Lift", "account": self.account, "amount": "5000", "win": "69", **data})
        return self.at(moment, lambda work: save_one(work, "t.deal", change)).id

    def talk(self, moment: datetime, deal: str) -> None:
        about = {"entity": "t.deal", "id": deal}
        data = {"subject": "Call", "kind": "call", "about": about, "at": moment.isoformat()}
        self.at(moment, lambda work: save_one(work, "base.activity", Change(data)), self.boss)

    def opens(self, moment: datetime, deal: str, asset: str) -> None:
        self.at(moment, lambda work: send(work, "engagement.opened", "t.deal", deal, {"asset": asset}))

    def move(self, moment: datetime, deal: str, to: str, **data: Any) -> Any:
        return self.at(moment, lambda work: move_one(work, "t.deal", deal, to, data=data))

    def read(self, deal: str) -> Any:
        with self.workspace.database.read() as connection:
            work = Work(self.workspace, connection, self.boss)
            return fetch(work, "t.deal", deal)

    def titles(self, entity: str, moment: datetime) -> list[str]:
        """The titles of all tasks or notices there are at a moment, in the order in which they came."""
        pass_until(self.workspace, moment)
        with self.workspace.database.read() as connection:
            table = Work(self.workspace, connection, self.boss).tables.tables
            found = table[next(one for one in table if one.endswith(entity.replace(".", "__")))]
            return [row.title for row in connection.execute(found.select().order_by(found.c.created_at, found.c.id))]


def test_nine_months_of_a_pipeline(database, tmp_path):
    year = Year(database, tmp_path)
    tasks = lambda moment: year.titles("base.task", moment)  # noqa: E731
    notices = lambda moment: year.titles("base.notification", moment)  # noqa: E731

    # January: a deal comes in; 69 is tier B, 70 would be A. Nobody makes an offer within 48 hours.
    deal = year.deal(MONDAY)
    other = year.deal(MONDAY, name="Crane", code="c2")
    assert (year.read(deal)["level"], year.read(deal)["heat"]) == ("B", "69")
    year.talk(MONDAY + HOUR, other)
    assert notices(MONDAY + 2 * DAY - timedelta(milliseconds=1)) == []
    assert notices(MONDAY + 2 * DAY) == ["First offer", "First offer"]

    # Silence: more than seven days, not seven, and the manager has a task. The other was called on the first day, it on the third.
    year.talk(MONDAY + 3 * DAY, deal)
    assert tasks(MONDAY + 7 * DAY + HOUR) == []
    assert tasks(MONDAY + 7 * DAY + 2 * HOUR) == ["Stalled: Crane"]
    assert tasks(MONDAY + 10 * DAY) == ["Stalled: Crane"]
    assert tasks(MONDAY + 10 * DAY + HOUR) == ["Stalled: Crane", "Stalled: Lift"]

    # The customer watches the demonstration three times: a custom quote, once.
    for hour in range(1, 5):
        year.opens(MONDAY + 11 * DAY + hour * HOUR, deal, "demo")
    assert tasks(MONDAY + 12 * DAY).count("Prepare a custom quote") == 1
    year.move(MONDAY + 12 * DAY, deal, "offer")

    # The quote is opened three times with no move between: change the strategy.
    for day in (13, 14, 15):
        year.opens(MONDAY + day * DAY, deal, "quote")
    assert tasks(MONDAY + 15 * DAY).count("Change the strategy") == 1

    # February: 30 days in a stage are not yet more than 30; then it is red. The other stands since the beginning.
    pass_until(year.workspace, MONDAY + 30 * DAY)
    assert year.read(other)["red"] is False
    pass_until(year.workspace, MONDAY + 30 * DAY + HOUR)
    assert (year.read(other)["red"], year.read(deal)["red"]) == (True, False)

    # A discount: the gate holds until the manager has agreed to this very discount, which is locked meanwhile.
    feb = MONDAY + 40 * DAY
    year.at(feb, lambda work: save_one(work, "t.deal", Change({"discount": "12", "closes_on": "2026-02-15"}, deal)))
    asked = year.at(feb + HOUR, lambda work: approving.request(work, "t.discount", "t.deal", deal))
    year.at(feb + 2 * HOUR, lambda work: approving.decide(work, asked, "approved"), year.boss)
    won = year.move(feb + 3 * HOUR, deal, "won")
    assert won.record["status"] == "won"

    # After the deal: 30, 60, 90 days, to the moment.
    day = feb + 3 * HOUR
    for days, what in ((30, "Satisfaction survey"), (60, "Invite to a training"), (90, "Offer a service")):
        assert what not in tasks(day + days * DAY - timedelta(milliseconds=1))
        assert tasks(day + days * DAY).count(what) == 1

    # At the end of the ninth month the deal that nobody talked about leaves the main pipeline; the won one was called.
    year.talk(datetime(2026, 9, 1, 9, tzinfo=UTC), deal)
    pass_until(year.workspace, datetime(2026, 9, 30, 22, 59, tzinfo=UTC))
    assert year.read(other)["parked"] is False
    pass_until(year.workspace, datetime(2026, 9, 30, 23, tzinfo=UTC) + HOUR)
    assert year.read(other)["parked"] is False  # 268 days since the call, not 270
    pass_until(year.workspace, datetime(2026, 10, 31, 23, tzinfo=UTC) + HOUR)
    assert (year.read(other)["parked"], year.read(deal)["parked"]) == (True, False)
