"""The Catalog: all definitions in force at one revision, immutable.

A save, a page or a job takes one catalog at its beginning and uses it to its end. What upper floors derive from it
(marshmallow schemas, tables, compiled rules) is made once per catalog through :meth:`Catalog.once`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dealwright.errors import NotFoundError

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Document, Entity, Pack, Parameter, Pipeline, Role, Rule

T = TypeVar("T")


class Catalog:
    """All definitions in force at one revision.

    Attributes:
        revision: Name of the revision: the first 16 hex digits of the SHA-256 of the canonical documents.
        documents: Every effective document by ``(kind, id)``, read-only.
        entities, rules, roles, pipelines, parameters, packs: The parsed definitions by id.
        settings: Workspace settings that definitions depend on: ``zone``, ``locale``, ``currency``.
    """

    def __init__(
        self,
        *,
        revision: str,
        documents: Mapping[tuple[str, str], Document],
        entities: Mapping[str, Entity],
        rules: Mapping[str, Rule],
        roles: Mapping[str, Role],
        pipelines: Mapping[str, Pipeline],
        parameters: Mapping[str, Parameter],
        packs: Mapping[str, Pack],
        settings: Mapping[str, str],
    ) -> None:
        self.revision = revision
        self.documents = MappingProxyType(dict(documents))
        self.entities = MappingProxyType(dict(entities))
        self.rules = MappingProxyType(dict(rules))
        self.roles = MappingProxyType(dict(roles))
        self.pipelines = MappingProxyType(dict(pipelines))
        self.parameters = MappingProxyType(dict(parameters))
        self.packs = MappingProxyType(dict(packs))
        self.settings = MappingProxyType(dict(settings))
        self._made: dict[Hashable, Any] = {}
        self._lock = threading.RLock()

    def entity(self, identifier: str) -> Entity:
        """Return an entity.

        Raises:
            NotFoundError: If the catalog has none with this id.
        """
        try:
            return self.entities[identifier]
        except KeyError:
            raise NotFoundError(f"there is no entity “{identifier}”") from None

    def parameter(self, name: str, namespace: str) -> Parameter | None:
        """Return the parameter that ``param.<name>`` means in a document of ``namespace``, or None.

        ``name`` is looked up in the document's own namespace; ``ns__name`` names another pack's.
        """
        other, bar, rest = name.partition("__")
        return self.parameters.get(f"{other}.{rest}" if bar else f"{namespace}.{name}")

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` returned the first time this catalog was asked for ``key``.

        Threads that ask at once wait for the one that makes it. What is made must not change afterwards.
        """
        try:
            return cast("T", self._made[key])
        except KeyError:
            with self._lock:
                if key not in self._made:
                    self._made[key] = make()
                return cast("T", self._made[key])
