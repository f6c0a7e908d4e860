"""How the admins' patches lie over what the packs say: what each of them comes to, in every fold anew.

    state        why                                                    what stands
    active       it holds                                               the patch's value
    redundant    the packs say the same by now                          the same
    superseded   the packs have become stricter than it                 the packs' value
    parked       what it is about is gone; it comes back with it        nothing
    refused      it may not be: a problem says why                      the packs' value

A patch is never thrown away by a fold. Whether it was made for what stands there now is told by its base: an attribute
that may only become stricter refuses a looser patch that is new, and supersedes one that was strict enough when made.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dealwright.errors import Problem
from dealwright.metadata import canonical, merge, schemas
from dealwright.metadata.layers import numbered
from dealwright.metadata.patches import OVERLAY, Base, Patch
from dealwright.metadata.pointers import path, pointer

if TYPE_CHECKING:
    from dealwright.metadata.assertions import Assertions, Key
    from dealwright.metadata.layers import Layer
    from dealwright.metadata.merge import Steps

State = Literal["active", "redundant", "superseded", "parked", "refused"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a patch comes to over these layers.

    Attributes:
        below: What the packs say there; None where nothing is.
        why: In words, where it does not simply hold.
    """

    state: State
    below: Base | None = None
    why: str = ""


class Overlaid:
    """Lays patches over decided attributes.

    Attributes:
        standings: Id of each patch to what it comes to.
    """

    def __init__(
        self,
        said: Assertions,
        values: Mapping[Key, MutableMapping[Steps, Any]],
        provenance: MutableMapping[tuple[Key, Steps], tuple[str, ...]],
        places: MutableMapping[tuple[Key, Steps], tuple[str, tuple[str | int, ...]]],
        layers: Mapping[str, Layer],
    ) -> None:
        """Take what the packs say.

        Args:
            said: What each layer says.
            values: What stands, by document and attribute; patches change it.
            provenance: Whose it is; patches change it.
            places: Where it was written; patches change it.
            layers: By id.
        """
        self.standings: dict[str, Standing] = {}
        self._said, self._values = said, values
        self._provenance, self._places, self._layers = provenance, places, layers

    def lay(self, patch: Patch) -> None:
        """Lay one patch over what stands so far; those that add come before those that set something within."""
        self.standings[patch.id] = self._laid(patch)

    def _laid(self, patch: Patch) -> Standing:
        key, at = patch.document, patch.steps
        if patch.op == "disable":
            there = patch.document[1] in self._layers
            return Standing("active") if there else Standing("parked", why="there is no such pack")
        if key not in self._values:
            return Standing("parked", why=f"there is no {key[0]} “{key[1]}”")
        if patch.op == "add" and not at:
            return Standing("active")
        if patch.op == "translate":
            return Standing("active") if self._is_text(key, at) else Standing("parked", why="there is no such text")
        if patch.op == "resolve":
            return self._resolved(key, at, patch)
        if (refusal := self._closed(key, at, patch)) is not None:
            return self._refuse(patch, "sealed", refusal)
        return self._add(key, at, patch) if patch.op == "add" else self._set(key, at, patch)

    def _is_text(self, key: Key, at: Steps) -> bool:
        return at in self._values[key] or (at[-1] == "title" and at[:-1] in self._said.there[key])

    def _resolved(self, key: Key, at: Steps, patch: Patch) -> Standing:
        speakers = {one.layer.id for one in self._said.said[key].get(at, ())}
        if not speakers:
            return Standing("parked", why="nothing is said there")
        if patch.value not in speakers:
            return Standing("parked", why=f"the pack {patch.value} says nothing there")
        below = self._below(key, at)
        if self._provenance[key, at] == (patch.value,):
            return Standing("active", below)
        return Standing("redundant", below, "the packs agree")

    def _closed(self, key: Key, at: Steps, patch: Patch) -> str | None:
        """Return why nothing of a document may be changed from above, or None."""
        if self._is_own(key, at[:-1] if patch.op == "add" else at):
            return None
        said = self._said.said[key]
        if any(one.leaf.value for one in said.get(("sealed",), ())):
            return f"“{key[1]}” is sealed: the pack {self._said.owners[key].id} lets nobody change it"
        allowed = said[("extensible",)][0].leaf.value if ("extensible",) in said else {}
        part = "fields" if patch.op == "add" else "overrides"
        if not allowed.get(part, True):
            return f"the pack {self._said.owners[key].id} lets nobody change “{key[1]}” in this way (extensible)"
        return None

    def _is_own(self, key: Key, at: Steps) -> bool:
        """Tell whether a place is within what the admins have added themselves."""
        return self._said.owners[key].id == OVERLAY or any(one.startswith(f"{OVERLAY}__") for one in at)

    def _add(self, key: Key, at: Steps, patch: Patch) -> Standing:
        part, fault, around = self._walk(key, at)
        if around is not None:
            return Standing("parked", why=around)
        if part is None or fault is not None:
            return self._refuse(patch, "unknown-path", fault or "nothing can stand there")
        if at in self._said.there[key]:
            return self._refuse(patch, "twice", f"there is a “{at[-1]}” already; give it another name")
        value = patch.value
        if self._said.owners[key].id != OVERLAY and not at[-1].startswith(f"{OVERLAY}__"):
            message = f"“{at[-1]}” is your own, so its name is “{OVERLAY}__{at[-1]}”"
            return self._refuse(patch, "foreign-name", message)
        if self._said.is_keyed(key, at):
            value = {"id": at[-1], **value}
        elif key[0] == "entity" and at[:-1] == ("properties",):
            field = numbered({"kind": "entity", "extends": key[1], "properties": {at[-1]: value}})["properties"][at[-1]]
            value = {**field, "order": value.get("order", 20_000)}
        wrong = schemas.check_part(key[0], part, value, patch.source, ("value",))
        if wrong:
            self._said.problems.extend(wrong)
            return Standing("refused", why=wrong[0].message)
        for leaf in merge.leaves(key[0], part, value, at):
            self._put(key, leaf.path, leaf.value, (OVERLAY,), patch, ("value", *leaf.place))
        return Standing("active")

    def _set(self, key: Key, at: Steps, patch: Patch) -> Standing:
        part, fault, around = self._walk(key, at)
        if around is not None:
            return Standing("parked", why=around)
        if part is None or fault is not None:
            return self._refuse(patch, "unknown-path", fault or "nothing can stand there")
        if "x-merge" not in part:
            message = f"{pointer(at)} has attributes of its own; set one of them"
            return self._refuse(patch, "wrong-type", message)
        below = self._below(key, at)
        wrong = schemas.check_part(key[0], part, patch.value, patch.source, ("value",))
        if wrong:
            self._said.problems.extend(wrong)
            return Standing("refused", below, wrong[0].message)
        if below is not None and _same(below.value, patch.value):
            self._also(key, at)
            return Standing("redundant", below, f"{below.layer} says the same")
        if self._is_own(key, at) or part["x-merge"] == "last":
            return self._stands(key, at, patch.value, patch, below)
        if part["x-merge"] in merge.TIGHTENING:
            return self._tightened(key, at, part, patch, below)
        owner = self._said.owners[key].id
        message = (
            f"{pointer(at)} of “{key[1]}” is for the pack {owner} to set, which defines it; use a parameter, "
            "or disable it and clone it"
        )
        return self._refuse(patch, "protected", message, below)

    def _tightened(self, key: Key, at: Steps, part: Mapping[str, Any], patch: Patch, below: Base | None) -> Standing:
        if below is None:
            return self._stands(key, at, patch.value, patch, below)
        order = tuple(part.get("enum", ()))
        stricter = merge.TIGHTENING[part["x-merge"]]
        try:
            value = stricter([below.value, patch.value], order)
        except ValueError:  # a parameter and a number: nobody can say which is stricter
            message = f"{pointer(at)} is {canonical.text(below.value)}; nobody can tell whether that would be stricter"
            return self._refuse(patch, "protected", message, below)
        if _same(value, below.value):
            if part["x-merge"] == "union":
                return Standing("redundant", below, f"{below.layer} says so already")
            return self._too_loose(at, patch, below, stricter, order)
        if part["x-merge"] == "intersect" and not _same(value, patch.value):
            return self._too_loose(at, patch, below, stricter, order)
        whose = (*self._provenance[key, at], OVERLAY) if part["x-merge"] == "union" else (OVERLAY,)
        self._put(key, at, value, whose, patch, ("value",))
        return Standing("active", below)

    def _too_loose(self, at: Steps, patch: Patch, below: Base, stricter: Any, order: tuple[str, ...]) -> Standing:
        """Tell a patch that was strict enough when it was made from one that never was."""
        said, wanted = canonical.text(below.value), canonical.text(patch.value)
        if patch.base is not None and not _same(patch.base.value, below.value):
            base = patch.base.value
            if base is None or _same(stricter([base, patch.value], order), patch.value):
                return Standing("superseded", below, f"{below.layer} is stricter by now: {said}")
        message = f"{pointer(at)} may only become stricter: {wanted} would loosen {said} of {below.layer}"
        return self._refuse(patch, "weakens", message, below)

    def _stands(self, key: Key, at: Steps, value: Any, patch: Patch, below: Base | None) -> Standing:
        self._put(key, at, value, (OVERLAY,), patch, ("value",))
        return Standing("active", below)

    def _put(
        self, key: Key, at: Steps, value: Any, whose: tuple[str, ...], patch: Patch, place: tuple[str | int, ...]
    ) -> None:
        self._values[key][at] = value
        self._provenance[key, at] = whose
        self._places[key, at] = (patch.source, place)
        self._said.there[key].update(at[: depth + 1] for depth in range(len(at)))

    def _also(self, key: Key, at: Steps) -> None:
        self._provenance[key, at] = tuple(dict.fromkeys((*self._provenance[key, at], OVERLAY)))

    def _below(self, key: Key, at: Steps) -> Base | None:
        if at not in self._values[key]:
            return None
        whose = self._provenance[key, at]
        versions = [self._layers[one].version for one in whose if one in self._layers]
        return Base(self._values[key][at], "+".join(whose), "+".join(versions))

    def _walk(self, key: Key, at: Steps) -> tuple[Mapping[str, Any] | None, str | None, str | None]:
        """Return the schema of what a path names, what is wrong with the path, and what around it is gone."""
        here: Mapping[str, Any] = schemas.definition(key[0])
        for depth, step in enumerate(at):
            inner = None if "x-merge" in here else merge.inside(key[0], here, step)
            if inner is None:
                message = f"“{step}” in {path(*key, at)} is nothing of a {key[0]}"
                return None, message + schemas.near(step, here.get("properties", ())), None
            is_last = depth + 1 == len(at)
            if not is_last and merge.is_element(key[0], here, step) and at[: depth + 1] not in self._said.there[key]:
                return inner, None, f"there is no “{step}” in “{key[1]}”"
            here = inner
        return here, None, None

    def _refuse(self, patch: Patch, code: str, message: str, below: Base | None = None) -> Standing:
        self._said.problems.append(Problem("/value", code, message, patch.source))
        return Standing("refused", below, message)


def _same(one: Any, other: Any) -> bool:
    return canonical.text(one) == canonical.text(other)
