"""An administrator changes definitions in a browser without scripts: drafts, fields, approvals, publishing, going back."""

from __future__ import annotations

import re

from dealwright import packs
from dealwright.packs import whole
from dealwright.records import Workspace
from dealwright.storage import audit, drafts
from pages import Person, deal, text


def begun(admin: Person, title: str = "Cost centres") -> str:
    """Begin a draft and return its address."""
    answer = admin.post("/admin/drafts/begin/", {"title": title})
    assert answer.status_code == 303
    return str(answer.location)


def added(
    admin: Person, draft: str, type_name: str, title: str = "Cost centre", entity: str = "t.deal", **more: str
) -> str:
    """Add a field and return the address of its page."""
    data = {"type": type_name, "title": title, **more}
    answer = admin.post(f"{draft}entities/{entity}/fields/add/", data)
    assert answer.status_code == 303
    return str(answer.location)


def publish(admin: Person, draft: str, reason: str = "Finance asks for it") -> str:
    """Plan and publish a draft; return the address that follows."""
    assert admin.post(f"{draft}plan/", {}).status_code == 303
    page = admin.get(f"{draft}publish/").text
    found = {name: value for name, value in re.findall(r'name="(plan|fingerprint)" value="([^"]+)"', page)}
    answer = admin.post(f"{draft}publish/", {**found, "reason": reason})
    assert answer.status_code == 303, text(answer)
    return str(answer.location)


def test_a_field_is_drafted_published_pulled_and_rolled_back(admin: Person, workspace: Workspace) -> None:
    deal(workspace, name="Lamp")
    draft = begun(admin)
    field = added(admin, draft, "select", chinese="成本中心")
    assert field.endswith("/entities/t.deal/fields/c__cost_centre/")
    page = admin.get(field)
    assert "Cost centre" in text(page) and "成本中心" in page.text
    data = {
        "title": "Cost centre", "title.zh-CN": "成本中心", "required.shown": "1", "required": "1",
        "s-options.shown": "1", "s-options.id": ["", ""], "s-options.title": ["North", "South"],
        "s-options.hue": ["blue", ""], "s-options.row": ["0", "1"], "s-section.shown": "1", "s-section": "Money",
    }  # fmt: skip
    answer = admin.post(field, data, **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 200 and "No problems" in text(answer)
    assert "Cost centre" not in admin.get("/records/t.deal/new").text
    summary = text(admin.get(draft))
    assert "New field “Cost centre” (One choice)" in summary
    plan = admin.post(f"{draft}plan/", {})
    assert plan.status_code == 303
    shown = text(admin.get(f"{draft}publish/"))
    assert "1 records have nothing in it yet" in shown and "1 records of Deal" in shown
    revision = publish(admin, draft)
    assert "Cost centre" in text(admin.get(revision))
    form = admin.get("/records/t.deal/new").text
    assert "Cost centre" in form and "North" in form
    with workspace.database.read() as connection:
        pulled = whole.files(connection)["overlay/entity.json"]["changes"]
        entries = [one["action"] for one in audit.latest(connection, limit=4)]
        history = packs.history(connection)
        assert drafts.listed(connection)[0].state == "published"
    added_field = next(
        one for one in pulled if one["path"] == "entity:t.deal#/properties/c__cost_centre" and one["op"] == "add"
    )
    assert added_field["value"]["options"] == [
        {"id": "north", "title": "North", "hue": "blue"}, {"id": "south", "title": "South"},
    ]  # fmt: skip
    assert {"draft.begun", "draft.published", "revision.activated"} <= set(entries)
    assert history[0]["reason"] == "Finance asks for it"
    back = admin.post(f"/admin/revisions/{history[1]['revision']}/rollback/", {"reason": "Too early"})
    assert back.status_code == 303
    assert "Cost centre" not in admin.get("/records/t.deal/new").text
    again = begun(admin, "Again")
    assert "Bring it back" in text(admin.get(f"{again}entities/t.deal/"))
    assert admin.post(f"{again}entities/t.deal/restore/", {"field": "c__cost_centre"}).status_code == 303
    assert "North" in admin.get(f"{again}entities/t.deal/fields/c__cost_centre/").text
