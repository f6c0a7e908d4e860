"""The release before and a workspace that its admins have changed: an upgrade keeps their word and what is on its way."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dealwright import access, packs
from dealwright.errors import GateUnmetError
from dealwright.packs import Wanted, overlay
from dealwright.records import Change, Work, Workspace, fetch, move_one, save_one
from dealwright.storage import Database, revisions

OLD = Path(__file__).parents[1] / "data" / "packs" / "sales_pipeline-0.1.0.zip"
SETTINGS = {"zone": "Asia/Shanghai", "locale": "en", "currency": "CNY"}
CHANGES = [
    {"path": "parameter:sales.stall_days#/default", "op": "set", "value": 10},
    {"path": "entity:sales.opportunity#/properties/amount/title", "op": "set", "value": "Contract value"},
    {"path": "entity:sales.opportunity#/properties/c__ward", "op": "add", "value": {"field": "text", "title": "Ward"}},
]  # fmt: skip


def test_an_upgrade_keeps_what_admins_have_changed_and_what_is_on_its_way(sqlite_url: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(OLD) as archive:
        named = [one for one in archive.namelist() if not one.startswith("META/")]
        archive.extractall(tmp_path / "sales_pipeline", named)
    old = packs.read(tmp_path / "sales_pipeline")
    with Database(sqlite_url) as database:
        packs.install(database, [old], settings=SETTINGS)
        changed = packs.plan(database, Wanted(overlay=overlay.read({"format": 1, "changes": CHANGES})))
        packs.apply(database, changed.id)
        workspace = Workspace(database, tmp_path / "files")
        with database.write() as connection:
            work = Work(workspace, connection, access.operator())
            data = {"name": "Ward 7", "stage": "solution", "demo_on": "2026-11-20", "c__ward": "East"}
            deal = save_one(work, "sales.opportunity", Change(data)).id

        plan = packs.plan(database, Wanted(packs=[packs.read(packs.find()["sales_pipeline"])]))
        assert plan.risk in ("safe", "review"), [str(line) for line in plan.lines if line.risk == "blocked"]
        packs.apply(database, plan.id)

        workspace = Workspace(database, tmp_path / "files")
        with database.write() as connection:
            catalog = packs.stored_catalog(connection, revisions.active(connection))
            assert catalog.documents["parameter", "sales.stall_days"]["default"] == 10
            assert catalog.entity("sales.opportunity").fields["amount"].title == "Contract value"
            work = Work(workspace, connection, access.operator())
            kept = fetch(work, "sales.opportunity", deal)
            assert (kept["stage"], kept["c__ward"], kept["name"]) == ("solution", "East", "Ward 7")
            # The gates of the new release hold from the next move on.
            with pytest.raises(GateUnmetError) as refused:
                move_one(work, "sales.opportunity", deal, "negotiation")
            assert {one.item for one in refused.value.problems} == {"needs_match", "decision_map", "budget_compliance"}
