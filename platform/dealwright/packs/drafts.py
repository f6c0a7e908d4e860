"""Drafts: admins change definitions in them, see at once what is wrong, and publish them by a plan.

opened(connection, id)            a draft laid over what is in force now, folded and checked
write(connection, draft, ...)     a document as it shall be, and its texts in other languages
take_back(connection, draft, ...) what is changed at a path, back to what the packs say
conflicts(opened)                 what was changed in force since the draft saw it
wanted(opened)                    what a plan of it shall be made of

A draft is a set of patches of the overlay (:mod:`dealwright.metadata.patches`) beside those in force, so publishing it is
the same plan and the same fold as any other change. Its checks are those of ``dealwright check``.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import ConflictError, NotFoundError
from dealwright.metadata import canonical, patches
from dealwright.metadata.fold import fold
from dealwright.metadata.patches import Patch
from dealwright.metadata.pointers import path, steps
from dealwright.packs import edits
from dealwright.packs.examine import Examined, examine
from dealwright.packs.prepare import Wanted, sources_of
from dealwright.packs.stored import State, state
from dealwright.storage import drafts, revisions

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.fold import Folded
    from dealwright.storage import Connection

#: Results of folding and checking that a process keeps: the same revision with the same changes is looked at once.
_KEPT: Final = 12


@dataclass(frozen=True, slots=True)
class Opened:
    """A draft over what is in force now.

    Attributes:
        before: What is in force.
        changes: Those of the draft, by path.
        patches: The admins' changes as they would be.
        examined: What all of it comes to, and what is wrong with it.
        below: What the packs say without any change of the admins.
        live: What is in force, folded.
    """

    draft: drafts.Draft
    before: State
    changes: tuple[drafts.Change, ...]
    patches: tuple[Patch, ...]
    examined: Examined
    below: Folded
    live: Folded

    @property
    def catalog(self) -> Catalog:
        """The catalog as it would be; parts that are wrong may be missing in it."""
        return self.examined.catalog

    def document(self, kind: str, identifier: str) -> dict[str, Any]:
        """Return a document as it is drafted, also where it is wrong.

        Raises:
            NotFoundError: If there is none.
        """
        key = (kind, identifier)
        for one in self.patches:
            if one.document == key and one.op == "add" and not one.steps:
                return dict(canonical.plain(one.value))
        if key not in self.examined.folded.documents:
            raise NotFoundError(f"there is no {kind} “{identifier[:80]}”")
        document: dict[str, Any] = canonical.plain(self.examined.folded.documents[key])
        for one in self.patches:
            refused = self.examined.folded.standings[one.id].state == "refused"
            if one.document == key and (one.op == "add" or (one.op == "set" and refused)):
                _put_in(document, one.steps, canonical.plain(one.value))
        return document

    def ids(self, kind: str) -> list[str]:
        """Return the ids of the documents of a kind, also of those of the admins' own that are wrong."""
        found = {identifier for of, identifier in self.examined.folded.documents if of == kind}
        found |= {one.document[1] for one in self.patches if one.op == "add" and one.kind == kind and not one.steps}
        return sorted(found)

    def text(self, kind: str, identifier: str, at: tuple[str, ...], locale: str) -> str:
        """Return what is translated at a place; empty where nothing is in just this locale."""
        where = path(kind, identifier, at)
        found = next((one for one in self.patches if one.path == where and one.op == "translate"), None)
        if found is not None and locale in found.value:
            return str(found.value[locale])
        return self.below.translations.get(locale, {}).get(where, "")

    @property
    def touched(self) -> frozenset[str]:
        """The documents, as ``kind:id``, that this draft itself changes."""
        return frozenset(one.path.partition("#")[0] for one in self.changes)

    def changed(self, kind: str, identifier: str, at: tuple[str, ...] = ()) -> tuple[Patch, ...]:
        """Return the admins' changes at a place and within it, in force or drafted."""
        return tuple(one for one in self.patches if one.document == (kind, identifier) and _within(one.steps, at))


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that was changed in force since the draft saw it.

    Attributes:
        saw: What the draft saw there, ``theirs`` what is in force now, ``mine`` what the draft says; None for nothing.
    """

    path: str
    op: str
    saw: Any
    theirs: Any
    mine: Any


def opened(connection: Connection, identifier: str) -> Opened:
    """Return a draft over what is in force now.

    Raises:
        NotFoundError: If there is no such draft, or the workspace has no definitions yet.
    """
    draft = drafts.get(connection, identifier)
    before = _before(connection)
    changes = tuple(drafts.changes(connection, identifier))
    return _laid(draft, before, changes)


def begin(connection: Connection, title: str, *, by: str | None) -> str:
    """Begin a draft and return its id."""
    return drafts.begin(connection, title, by=by, at=clock.now())


def write(
    connection: Connection,
    draft: Opened,
    kind: str,
    identifier: str,
    document: Mapping[str, Any] | None,
    texts: Mapping[tuple[str, ...], Mapping[str, str]] | None = None,
    *,
    by: str | None,
    seen: str | None = None,
) -> Opened:
    """Let a document be another one in a draft, and return the draft as it is then.

    Faults do not stop it: a draft may be wrong while somebody works on it, and cannot be published as long as it is.

    Args:
        connection: A writing transaction.
        draft: Open, as it was when the transaction began.
        kind: Of the document.
        identifier: Its id; one of the admins' own need not be there yet.
        document: As it shall be; None to remove one of the admins' own, or a change of a pack's.
        texts: Place to locale to text, of what changes; an empty text is taken away.
        by: Id of the user.
        seen: :func:`digest` of the document as the user saw it; None to write whatever is there. What the same user has
            changed last, as in another window, is no conflict.

    Raises:
        ConflictError: If the draft is not open any more, or somebody else has changed the document in it meanwhile.
    """
    demand_open(draft)
    last = max(_of(draft, (kind, identifier)), key=lambda one: one.at, default=None)
    by_others = last is not None and last.by != by
    if seen is not None and by_others and seen != digest(draft, kind, identifier):
        raise ConflictError("somebody else has changed this in the draft meanwhile; load the page anew and look at it")
    key = (kind, identifier)
    below = draft.below.documents.get(key)
    wanted: dict[tuple[str, str], Any] = {}
    if document is not None:
        wanted = {(at, op): value for at, op, value in edits.between(kind, identifier, below, document)}
        edited = {_steps(at) for at, op in wanted if op == "set"}
        wanted |= {(at, "translate"): value for at, value in _texts(draft, key, document, texts or {}, edited)}
    kept = {(one.path, one.op): one for one in draft.before.patches if one.document == key and one.op != "resolve"}
    return _settled(connection, draft, _differences(draft, wanted, kept, by), _of(draft, key), by)


def take_back(
    connection: Connection, draft: Opened, kind: str, identifier: str, at: tuple[str, ...] = (), *, by: str | None
) -> Opened:
    """Let a place, and all within it, be what the packs say again; an element of the admins' own goes with it.

    Raises:
        ConflictError: If the draft is not open any more.
    """
    demand_open(draft)
    now = clock.now()
    key = (kind, identifier)
    there = [one for one in draft.before.patches if one.document == key and _within(one.steps, at)]
    gone = [drafts.Change(one.path, one.op, None, canonical.text(one.value), now, by) for one in there]
    mine = {(one.path, one.op) for one in _of(draft, key) if _within(_steps(one.path), at)}
    return _settled(connection, draft, gone, [one for one in draft.changes if (one.path, one.op) in mine], by)


def undo(connection: Connection, draft: Opened, where: str, op: str, *, by: str | None) -> Opened:
    """Forget a change of a draft; what is in force stands there again. Changes within what it added go with it.

    Raises:
        ConflictError: If the draft is not open any more.
    """
    demand_open(draft)
    document, at = where.partition("#")[0], _steps(where)
    gone = [
        one
        for one in draft.changes
        if (one.path, one.op) == (where, op)
        or (op == "add" and one.path.partition("#")[0] == document and _within(_steps(one.path), at))
    ]
    return _settled(connection, draft, [], gone, by)


def settle(connection: Connection, draft: Opened, where: str, op: str, *, mine: bool, by: str | None) -> Opened:
    """Decide a conflict: keep what the draft says, having seen what is in force now, or take that.

    Raises:
        ConflictError: If the draft is not open any more.
    """
    demand_open(draft)
    if not mine:
        return undo(connection, draft, where, op, by=by)
    found = [one for one in draft.changes if (one.path, one.op) == (where, op)]
    seen = [drafts.Change(where, op, one.patch, _in_force(draft, where, op), one.at, one.by) for one in found]
    return _settled(connection, draft, seen, [], by)


def close(connection: Connection, draft: Opened, state: str, *, by: str | None, revision: str | None = None) -> None:
    """Let a draft be ``published`` or ``discarded``, or ``open`` again."""
    drafts.touch(connection, draft.draft.id, by=by, at=clock.now(), state=state, revision=revision)


def conflicts(draft: Opened) -> list[Conflict]:
    """Return the places that were changed in force since the draft saw them, to something else than the draft says."""
    found = []
    for one in draft.changes:
        now = _in_force(draft, one.path, one.op)
        mine = canonical.text(one.patch.get("value")) if one.patch is not None else None
        if now not in (one.saw, mine):
            saw, theirs, ours = (json.loads(text) if text is not None else None for text in (one.saw, now, mine))
            found.append(Conflict(one.path, one.op, saw, theirs, ours))
    return found


def wanted(draft: Opened) -> Wanted:
    """Return what a plan of the draft shall be made of."""
    return Wanted(overlay=draft.patches)


def digest(draft: Opened, kind: str, identifier: str) -> str:
    """Return what a document is like in a draft, in 16 hex digits: who writes names it, so that nothing is lost."""
    mine = [[one.path, one.op, canonical.plain(one.value)] for one in draft.changed(kind, identifier)]
    return canonical.digest(mine)[:16]


def demand_open(draft: Opened) -> None:
    """Refuse to change a draft that is published or discarded.

    Raises:
        ConflictError: If it is.
    """
    if draft.draft.state != "open":
        raise ConflictError(f"the draft “{draft.draft.title}” is {draft.draft.state}; begin another one")


def _before(connection: Connection) -> State:
    try:
        revision = revisions.active(connection)
    except NotFoundError:
        raise NotFoundError("the workspace has no definitions yet; run dealwright init") from None
    found: State = _once(("state", revision), lambda: state(connection, revision))
    return found


def _laid(draft: drafts.Draft, before: State, changes: tuple[drafts.Change, ...]) -> Opened:
    after = {one.id: one for one in before.patches}
    for one in changes:
        after.pop(patches.identifier(one.path, one.op), None)
        if one.patch is not None:
            patch = patches.read(one.patch)
            after[patch.id] = patch
    laid = tuple(after.values())
    said = canonical.digest([[one.id, canonical.plain(one.value)] for one in sorted(laid, key=lambda one: one.id)])
    sources = sources_of(before)
    return Opened(
        draft=draft,
        before=before,
        changes=changes,
        patches=laid,
        examined=_once(
            ("examined", before.revision, said), lambda: examine(sources, before.settings, before.accepted, laid)
        ),
        below=_once(("below", before.revision), lambda: fold([one for one in before.layers if not one.patches])),
        live=_once(("live", before.revision), lambda: fold(before.layers)),
    )


def _settled(
    connection: Connection,
    draft: Opened,
    new: list[drafts.Change],
    gone: list[drafts.Change],
    by: str | None,
) -> Opened:
    """Write changes in the place of others, unless nothing is other than it was; return the draft as it is then."""
    removed = {(one.path, one.op): one for one in gone}
    same = [one for one in new if _like(removed.get((one.path, one.op)), one)]
    fresh = [one for one in new if one not in same]
    stay = {(one.path, one.op) for one in same}
    lost = [key for key in removed if key not in stay]
    if not fresh and not lost:
        return draft
    drafts.forget(connection, draft.draft.id, lost)
    drafts.put(connection, draft.draft.id, fresh)
    drafts.touch(connection, draft.draft.id, by=by, at=clock.now())
    now = drafts.get(connection, draft.draft.id)
    return _laid(now, draft.before, tuple(drafts.changes(connection, draft.draft.id)))


def _like(one: drafts.Change | None, other: drafts.Change) -> bool:
    if one is None or (one.patch is None) != (other.patch is None) or one.saw != other.saw:
        return False
    return one.patch is None or canonical.text(one.patch.get("value")) == canonical.text(
        (other.patch or {}).get("value")
    )


def _differences(
    draft: Opened, wanted: Mapping[tuple[str, str], Any], kept: Mapping[tuple[str, str], Patch], by: str | None
) -> list[drafts.Change]:
    """Return what a draft must change of what is in force, so that just the wanted patches stand."""
    now = clock.now()
    earlier = {(one.path, one.op): one for one in draft.changes}
    found = []
    for (where, op), value in wanted.items():
        there = kept.get((where, op))
        if there is not None and _same(where, there.value, value):
            continue
        saw = earlier[where, op].saw if (where, op) in earlier else _in_force(draft, where, op)
        base = draft.below.documents.get(_key(where))
        patch = Patch(where, op, value, by=by, at=now.isoformat(timespec="milliseconds"))
        if op == "set" and base is not None:
            stands = edits.value_at(base, _steps(where))
            whose = "+".join(draft.below.provenance.get((_key(where), _steps(where)), ()))
            patch = Patch(where, op, value, patches.Base(canonical.plain(stands), whose), by=by, at=patch.at)
        found.append(drafts.Change(where, op, patch.as_json(), saw, now, by))
    for where, op in kept.keys() - wanted.keys():
        saw = earlier[where, op].saw if (where, op) in earlier else _in_force(draft, where, op)
        found.append(drafts.Change(where, op, None, saw, now, by))
    return found


def _texts(
    draft: Opened,
    key: tuple[str, str],
    document: Mapping[str, Any],
    texts: Mapping[tuple[str, ...], Mapping[str, str]],
    edited: set[tuple[str, ...]],
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield path and texts of every translation that a document has then; what it was of is gone with it.

    A pack's translation is of the pack's text: where that is ``edited``, the same words must be said again.
    """
    found = {one.steps: dict(one.value) for one in draft.patches if one.document == key and one.op == "translate"}
    for at, given in texts.items():
        kept = {**found.get(at, {}), **given}
        below = {locale: draft.below.translations.get(locale, {}).get(path(*key, at), "") for locale in given}
        found[at] = {
            locale: text for locale, text in kept.items() if text and (text != below.get(locale) or at in edited)
        }
    for at, kept in found.items():
        around = edits.value_at(document, at[:-1]) if len(at) > 1 else document
        if kept and around is not None:
            yield path(*key, at), kept


def _of(draft: Opened, key: tuple[str, str]) -> list[drafts.Change]:
    return [one for one in draft.changes if _key(one.path) == key]


def _in_force(draft: Opened, where: str, op: str) -> str | None:
    """Return canonical JSON of what is in force at a place; None where nothing is."""
    there = next((one for one in draft.before.patches if (one.path, one.op) == (where, op)), None)
    if there is not None:
        return canonical.text(there.value)
    if op != "set":
        return None
    document = draft.live.documents.get(_key(where))
    value = edits.value_at(document, _steps(where)) if document is not None else None
    return canonical.text(value) if value is not None else None


def _same(where: str, one: Any, other: Any) -> bool:
    """Tell whether two patches say the same; an element may say its id, which stands in its path, or not."""
    last = (_steps(where) or ("",))[-1]
    both = [
        {key: value for key, value in given.items() if key != "id" or value != last}
        if isinstance(given, Mapping)
        else given
        for given in (one, other)
    ]
    return canonical.text(both[0]) == canonical.text(both[1])


def _put_in(document: Any, at: tuple[str, ...], value: Any) -> None:
    """Let a place of a document be a value, making what lies around it; elements of lists are named by id."""
    *outer, last = at
    for step in outer:
        if isinstance(document, list):
            document = next((one for one in document if isinstance(one, Mapping) and one.get("id") == step), None)
        elif isinstance(document, dict):
            document = document.setdefault(step, {})
        if document is None:
            return
    if isinstance(document, list):
        value = {"id": last, **value} if isinstance(value, Mapping) else value
        there = next((i for i, one in enumerate(document) if one.get("id") == last), None)
        if there is None:
            document.append(value)
        else:
            document[there] = value
    elif isinstance(document, dict):
        document[last] = value


def _key(where: str) -> tuple[str, str]:
    kind, _, identifier = where.partition("#")[0].partition(":")
    return kind, identifier


def _steps(where: str) -> tuple[str, ...]:
    return steps(where.partition("#")[2])


def _within(at: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    return at[: len(outer)] == outer


_made: OrderedDict[tuple[str, ...], Any] = OrderedDict()
_lock = Lock()


def _once(key: tuple[str, ...], make: Any) -> Any:
    """Return what was made for a key before; a revision and patches have names that follow from what they say."""
    with _lock:
        if key in _made:
            _made.move_to_end(key)
            return _made[key]
    made = make()
    with _lock:
        _made[key] = made
        while len(_made) > _KEPT:
            _made.popitem(last=False)
    return made
