"""Markup in any text of a pack is shown as text, on every page that shows it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

import pages
from dealwright import packs
from dealwright.metadata.texts import TRANSLATABLE
from pages import ADMIN, Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from werkzeug.test import TestResponse

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
def visited(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, TestResponse]]:
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
        app = pages.app(made)
        admin = Person(app, signed_in[ADMIN])
        records = {"t.deal": deal.id, "t.thing": thing.id, "t.lease": lease.id}
        found = {one: admin.get(one) for one in addresses(app, records)}
        # What is wrong with a form, too: the messages of checks and gates.
        found["save"] = admin.post("/records/t.thing/new", {"name": ""})
        found["move"] = admin.post(f"/records/t.deal/{deal.id}/move", {"to": "won"})
        yield found


def addresses(app: Flask, records: dict[str, str]) -> Iterator[str]:
    """Yield each page of the application, of each entity and record."""
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.rule.startswith("/static"):
            continue
        if rule.arguments <= {"entity_id", "record_id"}:
            for entity, record in records.items() if rule.arguments else [("", "")]:
                yield rule.rule.replace("<entity_id>", entity).replace("<record_id>", record)
    for name, identifier in (
        ("entities", "t.deal"),
        ("rules", "t.big"),
        ("roles", "t.clerk"),
        ("packs", "page_fields"),
    ):
        yield f"/admin/{name}/details/?id={identifier}"
    for place in ("reports", "dashboards"):
        for file in sorted((pages.PACK / place).glob("*.json")):
            yield f"/{place}/t.{file.stem}"
    yield from ("/lookup/t.deal/thing", "/records/t.thing?filter=nothing", "/api/v1/metadata/entity/t.thing")


def is_page(answer: TestResponse) -> bool:
    return str(answer.content_type).startswith("text/html")


def test_a17_no_page_lets_markup_of_a_pack_through(visited: dict[str, TestResponse]) -> None:
    shown = {address: one.text for address, one in visited.items() if is_page(one)}
    assert {address for address, page in shown.items() if "<img src=x" in page or "onerror=alert(1)>" in page} == set()
    seen = {address for address, page in shown.items() if "&lt;img src=x" in page}
    assert len(seen) >= 20, sorted(shown.keys() - seen)


def test_what_is_no_page_is_never_taken_for_one(visited: dict[str, TestResponse]) -> None:
    others = {address: one for address, one in visited.items() if not is_page(one) and one.status_code == 200}
    assert len(others) >= 3
    for address, one in others.items():
        assert one.headers["X-Content-Type-Options"] == "nosniff", address
