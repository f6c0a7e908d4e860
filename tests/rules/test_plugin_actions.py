"""Actions that a plugin adds to rules: known where definitions are checked, carried out after the commit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dealwright import plugins
from dealwright.errors import DefinitionError
from dealwright.jobs import Pace
from dealwright.jobs.deliveries import Deliveries
from dealwright.metadata import schemas
from dealwright.plugins import Action, Plugins, implements
from dealwright.storage import outbox
from worlds import made, opened

SEEN = []


@implements
def actions():
    return [Action("acme__enrich", {"code": "Code", "depth": "How far"}, frozenset({"code"}))]


@implements
def deliver(channel, delivery):
    if channel != "acme__enrich":
        return None
    SEEN.append((delivery.key, delivery.payload))
    return "looked up"


def rule(**more):
    return {
        "kind": "rule", "id": "t.look", "lang": 1, "title": "Look", "entity": "t.deal",
        "on": {"record": {"events": ["created"]}}, "then": [{"do": "acme__enrich", **more}],
    }  # fmt: skip


@pytest.fixture
def plugin(monkeypatch):
    def forget():
        for cached in (schemas.schema, schemas.checker, schemas._whole, schemas.fingerprint):
            cached.cache_clear()

    found = Plugins()
    found.add("acme", SimpleNamespace(actions=actions, deliver=deliver))
    monkeypatch.setattr(plugins, "installed", lambda: found)
    forget()
    SEEN.clear()
    yield found
    monkeypatch.undo()
    forget()


def test_it_is_carried_out_after_the_commit_with_its_values(plugin, database, tmp_path):
    workspace = opened(database, rule(values={"code": "name", "depth": 2}), folder=tmp_path)
    deal = made(workspace, "t.deal", name="Acme")
    assert SEEN == []
    deliveries = Deliveries(database, plugin, Pace())
    while deliveries.look():
        pass
    assert deliveries.stop(10)
    ((key, payload),) = SEEN
    assert payload == {
        "rule": "t.look", "entity": "t.deal", "record": deal, "values": {"code": "Acme", "depth": 2}, "key": key,
    }  # fmt: skip
    with database.read() as connection:
        (message,) = outbox.latest(connection)
    assert (message["state"], message["channel"]) == ("sent", "acme__enrich")


@pytest.mark.parametrize(
    ("more", "said"),
    [({}, "values"), ({"values": {"depth": 1}}, "code"), ({"values": {"code": "name", "wide": 1}}, "wide")],
)
def test_what_its_values_must_be_is_checked_before_it_goes_live(plugin, more, said):
    document = rule(**more)
    found = schemas.check(document)
    assert found
    assert any(said in one.message or said in one.pointer for one in found)
    assert schemas.check(rule(values={"code": "name"})) == []


def test_a_save_goes_on_where_the_plugin_is_gone_and_the_message_waits(plugin, database, tmp_path, monkeypatch):
    workspace = opened(database, rule(values={"code": "name"}), folder=tmp_path)
    monkeypatch.setattr(plugins, "installed", Plugins)
    made(workspace, "t.deal", name="Acme")
    with database.read() as connection:
        (message,) = outbox.latest(connection)
    assert (message["state"], message["payload"]["values"]) == ("pending", {"code": "Acme"})


def test_without_the_plugin_there_is_no_such_action(database, tmp_path):
    with pytest.raises(DefinitionError, match="acme__enrich"):
        opened(database, rule(values={"code": "name"}), folder=tmp_path)


def test_an_action_that_does_not_fit_is_left_out_and_a_fault_tells_why():
    found = Plugins()
    found.add(
        "odd", SimpleNamespace(actions=implements(lambda: [Action("enrich", {}), Action("a__b", {}, frozenset("c"))]))
    )
    assert found.actions() == {}
    assert ["is no action" in fault.reason for fault in found.faults] == [True, True]
