"""What differs between two releases of a pack, and by how much its version must rise for it.

    major   something is gone or has another type; what records or people rely on may break; more permissions
    minor   something is new, looser, or works otherwise
    patch   titles, help, translations, tests; an expression that says the same in other words

The rise is the least that is right: whoever changes what a rule decides may raise more. Before 1.0 a minor version counts as
a major one and a patch as a minor one (``ranges``). Releases are compared as they were written, each attribute by the
merge class that its schema states; elements of lists go by their ids, so order is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import canonical, merge, schemas
from dealwright.metadata.definitions import EMPTY
from dealwright.metadata.pointers import path
from dealwright.packs import permissions, ranges

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Document
    from dealwright.metadata.layers import Layer
    from dealwright.metadata.merge import Leaf, Steps
    from dealwright.packs.ranges import Version
    from dealwright.packs.source import PackSource

BUMPS: Final = ("patch", "minor", "major")
#: Attributes that people read, and that decide nothing.
_WORDS: Final = frozenset(
    {
        "title",
        "plural",
        "description",
        "message",
        "placeholder",
        "section",
        "text",
        "body",
        "width",
        "icon",
        "hue",
        "order",
    }
)
#: Attributes that hold an expression: other words may say the same.
_EXPRESSIONS: Final = frozenset(
    {
        "if",
        "require",
        "error_when",
        "formula",
        "filter",
        "rows",
        "visible_when",
        "required_when",
        "readonly_when",
        "when",
    }
)
_NOT_CONTENT: Final = frozenset({"$schema", "lang", "overrides"})
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: Such as ``entity:sales.lead#/properties/name/maxLength``.
        sort: ``added``, ``removed`` or ``changed``.
        bump: What the version must rise by because of it.
        why: In a few words.
        before, after: The values; None where there is none, or a whole document or element.
    """

    path: str
    sort: str
    bump: str
    why: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        """Return it in a line."""
        shown = ""
        if self.sort == "changed":
            shown = f": {_short(self.before)} → {_short(self.after)}"
        return f"{self.bump:5}  {self.sort:7}  {self.path}{shown}  ({self.why})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two releases.

    Attributes:
        before, after: Their versions.
        changes: In the order of paths.
    """

    before: str
    after: str
    changes: tuple[Change, ...]

    @property
    def bump(self) -> str:
        """The least by which the version must rise; empty if nothing differs."""
        return max((one.bump for one in self.changes), key=BUMPS.index, default="")

    @property
    def least(self) -> str:
        """The lowest version that the later release may have."""
        return next_version(self.before, self.bump)

    @property
    def suffices(self) -> bool:
        """Whether the version of the later release is high enough."""
        return not self.bump or ranges.version(self.after) >= ranges.version(self.least)


def next_version(version: str, bump: str) -> str:
    """Return the next version of a release; before 1.0 a bump counts one place less."""
    major, minor, patch = ranges.version(version)
    found: Version = (major, minor, patch)
    if bump and major == 0:
        found = (0, minor + 1, 0) if bump == "major" else (0, minor, patch + 1)
    elif bump:
        found = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0)}.get(bump, (major, minor, patch + 1))
    return ".".join(map(str, found))


def compare(before: PackSource, after: PackSource) -> Comparison:
    """Return what differs between two releases of a pack whose documents fit their schemas."""
    found = [*_documents(before.layer, after.layer), *_manifest(before.manifest, after.manifest)]
    found += _texts(before.layer, after.layer)
    return Comparison(
        before.layer.version, after.layer.version, tuple(sorted(found, key=lambda one: (one.path, one.sort)))
    )


def _manifest(before: Document, after: Document) -> Iterator[Change]:
    for use in permissions.added(before, after):
        yield Change("pack#/permissions", "added", "major", f"it may now {use}")
    for use in permissions.added(after, before):
        yield Change("pack#/permissions", "removed", "patch", f"it may no longer {use}")
    for name, wanted in after.get("requires", {}).items():
        had = before.get("requires", {}).get(name)
        if had is None:
            yield Change(f"pack#/requires/{name}", "added", "minor", "it needs another pack", after=wanted)
        elif had != wanted:
            yield Change(f"pack#/requires/{name}", "changed", "minor", "it needs other versions", had, wanted)
    if before.get("platform") != after.get("platform"):
        yield Change(
            "pack#/platform", "changed", "minor", "it runs on other versions", before["platform"], after["platform"]
        )


def _texts(before: Layer, after: Layer) -> Iterator[Change]:
    for locale in sorted({*before.translations, *after.translations}):
        old, new = before.translations.get(locale, EMPTY), after.translations.get(locale, EMPTY)
        count = sum(old.get(one) != new.get(one) for one in {*old, *new})
        if count:
            yield Change(f"i18n/{locale}", "changed", "patch", f"{count} translations differ", len(old), len(new))


def _documents(before: Layer, after: Layer) -> Iterator[Change]:
    old, new = _by_key(before), _by_key(after)
    for key in sorted({*old, *new}):
        if key not in new:
            yield Change(path(*key, ()), "removed", "major", "others may use it")
        elif key not in old:
            yield Change(path(*key, ()), "added", "minor", "it is new")
        else:
            yield from _attributes(key, old[key], new[key])


def _by_key(layer: Layer) -> dict[Key, Document]:
    found = {}
    for one in layer.documents:
        name = one.document["extends"] if schemas.is_extension(one.document) else one.document["id"]
        found[one.document["kind"], name] = one.document
    return found


def _attributes(key: Key, before: Document, after: Document) -> Iterator[Change]:
    old, new = _leaves(key[0], before), _leaves(key[0], after)
    elements = {"before": _elements(key[0], old), "after": _elements(key[0], new)}
    told: set[Steps] = set()
    for at in sorted({*old, *new}):
        whole = next(
            (at[:n] for n in range(1, len(at)) if (at[:n] in elements["before"]) != (at[:n] in elements["after"])), None
        )
        if whole is not None:
            if whole not in told:
                told.add(whole)
                gone = whole in elements["before"]
                yield _element(key, whole, gone, after)
        elif at not in new:
            yield _attribute(key, at, old[at], None)
        elif at not in old:
            yield _attribute(key, at, None, new[at])
        elif canonical.text(old[at].value) != canonical.text(new[at].value):
            yield _attribute(key, at, old[at], new[at])
    yield from _overrides(key, before, after)


def _leaves(kind: str, document: Document) -> dict[Steps, Leaf]:
    content = {name: value for name, value in document.items() if name not in _NOT_CONTENT and name != "extends"}
    return {one.path: one for one in merge.leaves(kind, schemas.definition(kind), content)}


def _elements(kind: str, leaves: Mapping[Steps, Leaf]) -> set[Steps]:
    """Return the paths of the fields, options, stages and so on that a document has."""
    found: set[Steps] = set()
    for at in leaves:
        part: Mapping[str, Any] | None = schemas.definition(kind)
        for depth, step in enumerate(at[:-1]):
            if part is None:
                break
            if merge.is_element(kind, part, step):
                found.add(at[: depth + 1])
            part = merge.inside(kind, part, step)
    return found


def _element(key: Key, at: Steps, gone: bool, after: Document) -> Change:
    where = path(*key, at)
    if gone:
        return Change(where, "removed", "major", "others may use it")
    if at[0] == "checks":
        return Change(where, "added", "major", "records that are there may not meet it")
    if key[0] == "entity" and at[0] == "properties" and len(at) == 2 and at[1] in after.get("required", ()):
        spec = after["properties"][at[1]]
        if "default" not in spec:
            return Change(where, "added", "major", "it is required and has no default")
    return Change(where, "added", "minor", "it is new")


def _attribute(key: Key, at: Steps, before: Leaf | None, after: Leaf | None) -> Change:
    sort = "changed" if before and after else "added" if after else "removed"
    bump, why = _bump(key[0], at, before, after)
    return Change(path(*key, at), sort, bump, why, before and before.value, after and after.value)


def _bump(kind: str, at: Steps, before: Leaf | None, after: Leaf | None) -> tuple[str, str]:
    name, class_ = at[-1], next(one.merge for one in (after, before) if one is not None)
    if name in _WORDS:
        return "patch", "people read it, and nothing else does"
    if class_ == "locked":
        return "major", "what it is has changed"
    if class_ in merge.TIGHTENING and name != "indexes":
        return ("major", "it is stricter") if _is_stricter(class_, before, after) else ("minor", "it is looser")
    if kind == "role" and name in ("grants", "capabilities"):
        return "minor", "people may do other things"
    if name in _EXPRESSIONS and before and after:
        return "patch", "raise it by more if it decides otherwise"
    return "minor", "it works otherwise"


def _is_stricter(class_: str, before: Leaf | None, after: Leaf | None) -> bool:
    if after is None:
        return False
    if before is None:
        return class_ != "and" if after.value is False else class_ != "or" or bool(after.value)
    try:
        strictest = merge.TIGHTENING[class_]([before.value, after.value], after.order)
    except ValueError:  # a parameter and a number: nobody can say
        return True
    return canonical.text(strictest) != canonical.text(before.value)


def _overrides(key: Key, before: Document, after: Document) -> Iterator[Change]:
    old, new = ({one["path"]: one["value"] for one in some.get("overrides", ())} for some in (before, after))
    for at in sorted({*old, *new}):
        if canonical.text(old.get(at)) != canonical.text(new.get(at)):
            sort = "changed" if at in old and at in new else "added" if at in new else "removed"
            bump = "patch" if at.rpartition("/")[2] in _WORDS else "minor"
            yield Change(f"{key[0]}:{key[1]}{at}", sort, bump, "it sets another pack's value", old.get(at), new.get(at))


def _short(value: Any) -> str:
    text = canonical.text(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
