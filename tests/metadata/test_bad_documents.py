"""Each file in ``bad`` has one fault; the file beside it is what the author is told, to the letter.

The good documents beside them are one small shop; a bad document joins them, or extends one of them from another pack.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from dealwright.errors import DefinitionError
from dealwright.metadata import load, schemas, strict
from dealwright.metadata.layers import Layer, SourcedDocument

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.json"))


@cache
def good() -> tuple[SourcedDocument, ...]:
    return tuple(SourcedDocument(strict.read(file), file.name) for file in sorted((HERE / "good").glob("*.json")))


def problems_with(file: Path) -> str:
    try:
        document = strict.read(file, file.name)
        bad = SourcedDocument(document, file.name)
        if isinstance(document, dict) and "extends" in document:
            layers = [Layer("shop", "shop", good()), Layer("med", "med", (bad,), requires=frozenset({"shop"}))]
        else:
            layers = [Layer("shop", "shop", (*good(), bad))]
        load.catalog(layers)
    except DefinitionError as error:
        return "".join(f"{one}\n" for one in error.problems)
    return ""


def test_the_good_documents_are_of_every_kind_and_make_a_catalog() -> None:
    catalog = load.catalog([Layer("shop", "shop", good())])
    assert {kind for kind, _ in catalog.documents} == set(schemas.KINDS)


def test_there_are_bad_documents_of_every_kind() -> None:
    kinds = {document.get("kind") for file in BAD if isinstance(document := _lenient(file), dict)}
    assert set(schemas.KINDS) <= kinds


def _lenient(file: Path) -> object:
    try:
        return strict.read(file)
    except DefinitionError:
        return None


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_document_is_refused_with_exactly_this_message(file: Path) -> None:
    assert problems_with(file) == file.with_suffix(".txt").read_text(encoding="utf-8")
