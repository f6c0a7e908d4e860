"""A pack with faults is refused whole: every fault is named with its file and place, and nothing has changed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, inspect, select, table

import apiary
from apiary import Site
from dealwright.storage import Database
from served import dealwright

if TYPE_CHECKING:
    from pathlib import Path

# The server is a real one, and so is each command: a process of its own.
pytestmark = pytest.mark.slow

#: What the pack says of each fault of ``apiary.FAULTS``: file and place, code, and words that help.
EXPECTED = {
    "pack.json/requires/nowhere": ("missing-pack", "nowhere"),
    "entities/yard.json/properties/honey/filter": ("unknown-field", "healthy"),
    "entities/hive.json/properties/income/formula": ("unknown-field", "each"),
    "pipelines/season.json/start": ("unknown-name", "autumn"),
    "rules/strong.json/if": ("unknown-parameter", "strong_from"),
    "rules/visited.json/then/0/field": ("unknown-name", "visits"),
    "rules/extract.json/because": ("unknown-key", "because"),
    "option_sets/region.json/options/1/id": ("twice", "north"),
    "roles/keeper.json/grants/1/entity": ("unknown-name", "bee.yard"),
    "messages/extract.json/channels": ("wrong-type", "a list"),
    "parameters.json/0/default": ("out-of-range", "60"),
    "i18n/zh-CN.json/entity:bee.hive#~1properties~1nme~1title": ("unknown-path", "name"),
}


def state(site: Site) -> dict[str, Any]:
    """Return all that an installation changes: revisions, columns of every table, documents in force, the audit log."""
    with Database(site.url) as database, database.read() as connection:
        looked = inspect(connection)
        tables = {t: sorted(c["name"] for c in looked.get_columns(t)) for t in looked.get_table_names()}
        told = {
            name: connection.execute(select(func.count()).select_from(table(name))).scalar_one()
            for name in ("dw_revision", "dw_activation", "dw_document", "dw_audit")
        }
    documents = {
        kind: site.admin.ask("GET", f"/api/v1/metadata/{kind}").text
        for kind in ("entity", "pipeline", "rule", "role", "message", "option_set", "parameter")
    }
    return {"tables": tables, "rows": told, "documents": documents}


@pytest.fixture
def copy(site: Site, tmp_path: Path) -> Path:
    """Another version of the pack that is in force, to be spoiled: with a new field, so that it would change a table."""
    pack = tmp_path / "apiary"
    shutil.copytree(site.home / "apiary", pack)
    hue = {"field": "text", "title": "New"}
    apiary.spoil(pack, [("pack.json", "/version", "1.1.0"), ("entities/hive.json", "/properties/new_field", hue)])
    return pack


def test_every_fault_is_listed_and_nothing_is_changed(site: Site, copy: Path) -> None:
    apiary.spoil(copy)
    before = state(site)
    done = dealwright(site.home, "pack", "install", copy, "--json", url=site.url)
    assert (done.returncode, done.stderr) == (1, "")
    said = json.loads(done.stdout)
    assert (said["ok"], said["code"]) == (False, "definition-invalid")
    found = {(p["source"] + p["pointer"]).removeprefix("apiary/"): (p["code"], p["message"]) for p in said["problems"]}
    codes = {place: code for place, (code, _) in found.items()}
    assert codes == {place: code for place, (code, _) in EXPECTED.items()}
    assert [place for place, (_, word) in EXPECTED.items() if word not in found[place][1]] == []
    assert len(said["problems"]) == len(EXPECTED)
    assert state(site) == before


def test_the_check_before_names_the_same_faults_one_a_line(site: Site, copy: Path) -> None:
    apiary.spoil(copy)
    done = dealwright(site.home, "check", copy)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [place for place in EXPECTED if not any(line.startswith(f"apiary/{place}: ") for line in lines)] == []
    assert lines[-1] == f"{len(EXPECTED)} problems"


def test_files_that_are_no_documents_are_refused_by_name(site: Site, copy: Path) -> None:
    (copy / "rules" / "strong.json").write_text('{"kind": "rule", "kind": "role"}', encoding="utf-8")
    (copy / "entities" / "yard.json").write_text('{"kind": "entity",', encoding="utf-8")
    before = state(site)
    done = dealwright(site.home, "pack", "install", copy, url=site.url)
    assert done.returncode == 1
    assert "apiary/rules/strong.json" in done.stderr
    assert "apiary/entities/yard.json" in done.stderr
    (copy / "hooks.py").write_text("import os", encoding="utf-8")
    done = dealwright(site.home, "pack", "install", copy, url=site.url)
    assert (done.returncode, "apiary/hooks.py" in done.stderr) == (1, True)
    assert state(site) == before
