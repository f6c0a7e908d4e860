"""What is being done when the process dies. Each act can be repeated, as a client, an operator or a worker would.

``begin`` sets the stage for run n, ``act`` does the work and returns what the client was answered, ``wrong`` says what
is not as it must be once the work was done after all. Runs go on in the same workspace, each with records of its own.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from dealwright import access, clock, packs
from dealwright.errors import ConflictError
from dealwright.jobs.deliveries import Deliveries
from dealwright.jobs.pace import Pace
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.packs.source import PackSource
from dealwright.records import imports
from dealwright.records.tables_in import open_table
from dealwright.storage import imports as progress
from dealwright.storage import outbox, proposals, revisions, schema, system, tables
from worlds import DEAL, documents

from .site import NOTE

if TYPE_CHECKING:
    from .site import Site

#: A deal with which rules set the tier, create a task and call a webhook.
BIG = {"amount": "200000", "win": "80", "closes_on": "2027-01-31"}
LINES = [{"what": "desk", "qty": 2, "price": "10"}, {"what": "lamp", "qty": 1, "price": "5.50"}]
MANIFEST = {"kind": "pack", "id": "t", "ns": "t", "lang": 1, "title": "T", "version": "1.0.0", "platform": ">=0.1"}
TASK = "Visit {} of Acme"


class Scenario(Protocol):
    def begin(self, site: Site, run: int) -> Any: ...
    def act(self, site: Site, state: Any) -> list[Any]: ...
    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]: ...


def deals(site: Site, **values: str) -> list[dict[str, Any]]:
    """Return the deals with these values, archived ones too."""
    table = tables.of(site.catalog).tables["t__deal"]
    with site.workspace.database.read() as connection:
        where = [table.c[name] == value for name, value in values.items()]
        return [dict(row) for row in connection.execute(sa.select(table).where(*where)).mappings()]


def tasks(site: Site, title: str) -> int:
    table = tables.of(site.catalog).tables["base__task"]
    with site.workspace.database.read() as connection:
        return len(connection.execute(sa.select(table.c.id).where(table.c.title == title)).all())


def notices(site: Site, title: str) -> int:
    table = tables.of(site.catalog).tables["base__notification"]
    with site.workspace.database.read() as connection:
        return len(connection.execute(sa.select(table.c.id).where(table.c.title == title)).all())


def compared(**pairs: tuple[Any, Any]) -> list[str]:
    return [
        f"{name} is {found!r}, expected {expected!r}" for name, (found, expected) in pairs.items() if found != expected
    ]


class Save:
    """A deal with lines is created; rules change it, create a task and leave a message."""

    def begin(self, site: Site, run: int) -> Any:
        return {"run": run, "data": {"name": f"save {run}", "code": f"save-{run}", "account": site.account, **BIG}}

    def act(self, site: Site, state: Any) -> list[Any]:
        return [site.ask("POST", "/records/t.deal", {**state["data"], "lines": LINES}, f"save-{state['run']}")]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        found = deals(site, code=f"save-{state['run']}")
        return compared(
            ids=([one["id"] for one in found], [answers[0][1]["id"]]),
            tier=([one["tier"] for one in found], ["A"]),
            version=([one["version"] for one in found], [1]),
            tasks=(tasks(site, TASK.format(state["data"]["name"])), 1),
        )


class Update:
    """A deal is changed so that rules run in rounds: the tier, then what follows from the tier."""

    def begin(self, site: Site, run: int) -> Any:
        name = f"update {run}"
        return run, name, site.create("t.deal", name=name, account=site.account, amount="200000", win="10", lines=LINES)

    def act(self, site: Site, state: Any) -> list[Any]:
        run, _, deal = state
        return [site.ask("PATCH", f"/records/t.deal/{deal}", {"win": "80", "lines": LINES[:1]}, f"update-{run}")]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        (found,) = deals(site, id=state[2])
        return compared(
            status=(answers[0][0], 200),
            tier=(found["tier"], "A"),
            version=(found["version"], 2),
            tasks=(tasks(site, TASK.format(state[1])), 1),
        )


class Move:
    """A deal goes to the next stage, and gets a value on the way."""

    def begin(self, site: Site, run: int) -> Any:
        return run, site.create("t.deal", name=f"move {run}", account=site.account, amount="10", win="40")

    def act(self, site: Site, state: Any) -> list[Any]:
        body = {"to": "offer", "data": {"win": "75"}}
        return [site.ask("POST", f"/records/t.deal/{state[1]}/move", body, f"move-{state[0]}")]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        (found,) = deals(site, id=state[1])
        return compared(
            status=(answers[0][0], 200), stage=(found["stage"], "offer"), version=(found["version"], 2),
            tier=(found["tier"], "A"),
        )  # fmt: skip


class Decide:
    """An approval is decided: the last of its steps closes, what follows changes the record, who asked is told."""

    def begin(self, site: Site, run: int) -> Any:
        deal = site.create("t.deal", name=f"decide {run}", account=site.account)
        asked = site.ask("POST", f"/records/t.deal/{deal}/approvals", {"approval": "t.consent"}, f"ask-{run}")
        return run, deal, asked[1]["id"]

    def act(self, site: Site, state: Any) -> list[Any]:
        return [site.ask("POST", f"/approvals/{state[2]}/approve", {"comment": "fine"}, f"decide-{state[0]}")]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        (found,) = deals(site, id=state[1])
        seat, event = system.approval_seat, system.event
        with site.workspace.database.read() as connection:
            seats = connection.scalars(sa.select(seat.c.state).where(seat.c.approval == state[2])).all()
            ends = sa.select(event.c.id).where(event.c.record == state[1], event.c.type == "approval.approved")
            ended = len(connection.execute(ends).all())
        return compared(
            status=(answers[0][0], 200), state=(answers[0][1].get("state"), "approved"), seats=(seats, ["approved"]),
            ended=(ended, 1), followed=(found["opened"], 1), version=(found["version"], 2),
            told=(notices(site, f"Approved: Consent for {found['name']}"), 1),
        )  # fmt: skip


class Bulk:
    """Twenty records in one call: ten new, eight changed, two archived; unless ``atomic``, one of the new is refused."""

    def __init__(self, *, atomic: bool) -> None:
        self.atomic = atomic

    def begin(self, site: Site, run: int) -> Any:
        name = f"bulk {self.atomic} {run}"
        body = {"create": [{"name": f"{name} {i}", "account": site.account, "win": "50"} for i in range(10)]}
        answers = site.ask("POST", "/records/t.deal/bulk", body)[1]["results"]
        old = [one["id"] for one in answers]
        new = [{"name": f"{name} new", "code": f"{name} {i}", "account": site.account, **BIG} for i in range(10)]
        if not self.atomic:
            new[3]["win"] = "150"
        changed = [{"id": one, "win": "80", "amount": "100000"} for one in old[:8]]
        return {"name": name, "body": {"create": new, "update": changed, "delete": old[8:], "atomic": self.atomic}}

    def act(self, site: Site, state: Any) -> list[Any]:
        return [site.ask("POST", "/records/t.deal/bulk", state["body"], state["name"])]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        found = deals(site, name=f"{state['name']} new")
        codes = {one["code"] for one in state["body"]["create"] if one["win"] != "150"}
        old = [deals(site, name=f"{state['name']} {i}")[0] for i in range(10)]
        return compared(
            status=(answers[0][0], 200 if self.atomic else 207),
            created=(sorted(one["code"] for one in found), sorted(codes)),
            tiers=({one["tier"] for one in found}, {"A"}),
            versions=([one["version"] for one in old], [2] * 10),
            archived=([one["archived_at"] is not None for one in old], [False] * 8 + [True] * 2),
            tasks=(tasks(site, TASK.format(f"{state['name']} new")), len(codes)),
        )


class Archive:
    """A deal is archived, and its notes with it."""

    def begin(self, site: Site, run: int) -> Any:
        deal = site.create("t.deal", name=f"archive {run}", account=site.account)
        return {"deal": deal, "notes": [site.create("t.note", text=f"note {i}", deal=deal) for i in range(3)]}

    def act(self, site: Site, state: Any) -> list[Any]:
        return [site.ask("DELETE", f"/records/t.deal/{state['deal']}")]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        table = tables.of(site.catalog).tables["t__note"]
        with site.workspace.database.read() as connection:
            notes = connection.execute(sa.select(table).where(table.c.deal == state["deal"])).mappings().all()
        (found,) = deals(site, id=state["deal"])
        return compared(
            status=(answers[0][0], 204),
            versions=([found["version"], *(note["version"] for note in notes)], [2] * 4),
            archived=([one["archived_at"] is not None for one in (found, *notes)], [True] * 4),
        )


class Import:
    """A file in three batches; some rows are refused. An operator who finds it unfinished imports it again."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def begin(self, site: Site, run: int) -> Any:
        file, rejects = site.folder / f"{run}.csv", site.folder / f"{run}.rejects.csv"
        with file.open("w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["name", "code", "amount", "win"])
            rows.writerows(self._row(run, i) for i in range(self.rows))
        return run, file, rejects

    def _row(self, run: int, i: int) -> list[str]:
        win = "much" if i % 8 == 3 else "150" if i % 8 == 6 else "40"
        return [f"import {run}", f"import-{run}-{i}", str(i), win]

    def act(self, site: Site, state: Any) -> list[Any]:
        _, file, rejects = state
        with site.workspace.database.read() as connection:
            found = [one for one in progress.latest(connection) if one["name"] == file.name]
        if not found or found[0]["state"] != "done":
            imports.run(site.workspace, access.operator(), "t.deal", open_table(file), rejects=rejects)
        with site.workspace.database.read() as connection:
            (done,) = [one for one in progress.latest(connection) if one["name"] == file.name]
        return [[done["state"], done["counts"]]]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        run, _, rejects = state
        refused = [i for i in range(self.rows) if i % 8 in (3, 6)]
        good = sorted(f"import-{run}-{i}" for i in range(self.rows) if i not in refused)
        with rejects.open(newline="") as file:
            kept = [row["code"] for row in csv.DictReader(file)]
        counts = answers[0][1]
        return compared(
            state=(answers[0][0], "done"),
            saved=(sorted(one["code"] for one in deals(site, name=f"import {run}")), good),
            rejects=(kept, [f"import-{run}-{i}" for i in refused]),
            counts=([counts[name] for name in ("rows", "created", "rejected")], [self.rows, len(good), len(refused)]),
        )


class Outbox:
    """Messages are sent by a worker; what a dead one held goes out again when its claim has run out."""

    PACE = Pace(deliveries=1, lease=60)

    def __init__(self, messages: int) -> None:
        self.messages = messages

    def begin(self, site: Site, run: int) -> Any:
        for i in range(self.messages):
            site.create("t.deal", name=f"outbox {run} {i}", account=site.account, **BIG)
        return run

    def act(self, site: Site, state: Any) -> list[Any]:
        with site.workspace.database.read() as connection:
            pending = sa.select(sa.func.max(system.outbox.c.next_at)).where(system.outbox.c.state == "pending")
            latest = connection.scalar(pending) or clock.now()
        with clock.frozen(max(latest, clock.now())):  # whatever a dead worker has claimed is due again
            sender = Deliveries(site.workspace.database, site.plugins(), self.PACE)
            while sender.look():
                pass
            sender.stop(30)
        return []

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        with site.workspace.database.read() as connection:
            keys = set(connection.scalars(sa.select(system.outbox.c.key)))
            states = set(outbox.counts(connection))
        return compared(states=(states, {"sent"}), received=(set(site.received()), keys))


class Install:
    """A pack comes in force with a new reference field and a new index: tables change, then the revision."""

    def begin(self, site: Site, run: int) -> Any:
        names = [f"extra_{i}" for i in range(1, run + 1)]
        extra = {name: {"field": "reference", "to": "t.account", "title": name, "indexed": True} for name in names}
        deal = {**DEAL, "properties": {**DEAL["properties"], **extra}}
        sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in documents(NOTE, deal))
        layer = Layer("t", "t", sourced, {}, frozenset({"base"}), version="1.0.0", manifest=MANIFEST)
        return run, PackSource(layer, site.folder)

    def act(self, site: Site, state: Any) -> list[Any]:
        done = packs.install(site.workspace.database, [state[1]])
        return [[done.revision]]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        name = f"extra_{state[0]}"
        with site.workspace.database.read() as connection:
            active = revisions.active(connection)
        status, record = site.ask("POST", "/records/t.deal", {"name": name, name: site.account})
        undone = schema.complete(site.workspace.database, site.catalog)
        return compared(
            active=(active, answers[0][0]), status=(status, 201), written=(record.get(name), site.account),
            undone=(undone, []),
        )  # fmt: skip


class Apply:
    """A plan with a field of the admins is applied: tables change, then the revision, and the proposal is gone."""

    def begin(self, site: Site, run: int) -> Any:
        field = {"field": "text", "title": f"Extra {run}"}
        change = {"path": f"entity:t.deal#/properties/c__extra_{run}", "op": "add", "value": field}
        with site.workspace.database.write() as connection:
            packs.overlay.propose(connection, [change])
        return run, packs.plan(site.workspace.database, packs.Wanted(proposals=True)).id

    def act(self, site: Site, state: Any) -> list[Any]:
        try:
            return [[packs.apply(site.workspace.database, state[1]).revision]]
        except ConflictError:  # it was applied, and the answer never came
            with site.workspace.database.read() as connection:
                return [[revisions.active(connection)]]

    def wrong(self, site: Site, state: Any, answers: list[Any]) -> list[str]:
        name = f"c__extra_{state[0]}"
        status, record = site.ask("POST", "/records/t.deal", {"name": name, name: "here"})
        with site.workspace.database.read() as connection:
            active = revisions.active(connection)
            left = [one.path for one in proposals.listed(connection)]
        return compared(
            active=(active, answers[0][0]), status=(status, 201), written=(record.get(name), "here"), left=(left, [])
        )
