"""What packs leave behind is kept, exported, and goes for good only late, counted, and never against the law (A23)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dealwright import access, clock, packs, rules
from dealwright.cli import main
from dealwright.errors import ConflictError, NotFoundError
from dealwright.packs import Wanted
from dealwright.packs import purge as purging
from dealwright.packs.left_behind import left_behind
from dealwright.records import Change, Work, Workspace, purge, save_one
from dealwright.storage import Database, audit, retention, system, tables

from .shop import catalog, changed, pack, propose

DEVICE: dict[str, Any] = {
    "kind": "entity", "id": "med.device", "title": "Device", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name", "unique": True},
        "expires_on": {"field": "date", "title": "Expires"},
        "parts": {"field": "rows", "title": "Parts", "items": {"properties": {"sku": {"field": "text"}}}},
        "used_with": {"field": "references", "to": "med.device", "title": "Used with"},
    },
}  # fmt: skip
VISIT: dict[str, Any] = {
    "kind": "entity", "id": "med.visit", "title": "Visit", "display": "note",
    "properties": {
        "note": {"field": "text", "title": "Note"},
        "device": {"field": "reference", "to": "med.device", "title": "Device"},
    },
}  # fmt: skip
WARD: dict[str, Any] = {
    "kind": "entity", "extends": "shop.deal",
    "properties": {
        "med__ward": {"field": "text", "title": "Ward"},
        "med__device": {"field": "reference", "to": "med.device", "title": "Device"},
    },
}  # fmt: skip
LATER = clock.now() + timedelta(days=31)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def med(**device: Any) -> packs.PackSource:
    return pack({**DEVICE, **device}, VISIT, WARD, name="med", requires={"shop": "*"})


def put(database: Database, entity: str, **values: Any) -> str:
    with database.write() as connection:
        work = Work(Workspace(database, Path("files")), connection, access.operator())
        return str(save_one(work, entity, Change(values)).id)


def used(database: Database, **device: Any) -> str:
    """Install the pack, write with it, and take it away again."""
    packs.install(database, [med(**device)])
    one = put(database, "med.device", name="stent", parts=[{"sku": "a"}, {"sku": "b"}], expires_on="2020-02-29")
    put(database, "med.device", name="pump", used_with=[one])
    put(database, "med.visit", note="first", device=one)
    put(database, "shop.deal", name="with ward", med__ward="7b", med__device=one)
    put(database, "shop.deal", name="without")
    packs.apply(database, packs.plan(database, Wanted(without=["med"])).id)
    return one


def left(database: Database, name: str = "med") -> dict[str, int]:
    with database.read() as connection:
        return {one.path: one.records for one in left_behind(connection, name)}


def there(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names())


LEFT = {
    "entity:med.device": 2,
    "entity:med.visit": 1,
    "entity:shop.deal#/properties/med__device": 1,
    "entity:shop.deal#/properties/med__ward": 1,
}


def test_what_a_pack_has_left_goes_for_good_once_it_was_gone_for_thirty_days_and_somebody_has_counted(
    shop: Database,
) -> None:
    one = used(shop)
    assert left(shop) == LEFT
    with pytest.raises(ConflictError) as error:
        purging.purge(shop, "med", records=5)
    assert {one.code for one in error.value.problems} == {"too-early"}
    with clock.frozen(LATER):
        with pytest.raises(ConflictError, match="there are 5 records and values, not 4"):
            purging.purge(shop, "med", records=4)
        assert left(shop) == LEFT
        done = purging.purge(shop, "med", records=5, reason="nobody wants it back")
        assert [one.path for one in done.left] == sorted(LEFT)
        assert left(shop) == {}
    # A column with a foreign key cannot be dropped from a table of SQLite, nor the table that it names: they are empty.
    assert set(done.emptied) == (set() if shop.dialect == "postgresql" else {"med__device"})
    with shop.read() as connection:
        kept = {one["name"] for one in sa.inspect(connection).get_columns("shop__deal")}
        assert "med__ward" not in kept
        for log in (system.event, system.visit, system.timer):
            assert connection.scalar(sa.select(sa.func.count()).where(log.c.entity.like("med.%"))) == 0
        assert connection.scalar(sa.select(sa.func.count()).where(system.event.c.record == one)) == 0
        last = connection.execute(sa.select(system.audit).order_by(system.audit.c.seq.desc()).limit(1)).one()
        assert (last.action, last.subject, json.loads(last.data)["removed"]) == ("pack.purged", "pack:med", LEFT)
    put(shop, "shop.deal", name="goes on")
    packs.install(shop, [med()])
    put(shop, "shop.deal", name="again", med__device=put(shop, "med.device", name="stent"))
    with shop.read() as connection:
        table = tables.layout(catalog(shop), "med.device").table
        assert list(connection.scalars(sa.select(table.c.name))) == ["stent"]


def test_a_purge_that_dies_on_the_way_has_removed_nothing(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    used(shop)

    def dies(*args: Any, **named: Any) -> str:
        raise KeyboardInterrupt

    before = there(shop)
    monkeypatch.setattr(audit, "append", dies)
    with clock.frozen(LATER), pytest.raises(KeyboardInterrupt):
        purging.purge(shop, "med", records=5)
    monkeypatch.undo()
    assert (there(shop), left(shop)) == (before, LEFT)


def test_a23_records_that_must_be_kept_are_never_purged_and_can_be_exported(shop: Database, tmp_path: Path) -> None:
    used(shop, retention={"keep": "forever", "reason": "Order 54, article 40"})
    with clock.frozen(LATER + timedelta(days=36500)):
        with pytest.raises(ConflictError, match="Order 54, article 40") as error:
            purging.purge(shop, "med", records=5)
        assert [(one.source, one.code) for one in error.value.problems] == [("entity:med.device", "retention")]
        assert left(shop) == LEFT
        purging.purge(shop, "med", ["entity:shop.deal#/properties/med__ward"], records=1)
        assert left(shop) == {key: one for key, one in LEFT.items() if not key.endswith("med__ward")}
        url = shop.engine.url.render_as_string(hide_password=False)
        ran = CliRunner().invoke(
            main, ["pack", "purge", "med", "--export", str(tmp_path / "out"), "--database", url], catch_exceptions=False
        )
        assert ran.exit_code == 1, ran.output
    assert "2 of 2 records must still be kept (Order 54, article 40)" in ran.output
    lines = (tmp_path / "out" / "med.device.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(one)["name"] for one in lines) == ["pump", "stent"]
    assert sorted(len(json.loads(one)["parts"]) for one in lines) == [0, 2]
    (field,) = (tmp_path / "out" / "shop.deal.med__device.jsonl").read_text(encoding="utf-8").splitlines()
    assert set(json.loads(field)) == {"id", "med__device"}


@pytest.mark.parametrize(
    ("keep", "expires_on", "today", "held"),
    [
        ("P5Y", "2020-02-29", "2025-02-28", True),
        ("P5Y", "2020-02-29", "2025-03-01", False),
        ("P1M", "2025-01-31", "2025-02-28", True),
        ("P2Y", None, "2099-01-01", True),
        ("P30D", "2025-01-01", "2025-01-31", True),
        ("P30D", "2025-01-01", "2025-02-01", False),
        ("P9000Y", "2025-01-01", "2025-02-01", True),
    ],
)
def test_a_record_is_kept_to_the_end_of_its_last_day_and_while_its_time_has_not_begun(
    keep: str, expires_on: str | None, today: str, held: bool
) -> None:
    table = sa.Table("one", sa.MetaData(), sa.Column("id", sa.Text), sa.Column("expires_on", sa.Date))
    with sa.create_engine("sqlite://").connect() as connection:
        table.create(connection)
        day = datetime.fromisoformat(expires_on).date() if expires_on else None
        connection.execute(sa.insert(table).values(id="a", expires_on=day))
        now = datetime.fromisoformat(today).replace(hour=12, tzinfo=UTC)
        found = retention.held(connection, table, {"keep": keep, "from": "expires_on"}, now)
    assert found == held


def test_what_an_upgrade_and_the_admins_have_left_can_go_too_and_what_is_in_force_never(shop: Database) -> None:
    note = {"path": "entity:shop.deal#/properties/c__note", "op": "add", "value": {"field": "text", "title": "Note"}}
    propose(shop, note)
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    put(shop, "shop.deal", name="one", c__note="mine", dept="north")
    with shop.write() as connection:
        packs.overlay.reset(connection, note["path"])
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    assert left(shop, "c") == {note["path"]: 1}
    assert left(shop, "shop") == {}
    with clock.frozen(LATER):
        purging.purge(shop, "c", records=1)
        with pytest.raises(NotFoundError, match="nothing behind"):
            purging.purge(shop, "shop", records=0)
        with pytest.raises(NotFoundError, match="never in force"):
            purging.purge(shop, "nobody", records=0)
    changed(shop, ("entity:shop.deal#/title", "Chance"))


def test_a_single_record_that_must_be_kept_is_not_purged_either(shop: Database) -> None:
    packs.install(shop, [med(retention={"keep": "P5Y", "from": "expires_on", "reason": "Order 54"})])
    kept = put(shop, "med.device", name="stent", expires_on="2099-01-01")
    over = put(shop, "med.device", name="pump", expires_on="2001-01-01")
    workspace = Workspace(shop, Path("files"))
    with shop.write() as connection, pytest.raises(ConflictError, match=r"must still be kept: Order 54"):
        purge(Work(workspace, connection, access.operator()), "med.device", kept)
    with shop.write() as connection:
        purge(Work(workspace, connection, access.operator()), "med.device", over)
    with shop.read() as connection:
        table = tables.layout(catalog(shop), "med.device").table
        assert list(connection.scalars(sa.select(table.c.id))) == [kept]
