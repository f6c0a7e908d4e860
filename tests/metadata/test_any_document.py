"""Whatever stands in a document, the answer is a catalog or a list of problems, never another error."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.errors import DefinitionError
from dealwright.metadata import load, strict
from dealwright.metadata.layers import Layer, SourcedDocument

GOOD = [strict.read(file, file.name) for file in sorted((Path(__file__).parent / "good").glob("*.json"))]
EXTENSION: dict[str, Any] = {
    "kind": "entity",
    "extends": "shop.order",
    "properties": {"med__ward": {"field": "text", "maxLength": 60}},
    "required": ["amount"],
    "checks": [{"id": "med__c", "error_when": "amount > 5", "message": "M"}],
    "overrides": [
        {"path": "#/properties/amount/title", "value": "Value", "was": "Amount"},
        {"path": "#/properties/note/maxLength", "value": 500},
    ],
}
NAMES = (
    " name amount account shop.order shop.account shop.region rows formula lookup rollup reference text select new won a.b "
    "#/title #/properties/amount/minimum {x param id"
)
WORDS = st.sampled_from(NAMES.split(" "))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container and key or index in a document."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in list(pairs):
        yield node, key
        yield from places(inner)


@st.composite
def damaged(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The good documents and the extension, with up to three values changed, added or taken away."""
    documents = copy.deepcopy([*GOOD, EXTENSION])
    for _ in range(draw(st.integers(1, 3))):
        one = draw(st.sampled_from(documents))
        container, key = draw(st.sampled_from(list(places(one)) or [(one, "title")]))
        match draw(st.integers(0, 2)):
            case 0:
                container[key] = draw(VALUES)
            case 1 if isinstance(container, dict):
                container[draw(WORDS)] = draw(VALUES)
            case _ if isinstance(container, dict):
                container.pop(key, None)
            case _:
                container.append(draw(VALUES))
    return documents


@settings(max_examples=300, deadline=None)
@given(damaged())
def test_a_damaged_document_gives_problems_with_a_file_and_a_pointer(documents: list[dict[str, Any]]) -> None:
    shop = tuple(SourcedDocument(one, f"{i}.json") for i, one in enumerate(documents[:-1]))
    med = (SourcedDocument(documents[-1], "extension.json"),)
    try:
        load.catalog([Layer("shop", "shop", shop), Layer("med", "med", med, requires=frozenset({"shop"}))])
    except DefinitionError as error:
        assert error.problems
        for one in error.problems:
            assert one.source.endswith(".json")
            assert one.pointer == "" or one.pointer.startswith("/")
            assert one.message
