"""The JSON block of a form page: the conditions that the browser works out, and the values they start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import fields
from dealwright.actions.plain import plain
from dealwright.web import i18n

if TYPE_CHECKING:
    from collections.abc import Collection

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.web.drafts import Look
    from dealwright.web.live import Live


def block(catalog: Catalog, entity: Entity, live: Live, found: Look, inputs: Collection[str]) -> dict[str, Any]:
    """Return what the script ``form.js`` reads.

    Returns:
        ``fields``, ``rows``, ``sections`` and ``sums``: trees of conditions; ``env``: every value they read that is no
        input of the form;
        ``reload``: references whose change needs the server; ``zone`` and ``currency``: how inputs are read and sums
        are shown.
    """
    env: dict[str, Any] = {}
    own = [name for name in live.names if name in entity.all_fields() and name not in inputs]
    env.update(fields.shown(catalog, entity.id, found.env, only=frozenset(own)))
    for name in live.names - set(own) - set(inputs):
        env[name] = plain(found.env.get(name))
    return {
        "fields": live.fields,
        "rows": live.rows,
        "sections": live.sections,
        "sums": live.sums,
        "env": env,
        "reload": sorted(live.reload & set(inputs)),
        "zone": i18n.zone().key,
        "currency": catalog.settings.get("currency", "CNY"),
    }
