"""Parts: the records of an entity with ``part_of`` follow their whole, in rights and in going and coming back."""

from __future__ import annotations

import pytest

from dealwright import access, conditions, records
from dealwright.errors import ConditionError, ConflictError, ForbiddenError, NotFoundError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Work
from worlds import documents, made, opened, person, rows_of

NOTE = {
    "kind": "entity", "id": "t.note", "lang": 1, "title": "Note", "plural": "Notes", "display": "text", "part_of": "deal",
    "properties": {
        "deal": {"field": "reference", "to": "t.deal", "title": "Deal"},
        "text": {"field": "text", "title": "Text"},
        "code": {"field": "text", "title": "Code", "unique": True},
    },
    "required": ["deal"],
}  # fmt: skip
REMARK = {
    "kind": "entity", "id": "t.remark", "lang": 1, "title": "Remark", "plural": "Remarks", "display": "text", "part_of": "note",
    "properties": {"note": {"field": "reference", "to": "t.note", "title": "Note"}, "text": {"field": "text", "title": "Text"}},
    "required": ["note"],
}  # fmt: skip
SELLER = {
    "kind": "role", "id": "t.seller", "lang": 1, "title": "Seller", "grants": [
        {"entity": "t.deal", "ops": ["read", "create", "update", "delete", "export"],
         "rows": "lines.exists(l, l.qty > 5) && owner == user.id"}]}  # fmt: skip
READER = {
    "kind": "role", "id": "t.reader", "lang": 1, "title": "Reader", "grants": [
        {"entity": "t.deal", "ops": ["read", "export"]}]}  # fmt: skip


@pytest.fixture
def world(database, tmp_path):
    return opened(database, NOTE, REMARK, SELLER, READER, folder=tmp_path)


def within(workspace, do, user=None):
    with workspace.database.write() as connection:
        return do(Work(workspace, connection, user or access.operator()))


def seen(workspace, user, entity="t.note"):
    return {one["id"] for one in within(workspace, lambda work: records.page(work, entity, sort="id").items, user)}


def archived(workspace, entity, record):
    return within(workspace, lambda work: records.fetch(work, entity, record)["archived_at"]) is not None


def test_a_part_cannot_be_taken_out_of_a_whole_that_one_may_not_change(world):
    ada, bo = person(world, "Ada", ["t.rep"]), person(world, "Bo", ["t.rep"])
    theirs = records.save(world, bo, "t.deal", {"name": "theirs"}).id
    mine = records.save(world, ada, "t.deal", {"name": "mine"}).id
    note = records.save(world, bo, "t.note", {"deal": theirs, "text": "secret"}).id
    with pytest.raises(NotFoundError):
        records.save(world, ada, "t.note", {"deal": mine}, id=note)
    assert [row["deal"] for row in rows_of(world.database, "t__note")] == [theirs]


def test_a_part_cannot_be_put_into_a_whole_that_one_may_not_change(world):
    ada, bo = person(world, "Ada", ["t.rep", "t.reader"]), person(world, "Bo", ["t.rep"])
    mine, theirs = (records.save(world, user, "t.deal", {"name": user.name}).id for user in (ada, bo))
    note = records.save(world, ada, "t.note", {"deal": mine}).id
    refusals = set()
    for where in (theirs, "01900000-0000-7000-8000-000000000000"):
        with pytest.raises(ForbiddenError) as error:
            records.save(world, ada, "t.note", {"deal": where}, id=note)
        refusals.add(error.value.detail)
    assert len(refusals) == 1  # whether it exists is not told
    assert records.save(world, ada, "t.note", {"deal": mine, "text": "x"}, id=note).version == 2


def test_a_reference_that_a_row_rule_follows_is_judged_as_it_was(database, tmp_path):
    keeper = {
        "kind": "role", "id": "t.keeper", "lang": 1, "title": "Keeper", "grants": [
            {"entity": "t.account", "ops": ["read"]},
            {"entity": "t.deal", "ops": ["read", "update"], "rows": "account.owner == user.id"}]}  # fmt: skip
    workspace = opened(database, keeper, folder=tmp_path)
    ada = person(workspace, "Ada", ["t.keeper"])
    own, other = made(workspace, "t.account", name="own", owner=ada.id), made(workspace, "t.account", name="other")
    deal = made(workspace, "t.deal", name="x", account=other)
    with pytest.raises(NotFoundError):
        records.save(workspace, ada, "t.deal", {"account": own}, id=deal)


def test_whoever_sees_a_whole_by_its_rows_sees_its_parts(world):
    ada = person(world, "Ada", ["t.seller"])
    large, small = (
        made(world, "t.deal", name=name, owner=ada.id, lines=[{"what": "x", "qty": qty}])
        for name, qty in (("L", 6), ("S", 5))
    )
    note, hidden = (made(world, "t.note", deal=deal) for deal in (large, small))
    remark, deeper = (made(world, "t.remark", note=one) for one in (note, hidden))
    assert seen(world, ada) == {note}
    assert seen(world, ada, "t.remark") == {remark}
    assert within(world, lambda work: records.fetch(work, "t.note", note), ada)["deal"] == large
    for entity, one in (("t.note", hidden), ("t.remark", deeper)):
        with pytest.raises(NotFoundError):
            within(world, lambda work, entity=entity, one=one: records.fetch(work, entity, one), ada)
    assert records.save(world, ada, "t.remark", {"text": "y"}, id=remark).version == 2
    with pytest.raises(NotFoundError):
        records.save(world, ada, "t.remark", {"text": "y"}, id=deeper)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("deal.lines.exists(l, l.qty > 5)", "L"),
        ("!deal.lines.exists(l, l.qty > 5)", "NS"),
        ("deal.lines.all(l, l.qty > 5)", "LN"),
        ("deal.lines.count(l, l.qty > 1) == 1", "LS"),
        ("deal.lines.sum(l, l.qty) >= 5 && deal.name != 'L'", "S"),
        ("deal.lines.max(l, l.qty) == null", "N"),
    ],
)
def test_rows_of_the_whole_are_the_same_question_in_lists_and_on_one_record(database, tmp_path, question, expected):
    role = {"kind": "role", "id": "t.asker", "lang": 1, "title": "Asker", "grants": [
        {"entity": "t.note", "ops": ["read"], "rows": question}]}  # fmt: skip
    workspace = opened(database, NOTE, role, folder=tmp_path)
    ada = person(workspace, "Ada", ["t.asker"])
    lines = {"L": [{"what": "x", "qty": 6}], "S": [{"what": "x", "qty": 5}], "N": []}
    notes = {
        made(workspace, "t.note", deal=made(workspace, "t.deal", name=name, lines=of)): name
        for name, of in lines.items()
    }
    listed = {notes[one] for one in seen(workspace, ada)}
    with workspace.database.read() as connection:
        one_by_one = {notes[one] for one in records.fetch_many(Work(workspace, connection, ada), "t.note", list(notes))}
    assert listed == one_by_one == set(expected)


def test_a_list_behind_a_reference_is_asked_by_rights_only():
    sourced = tuple(SourcedDocument(one, one["id"]) for one in documents(NOTE))
    catalog = load.catalog([load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))], {"currency": "EUR"})
    conditions.of(catalog, "t.note", "deal.lines.exists(l, l.qty > 5)", "permission")
    for use in ("filter", "formula", "check"):
        with pytest.raises(ConditionError):
            conditions.of(catalog, "t.note", "deal.lines.exists(l, l.qty > 5)", use)


def test_parts_go_and_come_back_with_the_whole_all_the_way_down(world):
    deal = made(world, "t.deal", name="x")
    note, gone = (made(world, "t.note", deal=deal, text=text) for text in ("stays", "gone before"))
    remark = made(world, "t.remark", note=note)
    within(world, lambda work: records.archive(work, "t.note", gone))
    within(world, lambda work: records.archive(work, "t.deal", deal))
    assert archived(world, "t.note", note)
    assert archived(world, "t.remark", remark)
    within(world, lambda work: records.restore(work, "t.deal", deal))
    assert not archived(world, "t.note", note)
    assert not archived(world, "t.remark", remark)
    assert archived(world, "t.note", gone)  # it had gone by itself
    types = [one["type"] for one in within(world, lambda work: records.history(work, "t.remark", remark))]
    assert types == ["record.restored", "record.deleted", "record.created"]


def test_a_whole_does_not_come_back_while_the_place_of_a_part_is_taken(world):
    deal, other = made(world, "t.deal", name="x"), made(world, "t.deal", name="y")
    made(world, "t.note", deal=deal, code="N1")
    within(world, lambda work: records.archive(work, "t.deal", deal))
    made(world, "t.note", deal=other, code="N1")
    with pytest.raises(ConflictError, match="another Note has taken its place"):
        within(world, lambda work: records.restore(work, "t.deal", deal))
    assert archived(world, "t.deal", deal)


def test_parts_are_purged_with_the_whole(world):
    deal, other = made(world, "t.deal", name="x"), made(world, "t.deal", name="y")
    made(world, "t.remark", note=made(world, "t.note", deal=deal))
    kept = made(world, "t.note", deal=other)
    within(world, lambda work: records.purge(work, "t.deal", deal))
    assert [row["id"] for row in rows_of(world.database, "t__note")] == [kept]
    assert rows_of(world.database, "t__remark") == []


def test_many_parts_at_once_are_judged_by_their_wholes(world):
    ada, bo = person(world, "Ada", ["t.rep"]), person(world, "Bo", ["t.rep"])
    mine, theirs = (records.save(world, user, "t.deal", {"name": user.name}).id for user in (ada, bo))
    results = within(
        world,
        lambda work: records.save_many(work, "t.note", [Change({"deal": one}) for one in (mine, theirs, mine)]),
        ada,
    )
    assert [isinstance(one, records.Saved) for one in results] == [True, False, True]
