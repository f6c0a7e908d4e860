"""Pipelines: effective documents become frozen objects, and what they name is looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import canonical
from dealwright.metadata.definitions import Document, Gate, Item, Pipeline, Stage
from dealwright.metadata.findings import COMPUTED
from dealwright.metadata.pointers import path

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Entity
    from dealwright.metadata.findings import Findings
    from dealwright.metadata.fold import Folded

#: Types of field that can hold a probability.
_NUMBERS: Final = frozenset({"percent", "decimal", "integer"})
#: Types of field that can hold a reason.
_TEXTS: Final = frozenset({"text", "long_text", "rich_text", "select"})
_ALL: Final = Decimal(100)
_Key = tuple[str, str]


def of(folded: Folded, identifier: str) -> Pipeline:
    """Return a pipeline of the folded documents."""
    return pipeline(folded.documents["pipeline", identifier], folded.owners["pipeline", identifier])


def pipeline(document: Document, layer: str, texts: Mapping[str, Mapping[str, str]] | None = None) -> Pipeline:
    """Return a pipeline from its whole effective document.

    Args:
        document: As it is, or was, in force.
        layer: Id of the pack that defined it.
        texts: Its translations, for a version that is not in force any more.
    """
    audience = document.get("audience", {})
    return Pipeline(
        id=document["id"],
        title=document["title"],
        entity=document["entity"],
        version=document["version"],
        stages=MappingProxyType({one["id"]: _stage(one) for one in document["stages"]}),
        start=document["start"],
        layer=layer,
        document=MappingProxyType(dict(document)),
        intake=document.get("intake", "open"),
        applies_when=document.get("applies_when"),
        priority=document.get("priority", 500),
        probability_field=document.get("probability_field"),
        reason_field=document.get("reason_field", "lost_reason"),
        in_flight=document.get("in_flight", "finish"),
        stage_map=MappingProxyType(dict(document.get("stage_map", {}))),
        extends=document.get("extends"),
        teams=tuple(audience["teams"]) if "teams" in audience else None,
        share=Decimal(audience["share"]) if "share" in audience else None,
        texts=texts,
    )


def kept(one: Pipeline, translations: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return what has to be stored of a version so that its records can finish on it when it is not in force any more."""
    texts = one.texts
    if texts is None:
        start, other = path("pipeline", one.id, ()), path("pipeline", one.family, ())
        own = {locale: _own_texts(found, start, other) for locale, found in translations.items()}
        texts = {locale: found for locale, found in own.items() if found}
    return {"document": canonical.plain(one.document), "layer": one.layer, "texts": canonical.plain(texts)}


def _own_texts(found: Mapping[str, str], start: str, other: str) -> dict[str, str]:
    """Return the texts under ``start``; what has none there is called as under ``other``."""
    inherited = {start + at.removeprefix(other): text for at, text in found.items() if at.startswith(other)}
    return inherited | {at: text for at, text in found.items() if at.startswith(start)}


def versions(stored: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Pipeline]:
    """Return the versions that were stored (:func:`kept`) by id and version."""
    found = (pipeline(one["document"], one["layer"], one["texts"]) for one in stored)
    return {(one.id, one.version): one for one in found}


def _stage(one: Document) -> Stage:
    return Stage(
        id=one["id"],
        title=one["title"],
        next=tuple(one["next"]) if "next" in one else None,
        outcome=one.get("outcome"),
        enter=_gates(one.get("enter", ())),
        exit=_gates(one.get("exit", ())),
        required=tuple(one.get("required", ())),
        probability=Decimal(one["probability"]) if "probability" in one else None,
        hue=one.get("hue"),
        document=MappingProxyType(dict(one)),
        checklist=tuple(
            Item(
                item["id"],
                item["title"],
                item.get("needs", "done"),
                item.get("document_type"),
                item.get("required", False),
            )
            for item in one.get("checklist", ())
        ),
        reason=one.get("reason", "optional"),
        owner=one.get("owner"),
    )


def _gates(given: Iterable[Mapping[str, Any]]) -> tuple[Gate, ...]:
    return tuple(
        Gate(one["id"], one["require"], one["message"], tuple(one.get("fields", ())), one.get("title", ""))
        for one in given
    )


def look(findings: Findings) -> None:
    """Look up what each pipeline of the catalog names, and whether those of one entity go together."""
    defaults: dict[str, str] = {}
    shares: dict[str, Decimal] = {}
    for one in findings.catalog.pipelines.values():
        _look(findings, one)
        if one.share is not None:
            shares[one.family] = shares.get(one.family, Decimal(0)) + one.share
            if shares[one.family] > _ALL:
                message = f"the variants of {one.family} have {shares[one.family]} percent of its records; at most 100 are there"
                findings.say(("pipeline", one.id), ["audience", "share"], "too-large", message)
        if one.extends is not None and one.intake == "default":
            message = "a variant is no default: its pipeline is; make it open"
            findings.say(("pipeline", one.id), ["intake"], "not-a-choice", message)
        elif one.intake == "default":
            other = defaults.setdefault(one.entity, one.id)
            if other != one.id:
                message = f"“{other}” is the default pipeline of {one.entity} already; make one of them open"
                findings.say(("pipeline", one.id), ["intake"], "two-defaults", message)


def _look(findings: Findings, pipeline: Pipeline) -> None:
    key = ("pipeline", pipeline.id)
    entity = findings.entity(key, ["entity"], pipeline.entity)
    if findings.known(key, ["start"], pipeline.start, pipeline.stages, "stage"):
        outcome = pipeline.stages[pipeline.start].outcome
        if outcome is not None:
            message = f"“{pipeline.start}” is an end ({outcome}); a new record starts in an open stage"
            findings.say(key, ["start"], "starts-at-an-end", message)
    if entity is not None and pipeline.probability_field is not None:
        field = findings.field(key, ["probability_field"], entity, pipeline.probability_field)
        if field is not None and (field.system or field.type not in _NUMBERS):
            message = f"“{field.id}” is of the type {field.type}; a probability needs a percent, decimal or integer"
            findings.say(key, ["probability_field"], "wrong-type", message)
    if entity is not None and "reason_field" in pipeline.document:
        field = findings.field(key, ["reason_field"], entity, pipeline.reason_field)
        if field is not None and (field.system or field.type not in _TEXTS):
            message = f"“{field.id}” is of the type {field.type}; a reason needs a text or a choice that people fill in"
            findings.say(key, ["reason_field"], "wrong-type", message)
    for name, target in pipeline.stage_map.items():
        findings.known(key, ["stage_map"], target, pipeline.stages, f"stage (for “{name}”)")
    for stage in pipeline.stages.values():
        _look_at(findings, key, pipeline, stage, entity)


def _look_at(findings: Findings, key: _Key, pipeline: Pipeline, stage: Stage, entity: Entity | None) -> None:
    at = ("stages", stage.id)
    for name in stage.next or ():
        if findings.known(key, (*at, "next"), name, pipeline.stages, "stage") and name == stage.id:
            findings.say(key, (*at, "next"), "circular", f"“{name}” cannot follow itself; remove it")
    if stage.owner is not None:
        findings.known(key, (*at, "owner"), stage.owner, findings.catalog.roles, "role")
    for item in stage.checklist:
        if item.document_type is not None and item.needs != "file":
            message = f'“{item.id}” needs no file, so it has no document type; say "needs": "file", or remove it'
            findings.say(key, (*at, "checklist", item.id, "document_type"), "no-file", message)
    if entity is None:
        return
    for name in stage.required:
        field = findings.field(key, (*at, "required"), entity, name)
        if field is not None and field.type in COMPUTED:
            message = f"“{name}” is of the type {field.type}, which nobody enters; use an exit gate instead"
            findings.say(key, (*at, "required"), "cannot-be-required", message)
    for side, gates in (("enter", stage.enter), ("exit", stage.exit)):
        for gate in gates:
            for name in gate.fields:
                findings.field(key, (*at, side, gate.id, "fields"), entity, name)
