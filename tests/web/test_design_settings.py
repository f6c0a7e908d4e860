"""Settings in a draft: a number with what it would decide otherwise; all of them published, pulled, and shown from files."""

from __future__ import annotations

from dealwright.packs import whole
from dealwright.records import Workspace
from designs import SCRIPT, begun, drafted, published
from pages import Person, deal, text


def test_parameters_have_a_page_for_each_pack_and_are_searched_checked_and_taken_back(
    admin: Person, workspace: Workspace
) -> None:
    draft = begun(admin)
    listed = text(admin.get(f"{draft}parameters/"))
    assert "Free up to" in listed and "Patience" in listed
    found = text(admin.get(f"{draft}parameters/?q=patien"))
    assert "Patience" in found and "Free up to" not in found
    assert "Nothing of this name" in text(admin.get(f"{draft}parameters/?q=nonsense"))
    here = f"{draft}parameters/t/"
    page = admin.get(here).text
    assert "1 to 30 · the pack says 7" in text(admin.get(here)) and 'inputmode="decimal"' in page
    told = admin.post(here, {"p-t.patience": "99"}, **SCRIPT)
    assert 'data-about="t.patience"' in told.text
    assert "Mend the problems first" in text(admin.get(f"{draft}parameters/effect/"))
    assert "No problems" in text(admin.post(here, {"p-t.patience": "9"}, **SCRIPT))
    assert "1 changed" in text(admin.get(f"{draft}parameters/"))
    admin.post(f"{draft}parameters/reset/", {"name": "t.patience"})
    with workspace.database.read() as connection:
        assert not drafted(connection, draft).changes
    assert admin.get(f"{draft}parameters/nobody/").status_code == 404


def test_what_is_set_is_published_pulled_and_a_number_then_says_what_it_would_decide_otherwise(
    admin: Person, workspace: Workspace
) -> None:
    for name, budget in (("Lamp", "50"), ("Robot", "300"), ("Crane", "5000")):
        deal(workspace, name=name, budget=budget)
    draft = begun(admin)
    admin.post(f"{draft}calendars/", {"title": "Service desk", "holidays_from": "base.working_hours"})
    sla = str(admin.post(f"{draft}slas/", {"title": "Call back", "entity": "t.deal"}).location)
    admin.post(sla, {"title": "Call back", "calendar": "c.service_desk", "start.way": "condition",
                     "start.if": "budget > param.t__free_up_to", "target.way": "param", "target.param": "t__patience",
                     "target.param.unit": "working_day"})  # fmt: skip
    admin.post(f"{draft}parameters/t/", {"p-t.patience": "9"})
    published(admin, draft)
    with workspace.database.read() as connection:
        pulled = whole.files(connection)
    (policy,) = pulled["overlay/sla.json"]["changes"]
    assert policy["value"]["target"] == {"param": "t__patience", "unit": "working_day"}
    assert policy["value"]["calendar"] == "c.service_desk"
    (calendar,) = pulled["overlay/calendar.json"]["changes"]
    assert calendar["value"]["holidays_from"] == "base.working_hours"
    (number,) = pulled["overlay/parameter.json"]["changes"]
    assert (number["path"], number["value"]) == ("parameter:t.patience#/default", 9)
    again = begun(admin, "Smaller deals too")
    page = text(admin.get(f"{again}parameters/t/"))
    assert "SLA Call back" in page and "the pack says 7" in page
    assert "9 working days" in text(admin.get(f"{again}slas/"))
    assert "nothing would be decided otherwise" in text(admin.get(f"{again}parameters/effect/"))
    admin.post(f"{again}parameters/t/", {"p-t.free_up_to": "40"})
    effect = text(admin.get(f"{again}parameters/effect/"))
    assert "Call back · Starts SLA holds for 3 records, 1 newly" in effect
    admin.post(f"{again}parameters/t/", {"p-t.free_up_to": "1000"})
    effect = text(admin.get(f"{again}parameters/effect/"))
    assert "holds for 1 records, 1 no longer" in effect
