"""Drafts: changes of definitions that nobody meets before they are published."""

from __future__ import annotations

from typing import Any

import pytest

from dealwright import access, clock, packs, records
from dealwright.errors import ConflictError
from dealwright.metadata import canonical
from dealwright.packs import drafts, overlay
from dealwright.packs.drafts import Opened
from dealwright.records import Work, Workspace, save
from dealwright.storage import drafts as stored
from dealwright.storage import trial

FIELD = {"field": "text", "title": "Cost centre"}


def begun(workspace: Workspace, title: str = "Mine") -> str:
    with workspace.database.write() as connection:
        return drafts.begin(connection, title, by=None)


def opened(workspace: Workspace, draft: str) -> Opened:
    with workspace.database.read() as connection:
        return drafts.opened(connection, draft)


def write(workspace: Workspace, draft: str, change: Any, texts: Any = None, entity: str = "t.deal") -> Opened:
    """Let an entity be what ``change`` makes of it."""
    with workspace.database.write() as connection:
        found = drafts.opened(connection, draft)
        document = found.document("entity", entity)
        change(document)
        return drafts.write(connection, found, "entity", entity, document, texts, by=None)


def published(workspace: Workspace, draft: str) -> None:
    made = packs.plan(workspace.database, drafts.wanted(opened(workspace, draft)))
    assert made.risk != "blocked", [str(one) for one in made.lines]
    packs.apply(workspace.database, made.id)


def said(found: Opened) -> list[tuple[str, str, Any]]:
    return [(one.path, one.op, one.patch and one.patch.get("value")) for one in found.changes]


def test_a_draft_says_only_what_differs_and_is_in_force_when_it_is_published(workspace: Workspace) -> None:
    draft = begun(workspace)
    place = ("properties", "c__centre")

    def change(document: dict[str, Any]) -> None:
        document["title"] = "Case"
        document["properties"]["c__centre"] = FIELD
        document["required"] = [*document.get("required", ()), "c__centre"]

    found = write(workspace, draft, change, {(*place, "title"): {"zh-CN": "成本中心"}})
    assert found.examined.problems == ()
    assert said(found) == [
        ("entity:t.deal#/properties/c__centre", "add", FIELD),
        ("entity:t.deal#/properties/c__centre/title", "translate", {"zh-CN": "成本中心"}),
        ("entity:t.deal#/required", "set", ["c__centre"]),
        ("entity:t.deal#/title", "set", "Case"),
    ]
    version = found.draft.version
    assert write(workspace, draft, lambda document: None).draft.version == version  # nothing is other, nothing written
    with workspace.database.read() as connection:
        assert "c__centre" not in workspace.catalog(connection).entity("t.deal").fields
    published(workspace, draft)
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
        assert catalog.entity("t.deal").field("c__centre").required
        assert catalog.text("entity", "t.deal", "/properties/c__centre/title", "zh-CN") == "成本中心"
        assert {one.patch.op for one in overlay.listed(connection)} == {"add", "set", "translate"}


def test_what_is_wrong_is_kept_told_and_cannot_be_published(workspace: Workspace) -> None:
    draft = begun(workspace)
    wrong = {**FIELD, "visible_when": "amuont > 1", "minLength": "many"}
    found = write(workspace, draft, lambda document: document["properties"].update(c__centre=wrong))
    messages = " ".join(one.message for one in found.examined.problems)
    assert "many" in messages
    assert found.document("entity", "t.deal")["properties"]["c__centre"] == wrong
    found = write(workspace, draft, lambda document: document["properties"]["c__centre"].pop("minLength"))
    assert "did you mean “amount”" in " ".join(one.message for one in found.examined.problems)
    assert packs.plan(workspace.database, drafts.wanted(found)).risk == "blocked"


def test_a_change_is_undone_and_a_place_is_reset_to_the_pack(workspace: Workspace) -> None:
    first = begun(workspace)
    write(workspace, first, lambda document: document.update(title="Case"))
    published(workspace, first)
    draft = begun(workspace)
    with workspace.database.write() as connection:
        found = drafts.take_back(connection, drafts.opened(connection, draft), "entity", "t.deal", ("title",), by=None)
    assert said(found) == [("entity:t.deal#/title", "set", None)]
    assert found.document("entity", "t.deal")["title"] == "Deal"
    with workspace.database.write() as connection:
        found = drafts.undo(connection, drafts.opened(connection, draft), "entity:t.deal#/title", "set", by=None)
    assert said(found) == []
    assert found.document("entity", "t.deal")["title"] == "Case"


def test_a_conflict_with_what_was_put_in_force_meanwhile_is_shown_and_decided(workspace: Workspace) -> None:
    mine, other = begun(workspace), begun(workspace, "Other")
    write(workspace, mine, lambda document: document.update(title="Case"))
    assert drafts.conflicts(opened(workspace, mine)) == []
    write(workspace, other, lambda document: document.update(title="Matter"))
    published(workspace, other)
    (conflict,) = drafts.conflicts(opened(workspace, mine))
    assert (conflict.saw, conflict.theirs, conflict.mine) == ("Deal", "Matter", "Case")
    with workspace.database.write() as connection:
        found = drafts.settle(
            connection, drafts.opened(connection, mine), conflict.path, conflict.op, mine=True, by=None
        )
    assert drafts.conflicts(found) == []
    published(workspace, mine)
    with workspace.database.read() as connection:
        assert workspace.catalog(connection).entity("t.deal").title == "Case"


def test_two_who_change_one_document_in_a_draft_do_not_overwrite_each_other(workspace: Workspace) -> None:
    draft = begun(workspace)
    seen = drafts.digest(opened(workspace, draft), "entity", "t.deal")

    def titled(title: str, by: str) -> None:
        with workspace.database.write() as connection:
            found = drafts.opened(connection, draft)
            document = {**found.document("entity", "t.deal"), "title": title}
            drafts.write(connection, found, "entity", "t.deal", document, by=by, seen=seen)

    ada, ben = clock.new_id(), clock.new_id()
    titled("Case", ada)
    titled("Matter", ada)  # her own other window
    with pytest.raises(ConflictError, match="somebody else"):
        titled("Affair", ben)
    assert opened(workspace, draft).document("entity", "t.deal")["title"] == "Matter"


def test_a_draft_that_is_published_takes_no_change(workspace: Workspace) -> None:
    draft = begun(workspace)
    found = write(workspace, draft, lambda document: document.update(title="Case"))
    with workspace.database.write() as connection:
        drafts.close(connection, found, "published", by=None)
    with pytest.raises(ConflictError, match="published"):
        write(workspace, draft, lambda document: document.update(title="Matter"))
    with workspace.database.read() as connection:
        assert [one.state for one in stored.listed(connection)] == ["published"]


def test_an_own_entity_is_one_change_and_goes_with_its_texts(workspace: Workspace) -> None:
    draft = begun(workspace)
    document = {
        "kind": "entity", "id": "c.visit", "title": "Visit", "display": "name",
        "properties": {"name": {"field": "text", "title": "Name"}}, "required": ["name"],
    }  # fmt: skip
    with workspace.database.write() as connection:
        found = drafts.opened(connection, draft)
        found = drafts.write(connection, found, "entity", "c.visit", document, {("title",): {"zh-CN": "拜访"}}, by=None)
    assert [(path, op) for path, op, _ in said(found)] == [
        ("entity:c.visit#", "add"), ("entity:c.visit#/title", "translate"),
    ]  # fmt: skip
    assert found.text("entity", "c.visit", ("title",), "zh-CN") == "拜访"
    assert found.examined.problems == ()
    with workspace.database.write() as connection:
        found = drafts.take_back(connection, drafts.opened(connection, draft), "entity", "c.visit", by=None)
    assert said(found) == []


def test_the_past_is_played_again_under_fields_that_no_table_has_yet(workspace: Workspace) -> None:
    save(workspace, access.operator(), "t.deal", {"name": "Lamp"})
    draft = begun(workspace)
    rows = {"field": "rows", "title": "Lines", "items": {"properties": {"item": {"field": "text"}}}}
    found = write(workspace, draft, lambda document: document["properties"].update(c__centre=FIELD, c__lines=rows))
    with workspace.database.read() as connection:
        old = workspace.catalog(connection)
        under = trial.of(found.catalog, old)
        assert trial.of(old, old) is old
        work = Work(workspace, connection, access.operator(), catalog=under)
        (one,) = records.page(work, "t.deal").items
        assert (one["name"], one["c__centre"]) == ("Lamp", None)
        assert records.compared(Work(workspace, connection, access.operator()), found.catalog, clock.now()) is not None
        assert canonical.text(under.entity("t.deal").document) == canonical.text(
            found.catalog.entity("t.deal").document
        )
