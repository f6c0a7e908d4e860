"""What stands at a path, whose word it is, and whose words it overrides: ``explain PATH``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import NotFoundError
from dealwright.metadata import canonical, merge, patches, schemas
from dealwright.metadata.assertions import Assertions
from dealwright.metadata.fold import ancestors, fold
from dealwright.metadata.pointers import path as written
from dealwright.metadata.pointers import steps
from dealwright.packs.prepare import current

if TYPE_CHECKING:
    from dealwright.metadata.layers import Layer
    from dealwright.metadata.patches import Patch
    from dealwright.storage import Connection

_PATH: Final = re.compile(r"(?P<kind>[a-z_]+):(?P<id>[a-z0-9_.]+)(?:#(?P<at>(?:/[^/]+)*))?\Z")


def is_path(text: str) -> bool:
    """Tell whether a text is a path, such as ``entity:sales.deal#/properties/name/title``."""
    return _PATH.match(text) is not None


def explain(connection: Connection, path: str) -> dict[str, Any]:
    """Return what stands at a path and why.

    Args:
        connection: The transaction.
        path: An attribute, an element, or a whole document; elements are named by id.

    Returns:
        ``{"path", "value", "merge", "layer", "version", "said": [{"layer", "version", "value", "source", "stands"}],
        "change": {...} | None}``: ``said`` has every word on it, the lowest first, ``change`` the admins' own with its
        state, author and reason. For an element or a document: ``attributes``, one such object for each.

    Raises:
        NotFoundError: If there is nothing at this path.
    """
    match = _PATH.match(path)
    before = current(connection)
    if match is None or before is None:
        raise NotFoundError(f"“{path[:200]}” is no path; one is written like entity:sales.deal#/properties/name/title")
    key, at = (match["kind"], match["id"]), steps(match["at"] or "")
    if key[0] not in schemas.KINDS:
        raise NotFoundError(f"“{key[0]}” is not a kind of document{schemas.near(key[0], schemas.KINDS)}")
    layers = [_only(layer, key) for layer in before.layers]
    folded = fold(layers)
    if key not in folded.documents:
        raise NotFoundError(f"there is no {key[0]} “{key[1][:80]}”")
    places = [where for one, where in folded.provenance if one == key and where[: len(at)] == at]
    changes = {one.steps: one for layer in layers for one in layer.patches if one.document == key and one.op != "add"}
    places += [where for where in changes if where[: len(at)] == at and where not in places]
    if not places:
        known = {where[-1] for one, where in folded.provenance if one == key and where[:-1] == at[:-1]}
        raise NotFoundError(f"there is nothing at “{written(*key, at)}”{schemas.near(at[-1], known) if at else ''}")
    versions = {layer.id: layer.version for layer in layers}
    word_for = words(layers, key)

    def one(where: tuple[str, ...]) -> dict[str, Any]:
        whose = folded.provenance.get((key, where), ())
        patch = changes.get(where)
        said = [{**word, "stands": word["layer"] in whose} for word in word_for.get(where, [])]
        return {
            "path": written(*key, where),
            "value": canonical.plain(_value(folded.documents[key], where)),
            "merge": _class(key[0], where),
            "layer": "+".join(whose),
            "version": "+".join(versions[name] for name in whose if name != patches.OVERLAY),
            "said": said,
            "change": _change(patch, folded.standings) if patch is not None else None,
        }

    if places == [at]:
        return one(at)
    return {"path": written(*key, at), "attributes": [one(where) for where in places]}


def _only(layer: Layer, key: tuple[str, str]) -> Layer:
    """Return a layer with what it says of one document, and of the pipeline that it is a variant of."""
    wanted = {key[1]}
    if key[0] == "pipeline":
        wanted |= {
            d.document["extends"] for d in layer.documents if d.document.get("id") == key[1] and "extends" in d.document
        }
        wanted |= {d.document.get("id", "") for d in layer.documents if d.document["kind"] == "pipeline"}
    kept = tuple(
        one
        for one in layer.documents
        if one.document["kind"] == key[0]
        and (one.document.get("id") in wanted or one.document.get("extends") in wanted)
    )
    own = tuple(one for one in layer.patches if one.document == key)
    return replace(layer, documents=kept, patches=own, translations={})


def words(layers: Sequence[Layer], key: tuple[str, str]) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """Return what each layer says of each attribute of a document, the lowest first."""
    above = ancestors(layers)
    found = Assertions()
    for layer in layers:
        for one in layer.documents:
            if not schemas.is_extension(one.document):
                found.define(layer, one)
    for layer in layers:
        for one in layer.documents:
            if schemas.is_extension(one.document):
                found.extend(layer, one, above[layer.id])
    return {
        at: [
            {
                "layer": word.layer.id,
                "version": word.layer.version,
                "value": canonical.plain(word.leaf.value),
                "source": f"{word.source}{word.place}",
            }
            for word in said
        ]
        for at, said in found.said.get(key, {}).items()
    }


def _change(patch: Patch, standings: Mapping[str, Any]) -> dict[str, Any]:
    standing = standings[patch.id]
    return {
        **patch.as_json(),
        "id": patch.id,
        "state": standing.state,
        **({"why": standing.why} if standing.why else {}),
    }


def _class(kind: str, at: Sequence[str]) -> str:
    here: Mapping[str, Any] | None = schemas.definition(kind)
    for step in at:
        here = merge.inside(kind, here, step) if here is not None else None
    return str(here.get("x-merge", "")) if here is not None else ""


def _value(document: Any, at: Sequence[str]) -> Any:
    for step in at:
        if isinstance(document, list):
            document = next((one for one in document if isinstance(one, Mapping) and one.get("id") == step), None)
        else:
            document = document.get(step) if isinstance(document, Mapping) else None
    return document
