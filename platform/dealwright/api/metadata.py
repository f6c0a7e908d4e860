"""What is defined, as far as the caller may see it; and checks of documents and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from dealwright import access, conditions, fields
from dealwright.api import answers, openapi
from dealwright.conditions.scope import USES
from dealwright.errors import ConditionError, NotFoundError, Problem, RecordError, UnknownFieldError
from dealwright.metadata.schemas import KINDS

if TYPE_CHECKING:
    from dealwright.records import Work

metadata = Blueprint("metadata", __name__)


@metadata.get("/metadata/<kind>")
def documents(kind: str) -> Response:
    """List the documents of a kind: id, kind and title."""
    with answers.reading() as work:
        if kind not in KINDS:
            raise NotFoundError(f"there is no kind of document “{kind[:80]}”; expected {', '.join(KINDS)}")
        items = [
            {"kind": kind, "id": identifier, "title": document.get("title", identifier)}
            for (one, identifier), document in work.catalog.documents.items()
            if one == kind and _visible(work, kind, identifier)
        ]
    return answers.answer({"items": items})


@metadata.get("/metadata/<kind>/<identifier>")
def document(kind: str, identifier: str) -> Response:
    """Return one effective document; an entity's without the fields that the caller may not see.

    ``?version=`` asks for an earlier version of a pipeline, as long as records may finish on it.
    """
    answers.only_known("version")
    version = answers.number("version", 0, 0, 10**8)
    with answers.reading() as work:
        found = work.catalog.documents.get((kind, identifier))
        if version and kind == "pipeline":
            pipeline = work.catalog.pipeline(identifier, version)
            found = pipeline.document if pipeline is not None and pipeline.version == version else None
        if found is None or not _visible(work, kind, identifier):
            raise NotFoundError(f"there is no {kind} “{identifier}”")
        shown = dict(found)
        if kind == "entity" and not _may_see_all(work):
            shown = _entity(work, identifier, found)
        if kind == "pipeline" and not _may_see_all(work):
            shown = _pipeline(found)
    return answers.answer(shown)


@metadata.get("/metadata/entity/<identifier>/schema")
def schema(identifier: str) -> Response:
    """Return the JSON Schema (2020-12) of an entity's records, for the fields that the caller may see."""
    with answers.reading() as work:
        held = access.rights(work.catalog, work.user, identifier)
        if not held.grants:
            raise NotFoundError(f"there is no entity “{identifier}”")
        seen = held.seen() | held.edited("create") | held.edited("update")
        full = fields.record_schema(work.catalog, identifier)
    properties = {name: one for name, one in full.get("properties", {}).items() if name in seen}
    required = [name for name in full.get("required", []) if name in seen]
    response = answers.answer({**full, "properties": properties, "required": required})
    response.mimetype = "application/schema+json"
    return response


@metadata.get("/openapi.json")
def description() -> Response:
    """Return the OpenAPI 3.1 description of this interface, for the entities that the caller may see."""
    with answers.reading() as work:
        return answers.answer(openapi.described(work.catalog, work.user))


@metadata.post("/conditions/check")
def check_condition() -> Response:
    """Check a condition: ``{"entity", "kind", "source"}``; its type, fields and canonical text, or every error."""
    given = answers.body()
    answers.known(given, "entity", "kind", "source")
    for name in ("entity", "kind", "source"):
        if not isinstance(given.get(name), str):
            raise RecordError(
                "the call cannot be used", [Problem(f"/{name}", "required", f"{name} is needed, as text")]
            )
    with answers.reading() as work:
        held = access.rights(work.catalog, work.user, given["entity"])
        if not held.grants:
            raise NotFoundError(f"there is no entity “{given['entity']}”")
        if given["kind"] not in USES:
            choices = ", ".join(sorted(USES))
            raise RecordError(
                "the call cannot be used", [Problem("/kind", "no-such-option", f"kind is one of {choices}")]
            )
        return answers.answer(_checked(work, given))


def _checked(work: Work, given: Mapping[str, Any]) -> dict[str, Any]:
    source = given["source"]
    try:
        if _may_see_all(work):  # whose errors may name everything, also what to write instead
            found = conditions.of(work.catalog, given["entity"], source, given["kind"])
        else:
            found = access.asked(work.catalog, work.user, given["entity"], source, given["kind"])
    except ConditionError as error:
        return {
            "ok": False,
            "errors": [
                {
                    "start": one.start,
                    "end": one.end,
                    "code": one.reason,
                    "message": one.message,
                    "suggestion": one.suggestion,
                }
                for one in ((error, *error.others) if _may_see_all(work) else (error,))
            ],
        }
    except UnknownFieldError as error:
        name = error.detail.partition("“")[2].partition("”")[0]
        start = max(source.find(name), 0)
        return _unknown(source, start, start + len(name))
    return {"ok": True, "type": found.type.kind, "fields": sorted(found.fields | found.paths), "text": found.text()}


def _unknown(source: str, start: int, end: int) -> dict[str, Any]:
    message = f"there is no field “{source[start:end]}”"
    error = {"start": start, "end": end, "code": "unknown-field", "message": message, "suggestion": None}
    return {"ok": False, "errors": [error]}


def _may_see_all(work: Work) -> bool:
    return access.capable(work.catalog, work.user, "admin")


def _visible(work: Work, kind: str, identifier: str) -> bool:
    """Tell whether the caller may know of a document: an admin of all, others of the entities they have rights to."""
    if _may_see_all(work):
        return True
    if kind == "entity":
        return bool(access.rights(work.catalog, work.user, identifier).grants)
    if kind == "pipeline" and identifier in work.catalog.pipelines:
        return bool(access.rights(work.catalog, work.user, work.catalog.pipelines[identifier].entity).grants)
    return kind == "option_set"


def _entity(work: Work, identifier: str, found: Mapping[str, Any]) -> dict[str, Any]:
    held = access.rights(work.catalog, work.user, identifier)
    seen = held.seen() | held.edited("create") | held.edited("update")
    keep = {"kind", "id", "title", "plural", "description", "display", "icon", "hue", "lang"}
    shown = {key: value for key, value in found.items() if key in keep}
    shown["properties"] = {name: _bare(spec) for name, spec in found.get("properties", {}).items() if name in seen}
    shown["required"] = [name for name in found.get("required", []) if name in seen]
    return shown


def _bare(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field's definition without its conditions, those of its columns too."""
    shown = {key: value for key, value in spec.items() if key not in _FORMULAS}
    if isinstance(items := shown.get("items"), Mapping):
        columns = {name: _bare(column) for name, column in items.get("properties", {}).items()}
        shown["items"] = {**items, "properties": columns} if columns else dict(items)
    return shown


def _pipeline(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pipeline without its gates, which can name any field; what is missing is told record by record."""
    stages = [{key: value for key, value in stage.items() if key in _OF_STAGE} for stage in found.get("stages", ())]
    return {**{key: value for key, value in found.items() if key in _OF_PIPELINE}, "stages": stages}


_OF_PIPELINE = frozenset(
    {"kind", "id", "lang", "title", "description", "entity", "version", "start", "intake", "priority"}
)
_OF_STAGE = frozenset(
    {
        *("id", "title", "description", "hue", "next", "outcome", "reason", "owner", "checklist"),
        *("probability", "conversion_threshold", "benchmark_days", "red_after"),
    }
)
#: Keywords whose text can name fields that the caller may not see.
_FORMULAS = frozenset(
    {
        "formula",
        "visible_when",
        "required_when",
        "readonly_when",
        "options_when",
        "where",
        "prefill",
        "filter",
        "default",
    }
)
