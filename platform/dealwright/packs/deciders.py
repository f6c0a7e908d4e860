"""What should be looked at when approvals are put in force in a workspace with people: who could decide nothing at all.

None of it keeps definitions from being put in force. The codes never change.

    step-without-people    nobody who can sign in has the roles of a step, or is the person that it names
    quorum-above-people    a step needs more people than there are; all of those there are would do
    dead-step              the condition of a step never holds, whatever the record
    mail-without-address   mails should have links, and the workspace does not say where it is opened
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import conditions
from dealwright.errors import Problem
from dealwright.metadata.approvals import of
from dealwright.metadata.names import namespace_of
from dealwright.storage import people

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.metadata.approvals import Approval, Step
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection


_ADDRESS = "mails have no link to decide by until it is known where people open this workspace; set “address”"


def warnings(connection: Connection, catalog: Catalog) -> list[Problem]:
    """Return what should be looked at; ``source`` of each is ``approval:<id>``, pointers lead into the document.

    A workspace in which nobody can sign in yet is not asked for people.
    """
    definitions = of(catalog)
    somebody = bool(definitions) and bool(people.everybody(connection))
    found = [
        Problem("/email", "mail-without-address", _ADDRESS, f"approval:{approval.id}")
        for approval in definitions.values()
        if approval.email == "decide" and not catalog.settings.get("address")
    ]
    return found + [
        Problem(f"/steps/{index}{at}", code, message, f"approval:{approval.id}")
        for approval in definitions.values()
        for index, step in enumerate(approval.steps.values())
        for at, code, message in _of(connection, catalog, approval, step, somebody=somebody)
    ]


def _of(
    connection: Connection, catalog: Catalog, approval: Approval, step: Step, *, somebody: bool
) -> Iterator[tuple[str, str, str]]:
    if step.when is not None:
        condition = conditions.of(catalog, approval.entity, step.when, "gate", namespace=namespace_of(approval.id))
        if not condition.names and not condition.paths and condition.evaluate({}) is not True:
            yield "/when", "dead-step", f"the condition of “{step.id}” never holds; mend it, or remove the step"
    if not somebody or any(entry.way not in ("role", "user") for entry in step.approvers):
        return  # who decides follows from the record
    named: set[str] = set()
    for entry in step.approvers:
        named.update(people.with_role(connection, entry.value) if entry.way == "role" else [entry.value])
    found = len(people.of_ids(connection, catalog, named))
    if not found:
        message = f"nobody can decide “{step.id}”; give somebody one of its roles"
        yield "/approvers", "step-without-people", message
    elif step.need.kind == "count" and step.need.number > found:
        message = f"“{step.id}” needs {step.need.number} people, and there are {found}; these would do"
        yield "/need", "quorum-above-people", message
