"""The checklist on the page of a record."""

from __future__ import annotations

import io

from dealwright.records import Workspace
from pages import Person, lease, text


def test_what_is_to_be_done_stands_on_the_page_and_is_ticked_off_there(admin: Person, workspace: Workspace) -> None:
    made = lease(workspace, pipeline="t.brief")
    address = f"/records/t.lease/{made.id}"
    assert "To do in this stage Call the tenant Done Papers Done" in text(admin.get(address))
    answer = admin.post(f"{address}/checklist", {"id": "call", "done": "1"})
    assert answer.status_code == 422
    assert "“Call the tenant” needs a note" in text(answer)
    admin.post(f"{address}/checklist", {"id": "call", "done": "1", "note": "spoke to Li"})
    sent = {"id": "papers", "done": "1", "file": (io.BytesIO(b"%PDF-1.7"), "signed.pdf")}
    assert admin.post(f"{address}/checklist", sent).location == f"{address}?notice=saved"
    page = text(admin.get(address))
    assert "Call the tenant spoke to Li Take back" in page
    assert "Papers signed.pdf Take back" in page
    assert "ticked off something to do" in page
    admin.post(f"{address}/checklist", {"id": "call", "done": "0"})
    assert "took something to do back" in text(admin.get(address))


def test_who_may_not_see_the_record_ticks_nothing(guest: Person, workspace: Workspace) -> None:
    made = lease(workspace, pipeline="t.brief")
    assert (
        guest.post(f"/records/t.lease/{made.id}/checklist", {"id": "call", "done": "1", "note": "x"}).status_code == 404
    )
