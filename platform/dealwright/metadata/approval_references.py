"""What approvals name must exist: the entity, roles, fields, steps; and each of their ways must be able to lead on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Document
    from dealwright.metadata.findings import Findings

#: Types of field that lead to people.
_PEOPLE = frozenset({"user", "team"})


def look(findings: Findings, key: tuple[str, str], document: Document) -> None:
    """Say what is wrong with the names in an approval."""
    entity = findings.entity(key, ["entity"], document["entity"])
    if "calendar" in document:
        known = {identifier: None for kind, identifier in findings.catalog.documents if kind == "calendar"}
        findings.known(key, ("calendar",), document["calendar"], known, "calendar")
    for step in document["steps"]:
        for index, entry in enumerate(step["approvers"]):
            at = ("steps", step["id"], "approvers", index)
            if "role" in entry:
                findings.known(key, (*at, "role"), entry["role"], findings.catalog.roles, "role")
            if entity is None:
                continue
            if "field" in entry:
                _leads_to_people(findings, key, (*at, "field"), entity, entry["field"])
            if "scope" in entry:
                _scope(findings, key, (*at, "scope"), entity, entry["scope"])
    _groups(findings, key, document)
    steps = {step["id"]: None for step in document["steps"]}
    for name, to in document.get("step_map", {}).items():
        findings.known(key, ("step_map",), to, steps, f"step (for “{name}”)")
    rules = document.get("rules", {})
    named = [(name, field) for name in ("restart_on", "lock_fields") for field in rules.get(name, ())]
    if entity is not None:
        for name, field in named:
            findings.field(key, ("rules", name), entity, field)


def _leads_to_people(findings: Findings, key: tuple[str, str], at: tuple[Any, ...], entity: Any, path: str) -> None:
    field = findings.end_of_path(key, at, entity, path)
    to_users = (
        field is not None and field.type in ("reference", "references") and field.to in ("base.user", "base.team")
    )
    if field is not None and field.type not in _PEOPLE and not to_users:
        findings.say(
            key, at, "wrong-type", f"“{path}” is of the type {field.type}; a user, users or a team is needed here"
        )


def _scope(findings: Findings, key: tuple[str, str], at: tuple[Any, ...], entity: Any, path: str) -> None:
    """The field at the end of a path has a namesake among the fields of a user."""
    if findings.end_of_path(key, at, entity, path) is None:
        return
    user = findings.catalog.entities.get("base.user")
    if user is not None:
        findings.known(key, at, path.rpartition(".")[2], user.all_fields(), "field of base.user")


def _groups(findings: Findings, key: tuple[str, str], document: Document) -> None:
    """Steps of one group stand together: apart they would not run side by side, whatever the author meant."""
    seen: list[str | None] = []
    for step in document["steps"]:
        group = step.get("group")
        if group is not None and group in seen and seen[-1] != group:
            message = (
                f"the steps of the group “{group}” do not stand together; put them side by side or name another group"
            )
            findings.say(key, ("steps", step["id"], "group"), "torn-apart", message)
        seen.append(group)
