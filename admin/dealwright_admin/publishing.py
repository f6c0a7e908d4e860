"""Publishing a draft: what it would do, in words, and then just that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for

from dealwright import pack_tests, packs, records
from dealwright.errors import ConflictError, DealwrightError, NotFoundError
from dealwright.metadata.pointers import steps
from dealwright.packs import drafts
from dealwright.storage import drafts as stored
from dealwright.storage import misfits, plans
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, noted, opened

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.drafts import Opened
    from dealwright.packs.plan import Compare

#: How far back decisions are played again, of those that can be chosen.
PERIODS: Final = ("P7D", "P30D", "P90D")
#: Kinds of definitions that decide something, so that a plan plays the past again without being asked.
_DECIDE: Final = frozenset({"rule", "approval", "score", "pipeline", "parameter"})
#: Lines of a plan that the changes of the draft say already.
_SAID: Final = frozenset({"SET", "CHANGE", "ADD", "MODIFY", "KEPT", "RESET", "LOOK"})
#: Action of a line of a plan to the part of the page that tells it.
_GROUPS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("INSTALL", "UPGRADE", "DOWNGRADE", "UNINSTALL"), "packs"),
    **dict.fromkeys(("SET", "CHANGE", "RESET", "KEPT", "CONVERGED", "REVIEW", "TIGHTENED", "MOVED", "PARKED"), "mine"),
    **{"DATA": "records", "IN_FLIGHT": "flight", "PERMISSION": "permissions", "STORAGE": "storage", "TEST": "tests"},
}
#: What a plan says of a test that fails, and of all tests of a pack (``pack_tests.trial``).
_FAILS: Final = re.compile(r"“(.*?)” fails: (.*)\Z", re.DOTALL)
_PASS: Final = re.compile(r"(\d+) of (\d+) tests pass\Z")


class Publishing(DraftPage):
    """From a draft to a revision."""

    part = "publish"

    @exposed("/<draft>/plan/", methods=("POST",))
    def plan_view(self, draft: str) -> ResponseReturnValue:
        """Work out what the draft would do, and keep it.

        The tests of packs in force run with it; those of shipped packs only where they are asked for.
        """
        found = opened(draft)
        drafts.demand_open(found)
        since = request.form.get("since", "")
        kinds = {one.path.partition(":")[0] for one in found.changes}
        if not since and kinds & _DECIDE:
            since = "P30D"
        user = visit.user()
        made = packs.plan(
            visit.workspace().database,
            drafts.wanted(found),
            by=user.id,
            roles=user.roles,
            compare=_compare(since) if since in PERIODS else None,
            known=visit.workspace().latest(),
            trial=pack_tests.trial({}, everything=True, released=request.form.get("tests") == "all"),
        )
        with visit.workspace().database.write() as connection:
            stored.planned(connection, draft, made.id)
        return redirect(url_for("admin_draft_publishing.publish_view", draft=draft), 303)

    @exposed("/<draft>/publish/", methods=("GET", "POST"))
    def publish_view(self, draft: str) -> ResponseReturnValue:
        """Show the plan that was made last, or put just that in force."""
        if request.method == "GET":
            return self._page(opened(draft), None), 200
        found = opened(draft)
        try:
            drafts.demand_open(found)
            if drafts.conflicts(found):
                raise ConflictError(
                    gettext("Other definitions were put in force meanwhile. Decide the conflicts first.")
                )
            if found.draft.planned != found.draft.version or request.form.get("plan") != found.draft.plan:
                raise ConflictError(
                    gettext("The draft was changed after this plan was made. Look at the new plan first.")
                )
            reason = request.form.get("reason", "").strip()[:500]
            if not reason:
                raise ConflictError(gettext("Say why: the history shows it to others."))
            done = packs.apply(
                visit.workspace().database,
                str(found.draft.plan),
                request.form.get("fingerprint"),
                by=visit.user().id,
                roles=visit.user().roles,
                reason=reason,
            )
        except DealwrightError as error:
            return self._page(found, error), error.status
        with visit.workspace().database.write() as connection:
            drafts.close(connection, found, "published", by=visit.user().id, revision=done.revision)
            noted(connection, "draft.published", draft, {"title": found.draft.title, "revision": done.revision})
        return redirect(url_for("admin_revisions.revision_view", revision=done.revision, notice="published"), 303)

    def _page(self, found: Opened, refusal: DealwrightError | None) -> str:
        plan, decisions = None, []
        with visit.workspace().database.read() as connection:
            if found.draft.plan is not None and found.draft.planned == found.draft.version:
                try:
                    plan = plans.get(connection, found.draft.plan)
                except NotFoundError:
                    plan = None
            stale = plan is not None and plan.before != found.before.revision
            touched = _touched(connection, visit.catalog(), found)
        lines = [line(found.catalog, one) for one in (plan.body["actions"] if plan is not None else ())]
        if plan is not None:
            decisions = decided(found.catalog, plan.body.get("decision_diff") or {})
        return self.shown(
            "publish.html",
            found,
            plan=plan if not stale else None,
            told=words.changes(found),
            lines=[one for one in lines if one is not None],
            touched=touched,
            decisions=decisions,
            played=plan is not None and "decision_diff" in plan.body,
            periods=[(one, period(one)) for one in PERIODS],
            refusal=refusal,
            reason=request.form.get("reason", ""),
            words=words,
        )


def _compare(since: str) -> Compare:
    def compare(connection: Connection, old: Catalog, new: Catalog) -> Mapping[str, Any]:
        work = records.Work(visit.workspace(), connection, visit.user(), catalog=old)
        return {"since": since, **records.compared(work, new, records.beginning(since, work.now))}

    return compare


def period(text: str) -> str:
    """Return a period in words."""
    return gettext("the last %(n)s days", n=text.strip("PD"))


def _touched(connection: Connection, catalog: Catalog, found: Opened) -> list[tuple[str, int]]:
    """Return the entities whose records are touched, with how many records they have."""
    about = set()
    for one in found.changes:
        kind, _, identifier = one.path.partition("#")[0].partition(":")
        document = found.examined.folded.documents.get((kind, identifier), {})
        about.add(identifier if kind == "entity" else str(document.get("entity", "")))
    return [
        (words.document(found.catalog, "entity", one), misfits.records(connection, catalog, one))
        for one in sorted(about & catalog.entities.keys())
    ]


def line(catalog: Catalog, one: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any] | None:
    """Return a line of a plan in words.

    Args:
        catalog: Whose titles are told.
        one: The line as JSON.
        whole: Whether all of it is told; else None for what the changes of a draft say already.
    """
    action, risk, count = one["action"], one["risk"], one.get("count")
    if (action == "LOOK" and risk == "safe") or (not whole and action in _SAID and risk == "safe"):
        return None
    head, _, inner = one["path"].partition("#")
    kind, colon, identifier = head.partition(":")
    about = one["path"]
    if colon and kind not in ("table", "pack", "release"):
        what = words.place(catalog, kind, identifier, steps(inner))
        about = words.document(catalog, kind, identifier) + (f" · {what}" if what else "")
    if kind == "pack" and identifier in catalog.packs:
        about = i18n.pack_title(catalog.packs[identifier])
    elif kind == "pack":
        about = identifier
    elif action == "TEST" and (name := about.partition("/")[0]) in catalog.packs:
        about = i18n.pack_title(catalog.packs[name])
    group = "blocked" if action in ("PROBLEM", "BLOCKED") or risk == "blocked" else _GROUPS.get(action, "others")
    return {"group": group, "about": about, "text": _told(one, count), "risk": risk, "count": count}


def _told(one: Mapping[str, Any], count: int | None) -> str:
    """Return what a line says in the page's language, where we have words for it; else its own."""
    path, action = one["path"], one["action"]
    if action == "DATA" and count is not None and (path.endswith("/required") or "required field" in one["detail"]):
        return gettext("%(n)s records have nothing in it yet; they ask for it at their next save", n=count)
    if action == "IN_FLIGHT" and path.startswith("approval:") and count is not None:
        return gettext("%(n)s approvals are open; %(detail)s", n=count, detail=one["detail"])
    if action == "REMOVE" and one["risk"] == "destructive":
        return gettext("Goes from forms and lists; the values stay and come back when it is restored")
    if action == "TEST" and (tried := _FAILS.match(one["detail"])) is not None:
        return gettext("The test “%(name)s” fails: %(because)s", name=tried[1], because=tried[2])
    if action == "TEST" and (tried := _PASS.match(one["detail"])) is not None:
        return gettext("%(n)s of %(of)s tests pass", n=tried[1], of=tried[2])
    return str(one["detail"])


def decided(catalog: Catalog, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what would have been decided otherwise, one entry for each definition that decides."""
    told = []
    for one in found.get("approvals", ()):
        told.append(
            {
                "title": words.document(catalog, "approval", one["approval"]),
                "kind": words.kind("approval"),
                "parts": [
                    gettext("of %(n)s records, %(of)s would need it", n=one["records"], of=one["needed"]),
                    *([gettext("%(n)s newly", n=one["newly"])] if one["newly"] else []),
                    *([gettext("%(n)s no longer", n=one["no_longer"])] if one["no_longer"] else []),
                    *(
                        gettext("“%(step)s” would find nobody for %(n)s", step=step["title"], n=step["nobody"])
                        for step in one["steps"]
                        if step["nobody"]
                    ),
                ],
            }
        )
    for one in found.get("scores", ()):
        moves = [
            gettext(
                "moves %(n)s of %(of)s records from %(a)s to %(b)s",
                n=move["records"],
                of=one["records"],
                a=move["from"] or gettext("none"),
                b=move["to"] or gettext("none"),
            )
            for move in one["moves"]
        ]
        other = gettext("%(n)s of %(of)s records have another score", n=one["changed"], of=one["records"])
        told.append(_said_of(catalog, "score", one["score"], moves or [other]))
    for one in found.get("rules", ()):
        told.append(_said_of(catalog, "rule", one["rule"], _counted(one)))
    for one in found.get("pipelines", ()):
        told.append(_said_of(catalog, "pipeline", str(one.get("pipeline", "")), _counted(one)))
    return told


def _said_of(catalog: Catalog, kind: str, identifier: str, parts: list[str]) -> dict[str, Any]:
    return {"title": words.document(catalog, kind, identifier), "kind": words.kind(kind), "parts": parts}


def _counted(one: Mapping[str, Any]) -> list[str]:
    """Return what a rule or a gate would have done otherwise, in words."""
    said = {
        "newly": gettext("%(n)s newly", n=one.get("newly", 0)),
        "no_longer": gettext("%(n)s no longer", n=one.get("no_longer", 0)),
        "changed": gettext("%(n)s otherwise", n=one.get("changed", 0)),
    }
    found = [text for key, text in said.items() if one.get(key)]
    return found or [gettext("nothing otherwise")]
