"""Plan a change of the definitions, then apply just that plan: for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from dealwright import access, pack_tests, packs, records
from dealwright.api import answers
from dealwright.errors import ForbiddenError, NotFoundError, Problem, RecordError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from dealwright.access import User
    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.plan import Compare

plans = Blueprint("plans", __name__)


@plans.post("/plan")
def plan() -> Response:
    """Say what a change would do; nothing is in force before ``POST /apply``.

    ``{"install": [ids], "uninstall": [ids], "proposals": true, "settings": {}, "since": "P30D", "tests": false,
    "downgrade": false}``;
    ``install`` names packs that are shipped or installed beside the platform, ``proposals`` (true when absent) takes up
    what administrators have proposed, ``since`` plays the past again under the new definitions, ``tests`` runs the tests of
    all packs whose folders are found on what would be in force, which takes from seconds to a minute.
    """
    given = answers.body()
    answers.known(given, "install", "uninstall", "proposals", "settings", "since", "tests", "downgrade")
    with answers.reading() as work:
        user, since = _administrator(work), None
        _check(given)
        if (before := answers.answered(work)) is not None:
            return before
        if "since" in given:
            since = records.beginning(given["since"], work.now)
    wanted = packs.Wanted(
        packs=[_source(name) for name in given.get("install", [])],
        without=given.get("uninstall", []),
        proposals=given.get("proposals", True),
        settings=given.get("settings", {}),
        downgrade=given.get("downgrade", False),
    )
    database = answers.workspace().database
    compare = _compare(user, since) if since is not None else None
    known = answers.workspace().latest()
    trial = pack_tests.trial({}, everything=True) if given.get("tests") else None
    made = packs.plan(database, wanted, by=user.id, roles=user.roles, compare=compare, known=known, trial=trial)
    response = answers.answer(made.as_json(), 201)
    if answers.keyed():  # made anew the same plan has the same id, so it does no harm to keep the answer afterwards
        with database.write() as connection:
            answers.keep(connection, user, response)
    return response


@plans.post("/apply")
def apply() -> Response:
    """Put just what a plan says in force: ``{"plan", "fingerprint", "reason"}``; refused once it is out of date.

    With an Idempotency-Key the answer commits together with the revision: sent again, it comes again.
    """
    given = answers.body()
    answers.known(given, "plan", "fingerprint", "reason")
    with answers.reading() as work:
        user = _administrator(work)
        if (before := answers.answered(work)) is not None:
            return before
    missing = [name for name in ("plan", "fingerprint") if not isinstance(given.get(name), str)]
    if missing or not isinstance(given.get("reason", ""), str):
        found = [Problem(f"/{name}", "required", f"{name} is needed, as text") for name in missing]
        raise RecordError("the call cannot be used", found)
    done = packs.apply(
        answers.workspace().database,
        given["plan"],
        given["fingerprint"],
        by=user.id,
        roles=user.roles,
        reason=given.get("reason", "")[:500],
        note=lambda connection, one: answers.keep(connection, user, _told(one)),
    )
    return _told(done)


def _told(done: packs.Installed) -> Response:
    content = {"revision": done.revision, "packs": dict(done.packs), "changes": list(done.changes)}
    warnings = [one.as_json() for one in done.warnings]
    return answers.answer(
        {**content, "unchanged": done.unchanged, "warnings": warnings, "outlook": [asdict(one) for one in done.outlook]}
    )


def _administrator(work: records.Work) -> User:
    if not access.capable(work.catalog, work.user, "admin"):
        raise ForbiddenError("changing definitions needs the capability “admin”; ask an administrator")
    return work.user


def _check(given: Mapping[str, Any]) -> None:
    forms = {
        **{"install": list, "uninstall": list, "proposals": bool, "settings": dict, "since": str},
        **{"tests": bool, "downgrade": bool},
    }
    words = {list: "a list of ids of packs", bool: "true or false", dict: "an object", str: "a text such as P30D"}
    found = [
        Problem(f"/{name}", "wrong-type", f"{name} is {words[form]}")
        for name, form in forms.items()
        if name in given and not (isinstance(given[name], form) and _are_texts(given[name]))
    ]
    if found:
        raise RecordError("the call cannot be used", found)


def _are_texts(value: Any) -> bool:
    inner = value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else ()
    return all(isinstance(one, str) for one in inner)


def _source(name: str) -> packs.PackSource:
    known = packs.find()
    if name not in known:
        raise NotFoundError(f"there is no pack “{name[:40]}” here; there are {', '.join(sorted(known))}")
    return packs.read(known[name].resolve())


def _compare(user: User, since: datetime) -> Compare:
    def compare(connection: Connection, old: Catalog, new: Catalog) -> Mapping[str, Any]:
        work = records.Work(answers.workspace(), connection, user, catalog=old)
        return records.compared(work, new, since)

    return compare
