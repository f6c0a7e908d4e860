"""Every shipped report for a seller, a manager and a channel manager: it counts exactly the records that this person sees.

A twin of the workspace holds just the records that lists show to the person; there somebody who may see everything asks the
same reports. Both answer alike, figure by figure.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from copies import copied
from dealwright import access, clock, packs
from dealwright.app import create_app
from dealwright.metadata import names
from dealwright.metadata import reports as defined
from dealwright.records import Work, Workspace, demonstration, read, reports
from dealwright.records.reports import Asked
from dealwright.storage import accounts, checklists, people, visits
from dealwright.storage import records as stored
from dealwright.storage.checklists import Tick
from dealwright.storage.database import Database
from dealwright.storage.visits import Visit
from passing import pass_until
from worlds import rows_of

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)  # a Friday
DEAL, ACTIVITY = "sales.opportunity", "base.activity"
STAGES = ["lead", "needs", "solution", "negotiation", "closing", "won"]
ITEMS = {"lead": "research", "needs": "pains", "solution": "demo"}
STATUS = {"won": "won", "lost": "lost", "archived": "archived"}
#: Whose reports are asked: how many there are at least, and how many would be others for who sees everything. The channel
#: manager sees every dealer.
PEOPLE = {"li@example.com": (30, 12), "he@example.com": (35, 12), "guo@example.com": (5, 0)}


@pytest.fixture(scope="module")
def shipped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("shipped")
    with (
        copied(request, request.getfixturevalue("sqlite_template"), folder) as url,
        Database(url) as database,
        clock.frozen(NOW),
    ):
        settings = {"zone": "Asia/Shanghai", "locale": "en", "currency": "CNY"}
        packs.install(database, [packs.read(one) for one in packs.find().values()], reason="test", settings=settings)
        workspace = Workspace(database, folder / "files")
        demonstration.fill(workspace, "a long password", history="none")
        _deals(workspace)
        yield workspace


def user(workspace: Workspace, email: str) -> access.User:
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
        (found,) = [one for one in accounts.everybody(connection, catalog) if one["email"] == email]
        made = access.acting(connection, catalog, found["user"])
        assert made is not None
        return made


def _deals(workspace: Workspace) -> None:
    """Let a hundred deals of all teams go through the stages, worked on more or less."""
    chance = random.Random(3)
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        everybody = {one["email"]: one["user"] for one in accounts.everybody(connection, work.catalog)}
        sellers = [everybody[f"{one}@example.com"] for one in ("li", "chen", "ada", "sunlei", "guo")]
        teams = {key: one.facts.get("team") for key, one in people.of_ids(connection, work.catalog, sellers).items()}
        places = [one["id"] for one in read.page(work, "sales.account").items]
        products = [one["id"] for one in read.page(work, "sales.product").items]
        rows, went, acts, ticks = [], [], [], []
        for i in range(100):
            owner, made = chance.choice(sellers), NOW - timedelta(hours=chance.randrange(24 * 10, 24 * 700))
            record, path, at = f"0190{i:04d}-0000-7000-8000-{i:012d}", [("lead", made)], made
            owned = {"owner": owner, "team": teams[owner]}
            while path[-1][0] in STAGES[:-1]:
                at += timedelta(hours=chance.randrange(24, 24 * 40))
                if at >= NOW:
                    break
                onward = STAGES[STAGES.index(path[-1][0]) + 1]
                path.append((chance.choice([onward] * 5 + ["lost", "archived"]), at))
            stage, entered = path[-1]
            for j, (here, since) in enumerate(path):
                until = path[j + 1][1] if j + 1 < len(path) else None
                went.append(
                    Visit(
                        DEAL, record, "sales.standard", 1, here, path[j - 1][0] if j else None, since, owner,
                        went_to=path[j + 1][0] if until else None, left_at=until,
                        seconds=int((until - since).total_seconds()) if until else None,
                    )
                )  # fmt: skip
                if here in ITEMS and chance.random() < 0.6:
                    on = since + timedelta(hours=chance.randrange(400))
                    ticks.append(Tick(DEAL, record, "sales.standard", here, ITEMS[here], on, owner, done_at=on))
            for j in range(chance.randrange(4)):
                # Half of what is done is somebody else's.
                by = chance.choice([owner, chance.choice(sellers)])
                on = made + (NOW - made) * chance.random()
                acts.append(
                    {
                        "id": f"0191{i:04d}-0000-7000-8000-{j:012d}", "version": 1, "created_at": on, "updated_at": on,
                        "owner": by, "team": teams[by], "kind": chance.choice(["call", "visit", "mail"]), "at": on,
                        "ended_at": chance.choice([None, on + timedelta(minutes=30)]), "notes": "Said",
                        "about": {"entity": DEAL, "id": record}, "about__linked": f"{DEAL}:{record}",
                    }
                )  # fmt: skip
            rows.append(
                {
                    "id": record, "version": 1, "created_at": made, "updated_at": made, **owned, "name": f"Deal {i}",
                    "pipeline": "sales.standard", "pipeline_version": 1, "stage": stage, "stage_entered_at": entered,
                    "status": STATUS.get(stage, "open"), "account": chance.choice(places), "tier": chance.choice("ABC"),
                    "product": chance.choice(products), "source": chance.choice(["website", "event", "referral"]),
                    "amount": Decimal(chance.randrange(1, 90) * 1000), "lost_reason": chance.choice(["Dear", None]),
                    "engaged_on": made.date(), "closed_on": entered.date() if stage in ("won", "lost") else None,
                    "touchpoint": "awakening", "lines": [], "decision_map": [],
                }
            )  # fmt: skip
        stored.insert(connection, work.catalog, DEAL, rows)
        stored.insert(connection, work.catalog, ACTIVITY, acts)
        visits.add(connection, went)
        checklists.put(connection, ticks)


def seen(work: Work, entity: str) -> set[str]:
    """The ids that lists show, page by page; none of an entity that may not be read."""
    if not access.rights(work.catalog, work.user, entity).allows("read"):
        return set()
    found: set[str] = set()
    cursor = None
    while True:
        page = read.page(work, entity, size=read.LARGEST_PAGE, cursor=cursor, archived=True, sort="id", only=["id"])
        found |= {one["id"] for one in page.items}
        cursor = page.next_cursor
        if cursor is None:
            return found


@contextmanager
def twin(workspace: Workspace, who: access.User, folder: Path) -> Iterator[Workspace]:
    """A copy of the workspace that holds only what the person sees of what is counted."""
    with workspace.database.read() as connection:
        work = Work(workspace, connection, who)
        counted = {one.entity for one in defined.of(work.catalog).values()}
        kept = {one: seen(work, one) for one in (*sorted(counted), ACTIVITY, "base.benchmark", "base.target")}
        mine = sqlite3.connect(folder / "twin.db")
        source = sqlite3.connect(str(workspace.database.engine.url.database))
        source.backup(mine)
        source.close()
    for entity, ids in kept.items():
        table = names.table_name(entity)
        mine.execute("CREATE TEMP TABLE kept (id TEXT)")
        mine.executemany("INSERT INTO kept VALUES (?)", [(one,) for one in ids])
        mine.execute(f'DELETE FROM "{table}" WHERE id NOT IN (SELECT id FROM kept)')
        if table == names.table_name(DEAL):  # visits and checklists go with their record
            for own in ("dw_visit", "dw_checklist"):
                mine.execute(f"DELETE FROM {own} WHERE record NOT IN (SELECT id FROM kept)")
        mine.execute("DROP TABLE kept")
    mine.commit()
    mine.close()
    with Database(f"sqlite:///{folder / 'twin.db'}") as database:
        yield Workspace(database, folder / "files")


def answers(workspace: Workspace, who: access.User) -> dict[str, dict[str, Any]]:
    """What each report that the person may read says."""
    with workspace.database.read() as connection:
        work = Work(workspace, connection, who)
        return {one["id"]: reports.shown(work, reports.make(work, one["id"], Asked())) for one in reports.listed(work)}


def counted_records(workspace: Workspace, who: access.User, told: dict[str, dict[str, Any]]) -> None:
    """Hold the list behind the first figure of each report against the figure."""
    with workspace.database.read() as connection:
        work = Work(workspace, connection, who)
        for name, said in told.items():
            column = next((each["id"] for each in said["columns"] if each["counted"]), None)
            if column is None or not said["rows"]:
                continue
            row = said["rows"][0]
            made = reports.make(work, name, Asked())
            behind = reports.behind(work, made, json.dumps(row["key"], default=str), column, size=200)["items"]
            assert len(behind) == row["figures"][column], (name, column)


@pytest.mark.parametrize("email", PEOPLE)
def test_each_report_counts_exactly_the_records_that_its_reader_sees(
    shipped: Workspace, email: str, tmp_path: Path
) -> None:
    who, (least, others) = user(shipped, email), PEOPLE[email]
    told = answers(shipped, who)
    assert len(told) >= least, sorted(told)
    with twin(shipped, who, tmp_path) as other:
        wanted = answers(other, replace(who, roles=("base.admin",)))
    differ = [name for name, said in told.items() if said != wanted[name]]
    assert differ == []
    assert sum(bool(said["rows"]) for said in told.values()) >= least / 2
    counted_records(shipped, who, told)
    whole = answers(shipped, replace(who, roles=("base.admin",)))
    assert sum(said != whole[name] for name, said in told.items()) >= others


def test_the_weekly_health_goes_to_each_manager_as_a_mail_with_the_page(shipped: Workspace) -> None:
    create_app(shipped)  # which draws pages
    monday = datetime(2026, 11, 23, tzinfo=UTC)  # eight in Shanghai
    pass_until(shipped, monday + timedelta(minutes=1))
    mails = [
        one for one in rows_of(shipped.database, "dw_outbox") if str(one["key"]).startswith("report:sales.health:")
    ]
    held = {json.loads(one["payload"])["user"]: json.loads(one["payload"]) for one in mails}
    with shipped.database.read() as connection:
        wanted = {
            user
            for role in ("sales.manager", "sales.admin")
            for user in accounts.holders(connection, role)
        }  # fmt: skip
    assert len(mails) == len(held) and held.keys() == wanted and len(wanted) >= 2
    mail = held[user(shipped, "he@example.com").id or ""]
    (page,) = mail["attachments"]
    assert (page["name"], page["type"]) == (f"sales.health-{date(2026, 11, 23)}.html", "text/html")
    assert "Pipeline health, 30 days ahead" in page["content"] and "<svg" in page["content"]
    assert "Negotiation" in page["content"]
