"""What the texts of a message say of a record as it is now; asked before anybody is told anything.

A placeholder is an expression over the record, as in the actions of rules (``rules.actions.placeholders``). Values that the
user may not see are left out. ``test`` sends what is said to who asks, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from dealwright import access, actions, clock, conditions
from dealwright.errors import ConditionError
from dealwright.records import needs, past, road
from dealwright.records.telling import EMAIL, IN_APP, LONGEST_TITLE
from dealwright.records.work import Change, Work
from dealwright.storage import outbox, people
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dealwright.metadata.catalog import Catalog

#: Use of conditions that placeholders are.
_USE: Final = "value"


def faults(catalog: Catalog, entity: str, namespace: str, sources: Iterable[str]) -> dict[str, ConditionError]:
    """Return what is wrong with placeholders over the records of an entity, by their text."""
    found = {}
    for source in sources:
        try:
            conditions.of(catalog, entity, source, _USE, namespace=namespace)
        except ConditionError as error:
            found[source] = error
    return found


def values(work: Work, entity_id: str, record_id: str, namespace: str, sources: Iterable[str]) -> dict[str, Any]:
    """Return what stands for each placeholder on a record; nothing for one that is wrong or may not be seen.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    entity = work.catalog.entity(entity_id)
    may_see = past.seen(work, entity_id, record_id)
    known = {}
    for source in sources:
        try:
            one = conditions.of(work.catalog, entity_id, source, _USE, namespace=namespace)
        except ConditionError:
            continue
        if past.shows(work, entity_id, one.names | one.paths, may_see):
            known[source] = one
    wanted = needs.sorted_out(entity, {name for one in known.values() for name in (*one.names, *one.paths)})
    env = {**stored.get(work.connection, work.catalog, entity_id, [record_id])[record_id], **work.env, "is_new": False}
    needs.load(work, entity, wanted, [env])
    needs.derive(wanted, env)
    return {source: actions.readable(one.evaluate(env)) for source, one in known.items()}


def test(work: Work, channel: str, texts: Mapping[str, str], placed: Mapping[str, Any], locale: str, about: Any) -> str:
    """Send a message to the user of a transaction by one channel, as it would be sent to others; return to where.

    Args:
        work: A writing transaction.
        channel: ``in_app`` for a notification; any other leaves the database through the outbox.
        texts: ``title`` and ``body`` with placeholders.
        placed: What stands for each of them.
        locale: In which language the texts are.
        about: ``{"entity", "id"}`` of the record.

    Returns:
        The address that it goes to; ``in_app`` for a notification; empty for somebody who has no address.
    """
    user = work.user.id or ""
    title = " ".join(actions.filled(texts.get("title", ""), placed).split())[:LONGEST_TITLE]
    body = actions.filled(texts.get("body", ""), placed)
    if channel == IN_APP:
        data = {"user": user, "owner": user, "title": title or "–", "about": about, **({"body": body} if body else {})}
        by = Work(work.workspace, work.connection, access.operator("dealwright"), catalog=work.catalog)
        road.save_many(by, "base.notification", [Change(data)])
        return IN_APP
    person = people.of_ids(work.connection, work.catalog, [user]).get(user)
    if person is None or not person.email:
        return ""
    payload = {
        "subject": title,
        "text": body,
        "markdown": actions.filled(texts.get("body", ""), placed, markdown=True),
        "locale": locale,
        "user": user,
        "entity": about["entity"],
        "record": about["id"],
    }
    one = {"id": clock.new_id(), "at": work.now, "channel": channel, "target": person.email, "payload": payload}
    outbox.put(work.connection, [{**one, "key": f"test:{one['id']}"}])
    return str(person.email)


__all__ = ["EMAIL", "IN_APP", "faults", "test", "values"]
