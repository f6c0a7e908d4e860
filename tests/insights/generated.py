"""A few hundred deals that went through stages, in plain Python and in a workspace: figures are worked out from both."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import worlds
from dealwright import access, clock
from dealwright.records import Work, Workspace, reports
from dealwright.records.reports import Asked
from dealwright.storage import checklists, visits
from dealwright.storage import records as stored
from dealwright.storage.checklists import Tick
from dealwright.storage.visits import Visit
from worlds import made, person, team

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
OPEN = ("lead", "needs", "offer")
ENDS = {"won": "won", "lost": "lost", "aside": "archived"}
PIPELINE = {
    "kind": "pipeline", "id": "t.sale", "lang": 1, "title": "Sale", "entity": "t.deal", "version": 1, "start": "lead",
    "reason_field": "reason",
    "stages": [
        {"id": "lead", "title": "Lead", "probability": "12.5", "checklist": [{"id": "call", "title": "First call"}]},
        {"id": "needs", "title": "Needs", "probability": 30,
         "checklist": [{"id": "pains", "title": "Pains"}, {"id": "deciders", "title": "Deciders"}]},
        {"id": "offer", "title": "Offer", "probability": 60, "conversion_threshold": 99, "required": ["amount", "reason"]},
        {"id": "won", "title": "Won", "outcome": "won"},
        {"id": "lost", "title": "Lost", "outcome": "lost"}, {"id": "aside", "title": "Aside", "outcome": "archived"},
    ],
}  # fmt: skip

#: A way of the lab: a third of the deals, which have to tell of a reference in the last stage too.
QUICK = {
    "kind": "pipeline", "id": "t.quick", "lang": 1, "title": "Quick sale", "extends": "t.sale", "version": 1,
    "audience": {"share": 33},
    "tighten": [{"id": "offer", "checklist": [{"id": "reference", "title": "Reference"}]}],
}  # fmt: skip
#: Everybody of a team sees the activities of its people.
ROLES = [
    {**one, "grants": [*one["grants"], {"entity": "base.activity", "ops": ["read"],
                                        "rows": "owner == user.id || team == user.team && user.team != null"}]}
    if one["id"] == "t.rep" else one
    for one in worlds.ROLES
]  # fmt: skip


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
    report("done", "adherence"),
    report("done_by_owner", "adherence", by="group", group=["owner"], period={"unit": "year", "last": 1}),
    report("done_by_stage", "adherence", by="stage", group=["tier"]),
    report("done_by_deal", "adherence", by="record"),
    report("touched", "effect", by="touch", least=20),
    report("ticked", "effect", by="item", group=["tier"]),
    report("acted", "effect", period={"unit": "year", "last": 2}),
    report("lab", "arms", horizon=60, least=10),
    report("effort", "effort", group=["tier"], measure="sum:amount"),
    report("effort_of_owners", "effort", group=["owner", "tier"], by="minutes", period={"unit": "year", "last": 1}),
    report("moved", "allocation", group=["account.region"], measure="sum:amount", returns=0.5, move=20,
           period={"unit": "quarter", "last": 8}),
    report("fitted", "allocation", group=["account"], measure="sum:amount", by="minutes",
           period={"unit": "quarter", "last": 8}),
    report("held", "win_rate", group=["account.region"], benchmark="region_wins"),
    report("held_all", "win_rate", benchmark="region_wins"),
    report("regions", "cycle_time", group=["account.region", "stage_entered_at:quarter"]),
]  # fmt: skip


@dataclass
class Activity:
    """A call or a visit, whose it was, and how many minutes it took; None where nobody said."""

    kind: str
    at: datetime
    owner: str
    team: str | None
    minutes: int | None


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
    pipeline: str = "t.sale"
    ticks: dict[tuple[str, str], datetime] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)

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
    for one in deals:
        _worked_on(random.Random(int(one.id[4:8])), one, owners, first)
    with workspace.database.write() as connection:
        catalog = Work(workspace, connection, people["Ada"]).catalog
        stored.insert(connection, catalog, "t.deal", [_row(one) for one in deals])
        stored.insert(connection, catalog, "base.activity", [row for deal in deals for row in _acts(deal)])
        visits.add(connection, [one for deal in deals for one in _visits(deal)])
        checklists.put(connection, [one for deal in deals for one in _ticks(deal)])
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


def _worked_on(chance, deal: Deal, owners, first) -> None:
    """Let a deal be worked on: who puts more into it wins a little more often, as it lasts longer."""
    deal.pipeline = chance.choice(["t.sale", "t.sale", "t.quick"])
    last = deal.visits[-1][1]
    for stage, item in (("lead", "call"), ("needs", "pains"), ("needs", "deciders"), ("offer", "reference")):
        been = [since for here, since, _ in deal.visits if here == stage]
        if been and chance.random() < 0.6:
            deal.ticks[stage, item] = been[0] + timedelta(hours=chance.randrange(1, 900))
    for _ in range(chance.randrange(6)):
        owner = chance.choice(owners)
        begun = deal.created + (last - deal.created) * chance.uniform(-0.1, 1.2)
        minutes = chance.choice([None, 15, 45, 90])
        team = first if owner is not owners[3] else None
        kind = chance.choice(["call", "visit", "mail"])
        deal.activities.append(Activity(kind, begun.replace(microsecond=0), owner.id, team, minutes))


def _acts(one: Deal):
    for i, act in enumerate(one.activities):
        yield {
            "id": f"0191{one.id[4:8]}-0000-7000-8000-{i:012d}", "version": 1, "created_at": act.at, "updated_at": act.at,
            "owner": act.owner, "team": act.team, "kind": act.kind, "at": act.at,
            "about": {"entity": "t.deal", "id": one.id}, "about__linked": f"t.deal:{one.id}",
            "ended_at": None if act.minutes is None else act.at + timedelta(minutes=act.minutes),
        }  # fmt: skip


def _ticks(one: Deal):
    for (stage, item), at in one.ticks.items():
        yield Tick("t.deal", one.id, "t.sale", stage, item, at, one.owner, done_at=at, done_by=one.owner)


def _row(one: Deal) -> dict:
    return {
        "id": one.id, "version": 1, "created_at": one.created, "updated_at": one.created, "owner": one.owner,
        "team": one.team, "pipeline": one.pipeline, "pipeline_version": 1, "stage": one.stage, "status": one.status,
        "stage_entered_at": one.entered, "name": f"Deal {one.id[4:8]}", "account": one.account, "tier": one.tier,
        "amount": one.amount, "margin": one.margin, "reason": one.reason, "lines": [],
    }  # fmt: skip


def _visits(one: Deal):
    stages = [visit[0] for visit in one.visits]
    for i, (stage, since, until) in enumerate(one.visits):
        yield Visit(
            "t.deal", one.id, one.pipeline, 1, stage, stages[i - 1] if i else None, since, one.owner,
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
