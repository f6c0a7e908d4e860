"""What is wrong with views as such; the conditions of their sections are looked at elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.metadata import views
from dealwright.metadata.findings import COMPUTED
from dealwright.metadata.names import namespace_of
from dealwright.metadata.views import NOT_IN_A_CELL, SORTABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.metadata.findings import Findings
    from dealwright.metadata.views import View


def look(findings: Findings) -> None:
    """Add a problem for each fault of each view."""
    for found in views.of(findings.catalog).values():
        for view in found:
            _view(findings, view)
        _one_for_each(findings, found)


def _view(findings: Findings, view: View) -> None:
    key = ("view", view.id)
    entity = findings.entity(key, ["entity"], view.entity)
    for index, role in enumerate(view.document.get("roles", ())):
        findings.known(key, ["roles", index], role, findings.catalog.roles, "role")
    tabs, sections = {one.id for one in view.tabs}, {one.id for one in view.blocks}
    for block in view.blocks:
        if block.tab:
            findings.known(key, ["sections", block.id, "tab"], block.tab, tabs, "tab of this view")
    if entity is None:
        return
    _stages(findings, view, entity)
    for name, place in view.places.items():
        findings.field(key, ["fields", name], entity, name)
        if place.section is not None:
            findings.known(key, ["fields", name, "under"], place.section, sections, "section of this view")
    _list(findings, view, entity)
    for name, field in entity.fields.items():
        open_ = field.required and field.type not in COMPUTED and "default" not in field.spec
        if open_ and not view.shows(name, "form"):
            message = f"“{name}” is required and has no default, and nobody can fill it in here; show it on forms"
            findings.say(
                key, ["fields", name, "show"] if name in view.places else ["others"], "hides-required", message
            )


def _stages(findings: Findings, view: View, entity: Entity) -> None:
    key = ("view", view.id)
    if view.stages and not entity.pipelines:
        message = f"{entity.id} has no pipeline, so no record of it is in a stage"
        findings.say(key, ["stages"], "no-pipeline", message)
        return
    known = {stage for one in entity.pipelines for stage in findings.catalog.pipelines[one].stages}
    for index, stage in enumerate(view.document.get("stages", ())):
        findings.known(key, ["stages", index], stage, known, f"stage of {entity.id}")


def _list(findings: Findings, view: View, entity: Entity) -> None:
    key = ("view", view.id)
    for index, name in enumerate(view.columns):
        field = findings.field(key, ["list", "columns", index], entity, name)
        if field is not None and (field.type in NOT_IN_A_CELL or field.spec.get("sensitivity") == "secret"):
            what = "is secret" if field.spec.get("sensitivity") == "secret" else f"is of the type {field.type}"
            message = f"“{name}” {what}; it cannot be shown in a cell of a list"
            findings.say(key, ["list", "columns", index], "wrong-type", message)
    if view.sort:
        name = view.sort.removeprefix("-")
        field = findings.field(key, ["list", "sort"], entity, name)
        if field is not None and field.type not in SORTABLE:
            message = f"“{name}” is of the type {field.type}; a list cannot be ordered by it"
            findings.say(key, ["list", "sort"], "wrong-type", message)


def _one_for_each(findings: Findings, found: Sequence[View]) -> None:
    """Refuse two views of one pack for the same people and stages: nobody could say which of them holds."""
    seen: dict[object, str] = {}
    for view in found:
        if view.roles == frozenset():
            continue
        audience = (namespace_of(view.id), view.roles, view.stages)
        if audience in seen:
            message = f"“{seen[audience]}” is for the same people and stages; say by roles or stages whom each is for"
            findings.say(("view", view.id), ["entity"], "same-audience", message)
        seen.setdefault(audience, view.id)
