"""What the admins of a workspace change lies over what its packs say, patch by patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dealwright.metadata import load, patches
from dealwright.metadata.fold import Folded, fold
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.patches import Base, Patch

DEAL: dict[str, Any] = {
    "kind": "entity",
    "id": "sales.deal",
    "title": "Deal",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 200},
        "amount": {"field": "money", "minimum": 0},
        "papers": {"field": "file", "accept": ["application/pdf", "image/png"]},
        "source": {"field": "select", "options": [{"id": "web", "title": "Web"}, {"id": "fair", "title": "Fair"}]},
    },
    "required": ["name"],
}
RULE: dict[str, Any] = {
    "kind": "rule",
    "id": "sales.big",
    "title": "Big",
    "entity": "sales.deal",
    "on": {"record": {"events": ["created"]}},
    "if": "amount > 1000",
    "then": [{"do": "set_field", "field": "name", "value": "'big'"}],
}
DEADLINE: dict[str, Any] = {
    "kind": "deadline",
    "id": "sales.report",
    "title": "Report",
    "entity": "sales.deal",
    "from": "created_at",
    "days": 7,
    "unit": "calendar_day",
}
NAME = "entity:sales.deal#/properties/name"


def pack(name: str, *documents: Mapping[str, Any], requires: tuple[str, ...] = (), version: str = "1.0.0") -> Layer:
    sourced = tuple(SourcedDocument(one, f"{name}/{i}.json") for i, one in enumerate(documents))
    return Layer(name, name, sourced, requires=frozenset(requires), version=version)


SALES = pack("sales", DEAL, RULE, DEADLINE)


def overlaid(*changes: Patch, layers: tuple[Layer, ...] = (SALES,)) -> Folded:
    return fold([*layers, patches.layer(changes, layers)])


def change(path: str, value: Any = None, op: str = "set", base: Any = None) -> Patch:
    return Patch(path, op, value, Base(base, "sales", "1.0.0") if base is not None else None, at="2026-03-02T00:00:00Z")


def standing(folded: Folded, one: Patch) -> str:
    return folded.standings[one.id].state


def at(folded: Folded, path: str) -> Any:
    one = Patch(path, "set")
    here: Any = folded.documents[one.document]
    for step in one.steps:
        here = next(x for x in here if x["id"] == step) if isinstance(here, list) else here[step]
    return here


def test_a_title_is_set_and_remembered_as_the_admins() -> None:
    one = change(f"{NAME}/title", "Customer's name")
    folded = overlaid(one)
    assert not folded.problems
    assert at(folded, one.path) == "Customer's name"
    assert folded.provenance[("entity", "sales.deal"), ("properties", "name", "title")] == ("c",)
    assert folded.standings[one.id].below == Base("Name", "sales", "1.0.0")


def test_an_attribute_that_nobody_has_set_can_be_set() -> None:
    one = change(f"{NAME}/description", "As in the register")
    folded = overlaid(one)
    assert (at(folded, one.path), folded.standings[one.id].below) == ("As in the register", None)


def test_an_option_of_a_list_is_named_by_its_id() -> None:
    one = change("entity:sales.deal#/properties/source/options/fair/title", "Trade fair")
    assert [x["title"] for x in at(overlaid(one), "entity:sales.deal#/properties/source/options")] == [
        "Web",
        "Trade fair",
    ]


def test_an_own_field_comes_last_with_what_is_set_within_it() -> None:
    folded = overlaid(
        change("entity:sales.deal#/properties/c__note/title", "Remark"),
        change("entity:sales.deal#/properties/c__note", {"field": "text", "title": "Note"}, op="add"),
        change("entity:sales.deal#/required", ["c__note"]),
    )
    assert not folded.problems
    assert list(folded.documents["entity", "sales.deal"]["properties"])[-1] == "c__note"
    assert at(folded, "entity:sales.deal#/properties/c__note/title") == "Remark"
    assert at(folded, "entity:sales.deal#/required") == ["name", "c__note"]
    assert folded.provenance[("entity", "sales.deal"), ("required",)] == ("sales", "c")


def test_an_own_document_is_one_of_the_overlay() -> None:
    own = {**RULE, "id": "c.small", "if": "amount < 10"}
    folded = overlaid(change("rule:c.small#", own, op="add"))
    assert not folded.problems
    assert (folded.documents["rule", "c.small"]["if"], folded.owners["rule", "c.small"]) == ("amount < 10", "c")


@pytest.mark.parametrize(
    ("path", "value", "op", "code"),
    [
        pytest.param(f"{NAME}/maxLength", 300, "set", "weakens", id="a longer maximum length"),
        pytest.param("deadline:sales.report#/days", 10, "set", "weakens", id="a longer deadline"),
        pytest.param("rule:sales.big#/if", "amount > 5", "set", "protected", id="the condition of a pack's rule"),
        pytest.param(f"{NAME}/field", "integer", "set", "protected", id="the type of a field"),
        pytest.param(f"{NAME}/titel", "x", "set", "unknown-path", id="an attribute of nothing"),
        pytest.param(NAME, {"title": "x"}, "set", "wrong-type", id="a field as a whole"),
        pytest.param(f"{NAME}/title", 7, "set", "wrong-type", id="a number for a title"),
        pytest.param("entity:sales.deal#/properties/note", {"field": "text"}, "add", "foreign-name", id="no prefix"),
        pytest.param("entity:sales.deal#/properties/c__n", {"feld": "text"}, "add", "unknown-key", id="no field"),
        pytest.param(
            "entity:sales.deal#/properties/papers/accept", ["text/plain"], "set", "weakens", id="another kind of file"
        ),
    ],
)
def test_what_the_packs_do_not_leave_to_admins_is_refused(path: str, value: Any, op: str, code: str) -> None:
    one = change(path, value, op=op)
    folded = overlaid(one)
    assert code in [problem.code for problem in folded.problems]
    assert {problem.source for problem in folded.problems} == {one.source}
    assert standing(folded, one) == "refused"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("deadline:sales.report#/days", 5, id="a shorter deadline"),
        pytest.param(f"{NAME}/maxLength", 80, id="a shorter text"),
        pytest.param("entity:sales.deal#/properties/amount/minimum", 10, id="a higher minimum"),
        pytest.param("entity:sales.deal#/properties/papers/accept", ["image/png"], id="fewer kinds of file"),
    ],
)
def test_what_may_only_become_stricter_can_become_stricter(path: str, value: Any) -> None:
    one = change(path, value)
    folded = overlaid(one)
    assert (folded.problems, standing(folded, one), at(folded, path)) == ((), "active", value)


def test_a_pack_that_became_stricter_supersedes_and_one_that_loosens_revives() -> None:
    ours = change("deadline:sales.report#/days", 5, base=7)
    stricter = pack("sales", DEAL, RULE, {**DEADLINE, "days": 3}, version="2.0.0")
    folded = overlaid(ours, layers=(stricter,))
    assert (folded.problems, standing(folded, ours)) == ((), "superseded")
    assert at(folded, ours.path) == 3
    again = overlaid(ours)
    assert (standing(again, ours), at(again, ours.path)) == ("active", 5)


def test_a_patch_that_was_never_strict_enough_does_not_pass_for_superseded() -> None:
    loose = change("deadline:sales.report#/days", 10, base=7)
    stricter = pack("sales", DEAL, RULE, {**DEADLINE, "days": 3})
    assert [one.code for one in overlaid(loose, layers=(stricter,)).problems] == ["weakens"]


def test_a_pack_that_says_the_same_makes_a_patch_redundant_and_both_own_the_value() -> None:
    one = change(f"{NAME}/title", "Name", base="Title")
    folded = overlaid(one)
    assert standing(folded, one) == "redundant"
    assert folded.provenance[("entity", "sales.deal"), ("properties", "name", "title")] == ("sales", "c")


def test_patches_on_what_is_gone_are_parked_and_no_problem() -> None:
    gone = [
        change("entity:med.device#/title", "Device"),
        change("entity:sales.deal#/properties/med__ward/title", "Ward"),
        change("entity:sales.deal#/properties/source/options/mail/title", "Mail"),
        change("entity:sales.deal#/properties/med__ward/options/c__x", {"title": "X"}, op="add"),
        change("pack:med_devices#", op="disable"),
    ]
    folded = overlaid(*gone)
    assert not folded.problems
    assert {standing(folded, one) for one in gone} == {"parked"}


def test_nothing_of_a_sealed_document_changes_and_not_even_for_another_pack() -> None:
    sealed = pack("sales", DEAL, RULE, {**DEADLINE, "sealed": True})
    one = change("deadline:sales.report#/days", 3)
    assert [p.code for p in overlaid(one, layers=(sealed,)).problems] == ["sealed"]
    stricter = {"kind": "deadline", "extends": "sales.report", "overrides": [{"path": "#/days", "value": 3}]}
    found = fold([sealed, pack("med", stricter, requires=("sales",))])
    assert [p.code for p in found.problems] == ["cannot-extend"]
    assert "sealed" in found.problems[0].message


def test_an_entity_that_takes_no_fields_takes_none_of_the_admins() -> None:
    closed = pack("sales", {**DEAL, "extensible": {"fields": False}}, RULE, DEADLINE)
    one = change("entity:sales.deal#/properties/c__note", {"field": "text"}, op="add")
    assert [p.code for p in overlaid(one, layers=(closed,)).problems] == ["sealed"]
    assert not overlaid(change(f"{NAME}/title", "N"), layers=(closed,)).problems


def test_packs_that_disagree_are_settled_by_a_recorded_word() -> None:
    def said(name: str, title: str) -> Layer:
        document = {"kind": "entity", "extends": "sales.deal", "overrides": [{"path": "#/title", "value": title}]}
        return pack(name, document, requires=("sales",))

    both = (SALES, said("fmcg", "Channel deal"), said("med", "Case"))
    assert [p.code for p in fold(both).problems] == ["conflict"]
    word = change("entity:sales.deal#/title", "med", op="resolve")
    folded = overlaid(word, layers=both)
    assert (folded.problems, folded.documents["entity", "sales.deal"]["title"]) == ((), "Case")
    assert (standing(folded, word), folded.provenance[("entity", "sales.deal"), ("title",)]) == ("active", ("med",))
    alone = overlaid(word, layers=both[:2])
    assert (standing(alone, word), alone.documents["entity", "sales.deal"]["title"]) == ("parked", "Channel deal")
    over = overlaid(word, change("entity:sales.deal#/title", "Chance"), layers=both)
    assert over.documents["entity", "sales.deal"]["title"] == "Chance"


def test_a_disabled_pack_keeps_its_entities_and_does_nothing_by_itself() -> None:
    folded = overlaid(change("pack:sales#", op="disable"))
    # Conditions may name a deadline, so it stays; no clock of it runs (tests/packs/test_disabled.py).
    assert set(folded.documents) == {("entity", "sales.deal"), ("deadline", "sales.report")}


def test_a_translation_of_the_admins_goes_before_the_packs() -> None:
    translated = Layer("sales", "sales", SALES.documents, {"zh-CN": {f"{NAME}/title": "名称"}})
    ours = change(f"{NAME}/title", {"zh-CN": "客户名称"}, op="translate")
    assert overlaid(layers=(translated,)).translations["zh-CN"] == {f"{NAME}/title": "名称"}
    assert overlaid(ours, layers=(translated,)).translations["zh-CN"] == {f"{NAME}/title": "客户名称"}


def test_a_revision_is_another_one_for_patches_that_come_to_nothing_too() -> None:
    parked = change("entity:med.device#/title", "Device")
    layers = [SALES, patches.layer([parked], [SALES])]
    assert load.assembled(fold(layers), layers, {}).revision != load.assembled(fold([SALES]), [SALES], {}).revision


def test_a_patch_survives_being_written_down() -> None:
    one = Patch(f"{NAME}/title", "set", "Nom", Base("Name", "sales", "1.0.0"), "u1", "2026-03-02T00:00:00Z", "French")
    assert patches.read(one.as_json()) == one
    assert patches.problems(one.as_json(), "x") == []


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        pytest.param("set", "", id="no object"),
        pytest.param({"path": "sales.deal/title", "value": "x"}, "/path", id="no path"),
        pytest.param({"path": f"{NAME}/title", "op": "delete"}, "/op", id="an unknown operation"),
        pytest.param({"path": f"{NAME}/title", "value": "x", "vallue": "x"}, "/vallue", id="an unknown key"),
        pytest.param({"path": "entity:sales.deal#", "value": "x"}, "/path", id="a whole document set"),
        pytest.param({"path": "pack:sales#", "op": "set"}, "/op", id="something set on a pack"),
        pytest.param(
            {"path": "rule:c.x#", "op": "add", "value": {"kind": "rule", "id": "c.y"}}, "/value", id="another id"
        ),
        pytest.param(
            {"path": "rule:med.x#", "op": "add", "value": {"kind": "rule", "id": "med.x"}}, "/path", id="a pack's id"
        ),
        pytest.param({"path": "entity:sales.deal#/title", "op": "resolve", "value": 1}, "/value", id="no pack"),
        pytest.param({"path": "entity:sales.deal#/title", "op": "translate", "value": "x"}, "/value", id="no locale"),
    ],
)
def test_what_is_no_patch_is_said_with_its_place(given: Any, pointer: str) -> None:
    assert [one.pointer for one in patches.problems(given, "overlay.json")] == [pointer]


def test_patches_follow_what_packs_rename() -> None:
    moves = [
        {"since": "2.0.0", "from": f"{NAME}", "to": "entity:sales.deal#/properties/label"},
        {"since": "3.0.0", "from": "entity:sales.deal#/properties/label", "to": "entity:sales.deal#/properties/called"},
    ]
    moved = patches.moved(change(f"{NAME}/title", "N"), moves)
    assert moved.path == "entity:sales.deal#/properties/called/title"
    other = change("entity:sales.deal#/properties/name2/title", "N")
    assert patches.moved(other, moves) is other
