"""What the admins of a workspace change: proposed, looked at, put in force by a plan, and taken back, one by one.

propose(connection, [...])       writes changes down; nothing is in force before a plan takes them up
withdraw(connection, path)       forgets a proposal
reset(connection, path)          proposes to go back to what the packs say
listed(connection)               what is in force and what is proposed, each with its state
exported, imported               all of it as JSON, for another workspace or for keeping
clone(connection, kind, id)      the changes that put an own copy in the place of a pack's rule
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import DefinitionError, NotFoundError, Problem
from dealwright.metadata import canonical, patches
from dealwright.metadata.fold import Folded, fold
from dealwright.metadata.patches import OVERLAY, Patch
from dealwright.metadata.pointers import steps
from dealwright.packs.examine import examine, layers_of
from dealwright.packs.prepare import current, sources_of
from dealwright.storage import proposals

if TYPE_CHECKING:
    from dealwright.packs.stored import State
    from dealwright.storage import Connection

#: Version of the form of exported changes.
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One change, in force or proposed.

    Attributes:
        state: ``active``, ``redundant``, ``superseded``, ``parked`` or ``refused`` (see ``metadata.overlaid``).
        why: In words, where it does not simply hold.
        below: What the packs say there now; None where nothing is.
        in_force: Whether it is in force; a proposal is not.
        taken_back: Whether it is in force and proposed to go.
    """

    patch: Patch
    state: str
    why: str = ""
    below: Any = None
    in_force: bool = True
    taken_back: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        told = {**self.patch.as_json(), "id": self.patch.id, "state": self.state, "in_force": self.in_force}
        more = {"why": self.why, "below": canonical.plain(self.below), "taken_back": self.taken_back}
        return {**told, **{key: value for key, value in more.items() if value not in (None, "", False)}}


def propose(
    connection: Connection, changes: Sequence[Mapping[str, Any]], *, by: str | None = None, reason: str = ""
) -> list[Patch]:
    """Write down changes of the admins, each in the place of an earlier one on the same path; return them.

    They are looked at together with what is in force and what was proposed before, as a plan would look at them, and
    each remembers what stands in its place now. Nothing is in force before a plan takes them up.

    Args:
        connection: A writing transaction.
        changes: Each ``{"path", "op", "value", "reason"}``; ``op`` is ``set`` when absent.
        by: Id of the user; None for the operator.
        reason: For changes that have none of their own.

    Raises:
        DefinitionError: With everything that is wrong with them; nothing is written.
        NotFoundError: If the workspace has no definitions yet.
    """
    before = _state(connection)
    wrong = [p for i, one in enumerate(changes) for p in patches.problems(one, f"changes/{i}")]
    if wrong:
        raise DefinitionError("the changes cannot be read; nothing was changed", wrong)
    now = clock.now()
    made = [
        replace(patches.read(one), by=by, at=now.isoformat(timespec="milliseconds"), reason=one.get("reason") or reason)
        for one in changes
    ]
    made = list({one.id: replace(one, base=None) for one in made}.values())
    wanted = {one.id: one for one in [*_after(before, proposals.listed(connection)), *made]}
    examined = examine(sources_of(before), before.settings, before.accepted, wanted.values())
    mine = {one.id: one for one in made}
    if examined.problems:
        raise DefinitionError("the changes do not fit the definitions; nothing was changed", examined.problems)
    standings = examined.folded.standings
    parked = [one for one in made if standings[one.id].state == "parked"]
    if parked:
        found = [Problem("/path", "unknown-path", standings[one.id].why, one.path) for one in parked]
        raise DefinitionError("the changes are about nothing that is there; nothing was changed", found)
    for one in made:
        below = standings[one.id].below if one.op in ("set", "resolve") else None
        mine[one.id] = replace(one, base=below)
        proposals.put(connection, proposals.Proposal(one.path, one.op, mine[one.id].as_json(), now, by))
    return list(mine.values())


def withdraw(connection: Connection, path: str, op: str | None = None) -> int:
    """Forget what is proposed on a path, and on all that lies within it; return how many proposals that were."""
    those = [(one.path, one.op) for one in proposals.listed(connection) if _is_at(one.path, path, one.op, op)]
    return proposals.remove(connection, those)


def reset(connection: Connection, path: str, op: str | None = None, *, by: str | None = None) -> list[str]:
    """Propose to go back to what the packs say on a path, and on all that lies within it; return the paths.

    What is only proposed there is withdrawn at once. An own document or field goes with all changes within it.

    Raises:
        NotFoundError: If nothing there is changed or proposed.
    """
    before = _state(connection)
    gone = withdraw(connection, path, op)
    now = clock.now()
    found = [one for one in before.patches if _is_at(one.path, path, one.op, op)]
    for one in found:
        proposals.put(connection, proposals.Proposal(one.path, one.op, None, now, by))
    if not found and not gone:
        raise NotFoundError(f"nothing is changed at “{path[:200]}”; list what is with: pack overlay list")
    return [one.path for one in found]


def listed(connection: Connection) -> list[Change]:
    """Return what is in force and what is proposed, by path."""
    before = _state(connection)
    given = proposals.listed(connection)
    back = {patches.identifier(one.path, one.op) for one in given if one.patch is None}
    found = [
        Change(one, state.state, state.why, _value(state.below), taken_back=one.id in back)
        for one, state in _standing(before, before.patches)
    ]
    after = _after(before, given)
    new = {patches.identifier(one.path, one.op) for one in given if one.patch is not None}
    found += [
        Change(one, state.state, state.why, _value(state.below), in_force=False)
        for one, state in _standing(before, after)
        if one.id in new
    ]
    return sorted(found, key=lambda one: (one.patch.path, one.patch.op, one.in_force))


def exported(connection: Connection, paths: Iterable[str] = ()) -> dict[str, Any]:
    """Return the changes in force as JSON, sorted; only those at or within ``paths`` if there are any."""
    return written(chosen(_state(connection), paths))


def chosen(before: State, paths: Iterable[str] = ()) -> list[Patch]:
    """Return the changes of a revision; only those at or within ``paths`` if there are any."""
    wanted = list(paths)
    return [one for one in before.patches if not wanted or any(_is_at(one.path, at) for at in wanted)]


def written(changes: Iterable[Patch]) -> dict[str, Any]:
    """Return changes in the form in which they are exported."""
    ordered = sorted(changes, key=lambda one: (one.path, one.op))
    return {"format": FORMAT, "changes": [one.as_json() for one in ordered]}


def read(content: Any, source: str = "overlay.json") -> list[Patch]:
    """Return the changes of an export.

    Raises:
        DefinitionError: With everything in it that cannot be read.
    """
    if not isinstance(content, Mapping) or content.get("format") != FORMAT or "changes" not in content:
        message = f"expected an export of changes: an object with format {FORMAT} and changes"
        raise DefinitionError("the changes cannot be read", [Problem("", "wrong-form", message, source)])
    changes = content["changes"] if isinstance(content["changes"], list) else []
    wrong = [
        Problem(f"/changes/{i}{p.pointer}", p.code, p.message, source)
        for i, one in enumerate(changes)
        for p in patches.problems(one, source)
    ]
    if wrong:
        raise DefinitionError("the changes cannot be read", wrong)
    found: dict[str, Patch] = {}
    for one in map(patches.read, changes):
        found[one.id] = one
    return list(found.values())


def imported(connection: Connection, content: Any, *, by: str | None = None) -> list[Patch]:
    """Propose the changes of an export; those that are in force just so already are left out."""
    there = {one.id: one for one in _state(connection).patches}
    new = [
        one
        for one in read(content)
        if one.id not in there or canonical.text(one.value) != canonical.text(there[one.id].value)
    ]
    return propose(connection, [one.as_json() for one in new], by=by, reason="imported") if new else []


def clone(connection: Connection, kind: str, identifier: str, name: str) -> list[dict[str, Any]]:
    """Return the changes that put an own copy beside a pack's document, for :func:`propose`.

    A rule that is copied is switched off in the pack's version (``mode`` becomes ``draft``). The copy remembers of what
    it is one, so that a plan tells when that changes.

    Args:
        connection: The transaction.
        kind: Of the document: rule, sla, score, approval, message and the like; an entity has data and is not copied.
        identifier: Its id.
        name: Name of the copy, without the namespace.

    Raises:
        NotFoundError: If there is no such document.
        DefinitionError: If it is of a kind that is not copied.
    """
    before = _state(connection)
    folded = fold(before.layers)
    document = folded.documents.get((kind, identifier))
    if document is None:
        raise NotFoundError(f"there is no {kind} “{identifier[:80]}”")
    if kind in ("entity", "parameter", "fact"):
        message = f"a copy of a {kind} would be nothing that others use; change it in place"
        raise DefinitionError(f"“{identifier}” cannot be copied", [Problem("/kind", "not-copied", message)])
    owner = folded.owners[kind, identifier]
    version = next(one.version for one in before.layers if one.id == owner)
    below = fold([one for one in before.layers if not one.patches]).documents.get((kind, identifier), document)
    origin = {"id": identifier, "version": version, "sha256": canonical.digest(below)}
    own = f"{OVERLAY}.{name}"
    kept = {key: value for key, value in document.items() if key not in ("sealed", "deprecated")}
    copy = {**kept, "id": own, "derived_from": origin}
    changes: list[dict[str, Any]] = [{"path": f"{kind}:{own}#", "op": "add", "value": canonical.plain(copy)}]
    if kind == "rule":
        changes.append({"path": f"rule:{identifier}#/mode", "op": "set", "value": "draft"})
    return changes


def _state(connection: Connection) -> State:
    before = current(connection)
    if before is None:
        raise NotFoundError("the workspace has no definitions yet; run dealwright init")
    return before


def _after(before: State, given: Iterable[proposals.Proposal]) -> list[Patch]:
    """Return the changes as they would be with all that is proposed."""
    found = {one.id: one for one in before.patches}
    for one in given:
        found.pop(patches.identifier(one.path, one.op), None)
        if one.patch is not None:
            patch = patches.read(one.patch)
            found[patch.id] = patch
    return list(found.values())


def _standing(before: State, changes: Sequence[Patch]) -> list[tuple[Patch, Any]]:
    if not changes:
        return []
    folded: Folded = fold(layers_of(sources_of(before), changes))
    return [(one, folded.standings[one.id]) for one in changes]


def _value(below: Any) -> Any:
    return below.value if below is not None else None


def _is_at(path: str, wanted: str, op: str = "", wanted_op: str | None = None) -> bool:
    document, _, at = path.partition("#")
    other, _, within = wanted.partition("#")
    if document != other or (wanted_op is not None and op != wanted_op):
        return False
    inner, outer = steps(at), steps(within)
    return inner[: len(outer)] == outer
