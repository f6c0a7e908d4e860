"""Files in forms: taken in before the record that names them is saved, and opened from its page.

A script sends each file as soon as it is chosen; without one, files come along with the form. Either way the form holds
ids from then on, so a refused save loses nothing. What a field does not take is refused in the words of the field and
not kept.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, request, send_file, url_for

from dealwright import access, fields, records
from dealwright.errors import NotFoundError, Problem
from dealwright.fields.messages import message, sized, speaking
from dealwright.storage import files
from dealwright.web import i18n, visit
from dealwright.web.forms import editable
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from flask.typing import ResponseReturnValue
    from werkzeug.datastructures import FileStorage

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Work
    from dealwright.web.posted import Posted

#: What is added to the name of a field for files that come along with the form.
NEW = ".new"


def register(pages: Blueprint) -> None:
    """Add the addresses to the blueprint."""
    pages.add_url_rule("/files/<entity_id>/<field_id>", "upload", upload, methods=["POST"])
    pages.add_url_rule("/files/<identifier>", "file", opened)


def opened(identifier: str) -> ResponseReturnValue:
    """Return the content of a file that a record shows to the user; pictures in place, all else as a download."""
    with visit.reading() as work:
        stored, place = records.opened(work, identifier)
    response = send_file(
        place,
        mimetype=stored.type,
        as_attachment=stored.type not in records.PICTURES,
        download_name=stored.name,
        max_age=0,
    )
    # A file that a browser shows after all runs nothing and belongs to no origin.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def upload(entity_id: str, field_id: str) -> ResponseReturnValue:
    """Take one file (part ``file``) for a field: 201 with what the form shows of it, or 422 with the reason.

    Raises:
        NotFoundError: If the user's forms have no such field.
    """
    with visit.reading() as work:
        field = _field(work, entity_id, field_id)
        catalog = work.catalog
    sent = request.files.getlist("file")[:1]
    with speaking(i18n.tag()):
        for one in sent:
            value, problems = _taken(catalog, field, entity_id, one)
            if value is not None:
                shown = {"id": value["id"], "name": value["name"], "size": sized(value["size"])}
                picture = value["type"] in records.PICTURES
                return jsonify(**shown, picture=picture, href=url_for("web.file", identifier=value["id"])), 201
            return jsonify(message=" ".join(problems)), 422
    return jsonify(message=gettext("No file came; choose it again.")), 422


def _field(work: Work, entity_id: str, field_id: str) -> Field:
    held = access.rights(work.catalog, work.user, entity_id)
    entity = work.catalog.entities.get(entity_id)
    field = entity.fields.get(field_id) if entity is not None else None
    if entity is not None and field is not None and field.type in records.FILE_TYPES:
        for new, operation in ((True, "create"), (False, "update")):
            if held.allows(operation) and field_id in editable(work.catalog, work.user, entity, new=new):
                return field
    raise NotFoundError(f"there is no file field “{field_id[:80]}”")


def came(entity: Entity, inputs: Collection[str]) -> tuple[dict[str, list[Any]], list[Problem]]:
    """Take in the files that came along with the form; only outside of a reading transaction.

    Returns:
        The values by field, and what was refused.
    """
    values: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for field in _file_fields(entity, inputs):
        sent = [one for one in request.files.getlist(field.id + NEW) if one.filename]
        # Of several files for a field that holds one, the last would stay: the others are not even kept.
        for one in sent if field.spec.get("multiple") else sent[-1:]:
            value, refused = _taken(visit.catalog(), field, entity.id, one)
            if value is not None:
                values.setdefault(field.id, []).append(value)
            name = files.clean_name(one.filename or "")
            problems += [Problem(f"/{field.id}", "file-refused", f"{name}: {text}") for text in refused]
    return values, problems


def named(
    work: Work, entity: Entity, record_id: str | None, sent: Posted, arrived: Mapping[str, list[Any]]
) -> tuple[Posted, list[Problem]]:
    """Put into the data of a form what is known of the files that it names, and those that came along.

    A form names a file of its user that no record names yet, or one that the record holds already.
    """
    problems: list[Problem] = []
    data = dict(sent.data)
    mine = [field for field in _file_fields(entity, {*data, *arrived})]
    ids = {one for field in mine for one in data.get(field.id) or ()}
    known = records.waiting(work, ids) if ids else {}
    if ids - set(known) and record_id is not None:
        held = records.fetch(work, entity.id, record_id)
        known |= {one["id"]: one for field in mine for one in listed(held.get(field.id))}
    for field in mine:
        given = data.get(field.id) or []
        values = [known[one] for one in dict.fromkeys(given) if one in known] + list(arrived.get(field.id, ()))
        if any(one not in known for one in given):
            text = gettext("A file is not there any more; choose it again.")
            problems.append(Problem(f"/{field.id}", "no-such-file", text))
        data[field.id] = values if field.spec.get("multiple") else values[-1] if values else None
    return replace(sent, data=data), problems


def listed(value: Any) -> list[Any]:
    """Return the files that a field holds, one or several, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _file_fields(entity: Entity, names: Collection[str]) -> Iterator[Field]:
    return (one for one in entity.fields.values() if one.type in records.FILE_TYPES and one.id in names)


def _taken(
    catalog: Catalog, field: Field, entity_id: str, sent: FileStorage
) -> tuple[dict[str, Any] | None, list[str]]:
    """Store a file if the field takes it; return its value, or None with the reasons."""
    size = sent.stream.seek(0, os.SEEK_END)
    sent.stream.seek(0)
    head = sent.stream.read(2**16)
    sent.stream.seek(0)
    name = files.clean_name(sent.filename or "")
    if size > files.LARGEST:
        return None, [message("too-large", length=sized(size), limit=sized(files.LARGEST, limit=True))]
    told = {"id": "new", "name": name, "size": size, "type": files.type_of(head, name)}
    value = [told] if field.spec.get("multiple") else told
    _, problems = fields.read(catalog, entity_id, {field.id: value}, new=False)
    # What is wrong with the file, not with how many there are.
    refused = [one.message for one in problems if one.pointer.count("/") > 1]
    if refused:
        return None, refused
    return records.upload(visit.workspace(), visit.user(), sent.stream, name), []
