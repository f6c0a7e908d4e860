"""The whole way of one record through the pages, on both kinds of database."""

from __future__ import annotations

import io
from pathlib import Path

import pages
from dealwright import access
from dealwright.records import Workspace, importing
from dealwright.storage import queue
from pages import ADMIN, Person, text


def test_a_record_goes_its_way_through_the_pages(database_url: str, tmp_path: Path) -> None:
    with pages.workspace(database_url, tmp_path) as workspace:
        session, _ = access.sign_in(workspace, ADMIN, pages.PASSWORD)
        admin = Person(pages.app(workspace), session)
        lines = {"lines": "", "lines.a.item": "Bulb", "lines.a.qty": "2", "lines.a.each": "1.25"}
        data = {"name": "Lamp", "amount": "1,234.50", "discount": "20", "reason": "why", "tags": "red, blue", **lines}
        made = admin.post("/records/t.thing/new", data)
        assert made.status_code == 303, text(made)
        page = text(admin.get(made.location))
        assert "Amount ¥1,234.50" in page and "Twice ¥2,469.00" in page and "Total ¥2.50" in page
        assert "Lamp" in text(admin.get("/records/t.thing?q=lam&filter=amount > 1000&sort=-amount"))
        address = made.location.partition("?")[0]
        assert admin.get("/lookup/t.thing/other?q=la").json["items"][0]["title"] == "Lamp"
        assert admin.post(f"{address}/edit", {"name": "Lantern", "version": "1"}).location == f"{address}?notice=saved"
        assert admin.post(f"{address}/edit", {"name": "Late", "version": "1"}).status_code == 412
        assert "Name Lamp → Lantern" in text(admin.get(address))
        deal = admin.post("/records/t.deal/new", {"name": "Deal", "budget": "5000"}).location.partition("?")[0]
        assert "Big deals fired" in text(admin.get(deal))
        assert admin.post(f"{deal}/move", {"to": "offer"}).status_code == 303
        assert admin.post(f"{address}/archive", {}).status_code == 303
        assert "Lantern" not in text(admin.get("/records/t.thing"))
        for name in ("users", "events", "decisions", "outbox"):
            assert admin.get(f"/admin/{name}/").status_code == 200
        _lists(workspace, admin)
        _work(workspace, admin)


def _lists(workspace: Workspace, admin: Person) -> None:
    """Saved views, groups, the board and its cards, many records at once, comments, an import."""
    ids = [pages.deal(workspace, name=name, budget=budget).id for name, budget in (("North", "10"), ("South", "90"))]
    saved = admin.post(
        "/records/t.deal/views",
        {
            "do": "new",
            "title": "Dear ones",
            "audience": "everyone",
            "address": "/records/t.deal?filter=budget > 50&sort=name",
        },
    )
    listed = text(admin.get(saved.location))
    assert "South" in listed and "North" not in listed and "Dear ones" in listed
    grouped = text(admin.get("/records/t.deal?group=stage"))
    assert "North" in grouped and "Lead" in grouped
    board = admin.get("/records/t.deal/board?filter=budget < 100")
    assert "North" in text(board) and "¥100" in text(board)
    dropped = admin.post(f"/records/t.deal/{ids[0]}/drop?by=stage", {"to": "offer"})
    assert dropped.status_code == 200 and dropped.json["lanes"]["offer"]["count"] >= 1
    changed = admin.post("/records/t.deal/bulk", {"do": "set", "field": "least", "least": "7", "ids": ids})
    assert changed.status_code == 303, text(changed)
    assert admin.get("/records/t.deal?filter=least == 7").text.count('class="ttl"') == 2
    assert admin.post(f"/records/t.deal/{ids[1]}/comments", {"text": "Well done @Ada"}).status_code == 303
    assert "Well done" in text(admin.get(f"/records/t.deal/{ids[1]}"))
    assert admin.post("/records/t.deal/bulk", {"do": "archive", "ids": ids}).status_code == 303
    assert "North" not in text(admin.get("/records/t.deal"))

    queue.install(workspace.database)
    content = io.BytesIO(b"Name,Other,Day\nImported,Lantern,2026-12-01\nRefused,Nobody,2026-12-01\n")
    address = admin.post("/records/t.thing/import", {"file": (content, "things.csv")}).location
    admin.post(address, {"to.0": "name", "to.1": "other", "was.1": "other", "match.1": "name", "do": "start"})
    importing.carry_out(workspace, {"id": address.rpartition("/")[2], "locale": "en"})
    assert "2 of 2 rows" in text(admin.get(address))
    assert "Refused" in admin.get(f"{address}/rejects").get_data(as_text=True)


def _work(workspace: Workspace, admin: Person) -> None:
    """The to-do page and its calendar, a view of a plan, why a rule did not act."""
    admin.post("/todo", {"do": "add", "title": "Call Li", "due": "2030-01-02"})
    assert "Call Li" in text(admin.get("/todo"))
    assert "Call Li" in text(admin.get("/todo?shape=calendar&month=2030-01"))
    assert admin.get("/todo?who=team").status_code == 200
    plan = admin.post("/records/t.plan/new", {"name": "Plan", "budget": "2000", "why": "so"}).location.partition("?")[0]
    assert "so" in text(admin.get(plan))
    deal = pages.deal(workspace, name="Small", budget="70").id
    assert "budget > 1000" in text(admin.get(f"/records/t.deal/{deal}/why?rule=t.big"))
