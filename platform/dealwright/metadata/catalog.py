"""The Catalog: all definitions in force at one revision, immutable.

A save, a page or a job takes one catalog at its beginning and uses it to its end. What upper floors derive from it
(marshmallow schemas, tables, compiled rules) is made once per catalog through :meth:`Catalog.once`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from dealwright.errors import NotFoundError
from dealwright.metadata.definitions import EMPTY, title_of
from dealwright.metadata.pointers import named, path, steps

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
        translations: Locale to path (``entity:sales.lead#/properties/name/title``) to text.
        versions: Pipelines by id and version that are not in force any more and that records may still finish on.
        off: Namespaces of the packs that the admins have disabled (``metadata.disabled``).
        provenance: Kind, id and pointer (elements named by id) of an attribute to the layers whose value stands there.
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
        translations: Mapping[str, Mapping[str, str]] = EMPTY,
        provenance: Mapping[tuple[str, str, str], tuple[str, ...]] = MappingProxyType({}),
        versions: Mapping[tuple[str, int], Pipeline] = MappingProxyType({}),
        off: frozenset[str] = frozenset(),
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
        self.translations = MappingProxyType(dict(translations))
        self.provenance = MappingProxyType(dict(provenance))
        self.versions = MappingProxyType(dict(versions))
        self.off = off
        self._made: dict[Hashable, Any] = {}
        self._lock = threading.RLock()

    def is_off(self, name: str) -> bool:
        """Tell whether a document, or a field that a pack adds to another's entity, is of a disabled pack."""
        return bool(self.off) and (name.partition(".")[0] in self.off or name.partition("__")[0] in self.off)

    def entity(self, identifier: str) -> Entity:
        """Return an entity.

        Raises:
            NotFoundError: If the catalog has none with this id.
        """
        try:
            return self.entities[identifier]
        except KeyError:
            raise NotFoundError(f"there is no entity “{identifier}”") from None

    def pipeline(self, identifier: Any, version: Any = None) -> Pipeline | None:
        """Return a pipeline as it is in force for a record of this version; None if there is none.

        A version that nobody knows, or None, is taken for the present one.
        """
        present = self.pipelines.get(identifier)
        if present is not None and present.version == version:
            return present
        return self.versions.get((identifier, version), present)

    def stage_text(self, pipeline: Pipeline, at: str, locale: str) -> str:
        """Return a text of a pipeline, present or not, in a locale; as :meth:`text`."""
        if pipeline.texts is None:
            return self.text("pipeline", pipeline.id, at, locale)
        where = path("pipeline", pipeline.id, steps(at))
        for one in (locale, locale.partition("-")[0]):
            if where in pipeline.texts.get(one, EMPTY):
                return pipeline.texts[one][where]
        return _own_text(pipeline.document, steps(at))

    def parameter(self, name: str, namespace: str) -> Parameter | None:
        """Return the parameter that ``param.<name>`` means in a document of ``namespace``, or None.

        ``name`` is looked up in the document's own namespace; ``ns__name`` names another pack's.
        """
        other, bar, rest = name.partition("__")
        return self.parameters.get(f"{other}.{rest}" if bar else f"{namespace}.{name}")

    def text(self, kind: str, identifier: str, at: str, locale: str) -> str:
        """Return a text of a document in a locale.

        Falls back from the locale (``zh-CN``) to its language (``zh``) to what the document itself says; a bare
        language also finds the texts of its regions. A field without a title has one made from its id.

        Args:
            kind: Kind of the document.
            identifier: Its id.
            at: JSON Pointer to the text, elements by index or by id: ``/stages/needs/title``.
            locale: BCP 47 tag such as ``zh-CN``.

        Returns:
            The text; empty if the document has none at this place.
        """
        document = self.documents.get((kind, identifier), EMPTY)
        inside = named(document, at)
        # A variant of a pipeline has its texts where it has none of its own.
        whose = (identifier, document["extends"]) if "extends" in document else (identifier,)
        for texts in self._texts_for(locale):
            for one in whose:
                if (where := path(kind, one, inside)) in texts:
                    return texts[where]
        return _own_text(document, steps(at))

    def _texts_for(self, locale: str) -> tuple[Mapping[str, str], ...]:
        def find() -> tuple[Mapping[str, str], ...]:
            language = locale.partition("-")[0]
            wanted = [locale, language]
            if locale == language:
                wanted += sorted(one for one in self.translations if one.startswith(f"{language}-"))
            return tuple(self.translations[one] for one in dict.fromkeys(wanted) if one in self.translations)

        return self.once(("texts", locale), find)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` returned the first time this catalog was asked for ``key``.

        Threads that ask at once wait for the one that makes it. What is made must not change afterwards.
        """
        try:
            found: T = self._made[key]
        except KeyError:
            with self._lock:
                if key not in self._made:
                    self._made[key] = make()
                found = self._made[key]
        return found


def _own_text(document: Any, at: tuple[str, ...]) -> str:
    """Return what the document itself says at a place, whose elements may be named by index or by id."""
    for step in at:
        if isinstance(document, Mapping):
            document = document.get(step, title_of(at[-2]) if step == "title" and len(at) > 1 else None)
        elif isinstance(document, list | tuple):
            found = [one for i, one in enumerate(document) if str(i) == step or _id(one) == step]
            document = found[0] if found else None
    return document if isinstance(document, str) else ""


def _id(one: Any) -> Any:
    return one.get("id") if isinstance(one, Mapping) else None
