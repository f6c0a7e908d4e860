"""What a draft of an approval would have asked of the records of the last quarter; nothing comes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dealwright import clock, records
from dealwright.errors import DefinitionError
from dealwright.records import Change, Work, save_one
from dealwright.storage import Database
from offices import DISCOUNT, NOON, Office
from security.traces import traces

LEGAL = {
    "kind": "role",
    "id": "t.legal",
    "lang": 1,
    "title": "Legal",
    "grants": [{"entity": "t.deal", "ops": ["read"]}],
}
MANAGER, FINANCE = DISCOUNT["steps"]
DRAFT = {
    **DISCOUNT, "when": "discount > 10",
    "steps": [{**MANAGER, "when": "amount >= 2000"}, {**FINANCE, "when": "amount >= 500"},
              {"id": "legal", "title": "Legal", "when": "amount >= 500", "approvers": [{"role": "t.legal"}]}],
}  # fmt: skip


def simulated(office: Office, *documents: Any, since: str = "P90D") -> Any:
    with clock.frozen(NOON), office.workspace.database.read() as connection:
        work = Work(office.workspace, connection, office.mia)
        return records.simulate(work, documents, records.beginning(since, work.now))


def test_a_draft_tells_what_it_would_have_asked_and_where_nobody_would_have_been_found(database, tmp_path):
    office = Office(database, tmp_path, LEGAL)
    # discount and amount; what is needed now, and by the draft
    small = office.deal(discount="8", amount="5000")  # manager, finance; nothing
    middle = office.deal(discount="12", amount="600")  # manager; finance, legal
    office.deal(discount="12", amount="5000")  # manager, finance; and legal
    office.deal(discount="2", amount="5000")  # nothing, twice
    old = Change({"name": "Old", "discount": "20", "reason": "x", "amount": "100"})
    office.act(office.ann, lambda work: save_one(work, "t.deal", old), NOON - timedelta(days=91))
    before = traces(database)
    (found,) = simulated(office, DRAFT)["approvals"]
    assert traces(database) == before
    assert {name: found[name] for name in ("records", "needed", "newly", "no_longer", "changed", "same")} == {
        "records": 4, "needed": 2, "newly": 0, "no_longer": 1, "changed": 2, "same": 0,
    }  # fmt: skip
    assert [(one["step"], one["asked"], one["nobody"]) for one in found["steps"]] == [
        ("manager", 1, 0), ("finance", 2, 0), ("legal", 2, 2),
    ]  # fmt: skip
    assert [one["record"] for one in found["examples"]["no_longer"]] == [small]
    assert {"record": middle, "before": ["manager"], "after": ["finance", "legal"]} in found["examples"]["changed"]
    assert simulated(office, DRAFT)["approvals"] == [found]  # the same question, the same answer
    assert simulated(office, DISCOUNT)["approvals"] == []  # it is in force
    (new,) = simulated(office, {**DRAFT, "id": "t.other"}, since="P100D")["approvals"]
    assert (new["records"], new["newly"]) == (5, 3)


def test_a_draft_of_a_parameter_tries_the_approvals_that_read_it(sqlite_url, tmp_path):
    limit = {"kind": "parameter", "id": "t.limit", "lang": 1, "type": "percent", "title": "Limit", "default": 5}
    with Database(sqlite_url) as database:
        office = Office(database, tmp_path, limit, {**DISCOUNT, "when": "discount > param.limit"})
        office.deal(discount="8")
        office.deal(discount="12")
        (found,) = simulated(office, {**limit, "default": 10})["approvals"]
    assert (found["approval"], found["needed"], found["no_longer"], found["same"]) == ("t.discount", 1, 1, 1)


def test_a_draft_with_a_fault_is_refused_as_if_it_were_published(sqlite_url, tmp_path):
    with Database(sqlite_url) as database, pytest.raises(DefinitionError):
        simulated(Office(database, tmp_path), {**DRAFT, "when": "discont > 10"})
