"""Texts and their translations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import Problem
from dealwright.metadata.schemas import is_extension
from dealwright.metadata.texts import TRANSLATABLE

if TYPE_CHECKING:
    from dealwright.metadata.layers import Layer
    from dealwright.packs.lint.about import About

#: A placeholder in a field is an example, the same in every language.
SHOWN: Final = TRANSLATABLE - {"placeholder"}
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|(\{[^{}]+\})")
_VARIANT: Final = re.compile(r"\A/(insert|tighten)/")
#: Parts of documents in which no text is shown to people as it is: a rule's actions name messages, a fact its citation.
_UNSHOWN: Final = frozenset({"then", "unique", "duplicates", "overrides", "deprecated", "retention"})


def look(about: About) -> Iterator[Problem]:
    """Yield texts without translations, translations that do not fit, and locales that nobody named."""
    layer, manifest = about.source.layer, about.source.manifest
    own = manifest.get("default_locale", "en")
    locales = manifest.get("locales", [own])
    texts = dict(shown(layer))
    for locale in locales:
        if locale == own:
            continue
        known = layer.translations.get(locale, {})
        source = about.file(f"i18n/{locale}.json")
        for path in texts:
            if path not in known:
                yield Problem("", "P020", f"there is no text for {path}; translate “{_short(texts[path])}”", source)
    for locale, known in layer.translations.items():
        source = about.file(f"i18n/{locale}.json")
        if locale not in locales:
            yield Problem("", "P022", f"pack.json does not name the locale {locale}; add it to locales", source)
        for path, text in known.items():
            if path in texts and placeholders(text) != placeholders(texts[path]):
                message = f"{path} has {_listed(placeholders(texts[path]))} in the document and {_listed(placeholders(text))} here"
                yield Problem("", "P021", message, source)
    for key in ("title", "description"):
        said = manifest.get(key)
        if isinstance(said, Mapping):
            for locale in locales:
                if locale not in said:
                    yield Problem(f"/{key}", "P022", f"it is not there in {locale}", about.file("pack.json"))
        elif isinstance(said, str) and len(locales) > 1:
            message = "it is there in one locale only; write one text for each"
            yield Problem(f"/{key}", "P022", message, about.file("pack.json"))


def shown(layer: Layer) -> Iterator[tuple[str, str]]:
    """Yield path and text of each text of a pack that people see, extensions and overrides among them."""
    for one in layer.documents:
        document = one.document
        name = f"{document['kind']}:{document['extends'] if is_extension(document) else document['id']}"
        for at, text in _within(document):
            # A variant inserts stages and tightens others; to those who read them they are stages of one pipeline.
            yield f"{name}#{_VARIANT.sub('/stages/', at) if 'extends' in document else at}", text
        for override in document.get("overrides", ()):
            at, value = str(override["path"]).removeprefix("#"), override["value"]
            if isinstance(value, str) and at.rpartition("/")[2] in SHOWN:
                yield f"{name}#{at}", value
            elif isinstance(value, Mapping):
                for inner, text in _within(value):
                    yield f"{name}#{at}{inner}", text


def _within(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, list | tuple):
        for one in node:
            if isinstance(one, Mapping) and "id" in one:
                yield from _within(one, f"{at}/{one['id']}")
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(value, str) and key in SHOWN:
                yield f"{at}/{key}", value
            elif key not in _UNSHOWN and not (key == "source" and isinstance(value, Mapping) and "field" not in value):
                yield from _within(value, f"{at}/{key}")


def placeholders(text: str) -> list[str]:
    """Return the placeholders of a text, sorted; doubled braces are braces."""
    return sorted(one for one in _PLACEHOLDER.findall(text) if one)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _listed(names: list[str]) -> str:
    return " ".join(names) or "no placeholder"
