"""An administrator changes definitions in a browser without scripts: drafts, fields, approvals, publishing, going back."""

from __future__ import annotations

import json
import re
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dealwright import access, packs
from dealwright.packs import whole
from dealwright.records import Workspace, add_user, save
from dealwright.storage import audit, drafts
from designs import begun, drafted, published
from pages import PASSWORD, Person, deal, text

if TYPE_CHECKING:
    from flask import Flask


def added(
    admin: Person, draft: str, type_name: str, title: str = "Cost centre", entity: str = "t.deal", **more: str
) -> str:
    """Add a field and return the address of its page."""
    data = {"type": type_name, "title": title, **more}
    answer = admin.post(f"{draft}entities/{entity}/fields/add/", data)
    assert answer.status_code == 303
    return str(answer.location)


def test_a_form_of_parameters_changes_those_whose_values_are_others(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    assert admin.post(f"{draft}parameters/", {"p-t.free_up_to": "200", "p-t.patience": "10"}).status_code == 303
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
        assert not found.changed("parameter", "t.free_up_to")
        assert found.document("parameter", "t.patience")["default"] == 10


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
    revision = published(admin, draft)
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
    assert history[0]["reason"] == "It is asked for"
    back = admin.post(f"/admin/revisions/{history[1]['revision']}/rollback/", {"reason": "Too early"})
    assert back.status_code == 303
    assert "Cost centre" not in admin.get("/records/t.deal/new").text
    again = begun(admin, "Again")
    assert "Bring it back" in text(admin.get(f"{again}entities/t.deal/"))
    assert admin.post(f"{again}entities/t.deal/restore/", {"field": "c__cost_centre"}).status_code == 303
    assert "North" in admin.get(f"{again}entities/t.deal/fields/c__cost_centre/").text


def test_a_draft_is_tried_as_a_role_on_records_and_on_the_past_before_anybody_meets_it(
    admin: Person, workspace: Workspace
) -> None:
    deal(workspace, name="Lamp", budget="50")
    deal(workspace, name="Robot", budget="5000")
    draft = begun(admin)
    field = added(admin, draft, "text")
    data = {"title": "Cost centre", "s-visible_when.shown": "1", "s-visible_when": "budget > 1000"}
    assert "No problems" in text(admin.post(field, data, **{"HX-Request": "true", "HX-Request-Type": "partial"}))
    preview = f"{draft}entities/t.deal/preview/?role=base.admin"
    page = admin.get(preview)
    assert "Preview as Administrator. Nothing is saved." in text(page) and "Cost centre" in page.text
    judged = admin.post(preview, {"name": ""})
    assert "A value is required here" in text(judged)
    assert admin.get(f"{draft}entities/t.deal/preview/?role=t.clerk").status_code == 403  # who may make no deal
    tried = text(admin.get(f"{draft}try/?entity=t.deal&from=when&when=budget > 1000"))
    assert "Holds for 1 of 2 records" in tried and "Robot" in tried
    assert "cannot be tried" in text(admin.get(f"{draft}try/?entity=t.deal&from=when&when=amuont > 1"))
    made = admin.post(f"{draft}approvals/", {"title": "Large deal", "entity": "t.deal"})
    when = {"title": "Large deal", "when": "budget > 1000", "step": "n0", "n0.id": "first", "n0.title": "Boss"}
    admin.post(str(made.location), {**when, "n0.who": "role:base.admin", "n0.where": "", "n0.need": "all"})
    effect = text(admin.get(f"{draft}effect/?since=P7D"))
    assert "Large deal of 2 records, 1 would need it, 1 newly" in effect
    assert "chain is whole" in text(admin.get("/admin/audit/?check=1"))


def test_a_condition_is_chosen_in_rows_from_the_names_of_the_draft(admin: Person) -> None:
    draft = begun(admin)
    added(admin, draft, "select", entity="t.deal")
    asked = f"{draft}conditions/?entity=t.deal&use=gate&space=t"
    told = json.loads(admin.get(f"{asked}&source=owner.email == 'x' %26%26 budget > param.free_up_to").text)
    first, second = told["tree"]["parts"]
    assert first == {"field": "owner.email", "op": "==", "value": "x"}
    assert second == {"field": "budget", "op": ">", "value": "param.free_up_to", "by": "name"}
    names = {one["id"]: one for one in told["names"][""]}
    assert names["c__cost_centre"]["options"] == [["one", "First choice"]] and names["owner"]["leads"]
    assert {"user", "days_in_stage", "approvals.budget.outcome"} <= set(names) and "old" not in names
    assert "owner.email" in {one["id"] for one in told["names"]["owner"]} and told["problem"] == ""
    assert {"param.free_up_to", "param.patience"} <= {one["id"] for one in told["parameters"]}
    rows = {"join": "||", "parts": [first, {"field": "c__cost_centre", "op": "any", "value": ["one"]}]}
    written = json.loads(admin.get(f"{asked}&tree={json.dumps(rows).replace('&', '%26')}").text)
    assert written == {"source": 'owner.email == "x" || c__cost_centre in ["one"]', "problem": ""}
    wrong = json.loads(admin.get(f"{asked}&source=budget >").text)
    assert wrong["tree"] is None and wrong["problem"]
    unreadable = json.dumps({"join": "||", "parts": [{"text": "budget >"}]})
    assert json.loads(admin.get(f"{asked}&tree={unreadable}").text)["source"] is None
    for tree in ("[]", "{", '{"join": 1}', '{"join": "||", "parts": [{"field": 3}]}', "[" * 4000):
        assert admin.get(f"{asked}&tree={tree}").status_code == 422
    assert admin.get(f"{draft}conditions/?entity=t.deal&use=nothing").status_code == 404


def test_what_is_typed_into_a_draft_that_is_put_away_is_refused_where_the_checks_stand(admin: Person) -> None:
    draft = begun(admin)
    field = added(admin, draft, "text")
    assert admin.post(f"{draft}discard/", {"state": "discarded"}).status_code == 303
    answer = admin.post(field, {"title": "Other"}, **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 409
    assert answer.text.lstrip().startswith('<section id="verdict"') and "Not saved" in text(answer)
    assert admin.post(f"{draft}discard/", {"state": "open"}).status_code == 303
    assert admin.post(field, {"title": "Other"}).status_code == 303


def test_a_packs_approval_is_copied_reordered_and_its_parameters_changed(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    copied = str(admin.post(f"{draft}approvals/", {"copy": "t.budget"}).location)
    assert copied.endswith("/approvals/c.budget/")
    steps = {
        "title": "Budget",
        "step": ["n0", "n1"],
        "n0.id": "clerk",
        "n0.title": "Clerk",
        "n1.id": "boss",
        "n1.title": "Boss",
    }
    asked = {
        "n0.who": ["role:t.clerk", "where:"],
        "n0.where": ["", "name != null"],
        "n1.who": "manager_of:owner",
        "n1.where": "",
    }
    shaped = {"n0.need": "count", "n0.need.number": "2", "n0.due": "3", "n0.due.unit": "H", "n1.need": "any"}
    admin.post(copied, {**steps, **asked, **shaped, "do": "down:clerk"})
    with workspace.database.read() as connection:
        document = drafted(connection, draft).document("approval", "c.budget")
    assert [one["id"] for one in document["steps"]] == ["boss", "clerk"]
    clerk = document["steps"][1]
    assert (clerk["need"], clerk["due"]) == ({"count": 2}, "PT3H")
    assert clerk["approvers"] == [{"role": "t.clerk"}, {"where": "name != null"}]
    assert document["derived_from"]["id"] == "t.budget"
    # Of the pack's own, who decides is the pack's; a title is not.
    admin.post(
        f"{draft}approvals/t.budget/", {**steps, "n0.title": "Office", "n0.who": "role:base.admin", "n0.where": ""}
    )
    with workspace.database.read() as connection:
        changes = [one.path for one in drafted(connection, draft).changes if "t.budget" in one.path]
    assert "approval:t.budget#/steps/clerk/title" in changes


def test_a_pipeline_of_ones_own_gets_stages_gates_and_a_way_for_records_of_a_stage_that_goes(
    admin: Person, workspace: Workspace
) -> None:
    draft = begun(admin, "Visits")
    assert admin.post(f"{draft}entities/", {"title": "Visit", "plural": "Visits"}).status_code == 303
    made = str(admin.post(f"{draft}pipelines/", {"title": "Way of a visit", "entity": "c.visit"}).location)
    assert made.endswith("/pipelines/c.way_of_a_visit/")
    stages = ["first", "second", "won", "lost"]
    names = {f"n{i}.id": one for i, one in enumerate(stages)} | {
        f"n{i}.title": one.title() for i, one in enumerate(stages)
    }
    gate = {"n0.exit.shown": "1", "n0.exit": "r1", "r1.id": "", "r1.require": "name != null", "r1.message": "Say whom"}
    ways = {"n0.next.shown": "1", "n0.next": ["second", "lost"], "n0.probability": "20", "n0.red": "7"}
    posted = {"title": "Way of a visit", "stage": ["n0", "n1", "n2", "n3"], **names, **gate, **ways}
    admin.post(made, {**posted, "do": "add:1"})
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
    document = found.document("pipeline", "c.way_of_a_visit")
    assert found.examined.problems == ()
    assert [one["id"] for one in document["stages"]] == ["first", "stage", "second", "won", "lost"]
    first = document["stages"][0]
    assert first["exit"] == [{"id": "say_whom", "require": "name != null", "message": "Say whom"}]
    assert (first["next"], first["probability"], first["red_after"]) == (["stage", "second", "lost"], 20, "P7D")
    published(admin, draft, "We visit customers")
    assert "Visits" in text(admin.get("/records/c.visit"))
    visited = save(workspace, access.operator(), "c.visit", {"name": "Hangzhou"})
    again = begun(admin, "Shorter")
    here = f"{again}pipelines/c.way_of_a_visit/"
    assert "1 record" in text(admin.get(here))
    order = ["first", "stage", "second", "won", "lost"]
    names = {f"n{i}.id": one for i, one in enumerate(order)} | {
        f"n{i}.title": one.title() for i, one in enumerate(order)
    }
    admin.post(
        here, {"title": "Way of a visit", "stage": ["n0", "n1", "n2", "n3", "n4"], **names, "do": "remove:first"}
    )
    assert "1 records in “first” go on in" in text(admin.get(here))
    names = {f"n{i}.id": one for i, one in enumerate(order[1:])} | {
        f"n{i}.title": one for i, one in enumerate(order[1:])
    }
    admin.post(here, {"stage": ["n0", "n1", "n2", "n3"], **names, "map.first": "second", "start": "second"})
    with workspace.database.read() as connection:
        document = drafted(connection, again).document("pipeline", "c.way_of_a_visit")
    assert (document["stage_map"], document["version"]) == ({"first": "second"}, 2)
    published(admin, again, "One stage less")
    assert admin.get(f"/records/c.visit/{visited.id}").status_code == 200


def test_a_packs_pipeline_gets_gates_and_required_fields_and_keeps_its_stages(
    admin: Person, workspace: Workspace
) -> None:
    draft = begun(admin)
    with workspace.database.read() as connection:
        stage = drafted(connection, draft).document("pipeline", "t.simple")["stages"][0]
    gate = {"n0.exit.shown": "1", "n0.exit": "r1", "r1.id": "", "r1.require": "least > 0", "r1.message": "Say how many"}
    shown = {"n0.required.shown": "1", "n0.required": [*stage.get("required", ()), "least"], "n0.title": "Begun"}
    posted = {"title": "Simple", "stage": ["n0"], "n0.id": stage["id"], **gate, **shown}
    assert admin.post(f"{draft}pipelines/t.simple/", posted).status_code == 303
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
    at = f"pipeline:t.simple#/stages/{stage['id']}"
    assert {(one.path, one.op) for one in found.changes} >= {
        (f"{at}/exit/c__say_how_many", "add"), (f"{at}/required", "set"), (f"{at}/title", "set"),
    }  # fmt: skip
    assert found.examined.problems == ()


def small(place: Path) -> Path:
    """Write a pack with one entity and one test, and return its folder."""
    folder = place / "small_pack"
    (folder / "entities").mkdir(parents=True)
    manifest = {
        "format": 1, "id": "small_pack", "ns": "small", "version": "1.0.0", "platform": ">=0.1 <1", "title": "Small pack",
        "default_locale": "en", "locales": ["en"], "permissions": {},
    }  # fmt: skip
    entity = {
        "kind": "entity", "id": "small.note", "title": "Note", "plural": "Small notes", "display": "name",
        "properties": {"name": {"field": "text", "title": "Name"}},
    }  # fmt: skip
    (folder / "pack.json").write_text(json.dumps(manifest))
    (folder / "CHANGELOG.json").write_text(json.dumps([{"version": "1.0.0", "date": "2026-01-01", "changes": ["New"]}]))
    (folder / "entities" / "note.json").write_text(json.dumps(entity))
    (folder / "tests").mkdir()
    promise = {
        "test": "a note may have a long name",
        "when": [{"create": "small.note", "record": {"id": "a", "name": "Longer than three"}}],
        "expect": [{"record": {"entity": "small.note", "count": 1}}],
    }
    (folder / "tests" / "names.json").write_text(json.dumps([promise]))
    return folder


def test_a_pack_comes_in_as_an_archive_by_a_plan_is_stopped_and_taken_away(
    admin: Person, workspace: Workspace, tmp_path: Path
) -> None:
    folder = small(tmp_path)
    content = packs.archive.build(folder, tmp_path / "built").path.read_bytes()
    bad = admin.post("/admin/packs/plan/", {"archive": (BytesIO(b"PK nothing"), "bad.zip")})
    assert bad.status_code >= 400 and "That cannot be done" in text(bad)
    planned = admin.post("/admin/packs/plan/", {"archive": (BytesIO(content), "small.zip")})
    assert planned.status_code == 303, text(planned)
    page = admin.get(str(planned.location))
    assert "small_pack 1.0.0" in text(page) and "Note" in text(page)
    (fingerprint,) = re.findall(r'name="fingerprint" value="([^"]+)"', page.text)
    refused = admin.post(f"{planned.location}apply/", {"fingerprint": fingerprint})
    assert refused.status_code == 409 and "Say why" in text(refused)
    done = admin.post(f"{planned.location}apply/", {"fingerprint": fingerprint, "reason": "We need notes"})
    assert done.status_code == 303, text(done)
    assert "Small notes" in text(admin.get("/records/small.note"))
    assert admin.post("/admin/packs/of/small_pack/switch/", {"on": "0"}).status_code == 303
    assert "Small pack 1.0.0 stopped" in text(admin.get("/admin/packs/"))
    going = str(admin.post("/admin/packs/plan/", {"without": "small_pack"}).location)
    page = admin.get(going)
    assert "its tables, columns and data stay" in text(page)
    (fingerprint,) = re.findall(r'name="fingerprint" value="([^"]+)"', page.text)
    assert admin.post(f"{going}apply/", {"fingerprint": fingerprint, "reason": "Not used"}).status_code == 303
    assert "Small pack" not in text(admin.get("/admin/packs/"))


def test_a_role_of_ones_own_is_written_compared_and_meets_just_what_it_grants(
    app: Flask, admin: Person, workspace: Workspace
) -> None:
    draft = begun(admin, "Partners")
    made = str(admin.post(f"{draft}roles/", {"title": "Partner", "chinese": "合作伙伴"}).location)
    assert made.endswith("/roles/c.partner/")
    grants = {
        "grant": ["g0", "g1"], "g0.entity": "t.deal", "g0.ops": ["read", "create"], "g0.rows": "budget < 1000",
        "g0.fields": "* = edit\nbig = none", "g1.entity": "t.thing",
    }  # fmt: skip
    answer = admin.post(made, {"title": "Partner", "title.zh-CN": "合作伙伴", **grants, "capabilities": "export"})
    assert answer.status_code == 303
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
    assert found.document("role", "c.partner")["grants"] == [
        {"entity": "t.deal", "ops": ["read", "create"], "rows": "budget < 1000", "fields": {"*": "edit", "big": "none"}}
    ]
    assert found.examined.problems == ()
    page = text(admin.get(f"{made}?beside=t.clerk"))
    assert "Each cell: this role / Clerk." in page and "some records / all records" in page
    copied = str(admin.post(f"{draft}roles/", {"copy": "base.admin"}).location)
    with workspace.database.read() as connection:
        assert "admin" not in drafted(connection, draft).document("role", copied.split("/")[-2])["capabilities"]
    published(admin, draft, "Partners sell too")
    add_user(workspace, "pia@example.com", "Pia", PASSWORD, ["c.partner"])
    pia = Person(app, access.sign_in(workspace, "pia@example.com", PASSWORD)[0])
    deal(workspace, name="Lamp", budget="5")
    deal(workspace, name="Robot", budget="5000")
    seen = text(pia.get("/records/t.deal"))
    assert "Lamp" in seen and "Robot" not in seen
    assert pia.get("/records/t.thing").status_code in (403, 404)


def test_a_draft_that_breaks_what_a_pack_promises_is_told_so_by_the_packs_own_test(
    admin: Person, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small(tmp_path)
    packs.install(workspace.database, [packs.read(source)])
    monkeypatch.setattr(packs, "find", lambda: {"small_pack": source})
    draft = begun(admin, "Short names")
    title = f"{draft}entities/small.note/fields/name/"
    assert admin.post(title, {"title": "Named"}).status_code == 303
    admin.post(f"{draft}plan/", {})
    assert "Small pack 1 of 1 tests pass" in text(admin.get(f"{draft}publish/"))
    assert admin.post(title, {"title": "Named", "s-maxLength.shown": "1", "s-maxLength": "3"}).status_code == 303
    admin.post(f"{draft}plan/", {})
    page = admin.get(f"{draft}publish/").text
    assert "Small pack The test “a note may have a long name” fails: " in text(admin.get(f"{draft}publish/"))
    assert "0 of 1 tests pass" in page and "It cannot be published yet" in page
    monkeypatch.setattr(sys.modules["dealwright.pack_tests.trial"], "shipped", lambda _: source.parent)
    admin.post(f"{draft}plan/", {})
    assert "None was run" in admin.get(f"{draft}publish/").text
    admin.post(f"{draft}plan/", {"tests": "all"})
    assert "0 of 1 tests pass" in admin.get(f"{draft}publish/").text
