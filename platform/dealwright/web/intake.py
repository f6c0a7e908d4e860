"""Public forms: a stranger fills in what an intake asks for, and a record comes down the one road.

    GET  /forms/<id>   the form, without scripts, also inside the pages of the hosts that the intake names
    POST /forms/<id>   a record, made in the role of the intake; or the form again, with every problem

Against programs that send forms: an input that people do not see; a token that is signed, older than a few seconds and
younger than half a day, and good for one record; and a number of forms that one address may send within an hour, counted
in a row that all processes share. What they send is never stored. Who is known already is thanked like anybody else, and
what he sent becomes a task for a person to look at. Nothing here reads the session: who is signed in is a stranger here
too, so no site can use it.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, current_app, g, make_response, render_template, request, url_for

from dealwright import clock
from dealwright.access import User, attempts
from dealwright.access.rates import Buckets, Rate
from dealwright.errors import ConflictError, NotFoundError, Problem, RateLimitedError, RecordError
from dealwright.fields.messages import message, speaking
from dealwright.metadata import intakes
from dealwright.records import Change, Work, road, submissions
from dealwright.storage import accounts, idempotency, keys
from dealwright.web import csp, forms, i18n, refusals, uploads, visit
from dealwright.web.drafts import look
from dealwright.web.i18n import gettext
from dealwright.web.posted import Posted, posted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.intakes import Intake

#: Name of the input that people do not see, and of the token.
HONEY, TOKEN = "website_2", "token"
#: Seconds within which no person fills a form in, and after which a token is too old.
QUICKEST, OLDEST = 3, 12 * 3600


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/forms/<identifier>", "intake", show)
    pages.add_url_rule("/forms/<identifier>", "intake_send", send, methods=["POST"])


def begin() -> None:
    """Begin a request to a form: everybody is a stranger, and the language may stand in the address."""
    with visit.workspace().database.read() as connection:
        g.catalog = visit.workspace().catalog(connection)
    g.user = None
    asked = request.args.get("lang", "")
    if asked in i18n.LOCALES:
        g.locale_tag = asked


def show(identifier: str) -> ResponseReturnValue:
    """Show the form."""
    one = _intake(identifier)
    if not one.open:
        return _answer(one, 410, closed=True)
    with _reading(one) as work, speaking(i18n.tag()):
        return _answer(one, 200, work=work)


def send(identifier: str) -> ResponseReturnValue:
    """Take a form that was sent."""
    one = _intake(identifier)
    if not one.open:
        return _answer(one, 410, closed=True)
    try:
        _buckets().take(
            f"{one.id} {attempts.origin(visit.address())}", Rate("forms", one.per_hour / 3600, one.per_hour)
        )
    except RateLimitedError as error:
        return _too_many(one, error)
    if request.form.get(HONEY):
        return _answer(one, 200, thanks=True)  # a program: it learns nothing, and nothing is kept
    with _reading(one) as work, speaking(i18n.tag()):
        sent = _sent(work, one)
        token = request.form.get(TOKEN, "")
        if not _fresh(one, token):
            told = gettext("Please look it over once more and send it again.")
            return _answer(one, 422, work=work, sent=sent, told=told)
        problems = submissions.told([*_wanted(work, one, sent), *_look(work, one, sent).problems])
        if problems:
            return _answer(one, 422, work=work, sent=sent, problems=problems)
    return _take(one, sent, token)


def _take(one: Intake, sent: Posted, token: str) -> Response:
    entity = visit.catalog().entity(one.entity)
    with speaking(i18n.tag()):
        g.user = _stranger(one)  # files belong to nobody, and only this record will name them
        arrived, refused = uploads.came(entity, {asked.id for asked in one.fields})
        g.user = None
        problems: Sequence[Problem] = refused
        if not refused:
            values = {
                name: found if entity.fields[name].spec.get("multiple") else found[-1]
                for name, found in arrived.items()
            }
            try:
                _make(one, token, lambda work: _record(work, one, {**sent.data, **values}))
                return _answer(one, 200, thanks=True)
            except RateLimitedError as error:
                return _too_many(one, error)
            except (RecordError, ConflictError) as error:
                if submissions.only_there_already(error.problems):
                    names = [str(upload["name"]) for some in arrived.values() for upload in some]
                    _make(one, token, lambda work: _kept(work, one, sent, names))
                    return _answer(one, 200, thanks=True)
                problems = submissions.told(error.problems) or [Problem("", error.code, refusals.told(error))]
        with _reading(one) as work:
            return _answer(one, 422, work=work, sent=sent, problems=problems)


def _make(one: Intake, token: str, make: Callable[[Work], object]) -> None:
    """Make something of a form, once for its token, and count it for the network that it came from.

    Raises:
        RateLimitedError: If that network has sent as many as the intake takes, through whatever process.
    """
    now = clock.now()
    with visit.workspace().database.write() as connection:
        if idempotency.begin(connection, one.role, token, "", now).state == "new":
            key = f"form:{one.id}:{attempts.origin(visit.address())}"
            attempts.spend(connection, key, one.per_hour, timedelta(hours=1), now)
            make(Work(visit.workspace(), connection, _stranger(one), address=visit.address()))
            idempotency.finish(connection, one.role, token, 201, None)


def _record(work: Work, one: Intake, values: Mapping[str, Any]) -> None:
    road.save_one(work, one.entity, Change({**values, **_assigned(work, one)}))


def _kept(work: Work, one: Intake, sent: Posted, files: Sequence[str]) -> None:
    """Keep what was sent for a person to look at: there is a record like it, which is nothing to tell a stranger."""
    submissions.keep(work, one.entity, one.title, sent.data, _assigned(work, one), files)


def _too_many(one: Intake, error: RateLimitedError) -> Response:
    with _reading(one) as work, speaking(i18n.tag()):
        told = gettext("Too many forms came from your network. What you wrote is still here; send it later.")
        response = _answer(one, 429, work=work, sent=_sent(work, one), told=told)
        response.headers["Retry-After"] = str(error.retry_after)
        return response


def _intake(identifier: str) -> Intake:
    found = intakes.of(visit.catalog()).get(identifier)
    if found is None:
        raise NotFoundError(f"there is no form “{identifier[:80]}”")
    return found


def _stranger(one: Intake) -> User:
    return User(id=None, email="", name=one.title, roles=(one.role,), by="intake")


def _reading(one: Intake) -> Any:
    g.stranger = _stranger(one)
    return visit.reading_as(g.stranger)


def _sent(work: Work, one: Intake) -> Posted:
    entity = work.catalog.entity(one.entity)
    names = {asked.id for asked in one.fields if entity.fields[asked.id].type not in intakes.FILES}
    return posted(work.catalog, entity, request.form, names)


def _look(work: Work, one: Intake, sent: Posted) -> Any:
    return look(work, work.catalog.entity(one.entity), {**sent.data, **one.set}, None)


def _wanted(work: Work, one: Intake, sent: Posted) -> list[Problem]:
    """Return a problem for each field that the form asks for although the entity does not."""
    fields = work.catalog.entity(one.entity).fields
    missing = [
        asked.id
        for asked in one.fields
        if asked.required and not fields[asked.id].required and fields[asked.id].type not in intakes.FILES
        if sent.data.get(asked.id) in (None, "", [], {}, False)
    ]
    return [Problem(f"/{name}", "required", message("required")) for name in missing]


def _assigned(work: Work, one: Intake) -> Mapping[str, Any]:
    """Return what the record is given beside what was asked for: constants, and whose it is."""
    found: dict[str, Any] = dict(one.set)
    if one.owner and (account := accounts.by_email(work.connection, one.owner.casefold())) is not None:
        found["owner"] = account.user
    if one.team and (team := accounts.team_named(work.connection, work.catalog, one.team)) is not None:
        found["team"] = team
    return found


def _answer(
    one: Intake,
    status: int,
    *,
    work: Work | None = None,
    sent: Posted | None = None,
    problems: Sequence[Problem] = (),
    told: str = "",
    thanks: bool = False,
    closed: bool = False,
) -> Response:
    catalog = visit.catalog()
    controls: tuple[Any, ...] = ()
    if work is not None:
        controls = _controls(work, one, sent or Posted({}, (), {}), problems)
    pointed = {f"/{asked.id}" for asked in one.fields}
    page = render_template(
        "intake.html",
        one=one,
        tag=i18n.tag(),
        title=i18n.text(catalog, "intake", one.id, "/title", one.title),
        text=i18n.text(catalog, "intake", one.id, "/text", one.text) if one.text else "",
        message=i18n.text(catalog, "intake", one.id, "/message", one.message) if one.message else "",
        controls=controls,
        others=[problem.message for problem in problems if problem.pointer not in pointed],
        told=told,
        thanks=thanks,
        closed=closed,
        failed=bool(problems),
        token=_token(one) if work is not None else "",
        token_name=TOKEN,
        honey=HONEY,
        with_files=any(control.files for control in controls),
        action=url_for("web.intake_send", identifier=one.id, lang=request.args.get("lang") or None),
    )
    response = make_response(page, status)
    csp.framed(response, one.hosts)
    return response


def _controls(work: Work, one: Intake, sent: Posted, problems: Sequence[Problem]) -> tuple[Any, ...]:
    entity = work.catalog.entity(one.entity)
    found = _look(work, one, sent)
    sheet = forms.Sheet(
        catalog=work.catalog,
        user=g.stranger,
        entity=entity,
        record={**found.record, **sent.data},
        states=found.states,
        titles={},
        new=True,
        problems=problems,
    )
    made = []
    for asked in one.fields:
        drawn = forms.control(sheet, entity.fields[asked.id])
        if not drawn.visible:
            continue
        texts = {
            name: i18n.text(work.catalog, "intake", one.id, f"/fields/{asked.id}/{key}", given)
            for name, key, given in (("title", "title", asked.title), ("help", "description", asked.description))
            if given
        }
        made.append(replace(drawn, required=drawn.required or asked.required, placeholder="", **cast("Any", texts)))
    return tuple(made)


def _token(one: Intake) -> str:
    made = f"{int(clock.now().timestamp())}.{clock.secret()[:22]}"
    return f"{made}.{_signed(one, made)}"


def _signed(one: Intake, text: str) -> str:
    return hmac.new(_key().encode(), f"{one.id} {text}".encode(), sha256).hexdigest()


def _key() -> str:
    """Return the workspace's key for tokens; the process asks for it once."""
    workspace = visit.workspace()
    known: dict[Any, str] = current_app.extensions.setdefault("dealwright.intake", {})
    if workspace not in known:
        with workspace.database.read() as connection:
            found = keys.of(connection, "intake")
        known.clear()
        known[workspace] = found or keys.made(workspace.database, "intake")
    return known[workspace]


def _fresh(one: Intake, token: str) -> bool:
    """Tell whether a token is ours, for this form, and of an age at which people send."""
    text, _, signature = token.rpartition(".")
    begun, _, _ = text.partition(".")
    if not hmac.compare_digest(signature.encode(), _signed(one, text).encode()) or not begun.isdecimal():
        return False
    return QUICKEST <= clock.now().timestamp() - int(begun) <= OLDEST


def _buckets() -> Buckets:
    return cast("Buckets", current_app.extensions.setdefault("dealwright.intake_limits", Buckets()))
