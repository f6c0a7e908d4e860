"""The laws of the fold on random graphs of packs with random changes of admins (A1 to A5)."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.metadata import canonical, load, patches
from dealwright.metadata.fold import Folded, fold
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.patches import Base, Patch
from dealwright.packs import order
from dealwright.packs.source import PackSource

TITLES = ("Deal", "Case", "Chance", "Project")
PATHS = ("title", "properties/name/title", "properties/name/maxLength", "properties/size/minimum", "description")
SEEDS = st.integers(0, 2**48)
#: Six laws on so many graphs together, every graph folded up to four times; ``make nightly`` asks ten times as many.
GRAPHS = int(os.environ.get("DEALWRIGHT_TEST_GRAPHS", "1200"))
LAWS = settings(max_examples=GRAPHS // 6, deadline=None, database=None)


def value(rnd: random.Random, path: str) -> Any:
    return rnd.randrange(1, 9) * 10 if path.endswith(("maxLength", "minimum")) else rnd.choice(TITLES)


def release(rnd: random.Random, name: str, below: list[str], requires: set[str], version: int) -> Layer:
    """Return a release of a pack: an entity of its own, and what it sets on those that it requires."""
    own: dict[str, Any] = {
        "kind": "entity",
        "id": f"{name}.deal",
        "title": value(rnd, "title"),
        "properties": {
            "name": {"field": "text", "title": value(rnd, "title"), "maxLength": value(rnd, "maxLength")},
            "size": {"field": "integer", "minimum": value(rnd, "minimum")},
        },
    }
    documents = [own]
    for other in below:
        if other in requires and rnd.random() < 0.8:
            chosen = rnd.sample(PATHS, rnd.randrange(1, 4))
            overrides = [{"path": f"#/{path}", "value": value(rnd, path)} for path in chosen]
            more = {f"{name}__x": {"field": "text", "title": value(rnd, "title")}} if rnd.random() < 0.5 else {}
            extension: dict[str, Any] = {"kind": "entity", "extends": f"{other}.deal", "overrides": overrides}
            documents.append({**extension, "properties": more} if more else extension)
    sourced = tuple(SourcedDocument(one, f"{name}/{i}") for i, one in enumerate(documents))
    return Layer(name, name, sourced, requires=frozenset(requires), version=f"{version}.0.0")


def graph(rnd: random.Random) -> list[Layer]:
    """Return up to six packs; each requires some of those before it."""
    names = [f"p{i}" for i in range(rnd.randrange(1, 7))]
    return [upgraded(rnd, name, names, 1) for name in names]


def upgraded(
    rnd: random.Random, name: str, names: list[str], version: int, requires: frozenset[str] | None = None
) -> Layer:
    below = names[: names.index(name)]
    chosen = {one for one in below if rnd.random() < 0.5} if requires is None else set(requires)
    return release(rnd, name, below, chosen, version)


def changes(rnd: random.Random, layers: list[Layer]) -> list[Patch]:
    found: dict[str, Patch] = {}
    for number in range(rnd.randrange(0, 5)):
        pack, path = rnd.choice(layers).id, rnd.choice(PATHS)
        one = Patch(f"entity:{pack}.deal#/{path}", "set", value(rnd, path), at=f"2026-01-0{number + 1}")
        found[one.id] = one
    return list(found.values())


def laid(layers: list[Layer], overlay: list[Patch]) -> Folded:
    """Fold packs in whatever order they are given, as an installation does."""
    sources = [PackSource(one, None) for one in layers]  # type: ignore[arg-type]
    ordered = [one.layer for one in order.ordered(sources)]
    return fold([*ordered, *([patches.layer(overlay, ordered)] if overlay else [])])


def seen(folded: Folded) -> str:
    """Return all that a fold says, in one text."""
    whose = {f"{key}{at}": layers for (key, at), layers in folded.provenance.items()}
    documents = {f"{kind}:{name}": one for (kind, name), one in folded.documents.items()}
    standings = {one: [standing.state, standing.why] for one, standing in folded.standings.items()}
    return canonical.text([documents, whose, sorted(map(str, folded.problems)), standings])


@LAWS
@given(SEEDS)
def test_a1_the_fold_does_not_depend_on_the_order_of_installation(seed: int) -> None:
    rnd = random.Random(seed)
    layers = graph(rnd)
    overlay = changes(rnd, layers)
    shuffled, other = list(layers), list(overlay)
    rnd.shuffle(shuffled)
    rnd.shuffle(other)
    assert seen(laid(layers, overlay)) == seen(laid(shuffled, other))


@LAWS
@given(SEEDS)
def test_a2_to_install_a_pack_and_take_it_away_again_changes_nothing(seed: int) -> None:
    rnd = random.Random(seed)
    layers = graph(rnd)
    overlay = changes(rnd, layers)
    before = seen(laid(layers, overlay))
    names = [one.id for one in layers] + ["z"]
    more = [*layers, upgraded(rnd, "z", names, 1)]
    with_it = laid(more, overlay)
    assert ("entity", "z.deal") in with_it.documents
    assert seen(laid([one for one in more if one.id != "z"], overlay)) == before


@LAWS
@given(SEEDS)
def test_a3_what_an_admin_set_survives_any_upgrade_of_any_pack(seed: int) -> None:
    rnd = random.Random(seed)
    layers = graph(rnd)
    names = [one.id for one in layers]
    overlay = changes(rnd, layers)
    for round_ in range(2, 5):
        layers = [upgraded(rnd, one.id, names, round_, one.requires) if rnd.random() < 0.5 else one for one in layers]
        folded = laid(layers, overlay)
        for one in overlay:
            if one.steps[-1] in ("title", "description"):
                assert folded.standings[one.id].state in ("active", "redundant")
                here: Any = folded.documents[one.document]
                for step in one.steps:
                    here = here[step]
                assert here == one.value


@LAWS
@given(SEEDS)
def test_a4_to_put_the_same_in_force_again_changes_nothing(seed: int) -> None:
    rnd = random.Random(seed)
    layers = graph(rnd)
    overlay = changes(rnd, layers)
    first = laid(layers, overlay)
    remembered = [
        replace(one, base=first.standings[one.id].below) if first.standings[one.id].state == "active" else one
        for one in overlay
    ]
    again = laid(layers, remembered)
    assert seen(first) == seen(again)
    layered = [*layers, patches.layer(remembered, layers)]
    revisions = {load.assembled(one, layered, {}).revision for one in (first, again)}
    assert len(revisions) == 1


@LAWS
@given(SEEDS)
def test_a5_changes_on_a_pack_that_went_away_revive_with_it(seed: int) -> None:
    rnd = random.Random(seed)
    layers = graph(rnd)
    overlay = changes(rnd, layers)
    before = laid(layers, overlay)
    leaf = next(one for one in reversed(layers) if not any(one.id in other.requires for other in layers))
    without = [one for one in layers if one.id != leaf.id]
    folded = laid(without, overlay)
    about = [one for one in overlay if one.document[1] == f"{leaf.id}.deal"]
    assert all(folded.standings[one.id].state == "parked" for one in about)
    assert seen(laid([*without, leaf], overlay)) == seen(before)


@LAWS
@given(SEEDS)
def test_no_layer_above_ever_loosens_what_may_only_become_stricter(seed: int) -> None:
    rnd = random.Random(seed)
    layers = graph(rnd)
    overlay = [replace(one, base=Base(99 if one.steps[-1] == "maxLength" else 1)) for one in changes(rnd, layers)]
    bare, folded = laid(layers, []), laid(layers, overlay)
    for key, document in folded.documents.items():
        below = bare.documents[key]["properties"]
        assert document["properties"]["name"]["maxLength"] <= below["name"]["maxLength"]
        assert document["properties"]["size"]["minimum"] >= below["size"]["minimum"]
