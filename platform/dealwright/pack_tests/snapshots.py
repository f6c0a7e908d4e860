"""Tests of the kinds ``golden`` and ``i18n``: definitions as they were reviewed, and texts in every language.

    {"test": "the definitions are as reviewed", "kind": "golden", "of": ["entity:shop.*"], "is": {...}}
    {"test": "everything is there in Chinese", "kind": "i18n", "locales": ["zh-CN"]}

What a golden test is compared with is written by ``dealwright pack test --generate``, for people to read before they keep it.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata import canonical, strict
from dealwright.metadata.merge import leaves
from dealwright.metadata.pointers import pointer
from dealwright.metadata.schemas import definition
from dealwright.pack_tests.named import Mistake
from dealwright.packs.lint import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.layers import Layer

#: Differences of one test that are told one by one.
_TOLD: Final = 20


def taken(catalog: Catalog, patterns: list[str]) -> dict[str, Any]:
    """Return the effective documents whose ``kind:id`` fits one of the patterns, in order.

    Raises:
        Mistake: If a pattern fits none.
    """
    names = {f"{kind}:{identifier}": (kind, identifier) for kind, identifier in sorted(catalog.documents)}
    for one in patterns:
        if not any(fnmatchcase(name, one) for name in names):
            raise Mistake(f"“{one}” fits no document; write one such as rule:shop.large, or entity:shop.*")
    return {
        name: canonical.plain(dict(catalog.documents[key]))
        for name, key in names.items()
        if any(fnmatchcase(name, one) for one in patterns)
    }


def failures(catalog: Catalog, document: Mapping[str, Any]) -> Iterator[str]:
    """Yield in what the definitions are other than a golden test says.

    Raises:
        Mistake: If there is nothing to compare with.
    """
    now = taken(catalog, document["of"])
    was = document.get("is")
    if was is None:
        raise Mistake(
            "there is nothing to compare with yet; run dealwright pack test --generate, and read what it wrote"
        )
    found = list(_differences(was, now))
    yield from found[:_TOLD]
    if len(found) > _TOLD:
        yield f"and {len(found) - _TOLD} more; see dealwright pack diff"


def _differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*was, *now}):
        if name not in now:
            yield f"{name} is gone"
        elif name not in was:
            yield f"{name} is new"
        else:
            old, new = (_flat(name.partition(":")[0], some[name]) for some in (was, now))
            for at in sorted({*old, *new}):
                if old.get(at) != new.get(at):
                    yield f"{name}#{at} is {new.get(at, 'not there')}, expected {old.get(at, 'nothing there')}"


def _flat(kind: str, document: Any) -> dict[str, str]:
    return {pointer(one.path): canonical.text(one.value) for one in leaves(kind, definition(kind), document)}


def untranslated(layer: Layer, document: Mapping[str, Any]) -> Iterator[str]:
    """Yield each text of a pack that is not there in a locale, or has other placeholders there."""
    shown = dict(texts.shown(layer))
    for locale in document["locales"]:
        known = layer.translations.get(locale, {})
        for path, text in shown.items():
            if path not in known:
                yield f"{path} is not there in {locale}: “{text}”"
            elif texts.placeholders(known[path]) != texts.placeholders(text):
                yield f"{path} has other placeholders in {locale}: “{known[path]}”"


def generate(folder: Path, catalog: Catalog) -> list[Path]:
    """Write what is now into every golden test of a pack; return the files that are other than before.

    Raises:
        DefinitionError: If a file is no JSON.
        Mistake: As :func:`taken`.
    """
    written = []
    for file in sorted(folder.glob("tests/**/*.json")):
        content = strict.read(file, file.name)
        tests = content if isinstance(content, list) else [content]
        before = canonical.text(tests)
        for test in tests:
            if isinstance(test, dict) and test.get("kind") == "golden" and isinstance(test.get("of"), list):
                test["is"] = taken(catalog, test["of"])
        if canonical.text(tests) != before:
            file.write_text(json.dumps(canonical.plain(content), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            written.append(file)
    return written
