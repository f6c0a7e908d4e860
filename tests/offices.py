"""A small office for tests of approvals: ann sells, mia manages her, fay and finn are in finance, gus may do nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dealwright import clock
from dealwright.records import Change, Work, approving, save_one
from dealwright.storage import approvals as stored
from dealwright.storage import events
from worlds import opened, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.access import User
    from dealwright.records import Workspace

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DISCOUNT = {
    "kind": "approval", "id": "t.discount", "lang": 1, "title": "Discount", "entity": "t.deal", "when": "discount > 5",
    "steps": [
        {"id": "manager", "title": "Manager", "approvers": [{"manager_of": "owner"}]},
        {"id": "finance", "title": "Finance", "when": "amount >= 1000", "approvers": [{"role": "t.finance"}],
         "need": {"count": 2}},
    ],
    "rules": {"restart_on": ["discount", "amount"], "lock": "fields"},
}  # fmt: skip
FINANCE = {
    "kind": "role", "id": "t.finance", "lang": 1, "title": "Finance",
    "grants": [{"entity": "t.deal", "ops": ["read"], "fields": {"*": "see", "margin": "none"}}],
}  # fmt: skip

CHINESE = {"zh-CN": {"approval:t.discount#/title": "折扣审批"}}


class Office:
    """A workspace with the people of these tests: ann sells, mia manages her, fay and finn are in finance."""

    def __init__(self, database: Any, folder: Any, *more: dict[str, Any]) -> None:
        self.workspace: Workspace = opened(database, DISCOUNT, FINANCE, *more, folder=folder, translations=CHINESE)
        self.mia = person(self.workspace, "Mia", ["base.admin"])
        self.ann = person(self.workspace, "Ann", ["t.rep"], manager=self.mia.id)
        self.fay = person(self.workspace, "Fay", ["t.finance"], locale="zh-CN")
        self.finn = person(self.workspace, "Finn", ["t.finance"])
        self.guest = person(self.workspace, "Gus", ["t.guest"])

    def person(self, name: str, roles: list[str], **more: Any) -> User:
        return person(self.workspace, name, roles, **more)

    def act(self, user: User, what: Callable[[Work], Any], at: datetime = NOON) -> Any:
        with clock.frozen(at), self.workspace.database.write() as connection:
            return what(Work(self.workspace, connection, user, address="203.0.113.7"))

    def deal(self, **data: Any) -> str:
        change = Change({"name": "Lift", "discount": "12", "amount": "5000", **data})
        return self.act(self.ann, lambda work: save_one(work, "t.deal", change)).id

    def asked(self, record: str, user: User | None = None) -> str:
        return self.act(user or self.ann, lambda work: approving.request(work, "t.discount", "t.deal", record))

    def decide(self, user: User, identifier: str, verdict: str = "approved", **more: Any) -> str:
        return self.act(user, lambda work: approving.decide(work, identifier, verdict, **more)).state

    def row(self, identifier: str) -> stored.Stored:
        with self.workspace.database.read() as connection:
            return stored.get(connection, [identifier])[identifier]

    def waiting(self, user: User) -> list[str]:
        with self.workspace.database.read() as connection:
            return list(stored.asked(connection, user.id or ""))

    def notices(self, user: User) -> list[str]:
        with self.workspace.database.read() as connection:
            work = Work(self.workspace, connection, self.mia)
            table = work.tables.tables
            name = next(one for one in table if one.endswith("base__notification"))
            rows = connection.execute(table[name].select().order_by(table[name].c.id)).mappings()
            return [row["title"] for row in rows if row["user"] == user.id]

    def told(self) -> list[str]:
        with self.workspace.database.read() as connection:
            found = [one["type"] for one in events.since(connection, 0)]
        return [one.removeprefix("approval.") for one in found if one.startswith("approval.")]
