"""Files over HTTP: uploaded, named by a record, read by whoever may see the record."""

from __future__ import annotations

import io

import pytest

from dealwright import access
from dealwright.app import create_app
from dealwright.storage import Database
from worlds import opened, person

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
PAPER = {
    "kind": "entity", "id": "t.paper", "lang": 1, "title": "Paper", "plural": "Papers",
    "properties": {
        "scan": {"field": "image", "title": "Scan", "max_size": 1000},
        "more": {"field": "file", "title": "More", "multiple": True},
        "pages": {"field": "rows", "title": "Pages", "items": {"properties": {
            "note": {"field": "text", "title": "Note"}, "photo": {"field": "image", "title": "Photo", "max_size": 1000}}}},
    },
}  # fmt: skip
ROLE = {
    "kind": "role", "id": "t.clerk", "lang": 1, "title": "Clerk",
    "grants": [{"entity": "t.paper", "ops": ["read", "create", "update"], "rows": "owner == user.id"}],
}  # fmt: skip


class Speaker:
    def __init__(self, app, token):
        self.client, self.headers = app.test_client(), {"Authorization": f"Bearer {token}"}

    def upload(self, content, name):
        return self.client.post("/api/v1/files", data={"file": (io.BytesIO(content), name)}, headers=self.headers)

    def get(self, path):
        return self.client.get(f"/api/v1{path}", headers=self.headers, buffered=True)

    def save(self, body):
        return self.client.post("/api/v1/records/t.paper", json=body, headers=self.headers)


@pytest.fixture
def people(sqlite_url, tmp_path):
    with Database(sqlite_url) as database:
        workspace = opened(database, PAPER, ROLE, folder=tmp_path / "files")
        app = create_app(workspace)
        found = {}
        for name in ("Ada", "Bo"):
            user = person(workspace, name, ["t.clerk"])
            with database.write() as connection:
                found[name] = Speaker(app, access.new_token(connection, user.id, "test"))
        yield found


def test_a_file_is_what_its_content_says_and_not_what_its_name_says(people):
    answer = people["Ada"].upload(PNG, "../../etc/pass\u202ewd.html")
    assert answer.status_code == 201
    assert answer.json["type"] == "image/png"
    assert (answer.json["name"], answer.json["size"]) == ("passwd.html", 48)


def test_a_record_shows_its_file_to_whoever_may_see_the_record(people):
    file = people["Ada"].upload(PNG, "a.png").json
    assert people["Bo"].get(f"/files/{file['id']}").status_code == 404
    assert people["Ada"].save({"scan": file}).status_code == 201
    answer = people["Ada"].get(f"/files/{file['id']}")
    assert (answer.status_code, answer.data) == (200, PNG)
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert people["Bo"].get(f"/files/{file['id']}").status_code == 404


def test_what_the_client_says_of_a_file_does_not_count(people):
    file = people["Ada"].upload(b"<html><script>1</script>", "a.png").json
    answer = people["Ada"].save({"scan": {**file, "type": "image/png", "size": 1}})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("/scan/type", "wrong-file-type")]


def test_a_file_of_somebody_else_cannot_be_named(people):
    file = people["Ada"].upload(PNG, "a.png").json
    answer = people["Bo"].save({"scan": file})
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("/scan", "no-such-file")]


def test_a_file_that_is_too_large_for_its_field_is_refused(people):
    file = people["Ada"].upload(PNG + b"0" * 2000, "a.png").json
    answer = people["Ada"].save({"scan": {**file, "size": 10}})
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("/scan/size", "too-large")]


def test_what_is_no_image_is_downloaded_and_never_shown(people):
    file = people["Ada"].upload(b"<svg onload=alert(1)>", "a.svg").json
    answer = people["Ada"].save({"more": [file]})
    assert answer.status_code == 201, answer.text
    assert people["Ada"].get(f"/files/{file['id']}").headers["Content-Disposition"].startswith("attachment")


def test_a_file_in_a_row_is_held_to_the_same_and_shown_to_the_same(people):
    file, other = people["Ada"].upload(PNG, "a.png").json, people["Bo"].upload(PNG, "b.png").json
    page = people["Ada"].upload(b"<html><script>1</script>", "c.png").json
    for row, code in (
        ({"photo": other}, "no-such-file"),
        ({"photo": {**page, "type": "image/png"}}, "wrong-file-type"),
    ):
        refused = people["Ada"].save({"pages": [{"note": "fine"}, row]})
        assert refused.status_code == 422
        pointers = [(one["pointer"].split("/")[1:4], one["code"]) for one in refused.json["errors"]]
        assert pointers == [(["pages", "1", "photo"], code)]
    saved = people["Ada"].save({"pages": [{"note": "fine", "photo": {**file, "size": 1, "name": "x"}}]})
    assert saved.status_code == 201
    assert saved.json["pages"][0]["photo"] == file  # what the store knows, not what was said
    assert people["Ada"].get(f"/files/{file['id']}").status_code == 200
    assert people["Bo"].get(f"/files/{file['id']}").status_code == 404
    again = people["Ada"].client.patch(
        f"/api/v1/records/t.paper/{saved.json['id']}",
        json={"pages": [*saved.json["pages"], {"note": "two", "photo": file}]},
        headers=people["Ada"].headers,
    )
    assert again.status_code == 200
    assert [row["note"] for row in again.json["pages"]] == ["fine", "two"]
    assert again.json["pages"][0]["id"] == saved.json["pages"][0]["id"]
