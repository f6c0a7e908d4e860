"""SLA policies in a draft: made, filled in, tried on a moment and on a record; of a pack's what the pack leaves open."""

from __future__ import annotations

from datetime import UTC, datetime

from dealwright import clock
from dealwright.records import Workspace
from designs import SCRIPT, begun, drafted
from pages import Person, deal, text


def test_an_own_policy_is_made_and_says_when_it_would_be_due(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    here = str(admin.post(f"{draft}slas/", {"title": "Call back", "chinese": "回电", "entity": "t.deal"}).location)
    assert here.endswith("/slas/c.call_back/")
    form = {
        "title": "Call back", "title.zh-CN": "回电", "calendar": "base.working_hours", "restart": "never",
        "start.way": "condition", "start.if": "budget > 1000", "stop.way": "event", "stop.event": "engagement.called",
        "pause.way": "", "target.way": "fixed", "target.number": "10", "target.unit": "H",
        "steps.shown": "1", "step": ["n0", "n1", "r7"], "n0.id": "soon", "n0.at": "50", "n0.to": "owner",
        "n1.id": "over", "n1.at": "100", "n1.to": "owner.manager", "n1.message": "", "r7.id": "", "r7.at": "200 %",
        "r7.to": "owner",
    }  # fmt: skip
    told = admin.post(here, {**form, "start.if": "bugdet > 1"}, **SCRIPT)
    assert "did you mean “budget”?" in text(told) and 'id="ladder"' in told.text
    assert "Mend the problems first" in text(admin.get(f"{here}due/?from=2027-01-15T17:00"))
    assert "No problems" in text(admin.post(here, form, **SCRIPT))
    with workspace.database.read() as connection:
        document = drafted(connection, draft).document("sla", "c.call_back")
    assert document["start"] == "budget > 1000" and document["stop"] == {"event": "engagement.called"}
    assert (document["target"], document["restart"]) == ("PT10H", "never") and "pause" not in document
    assert document["escalate"] == [
        {"id": "soon", "at": "50%", "to": "owner"}, {"id": "over", "at": "100%", "to": "owner.manager"},
        {"id": "at_200", "at": "200%", "to": "owner"},
    ]  # fmt: skip
    # Friday 17:00, ten hours of nine a day: one on Friday, nine on Monday; the half is five, so Monday 13:00.
    due = text(admin.get(f"{here}due/?from=2027-01-15T17:00"))
    assert "Mon Jan 18, 2027 18:00" in due and "50 % Mon Jan 18, 2027 13:00" in due and "10 h counted" in due
    with clock.frozen(
        datetime(2027, 1, 13, 2, tzinfo=UTC)
    ):  # a Wednesday, 10:00 in the workspace: eight hours, then two
        made = deal(workspace, name="Lamp", budget="5000")
    assert "Thu Jan 14, 2027 11:00" in text(admin.get(f"{here}due/?record={made.id}"))
    assert "10 hours" in text(admin.get(f"{draft}slas/"))
    assert admin.post(f"{here}reset/", {}).status_code == 303
    assert "Call back" not in text(admin.get(f"{draft}slas/")).partition("New SLA")[2].partition("Copy")[2]


def test_of_a_policy_of_a_pack_the_times_stay_and_steps_are_added(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    with workspace.database.read() as connection:
        name = next(one for one in drafted(connection, draft).ids("sla") if one.startswith("t."))
        before = drafted(connection, draft).document("sla", name)
    here = f"{draft}slas/{name}/"
    assert "This SLA belongs to" in text(admin.get(here))
    steps = {"steps.shown": "1", "step": ["r1"], "r1.id": "", "r1.at": "150", "r1.to": "owner"}
    admin.post(here, {"title": "Sooner", "target.way": "fixed", "target.number": "1", "start.way": "", **steps})
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
        after = found.document("sla", name)
        assert {one.path.partition("#")[2] for one in found.changed("sla", name)} == {"/title", "/escalate/c__at_150"}
    assert (after["target"], after.get("start")) == (before["target"], before.get("start"))
    assert len(after["escalate"]) == len(before.get("escalate", ())) + 1
    admin.post(here.replace(name + "/", name + "/reset/"), {"attribute": "title"})
    copy = str(admin.post(f"{draft}slas/", {"copy": name}).location)
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
        copied = found.document("sla", copy.rstrip("/").rpartition("/")[2])
        assert not [one for one in found.examined.problems if "c." in one.source]
    assert copied["derived_from"]["id"] == name and copied["target"] == before["target"]
