"""What a page says of a filter that cannot be used: why, and which part of it is wrong."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright import conditions
from dealwright.errors import ConditionError, QueryError, UnknownFieldError
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Collection

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a filter cannot be used, with the wrong part of it apart."""

    message: str
    before: str = ""
    part: str = ""
    after: str = ""


def wrong(catalog: Catalog, entity: Entity, source: str, error: QueryError, seen: Collection[str]) -> Wrong:
    """Return what to say about a query, and the wrong part of the filter where there is one.

    A field that may not be seen must look like one that does not exist, so its place is found by its name alone.
    """
    message = "; ".join(problem.message for problem in error.problems) or error.detail
    start = end = -1
    if isinstance(error, UnknownFieldError):
        named = re.search(r"“(.+)”", error.detail)
        if named:
            message = _unknown(named[1], entity, seen)
        start = source.find(named[1]) if named else -1
        end = start + len(named[1]) if named else -1
    else:
        try:
            conditions.of(catalog, entity.id, source, "filter")
        except ConditionError as where:
            start, end = where.start, where.end
    if start < 0:
        return Wrong(message)
    # What is missing at the end is shown as a blank.
    return Wrong(message, source[:start], source[start:end] or " ", source[end:])


def _unknown(name: str, entity: Entity, seen: Collection[str]) -> str:
    """Return what to say of a field that does not exist or may not be seen; a hint names only what may be."""
    near = difflib.get_close_matches(name, [one for one in entity.all_fields() if one in seen], 1, 0.7)
    message = gettext("There is no field “%(name)s” here.", name=name)
    if not near:
        return message
    hint = gettext("Did you mean “%(name)s”?", name=near[0])
    return f"{message} {hint}"
