"""What an upgrade asks the admins: where their changes and the packs say different things, and what they answered.

    REVIEW     the packs say something else than when it was changed   keep yours, or take theirs
    TIGHTENED  the packs are stricter than what you set                keep it waiting, or let it go
    PARKED     what was changed is gone                                keep it waiting, or let it go
    BLOCKED    it does not fit what the packs say now                  it has to go
    CONFLICT   two packs disagree                                      whose word stands
    CONVERGED  the packs say the same now                              may go (nothing is asked)
    MOVED      it has another name                                     may go (nothing is asked)

The first five need an answer (but not the switch of a pack that goes), and :func:`demand` lets no plan with an open one be
applied. Answers are no second road: they are changes of the overlay, and the plan is made anew with them. What is kept with
a note is written down as said anew, by whom and why; so a change that a pack calls mandatory is kept with a note only. A
change that cannot stay is left out of the plan before anybody answers, so that the plan can show what would be in force;
likewise a conflict has a word until then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import ConflictError, Problem
from dealwright.metadata import canonical, patches
from dealwright.metadata.fold import fold
from dealwright.metadata.pointers import path, pointer
from dealwright.packs import moves, three_way
from dealwright.packs.prepare import prepare, sources_of, sources_of_layers
from dealwright.packs.told import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.overlaid import Standing
    from dealwright.metadata.patches import Patch
    from dealwright.packs.prepare import Prepared, Wanted
    from dealwright.storage import Connection

KEEP: Final = "keep"
TAKE: Final = "take"
#: What needs an answer.
ASKED: Final = frozenset({"REVIEW", "TIGHTENED", "PARKED", "BLOCKED", "CONFLICT"})
#: How often what cannot stay is left out anew: one thing may stand on another.
_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What an admin has decided: ``keep``, ``take``, or the id of a pack whose word stands; and why."""

    choice: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """That a plan shall ask, and what has been answered.

    Attributes:
        answers: By the id of an item.
        origin: What the plan is made of, as JSON that its maker understands: it is made anew with answers.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One change of the admins that an upgrade meets, or one place on which packs disagree.

    Attributes:
        id: Of the patch in force; of the one that would settle a conflict.
        action: As a plan says it (``three_way``), or ``CONFLICT``.
        path: What it is about, ``was`` under which name before, where that is another.
        saw: What the packs said when it was changed; None for nothing.
        theirs: What they say now; of a conflict pack to value.
        ours: What the admins say.
        whose: The packs that say it now.
        why: What does not fit, or why a pack calls it mandatory.
        reason: Why it was changed, ``by`` whom.
        choices: What can be answered, the first unless somebody says otherwise.
        noted: Whether to keep it needs a note.
        answer: What was answered; empty while nothing was.
    """

    id: str
    action: str
    path: str
    op: str
    was: str = ""
    saw: Any = None
    theirs: Any = None
    ours: Any = None
    whose: str = ""
    why: str = ""
    reason: str = ""
    by: str | None = None
    choices: tuple[str, ...] = (KEEP, TAKE)
    noted: bool = False
    answer: str = ""
    note: str = ""

    @property
    def open(self) -> bool:
        """Whether it needs an answer and has none. A switch of a pack that goes waits with it, unasked."""
        if self.action == "PARKED" and self.path.startswith("pack:"):
            return False
        return self.action in ASKED and (not self.answer or (self.noted and self.answer == KEEP and not self.note))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, without what is empty."""
        told = {name: canonical.plain(getattr(self, name)) for name in self.__slots__}
        told["choices"] = list(self.choices)
        kept = {name: one for name, one in told.items() if one is not None and one != ""}
        return {**kept, "open": self.open}


def settled(
    connection: Connection, wanted: Wanted, review: Review, *, known: Catalog | None = None, by: str | None = None
) -> tuple[Prepared, list[Item]]:
    """Return what is wanted with all answers in it, and what is asked of the admins, what needs an answer first.

    Args:
        connection: A transaction; it is only read.
        wanted: What shall be other, without proposals.
        review: What has been answered.
        known: As for ``prepare``.
        by: Who answers.
    """
    prepared = prepare(connection, wanted, known)
    if prepared.before is None:
        return prepared, []
    original = list(prepared.before.patches if wanted.overlay is None else wanted.overlay)
    items = {one.id: one for one in _asked(prepared)}
    at = clock.now().isoformat(timespec="milliseconds")
    there = original
    for _ in range(_ROUNDS):
        items |= {one.id: one for one in _stuck(prepared, original) if one.id not in items or one.action == "CONFLICT"}
        items = {name: _answered(one, review.answers.get(name)) for name, one in items.items()}
        overlay = list(_overlay(original, items, by, at))
        if overlay == there:
            break
        there = overlay
        prepared = prepare(connection, replace(wanted, overlay=overlay), known)
    return prepared, sorted(items.values(), key=lambda one: (one.action not in ASKED, one.path, one.op))


def demand(body: Mapping[str, Any]) -> None:
    """Refuse a plan, as it is kept, of which a question is open.

    Raises:
        ConflictError: With every open question.
    """
    items = (body.get("review") or {}).get("items", ())
    found = [
        Problem("", "unanswered", f"{one['action']} {one['path']} needs an answer", one["path"])
        for one in items
        if one["open"]
    ]
    if found:
        raise ConflictError(f"{len(found)} questions of {body['plan']} have no answer yet; nothing was changed", found)


def _answered(item: Item, answer: Answer | None) -> Item:
    if answer is None or answer.choice not in item.choices:
        return replace(item, answer="", note="")
    return replace(item, answer=answer.choice, note=answer.note[: patches.MAX_REASON])


def _overlay(original: Iterable[Patch], items: Mapping[str, Item], by: str | None, at: str) -> Iterator[Patch]:
    """Yield the admins' changes as the answers have them."""
    for one in original:
        item = items.get(one.id)
        if item is None:
            yield one
        elif item.action not in ("CONFLICT", "BLOCKED") and item.answer != TAKE:
            yield replace(one, by=by, at=at, reason=item.note) if item.answer and item.note else one
    for item in items.values():
        if item.action == "CONFLICT":
            yield patches.Patch(item.path, "resolve", item.answer or item.choices[0], by=by, at=at, reason=item.note)


def _unchanged(prepared: Prepared) -> Iterator[tuple[Patch, Patch, Standing]]:
    """Yield the changes that no admin has said anew, before and after, with what each comes to."""
    standings = prepared.folded.standings if prepared.folded is not None else {}
    for before, after in prepared.changes:
        if before is None or after is None or after.id not in standings:
            continue
        if (before.op, before.at, before.by) == (after.op, after.at, after.by):
            yield before, after, standings[after.id]


def _asked(prepared: Prepared) -> Iterator[Item]:
    """Yield what becomes of changes of the admins, unless it is what it was already."""
    earlier = fold(prepared.before.layers if prepared.before is not None else ()).standings
    present = {one.id: one for one in sources_of(prepared.before)}
    urgent = moves.mandatory(present, sources_of_layers(prepared.layers))
    for before, after, standing in _unchanged(prepared):
        found = list(three_way.outcomes(before, after, standing))
        action = found[-1].action
        if action == "KEPT":
            action = found[0].action
        was = earlier.get(before.id)
        if action == "KEPT" or (standing.state != "active" and was is not None and _alike(was, standing)):
            continue
        why = urgent.get(after.path, "") if action == "REVIEW" else ""
        yield replace(
            _item(action, before, after, standing),
            choices=(TAKE,) if action == "BLOCKED" else (KEEP, TAKE),
            why=why or standing.why,
            noted=bool(why),
        )


def _item(action: str, before: Patch, after: Patch, standing: Standing) -> Item:
    below = standing.below
    return Item(
        id=before.id,
        action=action,
        path=after.path,
        op=after.op,
        was=before.path if before.path != after.path else "",
        saw=after.base.value if after.base is not None else None,
        theirs=below.value if below is not None else None,
        ours=after.value,
        whose=below.layer if below is not None else "",
        reason=before.reason,
        by=before.by,
    )


def _alike(one: Standing, other: Standing) -> bool:
    values = [canonical.text(it.below.value) if it.below is not None else None for it in (one, other)]
    return one.state == other.state and values[0] == values[1]


def _stuck(prepared: Prepared, original: Collection[Patch]) -> Iterator[Item]:
    """Yield what stands in the way and can be answered: changes that do not fit, and packs that disagree."""
    if not prepared.problems:
        return
    why: dict[str, str] = {}
    for problem in prepared.problems:
        why.setdefault(problem.source, problem.message)
    ours = {one.id for one in original}
    for before, after, standing in _unchanged(prepared):
        if before.id in ours and (standing.state == "refused" or after.source in why):
            item = _item("BLOCKED", before, after, standing)
            yield replace(item, choices=(TAKE,), why=standing.why or why[after.source])
    yield from _conflicts(prepared)


def _conflicts(prepared: Prepared) -> Iterator[Item]:
    folded = prepared.folded
    found = {(one.source, one.pointer) for one in prepared.problems if one.code == "conflict"}
    if folded is None or not found:
        return
    for (key, at), (source, place) in folded.places.items():
        if (source, pointer(place)) in found:
            said = words(prepared.layers, key)[at]
            values = {one["layer"]: one["value"] for one in said if one["layer"] in folded.provenance[key, at]}
            where = path(*key, at)
            yield Item(
                id=patches.identifier(where, "resolve"),
                action="CONFLICT",
                path=where,
                op="resolve",
                theirs=values,
                whose="+".join(values),
                choices=tuple(values),
            )


def read(items: Sequence[Mapping[str, Any]]) -> dict[str, Answer]:
    """Return the answers that a plan was made with, by item."""
    return {one["id"]: Answer(one["answer"], one.get("note", "")) for one in items if one.get("answer")}
