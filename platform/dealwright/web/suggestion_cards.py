"""Suggestions in words: what the page of a record shows of those that stand, and of the last that were decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import records, rules
from dealwright.actions.plain import moment as plain
from dealwright.web import i18n
from dealwright.web.display import moment
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Work

#: Suggestions that were decided and are still shown.
_DECIDED = 5


@dataclass(frozen=True, slots=True)
class Card:
    """A suggestion in the reader's words. ``does`` says what accepting does, one line for each thing."""

    id: str
    title: str
    reason: str
    does: tuple[str, ...]
    made: str
    until: str
    open: bool
    says: str
    because: str


def cards(work: Work, entity: Entity, record_id: str) -> tuple[Card, ...]:
    """Return the suggestions about a record that stand, and the last that were decided.

    No statement where no rule of the entity suggests anything.
    """
    suggests = work.catalog.once(
        ("web.suggestions", entity.id),
        lambda: any(
            one.rule.entity == entity.id and any(action.do == "suggest" for action in one.actions)
            for one in rules.of(work.catalog).by_id.values()
        ),
    )
    if not suggests:
        return ()
    found = records.suggestions(work, entity.id, record_id)
    standing = [one for one in found if one["state"] == "open"]
    decided = [one for one in found if one["state"] in ("accepted", "dismissed")][:_DECIDED]
    return tuple(_card(work.catalog, entity, one) for one in (*standing, *decided))


def _card(catalog: Catalog, entity: Entity, one: Mapping[str, Any]) -> Card:
    states = {"open": "", "accepted": gettext("Accepted"), "dismissed": gettext("Dismissed")}
    return Card(
        id=one["id"],
        title=one["title"],
        reason=one["reason"],
        does=tuple(_does(catalog, entity, one["does"])),
        made=moment(plain(one["decided_at"] or one["made_at"])),
        until=moment(plain(one["until"])) if one["until"] is not None else "",
        open=one["state"] == "open",
        says=states[one["state"]],
        because=one["because"] or "",
    )


def _does(catalog: Catalog, entity: Entity, does: Mapping[str, Any] | None) -> list[str]:
    if does is None:
        return []
    if does["do"] == "move":
        stage = next((p.stages[does["to"]] for p in catalog.pipelines.values() if does["to"] in p.stages
                      and p.entity == entity.id), None)  # fmt: skip
        return [gettext("Moves it to %(stage)s", stage=stage.title if stage is not None else does["to"])]
    about = catalog.entities[does["entity"]] if does["do"] == "create" else entity
    lines = []
    if about is not entity:
        lines.append(gettext("Creates: %(entity)s", entity=i18n.entity_title(catalog, about)))
    for name, value in does["data"].items():
        field = about.field(name)
        if field is not None and not isinstance(value, dict):
            lines.append(f"{i18n.field_text(catalog, about, field)}: {_worded(field, value)}")
    return lines


def _worded(field: Field, value: Any) -> str:
    options = {option.id: option.title for option in field.options or ()}
    if value is None:
        return gettext("empty")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(options.get(value, value)) if not isinstance(value, list) else gettext("%(n)s entries", n=len(value))
