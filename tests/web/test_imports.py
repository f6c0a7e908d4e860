"""Importing a file on pages: guessing what its columns are, looking at it, running, what is refused."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from openpyxl import Workbook

from dealwright import access
from dealwright.records import Work, Workspace, importing, page
from dealwright.storage import accounts, imports, queue
from pages import Person, text, thing

FILE = """名称,Amount (CNY),* SIZE,Other,Nobody knows
Blue lamp,1200.50,Small,Lamp of old,x
Red lamp,-5,Large,Lamp of old,
Green lamp,7,Enormous,No such lamp,
,8,s,,y
"""


def sent(content: str | bytes, name: str = "things.csv") -> dict[str, Any]:
    return {"file": (io.BytesIO(content.encode() if isinstance(content, str) else content), name)}


def begun(person: Person, content: str | bytes, name: str = "things.csv") -> str:
    """Send a file and return the address of its import."""
    answer = person.post("/records/t.thing/import", sent(content, name))
    assert answer.status_code == 303, text(answer)
    return str(answer.location)


def chosen(html: str) -> dict[str, str]:
    """What stands in the mapping of a page, as a browser would send it."""
    found = {}
    for name, options in re.findall(r'<select class="inp" name="([\w.]+)".*?>(.*?)</select>', html):
        marked = re.search(r'value="([^"]*)" selected', options)
        found[name] = marked[1] if marked else ""
    found |= dict(re.findall(r'<input type="hidden" name="(was\.\d+)" value="(\w*)"', html))
    return found


def carried_out(workspace: Workspace, address: str) -> imports.Import:
    """Do what a worker would, and return how the import ended."""
    importing.carry_out(workspace, {"id": address.rpartition("/")[2], "locale": "en"})
    with workspace.database.read() as connection:
        found = imports.get(connection, address.rpartition("/")[2])
    assert found is not None
    return found


def things(workspace: Workspace) -> list[tuple[Any, ...]]:
    with workspace.database.read() as connection:
        items = page(Work(workspace, connection, access.operator()), "t.thing", sort="name").items
    return [(one["name"], one["amount"], one["size"], one["other"]) for one in items]


def test_a_file_goes_its_way_from_choosing_it_to_what_was_refused(
    workspace: Workspace, admin: Person, clerk: Person
) -> None:
    queue.install(workspace.database)
    old = thing(workspace, name="Lamp of old").id
    address = begun(admin, FILE)

    # By title in any language, without what stands in brackets; a reference by the name of its record.
    looked = admin.get(address)
    mapping = chosen(looked.text)
    assert {name: to for name, to in mapping.items() if name.startswith("to.")} == {
        "to.0": "name", "to.1": "amount", "to.2": "size", "to.3": "other", "to.4": "",
    }  # fmt: skip
    assert mapping["match.3"] == "name"
    shown = text(looked)
    assert "new 1" in shown and "refused 3" in shown, shown
    assert "Amount: " in shown and "No such lamp" in shown and "Name: " in shown
    assert things(workspace) == [("Lamp of old", None, None, None)], "looking keeps nothing"

    # What a field does not know can be said to be something that it knows.
    assert "Enormous" in looked.text and 'name="value.2"' in looked.text
    meant = {**mapping, "text.2": "Enormous", "value.2": "l", "text.3": "No such lamp", "value.3": "Lamp of old"}
    assert "new 2" in text(admin.post(address, {**meant, "do": "look"}))
    assert admin.post(address, {**mapping, "do": "start"}).status_code == 303
    assert "waiting" in text(admin.get(address))
    assert [one.kind for one in queue.jobs(workspace.database, ["waiting"])] == ["import"]
    again = admin.post(address, {**mapping, "do": "start"})
    assert "waiting" in text(again), "what runs is not started twice"
    done = carried_out(workspace, address)
    assert (done.state, done.counts["created"], done.counts["rejected"]) == ("done", 1, 3)
    assert ("Blue lamp", "1200.50", "s", old) in things(workspace)
    carried_out(workspace, address)
    assert len(things(workspace)) == 2, "a job that runs twice does it once"

    result = text(admin.get(address))
    assert "done" in result and "4 of 4 rows" in result
    refused = list(csv.reader(io.StringIO(admin.get(f"{address}/rejects").get_data().decode("utf-8-sig"))))
    assert refused[0] == ["名称", "Amount (CNY)", "* SIZE", "Other", "Nobody knows", "_row", "_reason"]
    assert [row[-2] for row in refused[1:]] == ["3", "4", "5"]

    # The same columns again: what was chosen last time is chosen, and it stands among the earlier ones.
    second = begun(admin, FILE.replace("Blue", "Bright"))
    assert chosen(admin.get(second).text)["to.3"] == "other"
    assert "things.csv" in text(admin.get("/records/t.thing/import"))

    # Nobody else sees it, and whoever may not import sees no page of it.
    assert clerk.get(address).status_code in (403, 404)
    assert clerk.get("/records/t.thing/import").status_code == 403
    assert "Import a file" not in text(clerk.get("/records/t.thing"))


def test_records_that_are_there_are_met_by_fields_that_somebody_chooses(workspace: Workspace, admin: Person) -> None:
    thing(workspace, name="Blue lamp", size="s")
    for _ in range(2):
        thing(workspace, name="Red lamp", size="l")
    address = begun(admin, "Name,Size,Amount\nBlue lamp,Small,5\nRed lamp,Large,6\nNew lamp,Small,7\n")
    mapping = {**chosen(admin.get(address).text), "key": "+"}
    page = admin.post(address, {**mapping, "do": "look"})
    assert "new 3" in text(page) and 'name="together" value="size"' in page.text
    looked = admin.post(address, {**mapping, "together": ["name", "size"], "do": "look"})
    assert all(
        one in text(looked)
        for one in ("new 1", "changed 1", "refused 1", "could be several", "2 records have the same")
    )
    assert looked.text.count('name="together"') == 3 and looked.text.count(" checked") >= 2
    queue.install(workspace.database)
    assert admin.post(address, {**mapping, "together": ["name", "size"], "do": "start"}).status_code == 303
    done = carried_out(workspace, address)
    assert (done.counts["created"], done.counts["updated"], done.counts["rejected"]) == (1, 1, 1)
    assert ("Blue lamp", "5.00", "s", None) in things(workspace)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("", "empty.csv", "The first row must name the columns"),
        ("a,a\n1,2\n", "twice.csv", "Two columns have the same name"),
        ('a,b\n"1,2\n', "broken.csv", "no proper CSV"),
        ("a", "fake.xlsx", "no Excel file"),
    ],
)
def test_what_is_no_table_is_told_and_not_kept(admin: Person, content: str, name: str, said: str) -> None:
    answer = admin.post("/records/t.thing/import", sent(content, name))
    assert answer.status_code == 422
    assert said in text(answer)
    assert "Earlier imports" not in text(admin.get("/records/t.thing/import"))


def test_a_spreadsheet_is_read_and_a_field_filled_twice_is_told(admin: Person) -> None:
    book, kept = Workbook(), io.BytesIO()
    book.active.append(["Name", "Day"])
    book.active.append(["Lamp", "2026-12-01"])
    book.save(kept)
    address = begun(admin, kept.getvalue(), "things.xlsx")
    assert "new 1" in text(admin.get(address))
    answer = admin.post(address, {"to.0": "name", "to.1": "name", "do": "look"})
    assert answer.status_code == 422
    assert "Two columns fill the same field" in text(answer)


def test_an_import_that_was_stopped_goes_on_where_it_was(
    workspace: Workspace, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.install(workspace.database)
    monkeypatch.setattr("dealwright.records.imports.BATCH", 2)
    address = begun(admin, "name\n" + "".join(f"T{n}\n" for n in range(7)))
    mapping = {"to.0": "name", "was.0": "name"}
    admin.post(address, {**mapping, "do": "start"})
    admin.post(address, {"do": "stop"})
    stopped = carried_out(workspace, address)
    assert (stopped.state, stopped.counts["rows"]) == ("stopped", 2)
    assert "Go on with it" in text(admin.get(address))
    admin.post(address, {**mapping, "do": "start"})
    done = carried_out(workspace, address)
    assert (done.state, done.counts["rows"], done.counts["created"]) == ("done", 7, 7)
    assert len(things(workspace)) == 7


def test_an_import_of_somebody_who_lost_the_right_fails_and_says_why(workspace: Workspace, admin: Person) -> None:
    queue.install(workspace.database)
    address = begun(admin, "name\nLamp\n")
    admin.post(address, {"to.0": "name", "was.0": "name", "do": "start"})
    with workspace.database.write() as connection:
        found = imports.get(connection, address.rpartition("/")[2])
        assert found is not None and found.started_by is not None
        accounts.set_roles(connection, found.started_by, [])
    failed = carried_out(workspace, address)
    assert failed.state == "failed"
    assert failed.error
    assert things(workspace) == []
