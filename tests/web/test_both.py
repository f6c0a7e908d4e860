"""The whole way of one record through the pages, on both kinds of database."""

from __future__ import annotations

from pathlib import Path

import pages
from dealwright import access
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
