"""The board of an entity: a lane for each stage, owner or choice, and the records as cards in them.

A board costs the same whatever it holds: one statement counts and sums all lanes, one a lane reads its first cards, and
the next ones are read when somebody scrolls to them. What the cards show comes from the definitions: the first
reference, the first amount, the tier, the owner, and how long a record has been in its stage, red after ``red_after``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.numbers import format_compact_currency
from flask_babel import get_locale

from dealwright import access, calendars, records
from dealwright.metadata import scores
from dealwright.metadata.names import BASE, namespace_of
from dealwright.web import i18n
from dealwright.web.display import EMPTY, Display, Reader, display
from dealwright.web.forms import linked
from dealwright.web.i18n import gettext
from dealwright.web.links import addresses, links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field, Pipeline, Stage
    from dealwright.records import Page, Work

#: Cards of a lane that are read at once, and lanes of a board by owner.
CARDS, _OWNERS = 20, 24
#: Choices that a field may have to be offered as lanes.
_CHOICES = 16


@dataclass(frozen=True, slots=True)
class Grouping:
    """What makes the lanes of a board.

    Attributes:
        movable: Whether the reader may take some card to another lane.
        pipeline: Whose stages the lanes are; None for a board by another field.
    """

    field: Field
    title: str
    movable: bool
    pipeline: Pipeline | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a board was asked for, all of it texts of the address.

    Attributes:
        search: What the names of the records hold.
        filter: A condition; already known to be one.
        sort: An order of cards; empty for the largest amount, or the newest.
        address: Makes the address of the board with something else in its query, for an endpoint.
        all_states: Whether won and lost records are among those of a board that is not by stage.
    """

    search: str
    filter: str
    sort: str
    address: Callable[[Mapping[str, str], str], str]
    all_states: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One record. ``days`` is how long it has been in its stage, in words; ``late`` whether that is too long."""

    id: str
    url: str
    name: str
    under: Display
    amount: Display
    tier: Display
    owner: str
    days: str
    long: str
    late: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane.

    Attributes:
        key: The value that its records have; empty for those without one.
        count, total: Of all its records, not only those with a card yet.
        onward: Keys of the lanes that a card may go to from here; None for all.
        end: Whether records end here, so that the lane is shown as a narrow place to drop them.
        more: Where the next cards are; empty at the end.
    """

    key: str
    title: str
    hue: str
    count: int
    total: str
    onward: tuple[str, ...] | None
    end: bool
    cards: tuple[Card, ...]
    more: str


def groupings(work: Work, entity: Entity, pipeline_id: str = "") -> tuple[Grouping, ...]:
    """Return what the lanes of a board of this entity can be, the stages first; empty where there is nothing.

    Args:
        work: The transaction.
        entity: The entity.
        pipeline_id: The pipeline whose stages are shown; another text, or one that is not there, is the first.
    """
    held = access.rights(work.catalog, work.user, entity.id)
    seen, edited = held.seen(), held.edited("update")
    found = []
    if entity.pipelines and "stage" in seen:
        chosen = pipeline_id if pipeline_id in entity.pipelines else first_pipeline(work.catalog, entity)
        stage = entity.system_fields["stage"]
        title = i18n.field_text(work.catalog, entity, stage)
        found.append(Grouping(stage, title, held.allows("move"), work.catalog.pipelines[chosen]))
    if "owner" in seen:
        owner = entity.system_fields["owner"]
        found.append(Grouping(owner, i18n.field_text(work.catalog, entity, owner), "owner" in edited))
    for one in entity.fields.values():
        if one.type == "select" and one.id in seen and 1 < len(one.options) <= _CHOICES:
            movable = one.id in edited and not one.spec.get("immutable")
            found.append(Grouping(one, i18n.field_text(work.catalog, entity, one), movable))
    return tuple(found) if len(found) > 1 or entity.pipelines else ()


def first_pipeline(catalog: Catalog, entity: Entity) -> str:
    """Return the pipeline of an entity whose board is shown when nobody chooses.

    That is the one that new records come into, else the first that is open to every record, else the first of all.
    """
    named = [catalog.pipelines[one] for one in entity.pipelines]
    default = (one.id for one in named if one.intake == "default")
    whole = (one.id for one in named if one.applies_when is None)
    return next(default, None) or next(whole, named[0].id)


def lanes(work: Work, entity: Entity, by: Grouping, asked: Asked) -> tuple[Lane, ...]:
    """Return the lanes of a board with their first cards."""
    counted = totals(work, entity, by, asked)
    drawn = _Drawn(work, entity, by)
    found = []
    ways = list(keys(work, entity, by, counted))
    pages = {
        key: read(work, entity, by, asked, key)
        for key, _, _, stage in ways
        if counted.get(key, (0, ""))[0] and not (stage is not None and stage.leads_out)
    }
    drawn.link([item for page in pages.values() for item in page.items])
    for key, title, hue, stage in ways:
        count, total = counted.get(key, (0, ""))
        end = stage is not None and stage.leads_out
        page = pages.get(key)
        more = _more(asked, key, page.next_cursor) if page and page.next_cursor else ""
        onward = None if stage is None or stage.next is None else stage.next
        drawn_cards = drawn.cards(page.items) if page else ()
        found.append(Lane(key, title, hue, count, total, onward, end, drawn_cards, more))
    return tuple(found)


def next_cards(
    work: Work, entity: Entity, by: Grouping, asked: Asked, key: str, cursor: str
) -> tuple[tuple[Card, ...], str]:
    """Return the next cards of a lane, and where those after them are."""
    page = read(work, entity, by, asked, key, cursor)
    more = _more(asked, key, page.next_cursor) if page.next_cursor else ""
    return _Drawn(work, entity, by).cards(page.items), more


def card(work: Work, entity: Entity, by: Grouping, record: Mapping[str, Any]) -> Card:
    """Return the card of one record."""
    return _Drawn(work, entity, by).cards([record])[0]


def totals(work: Work, entity: Entity, by: Grouping, asked: Asked) -> dict[str, tuple[int, str]]:
    """Return how many records each lane holds and what their amounts come to, in words; one statement."""
    money = _money(work, entity)
    measures = [("count", None), *([("sum", money.id)] if money else [])]
    groups = records.aggregate(
        work,
        entity.id,
        group=[by.field.id],
        measures=measures,
        filter=condition(entity, by, asked),
        search=asked.search or None,
        texts=True,
    )
    found = {}
    for one in groups:
        amount = one.get(f"sum:{money.id}") if money else None
        total = _short(work.catalog, money, amount) if money and amount is not None else ""
        found[str(one["key"][by.field.id] or "")] = (int(one["count"]), total)
    return found


def keys(
    work: Work, entity: Entity, by: Grouping, counted: Mapping[str, Any]
) -> Iterator[tuple[str, str, str, Stage | None]]:
    """Yield key, title, hue and stage of each lane in order; what holds records is never left out."""
    if by.pipeline is not None:
        for stage in by.pipeline.stages.values():
            yield stage.id, i18n.stage_title(work.catalog, by.pipeline, stage), stage.hue or "gray", stage
        known = set(by.pipeline.stages)
    elif by.field.id == "owner":
        ranked = sorted((one for one in counted if one), key=lambda one: -counted[one][0])[:_OWNERS]
        names = records.titles(work, {f"{BASE}.user": ranked})
        for one in ranked:
            yield one, names.get((f"{BASE}.user", one), gettext("not visible to you")), "gray", None
        if "" in counted:
            yield "", gettext("Nobody"), "gray", None
        return
    else:
        for option in by.field.options:
            if not option.hidden or option.id in counted:
                title = i18n.option_title(work.catalog, entity, by.field, option)
                yield option.id, title, option.hue or "gray", None
        known = {option.id for option in by.field.options}
        if "" in counted or not by.field.required:
            yield "", gettext("Not set"), "gray", None
    titles = {option.id: option.title for option in by.field.options}
    for one in counted:
        if one and one not in known:  # a stage of an earlier version, a choice that is offered no longer
            yield one, titles.get(one, one), "gray", None


def condition(entity: Entity, by: Grouping, asked: Asked, key: str | None = None) -> str:
    """Return the condition of what a board shows, or of one of its lanes."""
    parts = [f"({asked.filter}\n)"] if asked.filter else []
    if by.pipeline is not None and len(entity.pipelines) > 1:
        parts.append(f"pipeline == {json.dumps(by.pipeline.id)}")
    elif by.pipeline is None and entity.pipelines and not asked.all_states:
        parts.append('status == "open"')  # by owner or tier, people look at what is still to be done
    if key is not None:
        parts.append(f"{by.field.id} == {json.dumps(key, ensure_ascii=False) if key else 'null'}")
    return " && ".join(parts)


def read(
    work: Work,
    entity: Entity,
    by: Grouping,
    asked: Asked,
    key: str,
    cursor: str = "",
    *,
    only: Sequence[str] | None = None,
) -> Page:
    """Return the next records of a lane; ``only`` names the fields to read, None those of a card."""
    money = _money(work, entity)
    return records.page(
        work,
        entity.id,
        filter=condition(entity, by, asked, key),
        sort=asked.sort or (f"-{money.id}" if money else records.newest_first(work, entity.id)),
        only=[one.id for one in _shown(work, entity)] if only is None else only,
        size=CARDS,
        cursor=cursor or None,
        search=asked.search or None,
        texts=True,
    )


def _more(asked: Asked, key: str, cursor: str) -> str:
    return asked.address({"lane": key, "cursor": cursor}, "web.board")


def _money(work: Work, entity: Entity) -> Field | None:
    return next((one for one in _seen(work, entity) if one.type == "money"), None)


def _seen(work: Work, entity: Entity) -> Iterator[Field]:
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    return (one for one in entity.fields.values() if one.id in seen)


def tier_of(catalog: Catalog, entity: Entity) -> Field | None:
    """Return the field that says how much a record is worth attention: that of a score, else one called ``tier``."""
    filled = {one for one in scores.filled(catalog, entity.id) if entity.fields[one].type == "select"}
    named = [one for one in entity.fields.values() if one.type == "select" and (one.id in filled or one.id == "tier")]
    return named[0] if named else None


def _shown(work: Work, entity: Entity) -> list[Field]:
    """Return the fields that a card is made of, as far as they may be seen."""
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    link = next((one for one in _seen(work, entity) if one.type == "reference"), None)
    system = [
        entity.system_fields[name] for name in ("owner", "stage", "stage_entered_at") if name in entity.system_fields
    ]
    display_field = entity.field(entity.display) if entity.display else None
    chosen = [display_field, link, _money(work, entity), tier_of(work.catalog, entity), *system]
    return [one for one in chosen if one is not None and one.id in seen]


class _Drawn:
    """Cards of one board: what they need is worked out once."""

    def __init__(self, work: Work, entity: Entity, by: Grouping) -> None:
        self._work, self._entity, self._by = work, entity, by
        self._shown = {one.id: one for one in _shown(work, entity)}
        money, tier = _money(work, entity), tier_of(work.catalog, entity)
        self._link = next((one for one in self._shown.values() if one.type == "reference" and not one.system), None)
        self._amount, self._tier = money, None if tier is None or tier.id == by.field.id else tier
        self._late = _late(work, entity, by)
        self._place = addresses(entity.id)
        self._titles: dict[tuple[str, str], tuple[str, str | None]] | None = None

    def link(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Read the names of what all these records link to; cards of them need no statement then."""
        self._titles = links(
            self._work, [linked(self._entity, {k: item.get(k) for k in self._shown}) for item in items]
        )

    def cards(self, items: Sequence[Mapping[str, Any]]) -> tuple[Card, ...]:
        """Return the cards of these records, in order; the names of what they link to are read at once."""
        if self._titles is None:
            self.link(items)
        reader = Reader(self._work.catalog, self._entity, self._titles or {}, short=True)
        return tuple(self._card(reader, item) for item in items)

    def _card(self, reader: Reader, item: Mapping[str, Any]) -> Card:
        def value(field: Field | None) -> Display:
            return display(reader, field, item.get(field.id)) if field is not None else EMPTY

        owner = reader.titles.get((f"{BASE}.user", str(item.get("owner"))), ("", None))[0]
        days, long, late = self._age(item)
        return Card(
            id=str(item["id"]),
            url=f"{self._place}{item['id']}",
            name=str(item.get(self._entity.display or "id") or item["id"]),
            under=value(self._link),
            amount=value(self._amount),
            tier=value(self._tier),
            owner=owner,
            days=days,
            long=long,
            late=late,
        )

    def _age(self, item: Mapping[str, Any]) -> tuple[str, str, bool]:
        entered = item.get("stage_entered_at")
        if not entered:
            return "", "", False
        since = datetime.fromisoformat(str(entered))
        days = max((self._work.now - since) // timedelta(days=1), 0)
        limit = self._late.get(str(item.get("stage")))
        late = limit is not None and since < limit
        long = gettext("%(n)s days in this stage", n=days)
        return gettext("%(n)s d", n=days), gettext("%(long)s, which is too long", long=long) if late else long, late


def _late(work: Work, entity: Entity, by: Grouping) -> dict[str, datetime]:
    """Return for each stage the moment before which a record must have entered it to be there for too long."""
    named = [by.pipeline] if by.pipeline is not None else [work.catalog.pipelines[one] for one in entity.pipelines]
    found: dict[str, datetime] = {}
    for pipeline in named:
        for stage in pipeline.stages.values():
            given = stage.document.get("red_after")
            if given is not None and stage.outcome is None and stage.id not in found:
                period = calendars.said(work.catalog, given, namespace_of(pipeline.id))
                found[stage.id] = calendars.earlier(work.catalog, work.now, period)
    return found


def _short(catalog: Catalog, money: Field, amount: Any) -> str:
    own = str(money.spec.get("currency", "workspace"))
    code = own if len(own) == 3 else catalog.settings.get("currency", "CNY")
    number = Decimal(str(amount["amount"] if isinstance(amount, dict) else amount))
    digits = 1 if abs(number) >= 1000 else 0
    shown = format_compact_currency(number, str(code), locale=get_locale(), fraction_digits=digits)
    return str(shown).replace("CN¥", "¥")
