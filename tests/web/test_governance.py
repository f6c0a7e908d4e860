"""Packs are upgraded with questions answered, exported and purged, in a browser without scripts."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import pages
from dealwright import access, clock, packs, rules
from dealwright.packs import Wanted, overlay, whole
from dealwright.records import Workspace, add_user, save
from dealwright.storage import audit
from pages import PASSWORD, Person, text

NOTE: dict[str, Any] = {
    "kind": "entity", "id": "small.note", "title": "Small note", "plural": "Small notes", "display": "title",
    "properties": {"title": {"field": "text", "title": "Title", "maxLength": 80}},
}  # fmt: skip
TITLE = "entity:small.note#/properties/title/title"
DAYS = "parameter:small.days#/default"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def archived(folder: Path, version: str = "1.0.0", title: str = "Title", days: int = 7) -> bytes:
    """Return an archive of a version of a small pack."""
    place = folder / version / "small_pack"
    (place / "entities").mkdir(parents=True)
    manifest = {
        "format": 1, "id": "small_pack", "ns": "small", "version": version, "title": "Small pack", "platform": ">=0.1",
    }  # fmt: skip
    (place / "pack.json").write_text(json.dumps(manifest))
    fields = {"title": {**NOTE["properties"]["title"], "title": title}}
    (place / "entities" / "note.json").write_text(json.dumps({**NOTE, "properties": fields}))
    parameter = {"id": "days", "title": "Days", "type": "integer", "default": days}
    (place / "parameters.json").write_text(json.dumps([parameter]))
    return packs.archive.build(place, folder / version / "built").path.read_bytes()


def planned(admin: Person, content: bytes) -> str:
    answer = admin.post("/admin/packs/plan/", {"archive": (BytesIO(content), "small.zip")})
    assert answer.status_code == 303, text(answer)
    return str(answer.location)


def applied(admin: Person, plan: str, reason: str = "So it shall be") -> Any:
    page = admin.get(plan).text
    found = re.findall(r'name="fingerprint" value="([^"]+)"', page)
    return admin.post(f"{plan.partition('#')[0]}apply/", {"fingerprint": found[:1], "reason": reason})


def changed(workspace: Workspace, *changes: tuple[str, Any]) -> None:
    with workspace.database.write() as connection:
        overlay.propose(connection, [{"path": path, "value": value} for path, value in changes])
    packs.apply(workspace.database, packs.plan(workspace.database, Wanted(proposals=True)).id)


def test_an_upgrade_shows_what_was_is_and_ours_and_waits_for_each_answer(
    admin: Person, workspace: Workspace, tmp_path: Path
) -> None:
    assert applied(admin, planned(admin, archived(tmp_path))).status_code == 303
    changed(workspace, (TITLE, "Heading"), (DAYS, 30))
    plan = planned(admin, archived(tmp_path, "1.1.0", title="Subject", days=5))
    page = admin.get(plan)
    said = text(page)
    assert "You saw Title The pack says now Subject You say Heading" in said
    assert "You saw 7 The pack says now 5 You say 30" in said
    assert "2 questions have no answer yet." in said and 'name="fingerprint"' not in page.text
    refused = applied(admin, plan)
    assert refused.status_code == 409 and "have no answer yet" in text(refused)
    items = re.findall(r'name="answer\.(p_[0-9a-f]+)" value="keep"', page.text)
    titled = items[0] if page.text.index("Heading") < page.text.index(">30") else items[1]
    first = admin.post(f"{plan}answers/", {f"answer.{titled}": "take"})
    assert first.status_code == 303
    assert "One question has no answer yet." in text(admin.get(str(first.location)))
    rest = str(first.location).partition("#")[0]
    ready = admin.post(f"{rest}answers/", {f"answer.{titled}": "take", "all": "keep"})
    done = applied(admin, str(ready.location))
    assert done.status_code == 303, text(done)
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
        pulled = whole.files(connection)
        entry = next(one for one in audit.latest(connection, limit=9) if one["action"] == "plan.answered")
    assert catalog.entities["small.note"].fields["title"].title == "Subject"
    assert catalog.parameters["small.days"].value == 30
    assert entry["data"]["answers"] == {TITLE: ["take", ""], DAYS: ["keep", ""]}
    assert [one["path"] for one in pulled["overlay/parameter.json"]["changes"]] == [DAYS]
    assert "overlay/entity.json" not in pulled
    # An answer to a plan of other days changes nothing.
    late = admin.post(f"{plan}answers/", {"all": "take"})
    assert late.status_code == 409 and "Other definitions are in force by now" in text(late)


def test_own_changes_are_downloaded_as_a_pack_that_the_same_page_lets_in_again(
    admin: Person, workspace: Workspace, tmp_path: Path
) -> None:
    assert "Nothing is changed yet" in text(admin.get("/admin/packs/export/"))
    assert applied(admin, planned(admin, archived(tmp_path))).status_code == 303
    rule = {
        "kind": "rule", "id": "c.named", "title": "Named", "entity": "small.note", "if": "title != null",
        "on": {"record": {"events": ["created"]}}, "then": [{"do": "set_field", "field": "title", "value": "'Named'"}],
    }  # fmt: skip
    with workspace.database.write() as connection:
        overlay.propose(
            connection, [{"path": "rule:c.named#", "op": "add", "value": rule}, {"path": DAYS, "value": 30}]
        )
    packs.apply(workspace.database, packs.plan(workspace.database, Wanted(proposals=True)).id)
    page = admin.get("/admin/packs/export/")
    assert "Named Rule new" in text(page) and 'value="rule:c.named#" checked' in page.text
    form = {"name": "acme_sales", "ns": "acme", "version": "1.0.0", "title": "Acme sales", "publisher": "acme"}
    refused = admin.post("/admin/packs/export/", form)
    assert refused.status_code == 409 and "Choose at least one change." in text(refused)
    chosen = {**form, "path": ["rule:c.named#", DAYS.partition("#")[0] + "#"]}
    wrong = admin.post("/admin/packs/export/", {**chosen, "name": "Not A Name"})
    assert wrong.status_code == 422 and "That cannot be done" in text(wrong) and 'value="Not A Name"' in wrong.text
    answer = admin.post("/admin/packs/export/", chosen)
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    assert "acme_sales-1.0.0.zip" in answer.headers["Content-Disposition"]
    plan = planned(admin, answer.data)
    said = text(admin.get(plan))
    assert "acme_sales 1.0.0" in said and "The pack says the same by now" in said
    assert applied(admin, plan).status_code == 303
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
        manifest = next(one for one in packs.active_packs(connection) if one.id == "acme_sales").manifest
        assert "overlay.exported" in [one["action"] for one in audit.latest(connection, limit=30)]
    assert "acme.named" in catalog.rules and "c.named" not in catalog.rules
    assert manifest["publisher"] == {"id": "acme", "name": "acme"}


def test_a_pack_is_stopped_with_a_reason_and_what_it_left_behind_goes_by_its_number(
    app: Flask, admin: Person, workspace: Workspace, tmp_path: Path
) -> None:
    begun = clock.now()
    with clock.frozen(begun):
        assert applied(admin, planned(admin, archived(tmp_path))).status_code == 303
        save(workspace, access.operator(), "small.note", {"title": "Kept"})
        page = text(admin.get("/admin/packs/of/small_pack/"))
        assert "What it brings" in page and "Small notes 1" in page
        switch = "/admin/packs/of/small_pack/switch/"
        assert admin.post(switch, {"on": "0", "reason": "It misbehaves"}).status_code == 303
        assert "stopped" in text(admin.get("/admin/packs/of/small_pack/"))
        with workspace.database.read() as connection:
            assert packs.history(connection)[0]["reason"] == "It misbehaves"
        assert admin.post(switch, {"on": "1"}).status_code == 303
        gone = str(admin.post("/admin/packs/plan/", {"without": "small_pack"}).location)
        assert applied(admin, gone).status_code == 303
        page = text(admin.get("/admin/packs/left/"))
        assert "small_pack" in page and "Small note entity:small.note 1" in page
        export = admin.get("/admin/packs/left/export/?pack=small_pack&path=entity:small.note")
        assert json.loads(export.data)["title"] == "Kept"
        form = {"pack": "small_pack", "path": "entity:small.note", "records": "1", "reason": "Nobody wants it"}
        early = admin.post("/admin/packs/left/purge/", form)
        assert early.status_code == 409 and "30 days later" in text(early)
    with clock.frozen(begun + timedelta(days=31)):
        fresh = Person(app, access.sign_in(workspace, pages.ADMIN, PASSWORD)[0])
        wrong = fresh.post("/admin/packs/left/purge/", {**form, "records": "2"})
        assert wrong.status_code == 409 and "there are 1 records and values, not 2" in text(wrong)
        assert fresh.post("/admin/packs/left/purge/", form).status_code == 303
        assert "Nothing is left behind" in text(fresh.get("/admin/packs/left/"))
        with workspace.database.read() as connection:
            entry = audit.latest(connection, limit=1)[0]
    assert (entry["action"], entry["data"]["reason"]) == ("pack.purged", "Nobody wants it")


def test_who_sees_what_is_answered_with_the_grants_that_say_so(app: Flask, admin: Person, workspace: Workspace) -> None:
    mia = add_user(workspace, "mia@example.com", "Mia", PASSWORD, ["t.clerk", "t.crew"])
    mine = pages.lease(workspace, name="Mine", crew=[{"person": mia, "role": "sales"}]).id
    other = pages.lease(workspace, name="Another").id
    pages.deal(workspace, name="Robot", budget="5000")
    assert "Choose a person" in text(admin.get("/admin/sight/"))
    assert "There is nobody with this address." in text(admin.get("/admin/sight/?person=nobody"))
    here = "/admin/sight/?person=mia@example.com"
    page = text(admin.get(here))
    assert "Mia Clerk Crew" in page and "Leases 1 some records – – –" in page and "Deals 1 all records – – –" in page
    page = text(admin.get(f"{here}&entity=t.lease"))
    assert "Crew, grant 1 See crew.exists(m, m.person == user.id)" in page
    assert "Leases may be seen now: 1" in page
    page = text(admin.get(f"{here}&entity=t.thing"))
    assert re.search(r"Hidden cost hidden –", page) and "Phone Clerk, grant 1 –" in page
    # Nobody fills what the platform keeps or works out, whatever is granted.
    page = text(admin.get(f"/admin/sight/?person={pages.ADMIN}&entity=t.thing"))
    grant = "Administrator, grant 1"
    assert f"Version {grant} – Created {grant} –" in page and f"Owner {grant} {grant} Team" in page
    yes, no = (text(admin.get(f"{here}&entity=t.lease&record={one}")) for one in (mine, other))
    assert "See: yes Crew, grant 1" in yes and "Edit: no No grant of these roles allows it." in yes
    assert "See: no Crew, grant 1" in no and "crew.exists(m, m.person == user.id) does not hold" in no
    assert f"record={mine}" in admin.get(f"{here}&entity=t.lease&record=Min").text
    assert "There is no such record." in text(
        admin.get(f"{here}&entity=t.lease&record={'0' * 8}-0000-0000-0000-{'0' * 12}")
    )
    # What is told is what is met: the same person, the same records.
    person = Person(app, access.sign_in(workspace, "mia@example.com", PASSWORD)[0])
    for one, allowed in ((mine, 200), (other, 404)):
        assert person.get(f"/records/t.lease/{one}").status_code == allowed


def test_of_two_roles_their_conditions_and_fields_are_compared(admin: Person) -> None:
    draft = str(admin.post("/admin/drafts/begin/", {"title": "Roles"}).location)
    page = text(admin.get(f"{draft}roles/t.crew/?beside=t.clerk"))
    assert "In what they differ What Crew Clerk" in page
    assert "Lease See crew.exists(m, m.person == user.id) –" in page
    made = str(admin.post(f"{draft}roles/", {"copy": "t.clerk"}).location)
    assert "In nothing: both may do the same." in text(admin.get(f"{made}?beside=t.clerk"))
    form = {
        "title": "Own clerk", "grant": ["g0"], "g0.entity": "t.thing", "g0.ops": ["read"], "g0.fields": "* = see",
        "g0.rows": "amount > 5", "capabilities": "export",
    }  # fmt: skip
    assert admin.post(made, form).status_code == 303
    page = text(admin.get(f"{made}?beside=t.clerk"))
    assert "Thing See amount > 5 all records Make, Edit – all records" in page
    assert "Hidden cost is seen hidden" in page and "Capabilities export –" in page
