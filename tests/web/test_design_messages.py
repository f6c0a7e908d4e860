"""Messages in a draft: both languages, placeholders that are checked, what is said of a record, and a try that only I get."""

from __future__ import annotations

from dealwright import access
from dealwright.packs.drafts import opened
from dealwright.records import Workspace, page
from dealwright.records.work import Work
from dealwright.storage import audit, outbox
from dealwright_admin import message_texts
from designs import SCRIPT, begun, drafted
from pages import ADMIN, Person, deal, text


def test_placeholders_are_what_stands_between_single_braces() -> None:
    assert message_texts.placeholders("{{not}} {name}, {name} and { account.region }: {}") == [
        "name",
        "account.region",
        "",
    ]


def test_a_message_is_written_checked_looked_at_and_sent_to_oneself_alone(admin: Person, workspace: Workspace) -> None:
    made = deal(workspace, name="*Lamp*", budget="50")
    draft = begun(admin)
    here = str(admin.post(f"{draft}messages/", {"title": "{name} waits", "chinese": "{name} 在等"}).location)
    assert here.endswith("/messages/c.name_waits/")
    form = {"title": "{name} waits", "body": "It is worth {bugdet}", "title.zh-CN": "{nmae} 在等", "about": "t.deal"}
    told = text(admin.post(here, form, **SCRIPT))
    assert "There is no field “bugdet” here. did you mean “budget”?" in told
    assert "There is no field “nmae” here. did you mean “name”?" in told and "中文" in told
    told = text(admin.post(here, {**form, "body": "Worth {2 * budget}"}, **SCRIPT))
    assert "“{2 * budget}” is no placeholder" in told
    form |= {"body": "Worth **{budget}**", "title.zh-CN": "{name} 在等", "body.zh-CN": "价值 {budget}"}
    told = admin.post(here, form, **SCRIPT)
    assert "Placeholders" not in text(told) and "No problems" in text(told)
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
        assert found.document("message", "c.name_waits")["body"] == "Worth **{budget}**"
        assert found.text("message", "c.name_waits", ("body",), "zh-CN") == "价值 {budget}"
    seen = admin.get(f"{here}preview/?entity=t.deal&record={made.id}").text
    assert "*Lamp* waits" in seen and "*Lamp* 在等" in seen and "<strong>50" in seen
    assert "banner" in admin.get(f"{here}preview/?entity=t.deal&record=none").text
    about = {"entity": "t.deal", "record": made.id}
    assert "among your notifications" in text(
        admin.post(f"{here}send/", {**about, "channel": "in_app", "language": "zh-CN"}, **SCRIPT)
    )
    assert f"It goes to {ADMIN}" in text(
        admin.post(f"{here}send/", {**about, "channel": "email", "language": "en"}, **SCRIPT)
    )
    assert admin.post(f"{here}send/", {**about, "channel": "webhook"}).status_code == 404
    with workspace.database.read() as connection:
        (mail,) = outbox.latest(connection)
        work = Work(workspace, connection, access.operator())
        (notice,) = page(work, "base.notification", size=5).items
        entries = [one for one in audit.latest(connection, limit=9) if one["action"] == "message.tested"]
        assert opened(connection, draft.rstrip("/").rpartition("/")[2]).draft.state == "open"
    assert (mail["target"], mail["payload"]["subject"], mail["payload"]["text"]) == (
        ADMIN,
        "*Lamp* waits",
        "Worth **50**",
    )
    assert notice["title"] == "*Lamp* 在等" and notice["body"] == "价值 50"
    assert [one["data"]["channel"] for one in entries] == ["email", "in_app"]


def test_a_message_says_who_sends_it_and_of_which_records_and_is_found_by_its_words(admin: Person) -> None:
    draft = begun(admin)
    made = str(admin.post(f"{draft}messages/", {"title": "Late: {name}"}).location)
    sla = str(admin.post(f"{draft}slas/", {"title": "Call back", "entity": "t.deal"}).location)
    admin.post(sla, {"title": "Call back", "steps.shown": "1", "step": ["n0"], "n0.id": "over", "n0.at": "100",
                     "n0.to": "owner", "n0.message": "c.late_name"})  # fmt: skip
    page_of = text(admin.get(made))
    assert "SLA Call back" in page_of and "no Chinese" in text(admin.get(f"{draft}messages/?q=late"))
    assert "Nothing of this name" in text(admin.get(f"{draft}messages/?q=nothing+like+it"))
    assert admin.post(f"{made}reset/", {}).status_code == 303
