"""Several pipelines of an entity, what entering a stage writes, and that no other road leads to a stage."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from dealwright import access, records, rules
from dealwright.errors import ConflictError, DealwrightError, DefinitionError, GateUnmetError, QueryError, RecordError
from dealwright.fields.messages import speaking
from dealwright.metadata import load
from dealwright.records import Change, Work, imports
from dealwright.records.tables_in import open_table
from worlds import DEAL, PIPELINE, documents, made, opened, person, rows_of

OPERATOR = access.operator()
LARGE = {
    "kind": "pipeline", "id": "t.large", "lang": 1, "title": "Large sale", "entity": "t.deal", "version": 3, "start": "scout",
    "applies_when": "amount >= 100000", "probability_field": "win",
    "stages": [
        {"id": "scout", "title": "Scout", "probability": 5, "next": ["open", "lost"]},
        {"id": "open", "title": "Open", "probability": "22.5", "next": ["won", "lost"], "required": ["account"],
         "exit": [{"id": "sized", "title": "Size", "require": "amount > 0 && margin > 0", "message": "Say how large it is",
                   "fields": ["amount", "margin"]}]},
        {"id": "won", "title": "Won", "outcome": "won", "probability": 100, "next": []},
        {"id": "lost", "title": "Lost", "outcome": "lost", "probability": 0, "reason": "required", "next": []},
    ],
}  # fmt: skip
DEAL = {**DEAL, "properties": {**DEAL["properties"], "lost_reason": {"field": "long_text", "title": "Why lost"}}}
CLOSED = {**PIPELINE, "id": "t.old", "title": "Old sale", "intake": "closed"}


@pytest.fixture
def world(database, tmp_path):
    return opened(database, DEAL, {**PIPELINE, "intake": "default"}, LARGE, CLOSED, folder=tmp_path)


def stored(world, record):
    return next(row for row in rows_of(world.database, "t__deal") if row["id"] == record)


def test_a_new_record_comes_into_the_pipeline_whose_condition_holds_for_it(world):
    small = records.save(world, OPERATOR, "t.deal", {"name": "s", "amount": "99999.99"}).record
    large = records.save(world, OPERATOR, "t.deal", {"name": "l", "amount": "100000"}).record
    assert (small["pipeline"], small["pipeline_version"], small["stage"]) == ("t.sale", 1, "open")
    assert (large["pipeline"], large["pipeline_version"], large["stage"]) == ("t.large", 3, "scout")


def test_a_condition_over_a_formula_chooses_when_the_formula_is_worked_out(database, tmp_path):
    world = opened(database, PIPELINE, {**LARGE, "applies_when": "total >= 100"}, folder=tmp_path)
    lines = [{"what": "pump", "qty": 2, "price": "50"}]
    assert records.save(world, OPERATOR, "t.deal", {"name": "l", "lines": lines}).record["pipeline"] == "t.large"
    assert records.save(world, OPERATOR, "t.deal", {"name": "s"}).record["pipeline"] == "t.sale"


def test_a_pipeline_that_does_not_apply_or_is_closed_cannot_be_chosen(world):
    for named, code in (("t.large", "pipeline-not-offered"), ("t.old", "no-such-option"), ("t.none", "no-such-option")):
        with pytest.raises(RecordError) as error:
            records.save(world, OPERATOR, "t.deal", {"name": "x", "pipeline": named})
        assert [(p.pointer, p.code) for p in error.value.problems] == [("/pipeline", code)]
    assert rows_of(world.database, "t__deal") == []


def test_entering_a_stage_writes_its_probability_into_the_field_unless_one_is_brought(world):
    deal = records.save(world, OPERATOR, "t.deal", {"name": "l", "amount": "100000"})
    assert deal.record["win"] == "5"
    assert records.move(world, OPERATOR, "t.deal", deal.id, "open").record["win"] == "22.5"
    lost = records.move(world, OPERATOR, "t.deal", deal.id, "lost", data={"win": "1"}, reason="no budget")
    assert (lost.record["win"], lost.record["lost_reason"]) == ("1", "no budget")


def test_a_reason_that_is_required_is_asked_for_and_kept_in_the_field_or_the_history(world, database):
    deal = records.save(world, OPERATOR, "t.deal", {"name": "l", "amount": "100000"}).id
    with pytest.raises(GateUnmetError) as error:
        records.move(world, OPERATOR, "t.deal", deal, "lost", reason="  ")
    assert [one.as_json() for one in error.value.problems] == [
        {
            "pointer": "/lost_reason",
            "code": "required",
            "message": "Say why: a reason is needed here.",
            "label": "Why lost",
        }
    ]
    records.move(world, OPERATOR, "t.deal", deal, "lost", reason="too dear")
    with database.read() as connection:
        newest = records.history(Work(world, connection, OPERATOR), "t.deal", deal)[0]
    assert (newest["type"], newest["changes"]["lost_reason"]) == ("record.moved", [None, "too dear"])


def test_a_refused_move_says_all_that_is_missing_with_labels_in_the_language_that_is_spoken(world):
    deal = records.save(world, OPERATOR, "t.deal", {"name": "l", "amount": "100000"}).id
    records.move(world, OPERATOR, "t.deal", deal, "open")
    with speaking("zh-CN"), pytest.raises(GateUnmetError, match="缺少 3 项") as error:
        records.move(world, OPERATOR, "t.deal", deal, "won", data={"amount": "0"})
    assert [(p.pointer, p.code, p.label, p.item) for p in error.value.problems] == [
        ("/account", "required", "Account", ""),
        ("/amount", "gate-unmet", "Size", "sized"),
        ("/margin", "gate-unmet", "Size", "sized"),
    ]
    assert error.value.problems[0].message == "此处必填，请填写。"


def test_a_refused_move_names_no_field_that_the_person_may_not_see(world):
    rep = person(world, "Rae", ["t.rep"])
    deal = records.save(world, rep, "t.deal", {"name": "l", "amount": "100000"}).id
    records.move(world, rep, "t.deal", deal, "open")
    with pytest.raises(GateUnmetError) as error:
        records.move(world, rep, "t.deal", deal, "won")
    told = [(p.pointer, p.label) for p in error.value.problems]
    assert told == [("/account", "Account"), ("/amount", "Size"), ("", "")]


def test_a_record_moves_into_another_pipeline_at_its_start_or_in_the_stage_of_the_same_name(world):
    deal = records.save(world, OPERATOR, "t.deal", {"name": "s", "amount": "5"}).id
    with pytest.raises(ConflictError, match="does not belong"):
        records.move(world, OPERATOR, "t.deal", deal, pipeline="t.large")
    with pytest.raises(QueryError, match=r"there are t\.large, t\.sale"):
        records.move(world, OPERATOR, "t.deal", deal, pipeline="t.old")
    with pytest.raises(ConflictError, match="comes into Large sale in Open or Scout"):
        records.move(world, OPERATOR, "t.deal", deal, "won", pipeline="t.large", data={"amount": "100000"})
    moved = records.move(world, OPERATOR, "t.deal", deal, pipeline="t.large", data={"amount": "100000"}).record
    assert (moved["pipeline"], moved["pipeline_version"], moved["stage"], moved["win"]) == (
        "t.large",
        3,
        "open",
        "22.5",
    )
    told = rows_of(world.database, "dw_audit")
    assert [one["action"] for one in told] == ["record.pipeline_changed"]
    with world.database.read() as connection:
        newest = records.history(Work(world, connection, OPERATOR), "t.deal", deal)[0]
    assert newest["changes"]["pipeline"] == ["t.sale", "t.large"]


def test_a_new_record_starts_at_the_start_unless_its_maker_may_import(world):
    rep = person(world, "Rae", ["t.rep"])
    with pytest.raises(RecordError) as error:
        records.save(world, rep, "t.deal", {"name": "x", "stage": "won"})
    assert [(p.pointer, p.code) for p in error.value.problems] == [("/stage", "starts-elsewhere")]
    assert records.save(world, rep, "t.deal", {"name": "x", "stage": "open"}).record["stage"] == "open"
    assert records.save(world, OPERATOR, "t.deal", {"name": "y", "stage": "won"}).record["status"] == "won"


@pytest.mark.parametrize("name", ["stage", "status", "pipeline", "pipeline_version", "stage_entered_at"])
def test_a_save_changes_no_place_in_a_pipeline(world, name):
    deal = records.save(world, OPERATOR, "t.deal", {"name": "x"}).id
    with pytest.raises(RecordError) as error:
        records.save(world, OPERATOR, "t.deal", {name: "won", "name": "y"}, id=deal)
    assert [(p.pointer, p.code) for p in error.value.problems] == [(f"/{name}", "read-only")]
    assert stored(world, deal)["name"] == "x"


@pytest.mark.parametrize("name", ["stage", "status", "pipeline"])
def test_a_rule_that_sets_a_place_in_a_pipeline_is_refused_when_it_is_published(name):
    rule = {
        "kind": "rule", "id": "t.jump", "lang": 1, "title": "Jump", "entity": "t.deal",
        "on": {"record": {"events": ["created"]}}, "then": [{"do": "set_field", "field": name, "value": "'won'"}],
    }  # fmt: skip
    found = rules.problems(load.catalog_of(documents(rule), with_base=True))
    assert [(one.pointer, one.code) for one in found] == [("/then/0/value", "not-settable")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"probability_field": "name"}, "a probability needs a percent, decimal or integer"),
        ({"probability_field": "wins"}, "there is no field of t.deal “wins”; did you mean “win”?"),
        ({"reason_field": "win"}, "a reason needs a text or a choice"),
        ({"intake": "default"}, "is the default pipeline of t.deal already"),
    ],
)
def test_what_a_pipeline_says_wrong_of_its_fields_is_told(change, said):
    with pytest.raises(DefinitionError) as error:
        load.catalog_of(documents({**PIPELINE, "intake": "default"}, {**LARGE, **change}), with_base=True)
    assert said in str(error.value)


# Laws ----------------------------------------------------------------------------------------------------------------


def _graph(chance: random.Random) -> dict:
    """A random pipeline of four to seven stages with gates of one number each."""
    names = [f"s{n}" for n in range(chance.randint(4, 7))]
    stages = []
    for place, name in enumerate(names):
        stage: dict = {"id": name, "title": name.upper(), "probability": 10 * place}
        if chance.random() < 0.8:
            stage["next"] = chance.sample([one for one in names if one != name], chance.randint(0, len(names) - 2))
        for side in ("enter", "exit"):
            if chance.random() < 0.5:
                least = chance.randint(0, 4)
                stage[side] = [{"id": "g", "require": f"opened >= {least}", "message": "More", "fields": ["opened"]}]
        if place and chance.random() < 0.3:
            stage["outcome"] = chance.choice(["won", "lost", "archived"])
        stages.append(stage)
    return {**PIPELINE, "stages": stages, "start": "s0"}


def _may(graph: dict, here: str, there: str, opened_: int) -> bool:
    """What the graph says, worked out apart from the product."""
    stages = {one["id"]: one for one in graph["stages"]}
    one, other = stages[here], stages[there]
    if here == there or ("next" in one and there not in one["next"]):
        return False
    asked = other.get("enter", []) + ([] if other.get("outcome") in ("lost", "archived") else one.get("exit", []))
    return all(opened_ >= int(gate["require"].rpartition(" ")[2]) for gate in asked)


@pytest.mark.parametrize("seed", range(4))
def test_random_moves_on_random_graphs_go_just_where_the_graph_allows_and_a_refused_one_leaves_no_trace(
    database, tmp_path, seed
):
    chance = random.Random(seed)
    graph = _graph(chance)
    world = opened(database, graph, folder=tmp_path)
    deal = records.save(world, OPERATOR, "t.deal", {"name": "x", "opened": chance.randint(0, 4)}).id
    names = [one["id"] for one in graph["stages"]]
    for _ in range(25):
        before = stored(world, deal)
        there = chance.choice(names)
        events = len(rows_of(database, "dw_event"))
        try:
            if chance.random() < 0.3:
                records.save(world, OPERATOR, "t.deal", {"opened": chance.randint(0, 4)}, id=deal)
                assert stored(world, deal)["stage"] == before["stage"]
                continue
            records.move(world, OPERATOR, "t.deal", deal, there)
        except DealwrightError:
            assert not _may(graph, before["stage"], there, before["opened"])
            assert (stored(world, deal), len(rows_of(database, "dw_event"))) == (before, events)
            continue
        assert _may(graph, before["stage"], there, before["opened"])
        after, stage = stored(world, deal), graph["stages"][names.index(there)]
        assert (after["stage"], after["status"]) == (there, stage.get("outcome", "open"))


def test_one_call_for_many_changes_takes_no_stage(world):
    deal = records.save(world, OPERATOR, "t.deal", {"name": "x"}).id
    with world.database.write() as connection:
        work = Work(world, connection, OPERATOR)
        (refused,) = records.save_many(work, "t.deal", [Change({"stage": "won", "name": "z"}, deal)])
    assert isinstance(refused, RecordError)
    assert (stored(world, deal)["stage"], stored(world, deal)["name"]) == ("open", "x")


def test_the_probability_of_a_new_record_is_an_exact_number(world):
    deal = records.save(world, OPERATOR, "t.deal", {"name": "l", "amount": "100000"}).id
    with world.database.read() as connection:
        found = records.fetch(Work(world, connection, OPERATOR), "t.deal", deal)
    assert Decimal(found["win"]) == 5
    assert made(world, "t.deal", name="m")
    assert DEAL["properties"]["win"]["field"] == "percent"


def test_an_import_moves_records_that_are_there_with_every_gate_and_says_of_new_ones_where_they_are(world, tmp_path):
    for code, amount in (("a", "5"), ("b", "100000"), ("c", "100000")):
        records.save(world, OPERATOR, "t.deal", {"name": code, "code": code, "amount": amount, "pipeline": "t.sale"})
    path = tmp_path / "deals.csv"
    path.write_text(
        "code,name,amount,pipeline,stage\na,a,5,t.large,\nb,b,100000,t.large,\nc,c,100000,t.sale,offer\nd,d,7,t.sale,won\n",
        encoding="utf-8",
    )
    columns = {name: {"to": name} for name in ("code", "name", "amount", "pipeline", "stage")}
    done = imports.run(world, OPERATOR, "t.deal", open_table(path), {"key": "code", "columns": columns})
    assert (done.created, done.updated, done.rejected) == (1, 1, 2)
    assert dict(done.reasons) == {"conflict": 1, "required": 1}  # a does not belong there, c has no account yet
    where = {row["code"]: (row["pipeline"], row["stage"]) for row in rows_of(world.database, "t__deal")}
    assert where == {"a": ("t.sale", "open"), "b": ("t.large", "open"), "c": ("t.sale", "open"), "d": ("t.sale", "won")}
    told = sorted((one["stage"], one["pipeline"]) for one in rows_of(world.database, "dw_visit"))
    assert told == [("open", "t.large"), ("open", "t.sale"), ("open", "t.sale"), ("open", "t.sale"), ("won", "t.sale")]
