"""Comments and files beside the decisions of an approval: by those who have to do with it, for those who may hear it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from dealwright import records
from dealwright.errors import ConflictError, NotFoundError, RecordError
from dealwright.records import approval_notes, approval_views, approving
from offices import Office

PDF = b"%PDF-1.7\n"


@pytest.fixture
def office(database, tmp_path) -> Office:
    return Office(database, tmp_path)


def test_who_has_to_do_with_an_approval_comments_and_shows_files_and_the_others_are_told(office):
    one = office.asked(office.deal())
    quote = records.upload(office.workspace, office.ann, io.BytesIO(PDF), "Quote.pdf")

    def note(user: Any, **what: Any) -> Any:
        return office.act(user, lambda work: approval_notes.add(work, one, **what))

    def notes(user: Any) -> list[tuple[str, Any, Any]]:
        shown = office.act(user, lambda work: approval_views.one(work, one))["notes"]
        return [(n["name"], n["text"], n["file"] and n["file"]["name"]) for n in shown]

    def opens(user: Any) -> bool:
        try:
            return bool(office.act(user, lambda work: records.opened(work, quote["id"])))
        except NotFoundError:
            return False

    note(office.ann, text=" The margin is in the quote ", file=quote["id"])
    note(office.mia, text="Which year?")
    assert notes(office.ann) == [
        ("Ann", "The margin is in the quote", "Quote.pdf"),
        ("Mia", "Which year?", None),
    ]
    assert office.notices(office.mia)[-1] == "New comment: Discount for Lift"
    assert office.notices(office.ann) == ["New comment: Discount for Lift"]
    # Fay reads deals without their margin, and is not asked yet: she may see all that the approval is about.
    assert [text for _, text, _ in notes(office.fay)] == ["The margin is in the quote", "Which year?"]
    assert (opens(office.ann), opens(office.mia), opens(office.fay), opens(office.guest)) == (True, True, True, False)

    for user, what, error in (
        (office.fay, {"text": "hello"}, NotFoundError),  # her turn has not come
        (office.guest, {"text": "hello"}, NotFoundError),
        (office.ann, {"text": "  "}, RecordError),
        (office.ann, {"text": "x" * 5001}, RecordError),
        (office.ann, {"file": quote["id"]}, RecordError),  # it belongs to the record already
        (office.mia, {"file": "nothing"}, RecordError),
    ):
        with pytest.raises(error):
            note(user, **what)
    office.act(office.ann, lambda work: approving.recall(work, one))
    with pytest.raises(ConflictError, match="say it on the record"):
        note(office.ann, text="too late")
    assert len(notes(office.ann)) == 2
