"""The search looks into texts that are declared searchable, Chinese ones too, as far as its reader sees them everywhere."""

from __future__ import annotations

from dealwright.records import Work, read
from sent import statements
from worlds import made, opened, person

CASE = {
    "kind": "entity", "id": "t.case", "lang": 1, "title": "Case", "plural": "Cases", "display": "title",
    "properties": {
        "title": {"field": "text", "title": "Title"},
        "story": {"field": "long_text", "title": "Story", "searchable": True},
        "secret": {"field": "text", "title": "Secret", "searchable": True},
        "note": {"field": "long_text", "title": "Note"},
    },
}  # fmt: skip
READER = {
    "kind": "role", "id": "t.reader", "lang": 1, "title": "Reader", "grants": [
        {"entity": "t.case", "ops": ["read"], "fields": {"*": "see", "secret": "none"}},
        {"entity": "t.case", "ops": ["read"], "rows": "owner == user.id"}],
}  # fmt: skip


def test_texts_are_found_in_lists_totals_and_everywhere_and_what_is_hidden_is_not(database, tmp_path):
    workspace = opened(database, CASE, READER, folder=tmp_path / "files")
    reader = person(workspace, "Rhea", ["t.reader"])
    root = person(workspace, "Root", ["base.admin"])
    won = made(workspace, "t.case", title="Pumps", story="客户最后因为售后响应速度选择了我们", secret="underpriced")
    made(workspace, "t.case", title="Beds", note="售后响应")
    own = made(workspace, "t.case", title="Lamps", secret="Underpriced again", owner=reader.id)

    def found(user, text):
        with database.read() as connection:
            work = Work(workspace, connection, user)
            listed = [one["id"] for one in read.page(work, "t.case", search=text, texts=True, sort="title").items]
            total = read.aggregate(work, "t.case", search=text, texts=True)[0]["count"]
            everywhere = sorted(one["id"] for one in read.search(work, text) if one["entity"] == "t.case")
            names = read.page(work, "t.case", search=text, sort="title").items
        assert (len(listed), sorted(listed)) == (total, everywhere)
        assert [one["title"] for one in names] == [
            title for title in ("Beds", "Lamps", "Pumps") if text.lower() in title.lower()
        ]
        return listed

    assert found(root, "售后响应") == [won] == found(reader, "响应")
    assert found(root, "UNDERPRICED") == [own, won]
    assert found(reader, "underpriced") == [], "not by what he sees of some only, also not on his own"
    assert found(reader, "lamp") == [own]
    with statements() as sent:
        found(root, "响应")
    assert len([one for one in sent if "t__case" in one]) == 4
