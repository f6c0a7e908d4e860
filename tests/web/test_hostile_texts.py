"""Markup in any text of a pack is shown as text, on every page that shows it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

import pages
from access.surfaces import CONSOLE
from dealwright import packs
from dealwright.metadata.texts import TRANSLATABLE
from pages import ADMIN, Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKUP = "<img src=x onerror=alert(1)>"


def hostile(node: Any, count: list[int], key: str = "") -> Any:
    """Return a document in which each text that people see is markup; two of them are never the same."""
    if isinstance(node, dict):
        return {name: one if name == "then" else hostile(one, count, name) for name, one in node.items()}
    if isinstance(node, list):
        return [hostile(one, count) for one in node]
    if isinstance(node, str) and key in TRANSLATABLE | {"unit"}:
        count[0] += 1
        return f"{MARKUP}{count[0]}"
    return node


@pytest.fixture(scope="module")
def visited(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return every page of a workspace whose pack has markup in all its texts."""
    folder = tmp_path_factory.mktemp("hostile")
    copied = folder / pages.PACK.name
    shutil.copytree(pages.PACK, copied)
    count = [0]
    for file in [*copied.glob("*/*.json"), copied / "pack.json"]:
        document = json.loads(file.read_text(encoding="utf-8"))
        if file.parent.name == "i18n":
            document = {path: f"{MARKUP}{path}" for path in document}
        file.write_text(json.dumps(hostile(document, count)), encoding="utf-8")
    assert count[0] > 100
    with pages.workspace(pages.copied(sqlite_template, folder / "workspace.db"), folder) as made:
        packs.install(made.database, [packs.read(copied)], reason=MARKUP)
        signed_in = pages.sessions(made)
        deal, thing, lease = pages.deal(made), pages.thing(made), pages.lease(made)
        pages.asked(made, signed_in, deal.id)
        admin = Person(pages.app(made), signed_in[ADMIN])
        addresses = ["/", "/approvals", "/admin/", *(f"/admin/{name}/" for name in CONSOLE)]
        for entity, one in (("t.deal", deal), ("t.thing", thing), ("t.lease", lease)):
            record = f"/records/{entity}/{one.id}"
            addresses += [f"/records/{entity}", f"/records/{entity}/new", record, f"{record}/edit"]
        addresses += ["/lookup/t.deal/thing", "/records/t.thing?filter=nothing", "/api/v1/metadata/entity/t.thing"]
        found = {one: admin.get(one).text for one in addresses}
        # What is wrong with a form, too: the messages of checks and gates.
        found["save"] = admin.post("/records/t.thing/new", {"name": ""}).text
        found["move"] = admin.post(f"/records/t.deal/{deal.id}/move", {"to": "won"}).text
        yield found


def test_no_page_lets_markup_of_a_pack_through(visited: dict[str, str]) -> None:
    shown = {address: page for address, page in visited.items() if not address.startswith(("/api/", "/lookup/"))}
    assert {address for address, page in shown.items() if "<img src=x" in page or "onerror=alert(1)>" in page} == set()
    seen = {address for address, page in shown.items() if "&lt;img src=x" in page}
    assert len(seen) >= 15, sorted(shown.keys() - seen)


def test_what_a_script_gets_is_json_and_never_taken_for_a_page(visited: dict[str, str]) -> None:
    for address, answer in visited.items():
        if address.startswith(("/api/", "/lookup/")):
            json.loads(answer)
