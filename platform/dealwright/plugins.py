"""Code plugins: how a package joins the platform, and every place where its code is called.

A plugin is a module (or object) that an installed package names as an entry point of the group ``dealwright``. It has
functions with the names of :class:`Hooks`, marked with :data:`implements`. A plugin holds no definitions; those are
packs. One that cannot be loaded does not stop the start: :func:`faults` tells of it, and so does ``dealwright doctor``.
``docs/writing-a-plugin.md`` is the guide.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

import pluggy

from dealwright.errors import DealwrightError, PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

GROUP = "dealwright"
"""The entry-point group, and pluggy's project name."""

implements = pluggy.HookimplMarker(GROUP)
"""Marks a function of a plugin as the implementation of the hook of the same name."""

_hook = pluggy.HookspecMarker(GROUP)
_TYPE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*__[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way out of the platform.

    Attributes:
        id: Id of the outbox row.
        key: The same for every attempt of this message, and for no other: what the other side tells repeats by.
        channel: How it goes out, such as ``webhook``.
        target: Where to; what it means is the channel's: an address, a mailbox, a user.
        payload: What is said.
        at: When it was written.
        attempt: 1 for the first.
    """

    id: str
    key: str
    channel: str
    target: str
    payload: Mapping[str, Any]
    at: datetime
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Action:
    """An action that a plugin adds to rules: ``{"do": "acme__enrich", "values": {"code": "account.code"}}``.

    It is carried out after the commit: a rule that asks for it leaves a message on the channel of its name, which the
    plugin delivers (:meth:`Hooks.deliver`). So plugin code never runs within a save.

    Attributes:
        name: ``<whose>__<what>``, such as ``acme__enrich``; the value of ``do``, and the channel.
        values: Names that ``values`` of the action may have → what each means, for editors.
        required: Those that it must have.
    """

    name: str
    values: Mapping[str, str]
    required: frozenset[str] = frozenset()


class Hooks:
    """What a plugin may implement. The first line of each says when it is called."""

    @_hook(firstresult=True)
    def deliver(self, channel: str, delivery: Delivery) -> str | None:
        """Called by a worker for each outgoing message, after the change that caused it was committed.

        The first plugin that returns a text has delivered it; a plugin returns None for a channel that is not its
        own. A message may come twice (the worker died after sending): hand ``delivery.key`` on.

        Args:
            channel: ``delivery.channel``.
            delivery: The message.

        Returns:
            A short receipt for the log, such as ``"204"``; None if another plugin should take it.

        Raises:
            DeliveryError: It did not go out. With ``permanent=True`` it is not tried again.
        """

    @_hook
    def field_types(self) -> list[Any] | None:
        """Called once, when the first definitions are read: adds types of field.

        Returns:
            Instances of subclasses of ``dealwright.fields.FieldType``. The name of each is ``<whose>__<what>``, such as
            ``cn__credit_code``, so that none is ever taken by the platform.
        """

    @_hook
    def actions(self) -> list[Action] | None:
        """Called once, when the first definitions are read: adds actions of rules.

        Returns:
            Actions; ``deliver`` of the plugin takes the messages on the channel of each. The payload of such a message
            has ``rule``, ``entity``, ``record``, ``values`` (name → value in API JSON) and ``key``.
        """

    @_hook
    def register_pages(self, app: Any) -> None:
        """Called once when the web application is made: adds blueprints and templates.

        Args:
            app: The Flask application, before its first request.
        """


@dataclass(frozen=True, slots=True)
class Fault:
    """A plugin that is installed and does not work.

    Attributes:
        plugin: Name of its entry point.
        reason: What went wrong, for the operator.
    """

    plugin: str
    reason: str


@dataclass(slots=True)
class Plugins:
    """The plugins of one process.

    Attributes:
        faults: Plugins that could not be loaded, or broke in a call that others survive.
    """

    faults: list[Fault] = field(default_factory=list)
    _types: list[Any] | None = None
    _actions: dict[str, Action] | None = None
    _registry: pluggy.PluginManager = field(default_factory=lambda: _registry())

    def add(self, name: str, plugin: object) -> None:
        """Take ``plugin`` in; if it does not fit the hooks it stays outside and a fault tells why."""
        try:
            self._registry.register(plugin, name)
            self._registry.check_pending()
        except (pluggy.PluginValidationError, ValueError, AttributeError) as error:
            self._registry.unregister(name=name)
            self.faults.append(Fault(name, f"does not fit the hooks of this version: {error}"))

    def names(self) -> list[str]:
        """Return the names of the plugins that work, in the order in which they are asked."""
        return [name for name, plugin in reversed(self._registry.list_name_plugin()) if plugin is not None]

    def deliver(self, delivery: Delivery) -> str | None:
        """Hand a message to the plugin of its channel; None if no plugin takes that channel.

        Raises:
            DeliveryError: The plugin could not deliver it.
            PluginError: The plugin broke.
        """
        for name, function in self._each("deliver"):
            receipt = _guarded(name, "deliver", function, channel=delivery.channel, delivery=delivery)
            if receipt is not None:
                return str(receipt)
        return None

    def field_types(self) -> list[Any]:
        """Return the types of field that plugins add, the same each time; for one that is left out a fault tells why."""
        if self._types is None:
            known: dict[str, Any] = {}
            for name, function in self._each("field_types"):
                try:
                    added = cast("list[Any]", _guarded(name, "field_types", function) or [])
                except DealwrightError as error:
                    self.faults.append(Fault(name, str(error)))
                    continue
                for one in added:
                    if (reason := _unfit(one, known)) is not None:
                        self.faults.append(Fault(name, reason))
                    else:
                        known[one.name] = one
            self._types = list(known.values())
        return self._types

    def actions(self) -> Mapping[str, Action]:
        """Return the actions that plugins add, by name, the same each time; for one that is left out a fault tells why."""
        if self._actions is None:
            known: dict[str, Action] = {}
            for name, function in self._each("actions"):
                try:
                    added = cast("list[Any]", _guarded(name, "actions", function) or [])
                except DealwrightError as error:
                    self.faults.append(Fault(name, str(error)))
                    continue
                for one in added:
                    if not isinstance(one, Action) or not _TYPE.match(one.name) or not one.required <= set(one.values):
                        reason = f"{one!r} is no action: its name is like acme__enrich, and what it requires is a value"
                        self.faults.append(Fault(name, reason))
                    elif one.name in known:
                        self.faults.append(Fault(name, f"the action {one.name!r} is there already"))
                    else:
                        known[one.name] = one
            self._actions = known
        return self._actions

    def register_pages(self, app: Any) -> None:
        """Let every plugin add its pages; one that breaks is noted and the others go on."""
        for name, function in self._each("register_pages"):
            try:
                _guarded(name, "register_pages", function, app=app)
            except DealwrightError as error:
                self.faults.append(Fault(name, str(error)))

    def _each(self, hook: str) -> Iterator[tuple[str, pluggy.HookImpl]]:
        # pluggy calls all implementations in one go and an exception does not say whose it is; the list is in its
        # order reversed (last registered, then ``tryfirst``, comes first).
        for implementation in reversed(getattr(self._registry.hook, hook).get_hookimpls()):
            yield implementation.plugin_name, implementation


def _unfit(one: Any, known: Mapping[str, Any]) -> str | None:
    """Return why a type of field cannot be taken; None if it can."""
    name = getattr(one, "name", None)
    if not isinstance(name, str) or not _TYPE.match(name):
        return f"the type of field {name!r} needs a name such as cn__credit_code: whose it is, two _, what it is"
    if name in known:
        return f"the type of field {name!r} is there already"
    if not isinstance(getattr(one, "condition", None), str):
        return f"the type of field {name!r} does not say by “condition” which built-in type it is like"
    return None


def _registry() -> pluggy.PluginManager:
    registry = pluggy.PluginManager(GROUP)
    registry.add_hookspecs(Hooks)
    return registry


def _guarded(plugin: str, call: str, implementation: pluggy.HookImpl, **arguments: Any) -> object:
    """Call plugin code so that whatever it raises says whose it is; errors of the platform's own tree pass."""
    function = cast("Any", implementation.function)
    try:
        return cast("object", function(*(arguments[name] for name in implementation.argnames)))
    except DealwrightError:
        raise
    except Exception as error:
        raise PluginError(plugin, call, error) from error


def load() -> Plugins:
    """Import and return every plugin that is installed; what cannot be imported becomes a fault."""
    plugins = Plugins()
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            plugin = entry.load()
        except Exception as error:  # of foreign code: any, also SyntaxError
            plugins.faults.append(Fault(entry.name, f"cannot be imported from {entry.value}: {error!r}"))
        else:
            plugins.add(entry.name, plugin)
    return plugins


_lock = threading.Lock()


@cache
def _loaded() -> Plugins:
    return load()


def installed() -> Plugins:
    """Return the plugins of this process, loaded on the first call."""
    with _lock:
        return _loaded()


def faults() -> list[Fault]:
    """Return the plugins that are installed and do not work."""
    return list(installed().faults)
