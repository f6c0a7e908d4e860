"""From documents to a Catalog: schemas, fold, definitions, cross references; every problem at once.

catalog(layers)            what a workspace runs on
catalog_of(documents)      a catalog from documents written down in a test or a script
base()                     the layer of the definitions that every workspace starts with
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from dealwright.errors import DefinitionError, Problem
from dealwright.metadata import canonical, disabled, names, parse, pipelines, references, schemas, strict
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.definitions import Document
from dealwright.metadata.fold import Folded, fold
from dealwright.metadata.folder import read_folder
from dealwright.metadata.layers import BASE_LAYER, Layer, SourcedDocument
from dealwright.metadata.patches import Patch
from dealwright.metadata.pointers import pointer
from dealwright.metadata.settings import DEFAULTS
from dealwright.resources import shipped


def catalog(
    layers: Sequence[Layer],
    settings: Mapping[str, str] | None = None,
    *,
    checked: bool = False,
    kept: Sequence[Mapping[str, Any]] = (),
) -> Catalog:
    """Return the catalog of the layers.

    Args:
        layers: In the order of their dependencies, the base first.
        settings: ``zone``, ``locale`` and ``currency`` of the workspace; what is absent is as in ``settings.DEFAULTS``.
        checked: Whether the layers have made a catalog before (they come from a stored revision), so that schemas and
            references need not be looked at again.
        kept: Versions of pipelines on which records may finish (``pipelines.kept``).

    Raises:
        DefinitionError: With every problem of every document.
    """
    found = [] if checked else [p for layer in layers for one in layer.documents for p in form(one)]
    if found:
        raise refused(found)
    folded = fold(layers)
    made = assembled(folded, layers, settings or {}, kept)
    found = [*folded.problems, *([] if checked else references.problems(made, folded, layers))]
    if found:
        raise refused(found)
    return made


def form(one: SourcedDocument) -> list[Problem]:
    """Return in what one document does not fit the schema of its kind."""
    return schemas.check(one.document, one.source)


def refused(found: Iterable[Problem]) -> DefinitionError:
    """Return the error that carries these problems."""
    problems = list(dict.fromkeys(found))
    count = "is a problem" if len(problems) == 1 else f"are {len(problems)} problems"
    return DefinitionError(f"there {count} in the definitions; nothing was changed", problems)


def assembled(
    folded: Folded, layers: Sequence[Layer], settings: Mapping[str, str], kept: Sequence[Mapping[str, Any]] = ()
) -> Catalog:
    """Return the catalog of folded documents, as far as they can be read; nothing is checked."""
    of_kind: dict[str, list[str]] = {kind: [] for kind in schemas.KINDS}
    for kind, identifier in sorted(folded.documents):
        of_kind[kind].append(identifier)
    inherited = {**DEFAULTS, **settings}
    routes = {one: pipelines.of(folded, one) for one in of_kind["pipeline"]}
    versions = pipelines.versions(kept)
    packs = [parse.pack(layer.manifest, inherited["locale"]) for layer in layers if layer.manifest]
    return Catalog(
        revision=revision(
            folded,
            packs=[dict(one.document) for one in packs],
            settings=inherited,
            kept=kept,
            patches=[one for layer in layers for one in layer.patches],
        ),
        documents={key: MappingProxyType(dict(one)) for key, one in folded.documents.items()},
        entities={one: parse.entity(folded, one, routes.values(), versions.values()) for one in of_kind["entity"]},
        rules={one: parse.rule(folded, one) for one in of_kind["rule"]},
        roles={one: parse.role(folded, one) for one in of_kind["role"]},
        pipelines=routes,
        parameters={one: parse.parameter(folded, one) for one in of_kind["parameter"]},
        packs={one.id: one for one in packs},
        settings=inherited,
        translations=folded.translations,
        versions=versions,
        off=disabled.namespaces(layers),
        provenance={(*key, pointer(at)): whose for (key, at), whose in folded.provenance.items()},
    )


def revision(
    folded: Folded,
    *,
    packs: Sequence[Document],
    settings: Mapping[str, str],
    kept: Sequence[Mapping[str, Any]] = (),
    patches: Sequence[Patch] = (),
) -> str:
    """Return the name of a revision: 16 hex digits of the SHA-256 of all that a catalog is made of."""
    documents = [
        [kind, identifier, folded.documents[kind, identifier]] for kind, identifier in sorted(folded.documents)
    ]
    whole: list[Any] = [documents, folded.translations, packs, settings]
    if kept:
        whole.append(kept)
    if patches:  # also those that come to nothing here: they belong to the revision
        whole.append({one.id: one.as_json() for one in patches})
    return canonical.digest(whole)[:16]


@cache
def base() -> Layer:
    """Return the layer of the shipped definitions of the namespace ``base``; read once per process.

    Raises:
        DefinitionError: If a file of it cannot be read; the installation is broken.
    """
    folder = shipped("metadata") / "base"
    manifest = strict.read(folder / "pack.json", "base/pack.json")
    documents, translations = read_folder(folder, names.BASE, "base")
    return Layer(
        BASE_LAYER, names.BASE, documents, translations, version=manifest["version"], manifest=manifest, folder="base"
    )


def catalog_of(
    documents: Iterable[Mapping[str, Any]],
    settings: Mapping[str, str] | None = None,
    *,
    with_base: bool = False,
    translations: Mapping[str, Mapping[str, str]] | None = None,
) -> Catalog:
    """Return the catalog of documents built in Python, one layer for each namespace, in the order they first occur.

    Each layer builds on those before it. An extension belongs to the namespace of the first field or check that it
    adds. A list, such as a file of parameters, stands for its items, which then need ``kind`` and a whole id.

    Args:
        documents: Whole documents and extensions.
        settings: As for :func:`catalog`.
        with_base: Whether the shipped base definitions are put before.
        translations: Locale to path to text.

    Raises:
        DefinitionError: With every problem of every document.
    """
    grouped: dict[str, list[SourcedDocument]] = {}
    for document in documents:
        name = document.get("id") or _first_added(document)
        source = f"{document.get('kind')}:{document.get('id') or document.get('extends')}"
        grouped.setdefault(names.namespace_of(str(name)), []).append(SourcedDocument(document, source))
    layers = [base()] if with_base else []
    for namespace, members in grouped.items():
        before = frozenset(one.id for one in layers)
        layers.append(Layer(namespace, namespace, tuple(members), translations or {}, before))
    return catalog(layers, settings)


def _first_added(document: Mapping[str, Any]) -> str:
    added = [*document.get("properties", ()), *(one.get("id", "") for one in document.get("checks", ()))]
    return next((name.partition("__")[0] for name in added if "__" in name), names.CUSTOM)
