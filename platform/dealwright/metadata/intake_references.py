"""What is wrong with intakes as such: fields that are not there, that a stranger cannot fill in, or that would be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.metadata import intakes

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Entity
    from dealwright.metadata.findings import Findings
    from dealwright.metadata.intakes import Intake


def look(findings: Findings) -> None:
    """Add a problem for each fault of each intake."""
    for one in intakes.of(findings.catalog).values():
        entity = findings.entity(("intake", one.id), ["entity"], one.entity)
        if entity is not None:
            _asked(findings, one, entity)
            _set(findings, one, entity)
            _missing(findings, one, entity)


def _asked(findings: Findings, one: Intake, entity: Entity) -> None:
    key = ("intake", one.id)
    for asked in one.fields:
        at = ("fields", asked.id, "id")
        if not findings.known(key, at, asked.id, entity.fields, f"field of {entity.id}"):
            continue
        field = entity.fields[asked.id]
        if field.type not in intakes.ASKED:
            message = (
                f"“{asked.id}” is of the type {field.type}, which a stranger cannot fill in; set it, or leave it out"
            )
            findings.say(key, at, "wrong-type", message)
        elif field.type in intakes.FILES and not one.uploads:
            message = f"“{asked.id}” holds files, and strangers send none; write “uploads”: “allowed”, or leave it out"
            findings.say(key, at, "not-permitted", message)
        elif asked.id in one.set:
            findings.say(key, ("set", asked.id), "set-and-asked", f"“{asked.id}” is asked for and set; do one of both")


def _set(findings: Findings, one: Intake, entity: Entity) -> None:
    key = ("intake", one.id)
    for name, value in one.set.items():
        if not findings.known(key, ("set", name), name, entity.fields, f"field of {entity.id}"):
            continue
        options = {option.id for option in entity.fields[name].options}
        for chosen in value if isinstance(value, list | tuple) else (value,):
            if options and isinstance(chosen, str):
                findings.known(key, ("set", name), chosen, options, f"option of {name}")


def _missing(findings: Findings, one: Intake, entity: Entity) -> None:
    """A required field that nobody gives would make each form one that cannot be sent."""
    given = {asked.id for asked in one.fields} | one.set.keys()
    for name, field in entity.fields.items():
        if field.required and name not in given and "default" not in field.spec:
            message = f"{entity.id} needs “{name}”, and the form neither asks for it nor sets it; add it to one of both"
            findings.say(("intake", one.id), ["fields"], "missing-field", message)
