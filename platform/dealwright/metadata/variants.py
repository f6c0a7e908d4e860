"""Variants of pipelines: the stages of another pipeline with more of them, and more asked. Resolved in the fold.

A variant says what it inserts and what it tightens; what stands in the folded documents is the whole pipeline that
follows. It follows its pipeline whenever that changes, and it never loosens it: no gate, field or item goes away, and no
way is opened past a stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import Problem
from dealwright.metadata import canonical, merge, schemas
from dealwright.metadata.names import namespace_of
from dealwright.metadata.pointers import pointer

if TYPE_CHECKING:
    from dealwright.metadata.fold import Folded

_REASONS: Final = ("none", "optional", "required")
_ANCHORS: Final = ("after", "before")
_NOT_INHERITED: Final = frozenset(
    {
        *("id", "title", "description", "applies_when", "priority", "intake", "version", "stages"),
        *("deprecated", "sealed", "derived_from"),
    }
)
#: What only a variant has, and what does not outlive its being resolved.
_OWN: Final = frozenset({"insert", "tighten"})
_ONLY: Final = _OWN | {"audience"}
#: Parts of the schema, the same objects always: what is worked out for one is kept.
_FORMS: Final = {form: {"$ref": f"#/$defs/{form}"} for form in ("stage", "tightened")}
_OUT: Final = ("lost", "archived")
#: A parameter in the text of a condition; a text within it is passed over.
_PARAMETER: Final = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?<![\w.])param\.(?P<name>[a-z][a-z0-9_]*)""")
#: The version of a variant is that of its pipeline times this, and its own.
STEP: Final = 1000


class _Fault(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, at: Sequence[str | int], code: str, message: str) -> None:
        super().__init__(message)
        self.at, self.code, self.message = at, code, message


def resolved(folded: Folded, above: Mapping[str, frozenset[str]]) -> Folded:
    """Return the folded documents with each variant as the whole pipeline that it stands for.

    Args:
        folded: What the layers make.
        above: For each layer the layers that it builds on; a variant may extend pipelines of these and of its own.
    """
    problems = list(folded.problems)
    documents, provenance, places = dict(folded.documents), dict(folded.provenance), dict(folded.places)
    for key, document in folded.documents.items():
        if key[0] != "pipeline":
            continue
        for name in sorted(_ONLY & document.keys()) if "extends" not in document else ():
            fault = _Fault([name], "no-variant", f"only a variant has “{name}”; name what it extends")
            problems.append(_placed(folded, key[1], fault))
        if "extends" not in document:
            continue
        found = list(_faults(folded, key[1], document, above))
        whole: dict[str, Any] | None = None
        if not found:
            whole, found = _whole(folded.documents["pipeline", document["extends"]], document)
        problems += [_placed(folded, key[1], one) for one in found]
        if whole is None:
            del documents[key]
            continue
        documents[key] = whole
        layer = folded.owners[key]
        parent = ("pipeline", document["extends"])
        for leaf in merge.leaves("pipeline", schemas.definition("pipeline"), whole):
            said = folded.provenance.get((parent, leaf.path)) if leaf.path[0] == "stages" else None
            provenance.setdefault((key, leaf.path), said or (layer,))
        for index, stage in enumerate(document.get("insert", ())):
            at, start = ("stages", str(stage["id"])), ("insert", index)
            source = folded.place("pipeline", key[1], pointer(["insert"]))[0]
            bare = {name: value for name, value in stage.items() if name not in _ANCHORS}
            for leaf in merge.leaves("pipeline", _FORMS["stage"], bare, at, start):
                places[key, leaf.path] = (source, leaf.place)
    return replace(folded, documents=documents, provenance=provenance, places=places, problems=tuple(problems))


def _placed(folded: Folded, identifier: str, fault: _Fault) -> Problem:
    source, _ = folded.place("pipeline", identifier, pointer([fault.at[0]]))
    return Problem(pointer(fault.at), fault.code, fault.message, source)


def _faults(
    folded: Folded, identifier: str, document: Mapping[str, Any], above: Mapping[str, frozenset[str]]
) -> Iterator[_Fault]:
    """Yield why a variant cannot be looked at further: what it extends, and the form of what it adds."""
    name = document["extends"]
    parent = folded.documents.get(("pipeline", name))
    if parent is None:
        known = [one for kind, one in folded.documents if kind == "pipeline"]
        yield _Fault(["extends"], "unknown-name", f"there is no pipeline “{name}” to vary{schemas.near(name, known)}")
    elif "extends" in parent:
        yield _Fault(["extends"], "variant-of-a-variant", f"“{name}” is a variant itself; extend “{parent['extends']}”")
    else:
        owner, layer = folded.owners["pipeline", name], folded.owners["pipeline", identifier]
        if owner != layer and owner not in above[layer]:
            message = f"“{name}” belongs to the pack {owner}; name that pack under requires in pack.json"
            yield _Fault(["extends"], "cannot-extend", message)
    for part, form in (("insert", "stage"), ("tighten", "tightened")):
        for index, one in enumerate(document.get(part, ())):
            bare = {key: value for key, value in one.items() if key not in (_ANCHORS if part == "insert" else ())}
            for problem in schemas.check_part("pipeline", _FORMS[form], bare, "", (part, index)):
                yield _Fault(problem.pointer.split("/")[1:], problem.code, problem.message)


def _whole(parent: Mapping[str, Any], variant: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[_Fault]]:
    """Return the pipeline that a variant stands for, or None and what is wrong with it."""
    faults: list[_Fault] = []
    stages: list[dict[str, Any]] = [dict(one) for one in canonical.plain(parent["stages"])]
    if namespace_of(parent["id"]) != namespace_of(variant["id"]):
        stages = [_in_full(one, namespace_of(parent["id"])) for one in stages]
    for index, one in enumerate(variant.get("tighten", ())):
        try:
            _tighten(stages, canonical.plain(one), index)
        except _Fault as fault:
            faults.append(fault)
    for index, one in enumerate(variant.get("insert", ())):
        try:
            _insert(stages, canonical.plain(one), index)
        except _Fault as fault:
            faults.append(fault)
    if faults:
        return None, faults
    inherited = {key: value for key, value in parent.items() if key not in _NOT_INHERITED}
    own = {key: value for key, value in variant.items() if key not in _OWN}
    version = parent["version"] * STEP + variant.get("version", 1)
    return {**inherited, "intake": "open", **own, "version": version, "stages": stages}, []


def _in_full(value: Any, namespace: str) -> Any:
    """Return part of a stage with its parameters named in full: in another pack's document short names mean others."""
    if isinstance(value, list):
        return [_in_full(one, namespace) for one in value]
    if not isinstance(value, dict):
        return value
    whole = {key: _in_full(one, namespace) for key, one in value.items()}
    if isinstance(value.get("param"), str) and "__" not in value["param"]:
        whole["param"] = f"{namespace}__{value['param']}"
    if isinstance(value.get("require"), str):
        whole["require"] = _PARAMETER.sub(lambda found: _named_in_full(found, namespace), value["require"])
    return whole


def _named_in_full(found: re.Match[str], namespace: str) -> str:
    name = found["name"]
    return found[0] if name is None or "__" in name else f"param.{namespace}__{name}"


def _tighten(stages: list[dict[str, Any]], more: Mapping[str, Any], index: int) -> None:
    at: list[str | int] = ["tighten", index]
    stage = _named(stages, more["id"], [*at, "id"])
    for side in ("enter", "exit"):
        for number, gate in enumerate(more.get(side, ())):
            known = next((one for one in stage.get(side, ()) if one["id"] == gate["id"]), None)
            if known is not None and canonical.text(known) != canonical.text(gate):
                message = f"the gate “{gate['id']}” of {stage['id']} cannot be changed; add one with another id"
                raise _Fault([*at, side, number], "weakens", message)
            if known is None:
                stage[side] = [*stage.get(side, ()), gate]
    stage["required"] = list(dict.fromkeys([*stage.get("required", ()), *more.get("required", ())]))
    for number, item in enumerate(more.get("checklist", ())):
        _item(stage, item, [*at, "checklist", number])
    if "next" in more:
        wider = [one for one in more["next"] if "next" in stage and one not in stage["next"]]
        if wider:
            raise _Fault([*at, "next"], "weakens", f"{', '.join(wider)} cannot follow {stage['id']} in the pipeline")
        stage["next"] = more["next"]
    if "reason" in more:
        if _REASONS.index(more["reason"]) < _REASONS.index(stage.get("reason", "optional")):
            raise _Fault([*at, "reason"], "weakens", f"the pipeline says “{stage['reason']}” of {stage['id']}")
        stage["reason"] = more["reason"]


def _item(stage: dict[str, Any], item: Mapping[str, Any], at: Sequence[str | int]) -> None:
    items = list(stage.get("checklist", ()))
    place = next((number for number, one in enumerate(items) if one["id"] == item["id"]), None)
    if place is None:
        stage["checklist"] = [*items, dict(item)]
        return
    known = items[place]
    same = all(item.get(key, known.get(key)) == known.get(key) for key in ("needs", "document_type"))
    if not same or (known.get("required") and item.get("required") is False):
        message = f"the item “{item['id']}” of {stage['id']} can only become required; add one with another id"
        raise _Fault(at, "weakens", message)
    items[place] = {**known, "required": bool(known.get("required") or item.get("required"))}
    stage["checklist"] = items


def _insert(stages: list[dict[str, Any]], given: Mapping[str, Any], index: int) -> None:
    at: list[str | int] = ["insert", index]
    anchors = [name for name in _ANCHORS if name in given]
    if len(anchors) != 1:
        raise _Fault(at, "no-anchor", f"“{given['id']}” needs an anchor: after or before a stage, one of them")
    if any(one["id"] == given["id"] for one in stages):
        raise _Fault([*at, "id"], "twice", f"there is a stage “{given['id']}” already; name it differently")
    if "outcome" in given:
        raise _Fault(
            [*at, "outcome"], "weakens", "an end cannot be inserted: it would open a way past the stages before it"
        )
    stage = {key: value for key, value in given.items() if key not in _ANCHORS}
    anchor = _named(stages, given[anchors[0]], [*at, anchors[0]])
    place = stages.index(anchor)
    outs = {one["id"] for one in stages if one.get("outcome") in _OUT}
    order = [one["id"] for one in stages]
    sources, targets = _way(stages, anchor, place, outs, after=anchors[0] == "after")
    back = order[: place + 1] if anchors[0] == "after" else order[:place]
    ways = {one for source in sources for one in source.get("next", order) if one in outs}
    ways = ways if sources else outs
    if "next" in stage:
        wider = [one for one in stage["next"] if one in order and one not in {*targets, *back, *ways}]
        if wider:
            message = f"{', '.join(wider)} cannot follow here: that would open a way past the stages of the pipeline"
            raise _Fault([*at, "next"], "weakens", message)
    else:
        stage["next"] = [*targets, *(one["id"] for one in sources), *(one for one in order if one in ways)]
    for source in sources:
        if "next" in source:
            first = next((n for n, one in enumerate(source["next"]) if one in targets), len(source["next"]))
            kept = [one for one in source["next"] if one not in targets]
            source["next"] = [*kept[:first], stage["id"], *kept[first:]]
    stages.insert(place + (anchors[0] == "after"), stage)


def _way(
    stages: Sequence[dict[str, Any]], anchor: dict[str, Any], place: int, outs: set[str], *, after: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the stages whose way forward leads through the new one, and where it leads on."""
    if after:
        later = [one["id"] for one in stages[place + 1 :] if one["id"] not in outs]
        return [anchor], [one for one in later if one in anchor.get("next", later)]
    return [one for one in stages[:place] if anchor["id"] in one.get("next", ())], [anchor["id"]]


def _named(stages: Sequence[dict[str, Any]], name: str, at: Sequence[str | int]) -> dict[str, Any]:
    found = next((one for one in stages if one["id"] == name), None)
    if found is None:
        known = [one["id"] for one in stages]
        raise _Fault(at, "unknown-name", f"there is no stage “{name}”{schemas.near(name, known)}")
    return found
