"""The OpenAPI 3.1 description, made from the catalog for one caller: nothing in it that the caller may not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import __version__, access, fields

if TYPE_CHECKING:
    from dealwright.access import Rights, User
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity

_JSON = "application/json"
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "label": {"type": "string"},
                    "item": {"type": "string"},
                },
            },
        },
    },
}
_OBJECT = {"type": "object"}
_ASKED = ("filter", "since", "until", "compare", "fresh")
_QUERY = ("filter", "sort", "fields", "page_size", "cursor", "count", "archived", "q")


def described(catalog: Catalog, user: User) -> dict[str, Any]:
    """Return the description of ``/api/v1`` as far as ``user`` may use it; made once per catalog and set of roles."""
    return catalog.once(("api.openapi", user.roles), lambda: _describe(catalog, user))


def _describe(catalog: Catalog, user: User) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for entity in catalog.entities.values():
        held = access.rights(catalog, user, entity.id)
        if held.grants:
            schemas[entity.id] = _schema(catalog, entity, held)
            paths.update(_of_entity(entity, held))
    paths.update(_general())
    return {
        "openapi": "3.1.0",
        "info": {"title": "dealwright", "version": __version__, "description": f"Revision {catalog.revision}"},
        "servers": [{"url": "/api/v1"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Problem": {
                    "description": "What is wrong, and where",
                    "content": {"application/problem+json": {"schema": _ref("Problem")}},
                }
            },
        },
    }


def _schema(catalog: Catalog, entity: Entity, held: Rights) -> dict[str, Any]:
    full = fields.record_schema(catalog, entity.id)
    seen = held.seen() | held.edited("create") | held.edited("update")
    kept = {key: value for key, value in full.items() if key not in ("$schema", "$id", "required")}
    return {
        **kept,
        "title": entity.title,
        "properties": {name: one for name, one in full.get("properties", {}).items() if name in seen},
    }


def _of_entity(entity: Entity, held: Rights) -> dict[str, Any]:
    root = f"/records/{entity.id}"
    one = _ref(entity.id)
    found: dict[str, dict[str, Any]] = {root: {}, f"{root}/{{id}}": {}, f"{root}/{{id}}/approvals": {}}
    if held.allows("read"):
        page = {"type": "object", "properties": {"items": {"type": "array", "items": one}}}
        found[root]["get"] = _operation(f"List {entity.plural}", page, query=_QUERY)
        found[f"{root}/{{id}}"]["get"] = _operation(f"Read one {entity.title}", one, identified=True)
        found[f"{root}/aggregate"] = {
            "get": _operation(
                f"Count and sum {entity.plural}", _OBJECT, query=("group", "measure", "filter", "currency", "on")
            )
        }
        for name, title in (
            ("history", "History"),
            ("decisions", "Decisions"),
            ("clocks", "Clocks"),
            ("checklist", "What is missing"),
            ("approvals", "Approvals"),
            ("scores", "Scores"),
            *((("space", "Team, files, comments and progress"),) if entity.document.get("space") else ()),
            ("followers", "Followers"),
            ("sequences", "Sequences"),
            ("suggestions", "Suggestions"),
            ("contact-times", "Best contact times"),
        ):
            operation = _operation(f"{title} of one {entity.title}", _OBJECT, identified=True)
            found.setdefault(f"{root}/{{id}}/{name}", {})["get"] = operation
        hears, no_more = f"Hear of one {entity.title}", f"Hear of one {entity.title} no longer"
        found[f"{root}/{{id}}/followers/me"] = {
            "put": _operation(hears, _OBJECT, body=_OBJECT, identified=True),
            "delete": _operation(no_more, None, status="204", identified=True),
        }
        found[f"{root}/{{id}}/rules"] = {
            "get": _operation(f"Why rules acted on one {entity.title}, or not", _OBJECT, identified=True, query=("at",))
        }
        found[f"{root}/{{id}}/rules/{{rule}}"] = {
            "get": _operation(
                f"Why a rule acted on one {entity.title}, or not",
                _OBJECT,
                identified=True,
                path=("rule",),
                query=("at",),
            )
        }
    if held.allows("export"):
        found[f"{root}/export"] = {
            "get": _operation(f"Export {entity.plural}", None, query=("format", "filter", "exact"))
        }
    if held.allows("create"):
        found[root]["post"] = _operation(f"Create one {entity.title}", one, status="201", body=one)
    if held.allows("update"):
        found[f"{root}/{{id}}"]["patch"] = _operation(f"Change one {entity.title}", one, body=one, identified=True)
        found[f"{root}/{{id}}/approvals"]["post"] = _operation(
            f"Ask for an approval of one {entity.title}", _OBJECT, status="201", body=_OBJECT, identified=True
        )
    if held.allows("create") or held.allows("update"):
        found[f"{root}/bulk"] = {"post": _operation(f"Change many {entity.plural}", _OBJECT, body=_OBJECT)}
        found[f"{root}/check"] = {"post": _operation(f"Check one {entity.title}", _OBJECT, body=one, query=("id",))}
        found[f"{root}/by/{{field}}/{{value}}"] = {
            "put": _operation("Create or change by an external id", one, body=one, path=("field", "value"))
        }
    if held.allows("delete"):
        found[f"{root}/{{id}}"]["delete"] = _operation(
            f"Archive one {entity.title}", None, status="204", identified=True, query=("purge",)
        )
        found[f"{root}/{{id}}/restore"] = {"post": _operation(f"Restore one {entity.title}", one, identified=True)}
    if held.allows("update"):
        ticked = _operation(f"Tick items of one {entity.title} off", _OBJECT, body=_OBJECT, identified=True)
        found.setdefault(f"{root}/{{id}}/checklist", {})["put"] = ticked
        run = f"{root}/{{id}}/sequences"
        begun = _operation(
            f"Start a sequence for one {entity.title}", _OBJECT, status="201", body=_OBJECT, identified=True
        )
        found.setdefault(run, {})["post"] = begun
        for doing, title in (("advance", "Do the next step of"), ("stop", "End")):
            found[f"{run}/{{sequence}}/{doing}"] = {
                "post": _operation(f"{title} a sequence", _OBJECT, body=_OBJECT, identified=True, path=("sequence",))
            }
    if entity.pipelines and held.allows("move"):
        found[f"{root}/{{id}}/move"] = {
            "post": _operation(f"Move one {entity.title}", one, body=_OBJECT, identified=True)
        }
    return {path: operations for path, operations in found.items() if operations}


def _general() -> dict[str, Any]:
    doings = {
        "approve": "Approve",
        "reject": "Reject",
        "return": "Send an approval back",
        "recall": "Take an approval back",
        "delegate": "Let another person decide",
        "add_approver": "Ask one more person",
        "appoint": "Name who decides a step that found nobody",
        "notes": "Add a comment or a file",
    }
    return {
        "/approvals": {"get": _operation("List approvals that wait for the bearer", _OBJECT, query=("mine",))},
        "/absences": {
            "get": _operation("List absences", _OBJECT, query=("user",)),
            "post": _operation("Note an absence", _OBJECT, status="201", body=_OBJECT),
        },
        "/absences/{id}": {"delete": _operation("End an absence", None, status="204", identified=True)},
        "/approvals/bulk": {"post": _operation("Decide several approvals", _OBJECT, body=_OBJECT)},
        "/approvals/simulate": {
            "get": _operation("Who would approve a record now", _OBJECT, query=("approval", "record"))
        },
        "/approvals/{id}": {"get": _operation("Read an approval", _OBJECT, identified=True)},
        **{
            f"/approvals/{{id}}/{name}": {"post": _operation(title, _OBJECT, body=_OBJECT, identified=True)}
            for name, title in doings.items()
        },
        "/dashboards": {"get": _operation("List dashboards", _OBJECT)},
        "/dashboards/{id}": {
            "get": _operation("Work the reports of a dashboard out", _OBJECT, identified=True, query=_ASKED)
        },
        "/reports": {"get": _operation("List reports", _OBJECT)},
        "/reports/unusual": {"get": _operation("List what reports have found out of the ordinary", _OBJECT)},
        "/reports/{id}": {"get": _operation("Work a report out", _OBJECT, identified=True, query=_ASKED)},
        "/reports/{id}/export": {
            "get": _operation("A report as a file", None, identified=True, query=(*_ASKED, "format"))
        },
        "/reports/{id}/records": {
            "get": _operation(
                "Records behind a figure",
                _OBJECT,
                identified=True,
                query=(*_ASKED, "key", "figure", "page_size", "cursor"),
            )
        },
        "/reports/{id}/snapshots": {
            "get": _operation("List own snapshots of a report", _OBJECT, identified=True, query=("limit",))
        },
        "/snapshots/{id}": {"get": _operation("Read an own snapshot", _OBJECT, identified=True)},
        "/conditions/check": {"post": _operation("Check a condition", _OBJECT, body=_OBJECT)},
        "/decisions/{id}": {"get": _operation("Explain a decision", _OBJECT, identified=True)},
        "/suggestions/{id}/accept": {"post": _operation("Accept a suggestion", _OBJECT, body=_OBJECT, identified=True)},
        "/suggestions/{id}/dismiss": {
            "post": _operation("Dismiss a suggestion", _OBJECT, body=_OBJECT, identified=True)
        },
        "/rules/off": {"get": _operation("Rules that are switched off", _OBJECT)},
        "/rules/{rule}/off": {"post": _operation("Switch a rule off", _OBJECT, body=_OBJECT, path=("rule",))},
        "/rules/{rule}/on": {"post": _operation("Switch a rule on again", _OBJECT, body=_OBJECT, path=("rule",))},
        "/operations": {"get": _operation("How the work in the background stands", _OBJECT)},
        "/metrics": {"get": _operation("The same for Prometheus", None)},
        "/outbox": {"get": _operation("List messages of the outbox", _OBJECT, query=("state", "limit"))},
        "/outbox/replay": {"post": _operation("Send messages again", _OBJECT, body=_OBJECT)},
        "/outbox/skip": {"post": _operation("Leave messages", _OBJECT, body=_OBJECT)},
        "/jobs": {"get": _operation("List jobs", _OBJECT, query=("state", "limit"))},
        "/jobs/{id}/replay": {"post": _operation("Run a dead job anew", _OBJECT, body=_OBJECT, identified=True)},
        "/jobs/{id}/skip": {"post": _operation("Give a dead job up", _OBJECT, body=_OBJECT, identified=True)},
        "/timers": {"get": _operation("List the timers that are due next", _OBJECT, query=("limit",))},
        "/events": {"post": _operation("Send an event about a record", _OBJECT, status="202", body=_OBJECT)},
        "/files": {"post": _operation("Upload a file", _OBJECT, status="201")},
        "/files/{id}": {"get": _operation("Download a file", None, identified=True)},
        "/me": {"get": _operation("Who the bearer is", _OBJECT)},
        "/metadata/entity/{id}/schema": {"get": _operation("JSON Schema of records", _OBJECT, identified=True)},
        "/metadata/{kind}": {"get": _operation("List documents", _OBJECT, path=("kind",))},
        "/metadata/{kind}/{id}": {
            "get": _operation("Read a document", _OBJECT, identified=True, path=("kind",), query=("version",))
        },
        "/openapi.json": {"get": _operation("This description", _OBJECT)},
        "/simulate": {"post": _operation("Try drafts over the past", _OBJECT, body=_OBJECT)},
        "/plan": {"post": _operation("Say what a change of definitions would do", _OBJECT, body=_OBJECT, status="201")},
        "/apply": {"post": _operation("Put just what a plan says in force", _OBJECT, body=_OBJECT)},
        "/search": {"get": _operation("Find records", _OBJECT, query=("q", "limit"))},
    }


def _operation(
    summary: str,
    result: dict[str, Any] | None,
    *,
    status: str = "200",
    body: dict[str, Any] | None = None,
    identified: bool = False,
    query: tuple[str, ...] = (),
    path: tuple[str, ...] = (),
) -> dict[str, Any]:
    named = [*path, *(["id"] if identified else [])]
    parameters = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in named]
    parameters += [{"name": n, "in": "query", "schema": {"type": "string"}} for n in query]
    success: dict[str, Any] = {"description": "Done"}
    if result is not None:
        success["content"] = {_JSON: {"schema": result}}
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {status: success, "default": {"$ref": "#/components/responses/Problem"}},
    }
    if parameters:
        operation["parameters"] = parameters
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": body}}}
    return operation


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
