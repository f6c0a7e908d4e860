"""A new version of a pipeline: records in flight finish on theirs, or go on in the new one by a map that is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dealwright import access, clock, packs, records
from dealwright.app import create_app
from dealwright.errors import ConflictError, DefinitionError, GateUnmetError
from dealwright.fields.messages import speaking
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.packs import PackSource
from dealwright.records import Change, Work, Workspace, versions
from passing import pass_until
from worlds import PIPELINE, documents, person, rows_of

OPERATOR = access.operator()
CHINESE = {"zh-CN": {"pipeline:t.sale#/stages/demo/title": "演示"}}


def sale(version, *stages, **more):
    return {**PIPELINE, "version": version, "stages": [*stages], "start": stages[0]["id"], **more}


def stage(name, *following, **more):
    return {"id": name, "title": name.title(), "next": list(following), **more}


LOST = stage("lost", outcome="lost")
FIRST = sale(1, stage("open", "demo", "lost"), stage("demo", "won", "lost", exit=[
    {"id": "seen", "require": "opened > 0", "message": "Show it first", "fields": ["opened"]}]),
    stage("won", outcome="won"), LOST)  # fmt: skip
SECOND = sale(2, stage("open", "trial", "lost"), stage("trial", "won", "lost"), stage("won", outcome="won"), LOST)


def publish(database, *changed, without=()):
    texts = CHINESE if FIRST in changed else {}
    manifest = {"format": 1, "id": "t", "ns": "t", "version": "1.0.0", "title": "T", "platform": ">=0.1 <1"}
    told = [one for one in documents(*changed) if one["id"] not in without]
    sourced = tuple(SourcedDocument(one, f"t/{one['kind']}/{one['id']}.json") for one in told)
    layer = Layer("t", "t", sourced, texts, frozenset({"base"}), "1.0.0", manifest, "t")
    return packs.install(database, [PackSource(layer, Path("t"))])


@pytest.fixture
def world(database, tmp_path):
    publish(database, FIRST)
    return Workspace(database, tmp_path)


def made(world, *stages):
    with world.database.write() as connection:
        changes = [Change({"name": f"d{n}", "stage": one}) for n, one in enumerate(stages)]
        return [one.id for one in records.save_many(Work(world, connection, OPERATOR), "t.deal", changes)]


def deal(world, identifier):
    return next(row for row in rows_of(world.database, "t__deal") if row["id"] == identifier)


def settled(world):
    pass_until(world, clock.now() + timedelta(days=1))


def test_records_finish_on_the_version_they_started_with_and_new_ones_take_the_new_one(world):
    (old,) = made(world, "demo")
    publish(world.database, SECOND)
    settled(world)
    assert (deal(world, old)["stage"], deal(world, old)["pipeline_version"]) == ("demo", 1)
    with world.database.read() as connection, speaking("zh-CN"):
        found = records.gates(Work(world, connection, OPERATOR), "t.deal", old)
        (visit,) = records.visited(Work(world, connection, OPERATOR), "t.deal", old)
    assert [(one["to"], [p.item for p in one["unmet"]]) for one in found] == [("won", ["seen"]), ("lost", [])]
    assert visit["title"] == "演示"  # a stage that is not there any more keeps its name, in every language
    with pytest.raises(GateUnmetError):
        records.move(world, OPERATOR, "t.deal", old, "won")
    assert records.move(world, OPERATOR, "t.deal", old, "won", data={"opened": 1}).record["pipeline_version"] == 1
    new = records.save(world, OPERATOR, "t.deal", {"name": "new"}).record
    assert new["pipeline_version"] == 2
    with pytest.raises(ConflictError, match="does not follow"):
        records.move(world, OPERATOR, "t.deal", new["id"], "won")


def test_a_version_stays_readable_over_many_revisions_and_goes_back(world):
    (old,) = made(world, "demo")
    publish(world.database, SECOND)
    third = publish(world.database, {**SECOND, "version": 3})
    assert publish(world.database, {**SECOND, "version": 3}).revision == third.revision
    publish(world.database, FIRST)  # back to the first
    assert records.move(world, OPERATOR, "t.deal", old, "won", data={"opened": 1}).record["status"] == "won"
    publish(world.database, {**SECOND, "version": 4})
    assert [one["pipeline_version"] for one in rows_of(world.database, "t__deal")] == [1]


def test_records_migrate_by_the_map_in_batches_and_the_history_and_the_audit_log_tell_of_it(world, monkeypatch):
    monkeypatch.setattr(versions, "BATCH", 2)
    with clock.frozen(datetime(2030, 1, 1, tzinfo=UTC)):
        ids = made(world, "open", "demo", "demo", "won", "demo")
    publish(world.database, {**SECOND, "in_flight": "migrate", "stage_map": {"demo": "trial"}})
    settled(world)
    rows = [deal(world, one) for one in ids]
    assert [row["stage"] for row in rows] == ["open", "trial", "trial", "won", "trial"]
    assert {row["pipeline_version"] for row in rows} == {2}
    with world.database.read() as connection:
        work = Work(world, connection, OPERATOR)
        newest, latest = records.history(work, "t.deal", ids[1])[0], records.visited(work, "t.deal", ids[1])
        stayed = records.visited(work, "t.deal", ids[0])
    assert (newest["type"], newest["changes"]["stage"]) == ("record.moved", ["demo", "trial"])
    assert [(one["stage"], one["from"]) for one in latest] == [("trial", "demo"), ("demo", None)]
    assert [(one["stage"], one["pipeline_version"]) for one in stayed] == [("open", 2)]  # the same visit goes on
    assert (
        deal(world, ids[0])["stage_entered_at"] == "2030-01-01 00:00:00.000000" or stayed[0]["entered_at"].year == 2030
    )
    told = [one["action"] for one in rows_of(world.database, "dw_audit")]
    assert told.count("pipeline.migrated") == 1
    assert {row["rule"] for row in rows_of(world.database, "dw_decision")} <= {"t.tier_a", "t.tier_b"}


def test_a_version_that_leaves_records_nowhere_is_refused_with_their_number(world):
    made(world, "demo", "demo", "open")
    before = rows_of(world.database, "dw_activation")
    for wrong in ({**SECOND, "in_flight": "migrate"}, {**SECOND, "version": 1}):
        with pytest.raises(DefinitionError) as error:
            publish(world.database, wrong)
        (problem,) = error.value.problems
        assert (problem.pointer, problem.code, problem.source) == ("/stage_map", "unmapped-stage", "pipeline:t.sale")
        assert problem.message.startswith("2 records are in the stage “demo” of version 1")
    assert rows_of(world.database, "dw_activation") == before


def test_a_stage_that_is_renamed_within_a_version_takes_its_records_along(world):
    (old,) = made(world, "demo")
    publish(world.database, {**SECOND, "version": 1, "stage_map": {"demo": "trial"}})
    settled(world)
    assert (deal(world, old)["stage"], deal(world, old)["pipeline_version"]) == ("trial", 1)


def test_a_field_that_a_version_with_records_reads_cannot_go(world):
    made(world, "demo")
    entity = next(one for one in documents() if one["id"] == "t.deal")
    del entity["properties"]["opened"]
    with pytest.raises(DefinitionError) as error:
        publish(world.database, SECOND, entity, without=("t.opened",))
    assert [(p.code, p.source) for p in error.value.problems] == [("version-does-not-fit", "pipeline:t.sale")]
    assert "1 records finish in version 1" in error.value.problems[0].message


def test_records_come_into_the_first_pipeline_that_their_entity_gets(database, tmp_path):
    publish(database, without=("t.sale", "t.viewer", "t.by_stage", "t.stages"))
    world = Workspace(database, tmp_path)
    with database.write() as connection:
        old = records.save_one(Work(world, connection, OPERATOR), "t.deal", Change({"name": "x"})).id
    publish(database, FIRST)
    settled(world)
    assert (deal(world, old)["pipeline"], deal(world, old)["stage"], deal(world, old)["status"]) == (
        "t.sale",
        "open",
        "open",
    )
    assert [one["stage"] for one in rows_of(database, "dw_visit")] == ["open"]


def test_formulas_that_read_the_stage_are_worked_out_anew_on_the_way(database, tmp_path):
    entity = next(one for one in documents() if one["id"] == "t.deal")
    reads = {"field": "formula", "result": "text", "formula": 'stage + "!"', "title": "Where"}
    entity["properties"]["where"] = reads
    publish(database, FIRST, entity)
    world = Workspace(database, tmp_path)
    (old,) = made(world, "demo")
    publish(database, {**SECOND, "in_flight": "migrate", "stage_map": {"demo": "trial"}}, entity)
    settled(world)
    assert deal(world, old)["where"] == "trial!"


def test_an_earlier_version_is_read_as_long_as_records_may_finish_on_it(world):
    publish(world.database, SECOND)
    user = person(world, "Root", ["base.admin"])
    with world.database.write() as connection:
        bearer = {"Authorization": f"Bearer {access.new_token(connection, user.id or '', 'test')}"}
    client = create_app(world).test_client()
    stages = {}
    for version in ("", "?version=1", "?version=2", "?version=7"):
        answer = client.get(f"/api/v1/metadata/pipeline/t.sale{version}", headers=bearer)
        stages[version] = (
            [one["id"] for one in answer.json["stages"]] if answer.status_code == 200 else answer.status_code
        )
    second = ["open", "trial", "won", "lost"]
    assert stages == {
        "": second,
        "?version=1": ["open", "demo", "won", "lost"],
        "?version=2": second,
        "?version=7": 404,
    }


def test_a_map_to_a_stage_that_is_not_there_is_refused(world):
    with pytest.raises(DefinitionError, match=r"there is no stage \(for “demo”\) “trail”; did you mean “trial”"):
        publish(world.database, {**SECOND, "in_flight": "migrate", "stage_map": {"demo": "trail"}})
