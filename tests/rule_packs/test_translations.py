"""Every text that people see is there in English and Chinese, and no translation is left over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dealwright.metadata.folder import read_folder
from dealwright.resources import shipped

FOLDERS = [shipped("metadata") / "base", *sorted(one.parent for one in shipped("rule_packs").glob("*/pack.json"))]
#: Keys of documents whose text is shown. A placeholder is an example and the same in every language.
SHOWN = frozenset({"title", "plural", "description", "section", "message", "body", "text"})
PLACEHOLDER = re.compile(r"\{[^{}]+\}")
VARIANT = re.compile(r"^/(insert|tighten)/")


def texts(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path within a document, and the text, of each text that is shown; a list's elements go by their ids."""
    if isinstance(node, list):
        for one in node:
            if isinstance(one, dict) and "id" in one:
                yield from texts(one, f"{at}/{one['id']}")
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and key in SHOWN:
                yield f"{at}/{key}", value
            # The source of a fact is a citation; a rule's actions name messages, which are documents of their own.
            elif key not in ("then", "unique", "duplicates") and not (key == "source" and "field" not in value):
                yield from texts(value, f"{at}/{key}")


def shown(folder: Path) -> dict[str, str]:
    namespace = json.loads((folder / "pack.json").read_text(encoding="utf-8"))["ns"]
    found = {}
    for one in read_folder(folder, namespace)[0]:
        document = json.loads(json.dumps(one.document, default=str))
        name = f"{document['kind']}:{document.get('id') or document['extends']}"
        # Stages that a variant inserts or tightens are stages to those who read them.
        found.update({f"{name}#{VARIANT.sub('/stages/', path)}": text for path, text in texts(document)})
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a22_each_text_has_its_translation_and_no_translation_is_left_over(folder: Path) -> None:
    chinese = json.loads((folder / "i18n" / "zh-CN.json").read_text(encoding="utf-8"))
    assert set(chinese) == set(shown(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_translation_has_the_placeholders_of_the_text(folder: Path) -> None:
    chinese = json.loads((folder / "i18n" / "zh-CN.json").read_text(encoding="utf-8"))
    for path, text in shown(folder).items():
        assert sorted(PLACEHOLDER.findall(chinese[path])) == sorted(PLACEHOLDER.findall(text)), path


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_translation_is_chinese(folder: Path) -> None:
    chinese = json.loads((folder / "i18n" / "zh-CN.json").read_text(encoding="utf-8"))
    latin = {path: text for path, text in chinese.items() if not re.search(r"[一-鿿]", text)}
    assert {path for path, text in latin.items() if text not in {"A", "B", "C"}} == set()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_manifest_speaks_both_languages(folder: Path) -> None:
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    assert set(manifest["title"]) == set(manifest["description"]) == set(manifest["locales"]) == {"en", "zh-CN"}
