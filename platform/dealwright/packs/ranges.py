"""Versions of packs and the ranges in which one pack needs another.

A version is three numbers (semver.org, without pre-releases); a range is a list of terms that all hold:

    ^1.4        1.4.0 up to 2.0.0; ^0.1 up to 0.2.0, because before 1.0 every minor version may break
    ~1.4        1.4.0 up to 1.5.0
    >=1.0 <2    from 1.0.0 up to 2.0.0            also =, >, <=; a bare 1.4.2 means =1.4.2
    *           every version
"""

from __future__ import annotations

import re
from typing import Final

from dealwright.errors import DealwrightError

Version = tuple[int, int, int]
_TERM: Final = re.compile(r"(\^|~|>=|<=|=|>|<)?\s*(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?\Z")


class RangeError(DealwrightError):
    """A range of versions cannot be read."""

    code, status, title = "range-invalid", 422, "The range of versions is not valid"


def version(text: str) -> Version:
    """Return a version such as ``1.4.0``; missing numbers are 0.

    Raises:
        RangeError: If it is none.
    """
    match = _TERM.match(text)
    if match is None or match[1]:
        raise RangeError(f"“{text}” is no version; expected three numbers such as 1.4.0")
    return _numbers(match)


def contains(text: str, given: Version) -> bool:
    """Tell whether a version lies in a range.

    Raises:
        RangeError: If the range cannot be read.
    """
    terms = text.replace(",", " ").split()
    if not terms:
        raise RangeError("the range is empty; expected something like ^1.4, or * for every version")
    return all([_holds(term, given, text) for term in terms])


def _holds(term: str, given: Version, whole: str) -> bool:
    if term == "*":
        return True
    match = _TERM.match(term)
    if match is None:
        raise RangeError(f"“{term}” in “{whole}” is no range; expected something like ^1.4, ~1.4.2 or >=1.0 <2")
    low = _numbers(match)
    match match[1] or "=":
        case "=":
            given_part = given[: 3 - [match[3], match[4]].count(None)]
            return given_part == low[: len(given_part)]
        case ">=":
            return given >= low
        case ">":
            return given > low
        case "<=":
            return given <= low
        case "<":
            return given < low
        case "~":
            return low <= given < (low[0], low[1] + 1, 0) if match[3] else given[0] == low[0]
        case _:
            return low <= given < _next_breaking(low, match[3] is not None)


def _next_breaking(low: Version, has_minor: bool) -> Version:
    if low[0] or not has_minor:
        return (low[0] + 1, 0, 0)
    return (0, low[1] + 1, 0)


def _numbers(match: re.Match[str]) -> Version:
    return (int(match[2]), int(match[3] or 0), int(match[4] or 0))
