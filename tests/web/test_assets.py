"""What the build left in ``static/dist``, as it is committed."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dealwright.resources import shipped
from dealwright.web import assets

DIST = assets.STATIC / "dist"
UI = Path(__file__).parents[2] / "ui"
MANIFEST = json.loads((DIST / "manifest.json").read_text("utf-8"))
#: Kilobytes after gzip that a page may cost (measured: 36 for scripts, 14 for styles).
BUDGET = {"js": 40, "css": 20}
#: The same for the designers, which administrators alone load.
DESIGNERS = {"admin.js": 60}


def test_every_name_of_the_manifest_is_a_file_with_a_hash_in_its_name() -> None:
    for entry in MANIFEST.values():
        assert (DIST / entry["file"]).is_file()
        # A worker is known by its address; the browser looks for a new one under it.
        assert entry["file"] == "worker.js" or re.search(r"-[A-Z0-9]{8}\.\w+$", entry["file"])


def test_every_file_but_the_licences_and_the_manifest_is_in_use() -> None:
    used = {"manifest.json", "LICENSES.txt"}
    for entry in MANIFEST.values():
        used |= {entry["file"], *entry["imports"]}
    found = {file.name.removesuffix(".gz").removesuffix(".br") for file in DIST.iterdir()}
    assert found == used


@pytest.mark.parametrize("file", sorted(DIST.glob("*.gz")), ids=lambda file: file.name)
def test_the_gzip_twin_holds_the_same_bytes(file) -> None:  # type: ignore[no-untyped-def]
    assert gzip.decompress(file.read_bytes()) == (DIST / file.name.removesuffix(".gz")).read_bytes()
    assert (DIST / f"{file.name.removesuffix('.gz')}.br").is_file()


def test_a_page_loads_less_than_its_budget() -> None:
    shared = {MANIFEST["app.js"]["file"], *MANIFEST["app.js"]["imports"]}
    pages = {name: {one["file"], *one["imports"], *shared} for name, one in MANIFEST.items() if name.endswith(".js")}
    pages["app.css"] = {MANIFEST["app.css"]["file"]}
    for name, files in pages.items():
        total = sum((DIST / f"{file}.gz").stat().st_size for file in files)
        limit = DESIGNERS.get(name) or BUDGET[name.rpartition(".")[2]]
        assert total <= limit * 1024, f"{name} weighs {total / 1024:.1f} KB"


def test_no_built_file_names_another_host_or_evaluates_text() -> None:
    for file in [*DIST.glob("app-*.js"), *DIST.glob("admin-*.js"), *DIST.glob("*.css")]:
        text = file.read_text("utf-8")
        assert "https://" not in text and "http://" not in text, file.name
        assert not re.search(r"\beval\(|new Function", text), file.name


def test_the_licence_of_everything_shipped_is_shipped() -> None:
    text = (DIST / "LICENSES.txt").read_text("utf-8")
    for name in ("htmx.org", "inter", "lucide"):
        assert name in text


def test_building_the_sources_again_gives_what_is_committed(tmp_path: Path) -> None:
    node, modules = shutil.which("node"), UI / "node_modules"
    if node is None or not modules.is_dir():
        if os.environ.get("CI"):
            raise FileNotFoundError("node or ui/node_modules is not there; install Node and run npm ci in ui/")
        pytest.skip("NOT TESTED: the build of scripts and styles needs node and npm ci in ui/")
    subprocess.run([node, str(UI / "build.mjs"), str(tmp_path / "dist")], check=True, timeout=60)
    built = {file.name: file.read_bytes() for file in (tmp_path / "dist").iterdir()}
    # Another Node may compress the same bytes in another way.
    same = {name for name in built if not name.endswith((".gz", ".br"))}
    assert {name: built[name] for name in same} == {name: (DIST / name).read_bytes() for name in same}
    assert set(built) == {file.name for file in DIST.iterdir()}


def test_the_design_has_every_icon_that_a_shipped_pack_names() -> None:
    named = {
        document["icon"]
        for file in shipped("rule_packs").rglob("entities/*.json")
        for document in [json.loads(file.read_text(encoding="utf-8"))]
        if "icon" in document
    }

    assert len(named) > 10
    assert named <= assets.icons()
