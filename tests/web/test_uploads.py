"""Files in forms, without a script and as the script sends them; and who may open them afterwards."""

from __future__ import annotations

import io
from typing import Any

import pytest

from dealwright import access
from dealwright.records import Work, Workspace, fetch
from pages import Person, text, thing

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
PDF = b"%PDF-1.7 a paper"


def file(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def stored(workspace: Workspace, identifier: str) -> dict[str, Any]:
    with workspace.database.read() as connection:
        return dict(fetch(Work(workspace, connection, access.operator()), "t.thing", identifier))


def made(answer: Any) -> str:
    assert answer.status_code == 303, text(answer)
    return str(answer.location).split("/")[-1].partition("?")[0]


def sent(person: Person, field: str, content: bytes, name: str) -> Any:
    return person.post(f"/files/t.thing/{field}", {"file": file(content, name)})


def kept(workspace: Workspace) -> int:
    return sum(one.is_file() for one in workspace.folder.glob("??/*"))


def test_files_come_along_with_a_form_and_are_what_their_content_says(admin: Person, workspace: Workspace) -> None:
    data = {"name": "X", "papers.new": [file(PDF, "offer.pdf"), file(b"notes", "a.txt")]}
    record = made(admin.post("/records/t.thing/new", {**data, "picture.new": file(PNG, "p.gif")}))
    held = stored(workspace, record)
    assert [(one["name"], one["size"], one["type"]) for one in held["papers"]] == [
        ("offer.pdf", 16, "application/pdf"),
        ("a.txt", 5, "text/plain"),
    ]
    assert held["picture"]["type"] == "image/png"


def test_the_form_takes_files_only_where_it_has_a_field_for_them(admin: Person) -> None:
    assert 'enctype="multipart/form-data"' in admin.get("/records/t.thing/new").text
    assert "multipart" not in admin.get("/records/t.deal/new").text


def test_a_form_that_comes_back_has_lost_no_file(admin: Person, workspace: Workspace) -> None:
    answer = admin.post("/records/t.thing/new", {"name": "", "papers.new": file(PDF, "offer.pdf")})
    assert answer.status_code == 422
    assert "offer.pdf" in answer.text
    identifier = answer.text.split('name="papers" value="')[2].partition('"')[0]
    record = made(admin.post("/records/t.thing/new", {"name": "Now", "papers": ["", identifier]}))
    assert [one["name"] for one in stored(workspace, record)["papers"]] == ["offer.pdf"]


def test_files_that_are_not_ticked_are_removed_and_the_others_stay(admin: Person, workspace: Workspace) -> None:
    data = {"name": "X", "papers.new": [file(PDF, "one.pdf"), file(PDF, "two.pdf")]}
    record = made(admin.post("/records/t.thing/new", data))
    one, two = (paper["id"] for paper in stored(workspace, record)["papers"])
    made(admin.post(f"/records/t.thing/{record}/edit", {"papers": ["", two], "papers.new": file(b"3", "three.txt")}))
    assert [paper["name"] for paper in stored(workspace, record)["papers"]] == ["two.pdf", "three.txt"]
    assert admin.get(f"/files/{two}").status_code == 200
    assert admin.get(f"/files/{one}").status_code == 404
    made(admin.post(f"/records/t.thing/{record}/edit", {"papers": ""}))
    assert stored(workspace, record)["papers"] is None


def test_a_file_for_a_field_that_holds_one_takes_the_place_of_the_other(admin: Person, workspace: Workspace) -> None:
    record = made(admin.post("/records/t.thing/new", {"name": "X", "picture.new": file(PNG, "old.png")}))
    before = stored(workspace, record)["picture"]["id"]
    data = {"picture": ["", before], "picture.new": file(PNG + b"1", "new.png")}
    made(admin.post(f"/records/t.thing/{record}/edit", data))
    assert stored(workspace, record)["picture"]["name"] == "new.png"


def test_what_a_field_does_not_take_is_refused_in_its_words_and_the_rest_is_kept(
    admin: Person, workspace: Workspace
) -> None:
    papers = [file(PDF, "good.pdf"), file(b"%PDF-" + b"0" * 2100, "large.pdf"), file(PNG, "no.pdf")]
    answer = admin.post("/records/t.thing/new", {"name": "X", "papers.new": papers})
    assert answer.status_code == 422
    said = text(answer)
    assert "large.pdf: This has 2.1 KB and may have at most 2 KB; send less." in said
    assert "no.pdf: A file of the type “PNG” is not taken; send one of PDF, TXT." in said
    assert "good.pdf" in answer.text and kept(workspace) == 1


def test_a_refusal_is_said_in_the_language_of_the_page(admin: Person) -> None:
    admin.post("/language", {"tag": "zh-CN"})
    answer = sent(admin, "papers", PNG, "no.pdf")
    assert (answer.status_code, answer.json) == (422, {"message": "不接受 “PNG” 类型的文件，请发送 PDF, TXT。"})


def test_a_script_sends_a_file_by_itself_and_the_form_only_its_id(admin: Person, workspace: Workspace) -> None:
    answer = sent(admin, "picture", PNG, "../p.png")
    assert answer.status_code == 201
    told = dict(answer.json)
    identifier = told.pop("id")
    assert told == {"name": "p.png", "size": "48 B", "picture": True, "href": f"/files/{identifier}"}
    record = made(admin.post("/records/t.thing/new", {"name": "X", "picture": ["", identifier]}))
    assert stored(workspace, record)["picture"]["id"] == identifier


@pytest.mark.parametrize(("content", "name"), [(b"%PDF-" + b"0" * 2100, "large.pdf"), (PNG, "picture.pdf")])
def test_what_a_script_sends_is_judged_by_its_content_and_not_kept(
    admin: Person, workspace: Workspace, content: bytes, name: str
) -> None:
    assert sent(admin, "papers", content, name).status_code == 422
    assert kept(workspace) == 0
    assert admin.post("/files/t.thing/papers", {}).status_code == 422


@pytest.mark.parametrize("field", ["name", "nothing", "hidden_cost"])
def test_a_file_is_taken_only_for_a_field_of_files(clerk: Person, workspace: Workspace, field: str) -> None:
    assert sent(clerk, field, PNG, "x.png").status_code == 404
    assert clerk.post("/files/t.deal/papers", {"file": file(PNG, "x.png")}).status_code == 404
    assert kept(workspace) == 0


def test_who_may_not_change_a_thing_sends_it_no_file(guest: Person, workspace: Workspace) -> None:
    assert sent(guest, "papers", PDF, "x.pdf").status_code == 404
    assert kept(workspace) == 0


def test_a_file_that_no_record_names_is_seen_by_its_sender_alone(admin: Person, clerk: Person) -> None:
    identifier = sent(clerk, "picture", PNG, "p.png").json["id"]
    assert clerk.get(f"/files/{identifier}").status_code == 200
    assert admin.get(f"/files/{identifier}").status_code == 404
    answer = admin.post("/records/t.thing/new", {"name": "Stolen", "picture": ["", identifier]})
    assert answer.status_code == 422
    assert "A file is not there any more; choose it again." in text(answer)
    assert "p.png" not in answer.text


def test_a_record_cannot_name_the_file_of_another_record(admin: Person, workspace: Workspace) -> None:
    first = made(admin.post("/records/t.thing/new", {"name": "X", "picture.new": file(PNG, "mine.png")}))
    other = thing(workspace).id
    identifier = stored(workspace, first)["picture"]["id"]
    answer = admin.post(f"/records/t.thing/{other}/edit", {"picture": ["", identifier]})
    assert answer.status_code == 422 and "mine.png" not in answer.text


def test_who_sees_the_record_opens_its_files_and_who_has_no_role_does_not(
    admin: Person, clerk: Person, guest: Person, workspace: Workspace
) -> None:
    data = {"name": "X", "picture.new": file(PNG, "p.png"), "papers.new": file(PDF, "offer.pdf")}
    record = made(admin.post("/records/t.thing/new", data))
    held = stored(workspace, record)
    page = clerk.get(f"/records/t.thing/{record}").text
    picture, paper = held["picture"]["id"], held["papers"][0]["id"]
    assert f'<img src="/files/{picture}"' in page and f'href="/files/{paper}">offer.pdf' in page
    for person, status in ((clerk, 200), (guest, 404)):
        assert person.get(f"/files/{picture}").status_code == status
        assert person.get(f"/files/{paper}").status_code == status


def test_an_opened_file_runs_nothing_and_only_a_picture_is_shown_in_place(admin: Person) -> None:
    picture = admin.get(sent(admin, "picture", PNG, "p.png").json["href"])
    paper = admin.get(sent(admin, "papers", b"<script>alert(1)</script>", "a.txt").json["href"])
    assert picture.data == PNG and picture.headers["Content-Type"] == "image/png"
    assert picture.headers["Content-Disposition"].startswith("inline")
    assert paper.headers["Content-Disposition"].startswith("attachment")
    for answer in (picture, paper):
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_form_that_is_saved_untouched_keeps_its_files(admin: Person, workspace: Workspace) -> None:
    record = made(admin.post("/records/t.thing/new", {"name": "X", "papers.new": file(PDF, "offer.pdf")}))
    identifier = stored(workspace, record)["papers"][0]["id"]
    page = admin.get(f"/records/t.thing/{record}/edit").text
    assert f'name="papers" value="{identifier}" checked' in page
    answer = admin.post(f"/records/t.thing/{record}/edit", {"papers": ["", identifier]})
    assert answer.location == f"/records/t.thing/{record}?notice=unchanged"


def test_a_file_is_required_like_any_other_value(admin: Person, workspace: Workspace) -> None:
    answer = admin.post("/records/t.thing/new", {"name": "X", "discount": "60", "reason": "why", "licence": ""})
    assert answer.status_code == 422 and 'href="#f-licence"' in answer.text
    data = {"name": "X", "discount": "60", "reason": "why", "licence": "", "licence.new": file(PDF, "l.pdf")}
    assert stored(workspace, made(admin.post("/records/t.thing/new", data)))["licence"]["name"] == "l.pdf"
