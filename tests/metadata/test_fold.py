from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.metadata import canonical
from dealwright.metadata.fold import Folded, fold
from dealwright.metadata.layers import Layer, SourcedDocument

SALES: dict[str, Any] = {
    "kind": "entity",
    "id": "sales.deal",
    "title": "Deal",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 200},
        "amount": {"field": "money", "minimum": 0},
        "source": {"field": "select", "options": [{"id": "web", "title": "Web"}, {"id": "fair", "title": "Fair"}]},
        "papers": {"field": "file", "accept": ["application/pdf", "image/*"]},
    },
    "required": ["name"],
}


def layer(name: str, *documents: Mapping[str, Any], requires: tuple[str, ...] = ("sales",), **more: Any) -> Layer:
    sourced = tuple(SourcedDocument(one, f"{name}/{i}.json") for i, one in enumerate(documents))
    return Layer(name, name, sourced, requires=frozenset(requires), **more)


def extends(**content: Any) -> dict[str, Any]:
    return {"kind": "entity", "extends": "sales.deal", **content}


def override(path: str, value: Any, **more: Any) -> dict[str, Any]:
    return extends(overrides=[{"path": path, "value": value, **more}])


def deal(folded: Folded) -> Mapping[str, Any]:
    return folded.documents["entity", "sales.deal"]


SALES_LAYER = layer("sales", SALES, requires=())


def codes(folded: Folded) -> list[str]:
    return [one.code for one in folded.problems]


def test_a_pack_adds_a_field_under_its_own_name_and_it_comes_last() -> None:
    folded = fold(
        [SALES_LAYER, layer("med", extends(properties={"med__dept": {"field": "text"}}, required=["med__dept"]))]
    )
    assert not folded.problems
    assert list(deal(folded)["properties"]) == ["name", "amount", "source", "papers", "med__dept"]
    assert deal(folded)["required"] == ["name", "med__dept"]
    assert folded.provenance[("entity", "sales.deal"), ("properties", "med__dept", "field")] == ("med",)


@pytest.mark.parametrize(
    ("path", "below", "above", "stands"),
    [
        pytest.param("#/properties/name/maxLength", 200, 80, 80, id="a shorter maximum length"),
        pytest.param("#/properties/amount/minimum", 0, "10.5", "10.5", id="a higher minimum"),
        pytest.param("#/properties/papers/accept", None, ["image/*"], ["image/*"], id="fewer kinds of file"),
        pytest.param("#/required", ["name"], ["amount"], ["name", "amount"], id="one more required field"),
        pytest.param("#/properties/name/sensitivity", None, "personal", "personal", id="a sensitivity"),
    ],
)
def test_a_pack_can_tighten(path: str, below: Any, above: Any, stands: Any) -> None:
    folded = fold([SALES_LAYER, layer("med", override(path, above))])
    assert not folded.problems
    value: Any = deal(folded)
    for step in path.removeprefix("#/").split("/"):
        value = value[step]
    assert value == stands


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        pytest.param("#/properties/name/maxLength", 300, "weakens", id="a longer maximum length"),
        pytest.param("#/properties/amount/minimum", -5, "weakens", id="a lower minimum"),
        pytest.param("#/properties/papers/accept", ["text/plain"], "weakens", id="another kind of file"),
        pytest.param("#/properties/amount/field", "decimal", "protected", id="the type of a field"),
        pytest.param("#/properties/amuont/title", "Value", "unknown-path", id="an attribute of nothing"),
        pytest.param("#/properties/source/options/web/titel", "Net", "unknown-path", id="no attribute of an option"),
        pytest.param("#/properties/name/maxLength/x", 1, "unknown-path", id="inside a number"),
        pytest.param("#/properties/name", "Name", "wrong-type", id="a text in place of a field"),
        pytest.param(
            "#/properties/source/options/mail", {"title": "Mail"}, "foreign-name", id="an option without prefix"
        ),
        pytest.param(
            "#/properties/source/options/med__mail", {"titel": "Mail"}, "unknown-key", id="an option of wrong form"
        ),
    ],
)
def test_a_pack_cannot_loosen_nor_set_what_is_its_owners(path: str, value: Any, code: str) -> None:
    assert code in codes(fold([SALES_LAYER, layer("med", override(path, value))]))


def test_a_pack_can_add_an_option_and_retitle_another() -> None:
    folded = fold(
        [
            SALES_LAYER,
            layer(
                "med",
                extends(
                    overrides=[
                        {
                            "path": "#/properties/source/options/med__congress",
                            "value": {"title": "Congress", "hue": "blue"},
                        },
                        {"path": "#/properties/source/options/fair/title", "value": "Trade fair", "was": "Fair"},
                    ]
                ),
            ),
        ]
    )
    assert not folded.problems
    assert not folded.warnings
    assert deal(folded)["properties"]["source"]["options"] == [
        {"id": "web", "title": "Web"},
        {"id": "fair", "title": "Trade fair"},
        {"id": "med__congress", "title": "Congress", "hue": "blue"},
    ]


def test_two_packs_that_do_not_build_on_one_another_must_agree() -> None:
    med, fmcg = (layer(name, override("#/title", title)) for name, title in (("med", "Case"), ("fmcg", "Channel deal")))
    folded = fold([SALES_LAYER, fmcg, med])
    assert [one.message for one in folded.problems] == [
        "/title of “sales.deal” is set differently by packs that do not build on one another: "
        'fmcg says "Channel deal", med says "Case"; let one of them require the other, or say whose word stands (resolve)'
    ]


def test_two_packs_that_say_the_same_own_it_together() -> None:
    folded = fold([SALES_LAYER, *(layer(name, override("#/title", "Case")) for name in ("fmcg", "med"))])
    assert not folded.problems
    assert folded.provenance[("entity", "sales.deal"), ("title",)] == ("fmcg", "med")


def test_the_pack_that_builds_on_the_other_has_the_last_word() -> None:
    med = layer("med", override("#/title", "Case"))
    hospital = layer("hospital", override("#/title", "Tender", was="Case"), requires=("sales", "med"))
    folded = fold([SALES_LAYER, med, hospital])
    assert not folded.problems
    assert deal(folded)["title"] == "Tender"


def test_an_override_of_a_value_that_has_changed_is_a_warning_and_still_stands() -> None:
    folded = fold([SALES_LAYER, layer("med", override("#/title", "Case", was="Opportunity"))])
    assert deal(folded)["title"] == "Case"
    assert [one.code for one in folded.warnings] == ["stale-override"]
    assert not folded.problems


@pytest.mark.parametrize(
    ("extensible", "content"),
    [
        pytest.param({"fields": False}, {"properties": {"med__x": {"field": "text"}}}, id="fields"),
        pytest.param({"overrides": False}, {"overrides": [{"path": "#/title", "value": "Case"}]}, id="overrides"),
    ],
)
def test_an_entity_can_refuse_what_others_do_to_it(extensible: dict[str, bool], content: dict[str, Any]) -> None:
    sealed = layer("sales", {**SALES, "extensible": extensible}, requires=())
    assert codes(fold([sealed, layer("med", extends(**content))])) == ["cannot-extend"]
    assert not fold([layer("sales", SALES, requires=()), layer("med", extends(**content))]).problems


def test_only_a_required_pack_can_be_extended() -> None:
    med = layer("med", extends(properties={"med__x": {"field": "text"}}), requires=())
    assert "name that pack under requires" in fold([SALES_LAYER, med]).problems[0].message


def test_a_document_of_another_namespace_is_refused() -> None:
    assert codes(fold([SALES_LAYER, layer("med", {**SALES, "id": "sales.other"})])) == ["foreign-namespace"]


def test_a_problem_is_placed_in_the_file_that_wrote_it() -> None:
    folded = fold([SALES_LAYER, layer("med", extends(properties={"med__dept": {"field": "text", "maxLength": 5}}))])
    assert folded.place("entity", "sales.deal", "/properties/med__dept/maxLength") == (
        "med/0.json",
        "/properties/med__dept/maxLength",
    )
    assert folded.place("entity", "sales.deal", "/properties/source/options/1/title") == (
        "sales/0.json",
        "/properties/source/options/1/title",
    )
    assert folded.place("entity", "sales.deal", "/properties/med__dept") == ("med/0.json", "/properties/med__dept")


def test_a_translation_holds_for_the_text_that_its_pack_could_see() -> None:
    path = "entity:sales.deal#/title"
    sales = layer(
        "sales",
        SALES,
        requires=(),
        translations={"zh-CN": {path: "商机", "entity:sales.deal#/properties/name/title": "名称"}},
    )
    silent = layer("med", override("#/title", "Case"))
    spoken = layer("med", override("#/title", "Case"), translations={"zh-CN": {path: "病例"}})
    assert path not in fold([sales, silent]).translations["zh-CN"]
    assert fold([sales, spoken]).translations["zh-CN"] == {
        path: "病例",
        "entity:sales.deal#/properties/name/title": "名称",
    }


# Packs p0 … p4 each extend sales.deal; any may require others of lower number, so every graph is without circles.
_VALUES = {
    "#/title": st.sampled_from(["A", "B"]),
    "#/properties/name/maxLength": st.integers(50, 200),
    "#/properties/amount/minimum": st.integers(0, 9),
    "#/properties/source/options/web/hidden": st.booleans(),
}


@st.composite
def graphs(draw: st.DrawFn) -> list[Layer]:
    found = []
    for i in range(draw(st.integers(1, 5))):
        below = draw(st.sets(st.integers(0, i - 1))) if i else set()
        overrides = [{"path": path, "value": draw(value)} for path, value in _VALUES.items() if draw(st.booleans())]
        content: dict[str, Any] = {"properties": {f"p{i}__x": {"field": "text"}}}
        if overrides:
            content["overrides"] = overrides
        found.append(layer(f"p{i}", extends(**content), requires=("sales", *(f"p{one}" for one in below))))
    return found


def _shuffled(packs: list[Layer], order: list[int]) -> list[Layer]:
    """The packs in another order that still puts each after those it requires."""
    left = [packs[i] for i in order]
    done = {"sales"}
    found = []
    while left:
        one = next(one for one in left if one.requires <= done)
        left.remove(one)
        found.append(one)
        done.add(one.id)
    return found


@settings(max_examples=150, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_the_fold_does_not_depend_on_the_order_of_unrelated_packs(packs: list[Layer], chance: Any) -> None:
    order = list(range(len(packs)))
    chance.shuffle(order)
    one, other = fold([SALES_LAYER, *packs]), fold([SALES_LAYER, *_shuffled(packs, order)])
    assert {p.message for p in one.problems} == {p.message for p in other.problems}
    values = (canonical.text(deal(folded)) for folded in (one, other))
    if not one.problems:
        assert len(set(values)) == 1
        assert {key: set(whose) for key, whose in one.provenance.items()} == {
            key: set(whose) for key, whose in other.provenance.items()
        }


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_taking_the_topmost_pack_away_leaves_what_was_before_it(packs: list[Layer]) -> None:
    before = fold([SALES_LAYER, *packs[:-1]])
    fold([SALES_LAYER, *packs])  # the fold of more layers has no memory
    after = fold([SALES_LAYER, *packs[:-1]])
    assert canonical.text(dict(deal(before))) == canonical.text(dict(deal(after)))
    assert f"{packs[-1].id}__x" not in deal(after)["properties"]


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_no_pack_can_loosen_what_another_set(packs: list[Layer]) -> None:
    said = [
        one["value"]
        for pack in packs
        for one in pack.documents[0].document.get("overrides", ())
        if one["path"] == "#/properties/name/maxLength"
    ]
    assert deal(fold([SALES_LAYER, *packs]))["properties"]["name"]["maxLength"] == min([200, *said])
