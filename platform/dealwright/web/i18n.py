"""The language of a page: which one, its texts, and the labels that definitions bring.

Outside (HTML, addresses, cookies, the API) a language is a BCP 47 tag, ``zh-CN``; inside, for Babel, it is
``zh_Hans_CN``. :data:`LOCALES` is the one table between the two, and the list of what is taken at all: Babel fails on
a tag it cannot read.

The product's own texts are gettext's; those of definitions (titles of entities, fields, stages …) come from the
``i18n`` files of their packs through :meth:`Catalog.text`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.support import NullTranslations, Translations
from flask import Flask, g, request
from flask_babel import Babel

from dealwright.web import cookies

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field, Option, Pack, Pipeline, Stage

TRANSLATIONS = Path(__file__).parent / "translations"
#: BCP 47 tag → name for Babel, of every language the pages are in.
LOCALES = {"en": "en", "zh-CN": "zh_Hans_CN"}


def install(app: Flask) -> None:
    """Give ``app`` the texts and the choice of language and zone."""
    Babel(
        app,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=lambda: LOCALES[tag()],
        timezone_selector=lambda: zone().key,
    )
    # Given by the extension that Babel has loaded.
    install_texts = cast("Any", app.jinja_env).install_gettext_callables
    install_texts(lambda text: _translations(tag()).gettext(text), _several, newstyle=True)


def gettext(text: str, **values: object) -> str:
    """Return a text of the product in the language of this request; ``%(name)s`` is filled from ``values``."""
    found = _translations(tag()).gettext(text)
    return found % values if values else found


@cache
def _translations(known: str) -> NullTranslations:
    """Return the texts of a language. Read once: a page asks for hundreds, and the library looks for the file each time."""
    return Translations.load(str(TRANSLATIONS), [LOCALES[known]])


def _several(one: str, many: str, count: int) -> str:
    return _translations(tag()).ngettext(one, many, count)


def tag() -> str:
    """Return the language of this request as a BCP 47 tag.

    The first that is known of: the choice in the cookie, the user's own, the browser's, the workspace's.
    """
    if "locale_tag" not in g:
        user = g.get("user")
        asked = [request.cookies.get(cookies.name("locale")), user.locale if user else None]
        browser = request.accept_languages.best_match(["en", "zh"])
        catalog = g.get("catalog")
        asked += [browser, catalog.settings.get("locale") if catalog else None]
        g.locale_tag = next((known for one in asked if (known := _known(one))), "en")
    return str(g.locale_tag)


def _known(asked: str | None) -> str | None:
    """Return the language of the pages that serves a tag, or None. Whoever asks for any Chinese gets zh-CN."""
    language = (asked or "").replace("_", "-").lower().partition("-")[0]
    return {"zh": "zh-CN", "en": "en"}.get(language)


def zone() -> ZoneInfo:
    """Return the zone in which moments are shown and typed: the user's own, else the workspace's, else UTC."""
    user, catalog = g.get("user"), g.get("catalog")
    names = [user.facts.get("zone") if user else None, catalog.settings.get("zone") if catalog else None]
    for name in filter(None, names):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")


@cache
def _script_texts() -> dict[str, dict[str, str]]:
    return {
        tag: json.loads((TRANSLATIONS / f"{tag}.js.json").read_text("utf-8")) if tag != "en" else {} for tag in LOCALES
    }


def script_texts() -> dict[str, str]:
    """Return the texts that scripts show, in the language of this request; English ones are their own keys."""
    return _script_texts()[tag()]


def text(catalog: Catalog, kind: str, identifier: str, pointer: str, fallback: str) -> str:
    """Return a label of a definition in the language of this request, or ``fallback`` where there is none."""
    here = tag()
    found = catalog.once(
        ("web.text", here, kind, identifier, pointer), lambda: catalog.text(kind, identifier, pointer, here)
    )
    return found or fallback


def entity_title(catalog: Catalog, entity: Entity) -> str:
    """Return what one record of the entity is called."""
    return text(catalog, "entity", entity.id, "/title", entity.title)


def entity_plural(catalog: Catalog, entity: Entity) -> str:
    """Return what several records of the entity are called."""
    return text(catalog, "entity", entity.id, "/plural", entity.plural)


def field_text(catalog: Catalog, entity: Entity, field: Field, key: str = "title", within: str = "") -> str:
    """Return a text of a field: its ``title``, or its ``description``, ``placeholder``, ``section``; empty if none.

    Args:
        catalog: Where the entity is from.
        entity: The entity the field is of.
        field: The field.
        key: Which text.
        within: Id of the ``rows`` field that the field is a column of; empty for a field of the record itself.
    """
    if field.system:
        return gettext(field.title) if key == "title" else ""
    inside = f"/properties/{within}/items" if within else ""
    fallback = field.title if key == "title" else str(field.spec.get(key) or "")
    return text(catalog, "entity", entity.id, f"{inside}/properties/{field.id}/{key}", fallback)


def option_title(catalog: Catalog, entity: Entity, field: Field, option: Option, within: str = "") -> str:
    """Return the label of a choice, wherever it is defined: the field, an option set, a stage, the platform."""
    if field.id == "stage" and field.system:
        for pipeline_id in entity.pipelines:
            stage = catalog.pipelines[pipeline_id].stages.get(option.id)
            if stage is not None:
                return stage_title(catalog, catalog.pipelines[pipeline_id], stage)
    if field.system:
        return gettext(option.title)
    shared = field.spec.get("option_set")
    if shared:
        return text(catalog, "option_set", str(shared), f"/options/{option.id}/title", option.title)
    inside = f"/properties/{within}/items" if within else ""
    pointer = f"{inside}/properties/{field.id}/options/{option.id}/title"
    return text(catalog, "entity", entity.id, pointer, option.title)


def pack_title(pack: Pack) -> str:
    """Return the label of a pack, which it brings in its own languages."""
    titles = pack.document.get("title")
    if not isinstance(titles, Mapping):
        return pack.title
    return str(titles.get(tag()) or titles.get(tag().partition("-")[0]) or pack.title)


def pipeline_title(catalog: Catalog, pipeline: Pipeline) -> str:
    """Return the label of a pipeline."""
    return text(catalog, "pipeline", pipeline.id, "/title", pipeline.title)


def stage_title(catalog: Catalog, pipeline: Pipeline, stage: Stage) -> str:
    """Return the label of a stage."""
    if pipeline.texts is not None:
        return catalog.stage_text(pipeline, f"/stages/{stage.id}/title", tag()) or stage.title
    return text(catalog, "pipeline", pipeline.id, f"/stages/{stage.id}/title", stage.title)


def _collected() -> list[str]:
    """Name texts that lower floors hold, so that they are collected for translation: titles of fields and errors."""
    return [
        *(gettext("The definition is not valid"), gettext("The condition is not valid")),
        *(gettext("The record is not valid"), gettext("The request cannot be used"), gettext("There is no such field")),
        gettext("The body is not JSON"),
        *(gettext("Sign in first"), gettext("Not allowed"), gettext("Not found"), gettext("Conflict")),
        *(gettext("The stage cannot be changed yet"), gettext("Rules keep changing the record")),
        *(gettext("The record has changed meanwhile"), gettext("Too large"), gettext("Too many attempts")),
        *(gettext("Try again in a moment"), gettext("Something went wrong")),
        *(gettext("Id"), gettext("Version"), gettext("Created"), gettext("Created by"), gettext("Updated")),
        *(gettext("Updated by"), gettext("Owner"), gettext("Team"), gettext("Archived"), gettext("Last activity")),
        *(gettext("Pipeline"), gettext("Pipeline version"), gettext("Stage"), gettext("Stage entered")),
        *(gettext("Status"), gettext("Open"), gettext("Won"), gettext("Lost")),
    ]
