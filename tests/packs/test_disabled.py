"""A disabled pack does nothing and shows nothing, stands in nobody's way, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dealwright import access, packs, rules, scoring, sla
from dealwright.errors import ConflictError, ForbiddenError
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.reports import of as reports_of
from dealwright.packs import Wanted
from dealwright.records import Change, Work, Workspace, add_user, approving, fetch, save_one
from dealwright.storage import Database, tables
from dealwright.web import shell

from .shop import BIG, DAYS, DEAL, REPORT, catalog, lines, pack, saved

CLERK: dict[str, Any] = {
    "kind": "role", "id": "med.clerk", "title": "Clerk",
    "grants": [{"entity": "med.*", "ops": ["read", "create", "update", "export"]},
        {"entity": "shop.deal", "ops": ["read", "create", "update"]}],
}  # fmt: skip
DOCUMENTS: list[dict[str, Any]] = [
    {"kind": "entity", "id": "med.device", "title": "Device", "display": "name",
     "properties": {"name": {"field": "text", "title": "Name"}}},
    {"kind": "entity", "extends": "shop.deal", "properties": {
        "med__ward": {"field": "text", "title": "Ward", "required_when": "amount > 10"},
        "med__heat": {"field": "decimal", "title": "Heat"},
     }, "required": ["med__ward"],
     "checks": [{"id": "med__never", "error_when": "amount == 5", "at": "amount", "message": "Not five"}],
     "overrides": [{"path": "#/title", "value": "Case", "was": "Deal"}]},
    {"kind": "rule", "id": "med.mark", "title": "Mark", "entity": "shop.deal", "on": {"record": {"events": ["created"]}},
     "if": "amount > 0", "then": [{"do": "set_field", "field": "dept", "value": "'med'"}]},
    {"kind": "deadline", "id": "med.answer", "title": "Answer", "entity": "shop.deal", "from": "created_at", "days": 3,
     "unit": "calendar_day", "met_when": "amount > 0"},
    {"kind": "sla", "id": "med.reply", "title": "Reply", "entity": "shop.deal", "start": {"event": "record.created"},
     "stop": "amount > 0", "target": "P1D"},
    {"kind": "score", "id": "med.heat", "title": "Heat", "entity": "shop.deal", "into": "med__heat",
     "inputs": [{"id": "size", "value": "amount", "scale": {"steps": [[0, 0], [100, 100]]}, "weight": 1}]},
    {"kind": "report", "id": "med.total", "title": "Total", "entity": "shop.deal", "calculate": "totals"},
    {"kind": "approval", "id": "med.consent", "title": "Consent", "entity": "shop.deal",
     "steps": [{"id": "boss", "title": "Boss", "approvers": [{"role": "base.admin"}]}]},
    CLERK,
]  # fmt: skip
#: Of a pack that builds on it: a rule that waits for its clock, and one that does not.
LATE: dict[str, Any] = {
    "kind": "rule", "id": "more.late", "title": "Late", "entity": "shop.deal",
    "on": {"sla": {"policy": "med.reply", "event": "breached"}},
    "then": [{"do": "set_field", "field": "dept", "value": "'late'"}],
}  # fmt: skip
OTHER: dict[str, Any] = {**BIG, "id": "more.other", "if": "amount > 100000"}


CLERKS = access.User("u1", "u1@example.com", "Uma", ("med.clerk",))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def seen(now: Catalog) -> dict[str, Any]:
    """Return what of the packs works and is shown."""
    rights = access.rights(now, CLERKS, "med.device")
    return {
        "title": now.entities["shop.deal"].title,
        "rules": sorted(now.rules),
        "clocks": sorted(identifier for _, identifier in sla.of(now).by_id),
        "scores": [one.id for one in scoring.of(now, "shop.deal")],
        "reports": sorted(reports_of(now)),
        "lists": sorted(one.id for one in shell.listed(now, CLERKS)),
        "ops": sorted(op for op in ("read", "create", "update", "export") if rights.allows(op)),
        "writes": "med__ward" in access.rights(now, CLERKS, "shop.deal").edited("update"),
        "sees": "med__ward" in access.rights(now, CLERKS, "shop.deal").seen(),
        "required": now.entities["shop.deal"].fields["med__ward"].required,
    }


def test_a_disabled_pack_does_and_shows_nothing_and_everything_is_back_with_it(shop: Database) -> None:
    packs.install(
        shop,
        [
            pack(*DOCUMENTS, name="med", requires={"shop": "*"}),
            pack(LATE, OTHER, name="more", requires={"shop": "*", "med": "*"}),
        ],
    )
    before = seen(catalog(shop))
    assert before == {
        "title": "Case", "rules": ["med.mark", "more.late", "more.other", "shop.big"],
        "clocks": ["med.answer", "med.reply", "shop.report"], "scores": ["med.heat"], "reports": ["med.total"],
        "lists": ["med.device", "shop.deal"], "ops": ["create", "export", "read", "update"],
        "writes": True, "sees": True, "required": True,
    }  # fmt: skip
    record = saved(shop, name="one", amount="20", med__ward="7b")
    packs.switch(shop, "med", on=False, reason="it sends too much")
    off = catalog(shop)
    assert seen(off) == {
        "title": "Deal", "rules": ["more.other", "shop.big"], "clocks": ["shop.report"], "scores": [], "reports": [],
        "lists": ["shop.deal"], "ops": ["export", "read"], "writes": False, "sees": True, "required": False,
    }  # fmt: skip
    plain = saved(shop, name="without a ward, which nobody asks for", amount="5")
    workspace = Workspace(shop, Path("files"))
    add_user(workspace, "ada@example.com", "Ada", None, [access.ADMIN_ROLE])
    with shop.write() as connection:
        work = Work(workspace, connection, access.operator())
        with pytest.raises(ConflictError, match="while its pack is disabled"):
            approving.request(work, "med.consent", "shop.deal", plain)
    with shop.write() as connection, pytest.raises(ForbiddenError):
        save_one(Work(workspace, connection, CLERKS), "med.device", Change({"name": "pump"}))
    with shop.read() as connection:
        shown = fetch(Work(workspace, connection, CLERKS), "shop.deal", record)
        assert (shown["med__ward"], shown["dept"]) == ("7b", "med")
    packs.install(shop, [pack(DEAL, DAYS, REPORT, BIG, version="1.0.1")])
    assert seen(catalog(shop))["rules"] == ["more.other", "shop.big"], "an upgrade of another pack leaves it disabled"
    packs.switch(shop, "med", on=True)
    assert seen(catalog(shop)) == before
    with shop.read() as connection:
        table = tables.layout(catalog(shop), "shop.deal").table
        assert connection.scalar(sa.select(table.c.med__ward).where(table.c.id == record)) == "7b"


def test_a_plan_says_that_a_pack_is_disabled(shop: Database) -> None:
    packs.install(shop, [pack(*DOCUMENTS, name="med", requires={"shop": "*"})])
    off = packs.overlay.read({"format": 1, "changes": [{"path": "pack:med#", "op": "disable"}]})
    made = packs.plan(shop, Wanted(overlay=off))
    assert (made.risk, lines(made, "DISABLE", "ENABLE")) == ("review", [("DISABLE", "pack:med")])
    packs.apply(shop, made.id)
    assert lines(packs.plan(shop, Wanted(overlay=[])), "DISABLE", "ENABLE") == [("ENABLE", "pack:med")]
