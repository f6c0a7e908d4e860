"""The page of a record's team: members with their roles, progress, shared files, what was said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for

from dealwright import access, records
from dealwright.errors import ConflictError, DealwrightError, ForbiddenError, RecordError
from dealwright.fields.messages import sized, speaking
from dealwright.metadata.names import BASE
from dealwright.records import spaces
from dealwright.storage import files
from dealwright.web import forms, i18n, notices, refusals, story, visit
from dealwright.web.display import moment
from dealwright.web.drafts import resolve
from dealwright.web.forms import linked
from dealwright.web.i18n import gettext
from dealwright.web.links import links
from dealwright.web.posted import posted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Work
    from dealwright.records.spaces import Space

USER = f"{BASE}.user"
#: Token of the row by which a member is added.
_NEW = "new"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the team; ``tasks`` counts what is open for him about the record."""

    row: str
    name: str
    url: str | None
    role: str
    hue: str
    tasks: int


@dataclass(frozen=True, slots=True)
class Said:
    """A comment."""

    id: str
    who: str
    text: str
    at: str
    exact: str


@dataclass(frozen=True, slots=True)
class Shared:
    """A file that the team shares."""

    name: str
    href: str
    size: str
    who: str
    at: str
    exact: str
    picture: bool


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/<record_id>/space", "space", show)
    pages.add_url_rule("/records/<entity_id>/<record_id>/space", "space_do", do, methods=["POST"])


def show(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Show the space."""
    return _page(entity_id, record_id, None), 200


def do(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Add or remove a member, share a file, say something: as ``do`` names it; then show the space again."""
    asked = request.form.get("do", "")
    deeds = {"add": _add, "remove": _remove, "file": _file, "comment": _comment}
    try:
        with speaking(i18n.tag()):
            deeds.get(asked, _nothing)(entity_id, record_id)
    except (RecordError, ConflictError, ForbiddenError) as error:
        return _page(entity_id, record_id, error), error.status
    return redirect(url_for("web.space", entity_id=entity_id, record_id=record_id, notice="saved"), 303)


def _nothing(entity_id: str, record_id: str) -> None:
    raise ForbiddenError(gettext("This address does not take that. Go back and try from the page."))


def _add(entity_id: str, record_id: str) -> None:
    with visit.writing() as work:
        here = spaces.space(work, entity_id, record_id)
        if not here.may_invite:
            raise ForbiddenError(gettext("Your roles do not allow this. Ask an administrator for one that does."))
        inputs = request.form.copy()
        inputs.setdefault(here.field, "")  # as a form with all of its rows says that it has them
        sent = posted(work.catalog, here.entity, inputs, {here.field})
        problems, _ = resolve(work, sent)
        rows = sent.data.get(here.field) or [{}]
        person, role = str(rows[0].get("person") or ""), str(rows[0].get("role") or "")
        if problems:
            raise RecordError("the member was not added", problems)
        if not person or not role:
            raise RecordError(gettext("Choose a person and a role."))
        spaces.add_member(work, entity_id, record_id, person, role)


def _remove(entity_id: str, record_id: str) -> None:
    with visit.writing() as work:
        spaces.remove_member(work, entity_id, record_id, request.form.get("row", ""))


def _comment(entity_id: str, record_id: str) -> None:
    with visit.writing() as work:
        spaces.space(work, entity_id, record_id)
        records.comment(work, entity_id, record_id, request.form.get("text", ""))


def _file(entity_id: str, record_id: str) -> None:
    with visit.reading() as work:
        spaces.space(work, entity_id, record_id)
        access.demand(work.catalog, work.user, "create", spaces.FILE)
    sent = [one for one in request.files.getlist("file") if one.filename]
    if not sent:
        raise RecordError(gettext("No file came; choose it again."))
    for one in sent:
        stored = records.upload(visit.workspace(), visit.user(), one.stream, files.clean_name(one.filename or ""))
        with visit.writing() as work:
            spaces.share_file(work, entity_id, record_id, stored)


def _page(entity_id: str, record_id: str, refusal: DealwrightError | None) -> str:
    with visit.reading() as work, speaking(i18n.tag()):
        here = spaces.space(work, entity_id, record_id)
        entity, record = here.entity, here.record
        people = {
            str(one["created_by"]) for some in (here.comments, here.files) for one in some if one.get("created_by")
        }
        people |= {str(one["assignee"]) for one in here.tasks if one.get("assignee")}
        names = links(work, [linked(entity, record), {USER: people}])
        progress = here.as_json()["progress"]
        rights = access.rights(work.catalog, work.user, spaces.COMMENT)
        return render_template(
            "records/space.html",
            entity=entity,
            record=record,
            plural=i18n.entity_plural(work.catalog, entity),
            name=record.get(entity.display or "") or i18n.entity_title(work.catalog, entity),
            members=_members(work, here, names),
            person=_control(work, here, "person") if here.may_invite else None,
            role=_control(work, here, "role") if here.may_invite else None,
            path=story.path(work, entity, record) if "stage" in record else None,
            tasks=[_task(one, names) for one in here.tasks if one.get("status") == "open"],
            done=progress["done"],
            open=progress["open"],
            files=[_shared(one, names) for one in here.files if one.get("file")],
            comments=[_said(one, names) for one in reversed(here.comments)],
            may_comment=rights.allows("create"),
            may_share=access.rights(work.catalog, work.user, spaces.FILE).allows("create"),
            told=[*refusals.problems(refusal), refusals.told(refusal)] if refusal else (),
            notice=notices.notice(),
        )


def _name(names: Mapping[tuple[str, str], tuple[str, str | None]], identifier: Any) -> tuple[str, str | None]:
    return names.get((USER, str(identifier)), (gettext("Somebody"), None))


def _members(work: Work, here: Space, names: Mapping[tuple[str, str], tuple[str, str | None]]) -> list[Member]:
    made = []
    for field, person in here.named.items():
        who, url = _name(names, person)
        title = i18n.field_text(work.catalog, here.entity, here.entity.all_fields()[field])
        made.append(Member("", who, url, title, "gray", _open_for(here, person)))
    if not here.field:
        return made
    role = _column(here, "role")
    options = {one.id: one for one in role.options}
    for row in here.members:
        name, url = _name(names, row.get("person"))
        option = options.get(str(row.get("role")))
        title = i18n.option_title(work.catalog, here.entity, role, option, here.field) if option else ""
        hue = (option.hue if option else "") or "gray"
        made.append(Member(str(row.get("id")), name, url, title, hue, _open_for(here, row.get("person"))))
    return made


def _open_for(here: Space, person: Any) -> int:
    return sum(one.get("status") == "open" and one.get("assignee") == person for one in here.tasks)


def _column(here: Space, name: str) -> Field:
    return (here.entity.fields[here.field].items or {})[name]


def _control(work: Work, here: Space, name: str) -> Any:
    sheet = forms.Sheet(work.catalog, work.user, here.entity, {}, {}, {}, new=False)
    return forms.cell(sheet, here.entity.fields[here.field], _NEW, _column(here, name))


def _task(one: Mapping[str, Any], names: Mapping[tuple[str, str], tuple[str, str | None]]) -> dict[str, Any]:
    who = _name(names, one["assignee"])[0] if one.get("assignee") else ""
    return {"title": one.get("title"), "who": who, "due": moment(str(one["due"])) if one.get("due") else ""}


def _shared(one: Mapping[str, Any], names: Mapping[tuple[str, str], tuple[str, str | None]]) -> Shared:
    file = one["file"]
    return Shared(
        str(one.get("title") or file["name"]),
        url_for("web.file", identifier=file["id"]),
        sized(int(file["size"])),
        _name(names, one.get("created_by"))[0],
        moment(str(one["created_at"])) if one.get("created_at") else "",
        str(one.get("created_at") or ""),
        file["type"] in records.PICTURES,
    )


def _said(one: Mapping[str, Any], names: Mapping[tuple[str, str], tuple[str, str | None]]) -> Said:
    exact = str(one.get("created_at") or "")
    who = _name(names, one.get("created_by"))[0]
    return Said(str(one["id"]), who, str(one.get("text") or ""), moment(exact) if exact else "", exact)


def offered(work: Work, entity: Entity, record: Mapping[str, Any]) -> str:
    """Return the address of the space of a record, for its page; empty where the reader does not see it."""
    if spaces.team(entity, record) is None:
        return ""
    if not spaces.is_in(work, entity, record) and not access.rights(work.catalog, work.user, entity.id).allows(
        "update"
    ):
        return ""
    return url_for("web.space", entity_id=entity.id, record_id=record["id"])
