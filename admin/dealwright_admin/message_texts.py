"""A message as the inputs of a form, and back; the placeholders of its texts, and of which records they speak."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.names import namespace_of
from dealwright.records import wording
from dealwright.web import sentences
from dealwright.web.i18n import gettext
from dealwright_admin import words
from dealwright_admin.problems import Wrong

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from dealwright.packs.drafts import Opened

#: The texts of a message.
PARTS: Final = ("title", "body")
#: What a placeholder is, as rules read it; anything else between braces is no placeholder.
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_.]*\Z")


def read(form: MultiDict[str, str], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as a form says it shall be; what the form does not show stays."""
    made = dict(document)
    for key in ("title", "body", "description"):
        if key in form:
            text = form[key].replace("\r\n", "\n").strip()
            if text:
                made[key] = text
            elif key != "title":
                made.pop(key, None)
    if "channels.shown" in form:
        chosen = [one for one in form.getlist("channels") if one]
        made.pop("channels", None)
        if chosen and (chosen != ["in_app"] or "channels" in document):
            made["channels"] = chosen
    return made


def placeholders(text: str) -> list[str]:
    """Return what stands between single braces, in order, each once."""
    found = [match[1].strip() for match in _PLACEHOLDER.finditer(text) if match[1] is not None]
    return list(dict.fromkeys(found))


def users(found: Opened, message: str) -> dict[str, list[tuple[str, str, str, str]]]:
    """Return by entity what sends a message about its records: kind, id, title, and where that is edited."""
    told: dict[str, list[tuple[str, str, str, str]]] = {}
    catalog = found.catalog
    for (kind, identifier), document in sorted(catalog.documents.items()):
        entity = document.get("entity")
        if kind != "message" and isinstance(entity, str) and message in set(_named(document)):
            one = (kind, identifier, words.document(catalog, kind, identifier), words.href(found, kind, identifier))
            told.setdefault(entity, []).append(one)
    return told


def _named(part: Any) -> Iterator[str]:
    """Yield the messages that a document names."""
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in ("message", "rest") and isinstance(value, str):
                yield value
            else:
                yield from _named(value)
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _named(one)


def spaces(found: Opened, message: str, entity: str) -> str:
    """Return the namespace that ``param.`` means in a message about records of an entity: that of who sends it."""
    senders = users(found, message).get(entity, [])
    return namespace_of(senders[0][1]) if senders else namespace_of(message)


def faults(found: Opened, message: str, entity: str, texts: Mapping[tuple[str, str], str]) -> list[Wrong]:
    """Return what is wrong with the placeholders of texts (of a part in a language) over the records of an entity."""
    told = []
    for (part, language), text in texts.items():
        sources = placeholders(text)
        plain = [one for one in sources if _NAME.match(one)]
        wrong = wording.faults(found.catalog, entity, spaces(found, message, entity), plain) if entity else {}
        for source in sources:
            if source in wrong:
                error = wrong[source]
                hint = gettext("did you mean “%(name)s”?", name=error.suggestion) if error.suggestion else ""
                unknown = error.reason in ("unknown-field", "unknown-name")
                said = (
                    gettext("There is no field “%(name)s” here.", name=source)
                    if unknown
                    else sentences.told(error.message)
                )
                told.append(_wrong(part, language, message, f"{said} {hint}".strip()))
            elif source not in plain:
                said = gettext("“{%(part)s}” is no placeholder: write {field}, or {{ for a brace.", part=source)
                told.append(_wrong(part, language, message, said))
    return told


def _wrong(part: str, language: str, message: str, said: str) -> Wrong:
    at = (part,) if language == "en" else (f"{part}.{language}",)
    label = (
        f"{gettext('Subject') if part == 'title' else gettext('Text')} · {'中文' if language != 'en' else 'English'}"
    )
    return Wrong(label, said, "placeholder-invalid", f"/{part}", "message", message, at)
