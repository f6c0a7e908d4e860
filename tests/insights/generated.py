"""A few hundred deals that went through stages, in plain Python and in a workspace: figures are worked out from both."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from dealwright import access, clock
from dealwright.records import Work, Workspace, reports
from dealwright.records.reports import Asked
from dealwright.storage import records as stored
from dealwright.storage import visits
from dealwright.storage.visits import Visit
from worlds import made, person, team

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
OPEN = ("lead", "needs", "offer")
ENDS = {"won": "won", "lost": "lost", "aside": "archived"}
PIPELINE = {
    "kind": "pipeline", "id": "t.sale", "lang": 1, "title": "Sale", "entity": "t.deal", "version": 1, "start": "lead",
    "reason_field": "reason",
    "stages": [
        {"id": "lead", "title": "Lead", "probability": "12.5"},
        {"id": "needs", "title": "Needs", "probability": 30},
        {"id": "offer", "title": "Offer", "probability": 60, "conversion_threshold": 99},
        {"id": "won", "title": "Won", "outcome": "won"},
        {"id": "lost", "title": "Lost", "outcome": "lost"}, {"id": "aside", "title": "Aside", "outcome": "archived"},
    ],
}  # fmt: skip


def report(name, calculate, **more):
    """A report of deals."""
    document = {"kind": "report", "id": f"t.{name}", "lang": 1, "title": name, "entity": "t.deal", "limit": 500}
    return {**document, "calculate": calculate, **more}


REPORTS = [
    report("counts", "totals", group=["tier"]),
    report("all", "totals"),
    report("sums", "totals", measure="sum:amount", group=["account.region", "created_at:quarter"]),
    report("means", "totals", measure="avg:amount", group=["tier"], period={"unit": "year", "last": 1}),
    report("vital", "pareto", measure="sum:amount", group=["account"]),
    report("rates", "win_rate", group=["tier"]),
    report("rates_of_quarters", "win_rate", group=["stage_entered_at:quarter"], compare="year_before",
           period={"unit": "quarter", "last": 4}),
    report("cycle", "cycle_time", group=["tier"]),
    report("backwards", "cycle_time", start="stage_entered_at", end="created_at"),
    report("funnel", "conversion", least=1),
    report("funnel_by_tier", "conversion", group=["tier"], period={"unit": "quarter", "last": 4}),
    report("through", "conversion", view="period", period={"unit": "quarter", "last": 2}),
    report("stay", "dwell"),
    report("lost", "losses"),
    report("board", "leaderboard", measure="sum:amount", group=["owner"], filter='status == "won"',
           tenure={"of": "owner.created_at", "groups": [
               {"id": "new", "title": "New", "months": 6}, {"id": "old", "title": "Old"}]}),
    report("expected", "forecast", measure="sum:amount", group=["tier"]),
    report("months", "seasons", measure="sum:amount", period={"unit": "year", "last": 3}),
    report("ahead", "health", measure="sum:amount"),
    report("odd", "anomalies", group=["tier"], period={"unit": "month", "last": 12}),
    report("odd_stages", "anomalies", measure="conversion", period={"unit": "month", "last": 12}),
    report("odd_wins", "anomalies", measure="win_rate", period={"unit": "month", "last": 12}),
    report("ways", "paths"),
    report("margins", "totals", measure="sum:margin"),
    report("weekly", "forecast", measure="sum:amount", group=["tier"], schedule={"every": "week", "on": "monday"},
           recipients=["base.admin"]),
    report("errors", "accuracy", forecast="t.weekly"),
    report("errors_by_stage", "accuracy", forecast="t.weekly", by="stage", horizon=60),
    report("errors_by_run", "accuracy", forecast="t.weekly", by="run"),
    report("race", "contest", group=["owner"], between={"first": "2026-07-01", "last": "2026-11-23"},
           points=[{"id": "won", "title": "Won deals", "when": 'status == "won"', "each": 10},
                   {"id": "money", "title": "Money", "when": 'status == "won"', "of": "amount", "each": "0.01"},
                   {"id": "lost", "title": "Lost without a reason", "when": 'status == "lost" && reason == null', "each": -1}]),
    report("heading", "trend", group=["account"], measure="sum:amount", period={"unit": "quarter", "last": 9}),
    report("slow", "dwell", benchmark="stage_days", warn={"above": 200, "below": 85}),
    report("goals", "leaderboard", group=["owner"], measure="sum:amount", filter='status == "won"', target="won_amount",
           period={"unit": "quarter", "last": 4, "of": "stage_entered_at"}),
]  # fmt: skip


@dataclass
class Deal:
    """One deal, and where it has been: stage, since, until."""

    id: str
    owner: str
    team: str | None
    account: str
    region: str
    tier: str | None
    amount: Decimal | None
    margin: Decimal | None
    created: datetime
    reason: str | None = None
    visits: list[tuple[str, datetime, datetime | None]] = field(default_factory=list)

    @property
    def stage(self) -> str:
        return self.visits[-1][0]

    @property
    def status(self) -> str:
        return ENDS.get(self.stage, "open")

    @property
    def entered(self) -> datetime:
        return self.visits[-1][1]


@dataclass
class World:
    """The workspace, who is in it, and its deals."""

    workspace: Workspace
    deals: list[Deal]
    people: dict


def filled(workspace: Workspace, number: int = 240) -> World:
    """Put the same deals into a workspace each time; only ids differ."""
    chance = random.Random(7)
    first = team(workspace, "First")
    people = {name: person(workspace, name, ["t.rep"], team=first) for name in ("Ada", "Bea", "Cem")}
    people["Vic"] = person(workspace, "Vic", ["t.viewer"])
    people["Max"] = person(workspace, "Max", ["base.admin"])
    people["Gus"] = person(workspace, "Gus", ["t.guest"])
    accounts = [
        (made(workspace, "t.account", name=f"Account {i}", region=region), region)
        for i, region in enumerate(("east", "west", "east", "west", "east"))
    ]
    owners = [people[name] for name in ("Ada", "Bea", "Cem", "Vic")]
    deals = [_deal(chance, i, owners, accounts, first) for i in range(number)]
    with workspace.database.write() as connection:
        catalog = Work(workspace, connection, people["Ada"]).catalog
        stored.insert(connection, catalog, "t.deal", [_row(one) for one in deals])
        visits.add(connection, [one for deal in deals for one in _visits(deal)])
        # Since when people have been there is told by the day on which they were entered.
        for i, owner in enumerate(owners):
            at = NOW - timedelta(days=40 + 100 * i)
            zone = "+00" if workspace.database.dialect == "postgresql" else ".000000"
            connection.exec_driver_sql(
                f"UPDATE base__user SET created_at = '{at:%Y-%m-%d %H:%M:%S}{zone}' WHERE id = '{owner.id}'"
            )
    return World(workspace, deals, people)


def _deal(chance, i, owners, accounts, first) -> Deal:
    owner = chance.choice(owners)
    account, region = chance.choice(accounts)
    created = NOW - timedelta(seconds=chance.randrange(20 * 86400, 900 * 86400))
    deal = Deal(
        id=f"0190{i:04d}-0000-7000-8000-{i:012d}",
        owner=owner.id,
        team=first if owner is not owners[3] else None,
        account=account,
        region=region,
        tier=chance.choice(["A", "B", "C", None]),
        amount=chance.choice([None, *(Decimal(one) for one in ("100.00", "250.50", "999.99", "12000.00"))]),
        margin=Decimal(chance.randrange(100)),
        created=created,
    )
    at, place = created, 0
    while True:
        stay = timedelta(seconds=int(chance.expovariate(1 / (20 * 86400))) + 60)
        here = OPEN[place] if isinstance(place, int) else place
        until = None if not isinstance(place, int) or at + stay >= NOW else at + stay
        deal.visits.append((here, at, until))
        if until is None:
            break
        at = until
        draw = chance.random()
        if draw < 0.2:
            place = "lost"
        elif draw < 0.25:
            place = "aside"
        elif draw < 0.33 and place:
            place -= 1
        elif draw < 0.4 and place < 1:
            place += 2
        else:
            place = place + 1 if place < 2 else "won"
    if deal.stage in ("lost", "aside"):
        deal.reason = chance.choice(["price", "time", None])
    return deal


def _row(one: Deal) -> dict:
    return {
        "id": one.id, "version": 1, "created_at": one.created, "updated_at": one.created, "owner": one.owner,
        "team": one.team, "pipeline": "t.sale", "pipeline_version": 1, "stage": one.stage, "status": one.status,
        "stage_entered_at": one.entered, "name": f"Deal {one.id[4:8]}", "account": one.account, "tier": one.tier,
        "amount": one.amount, "margin": one.margin, "reason": one.reason, "lines": [],
    }  # fmt: skip


def _visits(one: Deal):
    stages = [visit[0] for visit in one.visits]
    for i, (stage, since, until) in enumerate(one.visits):
        yield Visit(
            "t.deal", one.id, "t.sale", 1, stage, stages[i - 1] if i else None, since, one.owner,
            went_to=stages[i + 1] if until else None, left_at=until,
            seconds=int((until - since).total_seconds()) if until else None,
        )  # fmt: skip


def asked(world: World, name: str, who: str | None = None, **asked):
    """What the operator, or a person of the world, gets for a report: the rows, and the work to ask more of."""
    with world.workspace.database.read() as connection, clock.frozen(NOW):
        user = access.operator() if who is None else world.people[who]
        work = Work(world.workspace, connection, user)
        made = reports.make(work, f"t.{name}", Asked(**asked))
        return made, reports.shown(work, made)


def figures(world: World, name: str, who: str | None = None, **more) -> dict:
    """The figures of a report by the key of the row, as the calculation gives them."""
    made, _ = asked(world, name, who, **more)
    said = [one.starts[head.id] if (one := made.table) and head.id in one.starts else None for head in made.table.heads]
    return {
        tuple(said[i][k] if said[i] and k is not None else k for i, k in enumerate(row.key)): dict(row.figures)
        for row in made.table.rows
    }
