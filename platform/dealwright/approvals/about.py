"""The values that an approval is about: what was agreed to holds as long as none of them has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import conditions, fields
from dealwright.metadata import canonical
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.approvals import Approval
    from dealwright.metadata.catalog import Catalog


def about(catalog: Catalog, approval: Approval) -> frozenset[str]:
    """Return the own fields whose values an approval is about: those that restart it, else what its conditions read."""
    entity = catalog.entity(approval.entity)
    if approval.rules.restart_on:
        return approval.rules.restart_on & frozenset(entity.fields)
    namespace = namespace_of(approval.id)
    sources = [approval.when, *(step.when for step in approval.steps.values())]
    read = (
        conditions.of(catalog, entity.id, source, "gate", namespace=namespace).fields
        for source in sources
        if source is not None
    )
    return frozenset[str]().union(*read) & frozenset(entity.fields)


def facts(catalog: Catalog, approval: Approval, env: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that an approval is about, in API JSON: what those who decide compare with later."""
    return dict(fields.shown(catalog, approval.entity, env, only=about(catalog, approval)))


def digest(catalog: Catalog, approval: Approval, env: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the values that an approval is about: equal as long as none of them has changed."""
    return canonical.digest(facts(catalog, approval, env))
