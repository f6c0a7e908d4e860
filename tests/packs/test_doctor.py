"""``pack doctor``: what should be looked at in a workspace now that time has passed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from dealwright import clock, packs
from dealwright.cli import main
from dealwright.metadata.patches import Patch
from dealwright.packs import archive, doctor, releases
from dealwright.packs.enact import enact
from dealwright.packs.prepare import prepare
from dealwright.storage import Database
from shop_pack import LOOK, MAY, SHOP, pack

CALENDAR: dict[str, Any] = {
    "kind": "calendar", "id": "shop.days", "title": "Days", "zone": "UTC",
    "week": {"monday": ["09:00-17:00"]}, "years": {"2026": {"holidays": ["2026-12-25"]}},
}  # fmt: skip


def test_what_has_grown_old_is_found(sqlite_url: str, tmp_path: Path) -> None:
    files = {**SHOP, "calendars/days.json": CALENDAR, "messages/look.json": {**LOOK, "deprecated": {"since": "1.2.0"}}}
    shop = pack(tmp_path, files, permissions=MAY, facts_as_of="2026-01-01")
    more = {"rules/more.json": {**SHOP["rules/large.json"], "id": "more.more", "title": "More"}}
    may = {"entities": {"base.task": ["create"], "shop.thing": ["read"]}}
    extra = pack(tmp_path, more, id="more", ns="more", requires={"shop": "*"}, permissions=may)
    made = archive.build(extra, tmp_path / "out").path
    with Database(sqlite_url) as database, archive.unpacked(made) as folder:
        source = packs.read(folder)
        released = {"more": releases.of_archive(made, source)}
        packs.install(database, [packs.read(shop), source], archives=released)
        with database.read() as connection:
            with clock.frozen(datetime(2026, 11, 1, tzinfo=UTC)):
                young = {(one.source, one.code) for one in doctor.findings(connection)}
            with clock.frozen(datetime(2027, 2, 1, tzinfo=UTC)):
                old = {(one.source, one.code) for one in doctor.findings(connection)}
    assert young == {("more/rules/more.json", "deprecated"), ("more", "not-signed")}
    assert old - young == {("shop", "old-facts"), ("calendar:shop.days", "missing-year")}


def test_a_change_that_does_not_hold_any_more_is_found(sqlite_url: str, tmp_path: Path) -> None:
    shop = packs.read(pack(tmp_path))
    changes = [
        Patch("entity:shop.thing#/properties/name/maxLength", "set", 3),
        Patch("entity:shop.thing#/properties/gone/title", "set", "Gone"),
    ]
    with Database(sqlite_url) as database:
        with database.read() as connection:
            prepared = prepare(connection, packs.Wanted(packs=[shop], overlay=changes))
        enact(database, prepared, by=None, reason="test")
        with database.read() as connection:
            found = [(one.source, one.code) for one in doctor.findings(connection)]
    assert found == [("entity:shop.thing#/properties/gone/title", "parked-change")]


def test_each_code_is_explained_on_its_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lint.md").read_text(encoding="utf-8")
    codes = re.findall(r"^    ([a-z]+(?:-[a-z]+)*) {2,}", doctor.__doc__ or "", re.MULTILINE)
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == codes


def test_a_workspace_with_nothing_to_be_looked_at(sqlite_url: str) -> None:
    with Database(sqlite_url) as database:
        packs.install(database)
    done = CliRunner().invoke(main, ["pack", "doctor", "--database", sqlite_url])
    assert (done.exit_code, done.output) == (0, "nothing to be looked at\n")
