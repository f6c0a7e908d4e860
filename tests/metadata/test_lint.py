"""What works and should be looked at in pipelines; each warning has a code that never changes."""

from __future__ import annotations

import json
import shutil

import pytest

from dealwright import packs
from dealwright.metadata import lint, load
from dealwright.resources import shipped
from worlds import PIPELINE, ROLES, documents

CODES = {
    *("pipeline-without-gates", "stage-without-owner", "stage-without-exit"),
    *("stage-without-way-out", "unreachable-stage", "dead-end"),
}
#: Nothing is to be said of it.
GOOD = {**PIPELINE, "stages": [
    {"id": "open", "title": "Open", "owner": "t.rep", "next": ["offer", "lost"], "required": ["account"]},
    {"id": "offer", "title": "Offer", "owner": "t.rep", "next": ["open", "won", "lost"],
     "exit": [{"id": "g", "require": "amount > 0", "message": "How large?"}]},
    {"id": "won", "title": "Won", "outcome": "won", "next": []},
    {"id": "lost", "title": "Lost", "outcome": "lost", "next": []},
]}  # fmt: skip


def warned(*changed):
    found = lint.warnings(load.catalog_of(documents(*changed), with_base=True))
    return [(one.pointer, one.code) for one in found]


def with_stage(number, **change):
    stages = [dict(one) for one in GOOD["stages"]]
    stages[number] = {key: value for key, value in {**stages[number], **change}.items() if value is not None}
    return {**GOOD, "stages": stages}


def test_of_a_pipeline_that_says_all_nothing_is_said():
    assert warned(GOOD) == []
    assert {one["id"] for one in ROLES} >= {"t.rep"}


@pytest.mark.parametrize(
    ("pipeline", "told"),
    [
        (with_stage(0, owner=None), [("/stages/0", "stage-without-owner")]),
        (with_stage(1, exit=None), [("/stages/1", "stage-without-exit")]),
        (with_stage(1, exit=None, checklist=[{"id": "i", "title": "I", "required": True}]), []),
        (with_stage(1, exit=None, checklist=[{"id": "i", "title": "I"}]), [("/stages/1", "stage-without-exit")]),
        (with_stage(1, next=["open", "won"]), [("/stages/1", "stage-without-way-out")]),
        (with_stage(0, next=["lost"]), [("/stages/1", "unreachable-stage"), ("/stages/2", "unreachable-stage")]),
        (with_stage(1, next=[]), [("/stages/1", "dead-end"), ("/stages/2", "unreachable-stage")]),
        (with_stage(1, next=None), []),
    ],
)
def test_what_a_stage_lacks_is_told_with_its_code(pipeline, told):
    assert warned(pipeline) == told


def test_a_pipeline_that_asks_for_nothing_is_told_of_once():
    bare = {
        **GOOD,
        "stages": [{k: v for k, v in one.items() if k not in ("exit", "required")} for one in GOOD["stages"]],
    }
    assert warned(bare) == [("/stages", "pipeline-without-gates")]


def test_of_a_variant_only_its_own_stages_are_looked_at():
    variant = {"kind": "pipeline", "id": "t.lab", "extends": "t.sale", "lang": 1, "title": "Lab",
               "insert": [{"id": "trial", "title": "Trial", "after": "open"}]}  # fmt: skip
    assert warned(with_stage(1, owner=None), variant) == [
        ("/stages/1", "stage-without-owner"), ("/stages/1", "stage-without-exit"), ("/stages/1", "stage-without-owner"),
    ]  # fmt: skip


def test_a_check_of_a_pack_tells_of_it_at_the_place_in_its_file_and_the_shipped_packs_have_nothing_to_look_at(tmp_path):
    packs_of_ours = shipped("rule_packs")
    assert [str(one) for one in packs.review([packs_of_ours]).warnings if one.code in CODES] == []
    copy = tmp_path / "sales_pipeline"
    shutil.copytree(packs_of_ours / "sales_pipeline", copy)
    file = copy / "pipelines" / "standard.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    del document["stages"][0]["owner"]
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    reviewed = packs.review([copy])
    assert reviewed.problems == []
    told = [(one.source, one.pointer, one.code) for one in reviewed.warnings if one.code in CODES]
    assert told == [("sales_pipeline/pipelines/standard.json", "/stages/0", "stage-without-owner")]
