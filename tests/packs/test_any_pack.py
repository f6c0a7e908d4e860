"""Whatever stands in the documents of a pack, every side that looks at it answers with problems, never another error."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.settings import DEFAULTS
from dealwright.packs.examine import examine
from dealwright.packs.source import PackSource

MANIFEST = {"format": 1, "id": "shop", "ns": "shop", "version": "1.0.0", "title": "Shop", "platform": "*"}
GOOD = [
    json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parents[1] / "metadata" / "good").glob("*.json"))
]
NAMES = "name amount account shop.order shop.account rows formula lookup rollup reference text select new won id param"
SOURCES = [
    "amount >",
    "nope == 1",
    "'x'",
    "amount",
    "account.region",
    "now()",
    "owner == user.id",
    "lines.sum(l, l.qty)",
]
TYPES = [
    "text",
    "money",
    "date",
    "boolean",
    "tags",
    "json",
    "file",
    "user",
    "duration",
    "rating",
    "geolocation",
    "datetime",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([*NAMES.split(), *SOURCES, *TYPES]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=3),
    max_leaves=4,
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every container and key or index in a document."""
    pairs = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
    return [(node, key) for key, _ in pairs] + [one for _, inner in pairs for one in places(inner)]


@st.composite
def damaged(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The good documents with up to three values changed to one of the same sort, or to anything, or taken away."""
    documents: list[dict[str, Any]] = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(places(draw(st.sampled_from(documents)))))
        match draw(st.integers(0, 3)), container[key]:
            case ((0 | 1), str()):
                container[key] = draw(st.sampled_from([*NAMES.split(), *SOURCES, *TYPES]))
            case 2, _ if isinstance(container, dict):
                del container[key]
            case _:
                container[key] = draw(VALUES)
    return documents


@settings(max_examples=60, deadline=None)
@given(damaged())
def test_a_damaged_pack_gives_problems_with_a_file_and_a_pointer(documents: list[dict[str, Any]]) -> None:
    sourced = tuple(SourcedDocument(one, f"shop/{i}.json") for i, one in enumerate(documents))
    source = PackSource(Layer("shop", "shop", sourced, version="1.0.0", manifest=MANIFEST, folder="shop"), Path("shop"))
    for one in examine([source], DEFAULTS).problems:
        assert one.source.startswith("shop/")
        assert one.pointer == "" or one.pointer.startswith("/")
        assert one.message
