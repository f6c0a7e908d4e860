"""What a page says of a filter that cannot be used: why, and which part of it is wrong."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright import conditions
from dealwright.errors import ConditionError, QueryError, UnknownFieldError
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright.web.refusals import told

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
            message = said(where)
    if start < 0:
        return Wrong(message if i18n.tag() == "en" or not message.isascii() else told(error))
    # What is missing at the end is shown as a blank.
    return Wrong(message, source[:start], source[start:end] or " ", source[end:])


def said(error: ConditionError) -> str:
    """Return what is wrong with a condition in the language of the page.

    In English it is told to the letter. For other languages there is a sentence for each reason, with the wrong part and the
    name that was probably meant.
    """
    if i18n.tag() == "en":
        return error.message
    part = error.source[error.start : error.end].strip()
    texts = {
        "syntax": gettext("The condition cannot be read at the marked place: “%(part)s”.", part=part),
        "full-width": gettext("“%(part)s” is a full-width sign; type it in half width.", part=part),
        "unknown-field": gettext("There is no field “%(name)s” here.", name=part),
        "unknown-parameter": gettext("There is no parameter “%(part)s”.", part=part),
        "unknown-function": gettext("There is no function “%(part)s”.", part=part),
        "no-such-option": gettext("%(part)s is none of the choices of this field.", part=part),
        "wrong-type": gettext("The types on the two sides of “%(part)s” do not fit each other.", part=part),
        "wrong-count": gettext("“%(part)s” has too few or too many values.", part=part),
        "not-a-condition": gettext("A condition is needed that is true or false, such as amount > 10000."),
        "never-empty": gettext("“%(part)s” is never empty; compare it with true or false.", part=part),
        "unsafe-empty": gettext("“%(part)s” may compare two empty values; say that it is filled, too.", part=part),
        "too-precise": gettext("“%(part)s” has more places than the field keeps.", part=part),
        "too-long": gettext("The condition is too long; make it shorter."),
        "too-deep": gettext("The condition is nested too deep; make it simpler."),
        "not-allowed": gettext("“%(part)s” is not known in a filter.", part=part),
        "name-taken": gettext("“%(part)s” is the name of something else already; choose another.", part=part),
    }
    message = texts.get(error.reason, texts["syntax"])
    if not part:
        message = gettext("The condition ends too early; something is missing.")
    hint = gettext("Did you mean “%(name)s”?", name=error.suggestion) if error.suggestion else ""
    return f"{message} {hint}".strip()


def _unknown(name: str, entity: Entity, seen: Collection[str]) -> str:
    """Return what to say of a field that does not exist or may not be seen; a hint names only what may be."""
    near = difflib.get_close_matches(name, [one for one in entity.all_fields() if one in seen], 1, 0.7)
    message = gettext("There is no field “%(name)s” here.", name=name)
    if not near:
        return message
    hint = gettext("Did you mean “%(name)s”?", name=near[0])
    return f"{message} {hint}"
