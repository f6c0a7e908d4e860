"""Everything through which somebody can ask the platform for something, one row each, and what guards it.

A route, command, family of events, kind of job or hook without a row fails the build: nothing is born unguarded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: What guards a route.
#: public      nothing; :data:`PUBLIC` lists them once more, as they are few
#: signed-in   anybody who is signed in; the answer holds only what his roles show
#: entity      a grant to the entity; what is answered is under row and field rules
#: record      a grant that covers the very record
#: admin       the capability ``admin``
GUARDS = ("public", "signed-in", "entity", "record", "admin")


@dataclass(frozen=True)
class Surface:
    """One route and method.

    Attributes:
        rule: As Flask knows it.
        address: An address of it; ``{deal}`` and the like stand for ids.
        body: JSON to send, or a form for pages.
    """

    method: str
    rule: str
    guard: str
    address: str
    body: dict[str, Any] | None = None


_R = "/api/v1/records/<entity>"
_D = "/api/v1/records/t.deal"
_A = "/api/v1/approvals"
_S = "/api/v1/suggestions"

API = (
    Surface("GET", _R, "entity", _D),
    Surface("POST", _R, "entity", _D, {"name": "New"}),
    Surface("GET", f"{_R}/<record>", "record", f"{_D}/{{deal}}"),
    Surface("PATCH", f"{_R}/<record>", "record", f"{_D}/{{deal}}", {"name": "Other"}),
    Surface("DELETE", f"{_R}/<record>", "record", f"{_D}/{{deal}}"),
    Surface("POST", f"{_R}/<record>/restore", "record", f"{_D}/{{deal}}/restore"),
    Surface("POST", f"{_R}/<record>/move", "record", f"{_D}/{{deal}}/move", {"to": "offer"}),
    Surface("GET", f"{_R}/<record>/checklist", "record", f"{_D}/{{deal}}/checklist"),
    Surface("PUT", f"{_R}/<record>/checklist", "record", f"{_D}/{{deal}}/checklist", {"items": []}),
    Surface("GET", f"{_R}/<record>/history", "record", f"{_D}/{{deal}}/history"),
    Surface("GET", f"{_R}/<record>/clocks", "record", f"{_D}/{{deal}}/clocks"),
    Surface("GET", f"{_R}/<record>/decisions", "record", f"{_D}/{{deal}}/decisions"),
    Surface("GET", f"{_R}/<record>/sequences", "record", f"{_D}/{{deal}}/sequences"),
    Surface("POST", f"{_R}/<record>/sequences", "record", f"{_D}/{{deal}}/sequences", {"sequence": "t.care"}),
    Surface("POST", f"{_R}/<record>/sequences/<sequence>/advance", "record", f"{_D}/{{deal}}/sequences/t.care/advance", {}),
    Surface("POST", f"{_R}/<record>/sequences/<sequence>/stop", "record", f"{_D}/{{deal}}/sequences/t.care/stop", {}),
    Surface("GET", f"{_R}/<record>/rules", "record", f"{_D}/{{deal}}/rules"),
    Surface("GET", f"{_R}/<record>/rules/<rule>", "record", f"{_D}/{{deal}}/rules/t.tier_a"),
    Surface("GET", f"{_R}/<record>/suggestions", "record", f"{_D}/{{deal}}/suggestions"),
    Surface("POST", f"{_S}/<identifier>/accept", "record", f"{_S}/{{suggestion}}/accept", {}),
    Surface("POST", f"{_S}/<identifier>/dismiss", "record", f"{_S}/{{suggestion}}/dismiss", {"reason": "no"}),
    Surface("GET", f"{_R}/<record>/scores", "record", f"{_D}/{{deal}}/scores"),
    Surface("GET", f"{_R}/<record>/space", "record", f"{_D}/{{deal}}/space"),
    Surface("GET", f"{_R}/<record>/followers", "record", f"{_D}/{{deal}}/followers"),
    Surface("PUT", f"{_R}/<record>/followers/me", "record", f"{_D}/{{deal}}/followers/me", {}),
    Surface("DELETE", f"{_R}/<record>/followers/me", "record", f"{_D}/{{deal}}/followers/me"),
    Surface("GET", f"{_R}/<record>/contact-times", "record", f"{_D}/{{deal}}/contact-times"),
    Surface("GET", f"{_R}/aggregate", "entity", f"{_D}/aggregate?group=name"),
    Surface("GET", f"{_R}/export", "entity", f"{_D}/export?format=jsonl"),
    Surface("POST", f"{_R}/bulk", "entity", f"{_D}/bulk", {"update": [{"id": "{deal}", "name": "Other"}]}),
    Surface("POST", f"{_R}/check", "entity", f"{_D}/check", {"name": "New"}),
    Surface("PUT", f"{_R}/by/<field>/<path:value>", "entity", f"{_D}/by/code/D9", {"name": "Other"}),
    Surface(
        "POST", "/api/v1/events", "record", "/api/v1/events",
        {"type": "engagement.opened", "entity": "t.deal", "record": "{deal}", "data": {"asset": "quote"}},
    ),
    Surface("GET", "/api/v1/rules/off", "admin", "/api/v1/rules/off"),
    Surface("POST", "/api/v1/rules/<rule>/off", "admin", "/api/v1/rules/t.tier_a/off", {}),
    Surface("POST", "/api/v1/rules/<rule>/on", "admin", "/api/v1/rules/t.tier_a/on", {}),
    Surface("GET", "/api/v1/operations", "admin", "/api/v1/operations"),
    Surface("GET", "/api/v1/metrics", "admin", "/api/v1/metrics"),
    Surface("GET", "/api/v1/outbox", "admin", "/api/v1/outbox"),
    Surface("POST", "/api/v1/outbox/replay", "admin", "/api/v1/outbox/replay", {"ids": ["{deal}"]}),
    Surface("POST", "/api/v1/outbox/skip", "admin", "/api/v1/outbox/skip", {"ids": ["{deal}"]}),
    Surface("GET", "/api/v1/jobs", "admin", "/api/v1/jobs"),
    Surface("POST", "/api/v1/jobs/<identifier>/replay", "admin", "/api/v1/jobs/j1/replay", {}),
    Surface("POST", "/api/v1/jobs/<identifier>/skip", "admin", "/api/v1/jobs/j1/skip", {}),
    Surface("GET", "/api/v1/timers", "admin", "/api/v1/timers"),
    Surface("GET", "/api/v1/decisions/<decision>", "record", "/api/v1/decisions/{decision}"),
    Surface("GET", f"{_R}/<record>/approvals", "record", f"{_D}/{{deal}}/approvals"),
    Surface("POST", f"{_R}/<record>/approvals", "record", f"{_D}/{{deal}}/approvals", {"approval": "t.consent"}),
    Surface("GET", "/api/v1/approvals", "signed-in", "/api/v1/approvals"),
    Surface("GET", f"{_A}/<identifier>", "record", f"{_A}/{{approval}}"),
    Surface("GET", f"{_A}/simulate", "record", f"{_A}/simulate?approval=t.consent&record={{deal}}"),
    Surface("POST", f"{_A}/bulk", "signed-in", f"{_A}/bulk", {"decisions": []}),
    Surface("GET", "/api/v1/absences", "signed-in", "/api/v1/absences"),
    Surface(
        "POST", "/api/v1/absences", "signed-in", "/api/v1/absences",
        {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z", "delegate": "{ada}"},
    ),
    Surface("DELETE", "/api/v1/absences/<identifier>", "record", "/api/v1/absences/{deal}"),
    *(
        Surface("POST", f"{_A}/<identifier>/{doing}", "record", f"{_A}/{{approval}}/{doing}", body)
        for doing, body in (
            ("approve", {}),
            ("reject", {"comment": "no"}),
            ("return", {}),
            ("recall", {}),
            ("delegate", {"to": "{ada}"}),
            ("add_approver", {"who": "{ada}", "where": "after"}),
            ("appoint", {"step": "office", "who": "{ada}"}),
            ("notes", {"text": "so"}),
        )
    ),
    Surface("POST", "/api/v1/files", "signed-in", "/api/v1/files"),
    Surface("GET", "/api/v1/files/<identifier>", "record", "/api/v1/files/{file}"),
    Surface("GET", "/api/v1/reports", "signed-in", "/api/v1/reports"),
    Surface("GET", "/api/v1/reports/<identifier>", "entity", "/api/v1/reports/t.by_stage"),
    Surface(
        "GET", "/api/v1/reports/<identifier>/records", "entity",
        "/api/v1/reports/t.by_stage/records?figure=count&key=[%22open%22]",
    ),
    Surface("GET", "/api/v1/reports/<identifier>/export", "entity", "/api/v1/reports/t.by_stage/export"),
    Surface("GET", "/api/v1/reports/<identifier>/snapshots", "entity", "/api/v1/reports/t.by_stage/snapshots"),
    Surface("GET", "/api/v1/snapshots/<identifier>", "record", "/api/v1/snapshots/{deal}"),
    Surface("GET", "/api/v1/reports/unusual", "signed-in", "/api/v1/reports/unusual"),
    Surface("GET", "/api/v1/dashboards", "signed-in", "/api/v1/dashboards"),
    Surface("GET", "/api/v1/dashboards/<identifier>", "entity", "/api/v1/dashboards/t.stages"),
    Surface("GET", "/api/v1/search", "signed-in", "/api/v1/search?q=Kestrel"),
    Surface("POST", "/api/v1/simulate", "admin", "/api/v1/simulate", {"documents": [], "since": "P1D"}),
    Surface("POST", "/api/v1/plan", "admin", "/api/v1/plan", {"proposals": False}),
    Surface("POST", "/api/v1/apply", "admin", "/api/v1/apply", {"plan": "pl_0", "fingerprint": "sha256:0"}),
    Surface("GET", "/api/v1/me", "signed-in", "/api/v1/me"),
    Surface("GET", "/api/v1/openapi.json", "signed-in", "/api/v1/openapi.json"),
    Surface("GET", "/api/v1/metadata/<kind>", "signed-in", "/api/v1/metadata/entity"),
    Surface("GET", "/api/v1/metadata/<kind>/<identifier>", "entity", "/api/v1/metadata/entity/t.deal"),
    Surface("GET", "/api/v1/metadata/entity/<identifier>/schema", "entity", "/api/v1/metadata/entity/t.deal/schema"),
    Surface(
        "POST", "/api/v1/conditions/check", "entity", "/api/v1/conditions/check",
        {"entity": "t.deal", "kind": "filter", "source": "amount > 1"},
    ),
)  # fmt: skip

_P = "/records/<entity_id>"
_E = "/records/t.deal"

PAGES = (
    Surface("GET", "/healthz", "public", "/healthz"),
    Surface("GET", "/sign-in", "public", "/sign-in"),
    Surface("POST", "/sign-in", "public", "/sign-in", {"email": "nobody@example.com", "password": "wrong"}),
    Surface("POST", "/language", "public", "/language", {"tag": "en"}),
    Surface("POST", "/sign-out", "signed-in", "/sign-out", {}),
    Surface("GET", "/", "signed-in", "/"),
    Surface("GET", _P, "entity", _E),
    Surface("GET", f"{_P}/board", "entity", f"{_E}/board"),
    Surface("GET", f"{_P}/export", "entity", f"{_E}/export?format=csv"),
    Surface("GET", f"{_P}/conditions", "entity", f"{_E}/conditions?source=name == 'x'"),
    Surface("POST", f"{_P}/views", "entity", f"{_E}/views", {"title": "Mine", "do": "new"}),
    Surface("GET", f"{_P}/import", "entity", f"{_E}/import"),
    Surface("POST", f"{_P}/import", "entity", f"{_E}/import", {}),
    Surface("GET", f"{_P}/import/<identifier>", "record", f"{_E}/import/{{deal}}"),
    Surface("POST", f"{_P}/import/<identifier>", "record", f"{_E}/import/{{deal}}", {"do": "start"}),
    Surface("GET", f"{_P}/import/<identifier>/rejects", "record", f"{_E}/import/{{deal}}/rejects"),
    Surface("POST", f"{_P}/bulk", "entity", f"{_E}/bulk", {"do": "archive", "ids": "{deal}"}),
    Surface("POST", f"{_P}/<record_id>/comments", "record", f"{_E}/{{deal}}/comments", {"text": "Hello"}),
    Surface("POST", f"{_P}/<record_id>/tasks", "record", f"{_E}/{{deal}}/tasks", {"title": "Call"}),
    Surface("POST", f"{_P}/<record_id>/checkin", "record", f"{_E}/{{deal}}/checkin", {}),
    Surface("POST", f"{_P}/<record_id>/tasks/done", "record", f"{_E}/{{deal}}/tasks/done", {"id": "{deal}"}),
    Surface("GET", f"{_P}/<record_id>/space", "record", f"{_E}/{{deal}}/space"),
    Surface("POST", f"{_P}/<record_id>/space", "record", f"{_E}/{{deal}}/space", {"do": "comment", "text": "Hello"}),
    Surface("POST", f"{_P}/<record_id>/sequences", "record", f"{_E}/{{deal}}/sequences", {"start": "t.care"}),
    Surface("POST", f"{_P}/<record_id>/drop", "record", f"{_E}/{{deal}}/drop?by=stage", {"to": "offer"}),
    Surface("GET", f"{_P}/new", "entity", f"{_E}/new"),
    Surface("POST", f"{_P}/new", "entity", f"{_E}/new", {"name": "New"}),
    Surface("GET", f"{_P}/<record_id>", "record", f"{_E}/{{deal}}"),
    Surface("GET", f"{_P}/<record_id>/why", "record", f"{_E}/{{deal}}/why"),
    Surface("GET", f"{_P}/<record_id>/edit", "record", f"{_E}/{{deal}}/edit"),
    Surface("POST", f"{_P}/<record_id>/edit", "record", f"{_E}/{{deal}}/edit", {"name": "Other"}),
    Surface("POST", f"{_P}/<record_id>/move", "record", f"{_E}/{{deal}}/move", {"to": "offer"}),
    Surface("POST", f"{_P}/<record_id>/follow", "record", f"{_E}/{{deal}}/follow", {"do": "start"}),
    Surface("POST", f"{_P}/<record_id>/checklist", "record", f"{_E}/{{deal}}/checklist", {"id": "call", "done": "1"}),
    Surface("POST", f"{_P}/<record_id>/archive", "record", f"{_E}/{{deal}}/archive", {}),
    Surface("POST", f"{_P}/<record_id>/restore", "record", f"{_E}/{{deal}}/restore", {}),
    Surface("GET", "/reports", "signed-in", "/reports"),
    Surface("GET", "/reports/unusual", "signed-in", "/reports/unusual"),
    Surface("GET", "/reports/<identifier>", "entity", "/reports/t.by_stage"),
    Surface("GET", "/reports/<identifier>/export", "entity", "/reports/t.by_stage/export?format=csv"),
    Surface(
        "GET",
        "/reports/<identifier>/records",
        "entity",
        "/reports/t.by_stage/records?figure=count&key=[%22open%22]",
    ),
    Surface("GET", "/snapshots/<identifier>", "record", "/snapshots/{deal}"),
    Surface("GET", "/dashboards/<identifier>", "entity", "/dashboards/t.stages"),
    Surface("GET", "/palette", "signed-in", "/palette?q=Kestrel"),
    Surface("GET", "/search", "signed-in", "/search?q=Kestrel"),
    Surface("GET", "/notifications", "signed-in", "/notifications"),
    Surface("GET", "/notifications/unread", "signed-in", "/notifications/unread"),
    Surface("GET", "/changes", "signed-in", "/changes?of=t.deal,{deal}&since=1"),
    Surface("POST", "/notifications/read", "signed-in", "/notifications/read", {}),
    Surface("GET", "/approvals", "signed-in", "/approvals"),
    Surface("POST", f"{_P}/<record_id>/approvals", "record", f"{_E}/{{deal}}/approvals", {"approval": "t.consent"}),
    *(
        Surface("POST", f"/approvals/<identifier>/{doing}", "record", f"/approvals/{{approval}}/{doing}", body)
        for doing, body in (
            ("approve", {}),
            ("reject", {"comment": "no"}),
            ("return", {}),
            ("recall", {}),
            ("delegate", {"who": "{ada}"}),
            ("add_approver", {"who": "{ada}", "where": "after"}),
            ("note", {"text": "so"}),
            ("appoint", {"chair": "office:", "who": "{ada}"}),
        )
    ),
    Surface("POST", "/approvals/bulk", "signed-in", "/approvals/bulk", {}),
    Surface(
        "GET", f"{_P}/<record_id>/approvals/outlook", "record", f"{_E}/{{deal}}/approvals/outlook?approval=t.consent"
    ),
    Surface("GET", "/absences", "signed-in", "/absences"),
    Surface("POST", "/absences/new", "signed-in", "/absences/new", {"since": "2020-01-01", "until": "2020-01-02"}),
    Surface("POST", "/absences/<identifier>/end", "record", "/absences/{deal}/end", {}),
    Surface("GET", "/approvals/mail/<secret>", "public", "/approvals/mail/nothing"),
    Surface(
        "POST", "/approvals/mail/<secret>/decide", "public", "/approvals/mail/nothing/decide", {"verdict": "approved"}
    ),
    Surface("GET", "/forms/<identifier>", "public", "/forms/nothing"),
    Surface("POST", "/forms/<identifier>", "public", "/forms/nothing", {"name": "New"}),
    Surface("POST", "/suggestions/<identifier>/accept", "record", "/suggestions/{suggestion}/accept", {}),
    Surface(
        "POST", "/suggestions/<identifier>/dismiss", "record", "/suggestions/{suggestion}/dismiss", {"reason": "no"}
    ),
    Surface("GET", "/files/<identifier>", "record", "/files/{file}"),
    Surface("POST", "/files/<entity_id>/<field_id>", "entity", "/files/t.deal/scan", {}),
    Surface("GET", "/todo", "signed-in", "/todo?who=team"),
    Surface("POST", "/todo", "signed-in", "/todo", {"do": "done", "id": "{deal}"}),
    Surface("GET", "/quick/<entity_id>", "entity", "/quick/t.deal?name=New"),
    Surface("POST", "/quick/<entity_id>", "entity", "/quick/t.deal", {"name": "New"}),
    Surface("POST", "/markdown", "signed-in", "/markdown", {"text": "*so*"}),
    Surface("GET", "/lookup/<entity_id>/<path>", "entity", "/lookup/t.deal/account"),
)

#: Lists of the console. Flask-Admin gives each the views of :data:`_LIST`, also those that are switched off.
CONSOLE = (
    "audit", "decisions", "entities", "events", "jobs", "outbox", "roles", "rules", "rules-off", "timers", "users",
)  # fmt: skip
_LIST = (
    ("GET", ""), ("GET", "details/"), ("GET", "export/<export_type>/"), ("GET", "ajax/lookup/"),
    ("POST", "ajax/update/"), ("POST", "action/"), ("POST", "delete/"),
    ("GET", "new/"), ("POST", "new/"), ("GET", "edit/"), ("POST", "edit/"),
)  # fmt: skip

ADMIN = (
    Surface("GET", "/admin/", "admin", "/admin/"),
    *(
        Surface(method, f"/admin/{name}/{view}", "admin", f"/admin/{name}/{view}".replace("<export_type>", "csv"), {})
        for name in CONSOLE
        for method, view in _LIST
    ),
    Surface("POST", "/admin/jobs/do/", "admin", "/admin/jobs/do/", {}),
    Surface("POST", "/admin/rules-off/do/", "admin", "/admin/rules-off/do/", {}),
    Surface("POST", "/admin/outbox/do/", "admin", "/admin/outbox/do/", {}),
    Surface("POST", "/admin/users/sessions/", "admin", "/admin/users/sessions/", {"id": "{ada}"}),
    Surface("POST", "/admin/users/tokens/", "admin", "/admin/users/tokens/", {"id": "{ada}", "token": "none"}),
    Surface("POST", "/admin/users/password/", "admin", "/admin/users/password/", {"id": "{ada}"}),
    Surface("POST", "/admin/users/roles/", "admin", "/admin/users/roles/", {"id": "{ada}", "roles": "base.admin"}),
    Surface("POST", "/admin/users/state/", "admin", "/admin/users/state/", {"id": "{ada}", "state": "disabled"}),
)

_DRAFT = "/admin/drafts/<draft>"
_NONE = "/admin/drafts/none"

#: Designers: drafts of definitions, their entities, fields and approvals, publishing, and the history.
DESIGN = (
    Surface("GET", "/admin/drafts/", "admin", "/admin/drafts/"),
    Surface("POST", "/admin/drafts/begin/", "admin", "/admin/drafts/begin/", {"title": "Mine"}),
    *(
        Surface(method, f"{_DRAFT}{rule}", "admin", f"{_NONE}{rule}".replace("<", "").replace(">", ""), body)
        for method, rule, body in (
            ("GET", "/", None),
            ("POST", "/title/", {"title": "Other"}),
            ("POST", "/undo/", {}),
            ("POST", "/settle/", {}),
            ("POST", "/discard/", {}),
            ("GET", "/entities/", None),
            ("POST", "/entities/", {"title": "Visit"}),
            ("GET", "/entities/<entity>/", None),
            ("POST", "/entities/<entity>/", {"title": "Other"}),
            ("POST", "/entities/<entity>/reset/", {}),
            ("POST", "/entities/<entity>/restore/", {}),
            ("GET", "/entities/<entity>/fields/add/", None),
            ("POST", "/entities/<entity>/fields/add/", {"title": "Other", "type": "text"}),
            ("GET", "/entities/<entity>/fields/<field>/", None),
            ("POST", "/entities/<entity>/fields/<field>/", {"title": "Other"}),
            ("POST", "/entities/<entity>/fields/<field>/retire/", {}),
            ("POST", "/entities/<entity>/fields/<field>/reset/", {}),
            ("GET", "/entities/<entity>/preview/", None),
            ("POST", "/entities/<entity>/preview/", {"name": "Tried"}),
            ("GET", "/try/", None),
            ("GET", "/conditions/", None),
            ("GET", "/effect/", None),
            ("GET", "/views/", None),
            ("POST", "/views/", {"title": "Other", "entity": "t.deal"}),
            ("GET", "/views/<view>/", None),
            ("POST", "/views/<view>/", {"title": "Other"}),
            ("POST", "/views/<view>/reset/", {}),
            ("GET", "/approvals/", None),
            ("POST", "/approvals/", {"title": "Other", "entity": "t.deal"}),
            ("GET", "/approvals/<approval>/", None),
            ("POST", "/approvals/<approval>/", {"title": "Other"}),
            ("POST", "/approvals/<approval>/reset/", {}),
            ("GET", "/approvals/<approval>/trial/", None),
            ("GET", "/pipelines/", None),
            ("POST", "/pipelines/", {"title": "Other", "entity": "t.deal"}),
            ("GET", "/pipelines/<pipeline>/", None),
            ("POST", "/pipelines/<pipeline>/", {"title": "Other"}),
            ("POST", "/pipelines/<pipeline>/reset/", {}),
            ("GET", "/scores/", None),
            ("POST", "/scores/", {"title": "Other", "entity": "t.deal"}),
            ("GET", "/scores/<score>/", None),
            ("POST", "/scores/<score>/", {"title": "Other"}),
            ("POST", "/scores/<score>/reset/", {}),
            ("GET", "/scores/<score>/distribution/", None),
            ("GET", "/tables/<entity>/<field>/", None),
            ("POST", "/tables/<entity>/<field>/", {"do": "add"}),
            ("GET", "/rules/", None),
            ("POST", "/rules/", {"title": "Other", "entity": "t.deal"}),
            ("GET", "/rules/<rule>/", None),
            ("POST", "/rules/<rule>/", {"title": "Other"}),
            ("POST", "/rules/<rule>/reset/", {}),
            ("GET", "/rules/<rule>/trial/", None),
            ("GET", "/roles/", None),
            ("POST", "/roles/", {"title": "Other"}),
            ("GET", "/roles/<role>/", None),
            ("POST", "/roles/<role>/", {"title": "Other"}),
            ("POST", "/roles/<role>/reset/", {}),
            ("GET", "/parameters/", None),
            ("POST", "/parameters/", {}),
            ("GET", "/parameters/<pack>/", None),
            ("POST", "/parameters/<pack>/", {}),
            ("GET", "/parameters/effect/", None),
            ("POST", "/parameters/reset/", {}),
            ("GET", "/messages/", None),
            ("POST", "/messages/", {"title": "Other"}),
            ("GET", "/messages/<message>/", None),
            ("POST", "/messages/<message>/", {"title": "Other"}),
            ("GET", "/messages/<message>/preview/", None),
            ("POST", "/messages/<message>/send/", {"channel": "in_app"}),
            ("POST", "/messages/<message>/reset/", {}),
            ("GET", "/slas/", None),
            ("POST", "/slas/", {"title": "Other", "entity": "t.deal"}),
            ("GET", "/slas/<sla>/", None),
            ("POST", "/slas/<sla>/", {"title": "Other"}),
            ("GET", "/slas/<sla>/due/", None),
            ("POST", "/slas/<sla>/reset/", {}),
            ("GET", "/calendars/", None),
            ("POST", "/calendars/", {"title": "Other"}),
            ("GET", "/calendars/<calendar>/", None),
            ("POST", "/calendars/<calendar>/", {"title": "Other"}),
            ("POST", "/calendars/<calendar>/days/", {"day": "2027-01-01"}),
            ("GET", "/calendars/<calendar>/due/", None),
            ("POST", "/calendars/<calendar>/reset/", {}),
            ("POST", "/plan/", {}),
            ("GET", "/publish/", None),
            ("POST", "/publish/", {}),
        )
    ),
    Surface("GET", "/admin/sight/", "admin", "/admin/sight/?person={ada}&entity=t.deal&record={deal}"),
    Surface("GET", "/admin/packs/", "admin", "/admin/packs/"),
    Surface("POST", "/admin/packs/plan/", "admin", "/admin/packs/plan/", {}),
    Surface("GET", "/admin/packs/plan/<plan>/", "admin", "/admin/packs/plan/none/"),
    Surface("POST", "/admin/packs/plan/<plan>/answers/", "admin", "/admin/packs/plan/none/answers/", {"all": "keep"}),
    Surface("POST", "/admin/packs/plan/<plan>/apply/", "admin", "/admin/packs/plan/none/apply/", {"reason": "so"}),
    Surface("GET", "/admin/packs/of/<pack>/", "admin", "/admin/packs/of/none/"),
    Surface("POST", "/admin/packs/of/<pack>/switch/", "admin", "/admin/packs/of/none/switch/", {"on": "0"}),
    Surface("GET", "/admin/packs/export/", "admin", "/admin/packs/export/"),
    Surface("POST", "/admin/packs/export/", "admin", "/admin/packs/export/", {"name": "ours", "path": "role:c.x#"}),
    Surface("GET", "/admin/packs/left/", "admin", "/admin/packs/left/"),
    Surface("GET", "/admin/packs/left/export/", "admin", "/admin/packs/left/export/?pack=none&path=x"),
    Surface("POST", "/admin/packs/left/purge/", "admin", "/admin/packs/left/purge/", {"pack": "none", "records": "0"}),
    Surface("GET", "/admin/revisions/", "admin", "/admin/revisions/"),
    Surface("GET", "/admin/revisions/<revision>/", "admin", "/admin/revisions/none/"),
    Surface("POST", "/admin/revisions/<revision>/rollback/", "admin", "/admin/revisions/none/rollback/", {}),
)

ROUTES = (*API, *PAGES, *ADMIN, *DESIGN)

#: What a stranger may ask for. Static files, which are served before the application, come to these. Whoever has the
#: secret of a link in a mail may make the one decision that it stands for. A public form makes what its document names.
PUBLIC = frozenset(
    {
        "GET /healthz", "GET /sign-in", "POST /sign-in", "POST /language",
        "GET /approvals/mail/<secret>", "POST /approvals/mail/<secret>/decide",
        "GET /forms/<identifier>", "POST /forms/<identifier>",
    }
)  # fmt: skip

#: Commands need a shell on the machine and the address of the database: whoever has both is the operator.
COMMANDS = {
    "check": "reads files; touches no workspace",
    "demo": "makes a workspace of its own; refuses one that holds anything else",
    "doctor": "operator",
    "explain": "operator",
    "export": "operator",
    "import": "operator; every row goes down the one road",
    "init": "operator",
    "metadata apply": "operator; in the audit log, as the revision that it makes",
    "metadata plan": "operator; keeps the plan, puts nothing in force",
    "metadata pull": "operator; reads the workspace and writes a folder",
    "pack apply": "operator; in the audit log, as the revision that it makes",
    "pack build": "reads a folder and writes an archive; touches no workspace",
    "pack diff": "reads files; touches no workspace",
    "pack disable": "operator; in the audit log, as the revision that it makes",
    "pack doctor": "operator; reads only",
    "pack enable": "operator; in the audit log, as the revision that it makes",
    "pack explain": "operator; reads only",
    "pack export": "operator; reads the changes of the admins, writes a folder that was not there",
    "pack history": "operator; reads only",
    "pack init": "writes a folder that was not there; touches no workspace",
    "pack install": "operator; packs are checked first and hold no code",
    "pack key": "writes a file that was not there, readable by its owner alone; touches no workspace",
    "pack lint": "reads files; touches no workspace",
    "pack list": "operator",
    "pack lock": "operator; reads only",
    "pack overlay export": "operator; reads only",
    "pack overlay import": "operator; proposes, puts nothing in force",
    "pack overlay list": "operator; reads only",
    "pack overlay reset": "operator; proposes, puts nothing in force",
    "pack overlay set": "operator; proposes, puts nothing in force",
    "pack plan": "operator; keeps the plan, puts nothing in force",
    "pack purge": "operator; removes for good what was gone for 30 days, if its records are counted; in the audit log",
    "pack rollback": "operator; in the audit log, as the revision that it makes",
    "pack sign": "writes a signature into an archive; touches no workspace",
    "pack status": "operator; reads only",
    "pack test": "installs the pack in a throw-away workspace of its own; touches no other",
    "pack trust": "operator; in the audit log",
    "pack uninstall": "operator; in the audit log, as the revision that it makes; data stay",
    "pack upgrade": "operator; in the audit log, as the revision that it makes",
    "pack validate": "reads files; touches no workspace",
    "pack verify": "reads a file; touches no workspace",
    "rule list": "operator",
    "rule off": "operator; in the audit log",
    "rule on": "operator; in the audit log",
    "sequence advance": "operator; the events of the record say so",
    "sequence list": "operator; reads only",
    "sequence start": "operator; the events of the record say so",
    "sequence stop": "operator; the events of the record say so",
    "serve": "operator",
    "settings": "operator; in the audit log, as the revision that it makes",
    "simulate": "operator; reads only",
    "user add": "operator; in the audit log",
    "user list": "operator",
    "user token": "operator; in the audit log",
    "worker": "operator",
}

#: Families of events that exist from the start, and who raises them. Every other family is sent by whoever may update
#: the record that the event is about.
EVENTS = {
    "record": "a save",
    "approval": "the platform",
    "sla": "the platform",
    "deadline": "the platform",
    "timer": "a due timer",
    "score": "the platform",
    "checklist": "a tick",
    "sequence": "the platform, as rules and people ask and time passes",
    "suggestion": "a rule makes one, a person decides on it",
}

#: Kinds of jobs of a worker, and in whose name each works.
JOBS = {
    "timer": "the platform, in the scope of the rule that set the timer",
    "files": "the platform: removes uploads that no record names",
    "news": "each follower of a record, under the rights that he has when he is told",
    "import": "whoever began it, with the rights that he has when it runs",
    "reports": "each reader of a kept result, under the rights held then; shows nothing to anybody",
    "recompute": "the platform: works stored formulas out anew; shows nothing to anybody",
    "retention": "the platform: removes what is old; reads no field of a record",
}

#: Hooks of code plugins: an installed plugin is code of the operator.
HOOKS = {
    "actions": "called once; what an action sends is a message after commit, as for deliver",
    "deliver": "called with a message after commit; goes out through egress only",
    "field_types": "called once; its readers judge values before they are stored, and see no record",
    "register_pages": "called once; the pages get rows above",
}
