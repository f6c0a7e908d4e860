"""An administrator lays out forms, pages and lists in a browser without scripts; what packs and files say is shown and kept."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright import packs
from dealwright.packs import whole
from dealwright.packs.drafts import Opened
from dealwright.packs.drafts import opened as opened_draft
from dealwright.records import Workspace
from dealwright_admin.placing import OUT, REST, Part, Sheet, placed, ranked, sheets
from pages import Person, text

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a script of a form sends along.
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Inputs(HTMLParser):
    """What a browser without scripts would send of the form ``design`` as it is drawn: names and values, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.inside = self.template = False
        self.select: tuple[str, list[str]] | None = None
        self.area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.inside = given.get("id") == "design"
        if tag == "template":
            self.template = True
        if not self.inside or self.template or "disabled" in given:
            return
        if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
            self.sent.append((name, value))
        elif tag == "select":
            self.select = (name, [])
        elif tag == "option" and self.select is not None and ("selected" in given or not self.select[1]):
            self.select[1].append(value)
        elif tag == "textarea":
            self.sent.append((name, ""))
            self.area = name

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.sent[-1] = (self.area, data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "template":
            self.template = False
        elif tag == "textarea":
            self.area = None
        elif tag == "select" and self.select is not None:
            self.sent += [(self.select[0], self.select[1][-1])] if self.select[1] else []
            self.select = None


def drawn(admin: Person, address: str) -> dict[str, list[str]]:
    """Return the inputs of a view's page with their values."""
    found: dict[str, list[str]] = {}
    for name, value in Inputs(admin.get(address).text).sent:
        found.setdefault(name, []).append(value)
    return found


def sent(admin: Person, address: str, **changes: Any) -> str:
    """Send the form of a view as it is drawn, with some inputs other than they are; return where it leads."""
    answer = admin.post(
        address, {**drawn(admin, address), **{name.replace("__", "."): one for name, one in changes.items()}}
    )
    assert answer.status_code == 303, text(answer)
    return str(answer.location)


def drafted(workspace: Workspace, draft: str) -> Opened:
    with workspace.database.read() as connection:
        return opened_draft(connection, draft.rstrip("/").rpartition("/")[2])


def changes(workspace: Workspace, draft: str) -> dict[str, Any]:
    """Return what a draft sets and adds, by path."""
    return {one.path: one.patch and one.patch["value"] for one in drafted(workspace, draft).changes}


@pytest.fixture
def draft(admin: Person) -> str:
    return str(admin.post("/admin/drafts/begin/", {"title": "Forms"}).location)


def published(admin: Person, draft: str) -> None:
    assert admin.post(f"{draft}plan/", {}).status_code == 303
    page = admin.get(f"{draft}publish/").text
    found = {name: value for name, value in re.findall(r'name="(plan|fingerprint)" value="([^"]+)"', page)}
    answer = admin.post(f"{draft}publish/", {**found, "reason": "Sellers asked for it"})
    assert answer.status_code == 303, text(answer)


def test_a_form_with_tabs_for_one_role_is_made_published_pulled_and_met_by_that_role_alone(
    admin: Person, clerk: Person, workspace: Workspace, draft: str
) -> None:
    asked = {"title": "Plan of few", "chinese": "简表", "entity": "t.plan", "role": "t.clerk"}
    view = str(admin.post(f"{draft}views/", asked).location)
    assert view.endswith("/views/c.plan_of_few/")
    # It begins as the clerk's page is now, with what he is not shown beside it.
    inputs = drawn(admin, view)
    assert inputs["others"] == ["hidden"] and inputs["f.contact.to"] == [OUT] and inputs["f.due.to"] == ["all"]
    sent(admin, view, do="add:tab")
    tabs = drafted(workspace, draft).document("view", "c.plan_of_few")["tabs"]
    assert [one["title"] for one in tabs] == ["General", "New tab"]
    second = tabs[1]["id"]
    section = re.findall(r"open=(\w+)", sent(admin, view, do=f"add:section:{second}"))[0]
    names = {
        f"t.{second}.title": "Reach", f"t.{second}.title.zh-CN": "联系", f"s.{section}.title": "By phone",
        f"s.{section}.columns": "2", f"s.{section}.visible_when": 'name != "x"', "f.contact.to": section,
        "f.contact.width": "full", "column": ["contact", ""], "sort": "name", "sort.way": "down",
    }  # fmt: skip
    sent(admin, view, **names)
    assert "Clerk" in text(admin.get(view)).partition("Who meets it")[2]
    published(admin, draft)
    with workspace.database.read() as connection:
        (patch,) = [one for one in whole.files(connection)["overlay/view.json"]["changes"] if one["op"] == "add"]
    document = patch["value"]
    assert document["roles"] == ["t.clerk"] and document["list"] == {"columns": ["contact"], "sort": "-name"}
    assert document["fields"]["contact"] == {"under": section, "width": "full", "order": 30}
    assert document["sections"][1] == {
        "id": section, "title": "By phone", "tab": second, "columns": 2, "visible_when": 'name != "x"',
    }  # fmt: skip
    form = clerk.get("/records/t.plan/new").text
    assert "Reach" in form and f'data-section="{section}"' in form
    assert "Reach" not in admin.get("/records/t.plan/new").text
    assert "联系" in clerk.get("/records/t.plan/new", **{"Accept-Language": "zh-CN"}).text


def test_what_is_sent_as_it_is_drawn_changes_nothing_of_a_packs_view(
    admin: Person, workspace: Workspace, draft: str
) -> None:
    for view in ("t.plan", "t.plan_of_clerks"):
        sent(admin, f"{draft}views/{view}/")
    assert changes(workspace, draft) == {}


def test_in_a_packs_view_only_what_is_moved_hidden_or_added_is_changed_and_goes_back(
    admin: Person, workspace: Workspace, draft: str
) -> None:
    view = f"{draft}views/t.plan/"
    assert "belongs to" in text(admin.get(view)) and "s.large.visible_when" not in drawn(admin, view)
    here = "view:t.plan#"
    sent(admin, view, do="up:field:remark")
    assert changes(workspace, draft) == {f"{here}/fields/remark/order": 40}
    assert admin.post(f"{view}reset/", {}).status_code == 303
    sent(admin, view, do="add:section:main")
    section = f"{here}/sections/c__section"
    assert changes(workspace, draft)[section] == {"id": "c__section", "title": "New section", "order": 25}
    sent(
        admin, view, **{"f.why.to": "c__section", "f.due.to": "c__section", "f.thing.to": OUT, "f.inside.width": "full"}
    )
    found = changes(workspace, draft)
    assert found[f"{here}/fields/why/under"] == found[f"{here}/fields/due/under"] == "c__section"
    assert found[f"{here}/fields/thing/show"] == "none" and found[f"{here}/fields/inside/width"] == "full"
    assert "No problems" in text(admin.post(view, drawn(admin, view), **PART))
    told = text(admin.get(draft))
    assert "Why so much · Stands under" in told and "New: “New section”" in told
    # The section goes, and what the pack had put elsewhere stands there again.
    sent(admin, view, do="gone:section:c__section")
    found = changes(workspace, draft)
    assert section not in found and f"{here}/fields/why/under" not in found
    assert drafted(workspace, draft).document("view", "t.plan")["fields"]["why"] == {"under": "large", "order": 40}
    sent(admin, view, do="gone:section:what")  # which is the pack's
    assert "what" in {one["id"] for one in drafted(workspace, draft).document("view", "t.plan")["sections"]}
    sent(admin, view, do="down:tab:main")
    assert [one.id for one in sheets(drafted(workspace, draft).document("view", "t.plan"), [])] == [
        "people",
        "main",
        "*",
    ]


def test_a_pack_view_is_copied_for_a_role_and_says_what_is_wrong_where_it_is(
    admin: Person, workspace: Workspace, draft: str
) -> None:
    copy = str(admin.post(f"{draft}views/", {"copy": "t.plan", "role": "t.clerk", "title": "Mine"}).location)
    document = drafted(workspace, draft).document("view", copy.rstrip("/").rpartition("/")[2])
    assert (
        document["derived_from"]["id"] == "t.plan" and document["roles"] == ["t.clerk"] and document["title"] == "Mine"
    )
    verdict = text(admin.post(copy, {**drawn(admin, copy), "s.large.visible_when": "budgte > 1"}, **PART))
    assert "did you mean “budget”?" in verdict
    assert "did you mean “budget”?" in text(admin.get(copy))
    verdict = text(admin.post(copy, {**drawn(admin, copy), "s.large.visible_when": "", "f.name.to": OUT}, **PART))
    assert "is required and has no default" in verdict
    index = text(admin.get(f"{draft}views/"))
    assert "Mine" in index and "Plan of clerks" in index and "everyone" in index
    assert admin.post(f"{copy}reset/", {}).location.endswith("/views/")
    assert "Mine" not in text(admin.get(f"{draft}views/"))


def test_a_view_that_was_edited_in_files_is_shown_and_an_edit_here_is_found_in_them(
    admin: Person, workspace: Workspace, draft: str, tmp_path: Path
) -> None:
    sent(admin, f"{draft}views/t.plan/", do="add:section:people")
    published(admin, draft)
    with workspace.database.read() as connection:
        whole.pull(connection, tmp_path / "files")
    file = tmp_path / "files" / "overlay" / "view.json"
    said = json.loads(file.read_text("utf-8"))
    section = next(one for one in said["changes"] if one["path"] == "view:t.plan#/sections/c__section")
    section["value"] |= {"title": "From a file", "visible_when": 'lower(name).contains("x")'}
    file.write_text(json.dumps(said), "utf-8")
    with workspace.database.read() as connection:
        wanted = whole.wanted(connection, tmp_path / "files")
    packs.apply(workspace.database, packs.plan(workspace.database, wanted).id, reason="Edited in git")
    again = str(admin.post("/admin/drafts/begin/", {"title": "Again"}).location)
    inputs = drawn(admin, f"{again}views/t.plan/")
    assert inputs["s.c__section.title"] == ["From a file"]
    assert inputs["s.c__section.visible_when"] == ['lower(name).contains("x")']
    sent(admin, f"{again}views/t.plan/")
    assert changes(workspace, again) == {}


def test_the_preview_is_laid_out_as_a_role_meets_it_in_a_stage(admin: Person, draft: str) -> None:
    made = {"title": "Late", "entity": "t.deal", "stage": "won"}
    view = str(admin.post(f"{draft}views/", made).location)
    sent(admin, view, do="add:tab")
    address = f"{draft}entities/t.deal/preview/?role=base.admin"
    assert "General" in admin.get(f"{address}&stage=won").text and "General" not in admin.get(address).text


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(-50, 50) | st.just(1_000_000), min_size=1), st.randoms()
)
def test_numbers_rise_in_the_order_that_is_wanted_and_stay_where_nothing_moves(
    now: Mapping[str, int], chance: Any
) -> None:
    wanted = list(now)
    chance.shuffle(wanted)
    found = ranked(wanted, now)
    numbers = [found[name] for name in wanted]
    assert numbers == sorted(set(numbers)) and set(found) == set(now)
    assert ranked(wanted, found) == found


def test_of_what_is_moved_only_its_own_number_changes() -> None:
    now = {"a": 10, "b": 20, "c": 30, "d": 40}
    assert ranked(["a", "c", "b", "d"], now) in ({**now, "c": 15}, {**now, "b": 35})
    assert ranked(["b", "c", "d", "a"], now) == {**now, "a": 50}
    assert ranked(["a", "d", "b"], {"a": 1, "b": 2, "d": 9}) == {"a": 10, "d": 20, "b": 30}  # no room


def test_an_own_view_without_what_stands_nowhere_keeps_no_empty_places() -> None:
    document: dict[str, Any] = {
        "sections": [{"id": "main"}],
        "fields": {"name": {"under": "main", "order": 30}, "due": {}},
    }
    laid = [Sheet("", [Part("main", ["name"])]), Sheet("*", [Part(REST, ["due"]), Part(OUT, [])])]
    placed(document, laid, {}, sheets(document, ["name", "due"]), own=True)
    assert document == {"sections": [{"id": "main"}], "fields": {"name": {"under": "main", "order": 10}}}
