"""Files: ``/api/v1/files``."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_file

from dealwright import records
from dealwright.api import answers
from dealwright.errors import Problem, QueryError, RecordError

files = Blueprint("files", __name__)


@files.post("/files")
def upload() -> Response:
    """Take one file (``multipart/form-data``, part ``file``); 201 with the value that a record's field takes."""
    with answers.reading() as work:
        user = work.user
    if request.mimetype != "multipart/form-data":
        raise QueryError(f"the body is “{request.mimetype or 'of no type'}”; send it as multipart/form-data")
    sent = request.files.getlist("file")
    if len(sent) != 1:
        text = f"{len(sent)} parts are named “file”; send one file"
        raise RecordError("the file was not taken", [Problem("/file", "required", text)])
    stored = records.upload(answers.workspace(), user, sent[0].stream, sent[0].filename or "")
    return answers.answer(stored, 201, Location=f"/api/v1/files/{stored['id']}")


@files.get("/files/<identifier>")
def download(identifier: str) -> Response:
    """Return the content of a file that the caller may see; only images are ever shown in place."""
    answers.only_known()
    with answers.reading() as work:
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
