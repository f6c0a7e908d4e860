"""Plugins: found by entry points, called in order, and kept behind a boundary that names them."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from dealwright import plugins
from dealwright.errors import DeliveryError, PluginError
from dealwright.plugins import Delivery, Plugins, implements

MESSAGE = Delivery("o1", "k1", "pigeon", "roof", {"text": "hello"}, datetime(2026, 11, 23, tzinfo=UTC))


class Pigeon:
    """Delivers on its own channel."""

    @implements
    def deliver(self, channel: str, delivery: Delivery) -> str | None:
        return f"flew to {delivery.target}" if channel == "pigeon" else None


class Broken:
    """Every hook of it raises."""

    @implements
    def deliver(self, delivery: Delivery) -> str | None:
        raise ZeroDivisionError("oh")

    @implements
    def register_pages(self, app: object) -> None:
        raise ZeroDivisionError("oh")


def loaded(**named: object) -> Plugins:
    found = Plugins()
    for name, plugin in named.items():
        found.add(name, plugin)
    return found


def entries(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    found = [EntryPoint(name, value, plugins.GROUP) for name, value in values.items()]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == plugins.GROUP else [])


def test_a_message_goes_to_the_plugin_of_its_channel():
    assert loaded(pigeon=Pigeon()).deliver(MESSAGE) == "flew to roof"


def test_a_message_of_a_channel_that_no_plugin_takes_gives_none():
    other = Delivery("o2", "k2", "drum", "hill", {}, MESSAGE.at)
    assert loaded(pigeon=Pigeon()).deliver(other) is None


def test_an_error_of_a_plugin_says_whose_it_is():
    with pytest.raises(PluginError, match="the plugin 'bad' failed in deliver: ZeroDivisionError: oh") as failed:
        loaded(bad=Broken()).deliver(MESSAGE)
    assert failed.value.plugin == "bad"
    assert isinstance(failed.value.__cause__, ZeroDivisionError)


def test_a_failed_delivery_passes_the_boundary_as_it_is():
    class Busy:
        @implements
        def deliver(self) -> str | None:
            raise DeliveryError("the roof is full", retry_after=5)

    with pytest.raises(DeliveryError, match="the roof is full") as failed:
        loaded(busy=Busy()).deliver(MESSAGE)
    assert failed.value.retry_after == 5


def test_a_plugin_whose_pages_break_is_a_fault_and_the_others_have_theirs():
    pages: list[object] = []

    class Good:
        @implements
        def register_pages(self, app: object) -> None:
            pages.append(app)

    found = loaded(good=Good(), bad=Broken())
    found.register_pages("the app")
    assert pages == ["the app"]
    assert [fault.plugin for fault in found.faults] == ["bad"]


@pytest.mark.parametrize(
    "plugin",
    [
        SimpleNamespace(deliver=implements(lambda channel, surprise: None)),
        SimpleNamespace(fly=implements(lambda: None)),
    ],
    ids=["an argument that is not given", "a hook that does not exist"],
)
def test_a_plugin_that_does_not_fit_the_hooks_stays_outside(plugin):
    found = loaded(odd=plugin, pigeon=Pigeon())
    assert found.names() == ["pigeon"]
    assert found.faults[0].plugin == "odd"
    assert found.deliver(MESSAGE) == "flew to roof"


def test_a_plugin_that_cannot_be_imported_does_not_stop_the_others(monkeypatch):
    entries(monkeypatch, gone="no_such_package_of_anybody", webhook="dealwright_plugins.webhook")
    found = plugins.load()
    assert found.names() == ["webhook"]
    assert found.faults[0].plugin == "gone"
    assert "no_such_package_of_anybody" in found.faults[0].reason


def test_the_webhook_is_installed_and_works():
    assert "webhook" in plugins.installed().names()
    assert "webhook" not in {fault.plugin for fault in plugins.faults()}
